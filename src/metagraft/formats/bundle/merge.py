"""Joining bundles that several writers made into one.

Each device or process saves its part under a name of its own; the merge renames the
data files and writes one index.

Source: tensorflow core/util/tensor_bundle MergeBundles.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np

from metagraft.errors import DataLossError, InvalidArgumentError, OpError
from metagraft.formats import files
from metagraft.formats.bundle.commit import commit_parts
from metagraft.formats.bundle.format import (
    HEADER_KEY,
    SLICE_KEY_PREFIX,
    Entry,
    Header,
    index_path,
    shard_path,
)
from metagraft.formats.bundle.many_entries import EntryTable, decode_many, encode_table
from metagraft.formats.bundle.reader import too_new
from metagraft.formats.byte_rows import Numbers, Spans
from metagraft.formats.extents import format_slice
from metagraft.formats.names import decode_name
from metagraft.formats.slice_keys import decode_slice_key
from metagraft.formats.table.reader import TableReader
from metagraft.formats.table.writer import TableWriter

_T = TypeVar("_T", Header, Entry)


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
        self._encoded: dict[bytes, bytes] = {}  # those of whole tensors and of slices
        self._partitioned: dict[bytes, Entry] = {}
        self._data_files: list[str] = []

    def add(self, part: str) -> None:
        source = index_path(part)
        table = TableReader(files.read_bytes(source), source)
        header = _decoded(Header.decode, table.get(HEADER_KEY) or b"", source)
        if self._is_big_endian not in (None, header.is_big_endian):
            raise InvalidArgumentError(
                None, None, f"{source}: its byte order differs from the other parts'"
            )
        self._is_big_endian = header.is_big_endian
        rows = [row for row in table.items() if row[0] != HEADER_KEY]
        encoded = [value for _, value in rows]
        entries = decode_many(
            Spans.of_strings(encoded),
            lambda number: _decoded(Entry.decode, encoded[number], source),
        )
        keys = [key for key, _ in rows]
        self._refuse_known(keys, entries, part)
        shards = self._shards_in_merge(part, entries, header.shard_count)
        self._encoded.update(zip(keys, encode_table(entries, shards), strict=True))
        for position in entries.slices:
            key = keys[position]
            del self._encoded[key]
            entry = entries[position]._replace(shard=shards.item(position))
            known = self._partitioned.get(key, entry)
            self._partitioned[key] = _joined(key, known, entry, source)

    def _refuse_known(self, keys: list[bytes], table: EntryTable, part: str) -> None:
        """Check that no other part has the same, but for partitioned tensors."""
        sliced = {keys[position] for position in table.slices}
        known = self._encoded.keys() & keys
        known |= self._partitioned.keys() & (set(keys) - sliced)
        if known:
            raise InvalidArgumentError(
                None,
                None,
                f"Duplicate tensor keyed by {_shown(min(known))} encountered, when "
                f"merging prefix: {part}",
            )

    def _shards_in_merge(
        self, part: str, table: EntryTable, shard_count: int
    ) -> Numbers:
        """Return the shards of entries after the merge; only used files have one."""
        used, first, place = np.unique(
            table.shards, return_index=True, return_inverse=True
        )
        order = np.argsort(first)
        numbers = np.empty(len(used), np.int64)
        numbers[order] = np.arange(len(used)) + len(self._data_files)
        for shard in used[order].tolist():
            self._data_files.append(shard_path(part, shard, shard_count))
        return numbers[place]

    def finish(self) -> None:
        count = max(1, len(self._data_files))
        encoded = self._encoded
        for key, entry in self._partitioned.items():
            encoded[key] = entry.encode()
        with files.AtomicFile(index_path(self.prefix)) as index:
            table = TableWriter(index.write)
            header = Header(count, is_big_endian=bool(self._is_big_endian))
            table.add(HEADER_KEY, header.encode())
            keys = sorted(encoded)
            table.add_many(keys, [encoded[key] for key in keys])
            table.finish()
            commit_parts(self.prefix, self._data_files, index)


def _decoded(decode: Callable[[bytes], _T], data: bytes, source: str) -> _T:
    try:
        return decode(data)
    except InvalidArgumentError as error:
        raise too_new(source, error) from error
    except ValueError as error:
        raise DataLossError(None, None, f"{source}: {error}") from error


def _joined(key: bytes, known: Entry, entry: Entry, source: str) -> Entry:
    """Return the entry of a partitioned tensor of which two parts hold slices."""
    said, said_before = ((each.data_type, each.shape) for each in (entry, known))
    if said != said_before:
        raise InvalidArgumentError(
            None,
            None,
            f"{source}: {key!r} has type and shape {said}, another part says "
            f"{said_before}",
        )
    slices = dict.fromkeys((*known.slices, *entry.slices))
    return known._replace(slices=tuple(slices))


def _shown(key: bytes) -> str:
    """Return the name of a tensor, or of the slice of one, that a key means."""
    if not key.startswith(SLICE_KEY_PREFIX):
        return decode_name(key)
    # TF: the key itself, of which only what is before its first zero byte is seen.
    try:
        name, part = decode_slice_key(key)
    except ValueError:
        return repr(key)
    return f"{decode_name(name)}, slice {format_slice(part)}"
