"""Checksums of joined data from those of its parts, held against the library's."""

from __future__ import annotations

import numpy as np
import pytest

from metagraft.formats.crc32c import crc32c
from metagraft.formats.crc32c_combine import combined


@pytest.mark.parametrize(
    "sizes",
    [[10_000] * 300, [0, 7, 0, 1, 4096, 3, 0], [5], [0], [1 << 20, 12, 1 << 18]],
    ids=["alike", "odd", "one", "empty", "large"],
)
def test_parts_make_the_checksum_of_the_whole(sizes: list[int]) -> None:
    """Stretches of any parts have the checksum of their bytes."""
    data = np.random.default_rng(5).bytes(sum(sizes))
    ends = np.cumsum(np.array(sizes))
    starts = ends - sizes
    checksums = np.array(
        [crc32c(data[start:end]) for start, end in zip(starts, ends, strict=True)]
    )
    firsts = np.unique([0, len(sizes) // 3, len(sizes) - 1])
    found = combined(checksums, ends, firsts)
    lasts = [*(firsts[1:] - 1), len(sizes) - 1]
    pairs = zip(firsts, lasts, strict=True)
    expected = [crc32c(data[starts[first] : ends[last]]) for first, last in pairs]
    assert found.tolist() == expected


def test_the_order_of_parts_matters() -> None:
    """Two parts of the same size, exchanged, have another checksum."""
    parts = np.array([crc32c(b"abcd"), crc32c(b"efgh")])
    ends, firsts = np.array([4, 8]), np.array([0])
    assert combined(parts, ends, firsts) == [crc32c(b"abcdefgh")]
    assert combined(parts[::-1], ends, firsts) == [crc32c(b"efghabcd")]
