"""`tf.linalg`: linear algebra."""

from __future__ import annotations

from metagraft.lazy_names import from_module, lazy_names

_API = "metagraft.api"

_NAMES = {
    **from_module(f"{_API}.array", "adjoint eye matrix_transpose"),
    **from_module(f"{_API}.clip", "global_norm"),
    **from_module(f"{_API}.einsum", "einsum"),
    **from_module(
        f"{_API}.linear_algebra",
        "cholesky cholesky_solve logdet lu norm normalize qr slogdet svd",
    ),
    **from_module(f"{_API}.least_squares", "matrix_rank pinv"),
    **from_module(f"{_API}.lu_factors", "lu_matrix_inverse lu_reconstruct lu_solve"),
    **from_module(f"{_API}.matrix_functions", "logm sqrtm"),
    **from_module(f"{_API}.tridiagonal", "tridiagonal_matmul tridiagonal_solve"),
    **from_module(f"{_API}.matrix", "cross matmul matvec tensordot trace"),
    "band_part": f"{_API}.matrix_diag:matrix_band_part",
    "det": f"{_API}.linear_algebra:matrix_determinant",
    "diag": f"{_API}.matrix_diag:matrix_diag",
    "diag_part": f"{_API}.matrix_diag:matrix_diag_part",
    "eigh": f"{_API}.linear_algebra:self_adjoint_eig",
    "eigvalsh": f"{_API}.linear_algebra:self_adjoint_eigvals",
    "expm": f"{_API}.matrix_functions:matrix_exponential",
    "inv": f"{_API}.linear_algebra:matrix_inverse",
    "l2_normalize": f"{_API}.nn_normalization:l2_normalize",
    "lstsq": f"{_API}.least_squares:matrix_solve_ls",
    "set_diag": f"{_API}.matrix_diag:matrix_set_diag",
    "tensor_diag": f"{_API}.matrix_diag:diag",
    "tensor_diag_part": f"{_API}.matrix_diag:diag_part",
    "solve": f"{_API}.linear_algebra:matrix_solve",
    "transpose": f"{_API}.array:matrix_transpose",
    "triangular_solve": f"{_API}.linear_algebra:matrix_triangular_solve",
}
__all__ = sorted(_NAMES)  # noqa: PLE0605 - computed from the table

__getattr__, __dir__ = lazy_names(__name__, _NAMES)
