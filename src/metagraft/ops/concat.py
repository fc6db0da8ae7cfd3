"""Joining and splitting arrays; kernels in `kernels/concat.py`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from metagraft.graph.attrs import Attrs
from metagraft.graph.build import array
from metagraft.graph.op_spec import (
    NOT_DIFFERENTIABLE,
    GradientBuilder,
    OpSpec,
    Shapes,
)
from metagraft.graph.operation import Operation
from metagraft.graph.shape_checks import merge_dim, merged, with_rank
from metagraft.graph.shapes import Dims, is_static
from metagraft.ops.concat_gradient import concat_gradient, concat_v2_gradient


def _axis(value: Any, rank: int) -> int:
    axis = int(value.reshape(()))
    if not -rank <= axis < rank:
        raise ValueError(
            f"Dimension size, given by scalar input {axis} must be in range"
            f" [{-rank}, {rank})"
        )
    return axis % rank


def _joined(pieces: Sequence[Dims], value: Any) -> Dims:
    known = [dims for dims in pieces if dims is not None]
    if not known:
        return None
    rank = len(known[0])
    if rank == 0:
        raise ValueError("Can't concatenate scalars (use tf.stack instead)")
    for piece in known:
        with_rank(piece, rank)
    if value is None:
        return (None,) * rank
    wanted = int(value.reshape(()))
    needed = wanted + 1 if wanted >= 0 else -wanted
    if needed > rank:
        raise ValueError(f"Shape must be at least rank {needed} but is rank {rank}")
    axis = wanted % rank
    others: tuple[int | None, ...] = (None,) * (rank - 1)
    total: int | None = 0
    for dims in pieces:
        size = None if dims is None else dims[axis]
        total = None if total is None or size is None else total + size
        if dims is not None:
            rest = dims[:axis] + dims[axis + 1 :]
            others = tuple(merged(others, rest) or ())
    return (*others[:axis], total, *others[axis:])


def concat_shape(attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """Sizes along the axis add up; all others are equal."""
    del attrs
    with_rank(inputs[0], 0)
    return (_joined(inputs[1:], inputs.value(0)),)


def concat_v2_shape(attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """Sizes along the axis add up; all others are equal."""
    del attrs
    with_rank(inputs[-1], 0)
    return (_joined(inputs[:-1], inputs.value(len(inputs) - 1)),)


def concat_offset_shape(attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """A vector per piece, as long as its shape."""
    del attrs
    return tuple(inputs[1:])


def parallel_concat_shape(attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """The shape attribute, which every operand has but for its one row.

    TF: takes shapes of more rows, and leaves in them what the memory holds.
    """
    shape: Dims = attrs["shape"]
    if not is_static(shape):
        raise ValueError("shape attr must be fully defined.")
    if not shape:
        raise ValueError("Out of range dim_index 0 for shape with 0 dimensions")
    for i, dims in enumerate(inputs):
        if not is_static(dims):
            raise ValueError("All input shapes must be fully defined.")
        assert dims is not None
        if not dims:
            raise ValueError(
                "The rank of all input shapes must be greater than 0, but input"
                f" {i} had rank 0."
            )
        if dims[0] != 1:
            raise ValueError("Size of first dimension must be 1.")
        merged((len(inputs), *dims[1:]), shape)
    return (shape,)


def pack_shape(attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """A new axis of as many elements as there are operands."""
    dims: Dims = None
    for piece in inputs:
        dims = merged(dims, piece)
    if dims is None:
        return (None,)
    axis: int = attrs["axis"]
    limit = len(dims) + 1
    if not -limit <= axis < limit:
        raise ValueError(f"Invalid axis: {axis}; must be in [{-limit},{limit})")
    axis %= limit
    return ((*dims[:axis], len(inputs), *dims[axis:]),)


def pack_gradient(g: GradientBuilder, op: Operation, dy: Any) -> Sequence[Any]:
    """The pieces."""
    del g
    return array.unstack(dy, num=op.attrs["N"], axis=op.attrs["axis"])


def unpack_shape(attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """The axis goes away."""
    count: int = attrs["num"]
    dims = inputs[0]
    if dims is None:
        return (None,) * count
    axis: int = attrs["axis"]
    if not -len(dims) <= axis < len(dims):
        raise ValueError(f"Invalid axis: {axis}; must be in [{-len(dims)},{len(dims)})")
    axis %= len(dims)
    merge_dim(dims[axis], count)
    return (dims[:axis] + dims[axis + 1 :],) * count


def unpack_gradient(g: GradientBuilder, op: Operation, *dys: Any) -> Sequence[Any]:
    """The gradients side by side."""
    del g
    return (array.stack(dys, axis=op.attrs["axis"]),)


def split_shape(attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """Equal parts along the axis."""
    with_rank(inputs[0], 0)
    count: int = attrs["num_split"]
    dims, value = inputs[1], inputs.value(0)
    if dims is None:
        return (None,) * count
    if value is None:
        return ((None,) * len(dims),) * count
    axis = _axis(value, len(dims))
    size = dims[axis]
    if size is not None and size % count:
        raise ValueError(
            f"Dimension size must be evenly divisible by {count} but is {size}\n\t"
            "Number of ways to split should evenly divide the split dimension"
        )
    part = None if size is None else size // count
    return ((*dims[:axis], part, *dims[axis + 1 :]),) * count


def split_gradient(g: GradientBuilder, op: Operation, *dys: Any) -> Sequence[Any]:
    """The gradients joined again."""
    del g
    return (None, array.concat(list(dys), op.inputs[0]))


def split_v_shape(attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """The given sizes along the axis; one may be -1, what is left."""
    count: int = attrs["num_split"]
    dims, axis_value = inputs[0], inputs.value(2)
    merge_dim(with_rank(inputs[1], 1)[0], count)
    if dims is None:
        return (None,) * count
    if not dims:
        raise ValueError("Can't split scalars")
    if axis_value is None:
        return ((None,) * len(dims),) * count
    axis = _axis(axis_value, len(dims))
    value = inputs.value(1)
    if value is None:
        # A single piece is the whole, whatever its size is called.
        sizes: list[int | None] = [None] * count
    else:
        sizes = _checked_sizes([int(v) for v in value], dims[axis])
    return tuple((*dims[:axis], size, *dims[axis + 1 :]) for size in sizes)


def _checked_sizes(sizes: list[int], total: int | None) -> list[int | None]:
    for place, size in enumerate(sizes):
        if size < -1:
            raise ValueError(f"Split size at index {place} must be >= 0. Got: {size}")
    if sizes.count(-1) > 1:
        raise ValueError("size_splits can only have one -1")
    given = sum(s for s in sizes if s != -1)
    if total is None:
        return [None if s == -1 else s for s in sizes]
    if given > total or (given != total and -1 not in sizes):
        raise ValueError(
            f"can't split axis of size {total} into pieces of size"
            f" [{','.join(map(str, sizes))}]"
        )
    return [total - given if s == -1 else s for s in sizes]


def split_v_gradient(g: GradientBuilder, op: Operation, *dys: Any) -> Sequence[Any]:
    """The gradients joined again."""
    del g
    return (array.concat(list(dys), op.inputs[2]), None, None)


_SOURCE = "tensorflow core/ops/array_ops.cc"

OPS = (
    OpSpec(name="Concat", shape=concat_shape, gradient=concat_gradient, source=_SOURCE),
    OpSpec(
        name="ConcatV2",
        shape=concat_v2_shape,
        gradient=concat_v2_gradient,
        source=_SOURCE,
    ),
    OpSpec(
        name="ConcatOffset",
        shape=concat_offset_shape,
        gradient=NOT_DIFFERENTIABLE,
        source=_SOURCE,
    ),
    OpSpec(name="ParallelConcat", shape=parallel_concat_shape, source=_SOURCE),
    OpSpec(name="Pack", shape=pack_shape, gradient=pack_gradient, source=_SOURCE),
    OpSpec(name="Unpack", shape=unpack_shape, gradient=unpack_gradient, source=_SOURCE),
    OpSpec(name="Split", shape=split_shape, gradient=split_gradient, source=_SOURCE),
    OpSpec(
        name="SplitV", shape=split_v_shape, gradient=split_v_gradient, source=_SOURCE
    ),
)
