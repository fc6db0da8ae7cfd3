"""Diagonals of matrices; twin of `ops/matrix_diag.py`.

A band of diagonals is stored as `[..., num_diags, length]`, uppermost first, each
aligned to the left or the right; where only one diagonal is meant, as `[..., length]`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from metagraft.errors import InvalidArgumentError
from metagraft.graph.shapes import show
from metagraft.kernels.kernel import Array, Kernel
from metagraft.kernels.namespace import is_host, namespace
from metagraft.ops.matrix_diag import DiagAttrs, matrix_sizes


@dataclass(frozen=True, slots=True)
class _Band:
    """Diagonals `lower` to `upper` of a matrix of `rows` x `columns`."""

    lower: int
    upper: int
    rows: int
    columns: int
    attrs: DiagAttrs

    @property
    def count(self) -> int:
        return self.upper - self.lower + 1

    @property
    def length(self) -> int:
        """Of the longest diagonal."""
        return min(self.rows + min(self.upper, 0), self.columns - max(self.lower, 0))

    def diagonal(self, d: int) -> tuple[int, int]:
        """Length of diagonal `d`, and where it begins in its row of the storage."""
        length = min(self.rows + min(d, 0), self.columns - max(d, 0))
        if self.attrs.is_left_aligned(d):
            return length, 0
        return length, self.length - length


def _invalid(text: str) -> InvalidArgumentError:
    return InvalidArgumentError(None, None, text)


def _require_rank(name: str, x: Array, rank: int) -> None:
    if len(np.shape(x)) < rank:
        raise _invalid(
            f"{name} must be at least {rank}-dim, received shape: {show(np.shape(x))}"
        )


def _bounds(k: Array) -> tuple[int, int]:
    values = [int(v) for v in np.reshape(k, -1)]
    if len(values) not in (1, 2):
        raise _invalid(
            "diag_index must have only one or two elements, received"
            f" {len(values)} elements."
        )
    if values[0] > values[-1]:
        raise _invalid(
            "lower_diag_index must not be larger than upper_diag_index: "
            f"{values[0]} > {values[-1]}"
        )
    return values[0], values[-1]


def _checked(band: _Band) -> _Band:
    rows, columns = band.rows, band.columns
    for name, d in (("lower", band.lower), ("upper", band.upper)):
        if not -rows < d < columns and not (d == 0 and 0 in (rows, columns)):
            raise InvalidArgumentError(
                None,
                None,
                f"{name}_diag_index is out of bound: {d}. It must be between {-rows}"
                f" and {columns}",
            )
    return band


# -- a band as a matrix ------------------------------------------------------------


def _spread(xp: Any, diagonal: Array, band: _Band) -> tuple[Array, Array]:
    """Return the band's values at their places, and the mask of these places."""
    row = xp.arange(band.rows)[:, None]
    column = xp.arange(band.columns)[None, :]
    place = column - row
    inside = (place >= band.lower) & (place <= band.upper)
    if band.count == 1:
        return _spread_one(xp, diagonal, band), inside
    begins = np.array(
        [band.diagonal(d)[1] for d in range(band.upper, band.lower - 1, -1)]
    )
    which = xp.clip(band.upper - place, 0, band.count - 1)
    position = xp.minimum(row, column) + xp.asarray(begins)[which]
    position = xp.clip(position, 0, max(band.length - 1, 0))
    return diagonal[..., which, position], inside


def _spread_one(xp: Any, diagonal: Array, band: _Band) -> Array:
    """One diagonal, repeated over columns (or over rows, if it lies below)."""
    along_rows = band.upper >= 0
    wanted = band.rows if along_rows else band.columns
    missing = wanted - diagonal.shape[-1]
    if missing > 0:
        fill_value: Any = b"" if diagonal.dtype == np.dtype(object) else 0
        shape = (*diagonal.shape[:-1], missing)
        tail = xp.full(shape, fill_value, diagonal.dtype)
        diagonal = xp.concatenate([diagonal, tail], axis=-1)
    diagonal = diagonal[..., :wanted]
    return diagonal[..., :, None] if along_rows else diagonal[..., None, :]


def _set_band(matrix: Array, diagonal: Array, band: _Band) -> Array:
    xp = namespace(matrix, diagonal)
    values, inside = _spread(xp, xp.asarray(diagonal), band)
    return xp.where(inside, values, matrix)


