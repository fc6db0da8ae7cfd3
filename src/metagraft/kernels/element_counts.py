"""Shapes that have more elements than can be counted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from metagraft.errors import InvalidArgumentError
from metagraft.graph.shapes import show

__all__ = ["check_count", "check_product", "check_sizes", "fits"]

_MOST_ELEMENTS: Final = 2**63 - 1
_WORDS: Final = 2**64


def check_sizes(sizes: Sequence[int]) -> None:
    """Refuse sizes below zero.

    Raises:
        InvalidArgumentError: There is one.
    """
    for size in sizes:
        if size < 0:
            raise InvalidArgumentError(
                None,
                None,
                f"Expected shape dimensions to be non-negative, got {size}",
            )


def fits(sizes: Sequence[int]) -> bool:
    """Whether 64 bits count the elements of a shape."""
    return _overflow(sizes) is None


def check_count(sizes: Sequence[int]) -> None:
    """Refuse shapes of more elements than can be counted, whatever memory there is.

    Raises:
        InvalidArgumentError: A product of leading sizes is too large.
    """
    if not fits(sizes):
        raise InvalidArgumentError(
            None,
            None,
            f"Shape {show(tuple(sizes))} would have more than 2**63 - 1 elements",
        )


def check_product(sizes: Sequence[int]) -> None:
    """Refuse what `check_count` refuses, in the words for shapes that are computed.

    Raises:
        InvalidArgumentError: A product of leading sizes is too large.
    """
    factors = _overflow(sizes)
    if factors is not None:
        product = factors[0] * factors[1]
        raise InvalidArgumentError(
            None,
            None,
            f"Encountered overflow when multiplying {factors[0]} with {factors[1]},"
            f" result: {-1 if product >= _WORDS else product - _WORDS}",
        )


def _overflow(sizes: Sequence[int]) -> tuple[int, int] | None:
    """Return the first factors whose product is too large."""
    count = 1
    for size in sizes:
        if count * size > _MOST_ELEMENTS:
            return count, size
        count *= size
    return None
