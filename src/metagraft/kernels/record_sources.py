"""Where readers get records from: one file after the other, by kind of file.

Source: tensorflow core/kernels/text_line_reader_op.cc, tf_record_reader_op.cc,
whole_file_read_ops.cc, fixed_length_record_reader_op.cc, identity_reader_op.cc,
lmdb_reader_op.cc.
"""

from __future__ import annotations

import importlib
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, BinaryIO, Final

from metagraft.errors import DataLossError, InvalidArgumentError, UnimplementedError
from metagraft.formats import files
from metagraft.formats.names import decode_name
from metagraft.formats.records import RecordReader

if TYPE_CHECKING:
    from metagraft.graph.operation import Operation

__all__ = ["Record", "Source", "source_of"]

# A key and a value.
Record = tuple[bytes, bytes]
Source = Callable[[bytes], Iterator[Record]]
_HEADER_AND_FOOTER: Final = 16  # bytes around a record of a record file
_CHUNK_BYTES: Final = 1 << 18
# How zlib is told to read what the encoding of a reader names.
_WINDOW_BITS: Final = {b"ZLIB": zlib.MAX_WBITS, b"GZIP": zlib.MAX_WBITS | 16}


def source_of(op: Operation) -> Source:
    """Return what gives the records of a file, for a reader's operation."""
    kind = op.type.removesuffix("V2")
    return _SOURCES[kind](op)


def _key(name: bytes, number: int) -> bytes:
    return b"%s:%d" % (name, number)


def _whole_files(op: Operation) -> Source:
    del op

    def records(name: bytes) -> Iterator[Record]:
        yield name, files.read_bytes(decode_name(name))

    return records


def _names(op: Operation) -> Source:
    del op

    def records(name: bytes) -> Iterator[Record]:
        yield name, name

    return records


def _text_lines(op: Operation) -> Source:
    skipped = op.attrs["skip_header_lines"]

    def records(name: bytes) -> Iterator[Record]:
        path = decode_name(name)
        with files.open_stream(path, "rb") as stream:
            number = 0
            while True:
                with files.translated(path):
                    line = stream.readline()
                if not line:
                    return
                number += 1
                if number > skipped:
                    text = line.removesuffix(b"\n").removesuffix(b"\r")
                    yield _key(name, number), text

    return records


def _record_files(op: Operation) -> Source:
    compression = op.attrs["compression_type"].decode()

    def records(name: bytes) -> Iterator[Record]:
        reader = RecordReader(decode_name(name), compression)
        offset = 0
        try:
            for record in reader:
                yield _key(name, offset), record
                offset += len(record) + _HEADER_AND_FOOTER
        finally:
            reader.close()

    return records


def _databases(op: Operation) -> Source:
    del op

    def records(name: bytes) -> Iterator[Record]:
        path = decode_name(name)
        lmdb = _lmdb()
        try:
            # A file by itself, or the folder that it is in.
            with (
                lmdb.open(
                    path, subdir=Path(path).is_dir(), readonly=True, lock=False
                ) as database,
                database.begin() as transaction,
            ):
                yield from transaction.cursor()
        except lmdb.Error as error:
            raise InvalidArgumentError(None, None, str(error)) from error

    return records


def _lmdb() -> ModuleType:
    """Return the library that reads databases.

    Raises:
        UnimplementedError: It is not installed.
    """
    try:
        return importlib.import_module("lmdb")
    except ImportError as error:
        raise UnimplementedError(
            None,
            None,
            "LMDBReader needs a library that is not installed: pip install "
            "'metagraft[lmdb]'",
        ) from error


def _fixed_length(op: Operation) -> Source:
    attrs = op.attrs
    header, length = attrs["header_bytes"], attrs["record_bytes"]
    footer, hop = attrs["footer_bytes"], attrs["hop_bytes"] or length
    window_bits = _WINDOW_BITS.get(attrs.get("encoding", b""))
    if min(header, footer, hop) < 0 or length <= 0:
        raise InvalidArgumentError(
            None,
            None,
            f"header_bytes {header}, footer_bytes {footer} and hop_bytes {hop} must "
            f"be >= 0 and record_bytes {length} > 0",
        )

    def records(name: bytes) -> Iterator[Record]:
        path = decode_name(name)
        with files.open_stream(path, "rb") as stream:
            chunks = _chunks(path, stream, window_bits)
            windows = _windows(chunks, header, length, footer, hop)
            for number, record in enumerate(windows):
                yield _key(name, number), record

    return records


def _chunks(path: str, stream: BinaryIO, window_bits: int | None) -> Iterator[bytes]:
    inflater = None if window_bits is None else zlib.decompressobj(window_bits)
    while True:
        with files.translated(path):
            chunk = stream.read(_CHUNK_BYTES)
        if not chunk:
            return
        try:
            yield chunk if inflater is None else inflater.decompress(chunk)
        except zlib.error as error:
            raise DataLossError(
                None, None, f"{path}: cannot be decompressed: {error}"
            ) from error


def _windows(
    chunks: Iterator[bytes], header: int, length: int, footer: int, hop: int
) -> Iterator[bytes]:
    """Yield the records of a content, all but its end."""
    ready = bytearray()
    start = header  # of the next record in `ready`
    for chunk in chunks:
        ready += chunk
        while len(ready) >= start + length + footer:
            yield bytes(ready[start : start + length])
            start += hop
        passed = min(start, len(ready))
        del ready[:passed]
        start -= passed


_SOURCES: Final = {
    "FixedLengthRecordReader": _fixed_length,
    "IdentityReader": _names,
    "LMDBReader": _databases,
    "TFRecordReader": _record_files,
    "TextLineReader": _text_lines,
    "WholeFileReader": _whole_files,
}
