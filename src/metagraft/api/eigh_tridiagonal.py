"""Eigenvalues and eigenvectors of symmetric matrices with three diagonals.

Eigenvalues are found by bisection, all at once: the signs in a Sturm sequence count
how many lie below a number. Eigenvectors follow by inverse iteration.

Source: tensorflow python/ops/linalg/linalg_impl.py eigh_tridiagonal; Barth, Martin and
Wilkinson 1967; Demmel, Dhillon and Ren 1995.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from metagraft.api.arithmetic import maximum, minimum
from metagraft.api.array import broadcast_to, tile
from metagraft.api.checks import assert_less, assert_less_equal
from metagraft.api.comparison import greater_equal, less, logical_and, where
from metagraft.api.linear_algebra import norm, qr
from metagraft.api.math import logical_not, sqrt, square
from metagraft.api.stateless_random import stateless_normal
from metagraft.api.tridiagonal import tridiagonal_solve
from metagraft.api.unique import tensor_scatter_nd_update
from metagraft.api.while_loop import while_loop
from metagraft.graph import dtypes
from metagraft.graph.build import array
from metagraft.graph.build.math import absolute, cast, conj, equal, number_range, real
from metagraft.graph.build.reductions import reduce_tensor
from metagraft.graph.conversion import constant, convert_to_tensor
from metagraft.graph.scopes import control_dependencies, name_scope
from metagraft.graph.shapes import Dimension
from metagraft.graph.tensor import Tensor

__all__ = ["eigh_tridiagonal"]

_STEPS_AT_ONCE = 16
_FUDGE = 2.1  # LAPACK's
_MOST_INVERSE_ITERATIONS = 5
_LEAST_GROWTH = 1 + 0.1
_SEED = (7, 42)


def eigh_tridiagonal(
    alpha: Any,
    beta: Any,
    eigvals_only: bool = True,
    select: str = "a",
    select_range: Any = None,
    tol: Any = None,
    name: str | None = None,
) -> Any:
    """The eigenvalues, and if wanted the eigenvectors, of one Hermitian matrix.

    Args:
        alpha: The diagonal, `[n]`.
        beta: The diagonal above it, `[n - 1]`, of the same type.
        eigvals_only: Whether eigenvectors are left out.
        select: Which eigenvalues: "a" all, "v" those in the interval
            `(select_range[0], select_range[1]]`, "i" those that have the numbers
            `select_range[0]` to `select_range[1]`.
        select_range: See `select`.
        tol: How precise the eigenvalues are to be; as precise as they can be if None.
        name: Name of the scope.

    Returns:
        The eigenvalues in ascending order, `[k]`; or these and the eigenvectors,
        `[n, k]`.

    Raises:
        ValueError: The types differ, or `select` is another one.
    """
    with name_scope(name or "eigh_tridiagonal"):
        alpha = convert_to_tensor(alpha, name="alpha")
        size = alpha.shape[0].value
        if size is None:
            # TF: fails too, comparing an unknown size.
            raise ValueError("The length of `alpha` must be known.")
        if size <= 1:
            return real(alpha)
        beta = convert_to_tensor(beta, name="beta")
        if alpha.dtype != beta.dtype:
            raise ValueError("'alpha' and 'beta' must have the same type.")
        values = _eigenvalues(alpha, beta, select, select_range, tol)
        return values if eigvals_only else (values, _eigenvectors(alpha, beta, values))


# -- eigenvalues -------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Sequence:
    """What a Sturm sequence is made of."""

    alpha: Tensor
    beta_squared: Tensor
    smallest_pivot: Tensor
    perturbation: Tensor

    def count_below(self, x: Tensor) -> Tensor:
        """How many eigenvalues lie below each number."""
        with name_scope("sturm"):
            size = self.alpha.shape[0].value or 0
            zeros = array.zeros(array.shape(x), dtype=dtypes.int32)
            ones = array.ones(array.shape(x), dtype=dtypes.int32)
            q = self.alpha[0] - x
            count = where(q < 0, ones, zeros)
            q = where(equal(self.alpha[0], x), self.perturbation, q)
            i, q, count = self._steps(x, (size - 1) % _STEPS_AT_ONCE)(1, q, count)
            _, _, count = while_loop(
                lambda i, _q, _count: less(i, size),
                self._steps(x, _STEPS_AT_ONCE),
                [Dimension(i), q, count],  # sizes have their own constants
                back_prop=False,
            )
            return count

    def _steps(self, x: Tensor, steps: int) -> Callable[[Any, Any, Any], Any]:
        def several(start: Any, q: Any, count: Any) -> tuple[Any, Any, Any]:
            for offset in range(steps):
                i = start + offset
                q = self.alpha[i] - self.beta_squared[i - 1] / q - x
                count = where(q <= self.smallest_pivot, count + 1, count)
                is_small = q <= self.smallest_pivot
                q = where(is_small, minimum(q, -self.smallest_pivot), q)
            return start + steps, q, count

        return several

    def spread(self, shape: Tensor) -> _Sequence:
        """The same, to be compared with many numbers."""
        pivot = broadcast_to(self.smallest_pivot, shape)
        perturbation = broadcast_to(self.perturbation, shape)
        return _Sequence(self.alpha, self.beta_squared, pivot, perturbation)


def _eigenvalues(
    alpha: Tensor, beta: Tensor, select: str, select_range: Any, tol: Any
) -> Tensor:
    with name_scope("compute_eigenvalues"):
        if alpha.dtype.is_complex:
            alpha = real(alpha)
            beta_squared = real(conj(beta) * beta)
            sizes = sqrt(beta_squared)
        else:
            beta_squared, sizes = square(beta), absolute(beta)
        limits = np.finfo(alpha.dtype.as_numpy_dtype)
        lowest, highest = _bounds(alpha, sizes, limits)
        largest = maximum(absolute(lowest), absolute(highest))
        one = np.ones([], dtype=alpha.dtype.as_numpy_dtype)
        safe = np.maximum(one / limits.max, (one + limits.eps) * limits.tiny)
        pivot = safe * maximum(one, reduce_tensor("Max", beta_squared))
        perturbation = square(limits.eps * sizes[0])
        precision = limits.eps * largest
        if tol:
            precision = maximum(tol, precision)
        targets, check = _targets(alpha, select, select_range)
        if check is not None:
            with control_dependencies([check]):
                alpha = array.identity(alpha)
        sequence = _Sequence(alpha, beta_squared, pivot, perturbation)
        size = cast(alpha.shape[0].value, alpha.dtype)
        slack = size * _FUDGE * limits.eps * largest
        if select == "v":
            lowest, highest = select_range
        lower = lowest - slack - 2 * _FUDGE * pivot
        upper = highest + slack + _FUDGE * pivot
        if targets is None:
            first = sequence.count_below(lower)
            targets = number_range(first, sequence.count_below(upper))
        upper, lower = minimum(upper, limits.max), maximum(lower, limits.min)
        shape = array.shape(targets)
        lower, upper = broadcast_to(lower, shape), broadcast_to(upper, shape)
        return _bisected(sequence.spread(shape), targets, lower, upper, precision)


def _bounds(alpha: Tensor, sizes: Tensor, limits: Any) -> tuple[Tensor, Tensor]:
    """Numbers between which all eigenvalues lie, by Gershgorin's theorem."""
    inner = sizes[:1], sizes[:-1] + sizes[1:], sizes[-1:]
    radii = array.concat(list(inner), axis=0)
    highest = minimum(limits.max, reduce_tensor("Max", alpha + radii))
    lowest = maximum(limits.min, reduce_tensor("Min", alpha - radii))
    return lowest, highest


