"""CRC-32C of data whose parts' checksums are known, without the data.

Appending a zero byte multiplies a checksum by x^8 modulo the polynomial: a linear map
of 32 bits. So the checksum of `a + b` is that of `a`, mapped once for each byte of `b`,
plus that of `b`; the maps for 1, 2, 4... times as many bytes are squares of each other.
Source: zlib's crc32_combine, which does this for another polynomial.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt

_POLYNOMIAL: Final = 0x82F63B78
_BITS: Final = 32

# A linear map as what it makes of each of the 32 bits, `uint32[32]`.
_Map = npt.NDArray[np.uint32]


def combined(
    checksums: npt.NDArray[np.int64],
    ends: npt.NDArray[np.int64],
    firsts: npt.NDArray[np.int64],
) -> npt.NDArray[np.int64]:
    """Return the checksums of stretches of data, from those of their parts.

    Args:
        checksums: Those of the parts, `int64[parts]`.
        ends: Where each part ends; within a stretch it starts where the last one ends.
        firsts: Which parts are the first of a stretch, `int64[stretches]`, from 0.
    """
    lasts = np.append(firsts[1:], len(ends)) - 1
    following = np.repeat(ends[lasts], np.diff(np.append(firsts, len(ends)))) - ends
    unit = max(1, int(np.gcd.reduce(following)))
    counts = following // unit
    values = checksums.astype(np.uint32)
    map_ = _map_of(unit)
    for bit in range(int(counts.max()).bit_length()):
        chosen = np.flatnonzero(counts >> bit & 1)
        values[chosen] = _mapped(map_, values[chosen])
        map_ = _mapped(map_, map_)
    joined: npt.NDArray[np.int64] = np.bitwise_xor.reduceat(values, firsts)
    return joined.astype(np.int64)


@lru_cache(maxsize=64)
def _map_of(byte_count: int) -> _Map:
    """Return the map for that many bytes."""
    if byte_count == 1:
        values = np.uint32(1) << np.arange(_BITS, dtype=np.uint32)
        for _ in range(8):
            is_odd = (values & 1).astype(np.bool_)
            values = np.where(is_odd, values >> 1 ^ np.uint32(_POLYNOMIAL), values >> 1)
        return values
    half = _map_of(byte_count // 2)
    whole = _mapped(half, half)
    return _mapped(_map_of(1), whole) if byte_count % 2 else whole


def _mapped(map_: _Map, values: npt.NDArray[np.uint32]) -> npt.NDArray[np.uint32]:
    """Return what a map makes of values: a table look-up for each of their bytes."""
    result = np.zeros_like(values)
    for byte in range(4):
        table = np.zeros(1, np.uint32)
        for image in map_[8 * byte : 8 * byte + 8]:
            table = np.concatenate([table, table ^ image])
        result ^= table[values >> np.uint32(8 * byte) & np.uint32(0xFF)]
    return result
