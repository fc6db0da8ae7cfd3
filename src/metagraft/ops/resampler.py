"""Images read at given points; kernels in `kernels/resampler.py`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from metagraft.graph.attrs import Attrs
from metagraft.graph.op_spec import (
    NOT_DIFFERENTIABLE,
    GradientBuilder,
    OpSpec,
    Shapes,
)
from metagraft.graph.operation import Operation
from metagraft.graph.shape_checks import with_rank_at_least
from metagraft.graph.shapes import Dims


def resampler_shape(_attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """`[n, h, w, c]` at `[n, ..., 2]` -> `[n, ..., c]`."""
    data = with_rank_at_least(inputs[0], 1)
    warp = with_rank_at_least(inputs[1], 1)
    if warp is None:
        return (None,)
    return ((*warp[:-1], None if data is None else data[-1]),)


def resampler_grad_shape(_attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """The shapes of both operands."""
    return (inputs[0], inputs[1])


def resampler_gradient(g: GradientBuilder, op: Operation, dy: Any) -> Sequence[Any]:
    """To the image and to the points."""
    data, warp = op.inputs
    grads: Sequence[Any] = g.op("ResamplerGrad", data=data, warp=warp, grad_output=dy)
    return grads


_SOURCE = "tensorflow 1.15 contrib/resampler/ops/resampler_ops.cc"

OPS = (
    OpSpec(
        name="Resampler",
        shape=resampler_shape,
        gradient=resampler_gradient,
        source=_SOURCE,
    ),
    OpSpec(
        name="ResamplerGrad",
        shape=resampler_grad_shape,
        gradient=NOT_DIFFERENTIABLE,
        source=_SOURCE,
    ),
)
