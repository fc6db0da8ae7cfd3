"""How alike images are (`tf.image.psnr`, `tf.image.ssim`).

Source: tensorflow python/ops/image_ops_impl.py; Wang et al., Image Quality Assessment:
From Error Visibility to Structural Similarity (2004); Wang et al., Multiscale
Structural Similarity for Image Quality Assessment (2003).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np

from metagraft.api.arithmetic import squared_difference, subtract
from metagraft.api.array import tile
from metagraft.api.assertion import assert_
from metagraft.api.cond import cond
from metagraft.api.constants import constant
from metagraft.api.image_color import convert_image_dtype
from metagraft.api.math import log, square
from metagraft.api.nn_activation import relu
from metagraft.api.nn_depthwise import depthwise_conv2d
from metagraft.api.nn_pooling import avg_pool
from metagraft.api.nn_softmax import softmax
from metagraft.api.reductions import reduce_all, reduce_any, reduce_mean, reduce_prod
from metagraft.graph import dtypes
from metagraft.graph.apply_op import op
from metagraft.graph.build import array
from metagraft.graph.build.math import cast, equal, number_range, power
from metagraft.graph.build.pad import pad
from metagraft.graph.conversion import convert_to_tensor
from metagraft.graph.scopes import control_dependencies, name_scope
from metagraft.graph.tensor import Tensor

__all__ = ["psnr", "ssim", "ssim_multiscale"]

_SCALE_WEIGHTS: Final = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)


def _checked_shapes(img1: Tensor, img2: Tensor) -> tuple[Tensor, Tensor, list[Any]]:
    """Return both shapes, and the checks that they fit together.

    Raises:
        ValueError: They are known not to.
    """
    known1 = img1.get_shape().with_rank_at_least(3)
    known2 = img2.get_shape().with_rank_at_least(3)
    known1[-3:].assert_is_compatible_with(known2[-3:])
    if known1.ndims is not None and known2.ndims is not None:
        outer = (reversed((known1.dims or [])[:-3]), reversed((known2.dims or [])[:-3]))
        for size1, size2 in zip(*outer, strict=False):
            if not (size1 == 1 or size2 == 1 or size1.is_compatible_with(size2)):
                raise ValueError(
                    f"Two images are not compatible: {known1} and {known2}"
                )
    shape1, shape2 = array.shape_n([img1, img2])
    has_rank = op("GreaterEqual", x=array.size(shape1), y=3)
    checks = [assert_(has_rank, [shape1, shape2], summarize=10)]
    is_same = reduce_all(equal(shape1[-3:], shape2[-3:]))
    checks.append(assert_(is_same, [shape1, shape2], summarize=10))
    return shape1, shape2, checks


def psnr(a: Any, b: Any, max_val: Any, name: str | None = None) -> Tensor:
    """Return the ratio of the largest signal to the noise between images, in dB.

    Args:
        a: `[..., h, w, c]`.
        b: Images of the same shape.
        max_val: The distance of the least possible number and the largest.
        name: Name of the scope.

    Returns:
        `float32[...]`.
    """
    with name_scope(name, "PSNR", [a, b]):
        limit = convert_image_dtype(cast(max_val, a.dtype), dtypes.float32)
        a = convert_image_dtype(a, dtypes.float32)
        b = convert_image_dtype(b, dtypes.float32)
        error = reduce_mean(squared_difference(a, b), [-3, -2, -1])
        value = subtract(
            20 * log(limit) / log(10.0),
            np.float32(10 / np.log(10)) * log(error),
            name="psnr",
        )
        _, _, checks = _checked_shapes(a, b)
        with control_dependencies(checks):
            return array.identity(value)


def _window(size: Any, sigma: Any) -> Tensor:
    """Return a normal distribution over `[size, size, 1, 1]`."""
    size = convert_to_tensor(size, dtypes.int32)
    sigma = convert_to_tensor(sigma)
    at = cast(number_range(size), sigma.dtype)
    at = at - cast(size - 1, sigma.dtype) / 2.0
    weights = square(at) * (-0.5 / square(sigma))
    weights = array.reshape(weights, shape=[1, -1]) + array.reshape(
        weights, shape=[-1, 1]
    )
    weights = softmax(array.reshape(weights, shape=[1, -1]))
    return array.reshape(weights, shape=[size, size, 1, 1])


def _luminance_and_structure(
    x: Tensor,
    y: Tensor,
    local_mean: Callable[[Any], Tensor],
    max_val: Any,
    constants: tuple[float, float],
) -> tuple[Any, Any]:
    c1 = (constants[0] * max_val) ** 2
    c2 = (constants[1] * max_val) ** 2
    mean_x, mean_y = local_mean(x), local_mean(y)
    product = mean_x * mean_y * 2.0
    squares = square(mean_x) + square(mean_y)
    luminance = (product + c1) / (squares + c1)
    both = local_mean(x * y) * 2.0
    each = local_mean(square(x) + square(y))
    c2 = c2 * 1.0
    return luminance, (both - product + c2) / (each - squares + c2)


def _per_channel(
    img1: Tensor,
    img2: Tensor,
    max_val: Any,
    window: tuple[Any, Any],
    constants: tuple[float, float],
    *,
    keeps_map: bool = False,
) -> tuple[Any, Any]:
    """Return the similarity of each channel, and its part without luminance."""
    size = constant(window[0], dtype=dtypes.int32)
    sigma = constant(window[1], dtype=img1.dtype)
    shapes = array.shape_n([img1, img2])
    checks = [
        assert_(
            reduce_all(op("GreaterEqual", x=shape[-3:-1], y=size)),
            [shape, size],
            summarize=8,
        )
        for shape in shapes
    ]
    with control_dependencies(checks):
        img1 = array.identity(img1)
    kernel = _window(size, sigma)
    kernel = tile(kernel, multiples=[1, 1, shapes[0][-1], 1])

    def local_mean(x: Any) -> Tensor:
        shape = array.shape(x)
        flat = array.reshape(x, shape=array.concat([[-1], shape[-3:]], 0))
        y = depthwise_conv2d(flat, kernel, strides=[1, 1, 1, 1], padding="VALID")
        whole = array.concat([shape[:-3], array.shape(y)[1:]], 0)
        return array.reshape(y, whole)

    luminance, structure = _luminance_and_structure(
        img1, img2, local_mean, max_val, constants
    )
    if keeps_map:
        return luminance * structure, structure
    axes = constant([-3, -2], dtype=dtypes.int32)
    value = reduce_mean(luminance * structure, axes)
    return value, reduce_mean(structure, axes)


def _prepared(
    img1: Any, img2: Any, max_val: Any
) -> tuple[Tensor, Tensor, Any, tuple[Tensor, Tensor]]:
    img1 = convert_to_tensor(img1, name="img1")
    img2 = convert_to_tensor(img2, name="img2")
    shape1, shape2, checks = _checked_shapes(img1, img2)
    with control_dependencies(checks):
        img1 = array.identity(img1)
    limit = convert_image_dtype(cast(max_val, img1.dtype), dtypes.float32)
    img1 = convert_image_dtype(img1, dtypes.float32)
    img2 = convert_image_dtype(img2, dtypes.float32)
    return img1, img2, limit, (shape1, shape2)


def ssim(
    img1: Any,
    img2: Any,
    max_val: Any,
    filter_size: Any = 11,
    filter_sigma: Any = 1.5,
    k1: float = 0.01,
    k2: float = 0.03,
    return_index_map: bool = False,
) -> Any:
    """Return the structural similarity of images, from -1 to 1.

    Args:
        img1: `[..., h, w, c]`.
        img2: Images of the same shape.
        max_val: The distance of the least possible number and the largest.
        filter_size: Size of the window.
        filter_sigma: Width of the normal distribution in it.
        k1: Keeps luminances near 0 from counting much.
        k2: Keeps contrasts near 0 from counting much.
        return_index_map: Whether the similarity of every place is returned.

    Returns:
        `float32[...]`, or `[..., places, places]`.
    """
    with name_scope(None, "SSIM", [img1, img2]):
        img1, img2, limit, _ = _prepared(img1, img2, max_val)
        value, _ = _per_channel(
            img1,
            img2,
            limit,
            (filter_size, filter_sigma),
            (k1, k2),
            keeps_map=return_index_map,
        )
        return reduce_mean(value, [-1])


def ssim_multiscale(
    img1: Any,
    img2: Any,
    max_val: Any,
    power_factors: Sequence[float] = _SCALE_WEIGHTS,
    filter_size: Any = 11,
    filter_sigma: Any = 1.5,
    k1: float = 0.01,
    k2: float = 0.03,
) -> Any:
    """Return the structural similarity over several scales, each half of the last.

    Args:
        img1: As in `ssim`, like the arguments that are not described here.
        img2: See there.
        max_val: See there.
        power_factors: How much each scale counts.
        filter_size: See there.
        filter_sigma: See there.
        k1: See there.
        k2: See there.
    """
    with name_scope(None, "MS-SSIM", [img1, img2]):
        img1, img2, limit, shapes = _prepared(img1, img2, max_val)
        images: list[Any] = [img1, img2]
        heads = [shape[:-3] for shape in shapes]
        tails = [shape[-3:] for shape in shapes]
        divisor = constant([2, 2, 1], dtype=dtypes.int32)
        parts: list[Any] = []
        value: Any = None
        for scale in range(len(power_factors)):
            with name_scope(None, f"Scale{scale}", images):
                if scale > 0:
                    images, tails = _halved(images, heads, tails, divisor)
                value, structure = _per_channel(
                    images[0],
                    images[1],
                    limit,
                    (filter_size, filter_sigma),
                    (k1, k2),
                )
                parts.append(relu(structure))
        # The last scale counts with its luminance.
        parts.pop()
        stacked = array.stack([*parts, relu(value)], axis=-1)
        product = reduce_prod(power(stacked, power_factors), [-1])
        return reduce_mean(product, [-1])


def _halved(
    images: list[Any], heads: list[Any], tails: list[Any], divisor: Tensor
) -> tuple[list[Any], list[Any]]:
    flat = [
        array.reshape(image, array.concat([[-1], tail], 0))
        for image, tail in zip(images, tails, strict=True)
    ]
    remainder = tails[0] % divisor
    is_odd = reduce_any(op("NotEqual", x=remainder, y=0))

    def padded() -> list[Any]:
        widths = array.expand_dims(remainder, -1)
        widths = pad(widths, [[1, 0], [1, 0]])
        return [pad(image, widths, mode="SYMMETRIC") for image in flat]

    even = cond(is_odd, padded, lambda: flat)
    window = [1, 2, 2, 1]
    halves = [
        avg_pool(image, ksize=window, strides=window, padding="VALID") for image in even
    ]
    new_tails = [shape[1:] for shape in array.shape_n(halves)]
    whole = [
        array.reshape(half, array.concat([head, tail], 0))
        for half, head, tail in zip(halves, heads, new_tails, strict=True)
    ]
    return whole, new_tails