def matrix_diag(attrs: DiagAttrs, diagonal: Array) -> tuple[Array]:
    zero: Any = np.zeros((), diagonal.dtype)
    return _matrix_of(attrs, diagonal, 0, 0, -1, -1, zero)


def matrix_diag_v3(
    attrs: DiagAttrs,
    diagonal: Array,
    k: Array,
    num_rows: Array,
    num_cols: Array,
    padding_value: Array,
) -> tuple[Array]:
    lower, upper = _bounds(k)
    if np.ndim(padding_value):
        raise _invalid("padding_value must be a scalar")
    rows, columns = int(np.reshape(num_rows, ())), int(np.reshape(num_cols, ()))
    return _matrix_of(attrs, diagonal, lower, upper, rows, columns, padding_value)


def _matrix_of(
    attrs: DiagAttrs,
    diagonal: Array,
    lower: int,
    upper: int,
    rows: int,
    columns: int,
    padding: Array,
) -> tuple[Array]:
    _require_rank("diagonal", diagonal, 1 if lower == upper else 2)
    length = np.shape(diagonal)[-1]
    rows, columns = matrix_sizes(length, lower, upper, rows, columns)
    band = _Band(lower, upper, rows, columns, attrs)
    if lower != upper and np.shape(diagonal)[-2] != band.count:
        raise _invalid(
            "The number of diagonals provided in the input does not match the"
            " lower_diag_index and upper_diag_index range."
        )
    batch = np.shape(diagonal)[: -1 if lower == upper else -2]
    xp = namespace(diagonal, padding)
    blank = xp.broadcast_to(padding, (*batch, rows, columns))
    return (_set_band(blank, diagonal, band),)


def matrix_set_diag(attrs: DiagAttrs, matrix: Array, diagonal: Array) -> tuple[Array]:
    _require_rank("input", matrix, 2)
    _require_rank("diagonal", diagonal, 1)
    return matrix_set_diag_v3(attrs, matrix, diagonal, np.int32(0))


def matrix_set_diag_v3(
    attrs: DiagAttrs, matrix: Array, diagonal: Array, k: Array
) -> tuple[Array]:
    _require_rank("input", matrix, 2)
    _require_rank("diagonal", diagonal, 1)
    dims, given = np.shape(matrix), np.shape(diagonal)
    band = _checked(_Band(*_bounds(k), dims[-2], dims[-1], attrs))
    if band.count != 1 and (len(given) != len(dims) or given[-2] != band.count):
        raise _invalid(
            "The number of diagonals provided in `diag` is not consistent with "
            "`lower_diag_index` and `upper_diag_index`"
        )
    inner = (band.length,) if band.count == 1 else (band.count, band.length)
    expected = (*dims[:-2], *inner)
    if given != expected:
        raise _invalid(
            "Either first dimensions of diagonal don't match input.shape[:-2], or "
            "diagonal.shape[:-1] is not equal to the longests diagonal in range "
            "[lower_diag_index:upper_diag_index].\n"
            f"Input shape: {show(dims)}\nDiagonal shape: {show(given)}\n"
            f"Expected diagonal shape: {show(expected)}"
        )
    return (_set_band(matrix, diagonal, band),)


# -- a band of a matrix ------------------------------------------------------------


def matrix_diag_part(attrs: DiagAttrs, matrix: Array) -> tuple[Array]:
    del attrs
    _require_rank("input", matrix, 2)
    line = namespace(matrix).diagonal(matrix, axis1=-2, axis2=-1)
    return (line.copy(),)


def matrix_diag_part_v3(
    attrs: DiagAttrs, matrix: Array, k: Array, padding_value: Array
) -> tuple[Array]:
    _require_rank("input", matrix, 2)
    if np.size(padding_value) != 1:
        raise _invalid("Padding must be scalar.")
    rows, columns = np.shape(matrix)[-2:]
    band = _checked(_Band(*_bounds(k), rows, columns, attrs))
    xp = namespace(matrix, padding_value)
    lines = [
        _line(xp, matrix, d, band, padding_value)
        for d in range(band.upper, band.lower - 1, -1)
    ]
    return (lines[0] if band.count == 1 else xp.stack(lines, axis=-2),)


