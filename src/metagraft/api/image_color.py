"""Types, colours and brightness of images (`tf.image.adjust_hue` and its kin).

Source: tensorflow python/ops/image_ops_impl.py.
"""

from __future__ import annotations

from typing import Any, Final

from metagraft.api.array import tile
from metagraft.api.casts import saturate_cast
from metagraft.api.image_checks import at_least_3d, demand, grayscale
from metagraft.api.math import rsqrt
from metagraft.api.matrix import tensordot
from metagraft.api.reductions import reduce_mean, reduce_prod, reduce_std
from metagraft.graph import dtypes
from metagraft.graph.apply_op import op
from metagraft.graph.build import array
from metagraft.graph.build.control_flow import with_dependencies
from metagraft.graph.build.math import add, cast, divide, floordiv
from metagraft.graph.conversion import convert_to_tensor
from metagraft.graph.scopes import name_scope
from metagraft.graph.tensor import Tensor

__all__ = [
    "adjust_brightness",
    "adjust_contrast",
    "adjust_gamma",
    "adjust_hue",
    "adjust_saturation",
    "convert_image_dtype",
    "grayscale_to_rgb",
    "hsv_to_rgb",
    "per_image_standardization",
    "rgb_to_grayscale",
    "rgb_to_hsv",
    "rgb_to_yiq",
    "rgb_to_yuv",
    "yiq_to_rgb",
    "yuv_to_rgb",
]

_GRAY_WEIGHTS: Final = [0.2989, 0.587, 0.114]
_RGB_TO_YIQ: Final = [
    [0.299, 0.59590059, 0.2115],
    [0.587, -0.27455667, -0.52273617],
    [0.114, -0.32134392, 0.31119955],
]
_YIQ_TO_RGB: Final[list[list[float]]] = [
    [1, 1, 1],
    [0.95598634, -0.27201283, -1.10674021],
    [0.6208248, -0.64720424, 1.70423049],
]
_RGB_TO_YUV: Final = [
    [0.299, -0.14714119, 0.61497538],
    [0.587, -0.28886916, -0.51496512],
    [0.114, 0.43601035, -0.10001026],
]
_YUV_TO_RGB: Final[list[list[float]]] = [
    [1, 1, 1],
    [0, -0.394642334, 2.03206185],
    [1.13988303, -0.58062185, 0],
]


def _multiplied(x: Any, y: Any, name: str | None = None) -> Any:
    return op("Mul", x=x, y=y, name=name)


