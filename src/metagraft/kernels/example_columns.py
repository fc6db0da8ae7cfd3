"""One feature of many training examples, read at once from its bytes.

What is written the usual way is read with NumPy, for all examples together; a column
with anything else in it is read feature by feature, as protobuf reads it.

Source: tensorflow core/util/example_proto_fast_parsing.cc.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

import numpy as np
from numpy import count_nonzero  # on few values faster than `any`

from metagraft.graph.dtypes import DType, float32, int64, string
from metagraft.kernels.kernel import Array

__all__ = [
    "KINDS",
    "LEAST_AT_ONCE",
    "MASKS",
    "Column",
    "Content",
    "DamagedFeature",
    "list_elements",
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
_FEW, _FEW_BYTES = 64, 4096
_MOST_ROUNDS = 64
# For as many elements at once NumPy is faster than one after the other.
_WORTH_A_ROUND = 128
_LONGEST_VARINT = 10
_WORD = 8
# What is left of eight bytes when so many count, and of the bits of those that tell
# that a number goes on.
MASKS = np.array([2 ** (8 * count) - 1 for count in range(_WORD + 1)], np.uint64)
_GOES_ON = MASKS & np.uint64(0x8080808080808080)
# Texts so long, of which few have the same length, are cut out one by one.
_LONG = 24
# Columns whose texts have one length each are copied one after the other.
_FEW_RUNS = 8


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
        text: They, with zeros at the end, so that no number runs out of them.
        bytes: The same as `uint8`.
        pairs: Each byte and the next one as a number.
    """

    text: bytes
    bytes: Array
    pairs: Array

    @classmethod
    def of(cls, texts: Sequence[bytes]) -> Content:
        """Put texts one after the other."""
        text = b"".join((*texts, bytes(_LONGEST_VARINT + 8)))
        found = np.frombuffer(text, np.uint8)
        pairs = np.ndarray(found.size - 1, "<u2", text, strides=(1,))
        return cls(text, found, pairs)

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
    last = counts.sum(axis=1).cumsum().tolist()
    return [
        Column(whole.values[start:end], counts[i], present[i])
        for i, (start, end) in enumerate(pairwise([0, *last]))
    ]


def read_column(texts: Sequence[bytes], dtype: DType) -> Column:
    """Read the values of one feature from the bytes of `Feature` messages.

    Args:
        texts: One for each example; empty where there is none.
        dtype: `float32`, `int64` or `string`.

    Raises:
        DamagedFeature: One has another type, or is no message.
    """
    is_short = len(texts) < _FEW and sum(map(len, texts)) < _FEW_BYTES
    if len(texts) >= LEAST_AT_ONCE and not is_short:
        ends = np.cumsum(np.fromiter(map(len, texts), np.int64, len(texts)))
        begins = np.concatenate(([0], ends[:-1]))
        column = _read_at_once(Content.of(texts), begins, ends, dtype)
        if column is not None:
            return column
    return _read_one_by_one(texts, dtype)


def _read_one_by_one(texts: Sequence[bytes], dtype: DType) -> Column:
    from google.protobuf.message import DecodeError

    from metagraft.proto import Feature

    field = KINDS[dtype.name]
    counts = np.zeros(len(texts), np.int64)
    present = np.zeros(len(texts), bool)
    found: list[float | bytes] = []
    for index, text in enumerate(texts):
        kind = _TYPES.get(text[0]) if text else None
        if kind is None:
            continue
        if kind != dtype:
            raise DamagedFeature(index, kind)
        try:
            feature = Feature.FromString(text)
        except DecodeError as error:
            raise DamagedFeature(index, None) from error
        read = getattr(feature, field).value
        found += read
        counts[index] = len(read)
        present[index] = True
    values = np.empty(len(found), dtype.as_numpy_dtype)
    values[...] = found
    return Column(values, counts, present)


def _read_at_once(
    content: Content, starts: Array, ends: Array, dtype: DType
) -> Column | None:
    """Read a column that is written the usual way; None if it is not."""
    present = starts < ends
    begins, stops = _chosen(present, starts, ends)
    if count_nonzero(content.bytes[begins] != _TAGS[dtype.name]):
        return None
    lengths, begins = read_lengths(content, begins + 1)
    if count_nonzero(begins + lengths != stops):
        return None
    if dtype == string:
        found = _byte_strings(content, begins, stops)
    else:
        found = _packed_numbers(content, begins, stops, dtype)
    if found is None:
        return None
    return Column(found[0], _spread(present, found[1]), present)


def _chosen(which: Array, *arrays: Array) -> tuple[Array, ...]:
    """Return those elements of arrays, which mostly are all."""
    if count_nonzero(which) == which.size:
        return arrays
    return tuple(array[which] for array in arrays)


def _spread(which: Array, counts: Array) -> Array:
    """Return counts in their places, and zeros in the others."""
    if counts.size == which.size:
        return counts
    spread = np.zeros(which.size, np.int64)
    spread[which] = counts
    return spread


