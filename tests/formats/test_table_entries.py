"""Blocks of many entries, whose lengths stand behind many restarts."""

from __future__ import annotations

import random
import struct

import pytest

from metagraft.formats.table.entries import decode_entries


def _block(entries: dict[bytes, bytes], interval: int) -> bytes:
    """A block as the format describes it, of keys and values below 128 bytes."""
    content, restarts, last = b"", [], b""
    for number, (key, value) in enumerate(entries.items()):
        shared = 0
        if number % interval == 0:
            restarts.append(len(content))
        else:
            while shared < min(len(key), len(last)) and key[shared] == last[shared]:
                shared += 1
        rest = key[shared:]
        content += bytes([shared, len(rest), len(value)]) + rest + value
        last = key
    numbers = [*restarts, len(restarts)]
    return content + struct.pack(f"<{len(numbers)}I", *numbers)


def _one_by_one(content: bytes) -> dict[bytes, bytes]:
    """What a block holds, read from its start, whatever the restarts are."""
    (count,) = struct.unpack("<I", content[-4:])
    entries: dict[bytes, bytes] = {}
    position, key = 0, b""
    while position < len(content) - 4 * (count + 1):
        shared, rest, size = content[position : position + 3]
        start = position + 3 + rest
        key = key[:shared] + content[position + 3 : start]
        position = start + size
        entries[key] = content[start:position]
    return entries


def _entries(count: int, seed: int) -> dict[bytes, bytes]:
    numbers = random.Random(seed)
    names = [f"scope_{number // 7}/variable_{number}" for number in range(count)]
    keys = sorted({name[numbers.randrange(3) :].encode() for name in names})
    return {key: numbers.randbytes(numbers.randrange(40)) for key in keys}


@pytest.mark.parametrize("interval", [1, 2, 16, 31, 32, 33, 1000])
@pytest.mark.parametrize("count", [1, 15, 16, 500, 1000])
def test_whatever_the_interval(interval: int, count: int) -> None:
    """Restarts at every key, at every 16th as usual, or none but the first."""
    entries = _entries(count, interval)
    found = decode_entries(_block(entries, interval))
    assert dict(found.items()) == entries
    assert [found.get(key) for key in entries] == list(entries.values())
    assert found.get(b"none") is None


def test_keys_and_values_of_many_bytes() -> None:
    """A length of two bytes among others of one."""
    entries = _entries(500, 0)
    content = _block(entries, 16)
    long = b"\x00\x80\x01\x81\x02" + b"z" * 128 + b"v" * 257
    head = len(content) - 4 * (len(entries) // 16 + 2)
    assert dict(decode_entries(content[:head] + long + content[head:]).items()) == {
        **entries,
        b"z" * 128: b"v" * 257,
    }


@pytest.mark.parametrize("part", range(8))
def test_damage(part: int) -> None:
    """Damaged blocks are refused, or read as one by one from their start."""
    numbers = random.Random(part)
    for _ in range(50):
        _check_damaged(numbers)


def _check_damaged(numbers: random.Random) -> None:
    content = bytearray(_block(_entries(320, 1), 16))
    for _ in range(numbers.choice([1, 1, 2, 40])):
        # Among the first entries, where damage leaves more that makes sense, too.
        end = numbers.choice([60, len(content)])
        content[numbers.randrange(end)] = numbers.choice([0, 1, 2, 3, 5, 16, 127, 255])
    try:
        found = decode_entries(bytes(content))
    except ValueError:
        return
    read = dict(found.items())
    assert list(read) == sorted(read)
    if max(map(len, (*read, *read.values()))) < 128:
        assert read == _one_by_one(bytes(content))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (bytes([9, 1, 0]) + b"b", "does not fit"),
        (bytes([0, 1, 0]) + b"A", "does not come after"),
        (bytes([1, 0, 0]), "does not come after"),
    ],
)
def test_refused_behind_many_restarts(content: bytes, reason: str) -> None:
    """Keys that share more than there is, or do not come after the last one."""
    entries = {b"%c" % letter: b"" for letter in range(66, 66 + 40)}
    block = _block(entries, 1)
    end = len(block) - 4 * 41
    with pytest.raises(ValueError, match=reason):
        decode_entries(block[:end] + content + block[end:])
