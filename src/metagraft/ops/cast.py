"""Changes of the element type; twin of `kernels/cast.py`.

Source: tensorflow core/ops/math_ops.cc, python/ops/math_grad.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from metagraft.graph import dtypes
from metagraft.graph.build.math import cast
from metagraft.graph.op_spec import GradientBuilder, OpSpec, Shapes
from metagraft.graph.operation import Operation
from metagraft.graph.shapes import Dims
from metagraft.graph.tensor import Tensor

__all__ = ["OPS"]

_DIFFERENTIABLE = (
    dtypes.float16,
    dtypes.float32,
    dtypes.float64,
    dtypes.bfloat16,
    dtypes.complex64,
    dtypes.complex128,
)


def cast_shape(_attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """The output has the shape of the input."""
    return (inputs[0],)


def cast_gradient(_g: GradientBuilder, op: Operation, dy: Tensor) -> Sequence[Any]:
    """`dy` cast back, between types that have gradients."""
    source = op.inputs[0].dtype.base_dtype
    if source in _DIFFERENTIABLE and dy.dtype.base_dtype in _DIFFERENTIABLE:
        return (cast(dy, source),)
    return (None,)


OPS = (
    OpSpec(
        name="Cast",
        shape=cast_shape,
        gradient=cast_gradient,
        source="tensorflow core/ops/math_ops.cc",
    ),
)
