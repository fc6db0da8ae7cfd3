"""Messages whose type another file describes; what is expected follows by hand."""

from __future__ import annotations

from pathlib import Path

import pytest
from google.protobuf import descriptor_pb2

import metagraft.compat.v1 as tf


def _described() -> bytes:
    """Return the descriptor of a message with one text."""
    file = descriptor_pb2.FileDescriptorSet().file.add(name="one.proto", package="one")
    message = file.message_type.add(name="One")
    message.field.add(name="text", number=1, type=9, label=1)
    files = descriptor_pb2.FileDescriptorSet()
    files.file.append(file)
    return files.SerializeToString()


def _text(source: bytes) -> list[bytes]:
    with tf.Graph().as_default(), tf.Session() as session:
        _, (text,) = tf.io.decode_proto(
            [b"\n\x02hi"], "one.One", ["text"], ["string"], descriptor_source=source
        )
        values: list[bytes] = session.run(text)[0].tolist()
        return values


def test_descriptors_in_a_file(tmp_path: Path) -> None:
    """A file of descriptors does what they do in the attribute itself."""
    path = tmp_path / "descriptors.pb"
    path.write_bytes(_described())
    assert _text(b"bytes://" + _described()) == [b"hi"]
    assert _text(str(path).encode()) == [b"hi"]


@pytest.mark.parametrize("source", [b"no such file", b"bytes://\xff"])
def test_no_descriptors(source: bytes) -> None:
    """A source without descriptors is told of."""
    with pytest.raises(tf.errors.InvalidArgumentError, match="descriptor_source"):
        _text(source)
