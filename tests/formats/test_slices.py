"""Checkpoints of version 1 that TensorFlow wrote: read, and written again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import pytest

import metagraft.compat.v1 as tf
from metagraft.errors import (
    AlreadyExistsError,
    DataLossError,
    InvalidArgumentError,
    NotFoundError,
    UnimplementedError,
)
from metagraft.formats.checkpoint import open_checkpoint
from metagraft.formats.extents import Extent
from metagraft.formats.slices.reader import SliceReader
from metagraft.formats.slices.writer import SliceWriter

GOLDEN = Path(__file__).parent.parent / "golden" / "slice_checkpoints"
STRINGS = [b"a", b"", b"\xff\x00c"]


def values() -> dict[str, Any]:
    """Return what TensorFlow saved."""
    with np.load(GOLDEN / "values.npz") as arrays:
        return {name: arrays[name] for name in arrays.files if name != "strings"}


def test_every_type() -> None:
    """MG-288: values, types and shapes."""
    expected = values()
    with open_checkpoint(GOLDEN / "model") as reader:
        assert isinstance(reader, SliceReader)
        assert reader.keys() == sorted([*expected, "strings"])
        for name, array in expected.items():
            found = reader.read(name)
            assert found.dtype == array.dtype
            np.testing.assert_array_equal(found, array)
        assert reader.read("strings").tolist() == STRINGS
        assert reader.variable_to_shape_map()["none"] == (0, 2)


def test_parts_and_shards() -> None:
    """MG-290: any part, whatever the stored ones are."""
    parts = values()["parts"]
    with open_checkpoint(GOLDEN / "shards-?????-of-00001") as reader:
        assert reader.keys() == ["int64", "parts", "strings"]
        assert [box.lengths for box in reader.slices("parts")] == [(3, 3), (2, 3)]
        assert reader.slices("int64") == ()
        np.testing.assert_array_equal(
            reader.read_slice("parts", (2, 1), (2, 2)), parts[2:4, 1:3]
        )
        with pytest.raises(ValueError, match="axis 0, which has 5"):
            reader.read_slice("parts", (4, 0), (2, 3))
        with pytest.raises(NotFoundError, match="Key zz not found"):
            reader.read("zz")


def test_a_saved_graph_writes_the_same_file(tmp_path: Path) -> None:
    """MG-264: byte for byte, through the operations of TensorFlow's own saver."""
    with tf.Graph().as_default(), tf.Session() as sess:
        saver = tf.train.import_meta_graph(GOLDEN / "model.meta")
        saver.restore(sess, GOLDEN / "model")
        prefix = saver.save(sess, tmp_path / "model")
    assert Path(prefix).read_bytes() == (GOLDEN / "model").read_bytes()


def test_reader_of_the_package() -> None:
    """MG-315: partitions appear as the whole."""
    reader = tf.train.load_checkpoint(GOLDEN / "model")
    np.testing.assert_array_equal(reader.get_tensor("parts"), values()["parts"])
    assert reader.get_variable_to_dtype_map()["strings"] == tf.string


@pytest.mark.parametrize("position", [0, 100, 400, 700])
def test_damage(tmp_path: Path, position: int) -> None:
    """MG-286: a flipped byte of the data is found, by its checksum."""
    content = bytearray((GOLDEN / "model").read_bytes())
    content[position] ^= 0xFF
    (tmp_path / "model").write_bytes(content)
    with pytest.raises(DataLossError, match="checksum mismatch"):
        open_checkpoint(tmp_path / "model")


def test_refusals_of_the_writer(tmp_path: Path) -> None:
    """What the format cannot hold, and what contradicts itself."""
    writer = SliceWriter(tmp_path / "model")
    row, whole = np.zeros(2, np.float32), (Extent(0, None),)
    writer.add("a", (2,), whole, row, 1)
    with pytest.raises(AlreadyExistsError, match="duplicate key: a"):
        writer.add("a", (2,), whole, row, 1)
    with pytest.raises(InvalidArgumentError, match="different shapes or types"):
        writer.add("a", (3,), (Extent(0, 2),), row, 1)
    with pytest.raises(InvalidArgumentError, match="for a slice of"):
        writer.add("b", (3,), whole, row, 1)
    message = "Tensor slice serialization not implemented for dtype 23"
    with pytest.raises(InvalidArgumentError, match=message):
        writer.add("c", (2,), whole, row.astype(np.uint64), 23)
    with pytest.raises(UnimplementedError, match="data type bfloat16 not yet support"):
        writer.add("d", (2,), whole, row.astype(ml_dtypes.bfloat16), 14)
    assert not list(tmp_path.iterdir())


def test_readers_read_on(tmp_path: Path) -> None:
    """MG-318: a reader gives one tensor after the other, and keeps no file open."""
    writer = SliceWriter(tmp_path / "m")
    for name in "abc":  # a block each
        values = np.full(200_000, ord(name), np.float32)
        writer.add(name, values.shape, (Extent(0, None),), values, 1)
    writer.finish()
    reader = tf.train.load_checkpoint(tmp_path / "m")
    for name in "abca":
        assert reader.get_tensor(name)[-1] == ord(name)
    with SliceReader(tmp_path / "m") as opened:
        assert opened.read("a")[0] == ord("a")
    assert opened.read("b")[0] == ord("b")
    opened.close()
