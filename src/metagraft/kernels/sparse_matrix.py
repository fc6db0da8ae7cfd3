"""Sparse matrices in rows (CSR), computed by SciPy; twin of `ops/sparse_matrix.py`.

Source: tensorflow core/kernels/sparse/.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from metagraft.errors import InvalidArgumentError
from metagraft.graph.attrs import Attrs
from metagraft.graph.dtypes import as_dtype, kernel_name
from metagraft.graph.shapes import show
from metagraft.kernels.kernel import Array, Kernel
from metagraft.kernels.session_resources import behind, handle_of

_INT32_MAX: Final = 2**31 - 1


@dataclass(frozen=True, slots=True)
class SparseMatrix:
    """A matrix, or a batch of matrices of one shape.

    Attributes:
        dense_shape: `[rows, columns]` or `[batch, rows, columns]`.
        parts: A SciPy matrix for each of the batch. Elements stand as they were given,
            perhaps more than once.
    """

    dense_shape: tuple[int, ...]
    parts: tuple[Any, ...]

    @property
    def dtype(self) -> np.dtype[Any]:
        """The element type."""
        dtype: np.dtype[Any] = self.parts[0].dtype
        return dtype

    def changed(self, change: Callable[[Any], Any]) -> SparseMatrix:
        """Change every matrix of the batch."""
        parts = tuple(change(part) for part in self.parts)
        return SparseMatrix((*self.dense_shape[:-2], *parts[0].shape), parts)


def _invalid(message: str) -> InvalidArgumentError:
    return InvalidArgumentError(None, None, message)


def _found(handle: Array) -> SparseMatrix:
    found: SparseMatrix = behind(handle, SparseMatrix)
    return found


def _typed(handle: Array, dtype: Any) -> SparseMatrix:
    found = _found(handle)
    if found.dtype != dtype.numpy_dtype:
        raise _invalid(
            f"Asked for a CSRSparseMatrix of type {kernel_name(dtype)} but saw dtype: "
            f"{kernel_name(as_dtype(found.dtype))}"
        )
    return found


def is_matrix(value: Array) -> bool:
    """Whether a value is the handle of a sparse matrix."""
    if not isinstance(value, np.ndarray) or value.dtype != object or value.ndim:
        return False
    return isinstance(value[()], SparseMatrix)


def _csr(values: Array, columns: Array, starts: Array, shape: tuple[int, ...]) -> Any:
    from scipy import sparse  # type: ignore[import-untyped]

    parts = values, columns.astype(np.int32), starts.astype(np.int32)
    return sparse.csr_matrix(parts, shape=shape)


def _made(indices: Array, values: Array, dims: tuple[int, ...]) -> tuple[Array]:
    """Put elements into rows in the order in which they are given."""
    batch = dims[0] if len(dims) == 3 else 1
    rows = indices[:, -2]
    places = rows if len(dims) == 2 else indices[:, 0] * dims[-2] + rows
    counts = np.bincount(places, minlength=batch * dims[-2]).reshape(batch, dims[-2])
    ends = np.cumsum(counts.sum(axis=1))
    parts = []
    for number, end in enumerate(ends):
        starts = np.concatenate([[0], np.cumsum(counts[number])])
        chosen = slice(end - starts[-1], end)
        parts.append(_csr(values[chosen], indices[chosen, -1], starts, dims[-2:]))
    if not parts:
        raise _invalid("A batch of sparse matrices must not be empty.")
    return (handle_of(SparseMatrix(dims, tuple(parts))),)


def _wrong_row(indices: Array, dims: tuple[int, ...]) -> int | None:
    wrong = np.flatnonzero(((indices < 0) | (indices >= np.array(dims))).any(axis=1))
    return int(wrong[0]) if wrong.size else None


def _listed(row: Array) -> str:
    return "[" + ", ".join(str(int(place)) for place in row) + "]"


def from_parts(
    _attrs: Attrs, indices: Array, values: Array, dense_shape: Array
) -> tuple[Array]:
    dims = tuple(int(size) for size in dense_shape)
    if len(dims) not in (2, 3):
        raise _invalid(
            f"SparseTensor must have rank 2 or 3; but indices has rank: {len(dims)}"
        )
    wrong = _wrong_row(indices, dims)
    if wrong is not None:
        raise _invalid(
            f"Sparse index tuple indices[{wrong}, :] = {_listed(indices[wrong])} is "
            "out of bounds"
        )
    _check_int32(dims)
    return _made(indices, values, dims)


def _check_int32(dims: Sequence[int]) -> None:
    """Refuse sizes whose rows cannot be told in 32 bits.

    Raises:
        InvalidArgumentError: There are too many.
    """
    count, rows = (1, dims[0]) if len(dims) == 2 else dims[:2]
    if count >= _INT32_MAX:
        raise _invalid(
            f"dense_shape batch_size must be < Int32Max, but the input value is {count}"
        )
    if (rows + 1) * count > _INT32_MAX:
        raise _invalid(
            "The csr row index size, computed based on the dense_shape, must be <="
            f" Int32Max, but is too large. Current value is {(rows + 1) * count}"
        )


def from_dense(_attrs: Attrs, dense: Array, indices: Array) -> tuple[Array]:
    wrong = _wrong_row(indices, dense.shape)
    if wrong is not None:
        raise _invalid(
            f"indices[{wrong}] = {_listed(indices[wrong])} does not index into param "
            f"shape {show(dense.shape)}"
        )
    values = dense[tuple(indices.T)]
    return _made(indices, values, dense.shape)


def zeros(attrs: Attrs, dense_shape: Array) -> tuple[Array]:
    dims = tuple(int(size) for size in dense_shape)
    none = np.zeros((0, len(dims)), np.int64)
    return _made(none, np.zeros(0, attrs["type"].numpy_dtype), dims)


def _coordinates(part: Any) -> tuple[Array, Array]:
    rows = np.repeat(np.arange(part.shape[0]), np.diff(part.indptr))
    return rows, part.indices


def to_parts(attrs: Attrs, handle: Array) -> tuple[Array, Array, Array]:
    found = _typed(handle, attrs["type"])
    indices = []
    for number, part in enumerate(found.parts):
        rows, columns = _coordinates(part)
        ahead = [np.full_like(rows, number)] if len(found.dense_shape) == 3 else []
        indices.append(np.stack([*ahead, rows, columns], axis=1).astype(np.int64))
    values = np.concatenate([part.data for part in found.parts])
    return np.concatenate(indices), values, np.array(found.dense_shape, np.int64)


def _dense(part: Any) -> Array:
    result = np.zeros(part.shape, part.dtype)
    result[_coordinates(part)] = part.data  # of two the last one counts
    return result


def to_dense(attrs: Attrs, handle: Array) -> tuple[Array]:
    found = _typed(handle, attrs["type"])
    dense = np.stack([_dense(part) for part in found.parts])
    return (dense.reshape(found.dense_shape),)


def components(attrs: Attrs, handle: Array, index: Array) -> tuple[Array, Array, Array]:
    found, number = _typed(handle, attrs["type"]), int(index)
    if not 0 <= number < len(found.parts):
        raise _invalid(f"index ({number}) not in [0, {len(found.parts)})")
    part = found.parts[number]
    return part.indptr.astype(np.int32), part.indices.astype(np.int32), part.data


def count(_attrs: Attrs, handle: Array) -> tuple[Array]:
    found = _found(handle)
    counts = np.array([part.nnz for part in found.parts], np.int32)
    return (counts.reshape(found.dense_shape[:-2]),)


def conjugated(handle: Array) -> Array:
    """Return the matrix with conjugate elements."""
    return handle_of(_found(handle).changed(lambda part: part.conj()))


def _transposed(part: Any, *, conjugates: bool) -> Any:
    turned = part.T.tocsr()
    return turned.conj() if conjugates else turned


def transpose(attrs: Attrs, handle: Array) -> tuple[Array]:
    found = _typed(handle, attrs["type"])
    flag = attrs["conjugate"]
    return (handle_of(found.changed(lambda one: _transposed(one, conjugates=flag))),)


def _factors(attrs: Attrs, name: str, parts: Sequence[Any]) -> Sequence[Any]:
    if attrs[f"adjoint_{name}"]:
        return [part.conj().T for part in parts]
    if attrs[f"transpose_{name}"]:
        return [part.T for part in parts]
    return parts


def dense_product(attrs: Attrs, handle: Array, b: Array) -> tuple[Array]:
    found = _found(handle)
    if found.dtype != b.dtype:
        kinds = [kernel_name(as_dtype(dtype)) for dtype in (found.dtype, b.dtype)]
        raise _invalid(
            f"Input types don't match.  a.dtype == {kinds[0]} vs. b.dtype == {kinds[1]}"
        )
    if len(found.dense_shape) != b.ndim:
        raise _invalid(
            f"Ranks of a and b must match, saw: {len(found.dense_shape)} vs. {b.ndim}."
        )
    matrices = b if b.ndim == 3 else b[None]
    if len(found.parts) != len(matrices):
        raise _invalid(
            f"Batch sizes of a and b must match, saw: {len(found.parts)} vs. "
            f"{len(matrices)}."
        )
    left = _factors(attrs, "a", found.parts)
    right = _factors(attrs, "b", list(matrices))
    if left[0].shape[1] != right[0].shape[0]:
        raise _invalid(
            "Inner product dimensions of A and B do not agree. Shapes are: "
            f"{show(found.dense_shape)} vs. {show(b.shape)}"
        )
    result = np.stack([one @ other for one, other in zip(left, right, strict=True)])
    if attrs["transpose_output"]:
        result = result.swapaxes(1, 2)
    if attrs["conjugate_output"]:
        result = result.conj()
    return (np.ascontiguousarray(result if b.ndim == 3 else result[0]),)


def product(attrs: Attrs, a: Array, b: Array) -> tuple[Array]:
    first, second = (_typed(handle, attrs["type"]) for handle in (a, b))
    if len(first.dense_shape) != len(second.dense_shape):
        raise _invalid(
            "Ranks of a and b must match, saw: "
            f"{len(first.dense_shape)} vs. {len(second.dense_shape)}."
        )
    left = _transposed_parts(attrs, "a", first)
    right = _transposed_parts(attrs, "b", second)
    if left[0].shape[1] != right[0].shape[0]:
        raise _invalid(
            "Inner product dimensions of A and B do not agree.  Shapes are: "
            f"{show(first.dense_shape)} vs. {show(second.dense_shape)}"
        )
    size = max(len(left), len(right))
    if {len(left), len(right)} - {1, size}:
        raise _invalid(
            "Batch sizes of a and b must be equal or 1, saw: "
            f"{len(left)} vs. {len(right)}."
        )
    pairs = zip(_repeated(left, size), _repeated(right, size), strict=True)
    parts = tuple(_product(one, other) for one, other in pairs)
    batch = (size,) if len(first.dense_shape) == 3 else ()
    return (handle_of(SparseMatrix((*batch, *parts[0].shape), parts)),)


def _transposed_parts(attrs: Attrs, name: str, found: SparseMatrix) -> Sequence[Any]:
    adjoint = attrs[f"adjoint_{name}"]
    if not adjoint and not attrs[f"transpose_{name}"]:
        return found.parts
    return [_transposed(part, conjugates=adjoint) for part in found.parts]


def _product(a: Any, b: Any) -> Any:
    """Multiply; an element stays where products are that add up to zero."""
    found = _sorted(a @ b)
    pattern = _sorted(_ones(a) @ _ones(b))
    if found.nnz == pattern.nnz:
        return found
    width = np.int64(found.shape[1])
    rows, columns = _coordinates(pattern)
    places = rows * width + columns
    rows, columns = _coordinates(found)
    values = np.zeros(pattern.nnz, found.dtype)
    values[np.searchsorted(places, rows * width + columns)] = found.data
    return _csr(values, pattern.indices, pattern.indptr, pattern.shape)


def _ones(part: Any) -> Any:
    ones = np.ones(len(part.data), np.float32)
    return _csr(ones, part.indices, part.indptr, part.shape)


def _repeated(parts: Sequence[Any], size: int) -> Sequence[Any]:
    return [parts[0]] * size if len(parts) == 1 else parts


def _sorted(part: Any) -> Any:
    part.sort_indices()
    return part


def scale(_attrs: Attrs, handle: Array, b: Array) -> tuple[Array]:
    found = _found(handle)
    if np.ndim(b) and np.shape(b) != (len(found.parts), 1, 1):
        raise _invalid(
            f"b must be a scalar or shaped [batch_size, 1, 1], saw {show(b.shape)}"
        )
    factors = np.broadcast_to(np.reshape(b, -1), len(found.parts))
    parts = tuple(
        _csr(part.data * factor, part.indices, part.indptr, part.shape)
        for part, factor in zip(found.parts, factors, strict=True)
    )
    return (handle_of(SparseMatrix(found.dense_shape, parts)),)


def add(attrs: Attrs, a: Array, b: Array, alpha: Array, beta: Array) -> tuple[Array]:
    first, second = (_typed(handle, attrs["T"]) for handle in (a, b))
    if first.dense_shape != second.dense_shape:
        raise _invalid(
            "a's shape must be equal to b's shape: "
            f"{show(first.dense_shape)} vs. {show(second.dense_shape)}"
        )
    pairs = zip(first.parts, second.parts, strict=True)
    parts = tuple(
        _sorted((one * alpha + other * beta).astype(first.dtype))
        for one, other in pairs
    )
    return (handle_of(SparseMatrix(first.dense_shape, parts)),)


def softmax(attrs: Attrs, handle: Array) -> tuple[Array]:
    """Of the elements that are there, row by row."""

    def of_rows(part: Any) -> Any:
        rows, _ = _coordinates(part)
        largest = np.full(part.shape[0], -np.inf, part.dtype)
        np.maximum.at(largest, rows, part.data)
        powers = np.exp(part.data - largest[rows])
        sums = np.bincount(rows, powers, part.shape[0])[rows]
        values = (powers / sums).astype(part.dtype)
        return _csr(values, part.indices, part.indptr, part.shape)

    return (handle_of(_typed(handle, attrs["type"]).changed(of_rows)),)


def softmax_grad(attrs: Attrs, handle: Array, dy: Array) -> tuple[Array]:
    """`(dy - sum(dy * y)) * y`, where `y` has elements."""
    found, gradient = (_typed(one, attrs["type"]) for one in (handle, dy))
    parts = []
    for y, other in zip(found.parts, gradient.parts, strict=True):
        rows, columns = _coordinates(y)
        given = np.asarray(other[rows, columns]).reshape(-1)
        sums = np.bincount(rows, given * y.data, y.shape[0])[rows]
        values = ((given - sums) * y.data).astype(y.dtype)
        parts.append(_csr(values, y.indices, y.indptr, y.shape))
    return (handle_of(SparseMatrix(found.dense_shape, tuple(parts))),)


def order(_attrs: Attrs, handle: Array) -> tuple[Array]:
    """An order of rows with which a factorization has few elements.

    # TF: approximates the degrees (AMD); SuperLU counts them. Both orders serve.
    """
    from scipy.sparse import (  # type: ignore[import-untyped]
        identity,
        linalg,
    )

    orders = []
    for part in _found(handle).parts:
        size = part.shape[0]
        pattern = abs(part) + abs(part).T
        pattern.data[:] = 1
        # Larger on the diagonal than all beside it: there is a factorization.
        matrix = (pattern + identity(size) * (2 * size + 2)).tocsc()
        factors = linalg.splu(matrix.astype(np.float64), permc_spec="MMD_AT_PLUS_A")
        orders.append(np.argsort(factors.perm_c).astype(np.int32))
    shape = _found(handle).dense_shape[:-1]
    return (np.stack(orders).reshape(shape),)


def cholesky(attrs: Attrs, handle: Array, permutation: Array) -> tuple[Array]:
    found = _typed(handle, attrs["type"])
    size = found.dense_shape[-1]
    orders = permutation.reshape(-1, size)
    parts = []
    for number, part in enumerate(found.parts):
        chosen = orders[number]
        if not np.array_equal(np.sort(chosen), np.arange(size)):
            raise _invalid(f"permutation is not one of the {size} rows: {chosen}")
        # Only what is not above the diagonal is read.
        lower = _lower(part)
        whole = lower + _lower(part, -1).conj().T
        parts.append(_cholesky_factor(whole[chosen][:, chosen], number))
    return (handle_of(SparseMatrix(found.dense_shape, tuple(parts))),)


def _lower(part: Any, diagonal: int = 0) -> Any:
    from scipy import sparse

    return sparse.tril(part, diagonal, format="csr")


def _cholesky_factor(matrix: Any, number: int) -> Any:
    from scipy import sparse
    from scipy.sparse import linalg

    failed = _invalid(
        f"Sparse Cholesky factorization failed for batch index {number}. The input "
        "might not be valid."
    )
    try:
        factors = linalg.splu(
            matrix.tocsc(),
            permc_spec="NATURAL",
            diag_pivot_thresh=0.0,
            options={"SymmetricMode": True},
        )
    except RuntimeError as error:
        raise failed from error
    pivots = factors.U.diagonal()
    own = np.arange(matrix.shape[0])
    is_in_order = np.array_equal(factors.perm_r, own)
    if not is_in_order or not np.all(pivots.real > 0):
        raise failed
    roots = sparse.diags(np.sqrt(pivots.real)).astype(matrix.dtype)
    result = (factors.L @ roots).astype(matrix.dtype).tocsr()
    result.eliminate_zeros()
    return _sorted(result)


KERNELS = {
    "CSRSparseMatrixComponents": Kernel(components, host=True),
    "CSRSparseMatrixToDense": Kernel(to_dense, host=True),
    "CSRSparseMatrixToSparseTensor": Kernel(to_parts, host=True),
    "DenseToCSRSparseMatrix": Kernel(from_dense, host=True),
    "SparseMatrixAdd": Kernel(add, host=True),
    "SparseMatrixMatMul": Kernel(dense_product, host=True),
    "SparseMatrixMul": Kernel(scale, host=True),
    "SparseMatrixNNZ": Kernel(count, host=True),
    "SparseMatrixOrderingAMD": Kernel(order, host=True),
    "SparseMatrixSoftmax": Kernel(softmax, host=True),
    "SparseMatrixSoftmaxGrad": Kernel(softmax_grad, host=True),
    "SparseMatrixSparseCholesky": Kernel(cholesky, host=True),
    "SparseMatrixSparseMatMul": Kernel(product, host=True),
    "SparseMatrixTranspose": Kernel(transpose, host=True),
    "SparseMatrixZeros": Kernel(zeros, host=True),
    "SparseTensorToCSRSparseMatrix": Kernel(from_parts, host=True),
}
