"""A loop over time, of NumPy or of XLA."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from metagraft.kernels.kernel import Array
from metagraft.kernels.namespace import lax

__all__ = ["Carried", "Row", "loop_over_time"]

Carried = tuple[Array, ...]
Row = tuple[Array, ...]
Step = Callable[[Carried, Row], tuple[Carried, Row]]


def loop_over_time(
    xp: Any, step: Step, first: Carried, over: Row, *, backwards: bool = False
) -> tuple[Carried, Row]:
    """Run `step` for every row, and stack what it gives in the order of the rows.

    Args:
        xp: The array library.
        step: Takes what is carried and a row; returns what is carried next, and values.
        first: What the first step gets.
        over: Arrays with as many rows each, at least one.
        backwards: Whether the last row comes first.
    """
    if xp is not np:
        carried, rows = lax().scan(step, first, over, reverse=backwards)
        return tuple(carried), tuple(rows)
    carried = first
    found: list[Row] = []
    numbers = range(over[0].shape[0])
    for number in reversed(numbers) if backwards else numbers:
        carried, given = step(carried, tuple(part[number] for part in over))
        found.append(given)
    if backwards:
        found.reverse()
    return carried, tuple(np.stack(rows) for rows in zip(*found, strict=True))
