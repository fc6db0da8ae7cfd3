"""Decompositions, inverses and solutions; twin of `ops/linear_algebra.py`."""

from __future__ import annotations

from typing import Any

import numpy as np

from metagraft.errors import InvalidArgumentError
from metagraft.kernels.kernel import Array, Kernel
from metagraft.kernels.namespace import jax_numpy, lax, namespace

__all__ = ["KERNELS"]

# LAPACK knows no narrower numbers than float32.
_NARROW_FLOATS = frozenset({"float16", "bfloat16"})


def _wide(x: Array) -> Array:
    return x.astype(np.float32) if x.dtype.name in _NARROW_FLOATS else x


def _adjoint(x: Array) -> Array:
    xp = namespace(x)
    swapped = xp.swapaxes(x, -1, -2)
    return xp.conj(swapped) if x.dtype.kind == "c" else swapped


def _refuse_singular(error: np.linalg.LinAlgError) -> InvalidArgumentError:
    return InvalidArgumentError(None, None, f"Input matrix is not invertible: {error}")


def cholesky(_attrs: Any, x: Array) -> tuple[Array]:
    wide = _wide(x)
    if namespace(x) is not np:
        # Only the lower triangle is read, as in TensorFlow.
        factor = lax().linalg.cholesky(wide, symmetrize_input=False)
        return (factor.astype(x.dtype),)
    try:
        lower = np.tril(wide)
        full = lower + _adjoint(np.tril(wide, -1))
        return (np.linalg.cholesky(full).astype(x.dtype),)
    except np.linalg.LinAlgError as error:
        raise InvalidArgumentError(
            None,
            None,
            "Cholesky decomposition was not successful. The input might not be valid:"
            f" {error}.",
        ) from error


def matrix_inverse(attrs: Any, x: Array) -> tuple[Array]:
    wide = _wide(_adjoint(x) if attrs["adjoint"] else x)
    try:
        return (namespace(x).linalg.inv(wide).astype(x.dtype),)
    except np.linalg.LinAlgError as error:
        raise _refuse_singular(error) from error


def matrix_determinant(_attrs: Any, x: Array) -> tuple[Array]:
    return (namespace(x).linalg.det(_wide(x)).astype(x.dtype),)


def log_matrix_determinant(_attrs: Any, x: Array) -> tuple[Array, Array]:
    sign, log_determinant = namespace(x).linalg.slogdet(_wide(x))
    return sign.astype(x.dtype), log_determinant.astype(x.dtype)


def matrix_solve(attrs: Any, matrix: Array, rhs: Array) -> tuple[Array]:
    wide = _wide(_adjoint(matrix) if attrs["adjoint"] else matrix)
    try:
        solved = namespace(matrix, rhs).linalg.solve(wide, _wide(rhs))
    except np.linalg.LinAlgError as error:
        raise _refuse_singular(error) from error
    return (solved.astype(rhs.dtype),)


def matrix_triangular_solve(attrs: Any, matrix: Array, rhs: Array) -> tuple[Array]:
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


def self_adjoint_eig_v2(attrs: Any, x: Array) -> tuple[Array, Array]:
    xp = namespace(x)
    values, vectors = xp.linalg.eigh(_wide(x))
    if not attrs["compute_v"]:
        return values.astype(x.dtype), np.zeros((0,), x.dtype)
    return values.astype(x.dtype), vectors.astype(x.dtype)


def svd(attrs: Any, x: Array) -> tuple[Array, Array, Array]:
    xp = namespace(x)
    if not attrs["compute_uv"]:
        values = xp.linalg.svd(_wide(x), compute_uv=False)
        nothing = np.zeros((0,), x.dtype)
        return values.astype(x.dtype), nothing, nothing
    u, values, v_adjoint = xp.linalg.svd(_wide(x), full_matrices=attrs["full_matrices"])
    v = _adjoint(v_adjoint)
    return values.astype(x.dtype), u.astype(x.dtype), v.astype(x.dtype)


def lu(attrs: Any, x: Array) -> tuple[Array, Array]:
    factors, _, order = lax().linalg.lu(_wide(x))
    index_type = attrs["output_idx_type"].numpy_dtype
    return factors.astype(x.dtype), order.astype(index_type)


KERNELS = {
    "Cholesky": Kernel(cholesky),
    "LogMatrixDeterminant": Kernel(log_matrix_determinant),
    "Lu": Kernel(lu),
    "MatrixDeterminant": Kernel(matrix_determinant),
    "MatrixInverse": Kernel(matrix_inverse),
    "MatrixSolve": Kernel(matrix_solve),
    "MatrixTriangularSolve": Kernel(matrix_triangular_solve),
    "SelfAdjointEigV2": Kernel(self_adjoint_eig_v2),
    "Svd": Kernel(svd),
}
