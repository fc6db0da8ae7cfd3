"""Decompositions, inverses and solutions; twin of `ops/linear_algebra.py`."""

from __future__ import annotations

import contextlib
import math
from typing import Any

import numpy as np

from metagraft.errors import InvalidArgumentError
from metagraft.graph.dtypes import as_dtype
from metagraft.graph.shapes import show
from metagraft.kernels.elimination import (
    corrected,
    eliminated,
    has_odd,
    is_regular,
    log_of,
    plain_quotient,
    solved,
)
from metagraft.kernels.kernel import Array, Kernel
from metagraft.kernels.namespace import is_host, jax_numpy, lax, namespace, repeat_while

__all__ = ["KERNELS"]

# LAPACK knows no narrower numbers than float32.
_NARROW_FLOATS = frozenset({"float16", "bfloat16"})


def _wide(x: Array) -> Array:
    return x.astype(np.float32) if x.dtype.name in _NARROW_FLOATS else x


def _adjoint(x: Array) -> Array:
    xp = namespace(x)
    swapped = xp.swapaxes(x, -1, -2)
    return xp.conj(swapped) if x.dtype.kind == "c" else swapped


def _refuse(text: str) -> InvalidArgumentError:
    return InvalidArgumentError(None, None, text)


def _check_rows(matrix: Array, rhs: Array) -> None:
    if min(matrix.ndim, rhs.ndim) < 2 or matrix.shape[-2] != rhs.shape[-2]:
        raise _refuse("Input matrix and rhs are incompatible.")


def _check_same_rank(*operands: Array) -> None:
    ranks = {operand.ndim for operand in operands}
    if len(ranks) > 1:
        raise _refuse("All input tensors must have the same rank.")
    if len({operand.shape[:-2] for operand in operands}) > 1:
        raise _refuse("All input tensors must have the same outer dimensions.")


def _check_matrices(x: Array) -> None:
    if x.ndim < 2:
        raise InvalidArgumentError(
            None, None, f"Input tensor 0 must have rank >= 2, got {x.ndim}"
        )


def _check_square(x: Array) -> None:
    _check_matrices(x)
    if x.shape[-1] != x.shape[-2]:
        raise InvalidArgumentError(None, None, "Input matrix must be square.")


def cholesky(_attrs: Any, x: Array) -> tuple[Array]:
    _check_square(x)
    wide = _wide(x)
    if namespace(x) is not np:
        # Only the lower triangle is read, as in TensorFlow.
        factor = lax().linalg.cholesky(wide, symmetrize_input=False)
        return (factor.astype(x.dtype),)
    try:
        lower = np.tril(wide)
        full = lower + _adjoint(np.tril(wide, -1))
        return (np.linalg.cholesky(full).astype(x.dtype),)
    except np.linalg.LinAlgError:
        return (_cholesky_one_by_one(full).astype(x.dtype),)


def _cholesky_one_by_one(matrices: np.ndarray) -> np.ndarray:
    """TF: warns of a matrix that has no factor, and gives NaN for it."""
    factors = np.full(matrices.shape, np.nan, matrices.dtype)
    for index in np.ndindex(matrices.shape[:-2]):
        with contextlib.suppress(np.linalg.LinAlgError):
            factors[index] = np.linalg.cholesky(matrices[index])
    lower: np.ndarray = np.tril(factors)
    return lower


def matrix_inverse(attrs: Any, x: Array) -> tuple[Array]:
    _check_square(x)
    wide = _wide(_adjoint(x) if attrs["adjoint"] else x)
    message = "Input is not invertible."
    if has_odd(wide):
        whole = np.broadcast_to(np.eye(x.shape[-1], dtype=wide.dtype), x.shape)
        return (_odd_solutions(wide, whole, message).astype(x.dtype),)
    try:
        return (namespace(x).linalg.inv(wide).astype(x.dtype),)
    except np.linalg.LinAlgError as error:
        raise _refuse(message) from error


def _odd_solutions(matrix: Array, rhs: Array, message: str) -> Array:
    """Solve where matrices have infinities or NaN.

    Raises:
        InvalidArgumentError: One has a pivot that is zero.
    """

    def one(x: Array, columns: Array) -> tuple[Array]:
        factors, order, _ = eliminated(x)
        if not is_regular(factors):
            raise _refuse(message)
        return (solved(factors, order, columns),)

    odd = ~np.isfinite(matrix).all(axis=(-2, -1), keepdims=True)
    regular = np.where(odd, np.eye(matrix.shape[-1], dtype=matrix.dtype), matrix)
    try:
        found = np.linalg.solve(regular, rhs)
    except np.linalg.LinAlgError as error:
        raise _refuse(message) from error
    return corrected([found], matrix, one, rhs)[0]


