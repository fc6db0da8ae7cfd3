"""Joining and splitting arrays; twin of `ops/concat.py`."""

from __future__ import annotations

import itertools
from typing import Any, NoReturn

import numpy as np

from metagraft.errors import InvalidArgumentError
from metagraft.graph.attrs import Attrs
from metagraft.graph.shapes import show
from metagraft.kernels.kernel import Array, Kernel
from metagraft.kernels.namespace import lax, namespace


def _refuse(text: str) -> NoReturn:
    raise InvalidArgumentError(None, None, text)


def _axis(value: Array, rank: int, op_type: str) -> int:
    axis = int(np.reshape(value, ()))
    if not -rank <= axis < rank:
        message = (
            f"ConcatOp : Expected concatenating dimensions in the range [{-rank},"
            f" {rank}), but got {axis}"
        )
        if op_type != "ConcatOp":
            message = (
                f"-input rank(-{rank}) <= split_dim < input rank ({rank}), but got"
                f" {axis}"
            )
        raise InvalidArgumentError(None, None, message)
    return axis % rank


def _join(values: tuple[Array, ...], axis: Array) -> Array:
    shapes = [np.shape(value) for value in values]
    rank = len(shapes[0])
    # Of scalars along axis 0 it is said that they are scalars.
    is_first = not rank and not np.reshape(axis, ())
    position = 0 if is_first else _axis(axis, rank, "ConcatOp")
    rests = {(len(dims), _without(dims, position)) for dims in shapes}
    if not rank or len(rests) > 1:
        _report_mismatch(shapes, position)
    return namespace(values).concatenate(values, axis=position)


def _report_mismatch(shapes: list[tuple[int, ...]], position: int) -> None:
    first = shapes[0]
    for i, dims in enumerate(shapes):
        pair = f"shape[0] = {show(first)} vs. shape[{i}] = {show(dims)}"
        if not dims:
            _refuse("ConcatOp : Can't concatenate scalars (use tf.stack instead)")
        if len(dims) != len(first):
            _refuse(f"ConcatOp : Ranks of all input tensors should match: {pair}")
        for axis, (d, e) in enumerate(zip(first, dims, strict=True)):
            if d != e and axis != position:
                _refuse(
                    f"ConcatOp : Dimension {axis} in both shapes must be equal: {pair}"
                )


def _without(dims: tuple[int, ...], position: int) -> tuple[int, ...]:
    return dims[:position] + dims[position + 1 :]


def concat(_: Attrs, concat_dim: Array, values: tuple[Array, ...]) -> tuple[Array]:
    return (_join(values, concat_dim),)


def concat_v2(_: Attrs, values: tuple[Array, ...], axis: Array) -> tuple[Array]:
    return (_join(values, axis),)


def parallel_concat(_: Attrs, values: tuple[Array, ...]) -> tuple[Array]:
    return (namespace(values).concatenate(values, axis=0),)


def _check_offsets(concat_dim: Array, shapes: tuple[Array, ...]) -> int:
    """Return the axis along which shapes fit together.

    Raises:
        InvalidArgumentError: They do not, or it does not exist.
    """
    first = shapes[0]
    for i, dims in enumerate(shapes):
        if np.ndim(dims) != 1:
            # TF: counts the operands from the axis on.
            raise InvalidArgumentError(
                None,
                None,
                f"input {i + 1} should be a vector, but got shape"
                f" {show(np.shape(dims))}",
            )
    rank = len(first)
    axis = int(concat_dim)
    if not -rank <= axis < rank:
        raise InvalidArgumentError(
            None, None, f"Concat dim is out of range: {axis} vs. {rank}"
        )
    axis %= rank
    for i, dims in enumerate(shapes):
        if len(dims) != rank:
            raise InvalidArgumentError(
                None,
                None,
                f"input {i} should contain {rank} elements, but got {len(dims)}",
            )
        if np.any(np.delete(dims, axis) != np.delete(first, axis)):
            raise InvalidArgumentError(
                None,
                None,
                f"All dimensions except {axis} must match. Input {i} has shape "
                f"{_listed(dims)} and doesn't match input 0 with shape "
                f"{_listed(first)}.",
            )
    return axis


def _listed(sizes: Array) -> str:
    return f"[{' '.join(str(size) for size in sizes)}]"


def concat_offset(
    _: Attrs, concat_dim: Array, shapes: tuple[Array, ...]
) -> tuple[Array, ...]:
    """Where each piece begins in the joined array."""
    position = _check_offsets(concat_dim, shapes)
    begin = 0
    offsets = []
    for dims in shapes:
        offset = np.zeros_like(dims)
        offset[position] = begin
        begin += int(dims[position])
        offsets.append(offset)
    return tuple(offsets)


