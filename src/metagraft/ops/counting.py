"""Counting values; twin of `kernels/counting.py`.

Source: tensorflow core/ops/math_ops.cc.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from metagraft.graph.op_spec import OpSpec, Shapes
from metagraft.graph.shape_checks import with_rank, with_rank_at_most, with_size
from metagraft.graph.shapes import Dims

__all__ = ["OPS"]


def _counted(inputs: Shapes, index: int) -> int | None:
    """The number that operand `index` holds, if it is known.

    Raises:
        ValueError: It is negative.
    """
    with_rank(inputs[index], 0)
    value = inputs.value(index)
    if value is None:
        return None
    if int(value) < 0:
        raise ValueError(f"size ({int(value)}) must be non-negative")
    return int(value)


def bincount_shape(_attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """`size` counts."""
    return ((_counted(inputs, 1),),)


def dense_bincount_shape(_attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """`size` counts, for each row of a matrix."""
    dims = with_rank_at_most(inputs[0], 2)
    size = _counted(inputs, 1)
    if dims is None:
        return (None,)
    if size is None:
        # TF: tells no axis for a scalar, of which a run makes a vector.
        return ((None,) * max(len(dims), 1),)
    return ((size,) if len(dims) < 2 else (dims[0], size),)


def histogram_fixed_width_shape(_attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """`nbins` counts."""
    (size,) = with_rank(inputs[1], 1)
    with_size(size, 2)
    with_rank(inputs[2], 0)
    value = inputs.value(2)
    if value is not None and int(value) <= 0:
        raise ValueError(f"Requires nbins > 0: {int(value)}")
    nbins = _counted(inputs, 2)
    return ((nbins,),)


OPS = (
    OpSpec(
        name="Bincount",
        shape=bincount_shape,
        source="tensorflow core/ops/math_ops.cc",
    ),
    OpSpec(
        name="DenseBincount",
        shape=dense_bincount_shape,
        source="tensorflow core/ops/math_ops.cc",
    ),
    OpSpec(
        name="HistogramFixedWidth",
        shape=histogram_fixed_width_shape,
        source="tensorflow core/ops/math_ops.cc",
    ),
)
