"""Records checkpoints of every element type, partitioned and sharded.

Usage: python -m tests.golden.record.record_checkpoints
"""

from __future__ import annotations

import shutil
from pathlib import Path
from types import ModuleType
from typing import Any

import ml_dtypes
import numpy as np

from tests.golden.record import tensorflow_v1

FOLDER = Path(__file__).resolve().parents[1] / "checkpoints"


def numbers_of_every_type() -> dict[str, Any]:
    """Return arrays of the plain types whose bytes are multiples of 11."""
    byte_values = np.arange(24, dtype=np.uint8) * 11
    arrays = {}
    for dtype in (
        *(np.float32, np.float64, np.float16, np.complex64, np.complex128),
        *(np.int8, np.int16, np.int32, np.int64),
        *(np.uint8, np.uint16, np.uint32, np.uint64),
        *(ml_dtypes.bfloat16, ml_dtypes.float8_e5m2, ml_dtypes.float8_e4m3fn),
        *(ml_dtypes.float8_e4m3fnuz, ml_dtypes.float8_e4m3b11fnuz),
        ml_dtypes.float8_e5m2fnuz,
    ):
        size = np.dtype(dtype).itemsize
        flat = np.resize(byte_values, 6 * size).view(dtype)
        arrays[np.dtype(dtype).name] = flat.reshape(2, 3)
    return arrays


def every_type(tf: ModuleType) -> None:
    """Save one tensor of each type."""
    arrays = numbers_of_every_type()
    tensors: dict[str, Any] = {name: tf.constant(arrays[name]) for name in arrays}
    tensors["bool"] = tf.constant([[True, False, True]])
    tensors["int4"] = tf.cast(tf.constant([-8, -1, 0, 7]), tf.dtypes.as_dtype("int4"))
    tensors["uint4"] = tf.cast(tf.constant([0, 1, 15]), tf.dtypes.as_dtype("uint4"))
    for name in ("qint8", "quint8", "qint16", "quint16", "qint32"):
        quantized = tf.dtypes.as_dtype(name)
        tensors[name] = tf.bitcast(
            tf.constant([1, 2, 3], tf.dtypes.as_dtype(name[1:])), quantized
        )
    tensors["string"] = tf.constant([[b"", b"\x00\xff"], [b"a" * 200, "ä".encode()]])
    tensors["no_strings"] = tf.constant([], tf.string, shape=[0])
    tensors["scalar"] = tf.constant(3.5)
    tensors["scalar_string"] = tf.constant(b"one")
    tensors["empty"] = tf.zeros([0, 5])
    tensors["after/empty"] = tf.constant([7], tf.int64)
    _save(tf, "every_type", tensors)


def variants(tf: ModuleType) -> None:
    """Save a variant: the state of an iterator."""
    iterator = tf.data.make_initializable_iterator(tf.data.Dataset.range(10))
    next_element = iterator.get_next()
    state = tf.raw_ops.SerializeIterator(
        resource_handle=iterator._iterator_resource, external_state_policy=0
    )
    with tf.Session() as session:
        session.run(iterator.initializer)
        session.run([next_element, next_element])
        _run_save(tf, session, "variants", {"iterator": state})


def partitioned(tf: ModuleType) -> None:
    """Save a variable in parts along one axis and one in two parts of strings."""
    with tf.variable_scope("v", partitioner=tf.fixed_size_partitioner(3, axis=0)):
        values = np.arange(70, dtype=np.float32).reshape(7, 10)
        tf.get_variable("rows", initializer=tf.constant(values))
    with tf.variable_scope("w", partitioner=tf.fixed_size_partitioner(2, axis=1)):
        tf.get_variable("columns", initializer=tf.constant(values * 2))
    tf.get_variable("whole", initializer=tf.constant([1, 2, 3]))
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        saver = tf.train.Saver(write_version=2)
        saver.save(session, _prefix("partitioned"), write_meta_graph=False)


