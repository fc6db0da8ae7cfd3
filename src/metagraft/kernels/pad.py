"""Padding; twin of `ops/pad.py`."""

from __future__ import annotations

from typing import Any

import numpy as np

from metagraft.errors import InvalidArgumentError
from metagraft.graph.attrs import Attrs
from metagraft.graph.shapes import show
from metagraft.kernels.element_counts import check_product
from metagraft.kernels.kernel import Array, Kernel
from metagraft.kernels.namespace import lax, namespace


def _widths(paddings: Array, dims: tuple[int, ...]) -> list[tuple[int, int]]:
    if np.ndim(paddings) != 2 or np.shape(paddings)[1] != 2:
        raise InvalidArgumentError(
            None,
            None,
            f"paddings must be a matrix with 2 columns: {show(np.shape(paddings))}",
        )
    if len(paddings) != len(dims):
        raise InvalidArgumentError(
            None,
            None,
            "The first dimension of paddings must be the rank of inputs"
            f"{show(np.shape(paddings))} {show(dims)}",
        )
    widths = [(int(a), int(b)) for a, b in paddings]
    for a, b in widths:
        if a < 0 or b < 0:
            raise InvalidArgumentError(
                None, None, f"Paddings must be non-negative: {a} {b}"
            )
    return widths


def pad(attrs: Attrs, tensor: Array, paddings: Array) -> tuple[Array]:
    dtype = attrs["T"].numpy_dtype
    zero: Any = b"" if dtype == np.dtype(object) else 0
    return pad_v2(attrs, tensor, paddings, np.array(zero, dtype))


def pad_v2(
    _: Attrs, tensor: Array, paddings: Array, constant_values: Array
) -> tuple[Array]:
    if np.shape(constant_values):
        raise InvalidArgumentError(
            None,
            None,
            f"constant_values must be a scalar. Found: {show(constant_values.shape)}",
        )
    dims = np.shape(tensor)
    widths = _widths(paddings, dims)
    sizes = [a + d + b for d, (a, b) in zip(dims, widths, strict=True)]
    check_product(sizes)
    if namespace(tensor, constant_values) is not np:
        config = [(before, after, 0) for before, after in widths]
        return (lax().pad(tensor, constant_values, config),)
    padded = np.full(sizes, constant_values, np.asarray(tensor).dtype)
    inner = tuple(slice(a, a + d) for d, (a, _) in zip(dims, widths, strict=True))
    padded[inner] = tensor
    return (padded,)


def _overlap(attrs: Attrs) -> int:
    """How many elements next to an edge are not repeated: 1 for REFLECT."""
    return 1 if attrs["mode"] == b"REFLECT" else 0


def _piece(tensor: Array, axis: int, start: int, stop: int) -> Array:
    before: tuple[Any, ...] = (slice(None),) * axis
    return tensor[(*before, slice(start, stop))]


def mirror_pad(attrs: Attrs, tensor: Array, paddings: Array) -> tuple[Array]:
    xp = namespace(tensor)
    tensor = xp.asarray(tensor)
    overlap = _overlap(attrs)
    for axis, (before, after) in enumerate(_widths(paddings, tensor.shape)):
        size = tensor.shape[axis]
        if max(before, after) > size - overlap:
            rule = "less than" if overlap else "no greater than"
            broken = "not less than" if overlap else "greater than"
            raise InvalidArgumentError(
                None,
                None,
                f"paddings must be {rule} the dimension size: {before}, {after}"
                f" {broken} {size}",
            )
        if before or after:
            left = _piece(tensor, axis, overlap, overlap + before)
            right = _piece(tensor, axis, size - overlap - after, size - overlap)
            parts = (xp.flip(left, axis), tensor, xp.flip(right, axis))
            tensor = xp.concatenate(parts, axis=axis)
    return (tensor,)


def mirror_pad_gradient(attrs: Attrs, tensor: Array, paddings: Array) -> tuple[Array]:
    """Add what lies in the padding to the elements it mirrored."""
    xp = namespace(tensor)
    tensor = xp.asarray(tensor)
    overlap = _overlap(attrs)
    for axis, (before, after) in enumerate(_widths(paddings, tensor.shape)):
        size = tensor.shape[axis] - before - after
        if size <= 0:
            raise InvalidArgumentError(
                None,
                None,
                "Total paddings must be less than the input dimension size: "
                f"{before + after} was not less than {tensor.shape[axis]}",
            )
        if not (before or after):
            continue
        core = _piece(tensor, axis, before, before + size)
        left = xp.flip(_piece(tensor, axis, 0, before), axis)
        right = xp.flip(
            _piece(tensor, axis, before + size, before + size + after), axis
        )
        right_start = size - overlap - after
        core = core + _placed(left, axis, overlap, size)
        tensor = core + _placed(right, axis, right_start, size)
    return (tensor,)


def _placed(part: Array, axis: int, start: int, size: int) -> Array:
    """`part` in an array of zeros, which change no number, that is `size` long."""
    widths = [(0, 0)] * part.ndim
    widths[axis] = (start, size - start - part.shape[axis])
    zero = -part.dtype.type(0)
    return namespace(part).pad(part, widths, constant_values=zero)


KERNELS = {
    "Pad": Kernel(pad, static=("paddings",)),
    "PadV2": Kernel(pad_v2, static=("paddings",)),
    "MirrorPad": Kernel(mirror_pad, static=("paddings",)),
    "MirrorPadGrad": Kernel(mirror_pad_gradient, static=("paddings",)),
}