def matrix_determinant(_attrs: Any, x: Array) -> tuple[Array]:
    _check_square(x)
    if has_odd(x):
        sign, logs = _odd_logs(_wide(x))
        with np.errstate(all="ignore"):
            return ((sign * np.exp(logs)).astype(x.dtype),)
    return (namespace(x).linalg.det(_wide(x)).astype(x.dtype),)


def _odd_logs(x: Array) -> tuple[Array, Array]:
    """Return signs and logarithms of determinants where matrices have odd elements."""

    def one(matrix: Array) -> tuple[Array, Array]:
        factors, _, sign = eliminated(matrix, plain_quotient)
        return log_of(factors, sign)

    with np.errstate(all="ignore"):
        sign, logs = corrected(np.linalg.slogdet(x), x, one)
    return sign, logs


def log_matrix_determinant(_attrs: Any, x: Array) -> tuple[Array, Array]:
    _check_square(x)
    if has_odd(x):
        sign, logs = _odd_logs(_wide(x))
        return sign.astype(x.dtype), logs.astype(x.dtype)
    sign, log_determinant = namespace(x).linalg.slogdet(_wide(x))
    return sign.astype(x.dtype), log_determinant.astype(x.dtype)


def matrix_solve(attrs: Any, matrix: Array, rhs: Array) -> tuple[Array]:
    _check_matrices(matrix)
    _check_same_rank(matrix, rhs)
    if matrix.shape[-1] != matrix.shape[-2]:
        raise _refuse("First input (lhs) must be a square matrix.")
    _check_rows(matrix, rhs)
    wide = _wide(_adjoint(matrix) if attrs["adjoint"] else matrix)
    message = "Input matrix is not invertible."
    if has_odd(wide):
        return (_odd_solutions(wide, _wide(rhs), message).astype(rhs.dtype),)
    try:
        found = namespace(matrix, rhs).linalg.solve(wide, _wide(rhs))
    except np.linalg.LinAlgError as error:
        raise _refuse(message) from error
    return (found.astype(rhs.dtype),)


def _check_triangular(matrix: Array, rhs: Array) -> None:
    for place, operand in enumerate((matrix, rhs)):
        if operand.ndim < 2:
            raise _refuse(f"In[{place}] ndims must be >= 2: {operand.ndim}")
    rows, columns = matrix.shape[-2:]
    try:
        np.broadcast_shapes(matrix.shape[:-2], rhs.shape[:-2])
    except ValueError:
        raise _refuse(
            "In[0] and In[1] must have compatible batch dimensions: "
            f"{show(matrix.shape)} vs. {show(rhs.shape)}"
        ) from None
    if rows != columns:
        raise _refuse(
            "In[0] matrices in the last dimensions must be square "
            f"({columns} =/= {rows})"
        )


def matrix_triangular_solve(attrs: Any, matrix: Array, rhs: Array) -> tuple[Array]:
    _check_triangular(matrix, rhs)
    jnp = jax_numpy()
    batch = np.broadcast_shapes(matrix.shape[:-2], rhs.shape[:-2])
    left = jnp.broadcast_to(_wide(matrix), (*batch, *matrix.shape[-2:]))
    right = jnp.broadcast_to(_wide(rhs), (*batch, *rhs.shape[-2:]))
    solved = lax().linalg.triangular_solve(
        left,
        right,
        left_side=True,
        lower=attrs["lower"],
        transpose_a=attrs["adjoint"],
        conjugate_a=attrs["adjoint"],
    )
    return (solved.astype(rhs.dtype),)


