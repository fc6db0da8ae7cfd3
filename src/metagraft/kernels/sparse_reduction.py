"""Sums, maxima and softmax of sparse tensors; twin of `ops/sparse_reduction.py`.

Source: tensorflow core/kernels/sparse_reduce_op.cc, sparse_softmax_op.cc.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from metagraft.errors import InternalError
from metagraft.kernels.element_counts import check_product, check_sizes
from metagraft.kernels.kernel import Array, Kernel
from metagraft.kernels.namespace import is_host, namespace
from metagraft.kernels.narrow_reduction import MANY_STEPS, NARROW_FLOATS, reduced
from metagraft.kernels.segment import combine_rows
from metagraft.kernels.sparse_indices import (
    broken_rule,
    check_parts,
    group_starts,
    groups,
    row_major_places,
    row_order,
    shown_dims,
)

__all__ = ["KERNELS"]


def _kept_axes(shape: Array, axes: Array) -> list[int]:
    """The axes over which nothing is reduced.

    Raises:
        InvalidArgumentError: One of `axes` does not exist.
    """
    if np.ndim(shape) != 1:
        raise broken_rule(
            f"Expected input_shape to be a vector; got shape: {shown_dims(shape.shape)}"
        )
    if np.ndim(axes) > 1:
        raise broken_rule(
            "Expected reduction_axes to be a scalar or a vector; got shape:"
            f" {shown_dims(np.shape(axes))}"
        )
    rank = shape.shape[0]
    reduced = set()
    for axis in np.reshape(axes, -1):
        if not -rank <= axis < rank:
            raise broken_rule(
                f"Invalid reduction dimension {axis}, for input with {rank} dimensions."
            )
        reduced.add(int(axis) % rank)
    return [axis for axis in range(rank) if axis not in reduced]


def _check(indices: Array, values: Array, shape: Array) -> None:
    if indices.shape[0] != values.shape[0]:
        raise broken_rule(
            "indices and values rows (indexing dimension) must match. (indices ="
            f" {indices.shape[0]}, values = {values.shape[0]})"
        )
    check_parts(indices, values, shape)
    if is_host(shape):
        check_product([int(size) for size in shape])


def _reduced_dims(attrs: Any, shape: Array, kept: list[int]) -> tuple[int, ...]:
    if attrs["keep_dims"]:
        axes = enumerate(shape)
        return tuple(int(size) if axis in kept else 1 for axis, size in axes)
    return tuple(int(shape[axis]) for axis in kept)


def _combined(how: str, values: Array, ids: Array, count: int) -> Array:
    """Combine values of one id; where there are none, the result is 0."""
    if how == "sum":
        is_narrow = values.dtype in NARROW_FLOATS and 0 < values.size <= MANY_STEPS
        if is_narrow and is_host(values) and is_host(ids):
            return _summed_in_vectors(values, ids, count)
        return combine_rows("sum", values, ids, count)
    xp = namespace(values, ids)
    # TF: a value that is no number counts as less than any other.
    numbers = values if values.dtype.kind != "f" else _without_nan(xp, values)
    largest = combine_rows("max", numbers, ids, count)
    found = combine_rows("sum", xp.ones(values.shape, np.int32), ids, count)
    return xp.where(found > 0, largest, values.dtype.type(0))


def _summed_in_vectors(values: np.ndarray, ids: np.ndarray, count: int) -> np.ndarray:
    """Add up narrow numbers of one id as TensorFlow does, rounded at every step."""
    result = np.zeros(count, values.dtype)
    order = np.argsort(ids, kind="stable")
    starts = np.flatnonzero(group_starts(ids[order, None]))
    counts = np.diff(starts, append=len(ids))
    for length in np.unique(counts):
        own = order[starts[counts == length, None] + np.arange(length)]
        result[ids[own[:, 0]]] = reduced(np.add, values[own], (1,))
    return result


def _without_nan(xp: Any, values: Array) -> Array:
    return xp.where(xp.isnan(values), values.dtype.type(-np.inf), values)


def _to_dense(how: str) -> Any:
    def run(
        attrs: Any, indices: Array, values: Array, shape: Any, axes: Any
    ) -> tuple[Array]:
        if is_host(shape):
            check_sizes(shape.tolist())
        kept = _kept_axes(shape, axes)
        _check(indices, values, shape)
        dims = [int(shape[axis]) for axis in kept]
        count = math.prod(dims)
        places = row_major_places(indices[:, np.array(kept, np.int64)], dims)
        if is_host(places):
            wrong = places[(places < 0) | (places >= count)]
            if wrong.size:
                raise InternalError(
                    None,
                    None,
                    f"Obtained a write index of {wrong[0]} which is outside of bounds"
                    f" of [0, {count})",
                )
        result = _combined(how, values, places, count)
        return (result.reshape(_reduced_dims(attrs, shape, kept)),)

    return run


def _to_sparse(how: str) -> Any:
    def run(
        attrs: Any, indices: Array, values: Array, shape: Array, axes: Array
    ) -> tuple[Array, Array, Array]:
        kept = _kept_axes(shape, axes)
        _check(indices, values, shape)
        rows = indices[:, kept]
        order = row_order(rows)
        rows = rows[order]
        starts = group_starts(rows)
        found = rows[starts]
        result = _combined(how, values[order], groups(rows), len(found))
        if attrs["keep_dims"]:
            whole = np.zeros((len(found), shape.shape[0]), np.int64)
            whole[:, kept] = found
            found = whole
        dims = np.array(_reduced_dims(attrs, shape, kept), np.int64)
        return found, result, dims

    return run


def sparse_softmax(
    _attrs: Any, indices: Array, values: Array, shape: Array
) -> tuple[Array]:
    if shape.shape[0] < 2:
        sizes = " ".join(str(int(size)) for size in shape) if is_host(shape) else "?"
        raise broken_rule(f"Input should have rank >= 2, but received shape: {sizes}")
    if is_host(shape):
        check_sizes(shape.tolist())
    _check(indices, values, shape)
    xp = namespace(indices, values)
    ids = groups(indices[:, :-1])
    count = values.shape[0]
    largest = combine_rows("max", values, ids, count)
    powers = xp.exp(values - largest[ids])
    totals = combine_rows("sum", powers, ids, count)
    return (powers / totals[ids],)


_STATIC = ("input_shape", "reduction_axes")
KERNELS = {
    "SparseReduceSum": Kernel(_to_dense("sum"), static=_STATIC),
    "SparseReduceMax": Kernel(_to_dense("max"), static=_STATIC),
    "SparseReduceSumSparse": Kernel(_to_sparse("sum"), host=True),
    "SparseReduceMaxSparse": Kernel(_to_sparse("max"), host=True),
    "SparseSoftmax": Kernel(sparse_softmax),
}
