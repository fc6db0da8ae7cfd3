"""Shapes as values; kernels in `kernels/shape.py`."""

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
from metagraft.graph.shape_checks import with_rank
from metagraft.graph.shapes import Dims, merge_dims, show


def shape_shape(attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """A vector with an element per dimension."""
    del attrs
    return tuple((None if dims is None else len(dims),) for dims in inputs)


def scalar_shape(attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """A scalar."""
    del attrs, inputs
    return ((),)


def broadcast_args_shape(attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """A vector as long as the longer of two."""
    del attrs
    lengths = [with_rank(dims, 1)[0] for dims in inputs]
    if None in lengths:
        return ((None,),)
    return ((max(length for length in lengths if length is not None),),)


def ensure_shape_shape(attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """What the operand and the attribute know together.

    TF: takes an attribute that knows nothing for one of rank -1.
    """
    if attrs["shape"] is None and inputs[0] is not None:
        raise ValueError(f"Shape must be rank -1 but is rank {len(inputs[0])}")
    try:
        return (merge_dims(inputs[0], attrs["shape"]),)
    except ValueError:
        raise ValueError(
            f"Shapes {show(inputs[0])} and {show(attrs['shape'])} are incompatible"
        ) from None


def ensure_shape_gradient(g: GradientBuilder, op: Operation, dy: Any) -> Sequence[Any]:
    """Unchanged."""
    del g, op
    return (dy,)


_SOURCE = "tensorflow core/ops/array_ops.cc"

OPS = (
    *(
        OpSpec(
            name=name, shape=shape_shape, gradient=NOT_DIFFERENTIABLE, source=_SOURCE
        )
        for name in ("Shape", "ShapeN")
    ),
    *(
        OpSpec(
            name=name, shape=scalar_shape, gradient=NOT_DIFFERENTIABLE, source=_SOURCE
        )
        for name in ("Size", "Rank")
    ),
    OpSpec(name="BroadcastArgs", shape=broadcast_args_shape, source=_SOURCE),
    OpSpec(
        name="EnsureShape",
        shape=ensure_shape_shape,
        gradient=ensure_shape_gradient,
        source=_SOURCE,
    ),
)
