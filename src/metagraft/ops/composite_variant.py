"""Tensors with parts as one variant: their components, and what they are.

Source: tensorflow core/ops/composite_tensor_ops.cc, python/ops/composite_tensor_ops.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from metagraft.graph.op_spec import GradientBuilder, OpSpec, Shapes
from metagraft.graph.operation import Operation
from metagraft.graph.shapes import Dims

__all__ = ["OPS"]

_SOURCE: Final = "tensorflow core/ops/composite_tensor_ops.cc"


def variant_shape(attrs: Mapping[str, Any], inputs: Shapes) -> Sequence[Dims]:
    """A scalar."""
    del attrs, inputs
    return ((),)


def components_shape(attrs: Mapping[str, Any], inputs: Shapes) -> Sequence[Dims]:
    """Nothing is known of the components."""
    del inputs
    return (None,) * len(attrs["Tcomponents"])


def from_components_gradient(
    g: GradientBuilder, op: Operation, grad: Any
) -> Sequence[Any]:
    """The components of the gradient."""
    found: Sequence[Any] = g.op(
        "CompositeTensorVariantToComponents",
        encoded=grad,
        metadata=op.get_attr("metadata"),
        Tcomponents=[tensor.dtype.base_dtype for tensor in op.inputs],
    )
    return found


def to_components_gradient(
    g: GradientBuilder, op: Operation, *grads: Any
) -> Sequence[Any]:
    """A variant of the gradients; a component without one stands for itself."""
    parts = [
        output if grad is None else grad
        for output, grad in zip(op.outputs, grads, strict=True)
    ]
    encoded = g.op(
        "CompositeTensorVariantFromComponents",
        components=parts,
        metadata=op.get_attr("metadata"),
    )
    return [encoded]


OPS = (
    OpSpec(
        name="CompositeTensorVariantFromComponents",
        shape=variant_shape,
        gradient=from_components_gradient,
        source=_SOURCE,
    ),
    OpSpec(
        name="CompositeTensorVariantToComponents",
        shape=components_shape,
        gradient=to_components_gradient,
        source=_SOURCE,
    ),
)