def convert_image_dtype(
    image: Any, dtype: Any, saturate: bool = False, name: str | None = None
) -> Any:
    """Convert an image to another type, and its range with it.

    The range of a floating-point image is 0 to 1, that of another one 0 to the largest
    number of its type.

    Args:
        image: An image of any shape.
        dtype: A floating-point or integer type.
        saturate: Whether numbers out of range become the nearest ones in it.
        name: Name of the operation.

    Raises:
        AttributeError: A type is neither floating-point nor integer.
    """
    image = convert_to_tensor(image, name="image")
    target = dtypes.as_dtype(dtype)
    for kind, text in ((target, "dtype"), (image.dtype, "image dtype")):
        if not kind.is_floating and not kind.is_integer:
            raise AttributeError(f"{text} must be either floating point or integer")
    if target == image.dtype:
        return array.identity(image, name=name)
    converted = saturate_cast if saturate else cast
    with name_scope(name, "convert_image", [image]) as scope:
        if not image.dtype.is_integer:
            if target.is_floating:
                return cast(image, target, name=scope)
            scaled = _multiplied(image, target.max + 0.5)
            return converted(scaled, target, name=scope)
        if not target.is_integer:
            wide = cast(image, target)
            return _multiplied(wide, 1.0 / image.dtype.max, name=scope)
        largest, new_largest = int(image.dtype.max), int(target.max)
        if largest > new_largest:
            scaled = floordiv(image, (largest + 1) // (new_largest + 1))
            return converted(scaled, target, name=scope)
        wide = converted(image, target)
        return _multiplied(wide, (new_largest + 1) // (largest + 1), name=scope)


def _as_floats(images: Tensor) -> Any:
    """Return `float16` and `float32` images unchanged, others as `float32`."""
    if images.dtype in (dtypes.float16, dtypes.float32):
        return images
    return convert_image_dtype(images, dtypes.float32)


def adjust_brightness(image: Any, delta: Any) -> Any:
    """Add a number, from -1 to 1, to all pixels, and keep their type."""
    with name_scope(None, "adjust_brightness", [image, delta]) as scope:
        image = convert_to_tensor(image, name="image")
        floats = _as_floats(image)
        adjusted = add(floats, cast(delta, floats.dtype), name=scope)
        return convert_image_dtype(adjusted, image.dtype, saturate=True)


def adjust_contrast(images: Any, contrast_factor: Any) -> Any:
    """Multiply the distance of pixels to the mean of their channel.

    Args:
        images: `[..., height, width, channels]`.
        contrast_factor: The factor.
    """
    with name_scope(None, "adjust_contrast", [images, contrast_factor]) as scope:
        images = convert_to_tensor(images, name="images")
        adjusted = op(
            "AdjustContrastv2",
            images=_as_floats(images),
            contrast_factor=contrast_factor,
            name=scope,
        )
        return convert_image_dtype(adjusted, images.dtype, saturate=True)


def adjust_gamma(image: Any, gamma: Any = 1, gain: Any = 1) -> Any:
    """Return `gain * image ** gamma`.

    Raises:
        ValueError: `gamma` is negative.
    """
    with name_scope(None, "adjust_gamma", [image, gamma, gain]):
        image = convert_to_tensor(image, name="image")
        floats = _as_floats(image)
        checks = demand(gamma >= 0, "Gamma should be a non-negative real number.")
        if checks:
            gamma = with_dependencies(checks, gamma)
        adjusted = gain * floats**gamma
        return convert_image_dtype(adjusted, image.dtype, saturate=True)


def adjust_hue(image: Any, delta: Any, name: str | None = None) -> Any:
    """Turn the hue of `[..., 3]` by `delta`, from -1 to 1, of the circle."""
    with name_scope(name, "adjust_hue", [image]):
        image = convert_to_tensor(image, name="image")
        adjusted = op("AdjustHue", images=_as_floats(image), delta=delta)
        return convert_image_dtype(adjusted, image.dtype)


def adjust_saturation(
    image: Any, saturation_factor: Any, name: str | None = None
) -> Any:
    """Multiply the saturation of `[..., 3]`."""
    with name_scope(name, "adjust_saturation", [image]):
        image = convert_to_tensor(image, name="image")
        adjusted = op(
            "AdjustSaturation", images=_as_floats(image), scale=saturation_factor
        )
        return convert_image_dtype(adjusted, image.dtype)


def rgb_to_hsv(images: Any, name: str | None = None) -> Tensor:
    """`[..., 3]`: red, green, blue from 0 to 1 -> hue, saturation, value."""
    result: Tensor = op("RGBToHSV", images=images, name=name)
    return result


def hsv_to_rgb(images: Any, name: str | None = None) -> Tensor:
    """The inverse of `rgb_to_hsv`."""
    result: Tensor = op("HSVToRGB", images=images, name=name)
    return result


def rgb_to_grayscale(images: Any, name: str | None = None) -> Any:
    """`[..., 3]` -> `[..., 1]`, of the same type."""
    with name_scope(name, "rgb_to_grayscale", [images]) as scope:
        images = convert_to_tensor(images, name="images")
        floats = convert_image_dtype(images, dtypes.float32)
        gray = tensordot(floats, _GRAY_WEIGHTS, [-1, -1])
        gray = array.expand_dims(gray, -1)
        return convert_image_dtype(gray, images.dtype, name=scope)


def grayscale_to_rgb(images: Any, name: str | None = None) -> Any:
    """`[..., 1]` -> `[..., 3]`."""
    with name_scope(name, "grayscale_to_rgb", [images]) as scope:
        images = convert_to_tensor(grayscale(images), name="images")
        others = array.expand_dims(array.rank(images) - 1, 0)
        counts = [
            array.ones(others, dtype=dtypes.int32),
            array.expand_dims(3, 0),
        ]
        colored = tile(images, array.concat(counts, 0), name=scope)
        colored.set_shape(images.get_shape()[:-1].concatenate([3]))
        return colored


def _through(images: Any, matrix: list[list[float]]) -> Any:
    images = convert_to_tensor(images, name="images")
    kernel = convert_to_tensor(matrix, dtype=images.dtype, name="kernel")
    rank = images.get_shape().ndims
    return tensordot(images, kernel, axes=[[rank - 1], [0]])


def rgb_to_yiq(images: Any) -> Any:
    """`[..., 3]`: red, green, blue -> Y, I, Q of NTSC."""
    return _through(images, _RGB_TO_YIQ)


def yiq_to_rgb(images: Any) -> Any:
    """The inverse of `rgb_to_yiq`."""
    return _through(images, _YIQ_TO_RGB)


def rgb_to_yuv(images: Any) -> Any:
    """`[..., 3]`: red, green, blue -> Y, U, V of PAL."""
    return _through(images, _RGB_TO_YUV)


def yuv_to_rgb(images: Any) -> Any:
    """The inverse of `rgb_to_yuv`."""
    return _through(images, _YUV_TO_RGB)


def per_image_standardization(image: Any) -> Any:
    """Bring each `[h, w, c]` of `[..., h, w, c]` to mean 0 and variance 1."""
    with name_scope(None, "per_image_standardization", [image]) as scope:
        image = at_least_3d(convert_to_tensor(image, name="image"))
        image = cast(image, dtype=dtypes.float32)
        count = reduce_prod(array.shape(image)[-3:])
        axes = [-1, -2, -3]
        mean = reduce_mean(image, axis=axes, keepdims=True)
        deviation = reduce_std(image, axis=axes, keepdims=True)
        # Images of one colour are not divided by 0.
        least = rsqrt(cast(count, dtypes.float32))
        divisor = op("Maximum", x=deviation, y=least)
        return divide(image - mean, divisor, name=scope)
