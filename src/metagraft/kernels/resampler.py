"""Images read at given points; twin of `ops/resampler.py`.

Source: tensorflow 1.15 contrib/resampler/kernels/resampler_ops.cc.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from metagraft.errors import InvalidArgumentError, UnimplementedError
from metagraft.kernels.kernel import Array, Kernel
from metagraft.kernels.namespace import namespace


class _Corner(NamedTuple):
    """One of the four pixels around each point.

    Attributes:
        place: Batch, row and column, all inside of the image.
        is_there: Where the pixel and the point are inside.
        value: The pixel, 0 outside.
    """

    place: tuple[Any, Any, Any]
    is_there: Array
    value: Array


class _Points:
    """Points between pixels: `near_x` and `near_y` tell how near the first ones are."""

    def __init__(self, data: Array, warp: Array) -> None:
        xp = namespace(data, warp)
        count, self._height, self._width, self._channels = data.shape
        flat = warp.reshape(count, -1, 2)
        x, y = flat[..., 0], flat[..., 1]
        kind = warp.dtype.type
        self._is_used = (
            (x > kind(-1)) & (y > kind(-1)) & (x < self._width) & (y < self._height)
        )
        x = xp.where(self._is_used, x, kind(0))
        y = xp.where(self._is_used, y, kind(0))
        left, top = xp.floor(x), xp.floor(y)
        self._data = data
        self._left, self._top = left.astype(np.int32), top.astype(np.int32)
        self.near_x = (left + kind(1) - x)[..., None]
        self.near_y = (top + kind(1) - y)[..., None]
        self._batch = np.arange(count, dtype=np.int32)[:, None]

    def corner(self, down: int, right: int) -> _Corner:
        """Return the pixel at the point, or the one below or on the right."""
        xp = namespace(self._data, self._top)
        row = self._top + np.int32(down)
        column = self._left + np.int32(right)
        is_there = (row >= 0) & (row < self._height) & (column >= 0)
        is_there = (is_there & (column < self._width) & self._is_used)[..., None]
        place = (
            self._batch,
            xp.clip(row, 0, self._height - 1),
            xp.clip(column, 0, self._width - 1),
        )
        value = xp.where(is_there, xp.asarray(self._data)[place], 0)
        return _Corner(place, is_there, value.astype(self._data.dtype))


def _check(data: Array, warp: Array) -> None:
    if data.ndim != 4:
        raise UnimplementedError(
            None,
            None,
            "Only bilinear interpolation is currently supported. The input data shape"
            " must be [batch_size, data_height, data_width, data_channels], but is:"
            f" {list(data.shape)}",
        )
    if warp.ndim < 2:
        raise InvalidArgumentError(
            None,
            None,
            f"warp should be at least a matrix, got shape {list(warp.shape)}",
        )
    if warp.shape[-1] != 2:
        raise UnimplementedError(
            None,
            None,
            "Only bilinear interpolation is supported, warping coordinates must be 2D;"
            f" warp shape last entry should be 2, but shape vector is: {warp.shape}",
        )
    if data.shape[0] != warp.shape[0]:
        raise InvalidArgumentError(
            None,
            None,
            "Batch size of data and warp tensor must be the same, but input shapes"
            f" are: {list(data.shape)}, {list(warp.shape)}",
        )


def resampler(_attrs: Any, data: Array, warp: Array) -> tuple[Array]:
    """Interpolate between the four pixels around each point; 0 is outside."""
    _check(data, warp)
    points = _Points(data, warp)
    one = data.dtype.type(1)
    x, y = points.near_x, points.near_y
    total = x * y * points.corner(0, 0).value
    total = total + (one - x) * (one - y) * points.corner(1, 1).value
    total = total + x * (one - y) * points.corner(1, 0).value
    total = total + (one - x) * y * points.corner(0, 1).value
    return (total.reshape(*warp.shape[:-1], data.shape[3]),)


def resampler_grad(
    _attrs: Any, data: Array, warp: Array, grad_output: Array
) -> tuple[Array, Array]:
    """What pixels gave to points, and how points move what they read."""
    _check(data, warp)
    wanted = (*warp.shape[:-1], data.shape[3])
    if grad_output.shape != wanted:
        raise InvalidArgumentError(
            None,
            None,
            "grad_output shape is not consistent with data and warp shapes; it should"
            f" be {list(wanted)} but is {list(grad_output.shape)}",
        )
    xp = namespace(data, warp, grad_output)
    points = _Points(data, warp)
    one = data.dtype.type(1)
    x, y = points.near_x, points.near_y
    dy = grad_output.reshape(data.shape[0], -1, data.shape[3])
    corners = {(i, j): points.corner(i, j) for i in range(2) for j in range(2)}
    value = {place: corner.value for place, corner in corners.items()}
    across = (one - y) * (value[1, 1] - value[1, 0]) + y * (value[0, 1] - value[0, 0])
    down = (one - x) * (value[1, 1] - value[0, 1]) + x * (value[1, 0] - value[0, 0])
    moves = xp.stack([(dy * across).sum(-1), (dy * down).sum(-1)], axis=-1)
    total = xp.zeros(data.shape, data.dtype)
    for (below, right), corner in corners.items():
        share = ((one - x) if right else x) * ((one - y) if below else y)
        term = xp.where(corner.is_there, dy * share, 0).astype(data.dtype)
        if xp is np:
            np.add.at(total, corner.place, term)
        else:
            total = total.at[corner.place].add(term)
    return total, moves.reshape(warp.shape).astype(warp.dtype)


KERNELS = {
    "Resampler": Kernel(resampler),
    "ResamplerGrad": Kernel(resampler_grad),
}
