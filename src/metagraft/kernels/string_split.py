"""Parts of strings, on the host; twin of `ops/string_split.py`.

Source: tensorflow core/kernels/string_split_op.cc, core/kernels/substr_op.cc.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import chain
from operator import itemgetter

import numpy as np

from metagraft.errors import InvalidArgumentError
from metagraft.graph.attrs import Attrs
from metagraft.graph.shapes import show
from metagraft.kernels.kernel import Array, Kernel

_SPACES = b" \t\n\v\f\r"
_BYTES = [bytes([byte]) for byte in range(256)]
_WORD = re.compile(rb"[^ \t\n\v\f\r]+")
# An operand of `Substr` is called `len`.
_len = len


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
    texts = np.broadcast_to(input, shape).ravel().tolist()
    by_byte = attrs["unit"] == b"BYTE"
    joined = b"" if by_byte else b"".join(texts)
    sizes = np.fromiter(map(_len, texts), np.int64, _len(texts))
    if joined.isascii():
        starts, ends = _part(texts, sizes, shape, pos, len, by_byte=by_byte)
        found = _cut(texts, starts, ends)
    else:
        edges, before = _characters(joined, sizes)
        counts = np.diff(before)
        starts, ends = _part(texts, counts, shape, pos, len, by_byte=False)
        starts, ends = edges[before[:-1] + starts], edges[before[:-1] + ends]
        pairs = zip(starts.tolist(), ends.tolist(), strict=True)
        found = [joined[start:end] for start, end in pairs]
    parts = np.empty(_len(texts), dtype=object)
    parts[:] = found
    return (parts.reshape(shape),)


def _part(
    texts: list[bytes],
    sizes: Array,
    shape: tuple[int, ...],
    pos: Array,
    length: Array,
    *,
    by_byte: bool,
) -> tuple[Array, Array]:
    """Return where the part of each text starts and ends, in units.

    Raises:
        InvalidArgumentError: It starts outside of the text.
    """
    given = (np.broadcast_to(one, shape).reshape(-1) for one in (pos, length))
    starts, lengths = (one.astype(np.int64) for one in given)
    is_wrong = (starts < -sizes) | (starts > sizes)
    if not by_byte:
        is_wrong |= (starts < 0) & (lengths < 0)
    if is_wrong.any():
        index = int(is_wrong.argmax())
        shown = f" b'{texts[index].decode('utf-8', 'backslashreplace')}'"
        raise _invalid(
            f"pos {starts[index]} out of range for string"
            f"{shown if by_byte else ''} at index {index}"
        )
    starts += np.where(starts < 0, sizes, 0)
    left = sizes - starts
    # TF: a length below 0 is the rest of the bytes, and no characters.
    whole = left if by_byte else np.int64(0)
    return starts, starts + np.where(lengths < 0, whole, np.minimum(lengths, left))


def _cut(texts: list[bytes], starts: Array, ends: Array) -> list[bytes]:
    if _len(texts) and (starts == starts[0]).all() and ends.min() >= starts[0]:
        # One slice does for all: beyond the end of a text there is nothing.
        length = int((ends - starts).max())
        if (ends - starts == length).all():
            return list(map(itemgetter(slice(starts[0], starts[0] + length)), texts))
    triples = zip(texts, starts.tolist(), ends.tolist(), strict=True)
    return [text[start:end] for text, start, end in triples]


def _characters(joined: bytes, sizes: Array) -> tuple[Array, Array]:
    """Return where characters of UTF-8 start, and how many precede each text.

    Bytes at the front of a text that continue none belong to its first.
    """
    bounds = np.append(0, sizes.cumsum())
    is_first = np.frombuffer(joined + b"\n", np.int8) >= -0x40
    is_first[bounds] = True
    edges = np.flatnonzero(is_first)
    return edges, edges.searchsorted(bounds)


def _invalid(message: str) -> InvalidArgumentError:
    return InvalidArgumentError(None, None, message)


KERNELS = {
    "StringSplit": Kernel(string_split, host=True),
    "StringSplitV2": Kernel(string_split_v2, host=True),
    "Substr": Kernel(substr, host=True),
}
