import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metagraft.errors import DataLossError
from metagraft.formats.crc32c import crc32c, mask
from metagraft.formats.table import snappy
from metagraft.formats.table.entries import decode_entries
from metagraft.formats.table.format import (
    MAGIC,
    SNAPPY,
    TRAILER,
    BlockHandle,
    Footer,
)
from metagraft.formats.table.reader import TableReader
from metagraft.formats.table.writer import (
    TableWriter,
    short_successor,
    shortest_separator,
)

GOLDEN = Path(__file__).parents[1] / "golden/checkpoints"
INDEXES = sorted(GOLDEN.glob("*.index"))
tables = st.dictionaries(st.binary(max_size=12), st.binary(max_size=40), max_size=60)


def _written(entries: dict[bytes, bytes]) -> bytes:
    parts: list[bytes] = []
    writer = TableWriter(parts.append)
    for key in sorted(entries):
        writer.add(key, entries[key])
    writer.finish()
    return b"".join(parts)


def _written_together(entries: dict[bytes, bytes]) -> bytes:
    parts: list[bytes] = []
    writer = TableWriter(parts.append)
    keys = sorted(entries)
    writer.add_many(keys, [entries[key] for key in keys])
    writer.finish()
    return b"".join(parts)


@pytest.mark.golden
@pytest.mark.parametrize("path", INDEXES, ids=lambda path: path.stem)
def test_tables_of_tensorflow_are_written_alike(path: Path) -> None:
    """What TensorFlow wrote reads, and writes again to the same bytes."""
    content = path.read_bytes()
    entries = dict(TableReader(content, path.name).items())
    assert _written(entries) == content
    assert _written_together(entries) == content


