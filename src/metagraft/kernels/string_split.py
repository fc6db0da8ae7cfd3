"""Parts of strings, on the host; twin of `ops/string_split.py`.

Source: tensorflow core/kernels/string_split_op.cc, core/kernels/substr_op.cc.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import chain

import numpy as np

from metagraft.errors import InvalidArgumentError
from metagraft.graph.attrs import Attrs
from metagraft.graph.shapes import show
from metagraft.kernels.kernel import Array, Kernel

_SPACES = b" \t\n\v\f\r"
_BYTES = [bytes([byte]) for byte in range(256)]
_WORD = re.compile(rb"[^ \t\n\v\f\r]+")


def string_split(attrs: Attrs, input: Array, delimiter: Array) -> tuple[Array, ...]:
    _check_ranks(input, delimiter, "delimiter")
    characters: bytes = delimiter.item()
    skips = attrs["skip_empty"]

    if not characters:
        return _sparse(input, lambda text: list(map(_BYTES.__getitem__, text)))
    # Each byte of it separates.
    first = characters[:1]
    as_first = bytes.maketrans(characters, first * len(characters))

    def split(text: bytes) -> list[bytes]:
        if not text:
            return []
        parts = text.translate(as_first).split(first)
        return list(filter(None, parts)) if skips else parts

    return _sparse(input, split)


def string_split_v2(attrs: Attrs, input: Array, sep: Array) -> tuple[Array, ...]:
    _check_ranks(input, sep, "sep")
    separator: bytes = sep.item()
    limit: int = attrs["maxsplit"]
    if separator or limit == 0:
        # With a limit of zero nothing is taken from a text, not even white space.
        return _sparse(
            input,
            lambda text: text.split(separator, limit) if limit else [text],
        )
    return _sparse(input, lambda text: _words(text, limit))


def _words(text: bytes, limit: int) -> list[bytes]:
    """Split at white space; after `limit` words the rest follows, even if empty."""
    if limit < 0:
        return text.split()
    words = []
    for match in _WORD.finditer(text):
        words.append(match[0])
        if len(words) == limit:
            return [*words, text[match.end() :].lstrip(_SPACES)]
    return words


def _check_ranks(strings: Array, separator: Array, name: str) -> None:
    if np.ndim(strings) != 1:
        raise _invalid(f"input must be a vector, got shape: {show(np.shape(strings))}")
    if np.ndim(separator):
        raise _invalid(f"{name} must be a scalar, got shape: {show(separator.shape)}")


def _sparse(
    strings: Array, split: Callable[[bytes], list[bytes]]
) -> tuple[Array, Array, Array]:
    rows = list(map(split, strings.tolist()))
    sizes = np.fromiter(map(len, rows), np.int64, len(rows))
    count = int(sizes.sum())
    places = np.empty((count, 2), np.int64)
    places[:, 0] = np.repeat(np.arange(len(rows)), sizes)
    places[:, 1] = np.arange(count) - np.repeat(sizes.cumsum() - sizes, sizes)
    values = np.empty(count, dtype=object)
    values[:] = list(chain.from_iterable(rows))
    return places, values, np.array([len(rows), sizes.max(initial=0)], np.int64)


# TF: it broadcasts up to two dimensions only.
def substr(attrs: Attrs, input: Array, pos: Array, len: Array) -> tuple[Array]:
    if np.shape(pos) != np.shape(len):
        raise _invalid(
            "pos and len should have the same shape, got: "
            f"{show(np.shape(pos))} vs. {show(np.shape(len))}"
        )
    try:
        shape = np.broadcast_shapes(np.shape(input), np.shape(pos))
    except ValueError as error:
        raise _invalid(
            f"Incompatible shapes: {show(np.shape(input))} vs. {show(np.shape(pos))}"
        ) from error
    part = _bytes_of if attrs["unit"] == b"BYTE" else _characters_of
    texts, starts, lengths = (
        np.broadcast_to(array, shape).ravel().tolist() for array in (input, pos, len)
    )
    parts = np.empty(np.size(texts), dtype=object)
    for i, text in enumerate(texts):
        parts[i] = part(text, starts[i], lengths[i], i)
    return (parts.reshape(shape),)


def _bytes_of(text: bytes, start: int, length: int, index: int) -> bytes:
    if not -len(text) <= start <= len(text):
        shown = text.decode("utf-8", "backslashreplace")
        raise _invalid(
            f"pos {start} out of range for string b'{shown}' at index {index}"
        )
    first = start + len(text) if start < 0 else start
    return text[first:] if length < 0 else text[first : first + length]


def _part_of(text: bytes, count: int, start: int, length: int, index: int) -> bytes:
    if not -count <= start <= count:
        raise _invalid(f"pos {start} out of range for string at index {index}")
    first = start + count if start < 0 else start
    return text[first : first + max(length, 0)]


def _characters_of(text: bytes, start: int, length: int, index: int) -> bytes:
    if text.isascii():
        return _part_of(text, len(text), start, length, index)
    # Where characters of UTF-8 start; bytes that continue none belong to the first.
    edges = [i for i, byte in enumerate(text) if i == 0 or byte & 0xC0 != 0x80]
    count = len(edges)
    if not -count <= start <= count:
        raise _invalid(f"pos {start} out of range for string at index {index}")
    first = start + count if start < 0 else start
    last = min(first + max(length, 0), count)
    edges.append(len(text))
    return text[edges[first] : edges[last]]


def _invalid(message: str) -> InvalidArgumentError:
    return InvalidArgumentError(None, None, message)


KERNELS = {
    "StringSplit": Kernel(string_split, host=True),
    "StringSplitV2": Kernel(string_split_v2, host=True),
    "Substr": Kernel(substr, host=True),
}
