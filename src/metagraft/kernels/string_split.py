"""Parts of strings, on the host; twin of `ops/string_split.py`.

Source: tensorflow core/kernels/string_split_op.cc, core/kernels/substr_op.cc.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache
from itertools import chain, compress
from operator import itemgetter

import numpy as np

from metagraft.errors import InvalidArgumentError
from metagraft.graph.attrs import Attrs
from metagraft.graph.shapes import show
from metagraft.kernels.joined_texts import same_part
from metagraft.kernels.kernel import Array, Kernel

_SPACES = b" \t\n\v\f\r"
# What stands between parts and between texts where all are split at once.
_PART, _TEXT = b"\0", b"\1"
# Fewer texts are split one by one, and so are some that are longer than this.
_FEW, _SOME, _LONG = 16, 256, 64
# An operand of `Substr` is called `len`.
_len = len


def string_split(attrs: Attrs, input: Array, delimiter: Array) -> tuple[Array, ...]:
    _check_ranks(input, delimiter, "delimiter")
    characters: bytes = delimiter.item()
    skips: bool = attrs["skip_empty"]
    if not characters:
        return _every_byte(input.tolist())
    # Each byte of it separates.
    marks = bytes.maketrans(characters, _PART * len(characters))
    found = _at_once(input, lambda joined: joined.translate(marks), skips=skips)
    if found is not None:
        return found
    first = characters[:1]
    as_first = bytes.maketrans(characters, first * len(characters))

    def split(text: bytes) -> list[bytes]:
        if not text:
            return []
        parts = text.translate(as_first).split(first)
        return list(filter(None, parts)) if skips else parts

    return _sparse(input, split)


def _every_byte(texts: list[bytes]) -> tuple[Array, ...]:
    sizes = np.fromiter(map(len, texts), np.int64, len(texts))
    content = np.frombuffer(b"".join(texts), np.uint8)
    values = _single_bytes()[content]
    return (*_places(np.repeat(np.arange(len(texts)), sizes), sizes, values),)


@cache
def _single_bytes() -> Array:
    return np.fromiter((bytes([byte]) for byte in range(256)), object, 256)


def _at_once(
    strings: Array,
    marked: Callable[[bytes], bytes],
    *,
    skips: bool,
    splits_nothing: bool = False,
) -> tuple[Array, ...] | None:
    """Split all texts at once; None if there are few, or bytes of special meaning.

    Args:
        strings: The texts.
        marked: Puts `_PART` in the place of what separates parts.
        skips: Whether empty parts are left out.
        splits_nothing: Whether an empty text has a part.
    """
    texts = strings.tolist()
    if len(texts) < _FEW:
        return None
    joined = _TEXT.join(texts)
    if len(texts) < _SOME and len(joined) > _LONG * len(texts):
        return None
    if joined.count(_TEXT) != len(texts) - 1 or _PART in joined:
        return None
    joined = marked(joined)
    content = np.frombuffer(joined, np.uint8)
    bounds = (content <= _TEXT[0]).nonzero()[0]
    is_end = np.ones(len(bounds) + 2, bool)
    np.equal(content[bounds], _TEXT[0], out=is_end[1:-1])
    rows = is_end[:-1].cumsum() - 1
    parts: Iterable[bytes] = joined.replace(_TEXT, _PART).split(_PART)
    if skips or not splits_nothing:
        edges = np.concatenate(([-1], bounds, [len(joined)]))
        is_kept = edges[1:] - edges[:-1] > 1
        if not skips:
            is_kept |= ~(is_end[1:] & is_end[:-1])
        parts = filter(None, parts) if skips else compress(parts, is_kept.tolist())
        rows = rows[is_kept]
    values = np.fromiter(parts, object, len(rows))
    return _places(rows, np.bincount(rows, minlength=len(texts)), values)


def string_split_v2(attrs: Attrs, input: Array, sep: Array) -> tuple[Array, ...]:
    _check_ranks(input, sep, "sep")
    separator: bytes = sep.item()
    limit: int = attrs["maxsplit"]
    if separator and limit < 0 and not set(separator) & {_PART[0], _TEXT[0]}:
        found = _at_once(
            input,
            lambda joined: joined.replace(separator, _PART),
            skips=False,
            splits_nothing=True,
        )
        if found is not None:
            return found
    if separator or limit == 0:
        # With a limit of zero nothing is taken from a text, not even white space.
        return _sparse(
            input,
            lambda text: text.split(separator, limit) if limit else [text],
        )
    marks = bytes.maketrans(_SPACES, _PART * len(_SPACES))
    found = None
    if limit < 0:
        found = _at_once(input, lambda joined: joined.translate(marks), skips=True)
    return found or _sparse(input, lambda text: _words(text, limit))


def _words(text: bytes, limit: int) -> list[bytes]:
    """Split at white space; after `limit` words the rest follows, even if empty."""
    words = text.split(None, limit)
    return [*words, b""] if len(words) == limit else words


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
    values = np.fromiter(chain.from_iterable(rows), object, int(sizes.sum()))
    return _places(np.repeat(np.arange(len(rows)), sizes), sizes, values)


def _places(rows: Array, sizes: Array, values: Array) -> tuple[Array, Array, Array]:
    """Return the indices of values, these and the shape of the sparse tensor."""
    places = np.empty((len(values), 2), np.int64)
    places[:, 0] = rows
    places[:, 1] = np.arange(len(values)) - np.repeat(sizes.cumsum() - sizes, sizes)
    return places, values, np.array([len(sizes), sizes.max(initial=0)], np.int64)


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
    # TF: a length below 0 is the rest of the bytes, and no characters.
    if np.size(pos) == 1 and joined.isascii() and (by_byte or len.item() >= 0):
        same = _same_slice(texts, int(pos.item()), int(len.item()))
        if same is not None:
            return (same.reshape(shape),)
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
    return (np.fromiter(found, object, _len(texts)).reshape(shape),)


def _same_slice(texts: list[bytes], start: int, length: int) -> Array | None:
    """Take the same part of every text; None if one is too short for it to start."""
    if _len(texts) and length > 0:
        parts = same_part(texts, start, start + length)
        if parts is not None:
            return parts
    if start and min(map(_len, texts), default=0) < abs(start):
        return None
    end = None if length < 0 or start < 0 <= start + length else start + length
    cut = map(itemgetter(slice(start, end)), texts)
    return np.fromiter(cut, object, _len(texts))


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
    whole = left if by_byte else np.int64(0)
    return starts, starts + np.where(lengths < 0, whole, np.minimum(lengths, left))


def _cut(texts: list[bytes], starts: Array, ends: Array) -> list[bytes]:
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
