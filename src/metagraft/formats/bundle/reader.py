"""Reading tensor bundles; the twin of `writer.py`.

Every field is checked before memory is taken for what it promises, so damaged files
raise errors that name the file, the place and both values:

- `DataLossError`: the index is damaged or cut, or a checksum differs;
- `OutOfRangeError`: a data file is shorter than the index says;
- `NotFoundError`: a file is missing, or there is no such tensor.
"""

from __future__ import annotations

import contextlib
import math
import os
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import compress
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from metagraft.errors import (
    DataLossError,
    InvalidArgumentError,
    NotFoundError,
    OutOfRangeError,
)
from metagraft.formats import files
from metagraft.formats.bundle.elements import decode_strings, decode_variants
from metagraft.formats.bundle.format import (
    HEADER_KEY,
    SLICE_KEY_PREFIX,
    Entry,
    Header,
    check_entry,
    index_path,
    shard_path,
)
from metagraft.formats.bundle.many_entries import EntryTable, decode_many
from metagraft.formats.bundle.neighbours import (
    Run,
    arrays_of,
    damaged_position,
    runs_of,
)
from metagraft.formats.crc32c import crc32c, mask
from metagraft.formats.element_types import NUMPY_DTYPES, STRING, VARIANT
from metagraft.formats.extents import Box, resolve
from metagraft.formats.names import decode_name, encode_name, encode_names
from metagraft.formats.slice_keys import encode_slice_key
from metagraft.formats.table.reader import TableReader
from metagraft.formats.tensor_table import TensorTable, debug_line

# Large tensors are read and checked in pieces that stay in the processor's cache.
_PIECE_BYTES: Final = 1 << 20
_MANY_BYTES: Final = 1 << 28
_LARGE_BYTES: Final = 1 << 18
_VARYING: Final = frozenset((STRING, VARIANT))

Array = npt.NDArray[Any]  # of a type that only the file tells
_Submit = Callable[..., Callable[[], Any]]


@dataclass(frozen=True, slots=True)
class _Wanted:
    """Tensors that are read together.

    Attributes:
        names: Their names.
        table: What the index says of them.
        arrays: Their values, as far as they are read.
        read_only: Whether small ones may be read-only.
    """

    names: Sequence[str]
    table: EntryTable
    arrays: list[Any]
    read_only: bool


