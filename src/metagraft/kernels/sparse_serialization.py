"""Sparse tensors as text or variants, one value for each part; twin of `ops/`.

Source: tensorflow core/kernels/serialize_sparse_op.cc,
deserialize_sparse_string_op.cc, deserialize_sparse_variant_op.cc.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache, lru_cache, partial
from itertools import pairwise
from typing import Any

import numpy as np
from google.protobuf.message import DecodeError

from metagraft.errors import DataLossError
from metagraft.formats.varint import decode_varint, encode_varint
from metagraft.graph import dtypes
from metagraft.graph.dtypes import DType
from metagraft.graph.shapes import Dims, dims_from_proto, dims_to_proto
from metagraft.graph.tensor_values import make_ndarray
from metagraft.kernels.element_counts import check_product, check_sizes
from metagraft.kernels.kernel import Array, Kernel
from metagraft.kernels.sparse_indices import (
    broken_rule,
    check_ranks,
    check_valid,
    shown_dims,
)
from metagraft.proto import TensorProto

__all__ = ["KERNELS"]

_CONTENT_TAG = b"\x22"
_ONE_BYTE = 0x7F  # the largest length that takes one byte
# How many elements each sparse tensor has, their indices and values, and all shapes.
_Tensors = tuple[Sequence[int], Array, Array, Array]


def _header(dtype: DType, dims: Dims, size: int) -> bytes:
    """Return what stands before the content of a tensor, which has `size` bytes."""
    message = TensorProto(
        dtype=dtype.as_datatype_enum, tensor_shape=dims_to_proto(dims)
    )
    header = message.SerializeToString(deterministic=True)
    return header + _CONTENT_TAG + encode_varint(size) if size else header


def _packed(attrs: Any, part: Array) -> Any:
    """Return a part as one value of an array of objects."""
    return _packed_rows(attrs, part, [len(part)])[0]


def _packed_rows(attrs: Any, part: Array, ends: Sequence[int]) -> list[Any]:
    """Cut a part along its first axis and pack the pieces.

    Args:
        attrs: Tell whether pieces become bytes or are kept.
        part: What is cut.
        ends: Where each piece ends.
    """
    places = list(pairwise((0, *ends)))
    if attrs["out_type"] is dtypes.variant:
        return [part[start:end] for start, end in places]
    if part.dtype == np.dtype(object):
        texts = part.tolist()
        contents = [_joined_texts(texts[start:end]) for start, end in places]
    else:
        size = part.dtype.itemsize * math.prod(part.shape[1:])
        whole = part.tobytes()
        contents = [whole[start * size : end * size] for start, end in places]
    header = cache(partial(_header, dtypes.as_dtype(part.dtype)))
    return [
        header((end - start, *part.shape[1:]), len(content)) + content
        for (start, end), content in zip(places, contents, strict=True)
    ]


def _joined_texts(texts: Sequence[bytes]) -> bytes:
    """Return strings as bytes: all lengths, then all texts.

    Source: tensorflow core/platform/tstring_coding.cc EncodeStringList.
    """
    return b"".join([*map(encode_varint, map(len, texts)), *texts])


def _divided_texts(content: bytes, shape: Any) -> Array:
    """Return the strings that `_joined_texts` packed.

    Raises:
        ValueError: There are not as many bytes as the lengths say.
    """
    dims = [size or 0 for size in dims_from_proto(shape) or ()]
    texts = np.empty(math.prod(dims), object)
    place, ends = 0, []
    for _ in texts:
        length, place = decode_varint(content, place)
        ends.append(length)
    for number, length in enumerate(ends):
        texts[number] = content[place : place + length]
        place += length
    if place != len(content):
        raise ValueError("the lengths of strings do not fit their bytes")
    return texts.reshape(dims)


def serialize_sparse(
    attrs: Any, indices: Array, values: Array, shape: Array
) -> tuple[Array]:
    check_ranks(indices, values, shape)
    result = np.empty(3, object)
    for place, part in enumerate((indices, values, shape)):
        result[place] = _packed(attrs, np.array(part))
    return (result,)


def serialize_many_sparse(
    attrs: Any, indices: Array, values: Array, shape: Array
) -> tuple[Array]:
    check_ranks(indices, values, shape)
    if shape.shape[0] < 2:
        raise broken_rule(
            f"Rank of input SparseTensor should be > 1, but saw rank: {shape.shape[0]}"
        )
    check_sizes(shape.tolist())
    check_product(shape.tolist())
    if len(indices) != len(values):
        raise broken_rule(
            "indices and values rows (indexing dimension) must match. (indices = "
            f"{len(indices)}, values = {len(values)})"
        )
    if indices.shape[1] != len(shape):
        raise broken_rule("Order length must be SparseTensor rank.")
    rows = indices[:, 0]
    count = int(shape[0])
    check_valid(indices, shape)
    order = np.argsort(rows, kind="stable")
    ends = np.cumsum(np.bincount(rows, minlength=count))[:count].tolist()
    result = np.empty((count, 3), object)
    parts = np.ascontiguousarray(indices[order, 1:]), values[order]
    for place, part in enumerate(parts):
        _fill(result[:, place], _packed_rows(attrs, part, ends))
    _fill(result[:, 2], [_packed(attrs, np.array(shape[1:]))] * count)
    return (result,)


def _fill(column: Array, items: Sequence[Any]) -> None:
    """Set elements, which may be arrays themselves."""
    for place, item in enumerate(items):
        column[place] = item


def _part(packed: Any) -> Array:
    """Return a part that was packed.

    Raises:
        InvalidArgumentError: It is no part.
    """
    if not isinstance(packed, bytes):
        return np.asarray(packed)
    message = TensorProto()
    try:
        message.ParseFromString(packed)
        is_text = message.dtype == dtypes.string.as_datatype_enum
        if is_text and message.tensor_content:
            return _divided_texts(message.tensor_content, message.tensor_shape)
        return make_ndarray(message)
    except (DecodeError, DataLossError, TypeError, ValueError):
        raise broken_rule("Could not parse serialized proto") from None


def _unpacked(row: Any, number: int, dtype: Any) -> tuple[Array, Array, Array]:
    indices, values, shape = (_part(item) for item in row)
    for place, (part, what, rank) in enumerate(
        ((indices, "an index", 2), (values, "a values", 1), (shape, "a shape", 1))
    ):
        if part.ndim != rank:
            kind = "matrix" if rank == 2 else "vector"
            raise broken_rule(
                f"Expected serialized_sparse[{number}, {place}] to represent {what}"
                f" {kind} but received shape {shown_dims(part.shape)}"
            )
    if values.dtype != dtype.numpy_dtype:
        raise broken_rule(
            f"Requested SparseTensor of type {dtype.name} but"
            f" SparseTensor[{number}].values.dtype() =="
            f" {dtypes.as_dtype(values.dtype).name}"
        )
    for place, part in ((0, indices), (2, shape)):
        if part.dtype != np.int64:
            raise broken_rule(
                f"Expected serialized_sparse[{number}, {place}] to be of DT_INT64 but"
                f" received dtype {dtypes.as_dtype(part.dtype).name}"
            )
    name = f"SparseTensor[{number}]"
    if indices.shape[0] != values.shape[0]:
        raise broken_rule(
            f"Expected row counts of {name}.indices and {name}.values to match but they"
            f" do not: {indices.shape[0]} vs. {values.shape[0]}"
        )
    if indices.shape[1] != shape.shape[0]:
        raise broken_rule(
            f"Expected column counts of {name}.indices to match size of {name}.shape"
            f" but they do not: {indices.shape[1]} vs. {shape.shape[0]}"
        )
    return indices, values, shape


def _together(
    serialized: Array, outer: Sequence[int], dtype: Any
) -> tuple[Array, Array, Array]:
    """Return sparse tensors as one, with `outer` axes before theirs."""
    rows = serialized.reshape(-1, 3)
    counts, inner, values, shapes = _alike(rows, dtype) or _one_by_one(rows, dtype)
    prefix = np.repeat(np.arange(len(rows)), counts)
    columns = np.unravel_index(prefix, outer) if outer else ()
    indices = np.concatenate([*(column[:, None] for column in columns), inner], axis=1)
    sizes = np.max(shapes, axis=0)
    shape = np.concatenate([np.array(outer, np.int64), sizes.astype(np.int64)])
    return indices.astype(np.int64), values.astype(dtype.numpy_dtype), shape


def _one_by_one(rows: Array, dtype: DType) -> _Tensors:
    tensors = [_unpacked(row, number, dtype) for number, row in enumerate(rows)]
    rank = len(tensors[0][2])
    for number, (_, _, shape) in enumerate(tensors):
        if len(shape) != rank:
            raise broken_rule(
                f"Inconsistent shape across SparseTensors: rank prior to"
                f" SparseTensor[{number}] was: {rank} but rank of"
                f" SparseTensor[{number}] is: {len(shape)}"
            )
    indices, values, shapes = zip(*tensors, strict=True)
    counts = [len(each) for each in values]
    return counts, np.concatenate(indices), np.concatenate(values), np.stack(shapes)


def _alike(rows: Array, dtype: DType) -> _Tensors | None:
    """Read tensors at once; None if they are not packed as they are here."""
    rank = len(_unpacked(rows[0], 0, dtype)[2])
    parts = rows.T.tolist()
    if isinstance(rows[0, 0], bytes):
        return _alike_packed(parts, rank, dtype)
    kinds = np.dtype(np.int64), dtype.numpy_dtype, np.dtype(np.int64)
    inner: tuple[tuple[int, ...], ...] = (rank,), (), ()
    for part, kind, dims in zip(parts, kinds, inner, strict=True):
        found = {(each.dtype, each.shape[1:]) for each in part}
        if found != {(kind, dims)}:
            return None
    counts = list(map(len, parts[0]))
    if counts != list(map(len, parts[1])) or {*map(len, parts[2])} != {rank}:
        return None
    return (
        counts,
        np.concatenate(parts[0]),
        np.concatenate(parts[1]),
        np.array(parts[2]),
    )


def _alike_packed(
    parts: Sequence[Sequence[bytes]], rank: int, dtype: DType
) -> _Tensors | None:
    indices = _numbers(parts[0], dtypes.int64, (rank,))
    shapes = _numbers(parts[2], dtypes.int64, ())
    if indices is None or shapes is None or {*shapes[0]} != {rank}:
        return None
    counts = indices[0]
    if dtype is dtypes.string:
        values = _texts(parts[1], counts)
    else:
        found = _numbers(parts[1], dtype, ())
        values = found[1] if found is not None and found[0] == counts else None
    if values is None:
        return None
    return counts, indices[1], values, shapes[1].reshape(-1, rank)


def _numbers(
    texts: Sequence[bytes], dtype: DType, inner: tuple[int, ...]
) -> tuple[list[int], Array] | None:
    """Return how many rows each packed array has, and all of these."""
    kind = dtype.numpy_dtype
    size = kind.itemsize * math.prod(inner)
    if not size:
        return None
    headers = {
        length: _header_of(dtype, inner, size, length) for length in {*map(len, texts)}
    }
    counts, contents = [], []
    for text in texts:
        count, header = headers[len(text)]
        if not text.startswith(header):
            return None
        counts.append(count)
        contents.append(text[len(header) :])
    whole = np.frombuffer(b"".join(contents), kind)
    return counts, whole.reshape(-1, *inner)


@lru_cache(maxsize=4096)
def _header_of(
    dtype: DType, inner: tuple[int, ...], size: int, length: int
) -> tuple[int, bytes]:
    """Return how many rows of a size so many bytes hold, and their header."""
    found = 0, b"\0"  # which nothing begins with
    # A header has a few dozens of bytes.
    for count in range(max(length - 99, 0) // size, length // size + 1):
        header = _header(dtype, (count, *inner), count * size)
        if len(header) + count * size == length:
            found = count, header
    return found


def _texts(packed: Sequence[bytes], counts: Sequence[int]) -> Array | None:
    """Return packed strings that are all short."""
    header = cache(partial(_header, dtypes.string))
    lengths, contents = [], []
    for text, count in zip(packed, counts, strict=True):
        # What stands before the content depends on its size; that is the rest.
        short = header((count,), 0)
        size = len(text) - len(short) - 2 if count else 0
        size -= size > _ONE_BYTE
        before = header((count,), size) if size >= 0 else text + b"0"
        own = text[len(before) : len(before) + count]
        if (
            not text.startswith(before)
            or len(before) + size != len(text)
            or sum(own) + count != size
            or max(own, default=0) > _ONE_BYTE
        ):
            return None
        lengths.append(own)
        contents.append(text[len(before) + count :])
    ends = np.frombuffer(b"".join(lengths), np.uint8).cumsum(dtype=np.int64).tolist()
    whole = b"".join(contents)
    values = np.empty(len(ends), object)
    values[:] = [whole[start:end] for start, end in pairwise((0, *ends))]
    return values


def deserialize(attrs: Any, serialized: Array) -> tuple[Array, Array, Array]:
    """Do what both ops do: TensorFlow's kernel is one."""
    if not serialized.ndim:
        raise broken_rule("Serialized sparse should have non-zero rank but received []")
    if serialized.shape[-1] != 3:
        raise broken_rule(
            "Serialized sparse should have 3 as the last dimension"
            f" {shown_dims(serialized.shape)}"
        )
    if not serialized.size:
        raise broken_rule(
            "Serialized sparse should have at least 1 serialized tensor, but has a zero"
            f" dimension {shown_dims(serialized.shape)}"
        )
    return _together(serialized, serialized.shape[:-1], attrs["dtype"])


KERNELS = {
    "DeserializeManySparse": Kernel(deserialize, host=True),
    "DeserializeSparse": Kernel(deserialize, host=True),
    "SerializeManySparse": Kernel(serialize_many_sparse, host=True),
    "SerializeSparse": Kernel(serialize_sparse, host=True),
}
