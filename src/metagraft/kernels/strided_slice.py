"""Slices with strides; twin of `ops/strided_slice.py`."""

from __future__ import annotations

from typing import Any

import numpy as np

from metagraft.errors import InvalidArgumentError
from metagraft.graph.strided_slice_spec import (
    AxisSlice,
    SliceMasks,
    StridedSliceSpec,
    resolve_strided_slice,
)
from metagraft.kernels.kernel import Array, Kernel
from metagraft.kernels.namespace import lax, namespace


def _resolve(
    dims: tuple[int, ...], begin: Array, end: Array, strides: Array, masks: SliceMasks
) -> StridedSliceSpec:
    try:
        return resolve_strided_slice(dims, begin, end, strides, masks)
    except ValueError as error:
        raise InvalidArgumentError(None, None, str(error)) from None


def _python_slice(axis: AxisSlice) -> slice:
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
    spec = _resolve(np.shape(tensor), begin, end, strides, masks)
    if namespace(tensor) is np:
        cut = np.asarray(tensor)[tuple(_python_slice(a) for a in spec.axes)]
        return (cut.reshape(spec.final),)
    bounds = [_bounds(axis) for axis in spec.axes]
    cut = lax().slice(
        tensor, [b[0] for b in bounds], [b[1] for b in bounds], [b[2] for b in bounds]
    )
    backwards = _reversed(spec)
    if backwards:
        cut = lax().rev(cut, backwards)
    return (cut.reshape(spec.final),)


def strided_slice_gradient(
    masks: SliceMasks, shape: Array, begin: Array, end: Array, strides: Array, dy: Array
) -> tuple[Array]:
    dims = tuple(int(d) for d in shape)
    spec = _resolve(dims, begin, end, strides, masks)
    taken: Any = spec.taken
    piece = dy.reshape(taken)
    if namespace(dy) is np:
        whole = np.zeros(dims, dy.dtype)
        whole[tuple(_python_slice(a) for a in spec.axes)] = piece
        return (whole,)
    backwards = _reversed(spec)
    if backwards:
        piece = lax().rev(piece, backwards)
    if 0 in piece.shape:
        return (namespace(dy).zeros(dims, dy.dtype),)
    padding = [
        (low, size - high, step - 1 if high - low > 1 else 0)
        for size, (low, high, step) in zip(dims, map(_bounds, spec.axes), strict=True)
    ]
    return (lax().pad(piece, np.zeros((), dy.dtype), padding),)


def strided_slice_update(
    masks: SliceMasks,
    tensor: Array,
    begin: Array,
    end: Array,
    strides: Array,
    value: Array,
) -> tuple[Array]:
    """The tensor with the selected elements replaced."""
    spec = _resolve(np.shape(tensor), begin, end, strides, masks)
    xp = namespace(tensor, value)
    final: Any = spec.final
    try:
        piece = xp.broadcast_to(value, final).reshape(spec.taken)
    except ValueError:
        raise InvalidArgumentError(
            None,
            None,
            f"Cannot assign a value of shape {np.shape(value)} to a slice of shape"
            f" {final}",
        ) from None
    where = tuple(_python_slice(a) for a in spec.axes)
    if xp is not np:
        return (xp.asarray(tensor).at[where].set(piece),)
    updated = np.array(tensor)
    updated[where] = piece
    return (updated,)


_SPECIFICATION = ("begin", "end", "strides")

KERNELS = {
    "StridedSlice": Kernel(strided_slice, static=_SPECIFICATION),
    "StridedSliceGrad": Kernel(
        strided_slice_gradient, static=("shape", *_SPECIFICATION)
    ),
    "TensorStridedSliceUpdate": Kernel(strided_slice_update, static=_SPECIFICATION),
    "StridedSliceAssign": Kernel(
        strided_slice_update, static=_SPECIFICATION, updates=("ref",)
    ),
    "ResourceStridedSliceAssign": Kernel(
        strided_slice_update, static=_SPECIFICATION, updates=("ref",)
    ),
}
