"""One feature of many training examples, read at once from its bytes.

What is written the usual way is read with NumPy, for all examples together; a column
with anything else in it is read feature by feature, as protobuf reads it.

Source: tensorflow core/util/example_proto_fast_parsing.cc.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from metagraft.graph.dtypes import DType, float32, int64, string
from metagraft.kernels.kernel import Array

__all__ = ["KINDS", "Column", "DamagedFeature", "read_column", "read_columns"]

# The field of a `Feature` that holds values of each type.
KINDS = {"string": "bytes_list", "float32": "float_list", "int64": "int64_list"}
_TAGS = {"string": 0x0A, "float32": 0x12, "int64": 0x1A}
_TYPES = {0x0A: string, 0x12: float32, 0x1A: int64}
_LIST_TAG = 0x0A
# Fewer are read one by one: NumPy would only cost time.
_LEAST_AT_ONCE = 16
_MOST_ROUNDS = 64
_LONGEST_VARINT = 10


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


def read_columns(
    features: Sequence[bytes], count: int, dtype: DType
) -> list[Column] | None:
    """Read columns of one type at once, if all is written the usual way.

    Args:
        features: Those of the first column for every example, then of the second.
        count: How many columns there are.
        dtype: The type of all of them.
    """
    if len(features) < _LEAST_AT_ONCE or not count:
        return None
    whole = _read_at_once(features, dtype)
    if whole is None:
        return None
    counts = whole.counts.reshape(count, -1)
    present = whole.present.reshape(count, -1)
    ends = np.cumsum(counts.sum(axis=1))
    return [
        Column(whole.values[end - counts[i].sum() : end], counts[i], present[i])
        for i, end in enumerate(ends)
    ]


def read_column(texts: Sequence[bytes], dtype: DType) -> Column:
    """Read the values of one feature from the bytes of `Feature` messages.

    Args:
        texts: One for each example; empty where there is none.
        dtype: `float32`, `int64` or `string`.

    Raises:
        DamagedFeature: One has another type, or is no message.
    """
    if len(texts) >= _LEAST_AT_ONCE:
        column = _read_at_once(texts, dtype)
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


def _read_at_once(texts: Sequence[bytes], dtype: DType) -> Column | None:
    """Read a column that is written the usual way; None if it is not."""
    joined = b"".join(texts)
    sizes = np.fromiter(map(len, texts), np.int64, len(texts))
    ends = np.cumsum(sizes)
    starts = ends - sizes
    # Zeros at the end, so that no number runs out of the bytes.
    content = np.frombuffer(joined + bytes(_LONGEST_VARINT + 2), np.uint8)
    present = sizes > 0
    begins, stops = starts[present], ends[present]
    if np.any(content[begins] != _TAGS[dtype.name]):
        return None
    lengths, begins = _varints(content, begins + 1)
    if np.any(begins + lengths != stops):
        return None
    if dtype == string:
        found = _byte_strings(joined, content, begins, stops)
    else:
        found = _packed_numbers(content, begins, stops, dtype)
    if found is None:
        return None
    values, counts_of_present = found
    counts = np.zeros(len(texts), np.int64)
    counts[present] = counts_of_present
    return Column(values, counts, present)


def _varints(content: Array, at: Array) -> tuple[Array, Array]:
    """Read a number of at most four bytes at every place; return what follows, too."""
    first = content[at]
    if not np.any(first & 0x80):
        return first.astype(np.int64), at + 1
    value = np.zeros(at.shape, np.int64)
    goes_on = np.ones(at.shape, bool)
    for shift in range(0, 28, 7):
        byte = content[at].astype(np.int64)
        value |= np.where(goes_on, (byte & 0x7F) << shift, 0)
        at = at + goes_on
        goes_on &= byte >= 0x80
        if not goes_on.any():
            return value, at
    value[goes_on] = -1  # longer than anything a feature holds: no place fits it
    return value, at


def _packed_numbers(
    content: Array, begins: Array, stops: Array, dtype: DType
) -> tuple[Array, Array] | None:
    counts = np.zeros(begins.shape, np.int64)
    filled = begins < stops
    begins, stops = begins[filled], stops[filled]
    if np.any(content[begins] != _LIST_TAG):
        return None
    lengths, begins = _varints(content, begins + 1)
    if np.any(begins + lengths != stops):
        return None
    payload = _between(content, begins, stops)
    read: Callable[[Array, Array], tuple[Array, Array] | None]
    read = _floats if dtype == float32 else _integers
    found = read(payload, lengths)
    if found is None:
        return None
    counts[filled] = found[1]
    return found[0], counts


def _between(content: Array, begins: Array, stops: Array) -> Array:
    """Return the bytes of ranges that do not touch, one after the other."""
    edges = np.zeros(content.size + 1, np.int8)
    filled = begins < stops
    edges[begins[filled]] = 1
    edges[stops[filled]] = -1
    return content[np.cumsum(edges[:-1], dtype=np.int8).view(bool)]


def _floats(payload: Array, lengths: Array) -> tuple[Array, Array] | None:
    if np.any(lengths % 4):
        return None
    return payload.view("<f4").astype(np.float32, copy=False), lengths // 4


def _integers(payload: Array, lengths: Array) -> tuple[Array, Array] | None:
    """Read numbers of seven bits a byte, the lowest first."""
    is_last = payload < 0x80
    ends = np.flatnonzero(is_last) + 1
    range_ends = np.cumsum(lengths)
    before = np.concatenate(([0], np.cumsum(is_last)))
    counts = before[range_ends] - before[range_ends - lengths]
    filled = lengths > 0
    if not is_last[range_ends[filled] - 1].all():
        return None
    starts = np.concatenate(([0], ends[:-1]))[: ends.size]
    sizes = ends - starts
    longest = int(sizes.max(initial=0))
    if longest > _LONGEST_VARINT:
        return None
    values = np.zeros(ends.size, np.uint64)
    for place in range(longest):
        reaches = sizes > place
        byte = payload[np.where(reaches, starts + place, 0)].astype(np.uint64)
        part = (byte & np.uint64(0x7F)) << np.uint64(7 * place)
        values |= np.where(reaches, part, np.uint64(0))
    return values.view(np.int64), counts


def _byte_strings(
    joined: bytes, content: Array, begins: Array, stops: Array
) -> tuple[Array, Array] | None:
    """Read lists of strings, the first of every list, then the second."""
    counts = np.zeros(begins.shape, np.int64)
    rows, firsts, lasts = [], [], []
    row = np.flatnonzero(begins < stops)
    at = begins[row]
    for _ in range(_MOST_ROUNDS):
        if not row.size:
            break
        if np.any(content[at] != _LIST_TAG):
            return None
        lengths, at = _varints(content, at + 1)
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
    pairs = zip(
        np.concatenate(firsts)[order].tolist(),
        np.concatenate(lasts)[order].tolist(),
        strict=True,
    )
    values = np.empty(int(counts.sum()), object)
    values[:] = [joined[first:last] for first, last in pairs]
    return values, counts
