"""`tf.linalg`: linear algebra."""

from __future__ import annotations

from metagraft.api.ragged_dispatch import with_ragged
from metagraft.lazy_names import from_module, lazy_names

_API = "metagraft.api"
_OPERATORS = f"{_API}.linear_operators"

_OPERATOR_NAMES = {
    f"LinearOperator{kind}": f"{_OPERATORS}.{module}:LinearOperator{kind}"
    for module, kinds in {
        "block_diag": ("BlockDiag",),
        "block_lower_triangular": ("BlockLowerTriangular",),
        "circulant": ("Circulant", "Circulant2D", "Circulant3D"),
        "composition": ("Composition",),
        "diag": ("Diag",),
        "full_matrix": ("FullMatrix",),
        "householder": ("Householder",),
        "identity": ("Identity", "ScaledIdentity"),
        "kronecker": ("Kronecker",),
        "low_rank_update": ("LowRankUpdate",),
        "lower_triangular": ("LowerTriangular",),
        "operator": ("",),
        "permutation": ("Permutation",),
        "toeplitz": ("Toeplitz",),
        "tridiag": ("Tridiag",),
        "wrapped": ("Adjoint", "Inversion"),
        "zeros": ("Zeros",),
    }.items()
    for kind in kinds
}

_NAMES = {
    **from_module(f"{_API}.array", "eye matrix_transpose"),
    **from_module(f"{_API}.clip", "global_norm"),
    **from_module(f"{_API}.einsum", "einsum"),
    **from_module(
        f"{_API}.linear_algebra",
        "cholesky_solve lu norm normalize qr slogdet svd",
    ),
    **from_module(f"{_API}.least_squares", "matrix_rank pinv"),
    **from_module(f"{_API}.lu_factors", "lu_matrix_inverse lu_reconstruct lu_solve"),
    **from_module(f"{_API}.matrix_functions", "logm sqrtm"),
    **from_module(f"{_API}.tridiagonal", "tridiagonal_matmul tridiagonal_solve"),
    **from_module(f"{_API}.matrix", "cross tensordot"),
    **from_module(
        f"{_OPERATORS}.dispatch",
        "adjoint cholesky logdet matmul matvec trace",
    ),
    **_OPERATOR_NAMES,
    "band_part": f"{_API}.matrix_diag:matrix_band_part",
    "det": f"{_OPERATORS}.dispatch:matrix_determinant",
    "diag": f"{_API}.matrix_diag:matrix_diag",
    "diag_part": f"{_OPERATORS}.dispatch:matrix_diag_part",
    "eigh_tridiagonal": f"{_API}.eigh_tridiagonal:eigh_tridiagonal",
    "experimental": "metagraft.compat.v1.linalg_experimental",
    "eigh": f"{_API}.linear_algebra:self_adjoint_eig",
    "eigvalsh": f"{_API}.linear_algebra:self_adjoint_eigvals",
    "expm": f"{_API}.matrix_functions:matrix_exponential",
    "inv": f"{_OPERATORS}.dispatch:matrix_inverse",
    "l2_normalize": f"{_API}.nn_normalization:l2_normalize",
    "lstsq": f"{_API}.least_squares:matrix_solve_ls",
    "set_diag": f"{_API}.matrix_diag:matrix_set_diag",
    "tensor_diag": f"{_API}.matrix_diag:diag",
    "tensor_diag_part": f"{_API}.matrix_diag:diag_part",
    "solve": f"{_OPERATORS}.dispatch:matrix_solve",
    "transpose": f"{_API}.array:matrix_transpose",
    "triangular_solve": f"{_API}.linear_algebra:matrix_triangular_solve",
}
__all__ = sorted(_NAMES)  # noqa: PLE0605 - computed from the table

__getattr__, __dir__ = lazy_names(__name__, _NAMES, with_ragged)