def cholesky_grad(_attrs: Any, factor: Array, grad: Array) -> tuple[Array]:
    """Backward through the factor; see Murray, arXiv:1602.07527."""
    _check_matrices(factor)
    _check_same_rank(factor, grad)
    if factor.shape != grad.shape:
        raise _refuse("Inputs (L and grad) must have the same shape.")
    xp = namespace(factor, grad)
    lower, slope = xp.tril(_wide(factor)), xp.tril(_wide(grad))
    middle = xp.tril(xp.matmul(_adjoint(lower), slope))
    halved = middle - xp.tril(xp.triu(middle)) / lower.dtype.type(2)
    inverse = _inverse_of_lower(lower)
    result = xp.matmul(xp.matmul(_adjoint(inverse), halved), inverse)
    result = (result + xp.swapaxes(result, -1, -2)) / lower.dtype.type(2)
    return (result.astype(factor.dtype),)


def _inverse_of_lower(lower: Array) -> Array:
    """Invert triangles; zeros on a diagonal make infinities and NaN, not an error."""
    diagonal = namespace(lower).diagonal(lower, axis1=-2, axis2=-1)
    if not is_host(lower) or (np.all(diagonal) and not has_odd(lower)):
        return namespace(lower).linalg.inv(lower)
    found = np.empty_like(lower)
    one, order = np.eye(lower.shape[-1], dtype=lower.dtype), np.arange(lower.shape[-1])
    with np.errstate(all="ignore"):
        for place in np.ndindex(lower.shape[:-2]):
            found[place] = solved(lower[place].T, order, one).T
    return found


def _odd_eigh(lower: Array) -> tuple[Array, Array]:
    """Decompose a matrix with infinities or NaN, of which Eigen takes few.

    Raises:
        InvalidArgumentError: It does not come to an end.
    """
    vectors = np.eye(len(lower), dtype=lower.dtype)
    if len(lower) == 1:
        return lower[0].real, vectors
    places = np.argwhere(~np.isfinite(lower)).tolist()
    is_alone = places == [[0, 0]] or (places == [[1, 1]] and len(lower) == 2)
    if not is_alone or np.isnan(lower).any():
        raise _refuse(
            "Self-adjoint eigen decomposition was not successful. The input might not"
            " be valid."
        )
    return np.full(len(lower), np.nan), vectors


def _lower_eigh(x: Array) -> tuple[Array, Array]:
    """Decompose what the lower triangle says; nothing else is read."""
    xp = namespace(x)
    wide = _wide(x)
    if not math.prod(x.shape):
        return xp.zeros(x.shape[:-1], wide.dtype), wide
    lower = xp.tril(wide)
    if xp is np:
        if not has_odd(lower):
            return np.linalg.eigh(wide)
        regular = np.nan_to_num(lower, posinf=0, neginf=0)
        values, vectors = corrected(np.linalg.eigh(regular), lower, _odd_eigh)
        return values, vectors
    return xp.linalg.eigh(lower + _adjoint(xp.tril(wide, -1)))


def self_adjoint_eig_v2(attrs: Any, x: Array) -> tuple[Array, Array]:
    _check_square(x)
    values, vectors = _lower_eigh(x)
    if not attrs["compute_v"]:
        return values.astype(x.dtype), np.zeros((0,), x.dtype)
    return values.astype(x.dtype), vectors.astype(x.dtype)


def self_adjoint_eig(_attrs: Any, x: Array) -> tuple[Array]:
    """The values are the first row, the vectors the other ones."""
    xp = namespace(x)
    values, vectors = _lower_eigh(x)
    if not math.prod(x.shape):
        return (xp.zeros((*x.shape[:-2], x.shape[-1] + 1, x.shape[-1]), x.dtype),)
    both = xp.concatenate([values[..., None, :], vectors], axis=-2)
    return (both.astype(x.dtype),)


def eig(attrs: Any, x: Array) -> tuple[Array, Array]:
    _check_square(x)
    dtype = attrs["Tout"].numpy_dtype
    wanted = as_dtype(np.result_type(x.dtype, np.complex64)).as_datatype_enum
    if attrs["Tout"].as_datatype_enum != wanted:
        found = attrs["Tout"].as_datatype_enum
        raise _refuse(f"Invalid output dtype {found} vs {wanted}")
    values, vectors = np.zeros(x.shape[:-1], dtype), x
    if x.size:
        values, vectors = np.linalg.eig(x)
    if x.dtype.kind == "c":
        # Eigen sorts the values of complex matrices.
        order = np.argsort(np.abs(values), axis=-1, kind="stable")
        values = np.take_along_axis(values, order, -1)
        vectors = np.take_along_axis(vectors, order[..., None, :], -1)
    if not attrs["compute_v"]:
        vectors = np.zeros((0,), dtype)
    return values.astype(dtype), vectors.astype(dtype)


