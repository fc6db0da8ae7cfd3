"""Writing tensor bundles; the twin of `reader.py`.

Data go to temporary files while tensors are added. `finish` brings them to the disk and
renames them, the index last: a bundle either has an index, and then is complete, or has
none. The bytes are those that TensorFlow writes for the same tensors in the same order.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, TypeVar

import numpy as np
import numpy.typing as npt

from metagraft.errors import AlreadyExistsError, InvalidArgumentError
from metagraft.formats import files
from metagraft.formats.bundle.elements import encode_strings, encode_variants
from metagraft.formats.bundle.format import (
    HEADER_KEY,
    Entry,
    Header,
    index_path,
    shard_path,
)
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
_BATCH_BYTES: Final = 4 << 20
_BATCH_PIECES: Final = 1000

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

        Small ones are written together, by another thread.

        Args:
            names: Their names.
            arrays: Their values; must not change meanwhile.
            data_types: Their `DataType` numbers.

        Raises:
            OpError: As `add`.
        """
        batch = _Batch(self._shards[0], self._in_background)
        offset = self._shards[0].written_bytes
        for name, array, number in zip(names, arrays, data_types, strict=True):
            size = array.nbytes
            if number in (STRING, VARIANT) or size >= _LARGE_BYTES:
                batch.finish()
                self.add(name, array, data_type=number)
                offset = self._shards[0].written_bytes
                continue
            key = _key_of(name)
            self._refuse_duplicate(key, name)
            _checked_data_type(name, array, number)
            flat = _as_bytes(array, NUMPY_DTYPES[number])
            checksum = mask(crc32c(flat))
            self._entries[key] = Entry(number, array.shape, 0, offset, size, checksum)
            batch.add(flat, size)
            offset += size
        batch.finish()

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
            for key in sorted(self._entries):
                table.add(key, self._entries[key].encode())
            table.finish()
            for file in (*self._shards, index):
                file.close()
            for shard in self._shards:
                shard.commit()
            index.commit()
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

    def _refuse_duplicate(self, key: bytes, label: str) -> None:
        if key in self._entries:
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


class _Batch:
    """Small buffers that are written together, by another thread."""

    def __init__(
        self, file: files.AtomicFile, in_background: Callable[..., Future[None]]
    ) -> None:
        self._file = file
        self._in_background = in_background
        self._pieces: list[Any] = []
        self._size_bytes = 0
        self._writing: Future[None] | None = None

    def add(self, flat: Any, size: int) -> None:
        """Write a buffer soon."""
        self._pieces.append(flat)
        self._size_bytes += size
        if self._size_bytes >= _BATCH_BYTES or len(self._pieces) >= _BATCH_PIECES:
            self._start()

    def _start(self) -> None:
        self._wait()
        self._writing = self._in_background(
            self._file.write_many, self._pieces, self._size_bytes
        )
        self._pieces, self._size_bytes = [], 0

    def _wait(self) -> None:
        writing, self._writing = self._writing, None
        if writing is not None:
            writing.result()

    def finish(self) -> None:
        """Write what remains, and wait for it."""
        if self._pieces:
            self._start()
        self._wait()


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
