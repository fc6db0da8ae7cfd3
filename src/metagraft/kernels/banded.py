"""Matrices with few diagonals; twin of `ops/banded.py`.

Source: tensorflow core/kernels/linalg/tridiagonal_solve_op.cc,
tridiagonal_matmul_op.cc, banded_triangular_solve_op.cc; LAPACK xGTSV, xLAGTF, xLAGTS.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from metagraft.errors import InvalidArgumentError
from metagraft.graph.shapes import show
from metagraft.kernels.kernel import Array, Kernel
from metagraft.kernels.namespace import is_host, jax_numpy, lax, namespace
from metagraft.kernels.native_loop import native, on_cpu

__all__ = ["KERNELS"]

_PERTURBATIONS = 4  # of one pivot; each is twice the one before
# XLA makes a loop of no more than a step or two something else, and divides the work of
# a step with more bytes among threads; neither may be in one function.
_STEPS_MIN = 8
_BYTES_MAX = 1 << 14


def tridiagonal_mat_mul(
    _attrs: Any, superdiag: Array, maindiag: Array, subdiag: Array, rhs: Array
) -> tuple[Array]:
    _check_diagonals(superdiag, maindiag, subdiag, rhs)
    xp = namespace(superdiag, maindiag, subdiag, rhs)
    above, middle, below = (
        xp.swapaxes(diagonal, -1, -2) for diagonal in (superdiag, maindiag, subdiag)
    )
    zeros = xp.zeros_like(rhs[..., :1, :])
    following = xp.concatenate([rhs[..., 1:, :], zeros], axis=-2)
    previous = xp.concatenate([zeros, rhs[..., :-1, :]], axis=-2)
    return (above * following + middle * rhs + below * previous,)


def _check_diagonals(*operands: Array) -> None:
    """Refuse diagonals that are not those of a square matrix.

    Raises:
        InvalidArgumentError: They are not.
    """
    names = ("superdiagonal", "main diagonal", "subdiagonal")
    *diagonals, rhs = (operand.shape for operand in operands)
    text = ""
    if len(diagonals[0]) < 2:
        text = f"Input tensor 0 must have rank >= 2, got {len(diagonals[0])}"
    elif {*map(len, diagonals)} != {len(rhs)}:
        text = "All input tensors must have the same rank."
    elif any(shape[:-2] != rhs[:-2] for shape in diagonals):
        text = "All input tensors must have the same outer dimensions."
    else:
        for name, shape in zip(names, diagonals, strict=True):
            if shape[-2:] != (1, rhs[-2]):
                text = text or f"Invalid {name} shape."
    if text:
        raise InvalidArgumentError(None, None, text)


def _check_systems(diagonals: Array, rhs: Array) -> None:
    """Refuse operands that are no systems.

    Raises:
        InvalidArgumentError: They are not.
    """
    text = ""
    if diagonals.ndim < 2:
        text = f"Input tensor 0 must have rank >= 2, got {diagonals.ndim}"
    elif diagonals.ndim != rhs.ndim:
        text = "All input tensors must have the same rank."
    elif diagonals.shape[:-2] != rhs.shape[:-2]:
        text = "All input tensors must have the same outer dimensions."
    elif diagonals.shape[-2] != 3:
        text = (
            "Expected diagonals to be provided as a matrix with 3 rows, got "
            f"{diagonals.shape[-2]} rows."
        )
    elif diagonals.shape[-1] != rhs.shape[-2]:
        text = (
            "Expected the same number of left-hand sides and right-hand sides, got "
            f"{diagonals.shape[-1]} and {rhs.shape[-2]}."
        )
    if text:
        raise InvalidArgumentError(None, None, text)


def tridiagonal_solve(attrs: Any, diagonals: Array, rhs: Array) -> tuple[Array]:
    _check_systems(diagonals, rhs)
    xp = namespace(diagonals, rhs)
    size, count = rhs.shape[-2:]
    if not math.prod(rhs.shape):
        return (rhs,)
    bands = xp.asarray(diagonals).reshape(-1, 3, size)
    values = xp.asarray(rhs).reshape(-1, size, count)
    is_plain = attrs["partial_pivoting"] and not attrs["perturb_singular"]
    if xp is np and is_plain and len(bands) <= size:
        return (_solved_one_by_one(bands, values).reshape(rhs.shape),)
    with np.errstate(all="ignore"):
        if attrs["partial_pivoting"]:
            solved = _pivoted(bands, values, is_perturbed=attrs["perturb_singular"])
        else:
            solved = _thomas(bands, values)
    return (solved.reshape(rhs.shape),)


def _solved_one_by_one(bands: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Solve few large systems on the host, each with LAPACK's xGTSV."""
    from scipy import linalg  # type: ignore[import-untyped]

    solved = np.full(values.shape, _nothing(values), values.dtype)
    for i, (above, middle, below) in enumerate(bands):
        rows = np.zeros_like(bands[i])
        rows[0, 1:], rows[1], rows[2, :-1] = above[:-1], middle, below[1:]
        with contextlib.suppress(np.linalg.LinAlgError):
            solved[i] = linalg.solve_banded((1, 1), rows, values[i], check_finite=False)
    return solved


