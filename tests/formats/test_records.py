from __future__ import annotations

import contextlib
import gzip
import json
import re
import zlib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metagraft import errors
from metagraft.formats.records import (
    COMPRESSIONS,
    RecordReader,
    RecordWriter,
    encode_record,
)

GOLDEN = Path(__file__).parents[1] / "golden" / "records"
RECORDS = [b"", b"a", b"hello" * 10, bytes(range(256))]
FILES = {"plain.tfrecord": "", "gzip.tfrecord": "GZIP", "zlib.tfrecord": "ZLIB"}
DAMAGES: list[dict[str, Any]] = json.loads((GOLDEN / "damages.json").read_text("utf-8"))


def _written(path: Path, compression: str = "") -> bytes:
    with RecordWriter(path, compression) as writer:
        for record in RECORDS:
            writer.write(record)
    return path.read_bytes()


def test_a_record_is_length_content_and_checksums() -> None:
    """A hand-worked record: the CRC-32C of 8 zeros is 0x8c28b28a."""
    assert encode_record(b"").hex() == "0000000000000000" + "29039807" + "d8ea82a2"


@pytest.mark.golden
@pytest.mark.parametrize("name", FILES)
def test_files_of_tensorflow_are_read(name: str) -> None:
    """What TensorFlow wrote comes out, compressed or not."""
    assert list(RecordReader(GOLDEN / name, FILES[name])) == RECORDS


@pytest.mark.golden
def test_files_equal_those_of_tensorflow(tmp_path: Path) -> None:
    """The same records make the same bytes."""
    expected = (GOLDEN / "plain.tfrecord").read_bytes()
    assert _written(tmp_path / "file") == expected


@pytest.mark.parametrize(
    ("compression", "decompress"),
    [("GZIP", gzip.decompress), ("ZLIB", zlib.decompress)],
)
def test_compressed_files_are_ordinary_ones(
    tmp_path: Path, compression: str, decompress: Any
) -> None:
    """Any program for gzip or zlib opens them."""
    plain = _written(tmp_path / "plain")
    assert decompress(_written(tmp_path / "file", compression)) == plain


@pytest.mark.golden
@pytest.mark.parametrize("damage", DAMAGES, ids=str)
def test_damage_is_found_where_tensorflow_finds_it(
    tmp_path: Path, damage: dict[str, Any]
) -> None:
    """As many records, then the end or a `DataLossError`, as in TensorFlow."""
    content = bytearray((GOLDEN / "plain.tfrecord").read_bytes())
    if "cut" in damage:
        del content[damage["cut"] :]
    else:
        content[damage["flip"]] ^= 1
    path = tmp_path / "damaged"
    path.write_bytes(content)
    count, error, message = 0, None, "damaged: corrupted record"
    try:
        for _ in RecordReader(path):
            count += 1
    except errors.DataLossError as raised:
        error, message = "DataLossError", raised.message
    assert (count, error) == (damage["records"], damage["error"])
    assert re.search(r"damaged: (corrupted|truncated) record", message)


@given(
    st.lists(st.binary(max_size=40), max_size=4),
    st.sampled_from(COMPRESSIONS),
    st.data(),
)
def test_changed_files_parse_or_are_refused(
    tmp_path_factory: pytest.TempPathFactory,
    records: list[bytes],
    compression: str,
    data: st.DataObject,
) -> None:
    """A file with one byte changed or cut gives records or a `DataLossError`."""
    path = tmp_path_factory.mktemp("records") / "file"
    with RecordWriter(path, compression) as writer:
        for record in records:
            writer.write(record)
    assert list(RecordReader(path, compression)) == records
    content = bytearray(path.read_bytes())
    if content:
        place = data.draw(st.integers(0, len(content) - 1))
        if data.draw(st.booleans()):
            content[place] ^= data.draw(st.integers(1, 255))
        else:
            del content[place:]
    path.write_bytes(content)
    with contextlib.suppress(errors.DataLossError):
        list(RecordReader(path, compression))


def test_a_growing_file_is_read_on(tmp_path: Path) -> None:
    """After the end, and after a head that was cut, the reader goes on."""
    path = tmp_path / "file"
    first, second = encode_record(b"first"), encode_record(b"second")
    path.write_bytes(first + second[:7])
    reader = RecordReader(path)
    assert list(reader) == [b"first"]
    path.write_bytes(first + second)
    assert list(reader) == [b"second"]


@pytest.mark.parametrize("compression", COMPRESSIONS)
def test_flushed_records_can_be_read(tmp_path: Path, compression: str) -> None:
    """A reader sees what was flushed while the writer is open."""
    with RecordWriter(tmp_path / "file", compression) as writer:
        writer.write(b"record")
        writer.flush()
        assert list(RecordReader(tmp_path / "file", compression)) == [b"record"]


def test_compressed_files_may_be_joined(tmp_path: Path) -> None:
    """Two files end to end are one."""
    content = _written(tmp_path / "one", "GZIP")
    (tmp_path / "two").write_bytes(content + content)
    assert list(RecordReader(tmp_path / "two", "GZIP")) == RECORDS * 2


def test_an_absurd_length_takes_no_memory(tmp_path: Path) -> None:
    """A length beyond the file, with a right checksum, is damage."""
    from metagraft.formats.crc32c import crc32c, mask

    length = (1 << 62).to_bytes(8, "little")
    path = tmp_path / "file"
    path.write_bytes(length + mask(crc32c(length)).to_bytes(4, "little"))
    with pytest.raises(errors.DataLossError, match="truncated record at 0"):
        list(RecordReader(path))


def test_a_wrong_compression_is_damage(tmp_path: Path) -> None:
    """A plain file read as gzip, and gzip read as plain, are refused."""
    _written(tmp_path / "plain")
    with pytest.raises(errors.DataLossError, match="cannot be decompressed"):
        list(RecordReader(tmp_path / "plain", "GZIP"))
    _written(tmp_path / "gzip", "GZIP")
    with pytest.raises(errors.DataLossError, match="Is this even a TFRecord file"):
        list(RecordReader(tmp_path / "gzip"))


def test_mistakes_are_told(tmp_path: Path) -> None:
    """Mistakes raise TensorFlow's errors."""
    with pytest.raises(ValueError, match='Not a valid compression_type: "LZ4"'):
        RecordReader(tmp_path / "none", "LZ4")
    with pytest.raises(errors.NotFoundError, match="No such file"):
        RecordReader(tmp_path / "none")
    with pytest.raises(errors.NotFoundError, match="No such file"):
        RecordWriter(tmp_path / "none" / "file")
    writer = RecordWriter(tmp_path / "file")
    writer.close()
    writer.close()
    with pytest.raises(errors.FailedPreconditionError, match="Writer is closed"):
        writer.write(b"late")
