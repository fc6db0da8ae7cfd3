"""Matrix products; twin of `ops/matmul.py`."""

from __future__ import annotations

from typing import Any

import ml_dtypes
import numpy as np

from metagraft.kernels.kernel import Array, Kernel
from metagraft.kernels.namespace import namespace

__all__ = ["KERNELS"]

_NARROW_FLOATS = frozenset({np.dtype(np.float16), np.dtype(ml_dtypes.bfloat16)})


def _product(a: Array, b: Array, dtype: Any) -> Array:
    """Multiply matrices of any two types and return numbers of `dtype`."""
    xp = namespace(a, b)
    if xp is not np:
        return xp.matmul(a, b, preferred_element_type=dtype)
    # NumPy has no fast product of narrow floats, and adds small integers in their
    # own type.
    exact = np.dtype(np.float32) if dtype in _NARROW_FLOATS else dtype
    wide = [x if x.dtype == exact else x.astype(exact) for x in (a, b)]
    return np.matmul(*wide).astype(dtype, copy=False)


def _transposed(x: Array) -> Array:
    return namespace(x).swapaxes(x, -1, -2)


def _adjoint(x: Array) -> Array:
    swapped = _transposed(x)
    return namespace(x).conj(swapped) if x.dtype.kind == "c" else swapped


def mat_mul(attrs: Any, a: Array, b: Array) -> tuple[Array]:
    a = _transposed(a) if attrs["transpose_a"] else a
    b = _transposed(b) if attrs["transpose_b"] else b
    return (_product(a, b, a.dtype),)


def sparse_mat_mul(attrs: Any, a: Array, b: Array) -> tuple[Array]:
    a = _transposed(a) if attrs["transpose_a"] else a
    b = _transposed(b) if attrs["transpose_b"] else b
    float32 = np.dtype(np.float32)
    return (_product(a.astype(float32), b.astype(float32), float32),)


def batch_mat_mul(attrs: Any, x: Array, y: Array) -> tuple[Array]:
    x = _adjoint(x) if attrs["adj_x"] else x
    y = _adjoint(y) if attrs["adj_y"] else y
    return (_product(x, y, x.dtype),)


def batch_mat_mul_v3(attrs: Any, x: Array, y: Array) -> tuple[Array]:
    x = _adjoint(x) if attrs["adj_x"] else x
    y = _adjoint(y) if attrs["adj_y"] else y
    return (_product(x, y, attrs["Tout"].numpy_dtype),)


def cross(_attrs: Any, a: Array, b: Array) -> tuple[Array]:
    return (namespace(a, b).cross(a, b),)


KERNELS = {
    "BatchMatMul": Kernel(batch_mat_mul),
    "BatchMatMulV2": Kernel(batch_mat_mul),
    "BatchMatMulV3": Kernel(batch_mat_mul_v3),
    "Cross": Kernel(cross),
    "MatMul": Kernel(mat_mul),
    "SparseMatMul": Kernel(sparse_mat_mul),
}
