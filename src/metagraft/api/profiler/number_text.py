"""Numbers, times and sizes as profiles show them.

Source: tensorflow core/profiler/internal/tfprof_utils.cc.
"""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["memory_text", "number_text", "shape_text", "time_text"]


def _scaled(value: int, units: tuple[str, ...]) -> str:
    """Return a value in the smallest unit that keeps it below 1000, or the last."""
    power = 0
    while power + 1 < len(units) and value >= 1000 ** (power + 1):
        power += 1
    if power == 0:
        return f"{value}{units[0]}"
    return f"{value / 1000**power:.2f}{units[power]}"


def number_text(value: int) -> str:
    """Return a number in thousands, millions or billions."""
    return _scaled(value, ("", "k", "m", "b"))


def time_text(micros: int) -> str:
    """Return microseconds, milliseconds or seconds."""
    return _scaled(micros, ("us", "ms", "sec"))


def memory_text(size_bytes: int) -> str:
    """Return bytes, thousands of them or millions."""
    return _scaled(size_bytes, ("B", "KB", "MB"))


def shape_text(sizes: Iterable[int]) -> str:
    """Return sizes with an x between them."""
    return "x".join(map(str, sizes))
