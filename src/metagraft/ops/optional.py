"""Optionals: a tensor, or nothing.

Gradients of branches hand on with them what only one branch has.
`runtime/function_lowering.py` puts the tensor in the place of most that hold one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from metagraft.graph.op_spec import (
    NOT_DIFFERENTIABLE,
    GradientBuilder,
    OpSpec,
    Shapes,
)
from metagraft.graph.operation import Operation
from metagraft.graph.shapes import Dims

_SOURCE = "tensorflow core/ops/optional_ops.cc"


def scalar_shape(attrs: Mapping[str, Any], inputs: Shapes) -> Sequence[Dims]:
    """A scalar."""
    del attrs, inputs
    return ((),)


def components_shape(attrs: Mapping[str, Any], inputs: Shapes) -> Sequence[Dims]:
    """The shapes that the attribute gives.

    Raises:
        ValueError: It gives more or fewer than there are types.
    """
    del inputs
    shapes, count = tuple(attrs["output_shapes"]), len(attrs["output_types"])
    if len(shapes) != count:
        raise ValueError(
            "`output_shapes` must be the same length as `output_types`"
            f" ({len(shapes)} vs. {count}"
        )
    return shapes


def from_value_gradient(g: GradientBuilder, op: Operation, grad: Any) -> Sequence[Any]:
    """What is in the optional of the gradients."""
    found: Sequence[Any] = g.op(
        "OptionalGetValue",
        optional=grad,
        output_types=[tensor.dtype for tensor in op.inputs],
        output_shapes=[tensor.dims for tensor in op.inputs],
    )
    return found


def get_value_gradient(g: GradientBuilder, op: Operation, *grads: Any) -> Sequence[Any]:
    """An optional of the gradients."""
    del op
    return (g.op("OptionalFromValue", components=list(grads)),)


OPS = (
    OpSpec(
        name="OptionalFromValue",
        shape=scalar_shape,
        gradient=from_value_gradient,
        source=_SOURCE,
    ),
    *(
        OpSpec(
            name=name, shape=scalar_shape, gradient=NOT_DIFFERENTIABLE, source=_SOURCE
        )
        for name in ("OptionalNone", "OptionalHasValue")
    ),
    OpSpec(
        name="OptionalGetValue",
        shape=components_shape,
        gradient=get_value_gradient,
        source=_SOURCE,
        ranks="0",
    ),
)
