"""Matrix products; twin of `ops/matmul.py`."""

from __future__ import annotations

from typing import Any, Final, NoReturn

import numpy as np

from metagraft.errors import FailedPreconditionError, InvalidArgumentError
from metagraft.graph.shapes import show
from metagraft.kernels.kernel import Array, Kernel
from metagraft.kernels.namespace import namespace
from metagraft.kernels.narrow_reduction import NARROW_FLOATS
from metagraft.kernels.rounding import settled, summed_from_zero

__all__ = ["KERNELS"]

# XLA gives products of these whole numbers to Eigen.
_EIGEN_INT: Final = np.dtype(np.int32)
# For fewer rows it does not pay to transpose the other matrix.
_MANY_ROWS: Final = 8


def _product(a: Array, b: Array, dtype: Any) -> Array:
    """Multiply matrices of any two types and return numbers of `dtype`."""
    xp = namespace(a, b)
    if xp is not np:
        if dtype.kind in "iu" and dtype != _EIGEN_INT and a.shape[-2] >= _MANY_ROWS:
            # XLA's loops run along rows (of 512x512 `int64`: 30 ms, otherwise 430).
            b = _transposed(settled(_transposed(b)))
        found = xp.matmul(a, b, preferred_element_type=dtype)
        if a.shape[-1] == 1 and dtype.kind in "fV":
            # XLA leaves the sum out, in which 0 + -0 is 0.
            found = summed_from_zero(found)
        return found
    # NumPy has no fast product of narrow floats, and adds small integers in their
    # own type. TF: cuts the digits of bfloat16 off, unless oneDNN rounds them.
    exact = np.dtype(np.float32) if dtype in NARROW_FLOATS else dtype
    wide = [x if x.dtype == exact else x.astype(exact) for x in (a, b)]
    return np.matmul(*wide).astype(dtype, copy=False)


def _transposed(x: Array) -> Array:
    return namespace(x).swapaxes(x, -1, -2)


def _adjoint(x: Array) -> Array:
    swapped = _transposed(x)
    return namespace(x).conj(swapped) if x.dtype.kind == "c" else swapped


def mat_mul(attrs: Any, a: Array, b: Array) -> tuple[Array]:
    _check_sizes(attrs, a, b)
    a = _transposed(a) if attrs["transpose_a"] else a
    b = _transposed(b) if attrs["transpose_b"] else b
    return (_product(a, b, a.dtype),)


def _check_sizes(attrs: Any, a: Array, b: Array) -> None:
    """Raise unless the matrices can be multiplied."""
    if a.ndim == b.ndim == 2:
        rows, columns = int(attrs["transpose_a"]), int(not attrs["transpose_b"])
        if a.shape[1 - rows] == b.shape[1 - columns]:
            return
        text = (
            f"Matrix size-incompatible: In[0]: {show(a.shape)}, In[1]: {show(b.shape)}"
        )
    else:
        i, x = (0, a) if a.ndim != 2 else (1, b)
        text = f"In[{i}] is not a matrix. Instead it has shape {show(x.shape)}"
    raise InvalidArgumentError(None, None, text)


def sparse_mat_mul(attrs: Any, a: Array, b: Array) -> tuple[Array]:
    for name, given in (("a", a), ("b", b)):
        if given.ndim != 2:
            raise InvalidArgumentError(None, None, f"{name} is not a matrix")
    a = _transposed(a) if attrs["transpose_a"] else a
    b = _transposed(b) if attrs["transpose_b"] else b
    float32 = np.dtype(np.float32)
    return (_product(a.astype(float32), b.astype(float32), float32),)


def _check_batches(attrs: Any, x: Array, y: Array) -> None:
    """Raise unless the batches of matrices can be multiplied."""
    text = ""
    adjoint = attrs["adj_x"], attrs["adj_y"]
    if x.ndim < 2 or y.ndim < 2:
        i, z = (0, x) if x.ndim < 2 else (1, y)
        text = f"In[{i}] ndims must be >= 2: {z.ndim}"
    elif x.shape[-2 if adjoint[0] else -1] != y.shape[-1 if adjoint[1] else -2]:
        text = (
            f"Matrix size-incompatible: In[0]: {show(x.shape)}, In[1]: {show(y.shape)}"
            f" {int(adjoint[0])} {int(adjoint[1])}"
        )
    if text:
        raise InvalidArgumentError(None, None, text)


def batch_mat_mul(attrs: Any, x: Array, y: Array) -> tuple[Array]:
    """Multiply batches of one shape."""
    if x.ndim != y.ndim or x.ndim < 2 or x.shape[:-2] != y.shape[:-2]:
        _refuse_unlike(x.shape, y.shape)
    return batch_mat_mul_v2(attrs, x, y)


def _refuse_unlike(x: tuple[int, ...], y: tuple[int, ...]) -> NoReturn:
    text = f"In[0] and In[1] has different ndims: {show(x)} vs. {show(y)}"
    if len(x) == len(y) < 2:
        text = f"In[0] and In[1] ndims must be >= 2: {len(x)}"
    elif len(x) == len(y):
        axis = next(
            i for i, (one, two) in enumerate(zip(x, y, strict=True)) if one != two
        )
        text = (
            f"In[0].dim({axis}) and In[1].dim({axis}) must be the same: {show(x)} vs"
            f" {show(y)}"
        )
    raise InvalidArgumentError(None, None, text)


def batch_mat_mul_v2(attrs: Any, x: Array, y: Array) -> tuple[Array]:
    _check_batches(attrs, x, y)
    x = _adjoint(x) if attrs["adj_x"] else x
    y = _adjoint(y) if attrs["adj_y"] else y
    return (_product(x, y, x.dtype),)


def batch_mat_mul_v3(attrs: Any, x: Array, y: Array) -> tuple[Array]:
    _check_batches(attrs, x, y)
    x = _adjoint(x) if attrs["adj_x"] else x
    y = _adjoint(y) if attrs["adj_y"] else y
    return (_product(x, y, attrs["Tout"].numpy_dtype),)


_CROSS_SIZE = 3


def cross(_attrs: Any, a: Array, b: Array) -> tuple[Array]:
    if a.shape != b.shape:
        raise InvalidArgumentError(
            None,
            None,
            f"Both inputs must be of same shape: {show(a.shape)} vs. {show(b.shape)}",
        )
    if not a.ndim:
        raise InvalidArgumentError(None, None, "Input must be at least 1D[]")
    if a.shape[-1] != _CROSS_SIZE:
        raise FailedPreconditionError(
            None, None, "Cross-products are only defined for 3-element vectors."
        )
    return (namespace(a, b).cross(a, b),)


KERNELS = {
    "BatchMatMul": Kernel(batch_mat_mul),
    "BatchMatMulV2": Kernel(batch_mat_mul_v2),
    "BatchMatMulV3": Kernel(batch_mat_mul_v3),
    "Cross": Kernel(cross),
    "MatMul": Kernel(mat_mul),
    "SparseMatMul": Kernel(sparse_mat_mul),
}
