"""Ops that hand on their operand; kernels in `kernels/identity.py`."""

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
from metagraft.graph.shapes import Dims


def unchanged_shapes(attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """The shapes of the operands."""
    del attrs
    return inputs


def pass_gradient(g: GradientBuilder, op: Operation, *dys: Any) -> Sequence[Any]:
    """Unchanged."""
    del g, op
    return dys


def prevent_gradient(g: GradientBuilder, op: Operation, dy: Any) -> Sequence[Any]:
    """Refuse.

    Raises:
        LookupError: Always, with the op's message.
    """
    del g, dy
    # TensorFlow shows the bytes, too.
    message = op.attrs["message"]
    raise LookupError(f"Gradient explicitly disabled. Reason: {message!r}")


def bitcast_shape(attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """A last dimension appears or vanishes where element sizes differ."""
    dims = inputs[0]
    size, new_size = attrs["T"].size, attrs["type"].size
    if dims is None or size == new_size:
        return (dims,)
    if size > new_size:
        return ((*dims, size // new_size),)
    ratio = new_size // size
    if not dims or dims[-1] not in (None, ratio):
        raise ValueError(
            f"Cannot bitcast from {attrs['T'].as_datatype_enum} to"
            f" {attrs['type'].as_datatype_enum} due to shape."
            f" {dims[-1] if dims else '?'} does not match {ratio}"
        )
    return (dims[:-1],)


_SOURCE = "tensorflow core/ops/array_ops.cc"
_PASSING = (
    "Identity",
    "IdentityN",
    "RefIdentity",
    "DebugGradientIdentity",
    "DebugGradientRefIdentity",
)

OPS = (
    *(
        OpSpec(
            name=name, shape=unchanged_shapes, gradient=pass_gradient, source=_SOURCE
        )
        for name in _PASSING
    ),
    OpSpec(name="GuaranteeConst", shape=unchanged_shapes, source=_SOURCE),
    OpSpec(name="Snapshot", shape=unchanged_shapes, source=_SOURCE),
    OpSpec(name="DeepCopy", shape=unchanged_shapes, source=_SOURCE),
    OpSpec(
        name="StopGradient",
        shape=unchanged_shapes,
        gradient=NOT_DIFFERENTIABLE,
        source=_SOURCE,
    ),
    OpSpec(
        name="PreventGradient",
        shape=unchanged_shapes,
        gradient=prevent_gradient,
        source=_SOURCE,
    ),
    OpSpec(name="Bitcast", shape=bitcast_shape, source=_SOURCE),
)
