"""Many texts as one, so that NumPy sees them all at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from metagraft.kernels.kernel import Array

__all__ = ["joined", "same_part", "sizes_of"]

_BETWEEN: Final = b"\0"
# Fewer texts, and longer ones, are asked one by one how long they are, the more so if
# nothing else is to be known.
_FEW: Final = 64
_LONG: Final = 64
_LONG_ALONE: Final = 20
_SAMPLES: Final = 16


def joined(texts: Sequence[bytes]) -> tuple[bytes, Array, Array]:
    """Put texts behind each other.

    There may be bytes between them: to look for these takes half the time of asking
    each text for its length.

    Returns:
        The bytes, where each text begins, `int64[n]`, and how long each is, `int64[n]`.
    """
    if _are_short(texts, _LONG):
        whole = _BETWEEN.join(texts)
        ends = (np.frombuffer(whole, np.uint8) == _BETWEEN[0]).nonzero()[0]
        if len(ends) == len(texts) - 1:
            begins = np.empty(len(texts), np.int64)
            begins[0] = 0
            np.add(ends, 1, out=begins[1:])
            sizes = np.empty(len(texts), np.int64)
            np.subtract(ends, begins[:-1], out=sizes[:-1])
            sizes[-1] = len(whole) - begins[-1]
            return whole, begins, sizes
    sizes = np.fromiter(map(len, texts), np.int64, len(texts))
    return b"".join(texts), sizes.cumsum() - sizes, sizes


def sizes_of(texts: Sequence[bytes]) -> Array:
    """Return how long each text is, `int64[n]`."""
    if _are_short(texts, _LONG_ALONE):
        return joined(texts)[2]
    return np.fromiter(map(len, texts), np.int64, len(texts))


def same_part(texts: Sequence[bytes], start: int, end: int) -> Array | None:
    """Return the bytes from `start` to `end` of many texts, `object[n]`.

    None if they are few or long, or not all have these bytes.
    """
    if not 0 <= start < end or len(texts[0]) < end or not _are_short(texts, _LONG):
        return None
    whole, begins, sizes = joined(texts)
    if sizes.min() < end:
        return None
    size = end - start
    parts = np.ndarray(len(whole) - size + 1, f"V{size}", whole, 0, (1,))
    found: Array = parts[begins + start].astype(object)
    return found


def _are_short(texts: Sequence[bytes], size: int) -> bool:
    """Tell from some of many texts whether most are shorter than so many bytes."""
    if len(texts) < _FEW:
        return False
    some = texts[:: len(texts) // _SAMPLES]
    return sum(map(len, some)) < size * len(some)
