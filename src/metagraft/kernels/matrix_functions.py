"""Exponentials, logarithms and roots of matrices; twin of `ops/matrix_functions.py`."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from metagraft.errors import InvalidArgumentError
from metagraft.kernels.kernel import Array, Kernel
from metagraft.kernels.matrix_logarithms import logarithms
from metagraft.kernels.namespace import is_host, jax_numpy

__all__ = ["KERNELS"]


def matrix_exponential(_attrs: Any, x: Array) -> tuple[Array]:
    if not math.prod(x.shape):
        return (x,)
    if is_host(x):
        from scipy import linalg  # type: ignore[import-untyped]

        return (_of_each(linalg.expm, x),)
    import jax.scipy.linalg

    jax_numpy()  # 64-bit types stay 64-bit
    wide = x.astype(np.float32) if x.dtype == np.float16 else x
    flat = wide.reshape(-1, *x.shape[-2:])
    result = jax.vmap(jax.scipy.linalg.expm)(flat)
    return (result.reshape(x.shape).astype(x.dtype),)


def _of_each(function: Callable[[np.ndarray], Any], x: np.ndarray) -> np.ndarray:
    """Apply a function of one matrix to every matrix."""
    if x.ndim < 2 or x.shape[-1] != x.shape[-2]:
        raise InvalidArgumentError(None, None, "Input matrix must be square.")
    result = np.empty_like(x)
    if not x.size:
        return result
    wide = x.astype(np.complex128 if x.dtype.kind == "c" else np.float64)
    with np.errstate(all="ignore"), warnings.catch_warnings():
        # SciPy tells of matrices that are nearly singular.
        warnings.simplefilter("ignore")
        for index in np.ndindex(x.shape[:-2]):
            found = np.asarray(function(wide[index]))
            is_complex = found.dtype.kind == "c" and x.dtype.kind != "c"
            result[index] = _real_part(found) if is_complex else found
    return result


def _real_part(matrix: np.ndarray) -> np.ndarray:
    """A real matrix without real root has none."""
    is_real = np.allclose(matrix.imag, 0, atol=1e-6 * np.abs(matrix).max())
    return matrix.real if is_real else np.full(matrix.shape, np.nan)


def matrix_logarithm(_attrs: Any, x: Array) -> tuple[Array]:
    # JAX depends on SciPy; its own functions have no logarithm.
    from scipy import linalg

    is_many = x.dtype.kind == "c" and x.ndim >= 2 and x.shape[-1] == x.shape[-2]
    if not is_many or not x.size:
        return (_of_each(linalg.logm, x),)
    flat = x.reshape(-1, *x.shape[-2:]).astype(np.complex128)
    is_finite = np.isfinite(flat).all(axis=(1, 2))
    result = np.full(flat.shape, complex(np.nan, np.nan), x.dtype)
    if is_finite.any():
        with np.errstate(all="ignore"):
            result[is_finite] = logarithms(flat[is_finite])
    # SciPy looks closer at what has no logarithm, or more than one, and is far slower.
    odd = is_finite & ~np.isfinite(result).all(axis=(1, 2))
    if odd.any():
        result[odd] = _of_each(linalg.logm, flat[odd])
    return (result.reshape(x.shape),)


def matrix_square_root(_attrs: Any, x: Array) -> tuple[Array]:
    from scipy import linalg

    def root(matrix: np.ndarray) -> Any:
        if np.isfinite(matrix).all():
            return linalg.sqrtm(matrix)
        return np.full(matrix.shape, complex(np.nan, np.nan))

    return (_of_each(root, x),)


KERNELS = {
    "MatrixExponential": Kernel(matrix_exponential),
    "MatrixLogarithm": Kernel(matrix_logarithm, host=True),
    "MatrixSquareRoot": Kernel(matrix_square_root, host=True),
}
