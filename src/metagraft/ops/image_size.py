"""Sizes that ops on images take as an operand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from metagraft.graph.op_spec import Shapes
from metagraft.graph.shape_checks import with_rank, with_size
from metagraft.graph.shapes import Dims


def size_dims(inputs: Shapes, index: int) -> tuple[int | None, int | None]:
    """Return height and width that operand `index` asks for.

    Raises:
        ValueError: It has not two elements, or asks for negative sizes.
    """
    (count,) = with_rank(inputs[index], 1)
    with_size(count, 2)
    value = inputs.value(index)
    if value is None:
        return None, None
    height, width = (None if v == -1 else int(v) for v in value)
    for size in (height, width):
        if size is not None and size < 0:
            raise ValueError(
                f"Dimension size, given by scalar input {size} must be >= 0"
            )
    return height, width


def resized_shape(_attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """`[n, h, w, c]` -> `[n, *size, c]`."""
    n, _, _, c = with_rank(inputs[0], 4)
    return ((n, *size_dims(inputs, 1), c),)
