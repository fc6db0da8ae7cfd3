"""Writing events by ops of a graph, to a file that a session shares.

Source: tensorflow python/summary/writer/event_file_writer_v2.py,
python/ops/summary_ops_v2.py create_file_writer.
"""

from __future__ import annotations

import os
from typing import Any, Final

from metagraft.api.constants import constant, placeholder_with_default
from metagraft.formats import files
from metagraft.graph import dtypes
from metagraft.graph.apply_op import op
from metagraft.graph.graph import Graph
from metagraft.graph.operation import Operation
from metagraft.graph.scopes import control_dependencies, device, name_scope
from metagraft.proto import Event
from metagraft.runtime.session import BaseSession

_DEVICE: Final = "cpu:0"
_SUFFIX: Final = ".v2"
# Initializers of writers; the name is in files.
_COLLECTION: Final = "_SUMMARY_WRITER_V2"


class SessionEventWriter:
    """Writes events as `EventWriter` does, but by running ops.

    Writers of one folder in one session share a file.
    """

    def __init__(
        self,
        session: BaseSession,
        logdir: str | os.PathLike[str],
        max_queue: int = 10,
        flush_secs: float = 120,
        filename_suffix: str | None = "",
    ) -> None:
        """Make the folder, add the ops to the graph of the session, and begin a file.

        Args:
            session: The session.
            logdir: The folder.
            max_queue: How many events may wait to be written.
            flush_secs: After how many seconds events are seen by readers.
            filename_suffix: What the file's name ends with; None for `.v2`.

        Raises:
            OpError: The folder or the file cannot be made.
        """
        self._session = session
        self._logdir = os.fspath(logdir)
        self._is_closed = False
        files.make_folders(self._logdir)
        graph: Graph = session.graph
        with graph.as_default(), name_scope("filewriter"):
            options = {"max_queue": max_queue, "flush_millis": flush_secs * 1000}
            self._add_ops(graph, options, filename_suffix)
        session.run(self._init)

    def _add_ops(
        self, graph: Graph, options: dict[str, Any], suffix: str | None
    ) -> None:
        with device(_DEVICE):
            given = constant(_SUFFIX) if suffix is None else suffix
            name = f"logdir:{self._logdir}"
            writer = op("SummaryWriter", shared_name=name)
            arguments = {"logdir": self._logdir, **options, "filename_suffix": given}
            first = op("CreateSummaryFileWriter", writer=writer, **arguments)
        graph.add_to_collection(_COLLECTION, first)
        self._event = placeholder_with_default(
            constant("unused", dtypes.string), shape=[]
        )
        self._add: Operation = op("ImportEvent", writer=writer, event=self._event)
        with device(_DEVICE):
            op("FlushSummaryWriter", writer=writer)
        self._init: Operation = op(
            "CreateSummaryFileWriter", writer=writer, **arguments
        )
        with device(_DEVICE):
            self._flush: Operation = op("FlushSummaryWriter", writer=writer)
            last = op("FlushSummaryWriter", writer=writer)
        with control_dependencies([last]), device(_DEVICE):
            self._close: Operation = op("CloseSummaryWriter", writer=writer)

    def get_logdir(self) -> str:
        """Return the folder."""
        return self._logdir

    def reopen(self) -> None:
        """After `close`: write further events to another file."""
        if self._is_closed:
            self._is_closed = False
            self._session.run(self._init)

    def add_event(self, event: Event) -> None:
        """Write an event; nothing when closed.

        Raises:
            OpError: It could not be written.
        """
        if not self._is_closed:
            content = event.SerializeToString(deterministic=True)
            self._session.run(self._add, {self._event: content})

    def flush(self) -> None:
        """Let readers see all events.

        Raises:
            NotFoundError: The file is closed.
            OpError: An event could not be written.
        """
        self._session.run(self._flush)

    def close(self) -> None:
        """Complete the file; nothing when closed.

        Raises:
            OpError: An event could not be written.
        """
        if not self._is_closed:
            self.flush()
            self._session.run(self._close)
            self._is_closed = True
