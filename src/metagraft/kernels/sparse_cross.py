"""Crosses of features, as text or hashed; twin of `ops/sparse_cross.py`.

Source: tensorflow core/kernels/sparse_cross_op.cc, core/platform/fingerprint.h,
tensorflow 1.15 contrib/layers/kernels/sparse_feature_cross_kernel.cc.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from metagraft.kernels.hash_arrays import fingerprints64, sip_hashes64
from metagraft.kernels.kernel import Array, Kernel
from metagraft.kernels.row_splits import check_row_splits
from metagraft.kernels.sparse_indices import broken_rule, shown_dims

__all__ = ["KERNELS"]

_MUL: Final = np.uint64(0xC6A4A7935BD1E995)
_LARGEST: Final = np.uint64(2**63 - 1)
_FIRST_HASH: Final = np.int64(0xDECAFCAFFE)
_GOLDEN: Final = np.uint64(0x9E3779B97F4A7800).view(np.int64)
_SEPARATOR: Final = b"_X_"


@dataclass(frozen=True, slots=True)
class _Column:
    """One feature of all rows.

    Attributes:
        values: All values, row by row.
        counts: How many each row has.
        is_dense: Whether every row has as many.
    """

    values: Array
    counts: Array
    is_dense: bool


def _joined_fingerprints(first: Array, second: Array) -> Array:
    """FingerprintCat64, element by element; `uint64[n]`."""

    def mixed(value: Array) -> Array:
        return value ^ (value >> np.uint64(47))

    with np.errstate(over="ignore"):
        result = first ^ _MUL
        result = (result ^ mixed(second * _MUL) * _MUL) * _MUL
        return mixed(mixed(result) * _MUL)


def _bucket(hashes: Array, count: int) -> Array:
    limit = np.uint64(count) if count > 0 else _LARGEST
    return (hashes % limit).astype(np.int64)


def _columns(
    indices: Sequence[Array],
    values: Sequence[Array],
    shapes: Sequence[Array],
    dense: Sequence[Array],
) -> list[_Column]:
    """Check the operands and return the features, sparse ones first."""
    _check_sparse(indices, values, shapes)
    for place, one in enumerate(dense):
        if one.ndim != 2:
            raise broken_rule(
                "Dense inputs should be a matrix but received shape"
                f" {shown_dims(one.shape)} at position {place}"
            )
    rows = _row_count(shapes, dense)
    columns = []
    for one, value in zip(indices, values, strict=True):
        inside = one[:, 0][(one[:, 0] >= 0) & (one[:, 0] < rows)]
        columns.append(_Column(value, np.bincount(inside, minlength=rows), False))
    for one in dense:
        counts = np.full(rows, one.shape[1], np.int64)
        columns.append(_Column(one.reshape(-1), counts, True))
    return columns


def _row_count(shapes: Sequence[Array], dense: Sequence[Array]) -> int:
    found = [int(shape[0]) for shape in shapes] + [one.shape[0] for one in dense]
    if not found:
        return 0
    for place, count in enumerate(found):
        if count != found[0]:
            is_sparse = place < len(shapes)
            where = (
                f"position {place}"
                if is_sparse
                else f"dense tensor {place - len(shapes)}"
            )
            raise broken_rule(f"Expected batch size {found[0]} got {count} at {where}")
    return found[0]


def _check_sparse(
    indices: Sequence[Array], values: Sequence[Array], shapes: Sequence[Array]
) -> None:
    for place, one in enumerate(indices):
        if one.ndim != 2:
            raise broken_rule(
                "Input indices should be a matrix but received shape"
                f" {shown_dims(one.shape)} at position {place}"
            )
        if one.shape[1] != 2:
            raise broken_rule(
                f"Expected D2 of index to be 2 got {one.shape[1]} at position {place}"
            )
    for place, (one, value) in enumerate(zip(indices, values, strict=True)):
        if value.ndim != 1:
            raise broken_rule(
                "Input values should be a vector but received shape"
                f" {shown_dims(value.shape)} at position {place}"
            )
        if value.shape[0] != one.shape[0]:
            raise broken_rule(
                f"Expected size of values to be {one.shape[0]} got {value.shape[0]} at"
                f" position {place}"
            )
    for place, shape in enumerate(shapes):
        if shape.ndim != 1:
            raise broken_rule(
                "Input shapes should be a vector but received shape"
                f" {shown_dims(shape.shape)} at position {place}"
            )
        if shape.shape[0] != 2:
            raise broken_rule(
                "shape should imply a 2D tensor, but got"
                f" {shown_dims(shape.shape)} at position {place}"
            )


def _crosses(columns: Sequence[_Column]) -> tuple[Array, Array, list[Array]]:
    """Return indices and shape of all crosses, and the value each takes of a column.

    In a row the last column changes fastest.
    """
    rows = len(columns[0].counts) if columns else 0
    totals = np.ones(rows, np.int64)
    for column in columns:
        totals = totals * column.counts
    row = np.repeat(np.arange(rows), totals)
    number = np.arange(len(row)) - (np.cumsum(totals) - totals)[row]
    picks: list[Array] = []
    rest = number
    for column in reversed(columns):
        counts = column.counts[row]
        starts = (np.cumsum(column.counts) - column.counts)[row]
        picks.insert(0, starts + rest % np.maximum(counts, 1))
        rest = rest // np.maximum(counts, 1)
    indices = np.stack([row, number], axis=1).astype(np.int64)
    shape = np.array([rows, totals.max() if rows else 0], np.int64)
    return indices, shape, picks


def _as_texts(values: Array) -> Array:
    if values.dtype == np.dtype(object):
        return values
    texts = np.empty(len(values), object)
    texts[:] = [str(value).encode() for value in values.tolist()]
    return texts


def _texts(columns: Sequence[_Column], picks: list[Array], separator: bytes) -> Array:
    parts = [
        _as_texts(column.values)[pick]
        for column, pick in zip(columns, picks, strict=True)
    ]
    joined = np.empty(len(picks[0]) if picks else 0, object)
    joined[:] = [separator.join(part) for part in zip(*parts, strict=True)]
    return joined


def sparse_cross(attrs: Any, *operands: Any) -> tuple[Array, Array, Array]:
    columns = _columns(*operands)
    indices, shape, picks = _crosses(columns)
    if not attrs["hashed_output"]:
        return indices, _texts(columns, picks, _SEPARATOR), shape
    hashes = _chained(columns, picks, attrs["hash_key"])
    return indices, _bucket(hashes, attrs["num_buckets"]), shape


def sparse_feature_cross(attrs: Any, *operands: Any) -> tuple[Array, Array, Array]:
    """Cross as `tf.contrib.layers` did before hashes had a key."""
    columns = _columns(*operands)
    indices, shape, picks = _crosses(columns)
    if not attrs["hashed_output"]:
        return indices, _texts(columns, picks, _SEPARATOR), shape
    hashes = np.full(len(indices), _FIRST_HASH)
    with np.errstate(over="ignore"):
        for column, pick in zip(columns, picks, strict=True):
            found = _plain_hash(column)[pick].view(np.int64)
            # The sign moves into what is shifted down.
            hashes ^= found + _GOLDEN + (hashes << 10) + (hashes >> 4)
    return indices, _bucket(hashes.view(np.uint64), attrs["num_buckets"]), shape


def _chained(columns: Sequence[_Column], picks: list[Array], key: int) -> Array:
    """Hash a key, then one value of each column after it; `uint64[n]`."""
    count = len(picks[0]) if picks else 0
    hashes = np.full(count, key & (2**64 - 1), np.uint64)
    for column, pick in zip(columns, picks, strict=True):
        hashes = _joined_fingerprints(hashes, _plain_hash(column)[pick])
    return hashes


def _plain_hash(column: _Column) -> Array:
    """Fingerprints of texts; numbers stand for themselves."""
    if column.values.dtype == np.dtype(object):
        return fingerprints64(column.values.tolist())
    return column.values.view(np.uint64)


def sparse_cross_v2(_attrs: Any, *operands: Any) -> tuple[Array, Array, Array]:
    separator = operands[4]
    if np.ndim(separator):
        raise broken_rule(
            "Input separator should be a scalar. Received:"
            f" {shown_dims(np.shape(separator))}"
        )
    columns = _columns(*operands[:4])
    indices, shape, picks = _crosses(columns)
    text = bytes(np.asarray(separator, object)[()])
    return indices, _texts(columns, picks, text), shape


def sparse_cross_hashed(_attrs: Any, *operands: Any) -> tuple[Array, Array, Array]:
    buckets, strong, salt = operands[4:]
    columns = _columns(*operands[:4])
    indices, shape, picks = _crosses(columns)
    if salt.size != 2:
        raise broken_rule(f'Input "salt" must have length 2 but has length {salt.size}')
    low, high = (int(word) & (2**64 - 1) for word in salt)

    def hashed(texts: Sequence[bytes]) -> Array:
        return sip_hashes64(texts, low, high) if strong else fingerprints64(texts)

    hashes: Array | None = None
    for column, pick in zip(columns, picks, strict=True):
        found = _keyed_hash(column, hashed, is_strong=bool(strong))[pick]
        hashes = found if hashes is None else _joined_fingerprints(hashes, found)
    if hashes is None:
        hashes = np.zeros(0, np.uint64)
    return indices, _bucket(hashes, int(buckets)), shape


def _keyed_hash(
    column: _Column, hashed: Callable[[Sequence[bytes]], Array], *, is_strong: bool
) -> Array:
    values = column.values
    if values.dtype == np.dtype(object):
        return hashed(values.tolist())
    if column.is_dense and not is_strong:
        return values.view(np.uint64)
    # TF: of a number only the lower four bytes are hashed.
    return hashed(values.astype("<u4").view("V4").tolist())


def _split_column(values: Array, splits: Array) -> _Column:
    """Return the feature that values and row splits make up."""
    if values.ndim != 1 or splits.ndim != 1:
        raise broken_rule("tf.ragged.cross only supports inputs with rank=2.")
    check_row_splits(splits, len(values))
    return _Column(values, np.diff(splits), False)


def ragged_cross(attrs: Any, *operands: Any) -> tuple[Array, Array]:
    values, splits, *parts, dense = operands
    _check_sparse(*parts)
    if any(one.ndim != 2 for one in dense):
        raise broken_rule("tf.ragged.cross only supports inputs with rank=2.")
    kinds = {
        "R": [_split_column(*one) for one in zip(values, splits, strict=True)],
        "S": [],
        "D": [
            _Column(one.reshape(-1), np.full(len(one), one.shape[1], np.int64), True)
            for one in dense
        ],
    }
    for indices, one, shape in zip(*parts, strict=True):
        rows = int(shape[0])
        inside = indices[:, 0][(indices[:, 0] >= 0) & (indices[:, 0] < rows)]
        counts = np.bincount(inside, minlength=rows)
        kinds["S"].append(_Column(one, counts, False))
    rests = {kind: iter(found) for kind, found in kinds.items()}
    columns = [next(rests[kind]) for kind in attrs["input_order"].decode()]
    if len({len(column.counts) for column in columns}) > 1:
        raise broken_rule("inputs must all have the same batch dimension size.")
    indices, _, picks = _crosses(columns)
    count = len(columns[0].counts) if columns else 0
    row_splits = np.zeros(count + 1, attrs["out_row_splits_type"].as_numpy_dtype)
    row_splits[1:] = np.cumsum(np.bincount(indices[:, 0], minlength=count))
    if not attrs["hashed_output"]:
        return _texts(columns, picks, _SEPARATOR), row_splits
    hashes = _chained(columns, picks, attrs["hash_key"])
    return _bucket(hashes, attrs["num_buckets"]), row_splits


KERNELS = {
    "RaggedCross": Kernel(ragged_cross, host=True),
    "SparseCross": Kernel(sparse_cross, host=True),
    "SparseCrossHashed": Kernel(sparse_cross_hashed, host=True),
    "SparseCrossV2": Kernel(sparse_cross_v2, host=True),
    "SparseFeatureCross": Kernel(sparse_feature_cross, host=True),
    "SparseFeatureCrossV2": Kernel(sparse_cross, host=True),
}
