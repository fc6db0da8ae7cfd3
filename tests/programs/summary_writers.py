"""What writers of event files write, by ops: each case makes the ops to run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from tests.programs.summaries import _reason as reason

Case = Callable[[ModuleType, Any], Any]

STEP = np.int64(5)
RED = np.array([255, 0, 0, 255], np.uint8)
UNPARSABLE = b"\xff\xff"


def _scalar(value: Any) -> Case:
    return lambda tf, writer: tf.raw_ops.WriteScalarSummary(
        writer=writer, step=STEP, tag="t", value=value
    )


def _histogram(values: Any) -> Case:
    return lambda tf, writer: tf.raw_ops.WriteHistogramSummary(
        writer=writer, step=np.int64(-5), tag="t", values=values
    )


def _image(tensor: Any, bad_color: Any = RED, max_images: int = 3) -> Case:
    return lambda tf, writer: tf.raw_ops.WriteImageSummary(
        writer=writer,
        step=STEP,
        tag="t",
        tensor=tensor,
        bad_color=bad_color,
        max_images=max_images,
    )


def _audio(tensor: Any, max_outputs: int = 3) -> Case:
    return lambda tf, writer: tf.raw_ops.WriteAudioSummary(
        writer=writer,
        step=STEP,
        tag="t",
        tensor=tensor,
        sample_rate=8.0,
        max_outputs=max_outputs,
    )


def _tensor(tensor: Any, metadata: bytes = b"") -> Case:
    return lambda tf, writer: tf.raw_ops.WriteSummary(
        writer=writer, step=STEP, tag="t", tensor=tensor, summary_metadata=metadata
    )


def _of_bytes(op_type: str, name: str, *contents: bytes | Callable[..., bytes]) -> Case:
    """Return a case of an op that takes messages."""

    def case(tf: ModuleType, writer: Any) -> Any:
        found = [each(tf) if callable(each) else each for each in contents]
        given = found[0] if len(found) == 1 else found
        step = {} if op_type == "ImportEvent" else {"step": STEP}
        return getattr(tf.raw_ops, op_type)(writer=writer, **step, **{name: given})

    return case


def _summary(tf: ModuleType) -> bytes:
    values = [tf.Summary.Value(tag=tag, simple_value=1) for tag in "ab"]
    return bytes(tf.Summary(value=values).SerializeToString())


def _event(tf: ModuleType) -> bytes:
    event = tf.Event(step=9, wall_time=3, file_version="old")
    return bytes(event.SerializeToString())


def _graph(tf: ModuleType) -> bytes:
    graph = tf.GraphDef()
    graph.node.add(name="n", op="NoOp")
    return bytes(graph.SerializeToString())


def _created_again(tf: ModuleType, writer: Any) -> Any:
    again = tf.raw_ops.CreateSummaryFileWriter(
        writer=writer,
        logdir="other",
        max_queue=1,
        flush_millis=1,
        filename_suffix=".other",
    )
    return [again, _scalar(2.0)(tf, writer)]


def _closed_twice(tf: ModuleType, writer: Any) -> Any:
    return [tf.raw_ops.CloseSummaryWriter(writer=writer) for _ in range(2)]


def _reopened(tf: ModuleType, writer: Any) -> Any:
    return [
        _scalar(1.0)(tf, writer),
        tf.raw_ops.CloseSummaryWriter(writer=writer),
        _created(tf, writer),
        _scalar(2.0)(tf, writer),
    ]


CASES: dict[str, Case] = {
    "scalar_float16": _scalar(np.float16(0.1)),
    "scalar_float32": _scalar(np.float32(0.1)),
    "scalar_float64": _scalar(np.float64(0.1)),
    "scalar_uint8": _scalar(np.uint8(200)),
    "scalar_int64": _scalar(np.int64(2**53 + 1)),
    "scalar_uint64": _scalar(np.uint64(2**63)),
    "scalar_bfloat16": lambda tf, writer: _scalar(tf.constant(2.5, tf.bfloat16))(
        tf, writer
    ),
    "scalar_of_many": _scalar([1.5, 2.5]),
    "histogram": _histogram([1.0, 2.0, 2.0]),
    "histogram_bool": _histogram([True, False]),
    "histogram_one": _histogram(3),
    "histogram_nan": _histogram([1.0, np.nan, np.inf]),
    "histogram_infinity": _histogram([1.0, np.inf]),
    "image": _image(np.arange(48, dtype=np.uint8).reshape(4, 2, 2, 3)),
    "image_of_one": _image(np.array([[[[np.nan], [1]]]], np.float32), max_images=1),
    "image_of_three_dims": _image(np.zeros((4, 2, 2), np.uint8)),
    "image_of_odd_color": _image(np.zeros((4, 2, 2, 1), np.float32), RED[None]),
    "audio": _audio(np.zeros((2, 3), np.float32)),
    "audio_of_one": _audio(np.full((1, 3, 2), 0.5, np.float32), max_outputs=1),
    "graph": _of_bytes("WriteGraphSummary", "tensor", _graph),
    "graph_odd": _of_bytes("WriteGraphSummary", "tensor", UNPARSABLE),
    "summary": _of_bytes("WriteRawProtoSummary", "tensor", _summary),
    "summaries": _of_bytes("WriteRawProtoSummary", "tensor", _summary, _summary),
    "summary_odd": _of_bytes("WriteRawProtoSummary", "tensor", _summary, UNPARSABLE),
    "tensor": _tensor([[1.0, 2.0]], b"\x12\x02dn"),
    "tensor_of_strings": _tensor(["a", "b"]),
    "tensor_odd_metadata": _tensor(1, b"\xff"),
    "event": _of_bytes("ImportEvent", "event", _event),
    "event_odd": _of_bytes("ImportEvent", "event", UNPARSABLE),
    "created_again": _created_again,
    "closed_twice": _closed_twice,
    "reopened": _reopened,
}


def _created(tf: ModuleType, writer: Any) -> Any:
    return tf.raw_ops.CreateSummaryFileWriter(
        writer=writer,
        logdir="logs",
        max_queue=10,
        flush_millis=100_000,
        filename_suffix=".t",
    )


def outcome(tf: ModuleType, name: str) -> dict[str, Any]:
    """Return the events that a case writes into `logs` here, and the error."""
    found: dict[str, Any] = {}
    with tf.Graph().as_default(), tf.Session() as session:
        writer = tf.raw_ops.SummaryWriter(shared_name="w", container="")
        session.run(_created(tf, writer))
        try:
            ops = CASES[name](tf, writer)
            for each in ops if isinstance(ops, list) else [ops]:
                session.run(each)
            session.run(tf.raw_ops.FlushSummaryWriter(writer=writer))
        except tf.errors.OpError as error:
            found["error"] = [type(error).__name__, reason(error.message)]
    paths = list(Path("logs").iterdir())
    found["files"] = len(paths)
    found["events"] = sorted(
        [event.step, event.WhichOneof("what"), event.SerializeToString().hex()]
        for path in paths
        # The first is the version of the file.
        for event in [*map(_without_time, tf.train.summary_iterator(str(path)))][1:]
    )
    return found


def _without_time(event: Any) -> Any:
    event.ClearField("wall_time")
    return event


def nodes(tf: ModuleType, suffix: str | None) -> list[str]:
    """Return what a writer of a session adds to the graph, and collections."""
    with tf.Graph().as_default() as graph, tf.Session() as session:
        tf.summary.FileWriter("logs", session=session, filename_suffix=suffix)
        keys = graph.get_all_collection_keys()
        found = [
            f"{key}: {each.name}" for key in keys for each in graph.get_collection(key)
        ]
        for node in graph.as_graph_def().node:
            attrs = [
                f"{key}={value.SerializeToString(deterministic=True).hex()}"
                for key, value in sorted(node.attr.items())
            ]
            found.append(
                " ".join([node.name, node.op, node.device, *node.input, *attrs])
            )
        return found
