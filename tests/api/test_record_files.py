from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import metagraft.compat.v1 as tf


@pytest.mark.parametrize(
    ("options", "compression"),
    [
        (None, ""),
        ("", ""),
        ("GZIP", "GZIP"),
        (tf.io.TFRecordCompressionType.ZLIB, "ZLIB"),
        (tf.python_io.TFRecordOptions("GZIP", compression_level=9), "GZIP"),
    ],
)
def test_records_come_back(tmp_path: Path, options: Any, compression: str) -> None:
    """Options may be a name, a number or an object."""
    path = str(tmp_path / "file")
    with tf.python_io.TFRecordWriter(path, options) as writer:
        writer.write(b"record")
        writer.write("text")
    records = tf.io.tf_record_iterator(path, compression)
    assert list(records) == [b"record", b"text"]


def test_mistakes_are_told(tmp_path: Path) -> None:
    """What cannot be written, and options that are not built, raise."""
    with pytest.raises(ValueError, match='Not a valid compression_type: "LZ4"'):
        tf.io.TFRecordWriter(str(tmp_path / "file"), "LZ4")
    with pytest.raises(NotImplementedError, match="not supported: mem_level"):
        tf.io.TFRecordOptions("GZIP", mem_level=2)
    writer = tf.io.TFRecordWriter(str(tmp_path / "file"))
    with pytest.raises(TypeError, match="must be bytes, got int"):
        writer.write(3)
    writer.close()