def _check_axis(axis: int, rank: int) -> None:
    if not -rank <= axis < rank:
        raise InvalidArgumentError(
            None, None, f"axis = {axis} not in [{-rank}, {rank})"
        )


def pack(attrs: Attrs, values: tuple[Array, ...]) -> tuple[Array]:
    first = np.shape(values[0])
    for i, value in enumerate(values):
        if np.shape(value) != first:
            raise InvalidArgumentError(
                None,
                None,
                f"Shapes of all inputs must match: values[0].shape = {show(first)} !="
                f" values[{i}].shape = {show(np.shape(value))}",
            )
    _check_axis(attrs["axis"], len(first) + 1)
    return (namespace(values).stack(values, axis=attrs["axis"]),)


def unpack(attrs: Attrs, value: Array) -> tuple[Array, ...]:
    _check_axis(attrs["axis"], len(np.shape(value)))
    axis = int(attrs["axis"]) % len(np.shape(value))
    count = attrs["num"]
    if np.shape(value)[axis] != count:
        raise InvalidArgumentError(
            None,
            None,
            f"Input shape axis {axis} must equal {count}, got shape "
            f"{show(np.shape(value))}",
        )
    if namespace(value) is np:
        return tuple(np.take(value, i, axis=axis) for i in range(count))
    return tuple(
        lax().index_in_dim(value, i, axis, keepdims=False) for i in range(count)
    )


def _cut(value: Array, sizes: list[int], axis: int) -> tuple[Array, ...]:
    ends = list(itertools.accumulate(sizes))
    pieces = zip([0, *ends], ends, strict=False)
    if namespace(value) is np:
        before: tuple[Any, ...] = (slice(None),) * axis
        return tuple(value[(*before, slice(a, b))] for a, b in pieces)
    return tuple(lax().slice_in_dim(value, a, b, axis=axis) for a, b in pieces)


def split(attrs: Attrs, split_dim: Array, value: Array) -> tuple[Array, ...]:
    if np.ndim(split_dim):
        rank = np.ndim(split_dim)
        _refuse(f"split_dim must be a scalar but has rank {rank}")
    axis = _axis(split_dim, len(np.shape(value)), "Split")
    count, size = attrs["num_split"], np.shape(value)[axis]
    if size % count:
        raise InvalidArgumentError(
            None,
            None,
            "Number of ways to split should evenly divide the split dimension, but"
            f" got split_dim {axis} (size = {size}) and num_split {count}",
        )
    return _cut(value, [size // count] * count, axis)


def split_v(
    attrs: Attrs, value: Array, size_splits: Array, split_dim: Array
) -> tuple[Array, ...]:
    if np.size(split_dim) != 1:
        _refuse("split_dim_tensor must have exactly one element.")
    count = attrs["num_split"]
    if np.shape(size_splits) != (count,):
        _refuse(
            "size of the split_tensor must be 1-D and have the same elements as outputs"
            f" got {np.ndim(size_splits)} -D and {np.size(size_splits)} elements"
        )
    axis = _axis(split_dim, len(np.shape(value)), "SplitV")
    size = np.shape(value)[axis]
    sizes = [int(s) for s in size_splits]
    # TF: its optimizer may leave out a piece of another size than the whole.
    if count == 1 and sizes[0] != size:
        _refuse(
            "If there is only one output, it must have the same size as the input. "
            f"Input size: {size} output size: {sizes[0]}"
        )
    return _cut(value, _filled(sizes, size), axis)


def _filled(sizes: list[int], size: int) -> list[int]:
    """Return sizes of pieces of an axis; one may be -1 for the rest of it."""
    if sizes.count(-1) > 1:
        _refuse("There can only be one -1 in the input.")
    given = sum(s for s in sizes if s != -1)
    if given > size or (given < size and -1 not in sizes):
        _refuse(
            "Determined shape must either match input shape along split_dim exactly"
            " if fully specified, or be less than the size of the input along"
            f" split_dim if not fully specified.  Got: {given}"
        )
    filled = [size - given if s == -1 else s for s in sizes]
    for i, s in enumerate(filled):
        if s < 0:
            _refuse(f"Split size at index {i} must be >= 0. Got: {s}")
    return filled


KERNELS = {
    "Concat": Kernel(concat, static=("concat_dim",)),
    "ConcatV2": Kernel(concat_v2, static=("axis",)),
    "ConcatOffset": Kernel(concat_offset, static=("concat_dim", "shape")),
    "ParallelConcat": Kernel(parallel_concat),
    "Pack": Kernel(pack),
    "Unpack": Kernel(unpack),
    "Split": Kernel(split, static=("split_dim",)),
    "SplitV": Kernel(split_v, static=("size_splits", "split_dim")),
}