def _line(xp: Any, matrix: Array, d: int, band: _Band, padding: Array) -> Array:
    """Diagonal `d`, padded to the length of the longest."""
    line = xp.diagonal(matrix, offset=d, axis1=-2, axis2=-1)
    length, begin = band.diagonal(d)
    batch = line.shape[:-1]
    before = xp.broadcast_to(padding, (*batch, begin))
    after = xp.broadcast_to(padding, (*batch, band.length - begin - length))
    return xp.concatenate([before, line, after], axis=-1)


# -- others ------------------------------------------------------------------------


def _check_band(dims: tuple[int, ...], num_lower: Array, num_upper: Array) -> None:
    if len(dims) < 2:
        raise _invalid(f"input must be at least 2-dim, received shape: {show(dims)}")
    for label, count, size, name in (
        ("num_lower", num_lower, dims[-2], "rows"),
        ("num_upper", num_upper, dims[-1], "columns"),
    ):
        if is_host(count) and int(count) > size:
            raise InvalidArgumentError(
                None,
                None,
                f"{label} must be negative or less or equal to number of {name}"
                f" ({size}) got: {int(count)}",
            )


def matrix_band_part(
    attrs: DiagAttrs, matrix: Array, num_lower: Array, num_upper: Array
) -> tuple[Array]:
    """Zero all but `num_lower` diagonals below and `num_upper` above the main one."""
    del attrs
    xp = namespace(matrix, num_lower, num_upper)
    _check_band(np.shape(matrix), num_lower, num_upper)
    rows, columns = np.shape(matrix)[-2:]
    index = num_lower.dtype
    row = xp.arange(rows, dtype=index)[:, None]
    column = xp.arange(columns, dtype=index)[None, :]
    below = (num_lower < 0) | (row - column <= num_lower)
    above = (num_upper < 0) | (column - row <= num_upper)
    zero = np.zeros((), matrix.dtype)
    return (xp.where(below & above, matrix, zero),)


def diag(attrs: DiagAttrs, diagonal: Array) -> tuple[Array]:
    """`[d1, ..., dk]` -> `[d1, ..., dk, d1, ..., dk]`."""
    dims = np.shape(diagonal)
    if not dims:
        raise InvalidArgumentError(None, None, "Input must be at least rank 1, got 0")
    flat = namespace(diagonal).reshape(diagonal, -1)
    (square,) = matrix_diag(attrs, flat)
    return (square.reshape(dims + dims),)


def diag_part(attrs: DiagAttrs, tensor: Array) -> tuple[Array]:
    """`[d1, ..., dk, d1, ..., dk]` -> `[d1, ..., dk]`."""
    dims = np.shape(tensor)
    half = len(dims) // 2
    if len(dims) % 2:
        raise InvalidArgumentError(
            None,
            None,
            "The rank of the tensor should be even and positive, got shape"
            f" {show(dims)}",
        )
    for i in range(half):
        if dims[i] != dims[i + half]:
            raise InvalidArgumentError(
                None,
                None,
                f"Invalid shape {show(dims)}: dimensions {i} and {i + half} do not"
                " match.",
            )
    count = int(np.prod(dims[:half], dtype=np.int64))
    square = namespace(tensor).reshape(tensor, (count, count))
    (line,) = matrix_diag_part(attrs, square)
    return (line.reshape(dims[:half]),)


_SIZES = ("k", "num_rows", "num_cols")

KERNELS = {
    "Diag": Kernel(diag),
    "DiagPart": Kernel(diag_part),
    "MatrixDiag": Kernel(matrix_diag),
    "MatrixDiagV2": Kernel(matrix_diag_v3, static=_SIZES),
    "MatrixDiagV3": Kernel(matrix_diag_v3, static=_SIZES),
    "MatrixDiagPart": Kernel(matrix_diag_part),
    "MatrixDiagPartV2": Kernel(matrix_diag_part_v3, static=("k",)),
    "MatrixDiagPartV3": Kernel(matrix_diag_part_v3, static=("k",)),
    "MatrixSetDiag": Kernel(matrix_set_diag),
    "MatrixSetDiagV2": Kernel(matrix_set_diag_v3, static=("k",)),
    "MatrixSetDiagV3": Kernel(matrix_set_diag_v3, static=("k",)),
    "MatrixBandPart": Kernel(matrix_band_part),
    "BatchMatrixDiag": Kernel(matrix_diag),
    "BatchMatrixDiagPart": Kernel(matrix_diag_part),
    "BatchMatrixSetDiag": Kernel(matrix_set_diag),
    "BatchMatrixBandPart": Kernel(matrix_band_part),
}
