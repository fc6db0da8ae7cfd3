"""Elimination in matrices with infinities or NaN, on the host, one by one.

LAPACK chooses other pivots among such elements than Eigen, and other results follow.

Source: tensorflow core/kernels/linalg/determinant_op.cc, lu_op.cc,
matrix_inverse_op.cc, matrix_solve_op.cc, svd_op_impl.h.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from metagraft.kernels.kernel import Array
from metagraft.kernels.namespace import is_host

__all__ = [
    "corrected",
    "eliminated",
    "has_odd",
    "is_regular",
    "log_of",
    "plain_quotient",
    "solved",
]


def has_odd(x: Array) -> bool:
    """Whether an array on the host has infinities or NaN."""
    return is_host(x) and not np.isfinite(x).all()


def corrected(
    results: Sequence[Array],
    x: Array,
    one: Callable[..., Sequence[Array]],
    *more: Array,
) -> tuple[Array, ...]:
    """Return results of matrices, those with infinities or NaN computed anew.

    Args:
        results: Of all matrices, by output.
        x: The matrices.
        one: Computes the outputs of one matrix, and of its part of `more`.
        more: Other operands with a part for each matrix.
    """
    found = [np.array(result) for result in results]
    with np.errstate(all="ignore"):
        for place in _odd_places(x):
            parts = one(x[place], *(operand[place] for operand in more))
            for result, part in zip(found, parts, strict=True):
                result[place] = part
    return tuple(found)


def _odd_places(x: Array) -> Iterator[tuple[int, ...]]:
    finite = np.isfinite(x).all(axis=(-2, -1))
    for place in np.ndindex(finite.shape):
        if not finite[place]:
            yield place


def eliminated(
    x: Array, divide: Callable[[Array, Array], Array] = operator.truediv
) -> tuple[Array, Array, int]:
    """Return triangular factors in one matrix, the order of rows, and its sign."""
    factors, order, sign = x.copy(), np.arange(len(x)), 1
    for k in range(len(x)):
        sizes = np.abs(factors[k:, k])
        # NaN is no pivot, unless it comes first: nothing is greater than it.
        unknown = np.isnan(sizes)
        best = 0 if unknown[0] else int(np.argmax(np.where(unknown, -1, sizes)))
        if sizes[best] != 0:
            if best:
                rows = [k, k + best]
                factors[rows], order[rows] = factors[rows[::-1]], order[rows[::-1]]
                sign = -sign
            factors[k + 1 :, k] = divide(factors[k + 1 :, k], factors[k, k])
        factors[k + 1 :, k + 1 :] -= np.outer(factors[k + 1 :, k], factors[k, k + 1 :])
    return factors, order, sign


def plain_quotient(x: Array, pivot: Array) -> Array:
    """Divide as factors and determinants do: by a complex infinity gives NaN."""
    if x.dtype.kind != "c":
        return x / pivot
    squared = pivot.real * pivot.real + pivot.imag * pivot.imag
    product = x * pivot.conj()
    real: Array = product.real / squared
    return real + 1j * (product.imag / squared)


def is_regular(factors: Array) -> bool:
    """Whether the smallest pivot is above zero; NaN counts only as the first."""
    sizes = np.abs(np.diagonal(factors))
    known = sizes[~np.isnan(sizes)]
    return not np.isnan(sizes[0]) and bool(known.min() > 0)


def log_of(factors: Array, sign: int) -> tuple[Array, Array]:
    """Return sign and logarithm of a determinant."""
    pivots = np.diagonal(factors)
    sizes = np.abs(pivots)
    real = pivots.dtype.kind != "c"
    signs = np.sign(pivots) if real else np.where(sizes == 0, 0, pivots / sizes)
    return np.prod(signs) * sign, np.sum(np.log(sizes))


def solved(factors: Array, order: Array, rhs: Array) -> Array:
    """Return what a matrix makes into columns, given its factors."""
    x: Array = np.array(rhs[order])
    for i in range(len(x)):
        x[i + 1 :] -= np.outer(factors[i + 1 :, i], x[i])
    for i in reversed(range(len(x))):
        x[i] /= factors[i, i]
        x[:i] -= np.outer(factors[:i, i], x[i])
    return x
