"""Readers: they take names of files from a queue and give out records.

Source: tensorflow python/ops/io_ops.py.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from metagraft.api.record_files import TFRecordOptions
from metagraft.graph import dtypes
from metagraft.graph.apply_op import op
from metagraft.graph.defaults import executing_eagerly
from metagraft.graph.operation import Operation
from metagraft.graph.tensor import Tensor

__all__ = [
    "FixedLengthRecordReader",
    "IdentityReader",
    "LMDBReader",
    "ReaderBase",
    "TFRecordReader",
    "TextLineReader",
    "WholeFileReader",
    "matching_files",
    "read_file",
    "write_file",
]


class ReadRecord(NamedTuple):
    """What `read` gives out."""

    key: Tensor
    value: Tensor


class ReadRecords(NamedTuple):
    """What `read_up_to` gives out."""

    keys: Tensor
    values: Tensor


class ReaderBase:
    """What all readers share."""

    def __init__(self, reader_ref: Tensor, supports_serialize: bool = False) -> None:
        """Wrap a handle.

        Args:
            reader_ref: The handle.
            supports_serialize: Whether the state can be stored.

        Raises:
            RuntimeError: Eager execution is on.
        """
        if executing_eagerly():
            raise RuntimeError(
                "Readers are not supported when eager execution is enabled. Instead, "
                "please use tf.data to get data into your model."
            )
        self._reader_ref = reader_ref
        self._supports_serialize = supports_serialize

    @property
    def reader_ref(self) -> Tensor:
        """The handle."""
        return self._reader_ref

    @property
    def supports_serialize(self) -> bool:
        """Whether the state can be stored."""
        return self._supports_serialize

    def read(self, queue: Any, name: str | None = None) -> ReadRecord:
        """Return the next record: a key and its value, two string scalars.

        Args:
            queue: A queue, or the handle of one, with names of files.
            name: Name of the operation.
        """
        return ReadRecord(*self._read("ReaderRead", queue, name=name))

    def read_up_to(
        self, queue: Any, num_records: Any, name: str | None = None
    ) -> ReadRecords:
        """Return the next records, at the end of a file fewer than asked for.

        Args:
            queue: A queue, or the handle of one, with names of files.
            num_records: How many.
            name: Name of the operation.
        """
        return ReadRecords(
            *self._read("ReaderReadUpTo", queue, num_records=num_records, name=name)
        )

    def _read(self, op_type: str, queue: Any, **arguments: Any) -> Any:
        handle = queue if isinstance(queue, Tensor) else queue.queue_ref
        if self._reader_ref.dtype != dtypes.resource:
            handle = op("FakeQueue", resource=handle)
        return self._add(op_type, queue_handle=handle, **arguments)

    def num_records_produced(self, name: str | None = None) -> Tensor:
        """Return how many records were given out.

        Args:
            name: Name of the operation.
        """
        return self._add("ReaderNumRecordsProduced", name=name)

    def num_work_units_completed(self, name: str | None = None) -> Tensor:
        """Return how many files were read to the end.

        Args:
            name: Name of the operation.
        """
        return self._add("ReaderNumWorkUnitsCompleted", name=name)

    def serialize_state(self, name: str | None = None) -> Tensor:
        """Return the state as a string, if the reader can store it.

        Args:
            name: Name of the operation.
        """
        return self._add("ReaderSerializeState", name=name)

    def restore_state(self, state: Any, name: str | None = None) -> Operation:
        """Return the operation that goes back to a stored state.

        Args:
            state: What `serialize_state` gave.
            name: Name of the operation.
        """
        restored: Operation = self._add("ReaderRestoreState", state=state, name=name)
        return restored

    def reset(self, name: str | None = None) -> Operation:
        """Return the operation that goes back to the start.

        Args:
            name: Name of the operation.
        """
        reset: Operation = self._add("ReaderReset", name=name)
        return reset

    def _add(self, op_type: str, **arguments: Any) -> Any:
        """Add the operation that fits the kind of the handle."""
        is_resource = self._reader_ref.dtype == dtypes.resource
        return op(
            f"{op_type}V2" if is_resource else op_type,
            reader_handle=self._reader_ref,
            **arguments,
        )


class WholeFileReader(ReaderBase):
    """Gives out a whole file at once; the key is its name."""

    def __init__(self, name: str | None = None) -> None:
        """Add a reader.

        Args:
            name: Name of the operation.
        """
        super().__init__(op("WholeFileReaderV2", name=name), supports_serialize=True)


class TextLineReader(ReaderBase):
    """Gives out lines; the key is `file:number`."""

    def __init__(
        self, skip_header_lines: int | None = None, name: str | None = None
    ) -> None:
        """Add a reader.

        Args:
            skip_header_lines: How many lines of each file are left out.
            name: Name of the operation.
        """
        super().__init__(
            op("TextLineReaderV2", skip_header_lines=skip_header_lines, name=name)
        )


class FixedLengthRecordReader(ReaderBase):
    """Gives out records of one length; the key is `file:number`."""

    def __init__(
        self,
        record_bytes: int,
        header_bytes: int | None = None,
        footer_bytes: int | None = None,
        hop_bytes: int | None = None,
        name: str | None = None,
        encoding: str | None = None,
    ) -> None:
        """Add a reader.

        Args:
            record_bytes: Length of a record.
            header_bytes: Length of what comes before the records.
            footer_bytes: Length of what comes after them.
            hop_bytes: From the start of a record to that of the next; by default the
                length of a record.
            name: Name of the operation.
            encoding: Compression of the files: none or `ZLIB`.
        """
        super().__init__(
            op(
                "FixedLengthRecordReaderV2",
                record_bytes=record_bytes,
                header_bytes=header_bytes,
                footer_bytes=footer_bytes,
                hop_bytes=hop_bytes,
                encoding=encoding,
                name=name,
            )
        )


class TFRecordReader(ReaderBase):
    """Gives out the records of record files; the key is `file:position`."""

    def __init__(self, name: str | None = None, options: Any = None) -> None:
        """Add a reader.

        Args:
            name: Name of the operation.
            options: How the files are compressed.
        """
        compression = TFRecordOptions.get_compression_type_string(options)
        super().__init__(
            op("TFRecordReaderV2", name=name, compression_type=compression)
        )


class LMDBReader(ReaderBase):
    """Gives out the entries of LMDB databases; it can be built, but not run."""

    def __init__(self, name: str | None = None, options: Any = None) -> None:
        """Add a reader.

        Args:
            name: Name of the operation.
            options: Has no effect, as in TensorFlow.
        """
        del options
        super().__init__(op("LMDBReader", name=name))


class IdentityReader(ReaderBase):
    """Gives out what it takes from the queue, as key and as value."""

    def __init__(self, name: str | None = None) -> None:
        """Add a reader.

        Args:
            name: Name of the operation.
        """
        super().__init__(op("IdentityReaderV2", name=name), supports_serialize=True)


def read_file(filename: Any, name: str | None = None) -> Tensor:
    """Return the content of a file.

    Args:
        filename: Its name, a string scalar.
        name: Name of the operation.
    """
    content: Tensor = op("ReadFile", filename=filename, name=name)
    return content


def write_file(filename: Any, contents: Any, name: str | None = None) -> Operation:
    """Return the operation that writes a file.

    Args:
        filename: Its name, a string scalar; missing folders are made.
        contents: Its content, a string scalar.
        name: Name of the operation.
    """
    written: Operation = op(
        "WriteFile", filename=filename, contents=contents, name=name
    )
    return written


def matching_files(pattern: Any, name: str | None = None) -> Tensor:
    """Return the names of the files that match, in order.

    Args:
        pattern: A pattern, or a vector of them; only names, not folders, may have
            wildcards.
        name: Name of the operation.
    """
    names: Tensor = op("MatchingFiles", pattern=pattern, name=name)
    return names
