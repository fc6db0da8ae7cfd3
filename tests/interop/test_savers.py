"""Checkpoints of savers go from one library to the other."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest


def _cut(shape: Any, dtype: Any) -> list[int]:
    del dtype
    return [2] + [1] * (len(shape) - 1)


def _variables(tf: ModuleType, value: float) -> list[Any]:
    rows = np.arange(10, dtype=np.float32).reshape(5, 2) + value

    def part(shape: Any, dtype: Any = None, partition_info: Any = None) -> Any:
        start = partition_info.var_offset[0]
        return tf.constant(rows[start : start + shape[0]], dtype)

    made = [
        tf.get_variable("r", initializer=rows, use_resource=True),
        tf.get_variable("i", initializer=np.int64(value)),
        tf.get_variable("s", initializer=[b"x" * int(value), b""]),
        tf.get_variable("p", rows.shape, initializer=part, partitioner=_cut),
    ]
    with tf.device("/cpu:0"):
        made.append(tf.get_variable("d", initializer=[value]))
    return made


@pytest.mark.parametrize("mg_writes", [True, False])
@pytest.mark.parametrize("sharded", [True, False])
@pytest.mark.parametrize("version", [1, 2])
def test_read_by_the_other(
    tf: ModuleType,
    mg: ModuleType,
    tmp_path: Path,
    mg_writes: bool,
    sharded: bool,
    version: int,
) -> None:
    """MG-259, MG-288, MG-290: both formats, shards, partitions and text."""
    writer, reader = (mg, tf) if mg_writes else (tf, mg)
    with writer.Graph().as_default():
        _variables(writer, 7.0)
        saver = writer.train.Saver(sharded=sharded, write_version=version)
        meta = saver.export_meta_graph()
    with writer.Graph().as_default(), writer.Session() as session:
        saver = writer.train.import_meta_graph(meta)
        session.run(writer.global_variables_initializer())
        prefix = saver.save(session, str(tmp_path / "m"), 1, write_meta_graph=False)
    assert reader.train.latest_checkpoint(str(tmp_path)) == prefix
    with reader.Graph().as_default(), reader.Session() as session:
        r, i, s, p = _variables(reader, 1.0)[:4]
        saver = reader.train.Saver({"r": r, "i": i, "s": s, "p": p})
        saver.restore(session, prefix)
        assert session.run(r)[4].tolist() == [15.0, 16.0]
        assert session.run(i) == 7
        assert session.run(s).tolist() == [b"xxxxxxx", b""]
        assert session.run(reader.convert_to_tensor(p))[4].tolist() == [15.0, 16.0]
