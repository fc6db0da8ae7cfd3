"""Padding; kernels in `kernels/pad.py`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from metagraft.graph.attrs import Attrs
from metagraft.graph.build import array
from metagraft.graph.op_spec import GradientBuilder, OpSpec, Shapes
from metagraft.graph.operation import Operation
from metagraft.graph.shape_checks import with_rank, with_size
from metagraft.graph.shapes import Dims


def _rank(inputs: Shapes) -> int | None:
    paddings = with_rank(inputs[1], 2)
    with_size(paddings[1], 2)
    rank = paddings[0]
    dims = inputs[0]
    if dims is not None and rank is not None and len(dims) != rank:
        raise ValueError(f"Shape must be rank {rank} but is rank {len(dims)}")
    return rank if dims is None else len(dims)


def pad_shape(attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """Every dimension and what is before and after it."""
    del attrs
    rank = _rank(inputs)
    dims, value = inputs[0], inputs.value(1)
    if value is None:
        return (None if rank is None else (None,) * rank,)
    if dims is None:
        return ((None,) * len(value),)
    if (value < 0).any():
        raise ValueError(f"Paddings must be non-negative, got {value.tolist()}")
    sizes = zip(dims, value, strict=True)
    return (tuple(None if d is None else d + int(a) + int(b) for d, (a, b) in sizes),)


def unpad_shape(attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """Every dimension less what was put before and after it."""
    del attrs
    rank = _rank(inputs)
    dims, value = inputs[0], inputs.value(1)
    if value is None:
        return (None if rank is None else (None,) * rank,)
    if (value < 0).any():
        raise ValueError("Paddings must be non-negative")
    if dims is None:
        return ((None,) * len(value),)
    sizes = zip(dims, value, strict=True)
    return (tuple(None if d is None else d - int(a) - int(b) for d, (a, b) in sizes),)


def pad_gradient(g: GradientBuilder, op: Operation, dy: Any) -> Sequence[Any]:
    """What is inside of the padding."""
    del g
    tensor, paddings = op.inputs[:2]
    column = array.stack([array.rank(tensor), 1])
    before = array.slice_(paddings, [0, 0], column)
    begin = array.reshape(before, [-1])
    sizes = array.shape(tensor, out_type=begin.dtype)
    inside = array.slice_(dy, begin, sizes)
    return (inside, *[None] * (len(op.inputs) - 1))


def mirror_pad_gradient(g: GradientBuilder, op: Operation, dy: Any) -> Sequence[Any]:
    """What was mirrored is added to its origin."""
    mode = op.attrs["mode"]
    gradient = g.op("MirrorPadGrad", input=dy, paddings=op.inputs[1], mode=mode)
    return (gradient, None)


def mirror_pad_grad_gradient(
    g: GradientBuilder, op: Operation, dy: Any
) -> Sequence[Any]:
    """Mirrored again."""
    mode = op.attrs["mode"]
    gradient = g.op("MirrorPad", input=dy, paddings=op.inputs[1], mode=mode)
    return (gradient, None)


_SOURCE = "tensorflow core/ops/array_ops.cc"

OPS = (
    OpSpec(name="Pad", shape=pad_shape, gradient=pad_gradient, source=_SOURCE),
    OpSpec(name="PadV2", shape=pad_shape, gradient=pad_gradient, source=_SOURCE),
    OpSpec(
        name="MirrorPad",
        shape=pad_shape,
        gradient=mirror_pad_gradient,
        source=_SOURCE,
    ),
    OpSpec(
        name="MirrorPadGrad",
        shape=unpad_shape,
        gradient=mirror_pad_grad_gradient,
        source=_SOURCE,
    ),
)