@pytest.mark.parametrize("seed", range(12))
def test_entries_are_added_together_as_one_by_one(seed: int) -> None:
    """Wherever blocks and restarts fall, and however long keys and values are."""
    generator = random.Random(seed)
    entries = {}
    for _ in range(generator.choice([1, 15, 17, 5_000, 30_000])):
        number = generator.randrange(10**6)
        key = [
            b"v%06d" % number,
            number.to_bytes(3, "big").rstrip(b"\0"),
            b"layer/" * (number % 40) + b"%d" % number,
            b"layer/" * (number % 1000 // 999 * 120) + b"%d" % number,
        ][seed % 4]
        entries[key] = bytes(number % 40)
        if number % 2000 == 0:
            entries[key] = b"q" * generator.choice([200, 600, 600_000])
    assert _written_together(entries) == _written(entries)


@given(tables)
def test_tables_round_trip(entries: dict[bytes, bytes]) -> None:
    """All entries come back, in order, and each is found by its key."""
    reader = TableReader(_written(entries), "t")
    assert list(reader.items()) == sorted(entries.items())
    for key, value in entries.items():
        assert reader.get(key) == value


@given(tables, st.binary(max_size=12))
def test_other_keys_are_not_found(entries: dict[bytes, bytes], key: bytes) -> None:
    """A key that was not added has no value."""
    entries.pop(key, None)
    assert TableReader(_written(entries), "t").get(key) is None


def test_large_tables_have_several_blocks() -> None:
    """Blocks end where they reach their size, and before an entry of twice that."""
    entries = {b"%06d" % number: bytes(1000) for number in range(600)}
    entries[b"000300x"] = bytes(600_000)
    content = _written(entries)
    assert dict(TableReader(content, "t").items()) == entries


def test_keys_must_be_in_order_together() -> None:
    """The first one too, against the one before."""
    for before, keys in ((b"b", [b"a", b"c"]), (b"a", [b"b", b"d", b"c"])):
        writer = TableWriter(lambda _: None)
        writer.add(before, b"")
        with pytest.raises(ValueError, match="does not come after"):
            writer.add_many(keys, [b""] * len(keys))


def test_keys_must_be_in_order() -> None:
    """Adding a key that does not come after the last one is refused."""
    writer = TableWriter(lambda data: None)
    writer.add(b"b", b"")
    for key in (b"b", b"a"):
        with pytest.raises(ValueError, match=r"does not come after b'b'"):
            writer.add(key, b"")


@given(st.binary(max_size=5), st.binary(max_size=5))
def test_separators_separate(left: bytes, right: bytes) -> None:
    """A separator is not before the lower key and before the upper."""
    lower, upper = sorted((left, right))
    if lower != upper:
        assert lower <= shortest_separator(lower, upper) < upper
    assert short_successor(left) >= left


def test_separators_of_the_specification() -> None:
    """Separators are as short as those in files of TensorFlow."""
    assert short_successor(b"zero") == b"{"
    assert short_successor(b"\xff\xff") == b"\xff\xff"
    assert short_successor(b"\xff\x01\x02") == b"\xff\x02"
    assert shortest_separator(b"layer_02521/x", b"layer_02522/x") == b"layer_02521/x"
    assert shortest_separator(b"abcx", b"aezz") == b"ac"


@given(tables, st.randoms(use_true_random=False))
def test_damage_is_data_loss_or_harmless(
    entries: dict[bytes, bytes], numbers: random.Random
) -> None:
    """A flipped bit or a cut gives DataLossError and never wrong entries."""
    content = bytearray(_written(entries))
    if numbers.random() < 0.3:
        del content[numbers.randrange(len(content)) :]
    else:
        content[numbers.randrange(len(content))] ^= 1 << numbers.randrange(8)
    try:
        found = dict(TableReader(bytes(content), "t").items())
    except DataLossError:
        return
    assert found == entries  # a bit of the meta-index, which nobody reads


@given(st.binary(max_size=60))
def test_any_bytes_are_entries_or_a_value_error(content: bytes) -> None:
    """The entries of a block decode or are refused, whatever the bytes."""
    try:
        entries = decode_entries(content)
    except ValueError:
        return
    assert list(entries.rows) == sorted(entries.rows)


def _one_block(content: bytes, kind: int = 0) -> bytes:
    """A table whose only data block has that content, all checksums right."""

    def block(data: bytes, kind: int = 0) -> bytes:
        checksum = mask(crc32c(bytes([kind]), crc32c(data)))
        return data + TRAILER.pack(kind, checksum)

    first = block(content, kind)
    value = BlockHandle(0, len(content)).encode()
    key = b"zz"
    entry = bytes([0, len(key), len(value)]) + key + value
    index = entry + bytes(4) + b"\x01\0\0\0"
    handle = BlockHandle(len(first), len(index))
    return first + block(index) + Footer(handle, handle).encode()


END = bytes(4) + b"\x01\0\0\0"  # one restart at 0


@pytest.mark.parametrize(
    ("content", "kind", "message"),
    [
        (b"\0\x01\x01ab\0\x01\x01ab" + END, 0, r"b'a' does not come after b'a'"),
        (b"\0\x01\x7fab" + END, 0, r"of 1 and 127 bytes, .* does not fit"),
        (b"\x02\x01\x01ab" + END, 0, "sharing 2 of 0"),
        (b"\0\x01\x80" + END, 0, "does not fit|no variable-length"),
        (b"\0\x03\x01zzzb" + END, 0, r"outside the range of the index.*b'zz'"),
        (b"", 0, "0 bytes cannot hold a count"),
        (b"\xff\xff\xff\xff", 0, "4294967295 restarts do not fit"),
        (b"\x09\0\0\0\x01\0\0\0", 0, "a restart at 9 lies after the entries, 0"),
        (END, 7, "compression of unknown kind 7"),
        (b"\xff\xff\x03\0", SNAPPY, "declares 65535 bytes, impossible from 4"),
    ],
)
def test_each_damage_says_what_is_wrong(
    content: bytes, kind: int, message: str
) -> None:
    """Damage with correct checksums is told, with place and values."""
    reader = TableReader(_one_block(content, kind), "some.index")
    with pytest.raises(DataLossError, match=message) as caught:
        list(reader.items())
    assert str(caught.value).startswith("some.index, block at byte 0: ")


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (b"\x80", "no variable-length number"),
        (b"\0\x08\0", "a block handle has 3 bytes, 2 of them used"),
    ],
)
def test_indexes_hold_handles(value: bytes, message: str) -> None:
    """An index whose values are no handles is refused when opened."""
    content = b"\0\x01" + bytes([len(value)]) + b"a" + value + END
    checksum = mask(crc32c(b"\0", crc32c(content)))
    handle = BlockHandle(0, len(content))
    table = content + TRAILER.pack(0, checksum) + Footer(handle, handle).encode()
    with pytest.raises(DataLossError, match=f"block at byte 0: {message}"):
        TableReader(table, "t")


