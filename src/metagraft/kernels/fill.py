"""Arrays of repeated values; twin of `ops/fill.py`."""

from __future__ import annotations

from typing import Any

import numpy as np

from metagraft.errors import InvalidArgumentError
from metagraft.graph.attrs import Attrs
from metagraft.graph.shapes import show
from metagraft.kernels.element_counts import check_count, check_product
from metagraft.kernels.kernel import Array, Kernel
from metagraft.kernels.namespace import namespace
from metagraft.kernels.variant_value import is_variant, zeros_like_variant


def _sizes(values: Array, what: str) -> tuple[int, ...]:
    if np.ndim(values) != 1:
        raise InvalidArgumentError(
            None,
            None,
            f"{what} must represent a vector, got shape {show(np.shape(values))}",
        )
    sizes = tuple(int(v) for v in values)
    for i, size in enumerate(sizes):
        if size < 0:
            text = f"Dimension {size} must be >= 0"
            if what == "multiples":
                text = f"Expected multiples[{i}] >= 0, but got {size}"
            raise InvalidArgumentError(None, None, text)
    if what != "multiples":
        check_count(sizes)
    return sizes


def fill(_: Attrs, dims: Array, value: Array) -> tuple[Array]:
    sizes = _sizes(np.reshape(dims, -1) if np.ndim(dims) == 0 else dims, "dims")
    if np.shape(value) not in {(), (1,)}:
        raise InvalidArgumentError(
            None, None, f"value must represent a scalar, got shape {show(value.shape)}"
        )
    if namespace(value) is np:
        return (np.full(sizes, value, np.asarray(value).dtype),)
    return (namespace(value).broadcast_to(value, sizes),)


def zeros_like(attrs: Attrs, x: Array) -> tuple[Array]:
    if is_variant(x):
        return (zeros_like_variant(x),)
    return (_constant_like(attrs, x, 0, b""),)


def ones_like(attrs: Attrs, x: Array) -> tuple[Array]:
    return (_constant_like(attrs, x, 1, b"\x01"),)


def _constant_like(attrs: Attrs, x: Array, number: int, text: bytes) -> Array:
    dtype = attrs["T"].numpy_dtype
    fill_value: Any = text if dtype == np.dtype(object) else number
    if namespace(x) is np:
        return np.full(np.shape(x), fill_value, dtype)
    return namespace(x).full(x.shape, fill_value, dtype)


def empty(attrs: Attrs, shape: Array) -> tuple[Array]:
    dtype = attrs["dtype"].numpy_dtype
    fill_value: Any = b"" if dtype == np.dtype(object) else 0
    return (np.full(_sizes(shape, "shape"), fill_value, dtype),)


def tile(_: Attrs, tensor: Array, multiples: Array) -> tuple[Array]:
    if np.ndim(multiples) != 1:
        shown = show(np.shape(multiples))
        text = f"Expected multiples to be 1-D, but got shape {shown}"
        raise InvalidArgumentError(None, None, text)
    repeats = _sizes(multiples, "multiples")
    if len(repeats) != len(np.shape(tensor)):
        raise InvalidArgumentError(
            None,
            None,
            "Expected multiples argument to be a vector of length"
            f" {len(np.shape(tensor))} but got length {len(repeats)}",
        )
    result = [d * m for d, m in zip(np.shape(tensor), repeats, strict=True)]
    check_product(result)
    return (namespace(tensor).tile(tensor, repeats),)


def tile_gradient(_: Attrs, tensor: Array, multiples: Array) -> tuple[Array]:
    """Sum over the repetitions."""
    xp = namespace(tensor)
    repeats = _sizes(multiples, "multiples")
    split = []
    for d, m in zip(tensor.shape, repeats, strict=True):
        split += [m, d // m]
    axes = tuple(range(0, 2 * len(repeats), 2))
    summed = xp.sum(tensor.reshape(split), axis=axes, dtype=tensor.dtype)
    return (xp.asarray(summed),)


def broadcast_to(_: Attrs, tensor: Array, shape: Array) -> tuple[Array]:
    xp, dims = namespace(tensor), np.shape(tensor)
    target = tuple(_sizes(shape, "shape"))
    if len(dims) > len(target):
        raise InvalidArgumentError(
            None,
            None,
            f"Rank of input ({len(dims)}) must be no greater than rank of output shape"
            f" ({len(target)}).",
        )
    for size in target:
        if size < 0:
            raise InvalidArgumentError(None, None, f"Dimension {size} must be >= 0")
    try:
        repeated = xp.broadcast_to(tensor, target)
    except ValueError:
        raise InvalidArgumentError(
            None, None, f"Incompatible shapes: {show(dims)} vs. {show(target)}"
        ) from None
    return (repeated.copy() if xp is np else repeated,)


def one_hot(
    attrs: Attrs, indices: Array, depth: Array, on_value: Array, off_value: Array
) -> tuple[Array]:
    xp = namespace(indices, on_value, off_value)
    operands = (("depth", depth), ("on_value", on_value), ("off_value", off_value))
    for name, operand in operands:
        if np.shape(operand):
            raise InvalidArgumentError(
                None,
                None,
                f"{name} must be a scalar, but got: {show(np.shape(operand))}",
            )
    count = int(depth)
    if count < 0:
        raise InvalidArgumentError(
            None, None, f"depth must be non-negative, got: {count}"
        )
    rank = len(np.shape(indices))
    if attrs["axis"] > rank:
        raise InvalidArgumentError(
            None,
            None,
            f"Expected axis to be -1 or between [0, {rank + 1}).  But received:"
            f" {attrs['axis']}",
        )
    axis = rank if attrs["axis"] == -1 else int(attrs["axis"])
    positions = xp.arange(count, dtype=indices.dtype)
    positions = positions.reshape((count,) + (1,) * (rank - axis))
    chosen = xp.expand_dims(indices, axis) == positions
    return (xp.where(chosen, on_value, off_value),)


KERNELS = {
    "Fill": Kernel(fill, static=("dims",)),
    "ZerosLike": Kernel(zeros_like),
    "OnesLike": Kernel(ones_like),
    "Empty": Kernel(empty, static=("shape",)),
    "Tile": Kernel(tile, static=("multiples",)),
    "TileGrad": Kernel(tile_gradient, static=("multiples",)),
    "BroadcastTo": Kernel(broadcast_to, static=("shape",)),
    "OneHot": Kernel(one_hot, static=("depth",)),
}
