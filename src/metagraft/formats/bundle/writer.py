"""Writing tensor bundles; the twin of `reader.py`.

Data go to temporary files while tensors are added. `finish` brings them to the disk and
renames them, the index last: a bundle either has an index, and then is complete, or has
none. The bytes are those that TensorFlow writes for the same tensors in the same order.
"""

from __future__ import annotations

import os
import sys
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, TypeVar

import numpy as np
import numpy.typing as npt

from metagraft.errors import AlreadyExistsError, InvalidArgumentError
from metagraft.formats import files
from metagraft.formats.bundle.commit import commit_bundle
from metagraft.formats.bundle.elements import encode_strings, encode_variants
from metagraft.formats.bundle.format import (
    HEADER_KEY,
    Entry,
    Header,
    encode_head,
    index_path,
    shard_path,
)
from metagraft.formats.bundle.many_entries import encode_many
from metagraft.formats.crc32c import crc32c, mask
from metagraft.formats.element_types import (
    NUMPY_DTYPES,
    STRING,
    VARIANT,
    data_type_number,
)
from metagraft.formats.extents import Extent, TensorSlice, resolve
from metagraft.formats.names import encode_name
from metagraft.formats.slice_keys import encode_slice_key
from metagraft.formats.table.writer import TableWriter

if TYPE_CHECKING:
    from concurrent.futures import Future, ThreadPoolExecutor

_T = TypeVar("_T")

# From this size on, the checksum is computed by another thread during the writing.
_LARGE_BYTES: Final = 1 << 18
# So much, and so many pieces, are written at once.
_BATCH_BYTES: Final = 1 << 20
_BATCH_PIECES: Final = 1000
_VARYING: Final = frozenset((STRING, VARIANT))
_FIRST_KEY: Final = b"\x01"  # no tensor's key comes before it

Array = npt.NDArray[Any]  # of any type that files have


