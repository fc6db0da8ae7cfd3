"""Entries that are decoded together are those that are decoded one by one."""

from __future__ import annotations

import random

import numpy as np
import pytest

from metagraft.formats.bundle.format import Entry, encode_head
from metagraft.formats.bundle.many_entries import (
    decode_many,
    encode_many,
    encode_table,
)
from metagraft.formats.byte_rows import Spans
from metagraft.formats.extents import Extent


def _entry(generator: random.Random) -> Entry:
    shape = generator.choice([(1250,), (3, 4), (), (0, 7), (128, 300)])
    small, large = generator.randrange(3), generator.randrange(1 << 62)
    return Entry(
        generator.choice([1, 3, 7]),
        shape,
        small,
        large >> generator.randrange(64),
        generator.choice([0, 5000, 1 << 40]),
        generator.randrange(1 << 32),
    )


@pytest.mark.parametrize("seed", range(5))
def test_as_one_by_one(seed: int) -> None:
    """Whatever the numbers are, and in whatever order the entries come."""
    generator = random.Random(seed)
    entries = [_entry(generator) for _ in range(3000)]
    encoded = [entry.encode() for entry in entries]
    found = decode_many(
        Spans.of_strings(encoded), lambda position: Entry.decode(encoded[position])
    )
    assert found.entries() == entries
    assert [found[position] for position in range(50)] == entries[:50]


def test_together() -> None:
    """Tensors of one shape that follow one another need no decoding one by one."""
    entries = [Entry(1, (1250,), 0, 5000 * n, 5000, 77 * n + 1) for n in range(3000)]
    encoded = [entry.encode() for entry in entries]
    alone: list[int] = []

    def decode_one(position: int) -> Entry:
        alone.append(position)
        return Entry.decode(encoded[position])

    assert decode_many(Spans.of_strings(encoded), decode_one).entries() == entries
    assert len(alone) <= 4  # the lengths of offsets that few have


def test_unusual_entries() -> None:
    """Slices, fields in another order or twice, and damage are decoded one by one."""
    plain = Entry(1, (4,), 1, 300, 16, 7)
    parts = (Extent(0, 2), Extent(2, 2))
    sliced = [Entry(1, (4,), slices=((part,),)) for part in parts]
    head, tail = plain.encode()[:8], plain.encode()[8:]
    assert Entry.decode(head + tail) == plain
    offset, rest = b"\x20\xac\x02", b"\x28\x10"
    assert offset + rest in tail
    swapped = head + tail.replace(offset + rest, rest + offset)
    for unusual in (*[entry.encode() for entry in sliced], swapped, tail + head):
        expected = [Entry.decode(unusual)] * 20
        found = decode_many(Spans.of_strings([unusual] * 20), expected.__getitem__)
        assert found.entries() == expected
    damaged = [plain.encode()[:-1] + b"\xff\xff"] * 20

    def fail(position: int) -> Entry:
        raise ValueError(f"at {position}")

    with pytest.raises(ValueError, match="at 0"):
        decode_many(Spans.of_strings(damaged), fail)


@pytest.mark.parametrize("seed", range(5))
def test_encoded_as_one_by_one(seed: int) -> None:
    """Fields that are zero are left out, whatever the others are."""
    generator = random.Random(seed)
    entries = [_entry(generator) for _ in range(9000)]
    heads = [encode_head(entry.data_type, entry.shape) for entry in entries]
    shards, offsets, sizes, checksums = zip(*[e[2:6] for e in entries], strict=True)
    expected = [entry.encode() for entry in entries]
    assert encode_many(heads, (shards, offsets, sizes, checksums)) == expected
    table = decode_many(Spans.of_strings(expected), entries.__getitem__)
    assert encode_table(table, table.shards) == expected


def test_encoded_with_slices() -> None:
    """Entries of partitioned tensors stand between the others."""
    entries = [Entry(1, (4,), 0, 16 * n, 16, n) for n in range(9)]
    entries[4] = Entry(1, (4,), slices=((Extent(0, 2),), (Extent(2, 2),)))
    encoded = [entry.encode() for entry in entries]
    table = decode_many(Spans.of_strings(encoded), entries.__getitem__)
    assert encode_table(table, table.shards) == encoded
    moved = [entry._replace(shard=3).encode() for entry in entries]
    assert encode_table(table, np.full(9, 3)) == moved


def test_nothing_encoded() -> None:
    """No entries make no rows."""
    assert encode_many([], ([], [], [], [])) == []


def test_entries_of_several_shards_are_decoded_together() -> None:
    """The first shard has no number, so offsets of two sizes make entries as long."""
    offsets = (3_000_000, 200)
    entries = [
        Entry(1, (2, 3), number % 2, offsets[number % 2] + number, 24, 9)
        for number in range(200)
    ]
    encoded = [entry.encode() for entry in entries]
    assert len({len(data) for data in encoded}) == 1

    def decode_one(position: int) -> Entry:
        raise AssertionError(f"entry {position} is decoded alone")

    assert decode_many(Spans.of_strings(encoded), decode_one).entries() == entries
