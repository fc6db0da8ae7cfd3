"""Moving blocks of pixels; twin of `ops/space_depth.py`."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from metagraft.errors import InvalidArgumentError
from metagraft.graph.attrs import Attrs
from metagraft.kernels.element_counts import check_product
from metagraft.kernels.kernel import Array, Kernel
from metagraft.kernels.namespace import namespace

_VECTOR = 4


def _require(is_met: bool, message: str) -> None:
    if not is_met:
        raise InvalidArgumentError(None, None, message)


def _to_nhwc(attrs: Attrs, tensor: Array) -> Array:
    data_format = attrs["data_format"]
    if data_format == b"NCHW_VECT_C":
        # The parts of its vectors are as independent as images are.
        n, c, h, w, _ = tensor.shape
        parts = namespace(tensor).moveaxis(tensor, -1, 1).reshape(n * _VECTOR, c, h, w)
        return namespace(tensor).transpose(parts, (0, 2, 3, 1))
    if data_format == b"NCHW":
        return namespace(tensor).transpose(tensor, (0, 2, 3, 1))
    return tensor


def _from_nhwc(attrs: Attrs, tensor: Array) -> Array:
    data_format = attrs["data_format"]
    if data_format == b"NHWC":
        return tensor
    tensor = namespace(tensor).transpose(tensor, (0, 3, 1, 2))
    if data_format == b"NCHW":
        return tensor
    n, *dims = tensor.shape
    parts = tensor.reshape(n // _VECTOR, _VECTOR, *dims)
    return namespace(tensor).moveaxis(parts, 1, -1)


def depth_to_space(attrs: Attrs, tensor: Array) -> tuple[Array]:
    tensor = _to_nhwc(attrs, tensor)
    b = int(attrs["block_size"])
    n, h, w, c = tensor.shape
    _require(
        c % (b * b) == 0,
        f"Input depth dimension {c} should be divisible by: {b * b}",
    )
    blocks = tensor.reshape(n, h, w, b, b, c // (b * b))
    spread = blocks.transpose(0, 1, 3, 2, 4, 5)
    return (_from_nhwc(attrs, spread.reshape(n, h * b, w * b, c // (b * b))),)


def space_to_depth(attrs: Attrs, tensor: Array) -> tuple[Array]:
    tensor = _to_nhwc(attrs, tensor)
    b = int(attrs["block_size"])
    n, h, w, c = tensor.shape
    _require(
        h % b == 0 and w % b == 0,
        f"Image width {w} and height {h} should be divisible by block_size: {b}",
    )
    blocks = tensor.reshape(n, h // b, b, w // b, b, c)
    stacked = blocks.transpose(0, 1, 3, 2, 4, 5)
    return (_from_nhwc(attrs, stacked.reshape(n, h // b, w // b, c * b * b)),)


def space_to_batch_nd(
    _: Attrs, tensor: Array, block_shape: Array, paddings: Array
) -> tuple[Array]:
    blocks = [int(b) for b in block_shape]
    widths = [(int(a), int(b)) for a, b in paddings]
    return (_space_to_batch(tensor, blocks, widths),)


def _space_to_batch(
    tensor: Array, blocks: Sequence[int], widths: Sequence[tuple[int, int]]
) -> Array:
    m = len(blocks)
    rest = len(np.shape(tensor)) - 1 - m
    full = [(0, 0), *widths, *[(0, 0)] * rest]
    for i, block in enumerate(blocks):
        _require(
            block > 0,
            "All values in block_shape must be positive, got value, "
            f"{block} at index {i}.",
        )
    batch, product = np.shape(tensor)[0], math.prod(blocks)
    _require(product < 1 << 63, "Product of block sizes must be positive, got -1")
    _require(
        batch * product < 1 << 63,
        "Negative output dimension size caused by overflow when multiplying "
        f"{batch} and {product}",
    )
    _require(all(a >= 0 and b >= 0 for a, b in widths), "Paddings must be non-negative")
    sizes = zip(np.shape(tensor), full, strict=True)
    _, *inner = (before + size + after for size, (before, after) in sizes)
    split: list[int] = [batch]
    for i, (size, block) in enumerate(zip(inner[:m], blocks, strict=True)):
        _require(
            size % block == 0,
            f"padded_shape[{i}]={size} is not divisible by block_shape[{i}]={block}",
        )
        split += [size // block, block]
    split += inner[m:]
    order = [
        *range(2, 2 * m + 1, 2),
        0,
        *range(1, 2 * m, 2),
        *range(2 * m + 1, 2 * m + 1 + rest),
    ]
    places = [s // b for s, b in zip(inner[:m], blocks, strict=True)]
    final = [batch * product, *places, *inner[m:]]
    check_product(final)
    padded = namespace(tensor).pad(tensor, full)
    return padded.reshape(split).transpose(order).reshape(final)


def batch_to_space_nd(
    _: Attrs, tensor: Array, block_shape: Array, crops: Array
) -> tuple[Array]:
    blocks = [int(b) for b in block_shape]
    return (_batch_to_space(tensor, blocks, [(int(a), int(b)) for a, b in crops]),)


def _batch_to_space(
    tensor: Array, blocks: Sequence[int], crops: Sequence[tuple[int, int]]
) -> Array:
    m = len(blocks)
    batch, *inner = np.shape(tensor)
    rest = len(inner) - m
    _check_crops(batch, math.prod(blocks), crops)
    outer = batch // math.prod(blocks)
    split = tensor.reshape([*blocks, outer, *inner])
    order = [m]
    for i in range(m):
        order += [m + 1 + i, i]
    order += range(2 * m + 1, 2 * m + 1 + rest)
    sizes = [s * b for s, b in zip(inner[:m], blocks, strict=True)]
    whole = split.transpose(order).reshape([outer, *sizes, *inner[m:]])
    for i, ((a, b), size) in enumerate(zip(crops, sizes, strict=True)):
        rest = size - a - b
        _require(rest >= 0, f"cropped_shape[{i}]={rest} must be non-negative")
    cuts = [slice(a, s - b) for (a, b), s in zip(crops, sizes, strict=True)]
    return whole[(slice(None), *cuts)]


def _check_crops(batch: int, product: int, crops: Sequence[tuple[int, int]]) -> None:
    _require(product > 0, f"Product of block sizes must be positive, got {product}")
    _require(
        batch % product == 0,
        f"Input batch dimension ({batch}) is not divisible by product of block sizes"
        f" ({product})",
    )
    _require(all(a >= 0 and b >= 0 for a, b in crops), "Crops must be non-negative")


def space_to_batch(attrs: Attrs, tensor: Array, paddings: Array) -> tuple[Array]:
    block = int(attrs["block_size"])
    return (
        _space_to_batch(tensor, [block] * 2, [(int(a), int(b)) for a, b in paddings]),
    )


def batch_to_space(attrs: Attrs, tensor: Array, crops: Array) -> tuple[Array]:
    block = int(attrs["block_size"])
    return (_batch_to_space(tensor, [block] * 2, [(int(a), int(b)) for a, b in crops]),)


KERNELS = {
    "DepthToSpace": Kernel(depth_to_space),
    "SpaceToDepth": Kernel(space_to_depth),
    "SpaceToBatch": Kernel(space_to_batch, static=("paddings",)),
    "SpaceToBatchND": Kernel(space_to_batch_nd, static=("block_shape", "paddings")),
    "BatchToSpace": Kernel(batch_to_space, static=("crops",)),
    "BatchToSpaceND": Kernel(batch_to_space_nd, static=("block_shape", "crops")),
}
