"""Accumulators of gradients; twin of `kernels/accumulators.py`.

Source: tensorflow core/ops/data_flow_ops.cc.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from metagraft.graph.attrs import Attrs
from metagraft.graph.op_spec import OpSpec, ShapeFunction, Shapes
from metagraft.graph.shape_checks import with_rank
from metagraft.graph.shapes import Dims

_SOURCE: Final = "tensorflow core/ops/data_flow_ops.cc"


def handle_shape(attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """A vector of two strings; the newer handles only say that they are one."""
    del attrs, inputs
    return ((2,),)


def count_shape(attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """One number."""
    del attrs, inputs
    return ((),)


def sparse_gradient_shape(attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """Indices, values and a shape of which nothing is known."""
    del attrs
    with_rank(inputs[1], 0)
    return (None, None, None)


def step_shape(attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """Nothing comes out; the step is one number."""
    del attrs
    with_rank(inputs[1], 0)
    return ()


def gradient_shape(attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """A gradient of which nothing is known, of so many of one number."""
    del attrs
    with_rank(inputs[1], 0)
    return (None,)


def _spec(name: str, shape: ShapeFunction | None = None) -> OpSpec:
    return OpSpec(name=name, shape=shape, source=_SOURCE)


OPS = (
    _spec("ConditionalAccumulator", handle_shape),
    _spec("AccumulatorApplyGradient", step_shape),
    _spec("AccumulatorNumAccumulated", count_shape),
    _spec("AccumulatorSetGlobalStep", step_shape),
    _spec("AccumulatorTakeGradient", gradient_shape),
    _spec("ResourceConditionalAccumulator", handle_shape),
    _spec("ResourceAccumulatorApplyGradient", step_shape),
    _spec("ResourceAccumulatorNumAccumulated", count_shape),
    _spec("ResourceAccumulatorSetGlobalStep", step_shape),
    _spec("ResourceAccumulatorTakeGradient", gradient_shape),
    _spec("SparseConditionalAccumulator", handle_shape),
    _spec("SparseAccumulatorApplyGradient", step_shape),
    _spec("SparseAccumulatorTakeGradient", sparse_gradient_shape),
)
