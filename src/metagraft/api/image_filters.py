"""Differences of neighbouring pixels (`tf.image.sobel_edges` and its kin).

Source: tensorflow python/ops/image_ops_impl.py.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from metagraft.api.array import tile
from metagraft.api.constants import constant
from metagraft.api.math import abs as absolute
from metagraft.api.nn_depthwise import depthwise_conv2d
from metagraft.api.reductions import reduce_sum
from metagraft.graph.build import array
from metagraft.graph.build.pad import pad
from metagraft.graph.scopes import name_scope
from metagraft.graph.tensor import Tensor

__all__ = ["image_gradients", "sobel_edges", "total_variation"]

# How much pixels change downwards and to the right.
_SOBEL: Final = [
    [[-1, -2, -1], [0, 0, 0], [1, 2, 1]],
    [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]],
]


def image_gradients(image: Any) -> tuple[Tensor, Tensor]:
    """Return the differences to the pixel below and to that on the right.

    Args:
        image: `[n, h, w, c]`.

    Returns:
        Two tensors of its shape; the last row, or column, is 0.

    Raises:
        ValueError: The image has another rank.
    """
    if image.get_shape().ndims != 4:
        raise ValueError(
            "image_gradients expects a 4D tensor [batch_size, h, w, d], not"
            f" {image.get_shape()}."
        )
    shape = array.shape(image)
    batch, height, width, depth = array.unstack(shape)
    down = image[:, 1:, :, :] - image[:, :-1, :, :]
    right = image[:, :, 1:, :] - image[:, :, :-1, :]

    def completed(differences: Any, missing: list[Any], axis: int) -> Tensor:
        rest = array.zeros(array.stack(missing), image.dtype)
        return array.reshape(array.concat([differences, rest], axis), shape)

    return (
        completed(down, [batch, 1, width, depth], 1),
        completed(right, [batch, height, 1, depth], 2),
    )


def sobel_edges(image: Any) -> Tensor:
    """`[n, h, w, c]` -> `[n, h, w, c, 2]`: Sobel's differences down and right."""
    known = image.get_shape()
    shape = array.shape(image)
    weights = np.expand_dims(np.transpose(np.asarray(_SOBEL), (1, 2, 0)), -2)
    kernels = constant(weights, dtype=image.dtype)
    kernels = tile(kernels, [1, 1, shape[-1], 1], name="sobel_filters")
    padded = pad(image, [[0, 0], [1, 1], [1, 1], [0, 0]], mode="REFLECT")
    output = depthwise_conv2d(padded, kernels, [1, 1, 1, 1], "VALID")
    output = array.reshape(output, array.concat([shape, [len(_SOBEL)]], 0))
    output.set_shape(known.concatenate([len(_SOBEL)]))
    return output


def total_variation(images: Any, name: str | None = None) -> Any:
    """Add up how much neighbouring pixels differ.

    Args:
        images: `[h, w, c]` or `[n, h, w, c]`.
        name: Name of the scope.

    Returns:
        A scalar, or `[n]`.

    Raises:
        ValueError: The images have another rank.
    """
    with name_scope(name, "total_variation"):
        rank = images.get_shape().ndims
        if rank == 3:
            down = images[1:, :, :] - images[:-1, :, :]
            right = images[:, 1:, :] - images[:, :-1, :]
            axes = None
        elif rank == 4:
            down = images[:, 1:, :, :] - images[:, :-1, :, :]
            right = images[:, :, 1:, :] - images[:, :, :-1, :]
            axes = [1, 2, 3]
        else:
            raise ValueError("'images' must be either 3 or 4-dimensional.")
        downwards = reduce_sum(absolute(down), axis=axes)
        return downwards + reduce_sum(absolute(right), axis=axes)