def test_empty_blocks_are_harmless() -> None:
    """A data block without entries is read."""
    assert dict(TableReader(_one_block(END), "t").items()) == {}


def test_wrong_checksums_are_told() -> None:
    """The stored and the computed checksum are in the message."""
    content = bytearray(_one_block(b"\0\x01\x01ab" + END))
    content[3] ^= 1
    message = r"block at byte 0: block checksum mismatch: stored 0x\w{8}, computed 0x"
    with pytest.raises(DataLossError, match=message):
        TableReader(bytes(content), "t").get(b"a")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "too short to be a sorted table: 0 bytes"),
        (bytes(48), r"bad magic number\): found 0x0{16}, expected 0xdb4775248b80fb57"),
        (bytes([0x80] * 40) + MAGIC.to_bytes(8, "little"), "footer at byte 0: no var"),
        (
            Footer(BlockHandle(0, 0), BlockHandle(9, 99)).encode(),
            "block at byte 9: 99 bytes of content would end at 108, the last possible",
        ),
    ],
)
def test_other_files_are_no_tables(content: bytes, message: str) -> None:
    """Files that are no tables are refused when opened."""
    with pytest.raises(DataLossError, match=message):
        TableReader(content, "model.meta")


def test_compressed_blocks_are_read() -> None:
    """Blocks that older releases compressed with Snappy read like others."""
    # Length 21; a literal of 5; a copy of 8 from 1 back: "b" * 8; a literal of 8.
    compressed = b"\x15" + b"\x10\0\x01\x09ab" + b"\x11\x01" + b"\x1c" + END
    content = b"\0\x01\x09a" + b"b" * 9 + END
    assert snappy.decompress(compressed) == content
    reader = TableReader(_one_block(compressed, SNAPPY), "t")
    assert dict(reader.items()) == {b"a": b"b" * 9}


@pytest.mark.parametrize(
    ("compressed", "expected"),
    [
        (b"\x00", b""),
        (b"\x03\x08abc", b"abc"),
        (b"\x3c\xf0\x3b" + b"x" * 60, b"x" * 60),  # the length in one byte more
        (b"\x08\x04ab\x16\x02\x00", b"abababab"),  # a copy with a distance of 2 bytes
        (b"\x08\x04ab\x17\x02\x00\x00\x00", b"abababab"),  # of 4 bytes
        (b"\x07\x08abc\x01\x03", b"abcabca"),  # of 1 byte
    ],
)
def test_each_element_of_snappy(compressed: bytes, expected: bytes) -> None:
    """Hand-worked blocks with each kind of element decompress."""
    assert snappy.decompress(compressed) == expected


@pytest.mark.parametrize(
    ("compressed", "message"),
    [
        (b"\x04\x08abc", "declares 4 bytes, holds 3"),
        (b"\x02\x08abc", "declares 2 bytes, holds 3"),
        (b"\x05\x08abc\x01\x04", "copies from 4 bytes back, 3 are there"),
        (b"\x05\x08abc\x01\x00", "copies from 0 bytes back"),
        (b"\x05\x08ab", "needs 3 bytes at 2, ends at 4"),
        (b"\x05\x00a\x02\x00", "needs 2 bytes at 4, ends at 5"),
        (b"\x80", "no variable-length number"),
    ],
)
def test_damaged_snappy_is_refused(compressed: bytes, message: str) -> None:
    """Each kind of damage within a compressed block has its message."""
    with pytest.raises(ValueError, match=message):
        snappy.decompress(compressed)


@given(st.binary(max_size=40))
def test_any_bytes_decompress_within_bounds(data: bytes) -> None:
    """No input decompresses to more than a small multiple of its size."""
    try:
        content = snappy.decompress(data)
    except ValueError:
        return
    assert len(content) <= 22 * len(data)
