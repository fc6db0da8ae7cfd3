"""Evenly spaced numbers; twin of `kernels/sequences.py`.

Source: tensorflow core/ops/math_ops.cc.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from metagraft.graph.op_spec import NOT_DIFFERENTIABLE, OpSpec, Shapes
from metagraft.graph.shape_checks import with_rank
from metagraft.graph.shapes import Dims

__all__ = ["OPS"]


def range_shape(attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """As many numbers as fit between start and limit."""
    for dims, end in zip(inputs, ("start", "limit", "delta"), strict=True):
        try:
            with_rank(dims, 0)
        except ValueError as error:
            raise ValueError(f"{error}\n\t for '{end}'") from error
    ends = [inputs.value(i) for i in range(3)]
    if any(end is None for end in ends):
        return ((None,),)
    if attrs["Tidx"].name == "float16":
        raise ValueError("Unsupported dtype19")
    start, limit, delta = (np.asarray(end).reshape(())[()] for end in ends)
    return ((_range_size(start, limit, delta),),)


def _range_size(start: Any, limit: Any, delta: Any) -> int:
    if delta > 0 and start > limit:
        raise ValueError(f"Requires start <= limit when delta > 0: {start}/{limit}")
    if delta < 0 and start < limit:
        raise ValueError(f"Requires start >= limit when delta < 0: {start}/{limit}")
    if delta == 0:
        raise ValueError("Requires delta != 0")
    if np.issubdtype(type(delta), np.integer):
        return -(-abs(int(limit) - int(start)) // abs(int(delta)))
    return math.ceil(abs((limit - start) / delta))


def lin_space_shape(_attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """`num` numbers."""
    for i in range(3):
        with_rank(inputs[i], 0)
    num = inputs.value(2)
    if num is None:
        return ((None,),)
    if int(num) <= 0:
        raise ValueError(f"Requires num > 0: {int(num)}")
    return ((int(num),),)


OPS = (
    OpSpec(
        name="LinSpace",
        shape=lin_space_shape,
        gradient=NOT_DIFFERENTIABLE,
        source="tensorflow core/ops/math_ops.cc",
    ),
    OpSpec(
        name="Range",
        shape=range_shape,
        gradient=NOT_DIFFERENTIABLE,
        source="tensorflow core/ops/math_ops.cc",
    ),
)
