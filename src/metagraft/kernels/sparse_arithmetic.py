"""Sparse tensors added, multiplied and compared; twin of `ops/sparse_arithmetic.py`.

Source: tensorflow core/kernels/sparse_add_op.cc, sparse_add_grad_op.cc,
sparse_sparse_binary_op_shared.cc, sparse_dense_binary_op_shared.cc,
sparse_tensor_dense_add_op.cc, sparse_tensor_dense_matmul_op.cc.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from metagraft.kernels.kernel import Array, Kernel
from metagraft.kernels.namespace import is_host, namespace
from metagraft.kernels.sparse_indices import (
    broken_rule,
    check_bounds,
    check_parts,
    positions_in,
    row_keys,
    shown_dims,
)

__all__ = ["KERNELS"]

# From so many products on it pays to load SciPy.
_LARGE = 1 << 17


def _plain(dims: Any) -> str:
    return " ".join(str(int(size)) for size in dims)


def _check_same_shape(a_shape: Array, b_shape: Array) -> None:
    if a_shape.shape != b_shape.shape:
        raise broken_rule(
            "Operands do not have the same ranks; got shapes:"
            f" {_plain(a_shape)} and {_plain(b_shape)}"
        )
    for axis, (a, b) in enumerate(zip(a_shape, b_shape, strict=True)):
        if a != b:
            raise broken_rule(
                f"Operands' shapes do not match: got {a} and {b} for dimension {axis}"
            )


def _merged(a_indices: Array, b_indices: Array) -> tuple[Array, Array, Array]:
    """Put the elements of two sparse tensors in order.

    Returns:
        `(indices, order, pairs)`: the indices of both, one after the other; which of
        them comes first, second, ...; and where in that order an element of `a` stands
        before the one of `b` at the same place.
    """
    together = np.concatenate([a_indices, b_indices])
    count = len(a_indices)
    keys = row_keys(together)
    is_unordered = keys[1:] <= keys[:-1]
    is_unordered[count - 1 : count] = False  # between the two
    if is_unordered.any():
        return together, *_walked(keys[:count].tolist(), keys[count:].tolist())
    order = keys.argsort(kind="stable")  # takes them as two runs
    ordered = keys[order]
    return together, order, np.flatnonzero(ordered[1:] == ordered[:-1])


def _walked(a_keys: list[int], b_keys: list[int]) -> tuple[Array, Array]:
    """Order keys that do not ascend: the smaller of the next two comes first."""
    order: list[int] = []
    pairs: list[int] = []
    a, b, count = 0, 0, len(a_keys)
    while a < count and b < len(b_keys):
        takes_a, takes_b = a_keys[a] <= b_keys[b], b_keys[b] <= a_keys[a]
        if takes_a and takes_b:
            pairs.append(len(order))
        if takes_a:
            order.append(a)
        if takes_b:
            order.append(count + b)
        a, b = a + takes_a, b + takes_b
    order += [*range(a, count), *range(count + b, count + len(b_keys))]
    return np.array(order, np.int64), np.array(pairs, np.int64)


def sparse_add(
    _attrs: Any,
    a_indices: Array,
    a_values: Array,
    a_shape: Array,
    b_indices: Array,
    b_values: Array,
    b_shape: Array,
    threshold: Array,
) -> tuple[Array, Array, Array]:
    _check_add(a_indices, a_values, a_shape, b_indices, b_values, b_shape, threshold)
    indices, order, pairs = _merged(a_indices, b_indices)
    values = np.concatenate([a_values, b_values])[order]
    values[pairs] += values[pairs + 1]
    # A sum that is no number is left out; what stands alone never is.
    kept = np.ones(len(order), np.bool_)
    kept[pairs] = np.abs(values[pairs]) >= np.asarray(threshold)[()]
    kept[pairs + 1] = False
    return indices.take(order[kept], axis=0), values[kept], np.array(a_shape)


def _check_add(
    a_indices: Array,
    a_values: Array,
    a_shape: Array,
    b_indices: Array,
    b_values: Array,
    b_shape: Array,
    threshold: Array,
) -> None:
    for parts, rank, what, kind in (
        ((a_indices, b_indices), 2, "indices", "matrices"),
        ((a_values, b_values), 1, "values", "vectors"),
        ((a_shape, b_shape), 1, "shapes", "vectors"),
    ):
        if any(np.ndim(part) != rank for part in parts):
            raise broken_rule(
                f"Input {what} should be {kind} but received shapes:"
                f" {shown_dims(np.shape(parts[0]))} and"
                f" {shown_dims(np.shape(parts[1]))}"
            )
    counts = a_indices.shape[0], b_indices.shape[0]
    found = a_values.shape[0], b_values.shape[0]
    if counts != found:
        raise broken_rule(
            f"Expected {counts[0]} and {counts[1]} non-empty input values, got"
            f" {found[0]} and {found[1]}"
        )
    if np.ndim(threshold):
        raise broken_rule(
            "The magnitude threshold must be a scalar: got shape"
            f" {shown_dims(np.shape(threshold))}"
        )
    _check_same_shape(a_shape, b_shape)


def sparse_add_grad(
    _attrs: Any, gradient: Array, a_indices: Array, b_indices: Array, sum_indices: Array
) -> tuple[Array, Array]:
    if gradient.shape[0] != sum_indices.shape[0]:
        raise broken_rule(
            "# elements of backprop_val_grad and # rows of sum_indices should match"
            f" (#nnz of sum): got {gradient.shape[0]} and {sum_indices.shape[0]}"
        )
    xp = namespace(gradient, a_indices, b_indices, sum_indices)
    padded = xp.concatenate([xp.asarray(gradient), xp.zeros((1,), gradient.dtype)])
    both = xp.concatenate([a_indices, b_indices])
    places = positions_in(sum_indices, both)
    count = a_indices.shape[0]
    return padded[places[:count]], padded[places[count:]]


def _element_wise(choose: Callable[[Array, Array], Array]) -> Any:
    def run(
        _attrs: Any,
        a_indices: Array,
        a_values: Array,
        a_shape: Array,
        b_indices: Array,
        b_values: Array,
        b_shape: Array,
    ) -> tuple[Array, Array]:
        check_parts(a_indices, a_values, a_shape)
        check_parts(b_indices, b_values, b_shape)
        _check_same_shape(a_shape, b_shape)
        check_bounds(a_indices, a_shape)
        check_bounds(b_indices, b_shape)
        indices, order, pairs = _merged(a_indices, b_indices)
        values = np.concatenate([a_values, b_values])[order]
        # What stands alone stands beside 0.
        chosen = choose(values, values.dtype.type(0))
        chosen[pairs] = choose(values[pairs], values[pairs + 1])
        kept = np.ones(len(order), np.bool_)
        kept[pairs + 1] = False
        return indices.take(order[kept], axis=0), chosen[kept]

    return run


def _beside(indices: Array, values: Array, shape: Array, dense: Array) -> Array:
    """Return the element of a dense tensor beside each sparse one.

    The dense one is repeated along axes of size 1 and those that it lacks.
    """
    if np.ndim(indices) != 2:
        raise broken_rule(
            "Input sp_indices should be a matrix but received shape:"
            f" {shown_dims(np.shape(indices))}"
        )
    if values.shape[0] != indices.shape[0]:
        raise broken_rule(
            "The first dimension of values and indices should match."
            f" ({values.shape[0]} vs. {indices.shape[0]})"
        )
    rank, dense_dims = indices.shape[1], np.shape(dense)
    if is_host(shape):
        _check_broadcast([int(size) for size in shape], dense_dims)
    if (
        is_host(indices)
        and is_host(shape)
        and np.any((indices < 0) | (indices >= shape))
    ):
        raise broken_rule(
            "Provided indices are out-of-bounds w.r.t. dense side with broadcasted"
            " shape"
        )
    first = rank - len(dense_dims)
    where = tuple(
        indices[:, first + axis]
        if size != 1
        else indices[:, first + axis] * np.int64(0)
        for axis, size in enumerate(dense_dims)
    )
    xp = namespace(indices, dense)
    if not where:
        return xp.broadcast_to(dense, (indices.shape[0],))
    return xp.asarray(dense)[where]


def _check_broadcast(dims: list[int], dense_dims: tuple[int, ...]) -> None:
    tail = dims[len(dims) - len(dense_dims) :]
    fits = len(dims) >= len(dense_dims) and all(
        size in (1, wanted) for size, wanted in zip(dense_dims, tail, strict=True)
    )
    if not fits:
        raise broken_rule(
            "SparseDenseBinaryOpShared broadcasts dense to sparse only; got"
            f" incompatible shapes: {shown_dims(dims)} vs. {shown_dims(dense_dims)}"
        )


def cwise_add(
    _attrs: Any, indices: Array, values: Array, shape: Array, dense: Array
) -> tuple[Array]:
    return (values + _beside(indices, values, shape, dense),)


def cwise_mul(
    _attrs: Any, indices: Array, values: Array, shape: Array, dense: Array
) -> tuple[Array]:
    return (values * _beside(indices, values, shape, dense),)


def cwise_div(
    _attrs: Any, indices: Array, values: Array, shape: Array, dense: Array
) -> tuple[Array]:
    beside = _beside(indices, values, shape, dense)
    if values.dtype.kind not in "iu":
        return (values / beside,)
    if is_host(beside) and np.any(beside == 0):
        raise broken_rule("Integer division by zero")
    xp = namespace(values, beside)
    quotient = values // beside
    if values.dtype.kind == "u":
        return (quotient,)
    # Towards zero, as in C++.
    is_between = (quotient < 0) & (quotient * beside != values)
    return (quotient + xp.where(is_between, 1, 0).astype(values.dtype),)


def sparse_tensor_dense_add(
    _attrs: Any, indices: Array, values: Array, shape: Array, dense: Array
) -> tuple[Array]:
    _check_dense_add(indices, values, shape, dense)
    where = tuple(indices[:, axis] for axis in range(indices.shape[1]))
    if namespace(indices, values, dense) is np:
        total = np.array(dense)
        np.add.at(total, where, values)
        return (total,)
    return (namespace(indices, values, dense).asarray(dense).at[where].add(values),)


def _check_dense_add(indices: Array, values: Array, shape: Array, dense: Array) -> None:
    if np.ndim(indices) != 2:
        raise broken_rule(
            "Input a_indices should be a matrix but received shape:"
            f" {shown_dims(np.shape(indices))}"
        )
    if np.ndim(values) != 1 or np.ndim(shape) != 1:
        raise broken_rule(
            "Inputs a_values and a_shape should be vectors but received shapes:"
            f" {shown_dims(np.shape(values))} and {shown_dims(np.shape(shape))}"
        )
    for size, other in zip(indices.shape, (values.size, shape.size), strict=True):
        if size != other:
            raise broken_rule(f"Dimensions {size} and {other} are not compatible")
    if shape.shape[0] != np.ndim(dense):
        raise broken_rule(
            f"Two operands have different ranks; received: {shape.shape[0]} and"
            f" {np.ndim(dense)}"
        )
    if is_host(shape):
        _check_equal_sizes(shape, dense.shape)
    if is_host(indices):
        wrong = np.argwhere((indices < 0) | (indices >= np.array(dense.shape)))
        if len(wrong):
            row, axis = wrong[0]
            raise broken_rule(
                f"Sparse tensor has an invalid index on dimension {axis}:"
                f" a_indices({row},{axis}) = {indices[row, axis]}, dense tensor shape:"
                f" {_plain(dense.shape)}"
            )


def _check_equal_sizes(shape: Array, dense_dims: tuple[int, ...]) -> None:
    for axis, (size, other) in enumerate(zip(shape, dense_dims, strict=True)):
        if size != other:
            raise broken_rule(
                f"Dimension {axis} does not equal (no broadcasting is supported):"
                f" sparse side {size} vs dense side {other}"
            )


def sparse_tensor_dense_mat_mul(
    attrs: Any, indices: Array, values: Array, shape: Any, dense: Array
) -> tuple[Array]:
    _check_product(indices, values, shape, dense)
    rows, columns = indices[:, 0], indices[:, 1]
    sizes = [int(size) for size in shape]
    if attrs["adjoint_a"]:
        rows, columns = columns, rows
        values = _conjugate(values)
        sizes.reverse()
    if attrs["adjoint_b"]:
        dense = _conjugate(dense).T
    if dense.shape[0] != sizes[1]:
        given = dense.T.shape if attrs["adjoint_b"] else dense.shape
        raise broken_rule(
            "Cannot multiply A and B because inner dimension does not match:"
            f" {sizes[1]} vs. {dense.shape[0]}.  Did you forget a transpose? "
            f" Dimensions of A: [{int(shape[0])}, {int(shape[1])}).  Dimensions of B:"
            f" {shown_dims(given)}"
        )
    _check_range(columns, sizes[1], "k", "0" if attrs["adjoint_a"] else "1")
    _check_range(rows, sizes[0], "m", "1" if attrs["adjoint_a"] else "0")
    xp = namespace(indices, values, dense)
    dtype = values.dtype
    narrow = dtype.itemsize == 2
    wide = np.dtype(np.float32) if narrow else dtype
    if xp is np and wide.char in "fd" and len(rows) * dense.shape[1] >= _LARGE:
        given = values.astype(wide, copy=False), dense.astype(wide, copy=False)
        return (_large_product(rows, columns, *given, sizes[0]).astype(dtype),)
    parts = values.astype(wide)[:, None] * xp.asarray(dense)[columns].astype(wide)
    return (_summed_rows(parts, rows, sizes[0]).astype(dtype),)


def _large_product(
    rows: Array, columns: Array, values: Array, dense: Array, count: int
) -> Array:
    from scipy import sparse  # type: ignore[import-untyped]

    if (rows[1:] < rows[:-1]).any():
        order = rows.argsort(kind="stable")
        rows, columns, values = rows[order], columns[order], values[order]
    ends = np.append(0, np.bincount(rows, minlength=count).cumsum())
    matrix = sparse.csr_array((values, columns, ends), shape=(count, dense.shape[0]))
    product: Array = matrix @ dense
    return product


def _summed_rows(parts: Array, rows: Array, count: int) -> Array:
    """Sum the parts of each row; `[count, ...]`."""
    xp = namespace(parts, rows)
    shape = (count, *parts.shape[1:])
    if xp is not np:
        return xp.zeros(shape, parts.dtype).at[rows].add(parts)
    total = np.zeros(shape, parts.dtype)
    if len(rows):
        if np.any(rows[1:] < rows[:-1]):
            order = np.argsort(rows, kind="stable")
            rows, parts = rows[order], parts[order]
        starts = np.flatnonzero(np.append(True, rows[1:] != rows[:-1]))
        total[rows[starts]] = np.add.reduceat(parts, starts, axis=0)
    return total


def _conjugate(values: Array) -> Array:
    return namespace(values).conj(values) if values.dtype.kind == "c" else values


def _check_range(numbers: Array, limit: int, letter: str, column: str) -> None:
    if not is_host(numbers):
        return
    wrong = np.flatnonzero((numbers < 0) | (numbers >= limit))
    if wrong.size:
        place = int(wrong[0])
        raise broken_rule(
            f"{letter} ({numbers[place]}) from index[{place},{column}] out of bounds"
            f" (>={limit})"
        )


def _check_product(indices: Array, values: Array, shape: Any, dense: Array) -> None:
    for part, what, rank in (
        (dense, "b", 2),
        (shape, "a_shape", 1),
        (values, "a_values", 1),
        (indices, "a_indices", 2),
    ):
        if np.ndim(part) != rank:
            kind = "matrix" if rank == 2 else "vector"
            raise broken_rule(f"Tensor '{what}' is not a {kind}")
    if shape.shape[0] != 2:
        raise broken_rule("Tensor 'a_shape' must have 2 elements")
    if indices.shape[0] != values.shape[0]:
        raise broken_rule(
            "Number of rows of a_indices does not match number of entries in a_values"
        )
    if indices.shape[1] != shape.shape[0]:
        raise broken_rule(
            "Number of columns of a_indices does not match number of entries in a_shape"
        )


KERNELS = {
    "SparseAdd": Kernel(sparse_add, host=True),
    "SparseAddGrad": Kernel(sparse_add_grad),
    "SparseSparseMaximum": Kernel(_element_wise(np.maximum), host=True),
    "SparseSparseMinimum": Kernel(_element_wise(np.minimum), host=True),
    "SparseDenseCwiseAdd": Kernel(cwise_add),
    "SparseDenseCwiseMul": Kernel(cwise_mul),
    "SparseDenseCwiseDiv": Kernel(cwise_div),
    "SparseTensorDenseAdd": Kernel(sparse_tensor_dense_add),
    "SparseTensorDenseMatMul": Kernel(sparse_tensor_dense_mat_mul, static=("a_shape",)),
}
