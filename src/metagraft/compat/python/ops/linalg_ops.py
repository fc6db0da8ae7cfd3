"""`tensorflow.python.ops.linalg_ops`: linear algebra."""

from __future__ import annotations

from metagraft.lazy_names import from_module, lazy_names

_NAMES = {
    **from_module(
        "metagraft.compat.v1",
        "cholesky cholesky_solve eye matrix_determinant matrix_inverse matrix_solve "
        "matrix_solve_ls matrix_square_root matrix_triangular_solve norm qr "
        "self_adjoint_eig self_adjoint_eigvals svd",
    ),
    **from_module("metagraft.compat.v1.linalg", "lu"),
    "log_matrix_determinant": "metagraft.compat.v1.linalg:slogdet",
    "matrix_logarithm": "metagraft.compat.v1.linalg:logm",
}
__all__ = sorted(_NAMES)  # noqa: PLE0605 - computed from the table

__getattr__, __dir__ = lazy_names(__name__, _NAMES)
