"""Where the features of many training examples lie, found for all of them at once.

An `Example` is scanned as bytes: its features first, then their names. What is not
written the usual way is left to protobuf; see `parse_example`.

Source: tensorflow core/util/example_proto_fast_parsing.cc; the encoding of protobuf.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy import count_nonzero  # on few values faster than `any`

from metagraft.kernels.example_columns import MASKS, Content, read_lengths
from metagraft.kernels.kernel import Array

__all__ = ["Scan", "places_alike", "scan", "scan_sequences"]

_FIRST, _SECOND = 0x0A, 0x12  # the tags of a name and its value, both of bytes
_MOST_FEATURES = 1000
_WORD = 8
_FACTORS = (0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9)
_ALL = 2**64 - 1


@dataclass(frozen=True, slots=True)
class Scan:
    """The features of examples.

    Attributes:
        content: The examples, one after the other.
        count: How many examples there are.
        rows: The example that each feature belongs to, later ones of an example last.
        keys: What stands for the name of each feature: `uint64`.
        names: Where the names begin, and how long they are.
        values: Where the values begin and end.
    """

    content: Content
    count: int
    rows: Array
    keys: Array
    names: tuple[Array, Array]
    values: tuple[Array, Array]

    def find(self, wanted: Sequence[bytes]) -> tuple[Array, Array] | None:
        """Return where the values of features begin and end in every example.

        Returns:
            Two arrays `[features, examples]`; both are zero where there is none. None
            if names cannot be told apart.
        """
        numbers = np.array([_key(name) for name in wanted], np.uint64)
        order = np.argsort(numbers)
        ordered = numbers[order]
        if count_nonzero(ordered[1:] == ordered[:-1]):
            return None
        place = np.minimum(np.searchsorted(ordered, self.keys), len(wanted) - 1)
        matches = np.flatnonzero(ordered[place] == self.keys)
        feature = order[place[matches]]
        lengths = np.array([len(name) for name in wanted])
        if count_nonzero(lengths[feature] != self.names[1][matches]):
            return None
        if not self._have_names(matches, feature, wanted):
            return None
        shape = (len(wanted), self.count)
        begins, ends = np.zeros(shape, np.int64), np.zeros(shape, np.int64)
        rows = self.rows[matches]
        # Of several with one name the last is kept, as it is assigned last.
        begins[feature, rows] = self.values[0][matches]
        ends[feature, rows] = self.values[1][matches]
        return begins, ends

    def _have_names(
        self, matches: Array, feature: Array, wanted: Sequence[bytes]
    ) -> bool:
        """Whether the names, of which only numbers were compared, are those wanted."""
        starts, sizes = (each[matches] for each in self.names)
        words = self.content.numbers("<u8")
        width = max(map(len, wanted), default=0)
        for offset in range(0, width, _WORD):
            parts = [name[offset : offset + _WORD] for name in wanted]
            expected = np.array(
                [int.from_bytes(part, "little") for part in parts], np.uint64
            )
            at = np.minimum(starts + offset, words.size - 1)
            left = (sizes - offset).clip(0, _WORD)
            if count_nonzero(words[at] & MASKS[left] != expected[feature]):
                return False
        return True


def _key(name: bytes) -> int:
    """Return what stands for a name: a number of its ends and its length."""
    first = int.from_bytes(name[:_WORD], "little")
    last = int.from_bytes(name[-_WORD:], "little")
    a, b, c = _FACTORS
    return (first * a + last * b + len(name) * c) & _ALL


def _keys(content: Content, starts: Array, sizes: Array) -> Array:
    words = content.numbers("<u8")
    short = np.minimum(sizes, _WORD)
    first = words[starts] & MASKS[short]
    last = words[starts + sizes - short] & MASKS[short]
    a, b, c = (np.uint64(factor) for factor in _FACTORS)
    return first * a + last * b + sizes.astype(np.uint64) * c


def scan(texts: Sequence[bytes]) -> Scan | None:
    """Find the features of examples; None if one is not written the usual way."""
    content, starts, ends = _joined(texts)
    found = _field(content, starts, ends, _FIRST)
    if found is None or count_nonzero(found[1] != ends):
        return None
    return _map(content, *found)


def places_alike(
    texts: Sequence[bytes], wanted: Sequence[bytes]
) -> tuple[Content, Array, Array] | None:
    """Find features of examples that differ in nothing but what features hold.

    Returns:
        The examples, and where the values of features begin and end, as `Scan.find`
        does. None if an example is not laid out as the first one is.
    """
    size = len(texts[0])
    if set(map(len, texts)) != {size}:
        return None
    layout = _layout(texts[0])
    if layout is None:
        return None
    content = Content.of(texts)
    rows = content.bytes[: size * len(texts)].reshape(len(texts), size)
    at = 0
    for _, begin, stop in (*layout, (b"", size, size)):
        if count_nonzero(rows[:, at:begin] != rows[0, at:begin]):
            return None
        at = stop
    places = {name: (begin, stop) for name, begin, stop in layout}
    ends = np.array([places.get(name, (0, 0)) for name in wanted]).T
    starts = np.arange(0, size * len(texts), size)
    begins, stops = ends[:, :, None] + starts
    return content, begins, stops


def _layout(text: bytes) -> list[tuple[bytes, int, int]] | None:
    """Return each feature's name, and where its value begins and ends in an example.

    None if the example is not written the usual way.
    """
    found = []
    try:
        at, end = _after_tag(text, 0, _FIRST)
        while at < end == len(text):
            at, entry_end = _after_tag(text, at, _FIRST)
            at, name_end = _after_tag(text, at, _FIRST)
            name = text[at:name_end]
            at, value_end = _after_tag(text, name_end, _SECOND)
            if value_end != entry_end:
                return None
            found.append((name, at, value_end))
            at = value_end
    except (IndexError, ValueError):
        return None
    return found if at == end == len(text) else None


def _after_tag(text: bytes, at: int, tag: int) -> tuple[int, int]:
    """Return where a field begins and ends whose tag should stand at a place."""
    if text[at] != tag:
        raise ValueError("another field")
    length = 0
    for shift in range(0, 28, 7):
        at += 1
        length |= (text[at] & 0x7F) << shift
        if text[at] < 0x80:
            return at + 1, at + 1 + length
    raise ValueError("longer than a field that is read here")


def scan_sequences(texts: Sequence[bytes]) -> tuple[Scan, Scan] | None:
    """Find the features of contexts and the lists of features of sequences.

    Returns:
        Both; the values of the second are lists. None if one sequence is not written
        the usual way.
    """
    content, starts, ends = _joined(texts)
    context = _field(content, starts, ends, _FIRST)
    if context is None:
        return None
    lists = _field(content, context[1], ends, _SECOND)
    if lists is None or count_nonzero(lists[1] != ends):
        return None
    scans = _map(content, *context), _map(content, *lists)
    return None if scans[0] is None or scans[1] is None else (scans[0], scans[1])


def _joined(texts: Sequence[bytes]) -> tuple[Content, Array, Array]:
    """Return texts one after the other, and where each begins and ends."""
    ends = np.array([0, *map(len, texts)]).cumsum()
    return Content.of(texts), ends[:-1], ends[1:]


def _field(
    content: Content, starts: Array, ends: Array, tag: int
) -> tuple[Array, Array] | None:
    """Return where a field that messages may begin with begins and ends in them."""
    is_there = (starts < ends) & (content.bytes[starts] == tag)
    if is_there.all():
        lengths, begins = read_lengths(content, starts + 1)
    else:
        begins, lengths = starts.copy(), np.zeros_like(starts)
        found = read_lengths(content, starts[is_there] + 1)
        lengths[is_there], begins[is_there] = found
    stops = begins + lengths
    return (
        None
        if count_nonzero(lengths < 0) or count_nonzero(stops > ends)
        else (begins, stops)
    )


def _map(content: Content, begins: Array, stops: Array) -> Scan | None:
    """Find the entries of a map in every message."""
    entries = _entries(content, begins, stops)
    if entries is None:
        return None
    rows, at, end = entries
    if count_nonzero(content.bytes[at] != _FIRST):
        return None
    sizes, names = read_lengths(content, at + 1)
    at = names + sizes
    if (
        count_nonzero(sizes < 0)
        or count_nonzero(at >= end)
        or count_nonzero(content.bytes[at] != _SECOND)
    ):
        return None
    lengths, at = read_lengths(content, at + 1)
    if count_nonzero(at + lengths != end):
        return None
    keys = _keys(content, names, sizes)
    return Scan(content, begins.size, rows, keys, (names, sizes), (at, end))


def _entries(
    content: Content, at: Array, end: Array
) -> tuple[Array, Array, Array] | None:
    """Return rows, begins and ends of the entries: all first ones, all second, ..."""
    row = np.arange(at.size)
    rows, tags, begins, ends = [row[:0]], [at[:0]], [at[:0]], [at[:0]]
    for _ in range(_MOST_FEATURES):
        going_on = at < end
        if not going_on.all():
            if count_nonzero(at > end):
                return None
            row, at, end = row[going_on], at[going_on], end[going_on]
        if not row.size:
            break
        rows.append(row)
        tags.append(at)
        lengths, at = read_lengths(content, at + 1)
        begins.append(at)
        at = at + lengths
        ends.append(at)
    else:
        return None
    begin, end = np.concatenate(begins), np.concatenate(ends)
    if count_nonzero(content.bytes[np.concatenate(tags)] != _FIRST):
        return None
    # An entry has two tags and two lengths.
    if count_nonzero(end - begin < 4):
        return None
    return np.concatenate(rows), begin, end