def _scan(
    step: Callable[[Any, Any], tuple[Any, Any]],
    carry: Any,
    rows: tuple[Array, ...],
    *,
    reverse: bool = False,
) -> tuple[Any, tuple[Array, ...]]:
    """Apply `step` row by row; returns the last carry and what the steps gave."""
    if namespace(*rows) is not np:

        def every_step(carry: Any, rows: tuple[Array, ...]) -> Any:
            return lax().scan(step, carry, rows, reverse=reverse)

        widest = max(x.dtype.itemsize * math.prod(x.shape[1:]) for x in rows)
        if len(rows[0]) < _STEPS_MIN or widest > _BYTES_MAX:
            return every_step(carry, rows)
        # (10 systems of 1,000 without exchanges: 0.1 ms, 15 not as one function.)
        return on_cpu(native(every_step), every_step)(carry, rows)
    count = len(rows[0])
    given: list[Any] = [None] * count
    for i in reversed(range(count)) if reverse else range(count):
        carry, given[i] = step(carry, type(rows)(*(x[i] for x in rows)))
    if not count:
        _, like = step(
            carry, type(rows)(*(np.zeros(x.shape[1:], x.dtype) for x in rows))
        )
        return carry, tuple(np.zeros((0, *x.shape), x.dtype) for x in like)
    return carry, tuple(np.stack(column) for column in zip(*given, strict=True))


def _nothing(x: Array) -> Array:
    """TF: what its kernel takes for NaN is zero in complex types."""
    return x.dtype.type(0 if x.dtype.kind == "c" else np.nan)


class _Row(NamedTuple):
    """Row i of the triangular factor, and of the operand it goes with."""

    pivot: Array  # [batch]
    first: Array  # [batch], the element right of the pivot
    scale: Array  # [batch]
    value: Array  # [batch, count]


class _Next(NamedTuple):
    """Row i + 1 of the matrix."""

    above: Array
    middle: Array
    below: Array
    value: Array


class _Factor(NamedTuple):
    """Rows of the triangular factor: pivots, two elements right of them, operands."""

    pivots: Array
    firsts: Array
    seconds: Array
    values: Array


def _rows(bands: Array, values: Array) -> _Next:
    """Return the rows of matrices along the first axis."""
    xp = namespace(bands, values)
    above, middle, below = (xp.moveaxis(bands[:, i], 1, 0) for i in range(3))
    # What lies outside of the matrix may be anything.
    zeros = xp.zeros_like(above[:1])
    above = xp.concatenate([above[:-1], zeros])
    below = xp.concatenate([zeros, below[1:]])
    return _Next(above, middle, below, xp.moveaxis(values, 1, 0))


