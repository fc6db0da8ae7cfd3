"""What functions of images demand of their operands.

Where a shape is known, demands are met or refused while the graph is built; what is
not known is checked when it runs.

Source: tensorflow python/ops/image_ops_impl.py.
"""

from __future__ import annotations

from typing import Any

from metagraft.api.arithmetic import maximum, minimum
from metagraft.api.assertion import assert_
from metagraft.api.checks import assert_equal, assert_greater_equal, assert_positive
from metagraft.graph.build import array
from metagraft.graph.build.control_flow import with_dependencies
from metagraft.graph.tensor import Tensor
from metagraft.graph.variable import GraphVariable

__all__ = [
    "as_batch",
    "at_least_3d",
    "checks_of_at_least_3d",
    "demand",
    "grayscale",
    "is_symbolic",
    "larger",
    "sizes_of",
    "smaller",
]


def is_symbolic(x: Any) -> bool:
    """Whether a value is known only when the graph runs."""
    return isinstance(x, (Tensor, GraphVariable))


def demand(condition: Any, message: str) -> list[Any]:
    """Return the checks that a condition needs when the graph runs.

    Raises:
        ValueError: The condition is known and does not hold.
    """
    if is_symbolic(condition):
        return [assert_(condition, [message])]
    if not condition:
        raise ValueError(message)
    return []


def sizes_of(image: Tensor, rank: int) -> list[Any]:
    """Return the dimensions of an image: numbers where known, else scalars."""
    shape = image.get_shape()
    if shape.is_fully_defined():
        known: list[Any] = shape.as_list()
        return known
    known = shape.with_rank(rank).as_list()
    fed = array.unstack(array.shape(image), rank)
    return [d if s is None else s for s, d in zip(known, fed, strict=True)]


def at_least_3d(image: Tensor) -> Any:
    """Return an image that has three dimensions or more, none of the last three 0."""
    checks = checks_of_at_least_3d(image)
    return with_dependencies(checks, image)


def checks_of_at_least_3d(image: Tensor) -> list[Any]:
    """Return the checks that `at_least_3d` leaves to the run.

    Raises:
        ValueError: It has fewer dimensions, or one of the last three is 0.
    """
    shape = image.get_shape()
    try:
        if shape.ndims is None:
            shape = shape.with_rank(3)
        else:
            shape = shape.with_rank_at_least(3)
    except ValueError:
        raise ValueError(
            f"'image' (shape {image.shape}) must be at least three-dimensional."
        ) from None
    inner = shape[-3:]
    if any(size == 0 for size in inner):
        raise ValueError(f"inner 3 dims of 'image.shape' must be > 0: {shape}")
    if inner.is_fully_defined():
        return []
    return [
        assert_positive(
            array.shape(image)[-3:], ["inner 3 dims of 'image.shape' must be > 0."]
        ),
        assert_greater_equal(
            array.rank(image),
            3,
            message="'image' must be at least three-dimensional.",
        ),
    ]


def grayscale(image: Tensor) -> Any:
    """Return an image whose last dimension is 1.

    Raises:
        ValueError: It is known to have fewer than two dimensions, or more channels.
    """
    shape = image.get_shape()
    try:
        if shape.ndims is None:
            shape = shape.with_rank(2)
        else:
            shape = shape.with_rank_at_least(2)
    except ValueError:
        raise ValueError(
            f"A grayscale image (shape {image.shape}) must be at least two-dimensional."
        ) from None
    text = "Last dimension of a grayscale image should be size 1."
    if shape.is_fully_defined():
        if shape[-1] != 1:
            raise ValueError(text)
        return with_dependencies([], image)
    checks = [
        assert_equal(array.shape(image)[-1], 1, message=text),
        assert_greater_equal(
            array.rank(image),
            3,
            message="A grayscale image must be at least two-dimensional.",
        ),
    ]
    return with_dependencies(checks, image)


def as_batch(image: Tensor) -> tuple[Tensor, bool]:
    """Return `[n, h, w, c]`, and whether the image was a batch already.

    Raises:
        ValueError: It has neither three nor four dimensions.
    """
    rank = image.get_shape().ndims
    if rank == 4:
        return image, True
    if rank is not None and rank != 3:
        raise ValueError(
            f"'image' (shape {image.get_shape()}) must have either 3 or 4 dimensions."
        )
    batch = array.expand_dims(image, 0)
    if rank is None:
        batch.set_shape([None] * 4)
    return batch, False


def larger(x: Any, y: Any) -> Any:
    """The larger of two sizes, known or not."""
    return maximum(x, y) if is_symbolic(x) or is_symbolic(y) else max(x, y)


def smaller(x: Any, y: Any) -> Any:
    """The smaller of two sizes, known or not."""
    return minimum(x, y) if is_symbolic(x) or is_symbolic(y) else min(x, y)