@cache
def length_table() -> tuple[Array, Array]:
    """Return what each pair of bytes tells of a length, and how many bytes it has.

    What has more than two bytes is -1.
    """
    pairs = np.arange(2**16)
    first, second = pairs & 0xFF, pairs >> 8
    lengths = np.where(first < 0x80, first, first & 0x7F | second << 7)
    lengths[(first >= 0x80) & (second >= 0x80)] = -1
    return lengths, 1 + (first >> 7)


def read_lengths(content: Content, at: Array) -> tuple[Array, Array]:
    """Read a number of at most four bytes at every place; return what follows, too."""
    first = content.bytes[at]
    if not count_nonzero(first & 0x80):
        return first.astype(np.int64), at + 1
    lengths, sizes = length_table()
    pairs = content.pairs[at]
    value = lengths[pairs]
    if count_nonzero(value < 0):
        return _read_long_lengths(content, at)
    return value, at + sizes[pairs]


def _read_long_lengths(content: Content, at: Array) -> tuple[Array, Array]:
    value = np.zeros(at.shape, np.int64)
    goes_on = np.ones(at.shape, bool)
    for shift in range(0, 28, 7):
        byte = content.bytes[at].astype(np.int64)
        value |= np.where(goes_on, (byte & 0x7F) << shift, 0)
        at = at + goes_on
        goes_on &= byte >= 0x80
        if not count_nonzero(goes_on):
            return value, at
    value[goes_on] = -1  # longer than anything a feature holds: no place fits it
    return value, at


def _packed_numbers(
    content: Content, begins: Array, stops: Array, dtype: DType
) -> tuple[Array, Array] | None:
    filled = begins < stops
    begins, stops = _chosen(filled, begins, stops)
    if count_nonzero(content.bytes[begins] != _LIST_TAG):
        return None
    lengths, begins = read_lengths(content, begins + 1)
    if count_nonzero(begins + lengths != stops):
        return None
    read = _floats if dtype == float32 else _integers
    found = read(content, begins, lengths)
    if found is None:
        return None
    return found[0], _spread(filled, found[1])


def _payload(content: Content, begins: Array, lengths: Array) -> Array:
    """Return the bytes that follow places, one after the other."""
    runs = (lengths[1:] != lengths[:-1]).nonzero()[0] + 1
    if runs.size < _FEW_RUNS:
        cut = [0, *runs.tolist(), lengths.size]
        found = [_equal(content, begins[i:j], lengths[i:j]) for i, j in pairwise(cut)]
        return np.concatenate(found) if runs.size else found[0]
    total = int(lengths.sum())
    if total > _LONG * lengths.size:
        text, ends = content.text, begins + lengths
        pairs = zip(begins.tolist(), ends.tolist(), strict=True)
        return np.frombuffer(b"".join([text[i:j] for i, j in pairs]), np.uint8)
    places = np.repeat(begins - (lengths.cumsum() - lengths), lengths)
    places += np.arange(total)
    return content.bytes[places]


def _equal(content: Content, begins: Array, lengths: Array) -> Array:
    """Return the bytes that follow places, as many of each."""
    if not lengths.size or not lengths[0]:
        return content.bytes[:0]
    # Elements of a type without a meaning are copied as one.
    return content.numbers(f"V{lengths[0]}")[begins].view(np.uint8)


def _floats(
    content: Content, begins: Array, lengths: Array
) -> tuple[Array, Array] | None:
    counts = lengths >> 2
    if count_nonzero(lengths & 3):
        return None
    values = _payload(content, begins, lengths).view("<f4")
    return values.astype(np.float32, copy=False), counts


def _integers(
    content: Content, begins: Array, lengths: Array
) -> tuple[Array, Array] | None:
    """Read numbers of seven bits a byte, the lowest first."""
    single = _single_integers(content, begins, lengths)
    if single is not None:
        return single, np.ones_like(lengths)
    payload = _payload(content, begins, lengths)
    if payload.max(initial=0) < 0x80:
        return payload.astype(np.int64), lengths
    ends = (payload < 0x80).nonzero()[0] + 1
    range_ends = lengths.cumsum()
    counts = ends.searchsorted(range_ends, "right")
    last = ends[counts - 1] if ends.size else ends
    if last.size != counts.size or count_nonzero((last != range_ends) & (lengths > 0)):
        return None
    counts = np.diff(counts, prepend=0)
    starts = np.concatenate(([0], ends[:-1]))
    sizes = ends - starts
    longest = int(sizes.max(initial=0))
    if longest > _LONGEST_VARINT:
        return None
    padded = np.concatenate((payload, np.zeros(_WORD, np.uint8)))
    words = np.ndarray(payload.size, "<u8", padded.data, strides=(1,))
    values = _numbers(words[starts], sizes.clip(max=_WORD))
    for place in range(_WORD, longest):
        longer = (sizes > place).nonzero()[0]
        byte = (payload[starts[longer] + place] & 0x7F).astype(np.uint64)
        values[longer] |= byte << np.uint64(7 * place)
    return values.view(np.int64), counts


