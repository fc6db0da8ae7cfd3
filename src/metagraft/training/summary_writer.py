"""`tf.summary.FileWriter`: summaries, graphs and other events to an event file.

Source: tensorflow python/summary/writer/writer.py, writer_cache.py.
"""

from __future__ import annotations

import os
import threading
import time
import warnings
from typing import Any, ClassVar

from google.protobuf.message import Message

from metagraft.api import logging
from metagraft.formats.closing import ClosedAtExit
from metagraft.formats.events import EventReader
from metagraft.graph.defaults import executing_eagerly, get_default_graph
from metagraft.graph.graph import Graph
from metagraft.meta_graph.export import export_meta_graph
from metagraft.proto import (
    Event,
    GraphDef,
    MetaGraphDef,
    RunMetadata,
    SessionLog,
    Summary,
    TaggedRunMetadata,
)
from metagraft.proto.coercion import as_message
from metagraft.training.event_writer import EventWriter
from metagraft.training.session_event_writer import SessionEventWriter

__all__ = ["FileWriter", "FileWriterCache", "summary_iterator"]

# One class of messages; `Any` is one of ours, or TensorFlow's of the same name.
_GRAPH_AND_GRAPH_DEF = (
    "Please pass only graph, or graph_def (deprecated), but not both."
)


class FileWriter(ClosedAtExit):
    """Writes events to a file in a folder, for viewers such as TensorBoard."""

    def __init__(
        self,
        logdir: str | os.PathLike[str],
        graph: Graph | Any = None,
        max_queue: int = 10,
        flush_secs: float = 120,
        graph_def: Any = None,
        filename_suffix: str | None = None,
        session: Any = None,
    ) -> None:
        """Make the folder, and write the graph if there is one.

        Args:
            logdir: The folder.
            graph: A graph to write, as a `GraphDef` and as a MetaGraph.
            max_queue: How many events may wait to be written.
            flush_secs: After how many seconds events are seen by readers.
            graph_def: The older name for a graph.
            filename_suffix: What the file's name ends with.
            session: A session; events are written by ops in its graph, and writers of
                one folder share a file in it.

        Raises:
            RuntimeError: Execution is eager.
            ValueError: Both `graph` and `graph_def` are given.
            TypeError: `graph` is no graph.
        """
        if executing_eagerly():
            raise RuntimeError(
                "v1.summary.FileWriter is not compatible with eager execution. Use "
                "`tf.summary.create_file_writer`,or a `with "
                "v1.Graph().as_default():` context"
            )
        self.event_writer: EventWriter | SessionEventWriter
        if session is not None:
            self.event_writer = SessionEventWriter(
                session, logdir, max_queue, flush_secs, filename_suffix
            )
        else:
            self.event_writer = EventWriter(
                logdir, max_queue, flush_secs, filename_suffix
            )
        self._is_closed = False
        self._seen_tags: set[str] = set()
        self._run_tags: set[str] = set()
        if graph is not None or graph_def is not None:
            self.add_graph(graph=graph, graph_def=graph_def)
            self.add_meta_graph(_meta_graph(graph, graph_def))

    def get_logdir(self) -> str:
        """Return the folder."""
        return self.event_writer.get_logdir()

    def add_summary(self, summary: Any, global_step: Any = None) -> None:
        """Write a summary.

        Args:
            summary: A `Summary`, or its bytes as a run returns them.
            global_step: The step it belongs to.
        """
        message = Summary()
        if isinstance(summary, bytes):
            message.ParseFromString(summary)
        else:
            message.CopyFrom(as_message(summary, Summary))
        for value in message.value:
            if value.tag in self._seen_tags:
                value.ClearField("metadata")
            self._seen_tags.add(value.tag)
        self._add_event(Event(summary=message), global_step)

    def add_session_log(self, session_log: Any, global_step: Any = None) -> None:
        """Write a `SessionLog`: that a session starts, stops or saves."""
        message = as_message(session_log, SessionLog)
        self._add_event(Event(session_log=message), global_step)

    def add_graph(
        self, graph: Any, global_step: Any = None, graph_def: Any = None
    ) -> None:
        """Write a graph, with its shapes.

        Args:
            graph: A `Graph`.
            global_step: The step it belongs to.
            graph_def: The older name; either may also be a `GraphDef`.

        Raises:
            ValueError: Both are given.
            TypeError: It is neither a `Graph` nor a `GraphDef`.
        """
        if graph is not None and graph_def is not None:
            raise ValueError(_GRAPH_AND_GRAPH_DEF)
        given = graph if graph is not None else graph_def
        if isinstance(given, Graph):
            if graph is None:
                logging.warning(
                    "When passing a `Graph` object, please use the `graph` named "
                    "argument instead of `graph_def`."
                )
            message = given.as_graph_def(add_shapes=True)
        elif isinstance(given, Message):
            logging.warning(
                "Passing a `GraphDef` to the SummaryWriter is deprecated. Pass a "
                "`Graph` object instead, such as `sess.graph`."
            )
            message = as_message(given, GraphDef)
        else:
            raise TypeError(
                "The passed graph must be an instance of `Graph` or the deprecated "
                f"`GraphDef`, not {type(given).__name__}"
            )
        content = message.SerializeToString(deterministic=True)
        self._add_event(Event(graph_def=content), global_step)

    def add_meta_graph(self, meta_graph_def: Any, global_step: Any = None) -> None:
        """Write a MetaGraph.

        Raises:
            TypeError: It is no `MetaGraphDef`.
        """
        try:
            message = as_message(meta_graph_def, MetaGraphDef)
        except TypeError:
            raise TypeError(
                "meta_graph_def must be type MetaGraphDef, saw type: "
                f"{type(meta_graph_def)}"
            ) from None
        content = message.SerializeToString(deterministic=True)
        self._add_event(Event(meta_graph_def=content), global_step)

    def add_run_metadata(
        self, run_metadata: Any, tag: str, global_step: Any = None
    ) -> None:
        """Write the metadata of one run.

        Args:
            run_metadata: A `RunMetadata`.
            tag: Its name, which no other has.
            global_step: The step it belongs to.

        Raises:
            ValueError: The tag was used.
        """
        if tag in self._run_tags:
            raise ValueError("The provided tag was already used for this event type")
        self._run_tags.add(tag)
        content = as_message(run_metadata, RunMetadata).SerializeToString()
        tagged = TaggedRunMetadata(tag=tag, run_metadata=content)
        self._add_event(Event(tagged_run_metadata=tagged), global_step)

    def add_event(self, event: Any) -> None:
        """Write an `Event` as it is."""
        self._warn_if_closed()
        copied = Event()
        copied.CopyFrom(as_message(event, Event))
        self.event_writer.add_event(copied)

    def flush(self) -> None:
        """Let readers see all events."""
        self._warn_if_closed()
        self.event_writer.flush()

    def close(self) -> None:
        """Complete the file."""
        self._is_closed = True
        self.event_writer.close()

    def reopen(self) -> None:
        """After `close`: write further events to another file."""
        self.event_writer.reopen()
        self._is_closed = False

    def _add_event(self, event: Event, step: Any) -> None:
        self._warn_if_closed()
        event.wall_time = time.time()
        if step is not None:
            event.step = int(step)
        self.event_writer.add_event(event)

    def _warn_if_closed(self) -> None:
        if self._is_closed:
            warnings.warn(
                "Attempting to use a closed FileWriter. The operation will be a noop "
                "unless the FileWriter is explicitly reopened.",
                stacklevel=3,
            )