class BundleReader(TensorTable):
    """A checkpoint of version 2, open for reading; usable by many threads."""

    def __init__(
        self,
        prefix: files.PathLike,
        *,
        index: str | None = None,
        shards: Mapping[int, str] | None = None,
    ) -> None:
        """Open the bundle whose files start with `prefix`.

        Args:
            prefix: What the names of the files start with.
            index: The index, if it has another name.
            shards: The data files that have other names, by their numbers.

        Raises:
            NotFoundError: There is no index.
            DataLossError: The index is damaged.
            InvalidArgumentError: Only newer programs can read it.
        """
        self._prefix = os.fspath(prefix)
        self._index_path = index_path(self._prefix) if index is None else index
        self._shard_paths = {} if shards is None else shards
        content = files.read_bytes(self._index_path)
        self._table = TableReader(content, self._index_path)
        encoded = self._table.get(HEADER_KEY)
        if encoded is None:
            raise self._damage("the header is missing")
        try:
            self._header = Header.decode(encoded)
        except InvalidArgumentError as error:
            raise too_new(self._index_path, error) from error
        except ValueError as error:
            raise self._damage(f"header: {error}") from error
        self._entries: dict[str, Entry] = {}
        self._found: tuple[list[str], list[bool], EntryTable] | None = None
        self._lock = threading.Lock()
        self._shards: dict[int, files.RandomAccessFile] = {}

    @property
    def prefix(self) -> str:
        """What the names of the files start with."""
        return self._prefix

    @property
    def shard_count(self) -> int:
        """How many data files there are."""
        return self._header.shard_count

    def keys(self) -> list[str]:
        """Return the names of all tensors, sorted; slices are not listed."""
        return [
            decode_name(key)
            for key, _ in self._table.items()
            if key and not key.startswith(SLICE_KEY_PREFIX)
        ]

    def has(self, name: str) -> bool:
        """Return whether there is a tensor of that name."""
        return bool(name) and self._table.get(encode_name(name)) is not None

    def shape(self, name: str) -> tuple[int, ...]:
        """Return the shape of a tensor; of a partitioned one, the full shape."""
        return self._entry(name).shape

    def dtype(self, name: str) -> int:
        """Return the `DataType` number of the elements of a tensor."""
        return self._entry(name).data_type

    def debug_string(self) -> bytes:
        """Return a line for each tensor and each slice: its key, type and shape."""
        lines = []
        for key, encoded in self._table.items():
            if key:
                entry = self._decode_entry(decode_name(key), encoded)
                if not entry.slices:  # else there are lines for these
                    lines.append(debug_line(key, entry.data_type, entry.shape))
        return b"".join(lines)

    def slices(self, name: str) -> tuple[Box, ...]:
        """Return the parts in which a tensor is stored; none if it is stored whole."""
        entry = self._entry(name)
        return tuple(resolve(part, entry.shape) for part in entry.slices)

    def read(self, name: str) -> Array:
        """Return a tensor; strings are arrays of `bytes`, variants of messages.

        Raises:
            NotFoundError: There is none of that name, or its data file is missing.
            OutOfRangeError: The data file ends within it.
            DataLossError: It is damaged, or partitioned and not all parts exist.
        """
        return self._read(name, self._entry(name))

    def read_slice(
        self, name: str, starts: Sequence[int], lengths: Sequence[int]
    ) -> Array:
        """Return a part of a tensor, however it is stored.

        Args:
            name: The tensor.
            starts: The first index of each dimension.
            lengths: The size of each dimension.

        Raises:
            ValueError: The part reaches outside of the tensor.
            OpError: As `read`.
        """
        entry = self._entry(name)
        box = Box(tuple(starts), tuple(lengths))
        if not len(box.starts) == len(box.lengths) == len(entry.shape):
            raise ValueError(
                f"a slice at {box.starts} of {box.lengths} of {name!r}, which has "
                f"shape {entry.shape}"
            )
        for start, length, size in zip(
            box.starts, box.lengths, entry.shape, strict=True
        ):
            if start < 0 or length < 0 or start + length > size:
                raise ValueError(
                    f"a slice at {box.starts} of {box.lengths} reaches outside of "
                    f"{name!r}, which has shape {entry.shape}"
                )
        if entry.slices:
            return self._assemble(name, entry, box)
        whole = Box((0,) * len(entry.shape), entry.shape)
        # With dots, as the only element of an array of objects is no array.
        part: Any = (*box.within(whole), ...)
        return self._read_entry(name, entry)[part].copy()

    def check_sizes(self) -> None:
        """Check that all data files are there and as long as the index says.

        Raises:
            NotFoundError: One is missing.
            OutOfRangeError: One is too short.
            DataLossError: The index is damaged.
        """
        for key, encoded in self._table.items():
            if key == HEADER_KEY:
                continue
            name = decode_name(key)
            entry = self._decode_entry(name, encoded)
            if entry.slices:
                continue  # they have entries of their own
            file = self._shard(entry.shard)
            if entry.offset_bytes + entry.size_bytes > file.size_bytes:
                raise self._cut(name, file, entry, file.size_bytes - entry.offset_bytes)

    def check_data(self, shard: int | None = None) -> None:
        """Check that all data are there, and have the checksums of the index.

        Args:
            shard: The only data file to check; all of them by default.

        Raises:
            OpError: They are not, or have not; the class tells which.
        """
        for key, encoded in self._table.items():
            if key != HEADER_KEY:
                name = decode_name(key)
                entry = self._decode_entry(name, encoded)
                if not entry.slices and shard in (None, entry.shard):
                    self._read_entry(name, entry)

    def read_many(self, names: list[str]) -> dict[str, Array]:
        """Return several tensors by name, read as `read_each` does, but writable.

        Raises:
            OpError: As `read`.
        """
        arrays = self._read_each(names, read_only=False)
        return dict(zip(names, arrays, strict=True))

    def read_each(self, names: list[str]) -> list[Array]:
        """Return several tensors in the order of their names, the fastest way.

        Large ones are read at the same time; neighbours among the small ones together.
        Arrays of the latter are read-only and share memory, which is freed when all of
        them are.

        Raises:
            OpError: As `read`.
        """
        return self._read_each(names, read_only=True)

    def _read_each(self, names: list[str], *, read_only: bool) -> list[Array]:
        table = self._find_all(names)
        self._check_total(names, table)
        wanted = _Wanted(names, table, [None] * len(names), read_only)
        varying = [data_type in _VARYING for data_type, _ in table.kinds]
        is_alone = np.array([*varying, False])[table.kind]
        is_alone[list(table.slices)] = True
        is_large = ~is_alone & (table.sizes >= _LARGE_BYTES)
        for position in np.flatnonzero(is_alone).tolist():
            self._read_one(wanted, position)
        runs = list(runs_of(table, np.flatnonzero(~(is_alone | is_large))))
        large = np.flatnonzero(is_large).tolist()
        with _executor(len(runs) + len(large)) as submit:
            done = [submit(self._read_one, wanted, position) for position in large]
            # Taken here: what threads take goes back to the system with them.
            contents = [np.empty(run.size_bytes, np.uint8) for run in runs]
            parts = list(zip(runs, contents, strict=True))
            reads = [submit(self._read_run, wanted, *part) for part in parts]
            for (run, content), is_whole in zip(parts, reads, strict=True):
                self._keep_run(wanted, run, content, is_whole=is_whole())
            for result in done:
                result()
        return wanted.arrays

    def stored_types(self, names: list[str]) -> list[int | None]:
        """Return `DataType` numbers of tensors, None of those that do not exist.

        Raises:
            DataLossError: The index says what makes no sense.
        """
        is_there, table = self._find(names)
        data_types = np.array([*(kind[0] for kind in table.kinds), 0])
        found = data_types[table.kind].tolist()
        if len(found) == len(names):
            return found
        numbers = iter(found)
        return [next(numbers) if there else None for there in is_there]

    def in_parts(self, names: list[str]) -> list[str]:
        """Return which of these tensors, all of which exist, are stored in parts."""
        return [names[position] for position in self._find_all(names).slices]

    def _check_total(self, names: list[str], table: EntryTable) -> None:
        """Check that tensors share no bytes, before each of them takes memory."""
        sizes = table.sizes.astype(np.float64)
        sizes[list(table.slices)] = 0  # they have entries of their own
        total = sizes.sum()
        if total <= _MANY_BYTES:
            return
        _, place = np.unique(table.shards, return_inverse=True)
        tops = np.zeros(len(table))
        np.maximum.at(tops, place, table.offsets + sizes)
        if total > tops.sum() and len(set(names)) == len(names):
            raise self._damage(
                f"{len(names)} tensors take {total:.0f} bytes of data, all of which "
                f"lie within {tops.sum():.0f}; the first is tensor {names[0]!r}"
            )

    def _find_all(self, names: list[str]) -> EntryTable:
        is_there, table = self._find(names)
        if len(table) < len(names):
            raise self._missing(names[is_there.index(False)])
        return table

    def _find(self, names: list[str]) -> tuple[list[bool], EntryTable]:
        """Return which tensors there are, and their entries; kept for the next call."""
        last = self._found
        if last is not None and last[0] == names:
            return last[1:]
        if "" in names:  # the key of the header
            found, table = self._find([name for name in names if name])
            rest = iter(found)
            return [name != "" and next(rest) for name in names], table
        is_there, stored = self._table.get_many(encode_names(names))
        stored_names = names if all(is_there) else list(compress(names, is_there))
        table = decode_many(
            stored,
            lambda position: self._decode_entry(
                stored_names[position], stored[position]
            ),
            shard_count=self._header.shard_count,
        )
        self._found = list(names), is_there, table
        return is_there, table

    def _missing(self, name: str) -> NotFoundError:
        return NotFoundError(
            None, None, f"Key {name} not found in checkpoint {self._prefix}"
        )

    def _read_one(self, wanted: _Wanted, position: int) -> None:
        name, entry = wanted.names[position], wanted.table[position]
        wanted.arrays[position] = self._read(name, entry)

    def _read_run(self, wanted: _Wanted, run: Run, content: Any) -> bool:
        """Read and check tensors that follow one another into the memory `content`.

        Returns whether the file has all of them.
        """
        file = self._shard(run.shard)
        if run.offset_bytes + run.size_bytes > file.size_bytes:
            return False
        view = memoryview(content)
        if file.read_into(view, run.offset_bytes) < run.size_bytes:
            return False
        damaged = damaged_position(run, view)
        if damaged is not None:
            position, checksum = damaged
            name, entry = wanted.names[position], wanted.table[position]
            raise self._mismatch(name, entry, file, mask(checksum))
        return True

    def _keep_run(
        self, wanted: _Wanted, run: Run, content: Any, *, is_whole: bool
    ) -> None:
        """Keep the tensors of a run, whose bytes are `content`."""
        positions = run.positions.tolist()
        if not is_whole:  # let the tensor at which the file ends say so
            for position in positions:
                self._read_one(wanted, position)
            return
        content.flags.writeable = not wanted.read_only
        swaps = self._header.is_big_endian
        arrays = arrays_of(run, wanted.table, content, swaps=swaps)
        for position, array in zip(positions, arrays, strict=True):
            wanted.arrays[position] = array

    def close(self) -> None:
        """Close the data files."""
        with self._lock:
            while self._shards:
                self._shards.popitem()[1].close()

    def _entry(self, name: str) -> Entry:
        entry = self._entries.get(name)
        if entry is None:
            encoded = self._table.get(encode_name(name)) if name else None
            if encoded is None:
                raise self._missing(name)
            entry = self._entries[name] = self._decode_entry(name, encoded)
        return entry

    def _decode_entry(self, name: str, encoded: bytes) -> Entry:
        try:
            entry = Entry.decode(encoded)
        except ValueError as error:
            raise self._damage(f"tensor {name!r}: {error}") from error
        self._check_named(name, entry)
        return entry

    def _check_named(self, name: str, entry: Entry) -> None:
        try:
            check_entry(entry, self._header.shard_count)
        except ValueError as error:
            raise self._damage(f"tensor {name!r}: {error}") from error

    def _read(self, name: str, entry: Entry) -> Array:
        if not entry.slices:
            return self._read_entry(name, entry)
        whole = Box((0,) * len(entry.shape), entry.shape)
        return self._assemble(name, entry, whole)

    def _read_entry(self, name: str, entry: Entry) -> Array:
        file = self._shard(entry.shard)
        end = entry.offset_bytes + entry.size_bytes
        if end > file.size_bytes:
            raise self._cut(name, file, entry, file.size_bytes - entry.offset_bytes)
        if entry.data_type in (STRING, VARIANT):
            return self._read_varying(name, entry, file)
        dtype = NUMPY_DTYPES[entry.data_type]
        array = np.empty(entry.shape, dtype)
        if entry.size_bytes:
            self._fill(name, entry, file, array)
        elif entry.stored_checksum != mask(0):
            raise self._mismatch(name, entry, file, mask(0))
        if self._header.is_big_endian and dtype.itemsize > 1:
            array.byteswap(inplace=True)
        return array

    def _fill(
        self, name: str, entry: Entry, file: files.RandomAccessFile, array: Array
    ) -> None:
        """Read the bytes of an array and compare their checksum."""
        flat: Any = array.reshape(-1).view(np.uint8)  # mypy: arrays are buffers
        target = memoryview(flat)
        checksum = 0
        for start in range(0, entry.size_bytes, _PIECE_BYTES):
            piece = target[start : start + _PIECE_BYTES]
            count = file.read_into(piece, entry.offset_bytes + start)
            if count != len(piece):
                raise self._cut(name, file, entry, start + count)
            checksum = crc32c(piece, checksum)
        if mask(checksum) != entry.stored_checksum:
            raise self._mismatch(name, entry, file, mask(checksum))

    def _read_varying(
        self, name: str, entry: Entry, file: files.RandomAccessFile
    ) -> Array:
        data = file.read(entry.offset_bytes, entry.size_bytes)
        if len(data) != entry.size_bytes:
            raise self._cut(name, file, entry, len(data))
        decode = decode_strings if entry.data_type == STRING else decode_variants
        try:
            elements, checksum = decode(data, entry.element_count)
        except ValueError as error:
            raise DataLossError(
                None,
                None,
                f"{file.path}, tensor {name!r} at byte {entry.offset_bytes}: {error}",
            ) from error
        if mask(checksum) != entry.stored_checksum:
            raise self._mismatch(name, entry, file, mask(checksum))
        array = np.empty(len(elements), object)
        array[:] = elements
        return array.reshape(entry.shape)

    def _assemble(self, name: str, entry: Entry, box: Box) -> Array:
        """Return the part `box` of a partitioned tensor."""
        parts = []
        for tensor_slice in dict.fromkeys(entry.slices):
            part = resolve(tensor_slice, entry.shape)
            common = part.intersection(box)
            if common is not None:
                key = encode_slice_key(encode_name(name), tensor_slice)
                parts.append((part, common, self._part_entry(name, entry, key, part)))
        total = math.prod(box.lengths)
        # Only with enough stored elements is memory taken.
        available = sum(math.prod(common.lengths) for _, common, _ in parts)
        if available < total:
            raise self._not_covered(name, box, total - available)
        array = np.empty(box.lengths, NUMPY_DTYPES.get(entry.data_type, object))
        is_set = np.zeros(box.lengths, np.bool_)
        for part, common, part_entry in parts:
            stored = self._read_entry(f"{name} at {part.starts}", part_entry)
            array[common.within(box)] = stored[common.within(part)]
            is_set[common.within(box)] = True
        if not is_set.all():
            raise self._not_covered(name, box, total - int(np.count_nonzero(is_set)))
        return array

    def _not_covered(self, name: str, box: Box, missing: int) -> DataLossError:
        return self._damage(
            f"tensor {name!r}: the stored slices leave {missing} of "
            f"{math.prod(box.lengths)} elements of the part at {box.starts} of "
            f"{box.lengths} unset"
        )

    def _part_entry(self, name: str, entry: Entry, key: bytes, part: Box) -> Entry:
        encoded = self._table.get(key)
        label = f"{name} at {part.starts}"
        if encoded is None:
            raise self._damage(f"the slice {label!r} of {part.lengths} has no entry")
        found = self._decode_entry(label, encoded)
        if found.slices:
            raise self._damage(f"the slice {label!r} is in slices itself")
        if (found.data_type, found.shape) != (entry.data_type, part.lengths):
            raise self._damage(
                f"the slice {label!r} has type {found.data_type} and shape "
                f"{found.shape}, the tensor says {entry.data_type} and {part.lengths}"
            )
        return found

    def _shard(self, number: int) -> files.RandomAccessFile:
        with self._lock:
            file = self._shards.get(number)
            if file is None:
                path = self._shard_paths.get(number) or shard_path(
                    self._prefix, number, self._header.shard_count
                )
                file = self._shards[number] = files.RandomAccessFile(path)
            return file

    def _damage(self, reason: str) -> DataLossError:
        return DataLossError(None, None, f"{self._index_path}: {reason}")

    def _cut(
        self, name: str, file: files.RandomAccessFile, entry: Entry, count: int
    ) -> OutOfRangeError:
        return OutOfRangeError(
            None,
            None,
            f"{file.path}, tensor {name!r} at byte {entry.offset_bytes}: Read less "
            f"bytes than requested, {max(0, count)} of {entry.size_bytes}; the file "
            f"has {file.size_bytes}",
        )

    def _mismatch(
        self, name: str, entry: Entry, file: files.RandomAccessFile, computed: int
    ) -> DataLossError:
        return DataLossError(
            None,
            None,
            f"{file.path}, tensor {name!r} at byte {entry.offset_bytes}: Checksum does "
            f"not match: stored {entry.stored_checksum:#010x}, computed "
            f"{computed:#010x}; file damaged",
        )


@contextlib.contextmanager
def _executor(task_count: int) -> Iterator[_Submit]:
    """Yield what starts a task and returns what waits for its result."""
    if task_count < 2:
        yield partial
        return
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(os.cpu_count()) as executor:
        yield lambda *task: executor.submit(*task).result


def too_new(path: str, error: InvalidArgumentError) -> InvalidArgumentError:
    """Return the error that a bundle needs newer programs, with its name."""
    return InvalidArgumentError(None, None, f"{path}: {error.message}")
