"""Riegeli files: records in chunks."""

from __future__ import annotations

import logging
import struct
import sys
from pathlib import Path

import pytest

from metagraft.errors import DataLossError, NotFoundError, UnimplementedError
from metagraft.formats.riegeli import reader as riegeli_reader
from metagraft.formats.riegeli.compression import decompress
from metagraft.formats.riegeli.highway_hash import highway_hash
from metagraft.formats.riegeli.reader import RiegeliReader

GOLDEN = Path(__file__).resolve().parent.parent / "golden" / "chunked_models"

# The specification gives these first 64 bytes of every file.
SIGNATURE = bytes.fromhex(
    "83af70d10d884a3f0000000000000000400000000000000091bac23c9287e1a9"
    "0000000000000000e19f13c0e9b1c3727300000000000000" + "00" * 8
)
HASH_OF_NOTHING = 0x72C3B1E9C0139FE1  # of that chunk


def _chunk(data: bytes, kind: bytes = b"r", count: int = 1, size: int = 0) -> bytes:
    """Return a chunk that begins and ends in the first block, with true hashes."""
    head = struct.pack("<QQ", len(data), highway_hash(data)) + kind
    head += count.to_bytes(7, "little") + struct.pack("<Q", size)
    chunk = struct.pack("<Q", highway_hash(head)) + head + data
    return chunk.ljust(count, b"\0")


def _read(content: bytes, path: Path) -> bytes:
    path.write_bytes(content)
    with RiegeliReader(path) as reader:
        return bytes(reader.last_record())


@pytest.mark.golden
@pytest.mark.parametrize(
    ("size", "expected"),
    [
        (0, HASH_OF_NOTHING),
        (1, 0x2CD57BC47907559D),
        (3, 0x3BBB8DA470C80319),
        (16, 0x3E13BE3A4140F4A7),
        (19, 0x357ED62531A86044),
        (31, 0x4D262A709C34AE7D),
        (32, 0xB73F6DF550F9DCE4),
        (33, 0xEC2F920014EAA741),
        (70, 0xB51E7B38AE9F5F3D),
    ],
)
def test_hash(size: int, expected: int) -> None:
    """Hashes are those of the function in TensorFlow's library, of any size."""
    assert highway_hash(bytes(range(size))) == expected


def test_records(tmp_path: Path) -> None:
    """A hand-made chunk gives its records; an empty one is one too."""
    data = b"\x00\x03" + b"\x02\x00\x01" + b"abc"
    path = tmp_path / "records"
    path.write_bytes(SIGNATURE + _chunk(data, count=3, size=3))
    with RiegeliReader(path) as reader:
        assert bytes(reader.record_at(64)) == b"ab"
        assert bytes(reader.record_at(65)) == b""
        assert bytes(reader.last_record()) == b"c"
        for position in (0, 63, 67, 1 << 40, -1):
            with pytest.raises(DataLossError, match="there is no record"):
                reader.record_at(position)


def test_padding(tmp_path: Path) -> None:
    """Chunks without records are passed over."""
    padding = _chunk(bytes(9), b"p", count=0)
    content = SIGNATURE + padding + _chunk(b"\0\1\2ab", size=2) + padding
    assert _read(content, tmp_path / "records") == b"ab"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "the file is empty"),
        (SIGNATURE[:30], "the file ends before byte 64"),
        (_chunk(b"\0\1\2ab", size=2), "the file ends before byte 64"),
        (bytes([SIGNATURE[0] ^ 1]) + SIGNATURE[1:], None),
        (SIGNATURE[:24] + b"\1" + SIGNATURE[25:], "stored hash of the header"),
        (SIGNATURE[:24] + _chunk(b"", b"p", count=0), "no signature"),
        (SIGNATURE, "there is no record before"),
        (SIGNATURE + _chunk(b"\0\1\2ab", size=2)[:-1], "the chunk reaches to byte 109"),
        (SIGNATURE + _chunk(b"\0\1\2ab", size=2)[:-1] + b"c", "stored hash of the dat"),
        (SIGNATURE + _chunk(b""), "the chunk has no data"),
        (SIGNATURE + _chunk(b"\0\x80"), "no variable-length number"),
        (SIGNATURE + _chunk(b"\0\1\2ab", size=1 << 40), "more than any is read"),
        (SIGNATURE + _chunk(b"\0\7\2ab", size=2), "7 bytes of sizes in 3 bytes of"),
        (SIGNATURE + _chunk(b"\0\1\3ab", size=2), "a record of 3 bytes in 2 bytes"),
        (SIGNATURE + _chunk(b"\0\1\1ab", size=2), "1 bytes are left after the last"),
        (SIGNATURE + _chunk(b"\1\1\2ab", size=2), "there is no compression 0x01"),
        (SIGNATURE + _chunk(b"b\2\x7f\0ab", size=2), "declares 127 bytes, there are"),
    ],
)
def test_damaged(content: bytes, words: str | None, tmp_path: Path) -> None:
    """Every damage names the file and the byte where its chunk begins."""
    with pytest.raises(DataLossError, match=r"records, chunk at byte \d+: ") as caught:
        _read(content, tmp_path / "records")
    assert words is None or words in str(caught.value)


@pytest.mark.parametrize(
    ("kind", "words"), [(b"t", "a transposed chunk is"), (b"x", "of kind 0x78 is")]
)
def test_other_kinds(kind: bytes, words: str, tmp_path: Path) -> None:
    """Chunks that are not read say so."""
    with pytest.raises(UnimplementedError, match=f"byte 64: .*{words} not read"):
        _read(SIGNATURE + _chunk(b"", kind), tmp_path / "records")


def test_no_file(tmp_path: Path) -> None:
    """A missing file is `NotFoundError`."""
    with pytest.raises(NotFoundError, match="records"):
        RiegeliReader(tmp_path / "records")


@pytest.mark.parametrize(
    ("kind", "library"), [(b"b", "brotli"), (b"z", "zstandard")], ids=str
)
def test_missing_library(
    kind: bytes, library: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An absent library is named, with the command that installs it."""
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(UnimplementedError, match=r"pip install metagraft\[chunked\]"):
        _read(SIGNATURE + _chunk(kind + b"\2\1\0a", size=1), tmp_path / "records")


def test_snappy() -> None:
    """Snappy is read too: a literal of three bytes."""
    assert decompress(ord("s"), memoryview(b"\x03\x03\x08abc"), 3) == b"abc"


def test_compressed_damage() -> None:
    """Streams that are cut, damaged, or hold more than declared are refused."""
    import brotli
    import zstandard

    for kind, packed in (
        ("b", brotli.compress(bytes(1000))),
        ("z", zstandard.compress(bytes(1000))),
    ):
        code = ord(kind)
        whole = memoryview(b"\xe8\x07" + packed)
        assert decompress(code, whole, 1000) == bytes(1000)
        for bad in (whole[:-3], b"\xe7\x07" + packed, b"\x05\xff\xff\xff"):
            with pytest.raises(ValueError, match=r"stream|declares"):
                decompress(code, memoryview(bad), 1000)


@pytest.mark.golden
def test_large_chunks_are_reported(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Where hashing would take long, it is said that it was left out."""
    monkeypatch.setattr(riegeli_reader, "VERIFIED_BYTES", 100)
    with (
        caplog.at_level(logging.WARNING),
        RiegeliReader(GOLDEN / "none" / "saved_model.cpb") as reader,
    ):
        reader.record_at(64)
    assert "is not verified" in caplog.text
