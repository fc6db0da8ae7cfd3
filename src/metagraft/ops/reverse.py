"""Reversing and rolling; kernels in `kernels/reverse.py`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from metagraft.graph.attrs import Attrs
from metagraft.graph.op_spec import GradientBuilder, OpSpec, Shapes
from metagraft.graph.operation import Operation
from metagraft.graph.shape_checks import (
    merge_dim,
    merged,
    with_rank,
    with_rank_at_least,
    with_rank_at_most,
)
from metagraft.graph.shapes import Dims

_RANK_MAX = 8


def _check_rank(dims: Dims) -> None:
    if dims is not None and len(dims) > _RANK_MAX:
        raise ValueError(
            f"reverse does not work on tensors with more than {_RANK_MAX} dimensions"
        )


def reverse_shape(attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """Unchanged; there is a flag per dimension."""
    del attrs
    count = with_rank(inputs[1], 1)[0]
    if inputs[0] is None:
        return (None if count is None else (None,) * count,)
    merge_dim(count, len(inputs[0]))
    _check_rank(inputs[0])
    return (inputs[0],)


def reverse_v2_shape(attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """Unchanged; axes are in range and distinct."""
    del attrs
    with_rank(inputs[1], 1)
    dims, value = inputs[0], inputs.value(1)
    _check_rank(dims)
    if dims is not None and value is not None:
        axes = [int(v) for v in value]
        for place, axis in enumerate(axes):
            if not -len(dims) <= axis < len(dims):
                raise ValueError(
                    f"'axis'[{place}] = {axis} is out of valid range"
                    f" [0, {len(dims) - 1}"
                )
        places = [axis % len(dims) for axis in axes]
        twice = [axis for axis in places if places.count(axis) > 1]
        if twice:
            raise ValueError(f"axis {twice[0]} specified more than once.")
    return (dims,)


def reverse_gradient(g: GradientBuilder, op: Operation, dy: Any) -> Sequence[Any]:
    """Reversed."""
    return (g.op("Reverse", tensor=dy, dims=op.inputs[1]), None)


def reverse_v2_gradient(g: GradientBuilder, op: Operation, dy: Any) -> Sequence[Any]:
    """Reversed."""
    return (g.op("ReverseV2", tensor=dy, axis=op.inputs[1]), None)


def reverse_sequence_shape(attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """Unchanged; there is a length per element of the batch axis."""
    dims = inputs[0]
    length = with_rank(inputs[1], 1)[0]
    if dims is None:
        return (None,)
    for name in ("batch_dim", "seq_dim"):
        if attrs[name] >= len(dims):
            raise ValueError(
                f"{name} must be < input rank: {attrs[name]} vs. {len(dims)}"
            )
    batch = attrs["batch_dim"]
    if batch < 0:
        raise ValueError(f"batch_dim must be >=0, got {batch}")
    size = merge_dim(dims[batch], length)
    return ((*dims[:batch], size, *dims[batch + 1 :]),)


def reverse_sequence_gradient(
    g: GradientBuilder, op: Operation, dy: Any
) -> Sequence[Any]:
    """Reversed."""
    gradient = g.op(
        "ReverseSequence",
        input=dy,
        seq_lengths=op.inputs[1],
        seq_dim=op.attrs["seq_dim"],
        batch_dim=op.attrs["batch_dim"],
    )
    return (gradient, None)


def roll_shape(attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """Unchanged; shifts and axes are scalars or vectors of one size."""
    del attrs
    with_rank_at_least(inputs[0], 1)
    merged(with_rank_at_most(inputs[1], 1), with_rank_at_most(inputs[2], 1))
    return (inputs[0],)


def roll_gradient(g: GradientBuilder, op: Operation, dy: Any) -> Sequence[Any]:
    """Rolled back."""
    _, shift, axis = op.inputs
    return (g.op("Roll", input=dy, shift=-shift, axis=axis), None, None)


_SOURCE = "tensorflow core/ops/array_ops.cc"

OPS = (
    OpSpec(
        name="Reverse", shape=reverse_shape, gradient=reverse_gradient, source=_SOURCE
    ),
    OpSpec(
        name="ReverseV2",
        shape=reverse_v2_shape,
        gradient=reverse_v2_gradient,
        source=_SOURCE,
    ),
    OpSpec(
        name="ReverseSequence",
        shape=reverse_sequence_shape,
        gradient=reverse_sequence_gradient,
        source=_SOURCE,
    ),
    OpSpec(
        name="Roll",
        shape=roll_shape,
        gradient=roll_gradient,
        source="tensorflow core/ops/manip_ops.cc",
    ),
)
