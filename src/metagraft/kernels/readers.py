"""How readers run, and whole files; twin of `ops/readers.py`.

Source: tensorflow core/framework/reader_base.cc, core/kernels/reader_ops.cc,
whole_file_read_ops.cc, matching_files_op.cc.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from metagraft.errors import InvalidArgumentError, UnimplementedError
from metagraft.formats import files
from metagraft.formats.folders import matching
from metagraft.formats.names import decode_name, encode_name
from metagraft.graph.shapes import show
from metagraft.kernels.kernel import Array, Kernel, RunContext
from metagraft.kernels.queues import Queue
from metagraft.kernels.reader_state import ReaderState
from metagraft.kernels.record_sources import Record, Source, source_of
from metagraft.kernels.session_resources import (
    behind,
    bytes_of,
    kept,
    on_run,
    text_of,
)

if TYPE_CHECKING:
    from metagraft.graph.operation import Operation


class Reader:
    """Gives out the records of the files that a queue names.

    Attributes:
        records_produced: How many records were given out.
        files_finished: How many files were read to the end.
    """

    def __init__(self, source: Source, *, is_whole: bool) -> None:
        """Start before the first file.

        Args:
            source: Gives the records of one file.
            is_whole: Whether a file is one record, so that it ends with it.
        """
        self._source = source
        self._is_whole = is_whole
        # Held while the reader waits for a name: others wait for the same name.
        self._lock = threading.Lock()
        self._records: Iterator[Record] | None = None
        self._current = b""
        self.records_produced = 0
        self.files_finished = 0

    def read(self, run: RunContext, queue: Queue) -> Record:
        """Return the next record, of the next file if need be."""
        with self._lock:
            while True:
                record = self._next(run, queue)
                if record is not None:
                    return record

    def read_up_to(self, run: RunContext, queue: Queue, count: int) -> list[Record]:
        """Return the next records; none of a second file, unless there are none."""
        records: list[Record] = []
        with self._lock:
            while len(records) < count:
                record = self._next(run, queue)
                if record is not None:
                    records.append(record)
                if records and self._records is None:
                    break
        return records

    def _next(self, run: RunContext, queue: Queue) -> Record | None:
        """Return the next record of the file, None at its end."""
        if self._records is None:
            ((name, *_),) = queue.elements.take(run.waits, 1)
            self._current = name[()]
            self._records = self._source(self._current)
        try:
            record = next(self._records, None)
        except Exception:
            self._records = None
            raise
        if record is not None:
            self.records_produced += 1
        if record is None or self._is_whole:
            self._records = None
            self.files_finished += 1
        return record

    def reset(self) -> None:
        """Go back to the start."""
        with self._lock:
            self._go_to(ReaderState(0, 0, 0, b""))

    def state(self) -> ReaderState:
        """Return how far it has come.

        Raises:
            UnimplementedError: It may be in the middle of a file.
        """
        self._check_whole("SerializeState")
        with self._lock:
            count = self.files_finished
            return ReaderState(count, count, self.records_produced, self._current)

    def restore(self, state: ReaderState) -> None:
        """Go back to where it was.

        Raises:
            UnimplementedError: It may be in the middle of a file.
        """
        self._check_whole("RestoreState")
        with self._lock:
            self._go_to(state)

    def _go_to(self, state: ReaderState) -> None:
        self._current = state.current
        self.records_produced = state.records_produced
        self.files_finished = state.files_finished
        self._records = None

    def _check_whole(self, what: str) -> None:
        if not self._is_whole:
            raise UnimplementedError(None, None, f"Reader {what}")


def make_reader(run: RunContext, op: Operation) -> tuple[Array]:
    """The reader, made when it is first used."""
    is_whole = op.type.startswith(("WholeFile", "Identity"))
    return kept(run, op, "reader", lambda _: Reader(source_of(op), is_whole=is_whole))


def read(
    run: RunContext, op: Operation, reader_handle: Array, queue_handle: Array
) -> tuple[Array, Array]:
    """Return the next record."""
    reader: Reader = behind(reader_handle, Reader, op)
    key, value = reader.read(run, _names(op, queue_handle))
    return _string(key), _string(value)


def _names(op: Operation, handle: Array) -> Queue:
    """Return a queue of names.

    Raises:
        InvalidArgumentError: Its elements are no strings.
    """
    queue: Queue = behind(handle, Queue, op)
    if [dtype.name for dtype in queue.dtypes] != ["string"]:
        raise InvalidArgumentError(
            None,
            None,
            "A reader needs a queue of one string component, this one has "
            f"{[dtype.name for dtype in queue.dtypes]}",
        )
    return queue


def _string(value: bytes) -> Array:
    return np.array(value, dtype=object)


def read_up_to(
    run: RunContext,
    op: Operation,
    reader_handle: Array,
    queue_handle: Array,
    num_records: Array,
) -> tuple[Array, Array]:
    """Return the next records."""
    reader: Reader = behind(reader_handle, Reader, op)
    records = reader.read_up_to(run, _names(op, queue_handle), int(num_records))
    keys = np.empty(len(records), object)
    values = np.empty(len(records), object)
    for position, (key, value) in enumerate(records):
        keys[position], values[position] = key, value
    return keys, values


def num_records_produced(
    run: RunContext, op: Operation, reader_handle: Array
) -> tuple[Array]:
    """How many records were given out."""
    del run
    reader: Reader = behind(reader_handle, Reader, op)
    return (np.int64(reader.records_produced),)


def num_work_units_completed(
    run: RunContext, op: Operation, reader_handle: Array
) -> tuple[Array]:
    """How many files were read to the end."""
    del run
    reader: Reader = behind(reader_handle, Reader, op)
    return (np.int64(reader.files_finished),)


def reset(run: RunContext, op: Operation, reader_handle: Array) -> tuple[()]:
    """Go back to the start."""
    del run
    reader: Reader = behind(reader_handle, Reader, op)
    reader.reset()
    return ()


def serialize_state(
    run: RunContext, op: Operation, reader_handle: Array
) -> tuple[Array]:
    """Return how far a reader has come."""
    del run
    reader: Reader = behind(reader_handle, Reader, op)
    return (_string(reader.state().encode()),)


def restore_state(
    run: RunContext, op: Operation, reader_handle: Array, state: Array
) -> tuple[()]:
    """Go back to where a reader was."""
    del run
    reader: Reader = behind(reader_handle, Reader, op)
    source = op.inputs[0].op
    name = f"{source.type.removesuffix('V2')} '{source.name}'"
    stored = ReaderState.decode(bytes_of(state), name)
    if stored.files_started > stored.files_finished:
        raise InvalidArgumentError(
            None,
            None,
            f"Inconsistent work started vs. finished when restoring in {name}",
        )
    reader.restore(stored)
    return ()


# -- whole files -----------------------------------------------------------------------


def read_file(attrs: Any, filename: Array) -> tuple[Array]:
    """Return the content of a file."""
    del attrs
    if np.ndim(filename):
        raise InvalidArgumentError(
            None,
            None,
            "Input filename tensor must be scalar, but had shape: "
            f"{show(filename.shape)}",
        )
    return (_string(files.read_bytes(text_of(filename))),)


def write_file(attrs: Any, filename: Array, contents: Array) -> tuple[()]:
    """Write a file, and the folders it is in."""
    del attrs
    path = text_of(filename)
    folder = path.rpartition("/")[0]
    if folder:
        files.make_folders(folder)
    files.write_bytes(path, bytes_of(contents))
    return ()


def matching_files(attrs: Any, pattern: Array) -> tuple[Array]:
    """Return the names of the files that match any pattern, in order."""
    del attrs
    if np.ndim(pattern) > 1:
        raise InvalidArgumentError(
            None,
            None,
            "Input patterns tensor must be scalar or vector, but had shape: "
            f"{show(pattern.shape)}",
        )
    found = [
        encode_name(name)
        for one in np.asarray(pattern, object).reshape(-1)
        for name in matching(decode_name(one))
    ]
    names = np.empty(len(found), object)
    names[:] = sorted(found)
    return (names,)


_READERS: Final = (
    "FixedLengthRecordReader",
    "IdentityReader",
    "TFRecordReader",
    "TextLineReader",
    "WholeFileReader",
)


_ACTIONS: Final = {
    "ReaderRead": on_run(read, waits=True),
    "ReaderReadUpTo": on_run(read_up_to, waits=True),
    "ReaderNumRecordsProduced": on_run(num_records_produced),
    "ReaderNumWorkUnitsCompleted": on_run(num_work_units_completed),
    # They wait for whoever is reading.
    "ReaderReset": on_run(reset, waits=True),
    "ReaderSerializeState": on_run(serialize_state, waits=True),
    "ReaderRestoreState": on_run(restore_state, waits=True),
}

KERNELS = {
    **{name: on_run(make_reader) for name in _READERS},
    **{f"{name}V2": on_run(make_reader) for name in _READERS},
    "LMDBReader": on_run(make_reader),
    **_ACTIONS,
    **{f"{name}V2": kernel for name, kernel in _ACTIONS.items()},
    "ReadFile": Kernel(read_file, host=True, files=True),
    "WriteFile": Kernel(write_file, host=True, files=True),
    "MatchingFiles": Kernel(matching_files, host=True, files=True),
}
