"""Moving blocks of pixels between space, depth and batch, and patches of images."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from metagraft.api.renamed_arguments import renamed_argument
from metagraft.graph import dtypes
from metagraft.graph.apply_op import op
from metagraft.graph.build import array, space_batch
from metagraft.graph.constant_value import constant_value
from metagraft.graph.conversion import convert_to_tensor
from metagraft.graph.scopes import name_scope
from metagraft.graph.tensor import Tensor

__all__ = [
    "batch_to_space",
    "batch_to_space_nd",
    "depth_to_space",
    "extract_image_patches",
    "extract_patches",
    "extract_volume_patches",
    "required_space_to_batch_paddings",
    "space_to_batch",
    "space_to_batch_nd",
    "space_to_depth",
]


def space_to_depth(
    input: Any, block_size: int, name: str | None = None, data_format: str = "NHWC"
) -> Tensor:
    """Move square blocks of pixels into the channels."""
    result: Tensor = op(
        "SpaceToDepth",
        input=input,
        block_size=block_size,
        data_format=data_format,
        name=name,
    )
    return result


def depth_to_space(
    input: Any, block_size: int, name: str | None = None, data_format: str = "NHWC"
) -> Tensor:
    """Move parts of the channels into square blocks of pixels."""
    result: Tensor = op(
        "DepthToSpace",
        input=input,
        block_size=block_size,
        data_format=data_format,
        name=name,
    )
    return result


def space_to_batch(
    input: Any,
    paddings: Any,
    block_size: Any = None,
    name: str | None = None,
    block_shape: Any = None,
) -> Tensor:
    """Move square blocks of `[n, h, w, c]` into the batch."""
    size = renamed_argument("block_shape", block_shape, "block_size", block_size)
    return space_batch.space_to_batch(input, paddings, size, name)


def batch_to_space(
    input: Any,
    crops: Any,
    block_size: Any,
    name: str | None = None,
    block_shape: Any = None,
) -> Tensor:
    """Move parts of the batch into square blocks of `[n, h, w, c]`."""
    size = renamed_argument("block_shape", block_shape, "block_size", block_size)
    return space_batch.batch_to_space(input, crops, size, name)


def space_to_batch_nd(
    input: Any, block_shape: Any, paddings: Any, name: str | None = None
) -> Tensor:
    """Move blocks of any number of axes into the batch."""
    result: Tensor = op(
        "SpaceToBatchND",
        input=input,
        block_shape=block_shape,
        paddings=paddings,
        name=name,
    )
    return result


def batch_to_space_nd(
    input: Any, block_shape: Any, crops: Any, name: str | None = None
) -> Tensor:
    """Move parts of the batch into blocks of any number of axes."""
    result: Tensor = op(
        "BatchToSpaceND", input=input, block_shape=block_shape, crops=crops, name=name
    )
    return result


def required_space_to_batch_paddings(
    input_shape: Any,
    block_shape: Any,
    base_paddings: Any = None,
    name: str | None = None,
) -> tuple[Tensor, Tensor]:
    """Return the paddings that make sizes divisible by blocks, and their undoing.

    Args:
        input_shape: Sizes of the axes.
        block_shape: Sizes of the blocks.
        base_paddings: `[axes, 2]`, the least paddings; zeros by default.
        name: Name of the scope.

    Returns:
        `(paddings, crops)`, both `[axes, 2]`.
    """
    values = [input_shape, block_shape]
    with name_scope(name, "required_space_to_batch_paddings", values):
        sizes: Any = convert_to_tensor(
            input_shape, dtype=dtypes.int32, name="input_shape"
        )
        blocks: Any = convert_to_tensor(
            block_shape, dtype=dtypes.int32, name="block_shape"
        )
        blocks.shape.assert_is_fully_defined()
        blocks.shape.assert_has_rank(1)
        count = blocks.dims[0]
        if count == 0:
            none = array.zeros([0, 2], dtypes.int32)
            return none, array.zeros([0, 2], dtypes.int32)
        sizes.shape.assert_is_compatible_with([count])
        base: Any
        if base_paddings is None:
            base = array.zeros([count, 2], dtypes.int32)
        else:
            base = convert_to_tensor(
                base_paddings, dtype=dtypes.int32, name="base_paddings"
            )
            base.shape.assert_is_compatible_with([count, 2])
        known = [constant_value(t) for t in (blocks, sizes, base)]
        if all(value is not None for value in known):
            blocks, sizes, base = known
        start, end = base[:, 0], base[:, 1]
        full = sizes + start + end
        extra = (blocks - full % blocks) % blocks
        end = end + extra
        pairs = [[start[i], end[i]] for i in range(count)]
        paddings = array.stack(pairs, name="paddings")
        crops = array.stack([[0, extra[i]] for i in range(count)], name="crops")
        return paddings, crops


def _known_integers(values: Any, name: str) -> Any:
    """Replace constant tensors in a list of an attribute by their values."""
    if not isinstance(values, list | tuple):
        return values
    result: list[Any] = []
    for i, value in enumerate(values):
        if isinstance(value, Tensor):
            known = constant_value(value)
            if known is None:
                raise TypeError(
                    f"'{name}' must contain values known when the graph is built, but"
                    f" element {i} is a tensor that only a run knows: {value}."
                )
            result.append(int(np.asarray(known)))
        else:
            result.append(value)
    return result


def extract_image_patches(
    images: Any,
    ksizes: Any = None,
    strides: Sequence[int] | None = None,
    rates: Sequence[int] | None = None,
    padding: str | None = None,
    name: str | None = None,
    sizes: Any = None,
) -> Tensor:
    """Return patches of `[n, h, w, c]`, each in the channels of one pixel."""
    sizes = renamed_argument("sizes", sizes, "ksizes", ksizes)
    result: Tensor = op(
        "ExtractImagePatches",
        images=images,
        ksizes=_known_integers(sizes, "sizes"),
        strides=_known_integers(strides, "strides"),
        rates=_known_integers(rates, "rates"),
        padding=padding,
        name=name,
    )
    return result


def extract_patches(
    images: Any,
    sizes: Any,
    strides: Any,
    rates: Any,
    padding: str,
    name: str | None = None,
) -> Tensor:
    """As `extract_image_patches`."""
    return extract_image_patches(
        images, strides=strides, rates=rates, padding=padding, name=name, sizes=sizes
    )


def extract_volume_patches(
    input: Any,
    ksizes: Sequence[int],
    strides: Sequence[int],
    padding: str,
    name: str | None = None,
) -> Tensor:
    """Return patches of `[n, d, h, w, c]`, each in the channels of one voxel."""
    result: Tensor = op(
        "ExtractVolumePatches",
        input=input,
        ksizes=ksizes,
        strides=strides,
        padding=padding,
        name=name,
    )
    return result