def matrix_solve_ls(
    attrs: Any, matrix: Array, rhs: Array, l2_regularizer: Array
) -> tuple[Array]:
    if np.ndim(l2_regularizer):
        shape = show(np.shape(l2_regularizer))
        raise _refuse(f"l2_regularizer must be scalar, got shape {shape}")
    _check_matrices(matrix)
    _check_same_rank(matrix, rhs)
    _check_rows(matrix, rhs)
    rows, columns = matrix.shape[-2:]
    dims = (*matrix.shape[:-2], columns, rhs.shape[-1])
    if not math.prod(matrix.shape):
        return (np.zeros(dims, rhs.dtype),)
    weight = float(l2_regularizer)
    if weight < 0:
        raise InvalidArgumentError(None, None, "l2_regularizer must be >= 0.")
    wide, right = _wide(matrix), _wide(rhs)
    if not attrs["fast"]:
        # Of infinities and NaN LAPACK might not come to an end; Eigen finds rank 0.
        odd = ~np.isfinite(wide).all(axis=(-2, -1), keepdims=True)
        inverse = _pseudo_inverse(np.where(odd, wide.dtype.type(0), wide))
        return (
            (inverse @ np.where(odd, right.dtype.type(0), right)).astype(rhs.dtype),
        )
    adjoint = _adjoint(wide)
    is_tall = rows >= columns
    with np.errstate(all="ignore"):
        gramian = adjoint @ wide if is_tall else wide @ adjoint
        gramian = gramian + np.eye(min(rows, columns), dtype=wide.dtype) * weight
        odd = ~np.isfinite(gramian).all(axis=(-2, -1), keepdims=True)
        one = np.eye(gramian.shape[-1], dtype=wide.dtype)
        known = adjoint @ right if is_tall else right
        solved = _solved_by_cholesky(np.where(odd, one, gramian), known)
        solved = np.where(odd, wide.dtype.type(np.nan), solved)
        return ((solved if is_tall else adjoint @ solved).astype(rhs.dtype),)


def _pseudo_inverse(matrix: np.ndarray) -> np.ndarray:
    """Singular values as small as rounding count as zero."""
    largest = max(matrix.shape[-2:])
    return np.linalg.pinv(matrix, rcond=largest * np.finfo(matrix.dtype).eps)


def _solved_by_cholesky(gramian: np.ndarray, right: np.ndarray) -> np.ndarray:
    try:
        np.linalg.cholesky(gramian)
    except np.linalg.LinAlgError as error:
        raise InvalidArgumentError(
            None,
            None,
            "Input matrix was rank deficient or ill-conditioned. Try setting"
            " fast=False or provide a larger l2_regularizer > 0.",
        ) from error
    return np.linalg.solve(gramian, right)


def svd(attrs: Any, x: Array) -> tuple[Array, ...]:
    _check_matrices(x)
    if is_host(x) and not has_odd(x):
        return _regular_svd(attrs, x)
    # Of infinities LAPACK might not come to an end, and Eigen gives up: of complex
    # numbers it leaves zeros.
    xp = namespace(x)
    odd = ~xp.isfinite(x).all(axis=(-2, -1))
    zero = x.dtype.type(0)
    found = _regular_svd(attrs, xp.where(odd[..., None, None], zero, x))
    left = zero if x.dtype.kind == "c" else x.dtype.type(np.nan)

    def marked(part: Array) -> Array:
        places = odd.reshape(odd.shape + (1,) * (part.ndim - odd.ndim))
        return xp.where(places, left.astype(part.dtype), part)

    values, *vectors = found
    return marked(values), *(map(marked, vectors) if attrs["compute_uv"] else vectors)


def _regular_svd(attrs: Any, x: Array) -> tuple[Array, ...]:
    xp = namespace(x)
    if not attrs["compute_uv"]:
        values = xp.linalg.svd(_wide(x), compute_uv=False)
        nothing = np.zeros((0,), x.dtype)
        return values.astype(x.dtype), nothing, nothing
    u, values, v_adjoint = xp.linalg.svd(_wide(x), full_matrices=attrs["full_matrices"])
    v = _adjoint(v_adjoint)
    return values.astype(x.dtype), u.astype(x.dtype), v.astype(x.dtype)


