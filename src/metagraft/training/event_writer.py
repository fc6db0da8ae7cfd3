"""Writing events to a folder, by a thread of its own.

A writer that is not closed is completed when it is collected, or when the program ends.
"""

from __future__ import annotations

import os
import queue
import threading
import time
import weakref
from dataclasses import dataclass, field

from metagraft.formats import files
from metagraft.formats.events import EventFile
from metagraft.proto import Event


@dataclass(frozen=True, slots=True)
class _FlushRequest:
    """Asks the thread to flush, and to set `done` then."""

    done: threading.Event = field(default_factory=threading.Event)


class _CloseRequest:
    """Asks the thread to complete the file and end."""


_Item = Event | _FlushRequest | _CloseRequest


class _Worker:
    """The thread, its queue and its file, from opening to closing."""

    def __init__(self, file: EventFile, max_queue: int, flush_secs: float) -> None:
        self._file = file
        self._flush_secs = flush_secs
        self._queue: queue.Queue[_Item] = queue.Queue(max(max_queue, 0))
        self._next_flush = 0.0  # the first event is flushed at once
        self._failure: Exception | None = None
        self._is_closed = False
        self._thread = threading.Thread(
            target=self._run, name="EventWriter", daemon=True
        )
        self._thread.start()

    def put(self, event: Event) -> None:
        """Hand an event to the thread; waits while the queue is full."""
        self._raise_failure()
        self._queue.put(event)

    def flush(self) -> None:
        """Wait until everything is in the file."""
        request = _FlushRequest()
        self._queue.put(request)
        request.done.wait()
        self._raise_failure()

    def close(self) -> None:
        """Complete the file and end the thread."""
        if self._is_closed:
            return
        self._is_closed = True
        self._queue.put(_CloseRequest())
        self._thread.join()
        self._raise_failure()

    def _raise_failure(self) -> None:
        failure, self._failure = self._failure, None
        if failure is not None:
            raise failure

    def _run(self) -> None:
        while True:
            item = self._queue.get()
            try:
                self._handle(item)
            except Exception as error:  # noqa: BLE001 - raised by the next call
                self._failure = error
            finally:
                if isinstance(item, _FlushRequest):
                    item.done.set()
            if isinstance(item, _CloseRequest):
                return

    def _handle(self, item: _Item) -> None:
        if isinstance(item, _CloseRequest):
            self._file.close()
        elif isinstance(item, _FlushRequest):
            self._file.flush()
        else:
            self._file.write(item)
            now = time.monotonic()
            if now >= self._next_flush:
                self._file.flush()
                self._next_flush = now + self._flush_secs


class EventWriter:
    """Writes events to a new file in a folder.

    Source: tensorflow python/summary/writer/event_file_writer.py.
    """

    def __init__(
        self,
        logdir: str | os.PathLike[str],
        max_queue: int = 10,
        flush_secs: float = 120,
        filename_suffix: str | None = None,
    ) -> None:
        """Make the folder and start the thread.

        Args:
            logdir: The folder.
            max_queue: How many events may wait to be written; any number if not
                positive.
            flush_secs: After how many seconds events are seen by readers.
            filename_suffix: What the file's name ends with.

        Raises:
            OpError: The folder cannot be made.
        """
        self._logdir = os.fspath(logdir)
        self._max_queue = max_queue
        self._flush_secs = flush_secs
        files.make_folders(self._logdir)
        prefix = os.path.join(self._logdir, "events")  # noqa: PTH118 - may be a URL
        self._file = EventFile(prefix, filename_suffix or "")
        self._worker: _Worker | None = None
        self.reopen()

    def get_logdir(self) -> str:
        """Return the folder."""
        return self._logdir

    def reopen(self) -> None:
        """After `close`: write further events to another file."""
        if self._worker is None:
            self._worker = _Worker(self._file, self._max_queue, self._flush_secs)
            self._finalizer = weakref.finalize(self, self._worker.close)

    def add_event(self, event: Event) -> None:
        """Write an event, which must not change afterwards; nothing when closed.

        Raises:
            OpError: An event before it could not be written.
        """
        if self._worker is not None:
            self._worker.put(event)

    def flush(self) -> None:
        """Let readers see all events.

        Raises:
            OpError: An event could not be written.
        """
        if self._worker is not None:
            self._worker.flush()

    def close(self) -> None:
        """Complete the file; nothing when closed.

        Raises:
            OpError: An event could not be written.
        """
        worker, self._worker = self._worker, None
        if worker is not None:
            self._finalizer.detach()
            worker.close()
