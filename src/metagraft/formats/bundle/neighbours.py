"""Reading many small tensors that follow one another in a data file.

Each run of them is read with one call into memory that they then share.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from metagraft.formats.bundle.many_entries import EntryTable
from metagraft.formats.byte_rows import Numbers
from metagraft.formats.crc32c import crc32c, unmask
from metagraft.formats.crc32c_combine import combined
from metagraft.formats.element_types import NUMPY_DTYPES

_RUN_BYTES: Final = 8 << 20

Array = npt.NDArray[Any]  # of types that only the file tells


@dataclass(frozen=True, slots=True)
class Run:
    """Tensors whose bytes follow one another.

    Attributes:
        positions: Where they are among those that were asked for.
        shard: The data file that holds them.
        ends: Where each ends in the run.
        offset_bytes: Where the run starts in the file.
        checksums: The checksum that each should have.
        checksum: The one that all of them together should have.
    """

    positions: Numbers
    shard: int
    ends: Numbers
    offset_bytes: int
    checksums: Numbers
    checksum: int

    @property
    def size_bytes(self) -> int:
        """How many bytes all of them take."""
        return int(self.ends[-1])


def runs_of(table: EntryTable, positions: Numbers) -> Iterator[Run]:
    """Yield runs of entries, of about 8 MB each, in the order of the files.

    Args:
        table: What the index says about tensors.
        positions: Which of them to read.
    """
    if not len(positions):
        return
    shards, starts = table.shards[positions], table.offsets[positions]
    sizes = table.sizes[positions]
    order = _file_order(shards, starts, sizes)
    shards, starts, ends = shards[order], starts[order], (starts + sizes)[order]
    is_first = np.ones(len(order), np.bool_)
    is_first[1:] = (shards[1:] != shards[:-1]) | (starts[1:] != ends[:-1])
    # Where each stretch without gaps starts, and so how many runs lie before a tensor.
    begin = starts[is_first][np.cumsum(is_first) - 1]
    number = (starts - begin) // _RUN_BYTES
    is_first[1:] |= number[1:] != number[:-1]
    firsts = np.flatnonzero(is_first)
    places = positions[order]
    checksums = unmask(table.checksums[places])
    together = combined(checksums, ends, firsts).tolist()
    cuts = pairwise([*firsts.tolist(), len(order)])
    for (first, last), checksum in zip(cuts, together, strict=True):
        rows = slice(first, last)
        offset = int(starts[first])
        yield Run(
            places[rows],
            int(shards[first]),
            ends[rows] - offset,
            offset,
            checksums[rows],
            checksum,
        )


def _file_order(shards: Numbers, starts: Numbers, sizes: Numbers) -> Numbers:
    """Return the positions of entries as they follow one another in the files."""
    follows = (shards[1:] == shards[:-1]) & (starts[1:] >= (starts + sizes)[:-1])
    if follows.all():
        return np.arange(len(starts))
    return np.lexsort((sizes, starts, shards))


def damaged_position(run: Run, view: memoryview) -> tuple[int, int] | None:
    """Return the first tensor of a run with another checksum, and that; or None."""
    if crc32c(view) == run.checksum:
        return None
    ends = run.ends.tolist()
    computed = [
        crc32c(view[start:end]) for start, end in zip([0, *ends], ends, strict=False)
    ]
    rows = zip(run.positions, computed, run.checksums, strict=True)
    return next((int(place), found) for place, found, stored in rows if found != stored)


def arrays_of(
    run: Run, table: EntryTable, content: Array, *, swaps: bool
) -> Iterator[Array]:
    """Yield the tensors of a run, whose bytes are `content`.

    Args:
        run: The run.
        table: What the index says about all tensors.
        content: `uint8[size]`.
        swaps: Whether the bytes of elements are in another order than the machine's.
    """
    kinds = table.kind[run.positions]
    cuts = np.flatnonzero(kinds[1:] != kinds[:-1]) + 1
    start = 0
    for first, last in pairwise([0, *cuts.tolist(), len(kinds)]):
        data_type, shape = table.kinds[kinds[first]]
        dtype = NUMPY_DTYPES[data_type]
        end = int(run.ends[last - 1])
        yield from _alike(content[start:end], dtype, (last - first, *shape), swaps)
        start = end


def _alike(
    content: Array, dtype: np.dtype[Any], shape: tuple[int, ...], swaps: bool
) -> Iterator[Array]:
    """Yield the rows of an array."""
    address = content.__array_interface__["data"][0]
    if address % dtype.itemsize:
        content = content.copy()  # other packages need it to be aligned
    rows: Array = np.ndarray(shape, dtype, content)
    if swaps:
        rows = rows.byteswap()
    # With dots, as an element of an array of numbers is no array.
    return iter(rows) if len(shape) > 1 else (rows[n, ...] for n in range(len(rows)))