class BundleWriter:
    """A checkpoint of version 2 being written.

    As a context manager it discards everything unless `finish` was called.
    """

    def __init__(self, prefix: files.PathLike, *, shard_count: int = 1) -> None:
        """Start a bundle whose files start with `prefix`; its folder must exist.

        Args:
            prefix: What the names of the files start with.
            shard_count: How many data files there are.
        """
        if shard_count < 1:
            raise InvalidArgumentError(
                None, None, f"a bundle of {shard_count} shards; at least 1 is needed"
            )
        self._prefix = os.fspath(prefix)
        self._shard_count = shard_count
        self._entries: dict[bytes, Entry] = {}
        self._encoded: dict[bytes, bytes] = {}  # those of small tensors
        self._executor: ThreadPoolExecutor | None = None
        self._shards: list[files.AtomicFile] = []
        try:
            for shard in range(shard_count):
                path = shard_path(self._prefix, shard, shard_count)
                self._shards.append(files.AtomicFile(path))
        except BaseException:
            self.discard()
            raise

    def add(
        self, name: str, array: Array, *, data_type: int | None = None, shard: int = 0
    ) -> None:
        """Append a tensor.

        Args:
            name: Its name; must not have been added.
            array: Its value. Arrays of objects hold `bytes` (or `str`, as UTF-8).
            data_type: The `DataType` number, where the array does not tell it: for
                quantised types and variants.
            shard: The data file to append it to.

        Raises:
            AlreadyExistsError: There is a tensor of that name.
            InvalidArgumentError: No tensor can have such elements, or such a name.
        """
        key = _key_of(name)
        self._refuse_duplicate(key, name)
        number = _checked_data_type(name, array, data_type)
        self._entries[key] = self._append(name, array, number, shard)

    def add_many(
        self,
        names: Sequence[str],
        arrays: Sequence[Array],
        data_types: Sequence[int],
    ) -> None:
        """Append tensors to the first data file, the fastest way.

        Small ones are written together.

        Args:
            names: Their names.
            arrays: Their values; must not change meanwhile.
            data_types: Their `DataType` numbers.

        Raises:
            OpError: As `add`.
        """
        keys = self._new_keys(names)
        sizes = [array.nbytes for array in arrays]
        pairs = enumerate(zip(sizes, data_types, strict=True))
        alone = [
            position
            for position, (size, number) in pairs
            if size >= _LARGE_BYTES or number in _VARYING
        ]
        small = _SmallTensors(self._shards[0])
        first = 0
        for position in (*alone, len(keys)):
            rows = slice(first, position)
            small.add(
                keys[rows], names[rows], arrays[rows], data_types[rows], sizes[rows]
            )
            if position < len(keys):
                name, array = names[position], arrays[position]
                number = _checked_data_type(name, array, data_types[position])
                self._entries[keys[position]] = self._append(name, array, number, 0)
            first = position + 1
        self._encoded.update(zip(small.keys, small.encoded_entries(), strict=True))

    def add_slice(
        self,
        name: str,
        full_shape: Sequence[int],
        tensor_slice: TensorSlice,
        array: Array,
        *,
        data_type: int | None = None,
        shard: int = 0,
    ) -> None:
        """Append a part of a tensor; one that covers all of it is a plain tensor.

        Args:
            name: The name of the whole tensor.
            full_shape: Its shape.
            tensor_slice: The part that `array` is.
            array: The value of the part.
            data_type: As of `add`.
            shard: The data file to append it to.

        Raises:
            AlreadyExistsError: The same part has been added.
            InvalidArgumentError: The part does not fit the tensor, or what has been
                said of the tensor before.
        """
        key = _key_of(name)
        shape = tuple(full_shape)
        number = _checked_data_type(name, array, data_type)
        self._check_slice(name, shape, tensor_slice, array)
        if array.shape == shape:
            self.add(name, array, data_type=number, shard=shard)
            return
        if key in self._encoded:
            self._entries[key] = Entry.decode(self._encoded.pop(key))
        entry = self._entries.get(key, Entry(number, shape))
        if (entry.data_type, entry.shape) != (number, shape) or (
            key in self._entries and not entry.slices
        ):
            raise InvalidArgumentError(
                None,
                None,
                f"a slice of {name!r} of type {number} and shape {shape}; added before "
                f"with type {entry.data_type}, shape {entry.shape}, "
                f"{len(entry.slices)} slices",
            )
        slice_key = encode_slice_key(key, tensor_slice)
        self._refuse_duplicate(slice_key, f"slice {tensor_slice} of {name}")
        self._entries[slice_key] = self._append(name, array, number, shard)
        self._entries[key] = Entry(number, shape, slices=(*entry.slices, tensor_slice))

    def finish(self) -> None:
        """Complete the bundle: data files first, then the index.

        Raises:
            OpError: A file cannot be written; the class tells why.
        """
        for shard in self._shards:
            shard.start_sync()  # goes on while the index is made
        with files.AtomicFile(index_path(self._prefix)) as index:
            table = TableWriter(index.write)
            header = Header(self._shard_count, is_big_endian=sys.byteorder == "big")
            table.add(HEADER_KEY, header.encode())
            encoded = self._encoded
            encoded.update(
                (key, entry.encode()) for key, entry in self._entries.items()
            )
            keys = sorted(encoded)
            table.add_many(keys, [encoded[key] for key in keys])
            table.finish()
            commit_bundle(self._prefix, self._shards, index)
        self.discard()

    def discard(self) -> None:
        """Delete what was written; without effect after `finish`."""
        for shard in self._shards:
            shard.discard()
        if self._executor is not None:
            self._executor.shutdown()
            self._executor = None

    def __enter__(self) -> BundleWriter:
        """Return the writer."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Discard what is not finished."""
        self.discard()

    def _append(self, name: str, array: Array, number: int, shard: int) -> Entry:
        """Write the elements; return where they are."""
        if not 0 <= shard < self._shard_count:
            raise InvalidArgumentError(
                None, None, f"shard {shard} of {self._shard_count} for {name!r}"
            )
        file = self._shards[shard]
        offset = file.written_bytes
        if number == STRING:
            data, checksum = encode_strings(_as_strings(name, array))
            file.write(data)
        elif number == VARIANT:
            data, checksum = encode_variants(array.reshape(-1).tolist())
            file.write(data)
        else:
            flat = _as_bytes(array, NUMPY_DTYPES[number])
            checksum = self._write_with_checksum(file, flat)
        size = file.written_bytes - offset
        return Entry(number, array.shape, shard, offset, size, mask(checksum))

    def _write_with_checksum(self, file: files.AtomicFile, flat: Any) -> int:
        if flat.nbytes < _LARGE_BYTES:
            file.write(flat)
            return crc32c(flat)
        checksum = self._in_background(crc32c, flat)
        file.write(flat)
        return checksum.result()

    def _in_background(self, function: Callable[..., _T], *args: Any) -> Future[_T]:
        if self._executor is None:
            from concurrent.futures import ThreadPoolExecutor

            self._executor = ThreadPoolExecutor(1, "bundle")
        return self._executor.submit(function, *args)

    def _new_keys(self, names: Sequence[str]) -> list[bytes]:
        """Return the keys of tensors that are to be added together."""
        keys = list(map(encode_name, names))
        if keys and min(keys) < _FIRST_KEY:
            keys = list(map(_key_of, names))  # which raises
        known = self._entries.keys() | self._encoded.keys()
        if len(set(keys)) < len(keys) or not known.isdisjoint(keys):
            twice = [key for key, count in Counter(keys).items() if count > 1]
            for key, name in zip(keys, names, strict=True):
                self._refuse_duplicate(key, name, is_known=key in twice)
        return keys

    def _refuse_duplicate(
        self, key: bytes, label: str, *, is_known: bool = False
    ) -> None:
        if is_known or key in self._entries or key in self._encoded:
            raise AlreadyExistsError(
                None, None, f"{label} was added to the checkpoint before"
            )

    @staticmethod
    def _check_slice(
        name: str, shape: tuple[int, ...], tensor_slice: TensorSlice, array: Array
    ) -> None:
        try:
            box = resolve(tensor_slice, shape)
        except ValueError as error:
            raise InvalidArgumentError(None, None, f"{name!r}: {error}") from error
        if box.lengths != array.shape:
            raise InvalidArgumentError(
                None,
                None,
                f"{name!r}: the slice has shape {box.lengths}, its value {array.shape}",
            )


