"""Sparse tensors as text or variants, one value for each part; twin of `ops/`.

Source: tensorflow core/kernels/serialize_sparse_op.cc,
deserialize_sparse_string_op.cc, deserialize_sparse_variant_op.cc.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from google.protobuf.message import DecodeError

from metagraft.errors import DataLossError
from metagraft.formats.varint import decode_varint, encode_varint
from metagraft.graph import dtypes
from metagraft.graph.shapes import dims_from_proto, dims_to_proto
from metagraft.graph.tensor_values import make_ndarray
from metagraft.kernels.kernel import Array, Kernel
from metagraft.kernels.sparse_indices import broken_rule, check_valid, shown_dims
from metagraft.proto import TensorProto

__all__ = ["KERNELS"]


def _packed(attrs: Any, part: Array) -> Any:
    """Return a part as one value of an array of objects."""
    if attrs["out_type"] is dtypes.variant:
        return part
    message = TensorProto(
        dtype=dtypes.as_dtype(part.dtype).as_datatype_enum,
        tensor_shape=dims_to_proto(part.shape),
    )
    if part.dtype == np.dtype(object):
        message.tensor_content = _joined_texts(part)
    else:
        message.tensor_content = part.tobytes()
    return message.SerializeToString(deterministic=True)


def _joined_texts(part: Array) -> bytes:
    """Return strings as bytes: all lengths, then all texts.

    Source: tensorflow core/platform/tstring_coding.cc EncodeStringList.
    """
    texts = [bytes(text) for text in part.reshape(-1)]
    return b"".join([*(encode_varint(len(text)) for text in texts), *texts])


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


def _check(indices: Array, values: Array, shape: Array) -> None:
    for part, what, rank in (
        (indices, "indices", 2),
        (values, "values", 1),
        (shape, "shape", 1),
    ):
        if part.ndim != rank:
            kind = "matrix" if rank == 2 else "vector"
            raise broken_rule(
                f"Input {what} should be a {kind} but received shape"
                f" {shown_dims(part.shape)}"
            )


def serialize_sparse(
    attrs: Any, indices: Array, values: Array, shape: Array
) -> tuple[Array]:
    _check(indices, values, shape)
    result = np.empty(3, object)
    for place, part in enumerate((indices, values, shape)):
        result[place] = _packed(attrs, np.array(part))
    return (result,)


def serialize_many_sparse(
    attrs: Any, indices: Array, values: Array, shape: Array
) -> tuple[Array]:
    _check(indices, values, shape)
    if shape.shape[0] < 2:
        raise broken_rule(
            f"Rank of input SparseTensor should be > 1, but saw rank: {shape.shape[0]}"
        )
    rows = indices[:, 0]
    count = int(shape[0])
    check_valid(indices, shape)
    order = np.argsort(rows, kind="stable")
    ends = np.cumsum(np.bincount(rows, minlength=count))
    result = np.empty((count, 3), object)
    for row, chosen in enumerate(np.split(order, ends)[:count]):
        parts = indices[chosen, 1:], values[chosen], np.array(shape[1:])
        for place, part in enumerate(parts):
            result[row, place] = _packed(attrs, part)
    return (result,)


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
    tensors = [_unpacked(row, number, dtype) for number, row in enumerate(rows)]
    rank = len(tensors[0][2])
    for number, (_, _, shape) in enumerate(tensors):
        if len(shape) != rank:
            raise broken_rule(
                f"Inconsistent shape across SparseTensors: rank prior to"
                f" SparseTensor[{number}] was: {rank} but rank of"
                f" SparseTensor[{number}] is: {len(shape)}"
            )
    counts = [len(values) for _, values, _ in tensors]
    prefix = np.repeat(np.arange(len(tensors)), counts)
    columns = np.unravel_index(prefix, outer) if outer else ()
    inner = np.concatenate([indices for indices, _, _ in tensors])
    indices = np.concatenate([*(column[:, None] for column in columns), inner], axis=1)
    values = np.concatenate([values for _, values, _ in tensors])
    sizes = np.max([shape for _, _, shape in tensors], axis=0)
    shape = np.concatenate([np.array(outer, np.int64), sizes.astype(np.int64)])
    return indices.astype(np.int64), values.astype(dtype.numpy_dtype), shape


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
