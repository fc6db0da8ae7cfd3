"""TensorFlow reads the checkpoints that Metagraft writes, and the other way round."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any

import ml_dtypes
import numpy as np
import pytest

from metagraft.formats.bundle.merge import merge_bundles
from metagraft.formats.bundle.reader import BundleReader
from metagraft.formats.bundle.writer import BundleWriter, slice_of
from metagraft.formats.checkpoint_state import write_state
from metagraft.proto import DataType
from tests.golden.record.record_checkpoints import numbers_of_every_type


def _restore(tf: ModuleType, prefix: Path, name: str, dtype: Any) -> Any:
    with tf.Graph().as_default(), tf.Session() as session:
        (tensor,) = tf.raw_ops.RestoreV2(
            prefix=str(prefix),
            tensor_names=[name],
            shape_and_slices=[""],
            dtypes=[dtype],
        )
        return session.run(tensor)


def test_tensorflow_reads_every_type(tf: ModuleType, tmp_path: Path) -> None:
    """Each type that both know comes back bit for bit."""
    arrays: dict[str, Any] = numbers_of_every_type()
    arrays["bool"] = np.array([True, False])
    arrays["int4"] = np.array([-8, 7], ml_dtypes.int4)
    arrays["empty"] = np.zeros((0, 5), np.float32)
    arrays["scalar"] = np.float64(3).reshape(())
    arrays["strings"] = np.array([[b"", b"a" * 300], [b"\xff\0", b"x"]], object)
    with BundleWriter(tmp_path / "b") as writer:
        for name, array in arrays.items():
            writer.add(name, array)
        writer.finish()
    with BundleReader(tmp_path / "b") as reader:
        numbers = reader.variable_to_dtype_map()
    for name, array in arrays.items():
        found = _restore(tf, tmp_path / "b", name, tf.dtypes.as_dtype(numbers[name]))
        if name == "strings":
            assert found.tolist() == array.tolist()
        else:
            assert (found.shape, found.tobytes()) == (array.shape, array.tobytes())


def test_tensorflow_reads_quantised_types(tf: ModuleType, tmp_path: Path) -> None:
    """Quantised types are told apart from the integers that represent them."""
    with BundleWriter(tmp_path / "b") as writer:
        for name in ("qint8", "quint8", "qint16", "quint16", "qint32"):
            values = np.array([1, 2], name[1:])
            writer.add(name, values, data_type=DataType.Value(f"DT_{name.upper()}"))
        writer.finish()
    reader = tf.train.load_checkpoint(str(tmp_path / "b"))
    for name, dtype in reader.get_variable_to_dtype_map().items():
        assert dtype.name == name


def test_tensorflow_reads_partitioned_tensors(tf: ModuleType, tmp_path: Path) -> None:
    """Slices in several shards, merged from parts, read as one tensor."""
    values = np.arange(70, dtype=np.float32).reshape(7, 10)
    parts = []
    for number, (start, length) in enumerate(((0, 3), (3, 4))):
        parts.append(tmp_path / f"part_{number}")
        with BundleWriter(parts[-1], shard_count=2) as writer:
            rows = slice_of((start, 0), (length, 10))
            part = values[start : start + length]
            writer.add_slice("v", (7, 10), rows, part, shard=1)
            writer.finish()
    merge_bundles(parts, tmp_path / "b")
    reader = tf.train.load_checkpoint(str(tmp_path / "b"))
    np.testing.assert_array_equal(reader.get_tensor("v"), values)
    assert reader.get_variable_to_shape_map() == {"v": [7, 10]}


def test_tensorflow_reads_state_files(tf: ModuleType, tmp_path: Path) -> None:
    """The state file names the latest checkpoint to TensorFlow."""
    write_state(tmp_path, 'odd "name" ä-1', [], timestamps=[1.5])
    state = tf.train.get_checkpoint_state(str(tmp_path))
    assert state.model_checkpoint_path == str(tmp_path / 'odd "name" ä-1')


@pytest.mark.parametrize("bit", range(8))
def test_both_refuse_the_same_damage(tf: ModuleType, tmp_path: Path, bit: int) -> None:
    """What fails a checksum here fails it there."""
    with BundleWriter(tmp_path / "b") as writer:
        writer.add("x", np.arange(4, dtype=np.float32))
        writer.finish()
    path = tmp_path / "b.data-00000-of-00001"
    content = bytearray(path.read_bytes())
    content[bit] ^= 1 << bit
    path.write_bytes(content)
    with pytest.raises(tf.errors.DataLossError):
        _restore(tf, tmp_path / "b", "x", tf.float32)
    with (
        BundleReader(tmp_path / "b") as reader,
        pytest.raises(ValueError, match="Checksum does not match"),
    ):
        reader.read("x")