def _targets(alpha: Tensor, select: str, select_range: Any) -> tuple[Any, Any]:
    """The numbers of the wanted eigenvalues, if known yet, and a check of the range.

    Raises:
        ValueError: `select` is another one.
    """
    if select == "a":
        return number_range(alpha.shape[0].value), None
    if select == "i":
        first, last = select_range
        text = "Got empty index range in select_range."
        check = assert_less_equal(first, last, message=text)
        return number_range(first, last + 1), check
    if select == "v":
        text = "Got empty interval in select_range."
        return None, assert_less(select_range[0], select_range[1], message=text)
    raise ValueError("'select must have a value in {'a', 'i', 'v'}.")


def _bisected(
    sequence: _Sequence, targets: Tensor, lower: Tensor, upper: Tensor, precision: Any
) -> Tensor:
    """Halve the intervals in which the eigenvalues lie until they are small."""
    most = np.finfo(sequence.alpha.dtype.as_numpy_dtype).nmant + 1

    def is_wide(i: Any, lower: Any, upper: Any) -> Tensor:
        is_left = less(i, most)
        width = reduce_tensor("Max", upper - lower)
        return logical_and(is_left, less(precision, width))

    def halved(i: Any, lower: Any, upper: Any) -> tuple[Any, Any, Any]:
        middle = 0.5 * lower + 0.5 * upper
        counts = sequence.count_below(middle)
        lower = where(counts <= targets, middle, lower)
        upper = where(counts > targets, middle, upper)
        return i + 1, lower, upper

    _, lower, upper = while_loop(is_wide, halved, [0, lower, upper])
    middle: Tensor = 0.5 * lower + 0.5 * upper
    return middle