def _single_integers(content: Content, begins: Array, lengths: Array) -> Array | None:
    """Read lists of a single number of at most eight bytes; None if others are met."""
    if lengths.min(initial=1) < 1 or lengths.max(initial=1) > _WORD:
        return None
    words = content.numbers("<u8")[begins]
    if count_nonzero(words & _GOES_ON[_WORD] & MASKS[lengths] != _GOES_ON[lengths - 1]):
        return None
    return _numbers(words, lengths).view(np.int64)


def _numbers(words: Array, sizes: Array) -> Array:
    """Put together the seven bits of each of the first bytes of words."""
    found = words & MASKS[sizes] & ~_GOES_ON[_WORD]
    for width, low in ((1, 0x007F007F007F007F), (2, 0x3FFF00003FFF), (4, 0xFFFFFFF)):
        kept = found & np.uint64(low)
        found ^= kept
        found >>= np.uint64(width)
        found |= kept
    return found


def _byte_strings(
    content: Content, begins: Array, stops: Array
) -> tuple[Array, Array] | None:
    found = list_elements(content, begins, stops)
    if found is None:
        return None
    return _pieces(content, *found[:2]), found[2]


def list_elements(
    content: Content, begins: Array, stops: Array
) -> tuple[Array, Array, Array] | None:
    """Find the elements of lists of bytes; None if one is not written the usual way.

    Args:
        content: What the lists lie in.
        begins: Where they begin.
        stops: Where they end.

    Returns:
        Where each element begins and ends, those of a list together, and how many each
        list has.
    """
    counts = np.zeros(begins.shape, np.int64)
    row = (begins < stops).nonzero()[0]
    if not row.size:
        return row, row, counts
    at, end = begins[row], stops[row]
    lengths, firsts = read_lengths(content, at + 1)
    sizes = firsts + lengths - at
    numbers = (end - at) // sizes
    if count_nonzero(lengths < 0):
        return None
    if (numbers * sizes == end - at).all():
        found = _equal_elements(content, at, firsts - at, sizes, numbers)
        if found is not None:
            counts[row] = numbers
            return (*found, counts)
    if int(numbers.sum()) < _WORTH_A_ROUND * int(numbers.max()):
        walked = _walk(content, at, end)
        if walked is not None:
            counts[row] = walked[2]
            return (*walked[:2], counts)
    return _elements_by_rounds(content, begins, stops)


def _equal_elements(
    content: Content, at: Array, heads: Array, sizes: Array, numbers: Array
) -> tuple[Array, Array] | None:
    """Find elements that are all as long as the first of their list, if they are."""
    total = int(numbers.sum())
    before = numbers.cumsum() - numbers
    if total > numbers.size:
        sizes = np.repeat(sizes, numbers)
        places = (np.arange(total) - np.repeat(before, numbers)) * sizes
        places += np.repeat(at, numbers)
        heads = np.repeat(heads, numbers)
    else:
        places = at
    if count_nonzero(content.bytes[places] != _LIST_TAG):
        return None
    lengths, firsts = read_lengths(content, places + 1)
    if count_nonzero(firsts - places != heads) or count_nonzero(
        heads + lengths != sizes
    ):
        return None
    return firsts, firsts + lengths


def _walk(
    content: Content, begins: Array, stops: Array
) -> tuple[Array, Array, Array] | None:
    """Find short elements, one list after the other."""
    text, counts = content.text, []
    found: list[int] = []
    for begin, stop in zip(begins.tolist(), stops.tolist(), strict=True):
        at, before = begin, len(found)
        while at < stop:
            found.append(at)
            at += 2 + text[at + 1]
        if at != stop:
            return None
        counts.append(len(found) - before)
    places = np.array(found)
    lengths = content.bytes[places + 1]
    if count_nonzero(content.bytes[places] != _LIST_TAG) or count_nonzero(
        lengths & 0x80
    ):
        return None
    return places + 2, places + 2 + lengths, np.array(counts)


def _elements_by_rounds(
    content: Content, begins: Array, stops: Array
) -> tuple[Array, Array, Array] | None:
    """Find the first element of every list, then the second."""
    counts = np.zeros(begins.shape, np.int64)
    rows, firsts, lasts = [], [], []
    row = (begins < stops).nonzero()[0]
    at = begins[row]
    for _ in range(_MOST_ROUNDS):
        if not row.size:
            break
        if count_nonzero(content.bytes[at] != _LIST_TAG):
            return None
        lengths, at = read_lengths(content, at + 1)
        last = at + lengths
        if count_nonzero(lengths < 0) or count_nonzero(last > stops[row]):
            return None
        rows.append(row)
        firsts.append(at)
        lasts.append(last)
        counts[row] += 1
        goes_on = last < stops[row]
        row, at = row[goes_on], last[goes_on]
    else:
        return None
    order = np.concatenate(rows).argsort(kind="stable")
    return np.concatenate(firsts)[order], np.concatenate(lasts)[order], counts


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
