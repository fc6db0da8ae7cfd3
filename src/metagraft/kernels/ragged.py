"""Ragged tensors: rows of different lengths; twin of `ops/ragged.py`.

Source: tensorflow core/kernels/ragged_tensor_to_tensor_op.cc,
ragged_tensor_to_sparse_kernel.cc, ragged_range_op.cc, ragged_gather_op.cc.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from metagraft.graph.ragged_dims import check_default, combined_dims
from metagraft.kernels.kernel import Array, Kernel
from metagraft.kernels.list_checks import told_dims
from metagraft.kernels.sparse_indices import broken_rule

__all__ = ["KERNELS"]


def _row_ids(kind: bytes, partition: Array) -> Array:
    """Return the row of each value."""
    if kind == b"ROW_SPLITS":
        return np.repeat(np.arange(len(partition) - 1), np.diff(partition))
    return partition


def _columns(rows: Array) -> Array:
    """Return the place of each value in its row, for rows in order."""
    if not len(rows):
        return rows
    starts = np.flatnonzero(np.append(True, rows[1:] != rows[:-1]))
    lengths = np.diff(np.append(starts, len(rows)))
    return np.arange(len(rows)) - np.repeat(starts, lengths)


def _width(kind: bytes, partition: Array) -> int:
    """Return the length of the longest row."""
    if kind == b"ROW_SPLITS":
        return int(np.diff(partition).max()) if len(partition) > 1 else 0
    return int(_columns(partition).max()) + 1 if len(partition) else 0


def ragged_tensor_to_tensor(
    attrs: Any,
    shape: Array,
    values: Array,
    default: Array,
    partitions: Sequence[Array],
) -> tuple[Array]:
    kinds = list(attrs["row_partition_types"])
    if not len(partitions[0].reshape(-1)):
        raise broken_rule(
            "Invalid first partition input. Tensor requires at least one element."
        )
    if kinds[0] == b"FIRST_DIM_SIZE":
        first = int(partitions[0].reshape(-1)[0])
        kinds, partitions = kinds[1:], partitions[1:]
    else:
        first = len(partitions[0]) - 1
    partitions = [partition.reshape(-1) for partition in partitions]
    check_default(default.shape, values.shape)
    inner = values.shape[1:]
    wanted = combined_dims(len(partitions), told_dims(shape), values.shape)
    dims = [-1 if size is None else size for size in wanted or ()]
    dims[0] = first if dims[0] < 0 else dims[0]
    for axis, (kind, partition) in enumerate(zip(kinds, partitions, strict=True), 1):
        dims[axis] = _width(kind, partition) if dims[axis] < 0 else dims[axis]
    outer = dims[: len(partitions) + 1]
    if not _fits_inside(default.shape, inner):
        raise broken_rule("Error broadcasting default_value")
    result = np.empty((math.prod(outer), *inner), values.dtype)
    result[...] = default
    if result.size:
        places = _places(kinds, partitions, outer, first)
        if len(places) > len(values):
            raise broken_rule("Invalid row split size.")
        # TF: values that belong to no row are left out.
        values = values[: len(places)]
        result[places[places >= 0]] = values[places >= 0]
    return (result.reshape((*outer, *inner)),)


def _fits_inside(small: tuple[int, ...], dims: tuple[int, ...]) -> bool:
    tail = dims[len(dims) - len(small) :]
    return all(a in (1, b) for a, b in zip(small, tail, strict=True))


def _places(
    kinds: Sequence[bytes], partitions: Sequence[Array], outer: list[int], first: int
) -> Array:
    """Return where each value goes in the flattened result; -1 if nowhere."""
    steps = np.cumprod([1, *outer[:0:-1]])[::-1]
    places = np.arange(first) * steps[0]
    places[outer[0] :] = -1
    for axis, (kind, partition) in enumerate(zip(kinds, partitions, strict=True), 1):
        if kind == b"ROW_SPLITS" and np.any(partition[1:] < partition[:-1]):
            raise broken_rule("Invalid row split size.")
        rows = _row_ids(kind, partition)
        if len(rows) and rows.max() >= len(places):
            raise broken_rule(
                f"Got current_value_rowid={rows.max()} which is not less than"
                f" {len(places)}"
            )
        columns = _columns(rows)
        parents = places[rows]
        is_inside = (parents >= 0) & (columns < outer[axis])
        places = np.where(is_inside, parents + columns * steps[axis], -1)
    return places


def _check_splits(nested: Sequence[Array], values: Array) -> None:
    for level, splits in enumerate(nested):
        if not len(splits):
            raise broken_rule("ragged splits may not be empty.")
        if splits[0] != 0:
            raise broken_rule("First value of ragged splits must be 0.")
        wrong = np.flatnonzero(splits[1:] < splits[:-1])
        if wrong.size:
            first, second = splits[wrong[0] : wrong[0] + 2]
            raise broken_rule(
                f"Ragged splits should be non decreasing, but we got {first} followed"
                f" by {second}"
            )
        following = nested[level + 1 :]
        count = len(following[0]) - 1 if following else len(values)
        if splits[-1] != count:
            raise broken_rule(
                "Final value of ragged splits must match the length the corresponding"
                " ragged values."
            )


def _check_gathered(nested: Sequence[Array], values: Array) -> None:
    for level, splits in enumerate(nested):
        if not len(splits):
            raise broken_rule("Splits tensors must have at least one element")
        if np.any(splits[1:] < splits[:-1]):
            raise broken_rule("Ragged splits must be sorted")
        if splits[0] < 0:
            raise broken_rule("Ragged splits must be non-negative")
        following = nested[level + 1 :]
        count = len(following[0]) - 1 if following else len(values)
        if splits[-1] > count:
            raise broken_rule("Ragged splits must not point past values")


def ragged_tensor_to_sparse(
    _attrs: Any, nested: Sequence[Array], values: Array
) -> tuple[Array, Array, Array]:
    if not nested:
        raise broken_rule("Expected at least 1 nested splits; got 0.")
    if not values.ndim:
        raise broken_rule(
            f"Expected flat_values to have rank at least 1; got {values.ndim}"
        )
    _check_splits(nested, values)
    columns: list[Array] = [np.arange(len(nested[0]) - 1)]
    sizes = [len(nested[0]) - 1]
    for splits in nested:
        rows = _row_ids(b"ROW_SPLITS", splits)
        columns = [column[rows] for column in columns]
        columns.append(_columns(rows))
        sizes.append(_width(b"ROW_SPLITS", splits))
    inner = values.shape[1:]
    count = math.prod(inner)
    columns = [np.repeat(column, count) for column in columns]
    within = np.indices(inner).reshape(len(inner), count)
    columns += [np.tile(column, len(values)) for column in within]
    return (
        np.stack(columns, axis=1).astype(np.int64),
        values.reshape(-1),
        np.array([*sizes, *inner], np.int64),
    )


def ragged_range(
    attrs: Any, starts: Array, limits: Array, deltas: Array
) -> tuple[Array, Array]:
    for part, what in ((starts, "starts"), (limits, "limits"), (deltas, "deltas")):
        if part.ndim > 1:
            raise broken_rule(f"{what} must be a scalar or vector")
    counts = {len(part) for part in (starts, limits, deltas) if part.ndim}
    if len(counts) > 1:
        raise broken_rule("starts, limits, and deltas must have the same shape")
    rows = counts.pop() if counts else 1
    dtype, kind = starts.dtype, attrs["Tsplits"].numpy_dtype
    start, limit, delta = (np.broadcast_to(p, rows) for p in (starts, limits, deltas))
    with np.errstate(all="ignore"):
        counts_of = _whole_steps if dtype.kind == "i" else _float_steps
        sizes = counts_of(start, limit, delta)
    is_empty = ((delta > 0) & (limit < start)) | ((delta < 0) & (limit > start))
    sizes = np.where(is_empty, sizes.dtype.type(0), sizes)
    _check_steps(delta, sizes, kind)
    sizes = sizes.astype(np.int64)
    splits = np.append(0, np.cumsum(sizes)).astype(kind)
    return splits, _steps(start, delta, sizes, dtype)


def _whole_steps(start: Array, limit: Array, delta: Array) -> Array:
    """Return how many steps there are; differences of the largest numbers fit."""
    wide = np.uint64
    up, down = (p.astype(np.int64).astype(wide) for p in (limit, start))
    distance = np.where(limit >= start, up - down, down - up)
    step = delta.astype(np.int64).astype(wide)
    step = np.where(delta < 0, wide(0) - step, step)
    step = np.maximum(step, wide(1))
    return distance // step + (distance % step > 0).astype(wide)


def _float_steps(start: Array, limit: Array, delta: Array) -> Array:
    return np.ceil(np.abs((limit - start) / delta))


def _check_steps(delta: Array, sizes: Array, kind: Any) -> None:
    """Demand steps that are no zeros, and as many of them as splits can count."""
    most, total = int(np.iinfo(kind).max), 0
    # Mostly all is well, which whole arrays tell faster.
    if np.all(delta != 0) and sizes.sum(dtype=np.float64) < most / 2:
        return
    for step, size in zip(delta, sizes, strict=True):
        if step == 0:
            raise broken_rule("Requires delta != 0")
        # Not a number is not below the limit, either.
        if not size <= most:
            raise broken_rule(f"Requires ((limit - start) / delta) <= {most}")
        total += int(size)
        if total > most:
            raise broken_rule(
                "The total range size overflowed. Consider using int64 instead of int32"
                " for row_splits_dtype."
            )


def _steps(start: Array, delta: Array, sizes: Array, dtype: Any) -> Array:
    """Return the values of all ranges, each step added to the one before."""
    if dtype.kind == "i":
        rows = np.repeat(np.arange(len(sizes)), sizes)
        return (start[rows] + _columns(rows) * delta[rows]).astype(dtype)
    parts = [np.zeros(0, dtype)]
    for first, step, size in zip(start, delta, sizes, strict=True):
        row = np.full(size, step, dtype)
        row[:1] = first
        parts.append(np.add.accumulate(row, dtype=dtype))
    return np.concatenate(parts)


def ragged_gather(
    attrs: Any, nested: Sequence[Array], values: Array, indices: Array
) -> tuple[Array, ...]:
    if not nested:
        raise broken_rule("No split tensors provided")
    count = len(nested[0]) - 1
    flat = indices.reshape(-1)
    wrong = np.flatnonzero((flat < 0) | (flat >= count))
    if wrong.size:
        place = np.unravel_index(int(wrong[0]), indices.shape)
        at = ",".join(str(int(i)) for i in place)
        where = f"indices[{at}]" if place else "indices"
        raise broken_rule(f"{where} = {flat[wrong[0]]} is not in [0, {count})")
    _check_gathered(nested, values)
    splits_type = attrs["Tsplits"].numpy_dtype
    outputs: list[Array] = []
    # Axes of the indices but the last become uniform ones.
    size = 1
    for axis in range(indices.ndim - 1):
        size *= indices.shape[axis]
        outputs.append(np.arange(size + 1) * indices.shape[axis + 1])
    chosen = flat
    for splits in nested:
        lengths = np.diff(splits)[chosen]
        outputs.append(np.append(0, np.cumsum(lengths)))
        rows = np.repeat(np.arange(len(chosen)), lengths)
        chosen = splits[:-1][chosen][rows] + _columns(rows)
    if not indices.ndim:
        outputs = outputs[1:]
    return (*(part.astype(splits_type) for part in outputs), values[chosen])


KERNELS = {
    "RaggedGather": Kernel(ragged_gather, host=True),
    "RaggedRange": Kernel(ragged_range, host=True),
    "RaggedTensorToSparse": Kernel(ragged_tensor_to_sparse, host=True),
    "RaggedTensorToTensor": Kernel(ragged_tensor_to_tensor, host=True),
}