def _pivoted(bands: Array, values: Array, *, is_perturbed: bool) -> Array:
    """Gaussian elimination that exchanges neighbouring rows."""
    xp = namespace(bands, values)
    rows = _rows(bands, values)

    def step(carry: tuple[_Row, Array], row: _Next) -> tuple[Any, Any]:
        top, is_singular = carry
        scale = xp.abs(row.below) + xp.abs(row.middle) + xp.abs(row.above)
        swap = _swaps(top, row, scale, is_scaled=is_perturbed)
        is_singular = is_singular | (~swap & (top.pivot == 0))
        divisor = xp.where(swap, row.below, top.pivot)
        dividend = xp.where(swap, top.pivot, row.below)
        factor = xp.where(dividend == 0, dividend, dividend / divisor)
        pivot = xp.where(
            swap, top.first - factor * row.middle, row.middle - factor * top.first
        )
        first = xp.where(swap, -factor * row.above, row.above)
        pick, by = swap[:, None], factor[:, None]
        value = xp.where(pick, top.value - by * row.value, row.value - by * top.value)
        done = (
            divisor,
            xp.where(swap, row.middle, top.first),
            xp.where(swap, row.above, xp.zeros_like(row.above)),
            xp.where(pick, row.value, top.value),
        )
        scale = xp.where(swap, top.scale, scale)
        return (_Row(pivot, first, scale, value), is_singular), done

    start_scale = xp.abs(rows.middle[0]) + xp.abs(rows.above[0])
    start = _Row(rows.middle[0], rows.above[0], start_scale, rows.value[0])
    nowhere = xp.zeros(start.pivot.shape, bool)
    (last, is_singular), done = _scan(
        step, (start, nowhere), _Next(*(x[1:] for x in rows))
    )
    zeros = xp.zeros_like(last.pivot)
    end = (last.pivot, zeros, zeros, last.value)
    pivots, firsts, seconds, right = (
        xp.concatenate([x, y[None]]) for x, y in zip(done, end, strict=True)
    )
    tolerance = None
    if is_perturbed:
        largest = xp.max(xp.abs(xp.stack([pivots, firsts, seconds])), axis=(0, 1))
        tolerance = largest * np.finfo(largest.dtype).eps
    solved = _substituted(pivots, firsts, seconds, right, tolerance)
    is_singular = (is_singular | (last.pivot == 0)) & (tolerance is None)
    return xp.where(is_singular[:, None, None], _nothing(solved), solved)


def _swaps(top: _Row, row: _Next, scale: Array, *, is_scaled: bool) -> Array:
    xp = namespace(top.pivot, row.below)
    upper, lower = xp.abs(top.pivot), xp.abs(row.below)
    if not is_scaled:
        return upper < lower
    upper = xp.where(upper == 0, upper, upper / top.scale)
    return (lower != 0) & (xp.where(lower == 0, lower, lower / scale) > upper)


def _substituted(
    pivots: Array, firsts: Array, seconds: Array, values: Array, tolerance: Array | None
) -> Array:
    """Solve with the triangular factor, from the last row on."""
    xp = namespace(pivots, values)

    def step(carry: tuple[Array, Array], row: _Factor) -> tuple[Any, Any]:
        after, behind = carry
        pivot, first, second, value = row
        value = value - first[:, None] * after - second[:, None] * behind
        if tolerance is not None:
            pivot = _perturbed(pivot, value, tolerance)
        solved = value / pivot[:, None]
        return (solved, after), (solved,)

    zeros = xp.zeros_like(values[0])
    rows = _Factor(pivots, firsts, seconds, values)
    _, (solved,) = _scan(step, (zeros, zeros), rows, reverse=True)
    return xp.moveaxis(solved, 0, 1)


