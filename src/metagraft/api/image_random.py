"""Random changes of images (`tf.image.random_hue` and its kin).

Each comes with a seed of the operation, or, as `stateless_...`, with a seed that alone
decides.

Source: tensorflow python/ops/image_ops_impl.py.
"""

from __future__ import annotations

from typing import Any

from metagraft.api.image_codecs import adjust_jpeg_quality
from metagraft.api.image_color import (
    adjust_brightness,
    adjust_contrast,
    adjust_hue,
    adjust_saturation,
)
from metagraft.api.random import random_uniform
from metagraft.api.stateless_random import stateless_uniform
from metagraft.graph import dtypes
from metagraft.graph.tensor import Tensor

__all__ = [
    "random_brightness",
    "random_contrast",
    "random_hue",
    "random_jpeg_quality",
    "random_saturation",
    "stateless_random_brightness",
    "stateless_random_contrast",
    "stateless_random_hue",
    "stateless_random_jpeg_quality",
    "stateless_random_saturation",
]


def _drawn(low: Any, high: Any, seed: Any) -> Tensor:
    return stateless_uniform(shape=[], minval=low, maxval=high, seed=seed)


def _check_delta(max_delta: float) -> None:
    if max_delta < 0:
        raise ValueError("max_delta must be non-negative.")


def random_brightness(image: Any, max_delta: float, seed: int | None = None) -> Any:
    """Add a random number from `-max_delta` to `max_delta` to all pixels.

    Raises:
        ValueError: `max_delta` is negative.
    """
    _check_delta(max_delta)
    delta = random_uniform([], -max_delta, max_delta, seed=seed)
    return adjust_brightness(image, delta)


def stateless_random_brightness(image: Any, max_delta: float, seed: Any) -> Any:
    """As `random_brightness`; the seed alone decides."""
    _check_delta(max_delta)
    return adjust_brightness(image, _drawn(-max_delta, max_delta, seed))


def _check_hue(max_delta: float) -> None:
    if max_delta > 0.5:
        raise ValueError("max_delta must be <= 0.5.")
    _check_delta(max_delta)


def random_hue(image: Any, max_delta: float, seed: int | None = None) -> Any:
    """Turn the hue by a random part of the circle.

    Raises:
        ValueError: `max_delta` is not from 0 to 0.5.
    """
    _check_hue(max_delta)
    delta = random_uniform([], -max_delta, max_delta, seed=seed)
    return adjust_hue(image, delta)


def stateless_random_hue(image: Any, max_delta: float, seed: Any) -> Any:
    """As `random_hue`; the seed alone decides."""
    _check_hue(max_delta)
    return adjust_hue(image, _drawn(-max_delta, max_delta, seed))


def _check_range(lower: float, upper: float) -> None:
    if upper <= lower:
        raise ValueError("upper must be > lower.")
    if lower < 0:
        raise ValueError("lower must be non-negative.")


def random_contrast(
    image: Any, lower: float, upper: float, seed: int | None = None
) -> Any:
    """Multiply the contrast by a random factor.

    Raises:
        ValueError: The range is empty or begins below 0.
    """
    _check_range(lower, upper)
    factor = random_uniform([], lower, upper, seed=seed)
    return adjust_contrast(image, factor)


def stateless_random_contrast(image: Any, lower: float, upper: float, seed: Any) -> Any:
    """As `random_contrast`; the seed alone decides."""
    _check_range(lower, upper)
    return adjust_contrast(image, _drawn(lower, upper, seed))


def random_saturation(
    image: Any, lower: float, upper: float, seed: int | None = None
) -> Any:
    """Multiply the saturation by a random factor.

    Raises:
        ValueError: The range is empty or begins below 0.
    """
    _check_range(lower, upper)
    factor = random_uniform([], lower, upper, seed=seed)
    return adjust_saturation(image, factor)


def stateless_random_saturation(
    image: Any, lower: float, upper: float, seed: Any = None
) -> Any:
    """As `random_saturation`; the seed alone decides."""
    _check_range(lower, upper)
    return adjust_saturation(image, _drawn(lower, upper, seed))


def _check_quality(least: int, most: int) -> None:
    if min(least, most) < 0 or max(least, most) > 100:
        raise ValueError("jpeg encoding range must be between 0 and 100.")
    if least >= most:
        raise ValueError("`min_jpeg_quality` must be less than `max_jpeg_quality`.")


def random_jpeg_quality(
    image: Any, min_jpeg_quality: int, max_jpeg_quality: int, seed: int | None = None
) -> Any:
    """Give an image the flaws of a random quality of JPEG.

    Raises:
        ValueError: The qualities are not from 0 to 100, in order.
    """
    _check_quality(min_jpeg_quality, max_jpeg_quality)
    quality = random_uniform(
        [], min_jpeg_quality, max_jpeg_quality, seed=seed, dtype=dtypes.int32
    )
    return adjust_jpeg_quality(image, quality)


def stateless_random_jpeg_quality(
    image: Any, min_jpeg_quality: int, max_jpeg_quality: int, seed: Any
) -> Any:
    """As `random_jpeg_quality`; the seed alone decides."""
    _check_quality(min_jpeg_quality, max_jpeg_quality)
    quality = stateless_uniform(
        shape=[],
        minval=min_jpeg_quality,
        maxval=max_jpeg_quality,
        seed=seed,
        dtype=dtypes.int32,
    )
    return adjust_jpeg_quality(image, quality)
