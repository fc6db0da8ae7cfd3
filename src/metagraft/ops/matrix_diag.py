"""Diagonals of matrices; kernels in `kernels/matrix_diag.py`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from metagraft.errors import InvalidArgumentError
from metagraft.graph.op_spec import OpSpec, Shapes
from metagraft.graph.shape_checks import (
    merged,
    with_rank,
    with_rank_at_least,
    with_rank_at_most,
)
from metagraft.graph.shapes import Dims
from metagraft.ops.matrix_diag_gradient import (
    diag_gradient,
    diag_part_gradient,
    matrix_band_part_gradient,
    matrix_diag_gradient,
    matrix_diag_part_gradient,
    matrix_diag_part_v3_gradient,
    matrix_diag_v3_gradient,
    matrix_set_diag_gradient,
    matrix_set_diag_v3_gradient,
)


@dataclass(frozen=True, slots=True)
class DiagAttrs:
    """On which side the shorter diagonals of a band are padded.

    Attributes:
        align: Such as `RIGHT_LEFT`: first the diagonals above, then those below.
    """

    align: str

    @classmethod
    def read(cls, attrs: Mapping[str, Any]) -> DiagAttrs:
        """Read the attributes of a node; ops without `align` store to the left."""
        if "align" not in attrs:
            return cls("LEFT_LEFT")
        return cls(attrs["align"].decode())

    def is_left_aligned(self, diagonal: int) -> bool:
        """Whether the elements of a diagonal begin at position 0."""
        above, below = self.align.split("_")
        return (diagonal >= 0 and above == "LEFT") or (
            diagonal <= 0 and below == "LEFT"
        )


def diag_shape(attrs: DiagAttrs, inputs: Shapes) -> Sequence[Dims]:
    """The dimensions twice."""
    del attrs
    dims = with_rank_at_least(inputs[0], 1)
    return (None if dims is None else dims + dims,)


def diag_part_shape(attrs: DiagAttrs, inputs: Shapes) -> Sequence[Dims]:
    """The first half of the dimensions, which the second half repeats."""
    del attrs
    dims = inputs[0]
    if dims is None:
        return (None,)
    if len(dims) % 2 or not dims:
        raise ValueError(
            f"Input must have even and non-zero rank, input rank is {len(dims)}"
        )
    half = len(dims) // 2
    return (merged(dims[:half], dims[half:]),)


def matrix_diag_shape(attrs: DiagAttrs, inputs: Shapes) -> Sequence[Dims]:
    """The last dimension twice."""
    del attrs
    dims = with_rank_at_least(inputs[0], 1)
    return (None if dims is None else (*dims, dims[-1]),)


def _bounds(inputs: Shapes, index: int) -> tuple[int, int] | None:
    with_rank_at_most(inputs[index], 1)
    value = inputs.value(index)
    if value is None:
        return None
    values = [int(v) for v in value.reshape(-1)]
    if len(values) not in (1, 2):
        raise ValueError(
            f"diag_index must be a vector with one or two elements, got {values}"
        )
    if values[0] > values[-1]:
        raise ValueError("lower_diag_index is greater than upper_diag_index")
    return values[0], values[-1]


def matrix_diag_v3_shape(attrs: DiagAttrs, inputs: Shapes) -> Sequence[Dims]:
    """A matrix of `num_rows` x `num_cols`, or as small as the band allows."""
    del attrs
    dims = with_rank_at_least(inputs[0], 1)
    with_rank_at_most(inputs[1], 1)
    for index in (2, 3, 4):
        with_rank(inputs[index], 0)
    bounds = None if dims is None else _bounds(inputs, 1)
    if dims is None or bounds is None:
        return (None,)
    lower, upper = bounds
    count = dims[-2:][0]
    # TF: also refuses an unknown number of diagonals.
    if lower < upper and count not in (None, upper - lower + 1):
        raise ValueError(
            "The number of rows of `diagonal` doesn't match the number of diagonals "
            f"implied from `d_lower` and `d_upper`.\nnum_diags = {count}, d_lower = "
            f"{lower}, d_upper = {upper}"
        )
    batch = dims[:-1] if lower == upper else dims[:-2]
    # TF: takes numbers that only the run knows for missing ones.
    rows, columns = (_given(inputs, i) for i in (2, 3))
    length = dims[-1]
    if length is None or rows is None or columns is None:
        known = [None if s in (None, -1) else s for s in (rows, columns)]
        return ((*batch, *known),)
    return ((*batch, *matrix_sizes(length, lower, upper, rows, columns)),)


def matrix_sizes(
    length: int, lower: int, upper: int, rows: int, columns: int
) -> tuple[int, int]:
    """Return rows and columns of the matrix that a band of diagonals belongs to.

    Args:
        length: The length of the longest diagonal.
        lower: The lowest diagonal.
        upper: The uppermost one.
        rows: The number of rows, or -1 for as few as there can be.
        columns: The same for columns.

    Raises:
        InvalidArgumentError: The diagonals do not fit into such a matrix.
    """
    least_rows, least_columns = length - min(upper, 0), length + max(lower, 0)
    if rows == -1 and columns == -1:
        rows = columns = max(least_rows, least_columns)
    elif rows == -1:
        rows = least_rows
    elif columns == -1:
        columns = least_columns
    if rows < least_rows or columns < least_columns:
        raise InvalidArgumentError(
            None,
            None,
            f"The number of rows and columns is too small: {rows} x {columns} for"
            f" diagonals {lower} to {upper} of length {length}",
        )
    if rows != least_rows and columns != least_columns:
        raise InvalidArgumentError(
            None,
            None,
            "The number of rows or columns is not consistent with the specified"
            f" d_lower, d_upper, and diagonal: {rows} x {columns}",
        )
    return rows, columns


def _given(inputs: Shapes, index: int) -> int | None:
    value = inputs.value(index)
    return None if value is None else int(value)


def matrix_diag_part_shape(attrs: DiagAttrs, inputs: Shapes) -> Sequence[Dims]:
    """The last two dimensions become the smaller one."""
    del attrs
    dims = with_rank_at_least(inputs[0], 2)
    return (None if dims is None else (*dims[:-2], _smaller(dims[-2], dims[-1])),)


def _smaller(a: int | None, b: int | None) -> int | None:
    if a == 0 or b == 0:
        return 0
    return None if a is None or b is None else min(a, b)


def matrix_diag_part_v3_shape(attrs: DiagAttrs, inputs: Shapes) -> Sequence[Dims]:
    """`[..., diagonals, length]`, or `[..., length]` for one diagonal."""
    del attrs
    dims = with_rank_at_least(inputs[0], 2)
    with_rank_at_most(inputs[1], 1)
    with_rank(inputs[2], 0)
    bounds = None if dims is None else _bounds(inputs, 1)
    if dims is None or bounds is None:
        return (None,)
    return (dims[:-2] + _band_dims(dims[-2], dims[-1], bounds),)


def _band_dims(
    rows: int | None, columns: int | None, bounds: tuple[int, int]
) -> tuple[int | None, ...]:
    lower, upper = bounds
    for name, d in (("lower", lower), ("upper", upper)):
        inside = (rows is None or -rows < d) and (columns is None or d < columns)
        if d and not inside:
            raise ValueError(f"{name}_diag_index is out of bound: {d}")
    length = None
    if rows is not None and columns is not None:
        length = min(rows + min(upper, 0), columns - max(lower, 0))
    return (length,) if lower == upper else (upper - lower + 1, length)


def matrix_set_diag_shape(attrs: DiagAttrs, inputs: Shapes) -> Sequence[Dims]:
    """The matrix, whose batch dimensions the diagonal shares."""
    del attrs
    dims = with_rank_at_least(inputs[0], 2)
    diagonal = with_rank_at_least(inputs[1], 1)
    if dims is None:
        return (None if diagonal is None else (*diagonal[:-1], None, None),)
    batch_and_length = (*dims[:-2], _smaller(dims[-2], dims[-1]))
    known = merged(batch_and_length, diagonal)
    assert known is not None
    return (known[:-1] + dims[-2:],)


def matrix_set_diag_v3_shape(attrs: DiagAttrs, inputs: Shapes) -> Sequence[Dims]:
    """The matrix, whose batch dimensions the diagonals share."""
    del attrs
    dims = with_rank_at_least(inputs[0], 2)
    diagonal = with_rank_at_least(inputs[1], 1)
    if dims is not None:
        diagonal = with_rank_at_most(diagonal, len(dims))
    bounds = _bounds(inputs, 2)
    if bounds is None:
        return (dims,)
    if dims is None:
        if diagonal is None:
            return (None,)
        batch = diagonal[:-1] if bounds[0] == bounds[1] else diagonal[:-2]
        return ((*batch, None, None),)
    # TF: knows no diagonals of a matrix of unknown size, and takes them for one.
    expected = dims[:-2] + _band_dims(dims[-2], dims[-1], bounds)
    known = merged(expected, with_rank(diagonal, len(expected)))
    assert known is not None
    return (known[: len(dims) - 2] + dims[-2:],)


def matrix_band_part_shape(attrs: DiagAttrs, inputs: Shapes) -> Sequence[Dims]:
    """Unchanged; that there are matrices is checked when they are known."""
    del attrs
    return (inputs[0],)


_SOURCE = "tensorflow core/ops/array_ops.cc"
_RULES: dict[str, tuple[Any, Any]] = {
    "Diag": (diag_shape, diag_gradient),
    "DiagPart": (diag_part_shape, diag_part_gradient),
    "MatrixDiag": (matrix_diag_shape, matrix_diag_gradient),
    "MatrixDiagV2": (matrix_diag_v3_shape, matrix_diag_v3_gradient),
    "MatrixDiagV3": (matrix_diag_v3_shape, matrix_diag_v3_gradient),
    "MatrixDiagPart": (matrix_diag_part_shape, matrix_diag_part_gradient),
    "MatrixDiagPartV2": (matrix_diag_part_v3_shape, matrix_diag_part_v3_gradient),
    "MatrixDiagPartV3": (matrix_diag_part_v3_shape, matrix_diag_part_v3_gradient),
    "MatrixSetDiag": (matrix_set_diag_shape, matrix_set_diag_gradient),
    "MatrixSetDiagV2": (matrix_set_diag_v3_shape, matrix_set_diag_v3_gradient),
    "MatrixSetDiagV3": (matrix_set_diag_v3_shape, matrix_set_diag_v3_gradient),
    "MatrixBandPart": (matrix_band_part_shape, matrix_band_part_gradient),
}
_LEGACY = {
    "BatchMatrixDiag": matrix_diag_shape,
    "BatchMatrixDiagPart": matrix_diag_part_shape,
    "BatchMatrixSetDiag": matrix_set_diag_shape,
    "BatchMatrixBandPart": matrix_band_part_shape,
}

OPS = (
    *(
        OpSpec(
            name=name,
            attrs=DiagAttrs.read,
            shape=shape,
            gradient=gradient,
            source=_SOURCE,
        )
        for name, (shape, gradient) in _RULES.items()
    ),
    *(
        OpSpec(name=name, attrs=DiagAttrs.read, shape=shape, source=_SOURCE)
        for name, shape in _LEGACY.items()
    ),
)