def _perturbed(pivot: Array, value: Array, tolerance: Array) -> Array:
    """Move a pivot away from zero until nothing overflows."""
    xp = namespace(pivot, value)
    smallest = np.finfo(tolerance.dtype).tiny
    largest = xp.max(xp.abs(value), axis=1)
    step = xp.copysign(xp.maximum(tolerance, smallest), xp.real(pivot))
    for _ in range(_PERTURBATIONS):
        size = xp.abs(pivot)
        overflows = (size == 0) | (largest * smallest > size)
        moved = pivot + step.astype(pivot.dtype)
        pivot = xp.where((size < 1) & overflows, moved, pivot)
        step = step * 2
    return pivot


def _thomas(bands: Array, values: Array) -> Array:
    """Elimination without exchanges."""
    xp = namespace(bands, values)
    rows = _rows(bands, values)

    def step(carry: Any, row: _Next) -> tuple[Any, Any]:
        factor, value, is_singular = carry
        pivot = row.middle - row.below * factor
        is_singular = is_singular | (pivot == 0)
        factor = row.above / pivot
        value = (row.value - row.below[:, None] * value) / pivot[:, None]
        return (factor, value, is_singular), (factor, value)

    zeros = xp.zeros_like(rows.middle[0])
    start = (zeros, xp.zeros_like(rows.value[0]), xp.zeros(zeros.shape, bool))
    (_, _, is_singular), (factors, right) = _scan(step, start, rows)
    ones = xp.ones_like(factors)
    solved = _substituted(ones, factors, xp.zeros_like(ones), right, None)
    return xp.where(is_singular[:, None, None], _nothing(solved), solved)


def banded_triangular_solve(attrs: Any, matrix: Array, rhs: Array) -> tuple[Array]:
    for place, operand in enumerate((matrix, rhs)):
        if operand.ndim < 2:
            raise InvalidArgumentError(
                None, None, f"In[{place}] ndims must be >= 2: {operand.ndim}"
            )
        if not operand.size:
            raise InvalidArgumentError(
                None,
                None,
                f"In[{place}] must not be an empty tensor: "
                f"Tensor<{show(operand.shape)}>",
            )
    jnp = jax_numpy()
    bands, size = matrix.shape[-2:]
    is_lower = attrs["lower"]
    if size != rhs.shape[-2]:
        raise InvalidArgumentError(
            None,
            None,
            f"In[0] mismatch In[1] shape: {size} vs. {rhs.shape[-2]}:"
            f" {show(matrix.shape)} {show(rhs.shape)} {int(is_lower)}"
            f" {int(attrs['adjoint'])}",
        )
    _refuse_zero_pivots(matrix[..., 0 if is_lower else bands - 1, :])
    row, column = np.indices((size, size))
    distance = row - column if is_lower else column - row
    is_inside = (distance >= 0) & (distance < bands)
    band = distance if is_lower else bands - 1 - distance
    band = np.where(is_inside, band, 0)
    dense = jnp.where(is_inside, jnp.asarray(matrix)[..., band, row], 0)
    batch = np.broadcast_shapes(matrix.shape[:-2], rhs.shape[:-2])
    solved = lax().linalg.triangular_solve(
        jnp.broadcast_to(dense, (*batch, size, size)),
        jnp.broadcast_to(rhs, (*batch, *rhs.shape[-2:])),
        left_side=True,
        lower=is_lower,
        transpose_a=attrs["adjoint"],
        conjugate_a=attrs["adjoint"],
    )
    return (solved.astype(rhs.dtype),)


def _refuse_zero_pivots(pivots: Array) -> None:
    """A compiled program gives infinities instead."""
    if is_host(pivots) and pivots.size and not np.all(pivots):
        raise InvalidArgumentError(None, None, "Input matrix is not invertible.")


KERNELS = {
    "BandedTriangularSolve": Kernel(banded_triangular_solve),
    "TridiagonalMatMul": Kernel(tridiagonal_mat_mul),
    "TridiagonalSolve": Kernel(tridiagonal_solve),
}
