"""Nodes of functions on diagonals.

Source: tensorflow python/ops/array_ops.py matrix_diag, matrix_diag_part,
matrix_set_diag.
"""

from __future__ import annotations

from typing import Any

from metagraft.graph.apply_op import op
from metagraft.graph.tensor import Tensor


def _padding(tensor: Any, padding_value: Any) -> Any:
    """The padding as a value of the operand's type, where Python would not tell."""
    if getattr(tensor, "dtype", None) == "bool":
        return bool(padding_value)
    return padding_value


def matrix_diag(
    diagonal: Any,
    name: str | None = "diag",
    k: Any = 0,
    num_rows: Any = -1,
    num_cols: Any = -1,
    padding_value: Any = 0,
    align: str = "RIGHT_LEFT",
) -> Tensor:
    """Return matrices with the given diagonals, `padding_value` elsewhere.

    Args:
        diagonal: `[..., length]`, or `[..., diagonals, length]` for several.
        name: Name of the operation.
        k: A diagonal (0 is the main one, 1 above it), or the lowest and highest.
        num_rows: Rows; -1 takes as few as possible.
        num_cols: Columns; -1 takes as few as possible.
        padding_value: What is outside of the diagonals.
        align: Where shorter diagonals are padded, as in `MatrixDiagV3`.
    """
    result: Tensor = op(
        "MatrixDiagV3",
        diagonal=diagonal,
        k=k,
        num_rows=num_rows,
        num_cols=num_cols,
        padding_value=_padding(diagonal, padding_value),
        align=align,
        name=name,
    )
    return result


def matrix_diag_part(
    input: Any,
    name: str | None = "diag_part",
    k: Any = 0,
    padding_value: Any = 0,
    align: str = "RIGHT_LEFT",
) -> Tensor:
    """Return diagonals of matrices, shorter ones padded; see `matrix_diag`."""
    result: Tensor = op(
        "MatrixDiagPartV3",
        input=input,
        k=k,
        padding_value=_padding(input, padding_value),
        align=align,
        name=name,
    )
    return result


def matrix_set_diag(
    input: Any,
    diagonal: Any,
    name: str | None = "set_diag",
    k: Any = 0,
    align: str = "RIGHT_LEFT",
) -> Tensor:
    """Return matrices with some diagonals replaced; see `matrix_diag`."""
    result: Tensor = op(
        "MatrixSetDiagV3", input=input, diagonal=diagonal, k=k, align=align, name=name
    )
    return result
