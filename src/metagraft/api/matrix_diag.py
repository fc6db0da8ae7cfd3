"""Diagonals and bands of matrices."""

from __future__ import annotations

from typing import Any

from metagraft.graph.apply_op import op
from metagraft.graph.build.matrix_diag import (
    matrix_diag,
    matrix_diag_part,
    matrix_set_diag,
)
from metagraft.graph.tensor import Tensor

__all__ = [
    "diag",
    "diag_part",
    "matrix_band_part",
    "matrix_diag",
    "matrix_diag_part",
    "matrix_set_diag",
]


def diag(diagonal: Any, name: str | None = None) -> Tensor:
    """Return `[d1, ..., dk, d1, ..., dk]` with `diagonal` on its diagonal."""
    result: Tensor = op("Diag", diagonal=diagonal, name=name)
    return result


def diag_part(input: Any, name: str | None = None) -> Tensor:
    """Return the diagonal of `[d1, ..., dk, d1, ..., dk]`."""
    result: Tensor = op("DiagPart", input=input, name=name)
    return result


def matrix_band_part(
    input: Any, num_lower: Any, num_upper: Any, name: str | None = None
) -> Tensor:
    """Set to zero what is outside of a band around the main diagonal.

    Args:
        input: `[..., rows, columns]`.
        num_lower: Diagonals kept below the main one; all if negative.
        num_upper: Diagonals kept above it; all if negative.
        name: Name of the operation.
    """
    result: Tensor = op(
        "MatrixBandPart",
        input=input,
        num_lower=num_lower,
        num_upper=num_upper,
        name=name,
    )
    return result