# -- eigenvectors ------------------------------------------------------------------


def _eigenvectors(alpha: Tensor, beta: Tensor, values: Tensor) -> Tensor:
    with name_scope("compute_eigenvectors"):
        count, size = array.size(values), array.size(alpha)
        alpha = cast(alpha, dtype=beta.dtype)
        begins, ends = _clusters(values)
        cluster_count = array.size(ends)
        drawn = stateless_normal(shape=(count, size), seed=list(_SEED))
        vectors = cast(drawn, dtype=beta.dtype)
        lengths = norm(vectors, axis=1)
        vectors = vectors / lengths[:, None]
        if lengths.shape.is_fully_defined():
            no_lengths = constant(0, shape=lengths.shape, dtype=lengths.dtype)
        else:  # TF: fails, so that there are no eigenvectors with "v"
            no_lengths = array.zeros_like(lengths)
        shifts = cast(values, dtype=beta.dtype)
        shifted = alpha[None, :] - shifts[:, None]
        beta = tile(beta[None, :], [count, 1])
        diagonals = [beta, shifted, conj(beta)]

        def orthogonal_cluster(i: Any, vectors: Any) -> tuple[Any, Any]:
            begin, end = begins[i], ends[i]
            rows = array.expand_dims(number_range(begin, end), -1)
            q, _ = qr(array.matrix_transpose(vectors[begin:end, :]))
            changed = array.matrix_transpose(q)
            vectors = tensor_scatter_nd_update(vectors, rows, changed)
            return i + 1, vectors

        def is_growing(i: Any, _: Any, lengths: Any, old_lengths: Any) -> Tensor:
            growth = constant(_LEAST_GROWTH, dtype=lengths.dtype)
            is_left = less(i, _MOST_INVERSE_ITERATIONS)
            found, wanted = real(lengths), real(growth * old_lengths)
            has_grown = greater_equal(found, wanted)
            return logical_and(is_left, reduce_tensor("Any", has_grown))

        def iterated(i: Any, vectors: Any, lengths: Any, _: Any) -> tuple[Any, ...]:
            vectors = tridiagonal_solve(
                diagonals,
                vectors,
                diagonals_format="sequence",
                partial_pivoting=True,
                perturb_singular=True,
            )
            old_lengths = lengths
            lengths = norm(vectors, axis=1)
            vectors = vectors / lengths[:, None]
            _, vectors = while_loop(
                lambda i, _vectors: less(i, cluster_count),
                orthogonal_cluster,
                [0, vectors],
            )
            return i + 1, vectors, lengths, old_lengths

        _, vectors, _, _ = while_loop(
            is_growing, iterated, [0, vectors, lengths, no_lengths]
        )
        return array.matrix_transpose(vectors)


def _clusters(values: Tensor) -> tuple[Tensor, Tensor]:
    """Where eigenvalues that are close to each other begin and end."""
    gaps = values[1:] - values[:-1]
    epsilon = np.finfo(values.dtype.as_numpy_dtype).eps
    largest = maximum(absolute(values[0]), absolute(values[-1]))
    is_close = less(gaps, np.sqrt(epsilon) * largest)
    close_to_left = array.concat([[False], is_close], axis=0)
    close_to_right = array.concat([is_close, [False]], axis=0)
    is_begin = logical_and(logical_not(close_to_left), close_to_right)
    begins = array.squeeze(array.where(is_begin), axis=-1)
    is_end = logical_and(close_to_left, logical_not(close_to_right))
    ends = array.squeeze(array.where(is_end), axis=-1) + 1
    return begins, ends
