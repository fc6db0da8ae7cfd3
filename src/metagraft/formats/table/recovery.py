"""The blocks of a sorted table of which a part may be damaged.

Each block has a checksum, so one that is damaged says nothing about the others. Where
the list of blocks is lost, with the end of the file or by damage, they are found by
their form: a block ends with restarts, the first of which is 0, and a checksum that
only its own bytes have.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Final, TypeAlias

import numpy as np

from metagraft.formats import files
from metagraft.formats.crc32c import crc32c, mask
from metagraft.formats.table.format import (
    FOOTER_BYTES,
    NUMBER,
    PLAIN,
    TRAILER,
    BlockHandle,
    Footer,
)
from metagraft.formats.table.reader import decode_block

Pairs: TypeAlias = dict[bytes, bytes]

_PIECE_BYTES: Final = 1 << 20
# Of a table of 400 GB.
_MAX_INDEX_BYTES: Final = 64 << 20
_EMPTY_BYTES: Final = 2 * NUMBER.size  # one restart, and their number
# What is tried where the list of blocks is lost.
_MAX_STARTS: Final = 4
_TRIED_BYTES: Final = 256
_MAX_ENDS: Final = 1 << 17


@dataclass(frozen=True, slots=True)
class Block:
    """A block that a table should have.

    Attributes:
        handle: Where it is.
        after: A key that comes before all of its keys; None if that is not known.
        last: A key that does not come before any of them; None if that is not known.
    """

    handle: BlockHandle
    after: bytes | None = None
    last: bytes | None = None


@dataclass(frozen=True, slots=True)
class BlockDamage:
    """What is wrong with a table.

    Attributes:
        offset_bytes: Where.
        reason: What is wrong.
        block: The block whose keys are lost; None if it is no block of keys.
    """

    offset_bytes: int
    reason: str
    block: Block | None = None


class SurveyedTable:
    """A sorted table in a file, whose good blocks can be read one by one."""

    def __init__(self, file: files.RandomAccessFile) -> None:
        """Find the blocks of a table.

        Args:
            file: The table; must stay open.
        """
        self._file = file
        self._end = file.size_bytes  # of what may be blocks
        self.damages: list[BlockDamage] = []
        self.blocks: list[Block] = []
        found = self._index()
        if found is None:
            self.blocks = [Block(handle) for handle in _found(file)]
        else:
            self._list(*found)

    def good_blocks(self) -> Iterator[tuple[Block, Pairs]]:
        """Yield the blocks that are good with their entries; list what others lack."""
        for block in self.blocks:
            try:
                yield block, self.read(block)
            except ValueError as error:
                damage = BlockDamage(block.handle.offset_bytes, str(error), block)
                self.damages.append(damage)

    def read(self, block: Block) -> Pairs:
        """Return the entries of a block.

        Raises:
            ValueError: It is damaged.
        """
        entries = self._decoded(block.handle)
        if not entries:
            return entries
        keys = list(entries)
        is_late = block.last is not None and keys[-1] > block.last
        if is_late or (block.after is not None and keys[0] <= block.after):
            raise ValueError(
                f"keys {keys[0]!r} to {keys[-1]!r} lie outside the range of the index, "
                f"after {block.after!r} to {block.last!r}"
            )
        return entries

    def _index(self) -> tuple[Pairs, int] | None:
        """Return the list of blocks, and where it is; None if it is lost."""
        offset = self._file.size_bytes - FOOTER_BYTES
        if offset < 0:
            reason = (
                f"file is too short to be a sorted table: {self._file.size_bytes} "
                f"bytes, the footer alone has {FOOTER_BYTES}"
            )
            self.damages.append(BlockDamage(0, reason))
            return None
        try:
            footer = Footer.decode(self._file.read(offset, FOOTER_BYTES))
        except ValueError as error:
            self.damages.append(BlockDamage(offset, f"footer: {error}"))
            return None
        self._end = offset
        offset = footer.index.offset_bytes
        try:
            if footer.index.size_bytes > _MAX_INDEX_BYTES:
                raise ValueError(f"has {footer.index.size_bytes} bytes")  # noqa: TRY301
            return self._decoded(footer.index), offset
        except ValueError as error:
            self.damages.append(BlockDamage(offset, f"the list of blocks: {error}"))
            return None

    def _list(self, index: Pairs, offset: int) -> None:
        end = 0
        after: bytes | None = None
        for key, value in index.items():
            try:
                handle, _ = BlockHandle.decode(value)
                self._check_inside(handle)
                # Blocks that share bytes could make work without end.
                if handle.offset_bytes < end:
                    raise ValueError(  # noqa: TRY301
                        f"starts before byte {end}, where the block before it ends"
                    )
            except ValueError as error:
                block = Block(BlockHandle(0, 0), after, key)
                reason = f"the list of blocks: {error}"
                self.damages.append(BlockDamage(offset, reason, block))
            else:
                end = handle.offset_bytes + handle.size_bytes + TRAILER.size
                self.blocks.append(Block(handle, after, key))
            after = key

    def _check_inside(self, handle: BlockHandle) -> None:
        end = handle.offset_bytes + handle.size_bytes + TRAILER.size
        if end > self._end:
            raise ValueError(
                f"{handle.size_bytes} bytes of content at {handle.offset_bytes} would "
                f"end after byte {self._end - TRAILER.size}"
            )

    def _decoded(self, handle: BlockHandle) -> Pairs:
        size = handle.size_bytes + TRAILER.size
        self._check_inside(handle)
        stored = self._file.read(handle.offset_bytes, size)
        if len(stored) < size:
            raise ValueError(f"{len(stored)} of {size} bytes can be read")
        return dict(decode_block(memoryview(stored)).items())


def _found(file: files.RandomAccessFile) -> Iterator[BlockHandle]:
    """Yield the data blocks of a table whose list of blocks is lost.

    Compressed ones are not found; a block of keys is never empty, so the first empty
    one ends them.
    """
    starts = {0: 0}  # places where a block may begin, and the checksum from there
    position = 0
    for end in islice(_possible_ends(file), _MAX_ENDS):
        for start, checksum in starts.items():
            begin = max(start, position)
            starts[start] = _checksum(file, begin, end + 1, checksum)
        position = end + 1
        (stored,) = NUMBER.unpack(file.read(position, NUMBER.size))
        follows = position + NUMBER.size
        found = [start for start, value in starts.items() if mask(value) == stored]
        if found:
            if end - found[0] == _EMPTY_BYTES:
                return
            yield BlockHandle(found[0], end - found[0])
            starts = {follows: 0}
        else:  # perhaps the end of a block that is damaged
            first, *others = [*starts.items(), (follows, 0)]
            starts = dict([first, *others[-_MAX_STARTS:]])


def _checksum(file: files.RandomAccessFile, start: int, end: int, checksum: int) -> int:
    for begin in range(start, end, _PIECE_BYTES):
        piece = file.read(begin, min(_PIECE_BYTES, end - begin))
        checksum = crc32c(piece, checksum)
    return checksum


def _possible_ends(file: files.RandomAccessFile) -> Iterator[int]:
    """Yield where content may end: behind restarts, before a plain block's trailer."""
    last = file.size_bytes - TRAILER.size
    for begin in range(_EMPTY_BYTES, last + 1, _PIECE_BYTES):
        count = min(_PIECE_BYTES, last + 1 - begin)
        content = np.frombuffer(
            file.read(begin - NUMBER.size, count + NUMBER.size), np.uint8
        )
        kinds = content[NUMBER.size :]
        wide = content.astype(np.int64)
        restarts = np.zeros(len(kinds), np.int64)
        for each in range(NUMBER.size):
            restarts |= wide[each : each + len(kinds)] << (8 * each)
        ends = np.arange(begin, begin + len(kinds))
        firsts = ends - NUMBER.size * (restarts + 1)
        likely = (kinds == PLAIN) & (restarts > 0) & (firsts >= 0)
        found = zip(ends[likely].tolist(), firsts[likely].tolist(), strict=True)
        for end, first in found:
            if _are_restarts(
                file.read(first, min(_TRIED_BYTES, end - NUMBER.size - first))
            ):
                yield end


def _are_restarts(content: bytes) -> bool:
    """Return whether these are restarts: 0, and others in order."""
    restarts = np.frombuffer(content, "<u4")
    return restarts[0] == 0 and bool((np.diff(restarts.astype(np.int64)) > 0).all())
