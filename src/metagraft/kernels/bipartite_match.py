"""Pairs of rows and columns; twin of `ops/bipartite_match.py`.

Source: tensorflow 1.15 contrib/image/kernels/bipartite_match_op.cc.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from metagraft.errors import InvalidArgumentError
from metagraft.kernels.kernel import Array, Kernel


def _invalid(message: str) -> InvalidArgumentError:
    return InvalidArgumentError(None, None, message)


def bipartite_match(
    attrs: Any, distance_mat: Array, num_valid_rows: Array
) -> tuple[Array, Array]:
    """Take the closest pair, drop its row and its column, repeat.

    Returns:
        The column of each row and the row of each column, -1 where there is none.
    """
    if distance_mat.ndim != 2:
        raise _invalid(
            f"distance_mat should be 2-dimensional, but got {list(distance_mat.shape)}"
        )
    if num_valid_rows.size != 1:
        raise _invalid(
            "num_valid_rows argument should be a tensor with 1 element, but got"
            f" {num_valid_rows.size}"
        )
    rows, columns = distance_mat.shape
    wanted = float(num_valid_rows.reshape(()))
    valid = rows if wanted < 0 else int(wanted + 0.1)
    if rows < valid:
        raise _invalid(
            f"There should be at least {valid} rows in distance_mat, but only got"
            f" {rows} rows."
        )
    limit = attrs["top_k"] if attrs["top_k"] > 0 else valid * columns
    of_rows, of_columns = np.full(rows, -1, np.int32), np.full(columns, -1, np.int32)
    if valid and columns:
        left = distance_mat[:valid].astype(np.float64)
        for _ in range(min(limit, valid, columns)):
            row, column = np.unravel_index(np.argmin(left), left.shape)
            of_rows[row], of_columns[column] = column, row
            left[row], left[:, column] = np.inf, np.inf
    return of_rows, of_columns


KERNELS = {"BipartiteMatch": Kernel(bipartite_match, host=True)}