def lu(attrs: Any, x: Array) -> tuple[Array, Array]:
    _check_square(x)
    index_type = attrs["output_idx_type"].numpy_dtype
    if has_odd(x):
        return _odd_lu(x, index_type)
    if x.dtype.kind == "c":
        factors, order = _complex_lu(x)
    else:
        factors, _, order = lax().linalg.lu(_wide(x))
    if is_host(x) and x.size:
        pivots = np.diagonal(np.asarray(factors), axis1=-2, axis2=-1)
        if not np.all(np.abs(pivots) > 0):
            raise InvalidArgumentError(None, None, "Input is not invertible.")
    return factors.astype(x.dtype), order.astype(index_type)


def _odd_lu(x: Array, index_type: Any) -> tuple[Array, Array]:
    """Eliminate where matrices have infinities or NaN, on the host."""
    wide = _wide(x)
    factors = np.empty_like(wide)
    order = np.empty(x.shape[:-1], index_type)
    with np.errstate(all="ignore"):
        for place in np.ndindex(x.shape[:-2]):
            factors[place], order[place], _ = eliminated(wide[place], plain_quotient)
            if not is_regular(factors[place]):
                raise _refuse("Input is not invertible.")
    return factors.astype(x.dtype), order


def _complex_lu(x: Array) -> tuple[Array, Array]:
    """Eliminate with the largest pivot; LAPACK compares sums of parts instead."""
    xp = namespace(x)
    size = x.shape[-1]
    places = np.arange(size)

    def unfinished(state: tuple[Array, Array, Array]) -> Array:
        return state[0] < size

    def eliminate(state: tuple[Array, Array, Array]) -> tuple[Array, Array, Array]:
        k, matrix, order = state
        column = xp.take(matrix, k, axis=-1)
        candidates = xp.where(places >= k, xp.abs(column), -1.0)
        pivot = xp.argmax(candidates, axis=-1)[..., None]
        swapped = xp.where(places == pivot, k, places)
        swapped = xp.where(places == k, pivot, swapped)
        matrix = xp.take_along_axis(matrix, swapped[..., None], axis=-2)
        order = xp.take_along_axis(order, swapped, axis=-1)
        row, column = xp.take(matrix, k, axis=-2), xp.take(matrix, k, axis=-1)
        head = xp.take(row, k, axis=-1)[..., None]
        is_below = (places > k) & (head != 0)
        factor = xp.where(is_below, column / head, 0)
        rest = xp.where(places > k, row, 0)
        matrix = matrix - factor[..., :, None] * rest[..., None, :]
        stored = is_below[..., :, None] & (places == k)
        return k + 1, xp.where(stored, factor[..., :, None], matrix), order

    start = xp.broadcast_to(xp.asarray(places), x.shape[:-1])
    state = (xp.asarray(0), xp.asarray(x), start)
    _, factors, order = repeat_while(unfinished, eliminate, state)
    return factors, order


KERNELS = {
    "BatchCholesky": Kernel(cholesky),
    "BatchCholeskyGrad": Kernel(cholesky_grad),
    "BatchMatrixDeterminant": Kernel(matrix_determinant),
    "BatchMatrixInverse": Kernel(matrix_inverse),
    "BatchMatrixSolve": Kernel(matrix_solve),
    "BatchMatrixSolveLs": Kernel(matrix_solve_ls, host=True),
    "BatchMatrixTriangularSolve": Kernel(matrix_triangular_solve),
    "BatchSelfAdjointEig": Kernel(self_adjoint_eig),
    "BatchSelfAdjointEigV2": Kernel(self_adjoint_eig_v2),
    "BatchSvd": Kernel(svd),
    "Cholesky": Kernel(cholesky),
    "CholeskyGrad": Kernel(cholesky_grad),
    "Eig": Kernel(eig, host=True),
    "LogMatrixDeterminant": Kernel(log_matrix_determinant),
    "Lu": Kernel(lu),
    "MatrixDeterminant": Kernel(matrix_determinant),
    "MatrixInverse": Kernel(matrix_inverse),
    "MatrixSolve": Kernel(matrix_solve),
    "MatrixSolveLs": Kernel(matrix_solve_ls, host=True),
    "MatrixTriangularSolve": Kernel(matrix_triangular_solve),
    "SelfAdjointEig": Kernel(self_adjoint_eig),
    "SelfAdjointEigV2": Kernel(self_adjoint_eig_v2),
    "Svd": Kernel(svd),
}
