"""Turning and mirroring images (`tf.image.flip_left_right` and its kin).

Source: tensorflow python/ops/image_ops_impl.py.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from metagraft.api.array import reverse
from metagraft.api.case import case
from metagraft.api.cond import cond
from metagraft.api.image_checks import at_least_3d
from metagraft.api.math import round as rounded
from metagraft.api.random import random_uniform
from metagraft.api.stateless_random import stateless_uniform
from metagraft.graph import dtypes
from metagraft.graph.apply_op import op
from metagraft.graph.build import array
from metagraft.graph.build.math import cast, equal, mod
from metagraft.graph.conversion import convert_to_tensor
from metagraft.graph.scopes import name_scope
from metagraft.graph.tensor import Tensor

__all__ = [
    "flip_left_right",
    "flip_up_down",
    "random_flip_left_right",
    "random_flip_up_down",
    "rot90",
    "stateless_random_flip_left_right",
    "stateless_random_flip_up_down",
    "transpose",
]

_ROWS = 0
_COLUMNS = 1


def _by_rank(
    image: Tensor,
    of_image: Callable[[], Any],
    of_batch: Callable[[], Any],
    separator: str = " ",
) -> Any:
    """Build what fits the rank; both, and a choice, where it is not known."""
    shape = image.get_shape()
    if shape.ndims is None:
        return cond(equal(array.rank(image), 3), of_image, of_batch)
    if shape.ndims == 3:
        return of_image()
    if shape.ndims == 4:
        return of_batch()
    raise ValueError(
        f"'image' (shape {shape}){separator}must have either 3 or 4 dimensions."
    )


def _with_shape_of(image: Tensor, result: Tensor) -> Tensor:
    shape = image.get_shape()
    result.set_shape([None, None, None] if shape.ndims is None else shape)
    return result


def flip_left_right(image: Any) -> Any:
    """Mirror the columns of `[h, w, c]` or of each of `[n, h, w, c]`."""
    return _flipped(image, _COLUMNS, "flip_left_right")


def flip_up_down(image: Any) -> Any:
    """Mirror the rows of `[h, w, c]` or of each of `[n, h, w, c]`."""
    return _flipped(image, _ROWS, "flip_up_down")


def _flipped(image: Any, axis: int, scope_name: str) -> Any:
    with name_scope(None, scope_name, [image]):
        image = at_least_3d(convert_to_tensor(image, name="image"))
        return _by_rank(
            image,
            lambda: _with_shape_of(image, reverse(image, [axis])),
            lambda: reverse(image, [axis + 1]),
            separator="",
        )


def random_flip_left_right(image: Any, seed: int | None = None) -> Any:
    """Mirror the columns of every second image, at random."""
    draw = functools.partial(random_uniform, seed=seed)
    return _random_flip(image, _COLUMNS, draw, "random_flip_left_right")


def random_flip_up_down(image: Any, seed: int | None = None) -> Any:
    """Mirror the rows of every second image, at random."""
    draw = functools.partial(random_uniform, seed=seed)
    return _random_flip(image, _ROWS, draw, "random_flip_up_down")


def stateless_random_flip_left_right(image: Any, seed: Any) -> Any:
    """As `random_flip_left_right`; the seed alone decides."""
    draw = functools.partial(stateless_uniform, seed=seed)
    return _random_flip(image, _COLUMNS, draw, "stateless_random_flip_left_right")


def stateless_random_flip_up_down(image: Any, seed: Any) -> Any:
    """As `random_flip_up_down`; the seed alone decides."""
    draw = functools.partial(stateless_uniform, seed=seed)
    return _random_flip(image, _ROWS, draw, "stateless_random_flip_up_down")


def _random_flip(
    image: Any, axis: int, draw: Callable[..., Tensor], scope_name: str
) -> Any:
    with name_scope(None, scope_name, [image]) as scope:
        image = at_least_3d(convert_to_tensor(image, name="image"))

        def of_image() -> Any:
            drawn = draw(shape=[], minval=0, maxval=1.0)
            result = cond(
                op("Less", x=drawn, y=0.5),
                lambda: reverse(image, [axis]),
                lambda: image,
                name=scope,
            )
            return _with_shape_of(image, result)

        def of_batch() -> Any:
            size = array.shape(image)[0]
            drawn = draw(shape=[size], minval=0, maxval=1.0)
            flips = rounded(array.reshape(drawn, [size, 1, 1, 1]))
            flips = cast(flips, image.dtype)
            mirrored = reverse(image, [axis + 1])
            return flips * mirrored + (1 - flips) * image

        return _by_rank(image, of_image, of_batch)


def rot90(image: Any, k: Any = 1, name: str | None = None) -> Any:
    """Turn `[h, w, c]` or each of `[n, h, w, c]` to the left.

    Args:
        image: One image or a batch.
        k: How many quarters of a turn.
        name: Name of the scope.
    """
    with name_scope(name, "rot90", [image, k]) as scope:
        image = at_least_3d(convert_to_tensor(image, name="image"))
        k = convert_to_tensor(k, dtype=dtypes.int32, name="k")
        k.get_shape().assert_has_rank(0)
        turns = mod(k, 4)
        return _by_rank(
            image,
            lambda: _turned(image, turns, scope, 0),
            lambda: _turned(image, turns, scope, 1),
        )


def _turned(image: Tensor, k: Tensor, scope: str, first: int) -> Tensor:
    """Turn around the axes `first` and the one after it."""
    order = [0, 1, 2] if first == 0 else [0, 1, 2, 3]
    order[first], order[first + 1] = order[first + 1], order[first]
    turns = [
        (
            equal(k, 1),
            lambda: array.transpose(reverse(image, [first + 1]), order),
        ),
        (equal(k, 2), lambda: reverse(image, [first, first + 1])),
        (
            equal(k, 3),
            lambda: reverse(array.transpose(image, order), [first + 1]),
        ),
    ]
    result: Tensor = case(turns, default=lambda: image, exclusive=True, name=scope)
    if first == 0:
        result.set_shape([None, None, image.get_shape()[2]])
    else:
        shape = result.get_shape()
        result.set_shape([shape[0], None, None, shape[3]])
    return result


def transpose(image: Any, name: str | None = None) -> Any:
    """Exchange rows and columns of `[h, w, c]` or of each of `[n, h, w, c]`."""
    with name_scope(name, "transpose", [image]):
        image = at_least_3d(convert_to_tensor(image, name="image"))
        return _by_rank(
            image,
            lambda: array.transpose(image, [1, 0, 2], name=name),
            lambda: array.transpose(image, [0, 2, 1, 3], name=name),
        )
