"""Nodes of ragged tensors, as TensorFlow's Python functions add them.

Source: tensorflow python/ops/ragged/ragged_math_ops.py.
"""

from __future__ import annotations

from typing import Any, Final

from metagraft.graph import dtypes
from metagraft.graph.apply_op import op
from metagraft.graph.build.math import cast
from metagraft.graph.conversion import convert_to_tensor
from metagraft.graph.scopes import name_scope
from metagraft.graph.tensor import Tensor

__all__ = ["range_parts"]

_WIDENING: Final = (dtypes.int32, dtypes.int64, dtypes.float32, dtypes.float64)


def range_parts(
    starts: Any,
    limits: Any = None,
    deltas: Any = 1,
    dtype: Any = None,
    name: str | None = None,
    row_splits_dtype: Any = dtypes.int64,
) -> tuple[Tensor, Tensor]:
    """Return where rows begin and end, and the values of all ranges.

    Args:
        starts: The first number of each row; the limits if there are none.
        limits: What each row ends before.
        deltas: The steps.
        dtype: The type of the numbers; by default the widest that is given.
        name: Name of the operation.
        row_splits_dtype: int32 or int64.
    """
    if limits is None:
        starts, limits = 0, starts
    with name_scope(name, "RaggedRange", [starts, limits, deltas]) as scope:
        numbers = [
            convert_to_tensor(value, dtype=dtype, name=what)
            for value, what in (
                (starts, "starts"),
                (limits, "limits"),
                (deltas, "deltas"),
            )
        ]
        if dtype is None:
            widest = max((n.dtype for n in numbers), key=_WIDENING.index)
            numbers = [cast(number, widest) for number in numbers]
        splits, values = op(
            "RaggedRange",
            starts=numbers[0],
            limits=numbers[1],
            deltas=numbers[2],
            Tsplits=dtypes.as_dtype(row_splits_dtype),
            name=scope,
        )
        return splits, values
