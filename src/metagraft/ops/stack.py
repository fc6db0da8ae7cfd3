"""Stacks, on which loops keep values for their gradients; kernels/stack.py."""

from __future__ import annotations

from collections.abc import Sequence

from metagraft.graph.attrs import Attrs
from metagraft.graph.op_spec import NOT_DIFFERENTIABLE, OpSpec, Shapes
from metagraft.graph.shapes import Dims


def handle_shape(attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """TensorFlow says two elements, as for all handles of its first kind."""
    del attrs, inputs
    return ((2,),)


def push_shape(attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """The shape of the element."""
    del attrs
    return (inputs[1],)


def pop_shape(attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """Unknown."""
    del attrs, inputs
    return (None,)


_SOURCE = "tensorflow core/ops/data_flow_ops.cc"

# The handles of the first version are references.
OPS = tuple(
    OpSpec(
        name=f"{name}{version}",
        shape=shape,
        gradient=NOT_DIFFERENTIABLE,
        source=_SOURCE,
        ranks="h" if name == "StackClose" else "",
    )
    for version in ("", "V2")
    for name, shape in (
        ("Stack", handle_shape),
        ("StackPush", push_shape),
        ("StackPop", pop_shape),
        ("StackClose", None),
    )
)