def sharded(tf: ModuleType) -> None:
    """Save over three devices, one shard each."""
    for number in range(3):
        with tf.device(f"/cpu:{number}"):
            tf.get_variable(f"on_{number}", initializer=tf.range(number, number + 4))
    config = tf.ConfigProto(device_count={"CPU": 3})
    with tf.Session(config=config) as session:
        session.run(tf.global_variables_initializer())
        saver = tf.train.Saver(sharded=True)
        saver.save(session, _prefix("sharded"), write_meta_graph=False)


def many(tf: ModuleType) -> None:
    """Save so many scalars that the index has several blocks."""
    names = [f"layer_{number // 7}/unit_{number:05d}" for number in range(13000)]
    with tf.Session() as session:
        operation = tf.raw_ops.SaveV2(
            prefix=_prefix("many"),
            tensor_names=names,
            shape_and_slices=[""] * len(names),
            tensors=[tf.constant(0, tf.int8)] * len(names),
        )
        session.run(operation)


def merged(tf: ModuleType) -> None:
    """Save three parts, two of them of one tensor, and what merging them gives."""
    rows = ("2 2 0,1:0,2", "2 2 1,1:0,2")
    parts: list[dict[str, Any]] = [
        {"a": tf.constant(1.0), "z": tf.constant([2, 3])},
        {"v": tf.constant([[1.0, 2.0]]), "b": tf.zeros([0])},
        {"v": tf.constant([[3.0, 4.0]])},
    ]
    for number, (part, row) in enumerate(zip(parts, (None, *rows), strict=True)):
        _write_part(tf, f"part_{number}", part, row)
        _write_part(tf, f"merge/{number}", part, row)
    with tf.Session() as session:
        operation = tf.raw_ops.MergeV2Checkpoints(
            checkpoint_prefixes=[_prefix(f"merge/{number}") for number in range(3)],
            destination_prefix=_prefix("merged"),
        )
        session.run(operation)


def _write_part(
    tf: ModuleType, name: str, part: dict[str, Any], row: str | None
) -> None:
    with tf.Session() as session:
        operation = tf.raw_ops.SaveV2(
            prefix=_prefix(name),
            tensor_names=list(part),
            shape_and_slices=[row if row and key == "v" else "" for key in part],
            tensors=list(part.values()),
        )
        session.run(operation)


def state_file(tf: ModuleType) -> None:
    """Write a state file whose paths hold all that text must escape."""
    latest = 'a "quoted"\\ \tname-\N{LATIN SMALL LETTER A WITH DIAERESIS}-2'
    state = tf.train.generate_checkpoint_state_proto(
        str(FOLDER),
        latest,
        ["model-1", latest],
        all_model_checkpoint_timestamps=[1.5e9 + 1 / 3, 1e-7],
        last_preserved_timestamp=1234567890.125,
    )
    (FOLDER / "checkpoint").write_text(str(state), encoding="utf-8")


def _prefix(name: str) -> str:
    return str(FOLDER / name)


def _save(tf: ModuleType, name: str, tensors: dict[str, Any]) -> None:
    with tf.Session() as session:
        _run_save(tf, session, name, tensors)


def _run_save(tf: ModuleType, session: Any, name: str, tensors: dict[str, Any]) -> None:
    names = sorted(tensors)
    operation = tf.raw_ops.SaveV2(
        prefix=_prefix(name),
        tensor_names=names,
        shape_and_slices=[""] * len(names),
        tensors=[tensors[key] for key in names],
    )
    session.run(operation)


def main() -> None:
    """Write all checkpoints."""
    tf = tensorflow_v1.load()
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir()
    for record in (every_type, variants, partitioned, sharded, many, merged):
        with tf.Graph().as_default():
            record(tf)
    state_file(tf)
    (FOLDER / "VERSION").write_text(f"tensorflow {tf.__version__}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
