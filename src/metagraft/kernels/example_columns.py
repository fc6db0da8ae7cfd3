"""One feature of many training examples, read at once from its bytes.

What is written the usual way is read with NumPy, for all examples together; a column
with anything else in it is read feature by feature, as protobuf reads it.

Source: tensorflow core/util/example_proto_fast_parsing.cc.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from metagraft.graph.dtypes import DType, float32, int64, string
from metagraft.kernels.kernel import Array

__all__ = [
    "KINDS",
    "LEAST_AT_ONCE",
    "Column",
    "Content",
    "DamagedFeature",
    "read_column",
    "read_columns",
    "read_lengths",
]

# The field of a `Feature` that holds values of each type.
KINDS = {"string": "bytes_list", "float32": "float_list", "int64": "int64_list"}
_TAGS = {"string": 0x0A, "float32": 0x12, "int64": 0x1A}
_TYPES = {0x0A: string, 0x12: float32, 0x1A: int64}
_LIST_TAG = 0x0A
# Fewer are read one by one: NumPy would only cost time.
LEAST_AT_ONCE = 16
_MOST_ROUNDS = 64
_LONGEST_VARINT = 10
# Texts so long, of which few have the same length, are cut out one by one.
_LONG = 24


@dataclass(frozen=True, slots=True)
class Column:
    """The values of one feature.

    Attributes:
        values: Those of all examples, one after the other: `[n]`.
        counts: How many belong to each example: `int64[examples]`.
        present: Which examples have the feature, even if it is empty.
    """

    values: Array
    counts: Array
    present: Array


class DamagedFeature(Exception):  # noqa: N818 - becomes an error with the key's name
    """A feature of an example that cannot be read, or has another type."""

    def __init__(self, index: int, found: DType | None) -> None:
        """Keep the place of the example, and the type found if that is the fault."""
        super().__init__(index)
        self.index = index
        self.found = found


@dataclass(frozen=True, slots=True)
class Content:
    """Bytes that many features lie in.

    Attributes:
        text: They.
        bytes: `uint8`, with zeros at the end, so that no number runs out of them.
    """

    text: bytes
    bytes: Array

    @classmethod
    def of(cls, texts: Sequence[bytes]) -> Content:
        """Put texts one after the other."""
        text = b"".join(texts)
        return cls(text, np.frombuffer(text + bytes(_LONGEST_VARINT + 8), np.uint8))

    def numbers(self, form: str) -> Array:
        """Return the bytes that begin at each place as one number of a form."""
        count = max(self.bytes.size - np.dtype(form).itemsize + 1, 0)
        return np.ndarray(count, form, self.bytes.data, strides=(1,))


def read_columns(
    content: Content, begins: Array, ends: Array, dtype: DType
) -> list[Column] | None:
    """Read columns of one type at once, if all is written the usual way.

    Args:
        content: What the features lie in.
        begins: Where those of each column begin, `[columns, examples]`.
        ends: Where they end; nowhere else if an example has none.
        dtype: The type of all of them.
    """
    whole = _read_at_once(content, begins.reshape(-1), ends.reshape(-1), dtype)
    if whole is None:
        return None
    counts = whole.counts.reshape(begins.shape)
    present = whole.present.reshape(begins.shape)
    last = np.cumsum(counts.sum(axis=1))
    return [
        Column(whole.values[end - counts[i].sum() : end], counts[i], present[i])
        for i, end in enumerate(last)
    ]


def read_column(texts: Sequence[bytes], dtype: DType) -> Column:
    """Read the values of one feature from the bytes of `Feature` messages.

    Args:
        texts: One for each example; empty where there is none.
        dtype: `float32`, `int64` or `string`.

    Raises:
        DamagedFeature: One has another type, or is no message.
    """
    if len(texts) >= LEAST_AT_ONCE:
        ends = np.cumsum(np.fromiter(map(len, texts), np.int64, len(texts)))
        begins = np.concatenate(([0], ends[:-1]))
        column = _read_at_once(Content.of(texts), begins, ends, dtype)
        if column is not None:
            return column
    return _read_one_by_one(texts, dtype)


def _read_one_by_one(texts: Sequence[bytes], dtype: DType) -> Column:
    from google.protobuf.message import DecodeError

    from metagraft.proto import Feature

    kind = KINDS[dtype.name]
    lists: list[Sequence[float | bytes]] = []
    present = np.zeros(len(texts), bool)
    for index, text in enumerate(texts):
        found = _TYPES.get(text[0]) if text else None
        if found is None:
            lists.append(())
            continue
        if found != dtype:
            raise DamagedFeature(index, found)
        try:
            feature = Feature.FromString(text)
        except DecodeError as error:
            raise DamagedFeature(index, None) from error
        present[index] = True
        lists.append(getattr(feature, kind).value)
    counts = np.fromiter(map(len, lists), np.int64, len(lists))
    values = np.empty(int(counts.sum()), dtype.as_numpy_dtype)
    end = 0
    for each in lists:
        start, end = end, end + len(each)
        values[start:end] = each
    return Column(values, counts, present)


def _read_at_once(
    content: Content, starts: Array, ends: Array, dtype: DType
) -> Column | None:
    """Read a column that is written the usual way; None if it is not."""
    present = starts < ends
    begins, stops = starts[present], ends[present]
    if np.any(content.bytes[begins] != _TAGS[dtype.name]):
        return None
    lengths, begins = read_lengths(content, begins + 1)
    if np.any(begins + lengths != stops):
        return None
    if dtype == string:
        found = _byte_strings(content, begins, stops)
    else:
        found = _packed_numbers(content, begins, stops, dtype)
    if found is None:
        return None
    values, counts_of_present = found
    counts = np.zeros(starts.size, np.int64)
    counts[present] = counts_of_present
    return Column(values, counts, present)


def read_lengths(content: Content, at: Array) -> tuple[Array, Array]:
    """Read a number of at most four bytes at every place; return what follows, too."""
    found = content.bytes
    first = found[at]
    if not np.any(first >= 0x80):
        return first.astype(np.int64), at + 1
    value = np.zeros(at.shape, np.int64)
    goes_on = np.ones(at.shape, bool)
    for shift in range(0, 28, 7):
        byte = found[at].astype(np.int64)
        value |= np.where(goes_on, (byte & 0x7F) << shift, 0)
        at = at + goes_on
        goes_on &= byte >= 0x80
        if not goes_on.any():
            return value, at
    value[goes_on] = -1  # longer than anything a feature holds: no place fits it
    return value, at


def _packed_numbers(
    content: Content, begins: Array, stops: Array, dtype: DType
) -> tuple[Array, Array] | None:
    counts = np.zeros(begins.shape, np.int64)
    filled = begins < stops
    begins, stops = begins[filled], stops[filled]
    if np.any(content.bytes[begins] != _LIST_TAG):
        return None
    lengths, begins = read_lengths(content, begins + 1)
    if np.any(begins + lengths != stops):
        return None
    read = _floats if dtype == float32 else _integers
    found = read(content, begins, lengths)
    if found is None:
        return None
    counts[filled] = found[1]
    return found[0], counts


def _places(begins: Array, counts: Array, width: int) -> Array:
    """Return where elements of a width lie that follow each other from each begin."""
    before = np.cumsum(counts) - counts
    places = np.repeat(begins - width * before, counts)
    places += np.arange(0, width * places.size, width)
    return places


def _floats(
    content: Content, begins: Array, lengths: Array
) -> tuple[Array, Array] | None:
    counts = lengths // 4
    if np.any(4 * counts != lengths):
        return None
    values = content.numbers("<f4")[_places(begins, counts, 4)]
    return values.astype(np.float32, copy=False), counts


def _integers(
    content: Content, begins: Array, lengths: Array
) -> tuple[Array, Array] | None:
    """Read numbers of seven bits a byte, the lowest first."""
    payload = content.bytes[_places(begins, lengths, 1)]
    ends = np.flatnonzero(payload < 0x80) + 1
    range_ends = np.cumsum(lengths)
    counts = np.searchsorted(ends, range_ends, "right")
    last = ends[counts - 1] if ends.size else ends
    if last.size != counts.size or np.any((last != range_ends) & (lengths > 0)):
        return None
    counts = np.diff(counts, prepend=0)
    starts = np.concatenate(([0], ends[:-1]))
    sizes = ends - starts
    if sizes.max(initial=0) > _LONGEST_VARINT:
        return None
    values = (payload[starts] & 0x7F).astype(np.uint64)
    longer = np.arange(sizes.size)
    for place in range(1, int(sizes.max(initial=0))):
        longer = longer[sizes[longer] > place]
        byte = (payload[starts[longer] + place] & 0x7F).astype(np.uint64)
        values[longer] |= byte << np.uint64(7 * place)
    return values.view(np.int64), counts


def _byte_strings(
    content: Content, begins: Array, stops: Array
) -> tuple[Array, Array] | None:
    """Read lists of strings, the first of every list, then the second."""
    counts = np.zeros(begins.shape, np.int64)
    rows, firsts, lasts = [], [], []
    row = np.flatnonzero(begins < stops)
    at = begins[row]
    for _ in range(_MOST_ROUNDS):
        if not row.size:
            break
        if np.any(content.bytes[at] != _LIST_TAG):
            return None
        lengths, at = read_lengths(content, at + 1)
        last = at + lengths
        if np.any(lengths < 0) or np.any(last > stops[row]):
            return None
        rows.append(row)
        firsts.append(at)
        lasts.append(last)
        counts[row] += 1
        goes_on = last < stops[row]
        row, at = row[goes_on], last[goes_on]
    else:
        return None
    if not rows:
        return np.zeros(0, object), counts
    order = np.argsort(np.concatenate(rows), kind="stable")
    begins, stops = np.concatenate(firsts)[order], np.concatenate(lasts)[order]
    return _pieces(content, begins, stops), counts


def _pieces(content: Content, begins: Array, stops: Array) -> Array:
    """Return the bytes between places, those of one length together."""
    values = np.empty(begins.size, object)
    lengths = stops - begins
    found = np.bincount(np.minimum(lengths, _LONG))
    for length in np.flatnonzero(found[:_LONG]).tolist():
        chosen = (lengths == length).nonzero()[0]
        if length:
            # Elements of a type without a meaning become `bytes`.
            values[chosen] = content.numbers(f"V{length}")[begins[chosen]].tolist()
        else:
            values[chosen] = b""
    long = (lengths >= _LONG).nonzero()[0]
    pairs = zip(begins[long].tolist(), stops[long].tolist(), strict=True)
    text = content.text
    values[long] = [text[begin:stop] for begin, stop in pairs]
    return values
