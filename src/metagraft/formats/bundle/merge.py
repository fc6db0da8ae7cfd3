"""Joining bundles that several writers made into one.

Each device or process saves its part under a name of its own; the merge renames the
data files and writes one index.

Source: tensorflow core/util/tensor_bundle MergeBundles.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence

from metagraft.errors import InvalidArgumentError, OpError
from metagraft.formats import files
from metagraft.formats.bundle.format import (
    HEADER_KEY,
    Entry,
    Header,
    index_path,
    shard_path,
)
from metagraft.formats.table.reader import TableReader
from metagraft.formats.table.writer import TableWriter


def merge_bundles(
    parts: Sequence[files.PathLike],
    prefix: files.PathLike,
    *,
    keeps_folders: bool = False,
    allows_missing: bool = False,
) -> None:
    """Make one bundle of several, which are used up.

    Args:
        parts: The prefixes of the bundles, in the order of the shards to be.
        prefix: The prefix of the bundle to be.
        keeps_folders: Whether the folders of the parts stay, where nothing is left.
        allows_missing: Whether parts that do not exist are left out.

    Raises:
        InvalidArgumentError: A part does not exist, or none does; or two parts hold
            the same tensor, say different things of a partitioned one, or have
            different byte orders.
        DataLossError: The index of a part is damaged.
    """
    merge = _Merge(os.fspath(prefix))
    names = [os.fspath(part) for part in parts]
    existing = [name for name in names if files.exists(index_path(name))]
    if not existing or (len(existing) < len(names) and not allows_missing):
        missing = [name for name in names if name not in existing]
        raise InvalidArgumentError(
            None, None, f"{merge.prefix}: there is no part {missing or names}"
        )
    for name in existing:
        merge.add(name)
    merge.finish()
    for name in existing:
        files.remove(index_path(name))
    if not keeps_folders:
        for folder in {os.path.dirname(name) for name in existing}:  # noqa: PTH120
            if folder and folder != os.path.dirname(merge.prefix):  # noqa: PTH120
                with contextlib.suppress(OpError):  # it holds something else
                    files.remove_folder(folder)


class _Merge:
    """The entries of all parts, with their shards renumbered."""

    def __init__(self, prefix: str) -> None:
        self.prefix = prefix
        self._is_big_endian: bool | None = None
        self._entries: dict[bytes, Entry] = {}
        self._data_files: list[str] = []

    def add(self, part: str) -> None:
        source = index_path(part)
        table = TableReader(files.read_bytes(source), source)
        header = Header.decode(table.get(HEADER_KEY) or b"")
        if self._is_big_endian not in (None, header.is_big_endian):
            raise InvalidArgumentError(
                None, None, f"{source}: its byte order differs from the other parts'"
            )
        self._is_big_endian = header.is_big_endian
        # Only data files that hold something become shards.
        shards: dict[int, int] = {}
        for key, value in table.items():
            if key == HEADER_KEY:
                continue
            entry = Entry.decode(value)
            if entry.slices:
                self._add_partitioned(key, entry, source)
                continue
            if key in self._entries:
                raise InvalidArgumentError(
                    None, None, f"{source}: another part holds {key!r} too"
                )
            if entry.shard not in shards:
                shards[entry.shard] = len(self._data_files)
                path = shard_path(part, entry.shard, header.shard_count)
                self._data_files.append(path)
            self._entries[key] = Entry(
                entry.data_type,
                entry.shape,
                shards[entry.shard],
                entry.offset_bytes,
                entry.size_bytes,
                entry.stored_checksum,
            )

    def _add_partitioned(self, key: bytes, entry: Entry, source: str) -> None:
        known = self._entries.get(key)
        if known is None:
            self._entries[key] = entry
            return
        said = (entry.data_type, entry.shape)
        if not known.slices or said != (known.data_type, known.shape):
            raise InvalidArgumentError(
                None,
                None,
                f"{source}: {key!r} has type and shape {said}, another part says "
                f"{(known.data_type, known.shape)}, {len(known.slices)} slices",
            )
        slices = tuple(dict.fromkeys((*known.slices, *entry.slices)))
        self._entries[key] = Entry(*said, slices=slices)

    def finish(self) -> None:
        count = max(1, len(self._data_files))
        with files.AtomicFile(index_path(self.prefix)) as index:
            table = TableWriter(index.write)
            header = Header(count, is_big_endian=bool(self._is_big_endian))
            table.add(HEADER_KEY, header.encode())
            for key in sorted(self._entries):
                table.add(key, self._entries[key].encode())
            table.finish()
            for shard, path in enumerate(self._data_files):
                files.rename(path, shard_path(self.prefix, shard, count))
            index.commit()
