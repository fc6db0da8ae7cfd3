"""Channels dealt out to pixels; twin of `kernels/periodic_resample.py`.

Source: tensorflow 1.15 contrib/periodic_resample/ops/array_ops.cc,
python/ops/periodic_resample_op.py.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from metagraft.graph.op_spec import GradientBuilder, OpSpec, Shapes
from metagraft.graph.operation import Operation
from metagraft.graph.shapes import Dims

__all__ = ["OPS"]

_SOURCE = "tensorflow 1.15 contrib/periodic_resample/ops/array_ops.cc"


def resampled_shape(attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """The wanted shape; what is left open in it takes the rest."""
    wanted: Dims = attrs["shape"]
    dims = inputs[0]
    if wanted is None or dims is None or None in dims:
        return (wanted,)
    if len(wanted) != len(dims):
        raise ValueError(
            f"periodic_resample expects the rank of the input tensor, {len(dims)}, to "
            f"be the same as the length of the desired shape, {len(wanted)}."
        )
    fixed = math.prod(size for size in wanted if size)
    rest = math.prod(size or 0 for size in dims) // fixed
    return (tuple(size or rest for size in wanted),)


def gradient_shape(attrs: Any, _inputs: Shapes) -> Sequence[Dims]:
    """The shape of what was resampled."""
    return (attrs["original_shape"],)


def resampling_gradient(g: GradientBuilder, op: Operation, dy: Any) -> Sequence[Any]:
    """The pixels go back to their channels."""
    made = g.op(
        "PeriodicResampleOpGrad",
        grad=dy,
        original_shape=op.inputs[0].shape,
        desired_shape=op.get_attr("shape"),
    )
    return (made,)


OPS = (
    OpSpec(
        name="PeriodicResample",
        shape=resampled_shape,
        gradient=resampling_gradient,
        source=_SOURCE,
    ),
    OpSpec(name="PeriodicResampleOpGrad", shape=gradient_shape, source=_SOURCE),
)