class _SmallTensors:
    """Small tensors that are written together.

    Another thread for the checksums would take longer: what it waits for, the
    interpreter, costs more than they do.
    """

    def __init__(self, file: files.AtomicFile) -> None:
        self.keys: list[bytes] = []
        self._file = file
        self._heads: list[bytes] = []
        self._offsets: list[int] = []
        self._sizes: list[int] = []
        self._checksums: list[int] = []

    def add(
        self,
        keys: Sequence[bytes],
        names: Sequence[str],
        arrays: Sequence[Array],
        data_types: Sequence[int],
        sizes: Sequence[int],
    ) -> None:
        """Write tensors that follow one another; all are written at the end."""
        buffers = _as_buffers(names, arrays, data_types)
        ends = list(accumulate(sizes, initial=self._file.written_bytes))
        self.keys += keys
        self._offsets += ends[:-1]
        self._sizes += sizes
        pairs = zip(data_types, arrays, strict=True)
        self._heads += [encode_head(number, array.shape) for number, array in pairs]
        for first, last in _batches(ends):
            batch = buffers[first:last]
            self._file.write_many(batch, ends[last] - ends[first])
            self._checksums += map(crc32c, batch)

    def encoded_entries(self) -> list[bytes]:
        """Return the entries of all, in the order of `keys`."""
        shards = [0] * len(self.keys)
        stored = mask(np.array(self._checksums, np.int64)).tolist()
        return encode_many(self._heads, (shards, self._offsets, self._sizes, stored))


def _batches(ends: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Yield first and last of the tensors, with ends in a file, to write together."""
    first = 0
    while first < len(ends) - 1:
        limit = ends[first] + _BATCH_BYTES
        last = min(bisect_left(ends, limit, first + 1), first + _BATCH_PIECES)
        last = min(last, len(ends) - 1)
        yield first, last
        first = last


def slice_of(starts: Sequence[int], lengths: Sequence[int]) -> TensorSlice:
    """Return the slice at `starts` of `lengths`, every dimension explicit."""
    return tuple(map(Extent, starts, lengths))


def _key_of(name: str) -> bytes:
    if not name or name.startswith("\0"):
        raise InvalidArgumentError(
            None, None, f"a tensor cannot have the name {name!r} in a checkpoint"
        )
    return encode_name(name)


def _checked_data_type(name: str, array: Array, data_type: int | None) -> int:
    """Return the type to store, which must be able to hold the array's elements."""
    found = data_type_number(array.dtype)
    if data_type is None:
        if found is None:
            raise InvalidArgumentError(
                None, None, f"{name!r}: no tensor has elements of dtype {array.dtype}"
            )
        return found
    if data_type == VARIANT and array.dtype == object:
        return data_type
    expected = NUMPY_DTYPES.get(data_type)
    if expected is None or (found != data_type and array.dtype != expected):
        raise InvalidArgumentError(
            None,
            None,
            f"{name!r}: elements of dtype {array.dtype} cannot be stored as type "
            f"{data_type}, which takes {expected}",
        )
    return data_type


def _as_buffers(
    names: Sequence[str], arrays: Sequence[Array], data_types: Sequence[int]
) -> list[Any]:
    """Return buffers of the elements of arrays, without copies where that works."""
    kinds = zip([array.dtype for array in arrays], data_types, strict=True)
    seen = {kind: position for position, kind in enumerate(kinds)}
    for position in seen.values():
        _checked_data_type(names[position], arrays[position], data_types[position])
    if all(
        dtype.isbuiltin == 1 and dtype == NUMPY_DTYPES[number] for dtype, number in seen
    ) and all(array.flags.c_contiguous for array in arrays):
        return list(arrays)
    pairs = zip(arrays, data_types, strict=True)
    return [_as_bytes(array, NUMPY_DTYPES[number]) for array, number in pairs]


def _as_bytes(array: Array, dtype: np.dtype[Any]) -> Any:
    """Return a buffer of the elements in a row, without a copy where they are so."""
    if array.dtype == dtype and array.flags.c_contiguous:
        if dtype.isbuiltin == 1:
            return array
    else:
        array = np.ascontiguousarray(array, dtype)
    # Only the elements of builtin types can be taken as they are.
    return array.reshape(-1).view(np.uint8)


def _as_strings(name: str, array: Array) -> list[bytes]:
    strings = []
    for element in array.reshape(-1).tolist():
        if isinstance(element, str):
            strings.append(element.encode())
        elif isinstance(element, bytes):
            strings.append(element)
        else:
            raise InvalidArgumentError(
                None,
                None,
                f"{name!r}: a string tensor holds {type(element).__name__} objects",
            )
    return strings
