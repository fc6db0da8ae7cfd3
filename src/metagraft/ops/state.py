"""Reference variables: making them, asking and changing their value.

The twin is `kernels/state.py`; what touches the session's store (VariableV2, Assign,
IsVariableInitialized, temporary variables) is interpreted by the runtime.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from metagraft.graph.op_spec import NOT_DIFFERENTIABLE, OpSpec, Shapes
from metagraft.graph.shape_checks import merged, with_rank
from metagraft.graph.shapes import Dims

Attributes = Mapping[str, Any]
SOURCE = "tensorflow core/ops/state_ops.cc"


def variable_v2_shape(attrs: Attributes, _: Shapes) -> tuple[Dims]:
    """The shape is an attribute; it may be unknown."""
    return (attrs["shape"],)


def variable_shape(attrs: Attributes, _: Shapes) -> tuple[Dims]:
    """The shape is an attribute; in this older op `[]` means unknown."""
    return (attrs["shape"] or None,)


def assign_shape(attrs: Attributes, inputs: Shapes) -> tuple[Dims]:
    """Variable and value must agree, unless `validate_shape` is false."""
    if attrs["validate_shape"]:
        return (merged(inputs[0], inputs[1]),)
    return (inputs[1],)


def update_shape(_: Attributes, inputs: Shapes) -> tuple[Dims]:
    """Variable and value must agree."""
    return (merged(inputs[0], inputs[1]),)


def scalar_shape(_: Attributes, __: Shapes) -> tuple[Dims]:
    """A scalar, whatever the input."""
    return ((),)


def unchanged_shape(_: Attributes, inputs: Shapes) -> tuple[Dims]:
    """The shape of the input."""
    return (inputs[0],)


def count_up_to_shape(_: Attributes, inputs: Shapes) -> Sequence[Dims]:
    """A scalar variable gives a scalar."""
    return (with_rank(inputs[0], 0),)


OPS = (
    OpSpec(name="VariableV2", shape=variable_v2_shape, source=SOURCE),
    OpSpec(name="Variable", shape=variable_shape, source=SOURCE),
    OpSpec(name="TemporaryVariable", shape=variable_v2_shape, source=SOURCE),
    OpSpec(name="DestroyTemporaryVariable", shape=unchanged_shape, source=SOURCE),
    OpSpec(name="IsVariableInitialized", shape=scalar_shape, source=SOURCE),
    OpSpec(
        name="Assign", shape=assign_shape, gradient=NOT_DIFFERENTIABLE, source=SOURCE
    ),
    OpSpec(
        name="AssignAdd", shape=update_shape, gradient=NOT_DIFFERENTIABLE, source=SOURCE
    ),
    OpSpec(
        name="AssignSub", shape=update_shape, gradient=NOT_DIFFERENTIABLE, source=SOURCE
    ),
    OpSpec(name="CountUpTo", shape=count_up_to_shape, source=SOURCE),
)
