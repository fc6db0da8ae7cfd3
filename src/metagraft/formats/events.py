"""Event files: what training reports about itself, as records of `Event` messages.

The layout is in docs/formats/records.md.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Iterator
from typing import Final

from google.protobuf.message import DecodeError

from metagraft import errors
from metagraft.formats import files
from metagraft.formats.records import RecordReader, RecordWriter
from metagraft.proto import Event, SourceMetadata

VERSION: Final = "brain.Event:2"
FILE_NAME_MARK: Final = ".out.tfevents."
# Readers look at it to know who wrote the file.
_WRITER: Final = "tensorflow.core.util.events_writer"


def file_name(prefix: str, seconds: int, suffix: str = "") -> str:
    """Return the name of an event file begun at `seconds` since 1970."""
    return f"{prefix}{FILE_NAME_MARK}{seconds:010d}.{socket.gethostname()}{suffix}"


class EventFile:
    """Appends events to a file that is made when the first one comes."""

    def __init__(self, prefix: files.PathLike, suffix: str = "") -> None:
        """Remember the name; with a suffix the file is made at once.

        Args:
            prefix: The name up to `.out.tfevents`; the folder must exist.
            suffix: What the name ends with.
        """
        self._prefix = os.fspath(prefix)
        self._suffix = suffix
        self._writer: RecordWriter | None = None
        self.path: str | None = None
        if suffix:
            self._open()

    def write(self, event: Event) -> None:
        """Append an event, in a new file if there is none or it was removed."""
        if self._writer is not None and self._was_removed():
            self.close()
        self._open().write(event.SerializeToString(deterministic=True))

    def flush(self) -> None:
        """Let readers see what was written; of remote files, as far as they can."""
        if self._writer is not None:
            self._writer.flush()

    def close(self) -> None:
        """Complete the file; the next event begins another one."""
        writer, self._writer = self._writer, None
        if writer is not None:
            writer.close()

    def _was_removed(self) -> bool:
        # A remote file may appear when it is complete, not before.
        assert self.path is not None
        return not (files.is_remote(self.path) or files.exists(self.path))

    def _open(self) -> RecordWriter:
        if self._writer is not None:
            return self._writer
        self.path = self._unused_name()
        self._writer = RecordWriter(self.path)
        first = Event(wall_time=time.time(), file_version=VERSION)
        first.source_metadata.CopyFrom(SourceMetadata(writer=_WRITER))
        self._writer.write(first.SerializeToString(deterministic=True))
        self._writer.flush()
        return self._writer

    # TF: two writers in one second share a name, and the second empties the file.
    def _unused_name(self) -> str:
        seconds = int(time.time())
        while files.exists(name := file_name(self._prefix, seconds, self._suffix)):
            seconds += 1
        return name


class EventReader:
    """Iterates over the events of a file, also while the file grows."""

    def __init__(self, path: files.PathLike) -> None:
        """Open a file.

        Raises:
            NotFoundError: There is no such file.
        """
        self._path = path
        self._records = RecordReader(path)

    def __iter__(self) -> Iterator[Event]:
        """Return the reader."""
        return self

    def __next__(self) -> Event:
        """Return the next event.

        Raises:
            StopIteration: No event was written since.
            DataLossError: The record is damaged or cut, or holds no event.
        """
        record = next(self._records)
        try:
            return Event.FromString(record)
        except DecodeError as error:
            raise errors.DataLossError(
                None,
                None,
                f"{self._path}: a record of {len(record)} bytes is no event: {error}",
            ) from error

    def close(self) -> None:
        """Close the file; reading on opens it again."""
        self._records.close()
