"""How writers of event files run; twin of `ops/summary_writers.py`.

A handle leads to a writer by name, which has a file from the time it is created until
it is closed.

Source: tensorflow core/kernels/summary_kernels.cc, core/summary/summary_file_writer.cc.
"""

from __future__ import annotations

import itertools
import os
import threading
import time
import weakref
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from google.protobuf.message import DecodeError

from metagraft.errors import (
    DataLossError,
    InvalidArgumentError,
    NotFoundError,
    UnimplementedError,
)
from metagraft.formats import files
from metagraft.formats.events import EventFile
from metagraft.graph import dtypes
from metagraft.graph.attrs import Attrs
from metagraft.graph.tensor_values import make_tensor_proto
from metagraft.kernels.kernel import Array, RunContext
from metagraft.kernels.media_summary import audio_summary, image_summary
from metagraft.kernels.session_resources import (
    behind,
    bytes_of,
    kept,
    on_run,
    text_of,
)
from metagraft.kernels.summary import (
    scalar_summary,
    tagged_histogram,
    tensor_summary_v2,
)
from metagraft.proto import Event, GraphDef, Summary

if TYPE_CHECKING:
    from metagraft.graph.operation import Operation

# Part of the names of files, so that writers of one second have different ones.
_numbers = itertools.count()


class _OpenFile:
    """A file of events, some of which wait to be written."""

    def __init__(
        self, logdir: str, max_queue: int, flush_millis: int, suffix: str
    ) -> None:
        files.make_folders(logdir)
        prefix = os.path.join(logdir, "events")  # noqa: PTH118 - may be a URL
        unique = f".{os.getpid()}.{next(_numbers)}{suffix}"
        self._file = EventFile(prefix, unique)
        self._max_queue = max_queue
        self._flush_seconds = flush_millis / 1000
        self._waiting: list[Event] = []
        self._flushed_at = time.monotonic()

    def add(self, event: Event) -> None:
        self._waiting.append(event)
        is_late = time.monotonic() - self._flushed_at > self._flush_seconds
        if len(self._waiting) > self._max_queue or is_late:
            self.flush()

    def flush(self) -> None:
        waiting, self._waiting = self._waiting, []
        for event in waiting:
            self._file.write(event)
        self._file.flush()
        self._flushed_at = time.monotonic()

    def close(self) -> None:
        self.flush()
        self._file.close()


class SummaryWriter:
    """What handles of one name in a session lead to."""

    def __init__(self, name: str) -> None:
        """Start without a file.

        Args:
            name: For errors.
        """
        self._name = f"localhost/{name}"
        self._lock = threading.Lock()
        self._file: _OpenFile | None = None

    def create(self, logdir: str, *options: Any) -> None:
        """Begin a file; nothing happens if there is one."""
        with self._lock:
            if self._file is None:
                self._file = _OpenFile(logdir, *options)
                # A writer that nobody closes loses nothing.
                self._finalizer = weakref.finalize(self, self._file.close)

    def add(self, event: Event) -> None:
        """Hand over an event.

        Raises:
            NotFoundError: There is no file.
        """
        with self._lock:
            self._open().add(event)

    def flush(self) -> None:
        """Let readers see all events.

        Raises:
            NotFoundError: There is no file.
        """
        with self._lock:
            self._open().flush()

    def close(self) -> None:
        """Complete the file.

        Raises:
            NotFoundError: There is none.
        """
        with self._lock:
            file = self._open()
            self._file = None
            self._finalizer.detach()
            file.close()

    def _open(self) -> _OpenFile:
        if self._file is None:
            raise NotFoundError(
                None,
                None,
                f"Resource {self._name} does not exist. (No file was created for the "
                "summary writer, or it was closed.)",
            )
        return self._file


def _writer_of(handle: Array) -> SummaryWriter:
    found: SummaryWriter = behind(handle, SummaryWriter)
    return found


def make(run: RunContext, op: Operation) -> tuple[Array]:
    return kept(run, op, "summary writer", SummaryWriter)


def create_file(
    run: RunContext,
    op: Operation,
    writer: Array,
    logdir: Array,
    max_queue: Array,
    flush_millis: Array,
    filename_suffix: Array,
) -> tuple[()]:
    del run, op
    _writer_of(writer).create(
        text_of(logdir), int(max_queue), int(flush_millis), text_of(filename_suffix)
    )
    return ()


def flush(run: RunContext, op: Operation, writer: Array) -> tuple[()]:
    del run, op
    _writer_of(writer).flush()
    return ()


def close(run: RunContext, op: Operation, writer: Array) -> tuple[()]:
    del run, op
    _writer_of(writer).close()
    return ()


def import_event(
    run: RunContext, op: Operation, writer: Array, event: Array
) -> tuple[()]:
    del run, op
    message = Event()
    try:
        message.ParseFromString(bytes_of(_scalar("event", event)))
    except DecodeError as error:
        raise _bad("tf.Event") from error
    _writer_of(writer).add(message)
    return ()