def _meta_graph(graph: Any, graph_def: Any) -> MetaGraphDef:
    # TF: takes the collections from the default graph, whichever graph is given.
    given = graph if graph is not None else graph_def
    if isinstance(given, Graph):
        return export_meta_graph(
            graph=given, graph_def=given.as_graph_def(add_shapes=True)
        )
    return export_meta_graph(graph=get_default_graph(), graph_def=given)


class FileWriterCache:
    """One `FileWriter` for each folder, shared by all who ask."""

    _writers: ClassVar[dict[str, FileWriter]] = {}
    _lock = threading.RLock()

    @staticmethod
    def clear() -> None:
        """Close and forget all writers."""
        with FileWriterCache._lock:
            for writer in FileWriterCache._writers.values():
                writer.close()
            FileWriterCache._writers.clear()

    @staticmethod
    def get(logdir: str) -> FileWriter:
        """Return the writer for a folder; a new one writes the default graph."""
        with FileWriterCache._lock:
            if logdir not in FileWriterCache._writers:
                FileWriterCache._writers[logdir] = FileWriter(
                    logdir, graph=get_default_graph()
                )
            return FileWriterCache._writers[logdir]


def summary_iterator(path: str | os.PathLike[str]) -> EventReader:
    """Return an iterator over the events of a file, also while the file grows.

    Raises:
        NotFoundError: There is no such file.
    """
    return EventReader(path)
