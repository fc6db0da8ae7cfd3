"""Slices with strides; twin of `ops/strided_slice.py`."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np

from metagraft.errors import InvalidArgumentError
from metagraft.graph.folding import folded_value
from metagraft.graph.operation import Operation
from metagraft.graph.shapes import show
from metagraft.graph.strided_slice_spec import (
    AxisSlice,
    SliceMasks,
    StridedSliceSpec,
    resolve_strided_slice,
)
from metagraft.kernels.kernel import Array, Kernel
from metagraft.kernels.namespace import is_host, jax_numpy, lax, namespace


def _resolve(
    dims: tuple[int, ...], begin: Any, end: Any, strides: Any, masks: SliceMasks
) -> StridedSliceSpec:
    shapes = [np.shape(x) for x in (begin, end, strides) if x is not None]
    if len(shapes[0]) != 1 or shapes.count(shapes[0]) != len(shapes):
        raise InvalidArgumentError(
            None,
            None,
            "Expected begin, end, and strides to be 1D equal size tensors, but got "
            f"shapes {', '.join(map(show, shapes[:-1]))}, and {show(shapes[-1])} "
            "instead",
        )
    try:
        return resolve_strided_slice(dims, begin, end, strides, masks)
    except ValueError as error:
        raise InvalidArgumentError(None, None, str(error)) from None


# The same few slices are taken in every run.
@lru_cache(maxsize=4096)
def _known_slice(
    dims: tuple[int, ...],
    begin: tuple[int, ...],
    end: tuple[int, ...],
    strides: tuple[int, ...],
    masks: SliceMasks,
) -> tuple[StridedSliceSpec, tuple[slice, ...]]:
    spec = _resolve(dims, begin, end, strides, masks)
    return spec, tuple(_python_slice(axis) for axis in spec.axes)


def _python_slice(axis: AxisSlice) -> slice:
    if axis.size == 0:  # where it begins may be before the first element
        return slice(0, 0)
    stop = None if axis.end == -1 and axis.stride < 0 else axis.end
    return slice(axis.begin, stop, axis.stride)


def _bounds(axis: AxisSlice) -> tuple[int, int, int]:
    """The same elements in ascending order: `(first, last + 1, positive stride)`."""
    if axis.begin is None or axis.size is None:
        raise AssertionError("bounds asked of an unknown slice")
    step = abs(axis.stride)
    if axis.size == 0:
        return 0, 0, step
    last = axis.begin + (axis.size - 1) * axis.stride
    low, high = min(axis.begin, last), max(axis.begin, last)
    return low, high + 1, step


def _reversed(spec: StridedSliceSpec) -> list[int]:
    return [i for i, a in enumerate(spec.axes) if a.stride < 0 and (a.size or 0) > 1]


def strided_slice(
    masks: SliceMasks, tensor: Array, begin: Array, end: Array, strides: Array
) -> tuple[Array]:
    if not is_host(begin):
        return (_dynamic_slice(masks, tensor, begin, strides),)
    numbers = [tuple(each.tolist()) for each in (begin, end, strides)]
    spec, slices = _known_slice(np.shape(tensor), *numbers, masks)
    if is_host(tensor):
        return (np.asarray(tensor)[slices].reshape(spec.final),)
    return (_cut(tensor, spec).reshape(spec.final),)


def _cut(tensor: Array, spec: StridedSliceSpec) -> Array:
    bounds = [_bounds(axis) for axis in spec.axes]
    piece = lax().slice(
        tensor, [b[0] for b in bounds], [b[1] for b in bounds], [b[2] for b in bounds]
    )
    backwards = _reversed(spec)
    return lax().rev(piece, backwards) if backwards else piece


# -- indices that only a run knows -------------------------------------------------


def _dynamic_starts(spec: StridedSliceSpec, begin: Array, dims: Any) -> list[Array]:
    """The first index of every axis: unknown where the axis is indexed, else 0."""
    xp = jax_numpy()
    zero = np.zeros((), begin.dtype)
    starts: list[Array] = []
    for axis, size in zip(spec.axes, dims, strict=True):
        if not axis.shrinks:
            starts.append(zero)
            continue
        index = begin[axis.entry]
        starts.append(xp.where(index < 0, index + np.array(size, begin.dtype), index))
    return starts


def _around_indices(
    dims: tuple[int, ...], strides: Array, masks: SliceMasks
) -> tuple[StridedSliceSpec, StridedSliceSpec, tuple[int, ...]]:
    """The whole specification, that of the part at the indices, and its shape."""
    spec = _resolve(dims, None, None, strides, masks)
    part = tuple(1 if a.shrinks else d for a, d in zip(spec.axes, dims, strict=True))
    axes = tuple(replace(a, begin=0, end=1) if a.shrinks else a for a in spec.axes)
    return spec, replace(spec, axes=axes), part


def _dynamic_slice(
    masks: SliceMasks, tensor: Array, begin: Array, strides: Array
) -> Array:
    """Slices of which every entry is an index or takes the whole axis.

    An index out of bounds is moved inside; on the host it is an error.
    """
    dims = np.shape(tensor)
    spec, rest, part = _around_indices(dims, strides, masks)
    starts = _dynamic_starts(spec, begin, dims)
    piece = lax().dynamic_slice(jax_numpy().asarray(tensor), starts, part)
    return _cut(piece, rest).reshape(spec.final)


def _dynamic_gradient(
    masks: SliceMasks, dims: tuple[int, ...], begin: Array, strides: Array, dy: Array
) -> Array:
    spec, rest, part = _around_indices(dims, strides, masks)
    piece = _spread(jax_numpy().asarray(dy).reshape(spec.taken), rest, part)
    zeros = jax_numpy().zeros(dims, dy.dtype)
    starts = _dynamic_starts(spec, begin, dims)
    return lax().dynamic_update_slice(zeros, piece, starts)


def _static(op: Operation) -> tuple[str, ...]:
    """Indices may be unknown if the size of the result does not depend on them."""
    definition = op.definition
    assert definition is not None
    names = [arg.name for arg in definition.inputs]
    shape = ("shape",) if "shape" in names else ()
    every = (*shape, *_SPECIFICATION)
    begin, strides = (op.inputs[names.index(name)] for name in ("begin", "strides"))
    if begin.op.type == "Const" or not strides.dims or strides.dims[0] is None:
        return every
    masks: SliceMasks = op.record
    free = masks.shrink_axis | masks.new_axis | masks.ellipsis
    free |= masks.begin & masks.end
    if not masks.shrink_axis or ~free & ((1 << strides.dims[0]) - 1):
        return every
    return (*shape, "strides")


def strided_slice_gradient(
    masks: SliceMasks, shape: Array, begin: Array, end: Array, strides: Array, dy: Array
) -> tuple[Array]:
    dims = tuple(int(d) for d in shape)
    if not is_host(begin):
        return (_dynamic_gradient(masks, dims, begin, strides, dy),)
    spec = _resolve(dims, begin, end, strides, masks)
    taken: Any = spec.taken
    piece = dy.reshape(taken)
    if namespace(dy) is np:
        zero: Any = b"" if dy.dtype == np.dtype(object) else 0
        whole = np.full(dims, zero, dy.dtype)
        whole[tuple(_python_slice(a) for a in spec.axes)] = piece
        return (whole,)
    return (_spread(piece, spec, dims),)


def _spread(piece: Array, spec: StridedSliceSpec, dims: tuple[int, ...]) -> Array:
    """`piece` at its places among zeros."""
    backwards = _reversed(spec)
    if backwards:
        piece = lax().rev(piece, backwards)
    if 0 in piece.shape:
        return namespace(piece).zeros(dims, piece.dtype)
    padding = [
        (low, size - high, step - 1 if high - low > 1 else 0)
        for size, (low, high, step) in zip(dims, map(_bounds, spec.axes), strict=True)
    ]
    return lax().pad(piece, np.zeros((), piece.dtype), padding)


def strided_slice_update(
    masks: SliceMasks,
    tensor: Array,
    begin: Array,
    end: Array,
    strides: Array,
    value: Array,
) -> tuple[Array]:
    """The tensor with the selected elements replaced."""
    if not is_host(begin):
        return (_dynamic_update(masks, tensor, begin, strides, value),)
    spec = _resolve(np.shape(tensor), begin, end, strides, masks)
    xp = namespace(tensor, value)
    piece = _fitted(xp, value, spec)
    where = tuple(_python_slice(a) for a in spec.axes)
    if xp is not np:
        return (xp.asarray(tensor).at[where].set(piece),)
    updated = np.array(tensor)
    updated[where] = piece
    return (updated,)


def _fitted(xp: Any, value: Array, spec: StridedSliceSpec) -> Array:
    """The value, broadcast to the slice it replaces."""
    final: Any = spec.final
    count = math.prod(final)
    if not count:  # nothing is written, whatever the value is
        return xp.zeros(spec.taken, value.dtype)
    if math.prod(np.shape(value)) == count == 1:
        return xp.reshape(value, spec.taken)
    try:
        return xp.broadcast_to(value, final).reshape(spec.taken)
    except ValueError:
        raise InvalidArgumentError(
            None,
            None,
            f"Cannot assign a value of shape {np.shape(value)} to a slice of shape"
            f" {final}",
        ) from None


def _dynamic_update(
    masks: SliceMasks, tensor: Array, begin: Array, strides: Array, value: Array
) -> Array:
    dims = np.shape(tensor)
    xp = jax_numpy()
    spec, _, _ = _around_indices(dims, strides, masks)
    starts = _dynamic_starts(spec, begin, dims)
    piece = _fitted(xp, value, spec)
    return lax().dynamic_update_slice(xp.asarray(tensor), piece, starts)


def _static_for_update(op: Operation) -> tuple[str, ...]:
    """As `_static`, for slices without gaps."""
    steps = folded_value(op.inputs[3])
    if steps is None or (steps != 1).any():
        return _SPECIFICATION
    return _static(op)


_SPECIFICATION = ("begin", "end", "strides")

_ASSIGN = Kernel(
    strided_slice_update,
    static=_SPECIFICATION,
    updates=("ref",),
    static_for=_static_for_update,
)

KERNELS = {
    "StridedSlice": Kernel(strided_slice, static=_SPECIFICATION, static_for=_static),
    "StridedSliceGrad": Kernel(
        strided_slice_gradient,
        static=("shape", *_SPECIFICATION),
        static_for=_static,
    ),
    "TensorStridedSliceUpdate": Kernel(
        strided_slice_update, static=_SPECIFICATION, static_for=_static_for_update
    ),
    "StridedSliceAssign": _ASSIGN,
    "ResourceStridedSliceAssign": _ASSIGN,
}