def write_scalar(
    run: RunContext, op: Operation, writer: Array, step: Array, tag: Array, value: Array
) -> tuple[()]:
    del run
    if op.attrs["T"] is dtypes.bfloat16:
        raise UnimplementedError(
            None, None, "SummaryFileWriter bfloat16 not supported."
        )
    # TF: takes the first of many.
    number = np.asarray(value).reshape(-1)[:1].reshape(())
    _add(writer, step, scalar_summary(_attrs(op), _scalar("tag", tag), number))
    return ()


def write_histogram(
    run: RunContext,
    op: Operation,
    writer: Array,
    step: Array,
    tag: Array,
    values: Array,
) -> tuple[()]:
    del run
    name = _scalar("tag", tag)
    numbers = np.asarray(values).astype(np.float64)
    if np.isinf(numbers).any() and not np.isnan(numbers).any():
        raise InvalidArgumentError(
            None, None, f"Infinity in summary histogram for: {text_of(name)}"
        )
    _add(writer, step, tagged_histogram(name.item(), values, text_of(name)))
    return ()


def write_image(
    run: RunContext,
    op: Operation,
    writer: Array,
    step: Array,
    tag: Array,
    tensor: Array,
    bad_color: Array,
) -> tuple[()]:
    del run
    attrs: Any = {
        "max_images": op.attrs["max_images"],
        "bad_color": make_tensor_proto(bad_color),
    }
    _add(writer, step, image_summary(attrs, _scalar("tag", tag), tensor))
    return ()


def write_audio(
    run: RunContext,
    op: Operation,
    writer: Array,
    step: Array,
    tag: Array,
    tensor: Array,
    sample_rate: Array,
) -> tuple[()]:
    del run
    name = _scalar("tag", tag)
    _add(writer, step, audio_summary(_attrs(op), name, tensor, sample_rate))
    return ()


def write_tensor(
    run: RunContext,
    op: Operation,
    writer: Array,
    step: Array,
    tensor: Array,
    tag: Array,
    summary_metadata: Array,
) -> tuple[()]:
    del run
    metadata = _scalar("summary_metadata", summary_metadata)
    made = tensor_summary_v2(_attrs(op), _scalar("tag", tag), tensor, metadata)
    event = _event_of(step, made)
    if not bytes_of(metadata):
        event.summary.value[0].ClearField("metadata")
    _writer_of(writer).add(event)
    return ()


def write_graph(
    run: RunContext, op: Operation, writer: Array, step: Array, tensor: Array
) -> tuple[()]:
    del run, op
    content = bytes_of(_scalar("tensor", tensor))
    try:
        GraphDef.FromString(content)
    except DecodeError as error:
        raise _bad("tf.GraphDef") from error
    event = _event(step)
    event.graph_def = content
    _writer_of(writer).add(event)
    return ()


def write_summaries(
    run: RunContext, op: Operation, writer: Array, step: Array, tensor: Array
) -> tuple[()]:
    del run, op
    event = _event(step)
    event.summary.SetInParent()
    for number, content in enumerate(np.asarray(tensor, object).reshape(-1)):
        try:
            event.summary.MergeFrom(Summary.FromString(content))
        except DecodeError as error:
            raise _bad("tf.compat.v1.Summary", f" at index {number}") from error
    _writer_of(writer).add(event)
    return ()


def _add(writer: Array, step: Array, summary: tuple[Array]) -> None:
    _writer_of(writer).add(_event_of(step, summary))


def _event_of(step: Array, summary: tuple[Array]) -> Event:
    event = _event(step)
    event.summary.ParseFromString(bytes_of(summary[0]))
    return event


def _attrs(op: Operation) -> Attrs:
    found: Any = op.attrs
    attrs: Attrs = found
    return attrs


def _event(step: Array) -> Event:
    return Event(step=int(_scalar("step", step)), wall_time=time.time())


def _scalar(name: str, value: Array) -> Array:
    # TF: ends the process.
    if np.shape(value):
        raise InvalidArgumentError(
            None, None, f"{name} must be a scalar, got shape {list(np.shape(value))}"
        )
    return np.asarray(value)


def _bad(kind: str, place: str = "") -> DataLossError:
    return DataLossError(None, None, f"Bad {kind} binary proto tensor string{place}")


KERNELS: Final = {
    "CloseSummaryWriter": on_run(close),
    "CreateSummaryFileWriter": on_run(create_file),
    "FlushSummaryWriter": on_run(flush),
    "ImportEvent": on_run(import_event),
    "SummaryWriter": on_run(make),
    "WriteAudioSummary": on_run(write_audio),
    "WriteGraphSummary": on_run(write_graph),
    "WriteHistogramSummary": on_run(write_histogram),
    "WriteImageSummary": on_run(write_image),
    "WriteRawProtoSummary": on_run(write_summaries),
    "WriteScalarSummary": on_run(write_scalar),
    "WriteSummary": on_run(write_tensor),
}
