"""Damage to the bytes of a file, as disks, transfers and editors do it."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Final

Damage = Callable[[Random, bytes], bytes]


def cut_off(rng: Random, content: bytes) -> bytes:
    """Keep the beginning."""
    return content[: rng.randrange(len(content) + 1)]


def cut_out(rng: Random, content: bytes) -> bytes:
    """Take a piece out."""
    start = rng.randrange(len(content) + 1)
    return content[:start] + content[start + rng.randrange(1, 64) :]


def flip_bits(rng: Random, content: bytes) -> bytes:
    """Flip one to eight bits."""
    damaged = bytearray(content)
    for _ in range(rng.randrange(1, 9)):
        if damaged:
            damaged[rng.randrange(len(damaged))] ^= 1 << rng.randrange(8)
    return bytes(damaged)


def write_over(rng: Random, content: bytes) -> bytes:
    """Put random bytes in place of a piece."""
    start = rng.randrange(len(content) + 1)
    piece = rng.randbytes(rng.randrange(1, 16))
    return content[:start] + piece + content[start + len(piece) :]


def insert(rng: Random, content: bytes) -> bytes:
    """Put random bytes in between."""
    start = rng.randrange(len(content) + 1)
    return content[:start] + rng.randbytes(rng.randrange(1, 16)) + content[start:]


def repeat(rng: Random, content: bytes) -> bytes:
    """Repeat a piece."""
    start = rng.randrange(len(content) + 1)
    end = start + rng.randrange(1, 200)
    return content[:end] + content[start:]


def make_zero(rng: Random, content: bytes) -> bytes:
    """Write zeros over a piece, as a file that was never flushed has them."""
    start = rng.randrange(len(content) + 1)
    length = min(rng.randrange(1, 512), len(content) - start)
    return content[:start] + bytes(length) + content[start + length :]


def enlarge_number(rng: Random, content: bytes) -> bytes:
    """Put the largest number of 64 bits somewhere: lengths, sizes, enums."""
    start = rng.randrange(len(content) + 1)
    return content[:start] + b"\xff" * 8 + b"\x7f" + content[start + 1 :]


def replace_all(rng: Random, content: bytes) -> bytes:
    """Return bytes that were never a message."""
    return rng.randbytes(rng.randrange(min(len(content), 400) + 1))


def nest_deeply(rng: Random, content: bytes) -> bytes:
    """Open a message of the text format very often."""
    field = rng.choice(
        (b"graph_def {", b"func { attr { value {", b"list {", b"{", b"[")
    )
    start = rng.randrange(len(content) + 1)
    return content[:start] + field * rng.choice((10, 200, 20_000)) + content[start:]


def change_words(rng: Random, content: bytes) -> bytes:
    """Take one word of the text for another."""
    words = content.split(b" ")
    for _ in range(rng.randrange(1, 4)):
        words[rng.randrange(len(words))] = rng.choice(
            (
                *words[:50],
                b"1e999",
                b"-1",
                b"9" * 30,
                b'"\\777"',
                b"<",
                b"true",
                b"[x/y]",
            )
        )
    return b" ".join(words)


DAMAGES_OF_TEXT: Final[tuple[Damage, ...]] = (nest_deeply, change_words)
DAMAGES: Final[tuple[Damage, ...]] = (
    cut_off,
    cut_out,
    flip_bits,
    write_over,
    insert,
    repeat,
    make_zero,
    enlarge_number,
    replace_all,
)
