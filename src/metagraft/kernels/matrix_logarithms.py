"""Logarithms of many complex matrices at once, by their Schur forms.

Roots of the triangular factor are taken until it is near the identity, where a series
is short; what is on the diagonal is computed without them.

Source: N. Higham, Functions of Matrices (2008), algorithms 6.3 and 11.9.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from metagraft.kernels.kernel import Array

__all__ = ["logarithms"]

# How far from the identity, in the 1-norm, a matrix may be for the series, and the
# number of its terms: the first one left out is less than what doubles round to.
_NEAR: Final = 0.25
_TERMS: Final = 10
# Matrices that take more roots than this are not finite or not regular.
_MOST_ROOTS: Final = 64


def logarithms(x: Array) -> Array:
    """Return the principal logarithms of `[count, n, n]`, `complex128`.

    They are not finite where a matrix has none, or where eigenvalues that are negative
    lie on both sides of the cut.
    """
    from scipy.linalg import lapack  # type: ignore[import-untyped]

    found = [lapack.zgees(_never, matrix) for matrix in x]
    triangles = np.array([result[0] for result in found])
    bases = np.array([result[3] for result in found])
    logs = _of_triangles(triangles)
    result: Array = bases @ logs @ bases.conj().transpose(0, 2, 1)
    return result


def _never(_eigenvalue: complex) -> None:
    """Let eigenvalues stay in any order."""


def _of_triangles(x: Array) -> Array:
    """Return the logarithms of upper triangles."""
    identity = np.eye(x.shape[-1])
    near, scale = x.copy(), np.ones(len(x))
    far = np.arange(len(x))
    for _ in range(_MOST_ROOTS):
        norms = np.abs(near[far] - identity).sum(axis=1).max(axis=1)
        far = far[norms > _NEAR]
        if not far.size:
            break
        near[far] = _roots(near[far])
        scale[far] *= 2
    near[far] = np.nan
    # log(a) is 2 artanh((a - 1) / (a + 1)).
    share = np.linalg.solve(near + identity, near - identity)
    square = share @ share
    series = identity / (2 * _TERMS - 1) + np.zeros_like(x)
    for term in range(_TERMS - 2, -1, -1):
        series = series @ square
        series += identity / (2 * term + 1)
    found: Array = (share @ series) * (2 * scale)[:, None, None]
    places = np.arange(x.shape[-1])
    found[:, places, places] = np.log(x[:, places, places])
    return found


def _roots(x: Array) -> Array:
    """Return the square roots of upper triangles, diagonal by diagonal."""
    size = x.shape[-1]
    places = np.arange(size)
    main = np.sqrt(x[:, places, places])
    found = np.zeros_like(x)
    found[:, places, places] = main
    # What is `d` to the right in each row, and what is `d` above in each column.
    right, above = np.zeros_like(x), np.zeros_like(x)
    for d in range(1, size):
        inner = np.einsum(
            "bim,bim->bi", right[:, : size - d, 1:d], above[:, d:, d - 1 : 0 : -1]
        )
        rest = x[:, places[:-d], places[d:]] - inner
        entries = rest / (main[:, :-d] + main[:, d:])
        found[:, places[:-d], places[d:]] = entries
        right[:, : size - d, d] = above[:, d:, d] = entries
    return found
