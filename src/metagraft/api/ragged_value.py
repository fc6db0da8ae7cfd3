"""`tf.ragged.RaggedTensorValue`: what a run returns for a ragged tensor.

Source: tensorflow python/ops/ragged/ragged_tensor_value.py.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

__all__ = ["RaggedTensorValue"]


class RaggedTensorValue:
    """Values and where rows of them begin and end."""

    def __init__(self, values: Any, row_splits: Any) -> None:
        """Make one of an array, or of a `RaggedTensorValue`, and a vector.

        Raises:
            TypeError: They are something else.
            ValueError: Row splits have two types.
        """
        is_vector = (
            isinstance(row_splits, np.ndarray | np.generic)
            and row_splits.dtype in (np.int64, np.int32)
            and row_splits.ndim == 1
        )
        if not is_vector:
            raise TypeError("row_splits must be a 1D int32 or int64 numpy array")
        if not isinstance(values, np.ndarray | np.generic | RaggedTensorValue):
            raise TypeError("values must be a numpy array or a RaggedTensorValue")
        if (
            isinstance(values, RaggedTensorValue)
            and row_splits.dtype != values.row_splits.dtype
        ):
            raise ValueError(
                "row_splits and values.row_splits must have the same dtype"
            )
        self._values = values
        self._row_splits = row_splits

    @property
    def row_splits(self) -> Any:
        """Where rows begin and end."""
        return self._row_splits

    @property
    def values(self) -> Any:
        """The values of all rows."""
        return self._values

    @property
    def dtype(self) -> Any:
        """The type of the elements."""
        return self._values.dtype

    @property
    def flat_values(self) -> Any:
        """The innermost values."""
        values = self._values
        while isinstance(values, RaggedTensorValue):
            values = values.values
        return values

    @property
    def nested_row_splits(self) -> tuple[Any, ...]:
        """The splits of every ragged axis, the outermost first."""
        inner = self._values
        if isinstance(inner, RaggedTensorValue):
            return (self._row_splits, *inner.nested_row_splits)
        return (self._row_splits,)

    @property
    def ragged_rank(self) -> int:
        """How many axes are ragged."""
        return len(self.nested_row_splits)

    @property
    def shape(self) -> tuple[int | None, ...]:
        """The shape; None for ragged axes."""
        return (len(self._row_splits) - 1, None, *self._values.shape[1:])

    def to_list(self) -> list[Any]:
        """Return the rows as lists."""
        values = self._values
        items: list[Any] = (
            values.to_list()
            if isinstance(values, RaggedTensorValue)
            else values.tolist()
        )
        return [items[start:end] for start, end in pairwise(self._row_splits)]

    def __str__(self) -> str:
        """Show the rows."""
        return f"<tf.RaggedTensorValue {self.to_list()}>"

    def __repr__(self) -> str:
        """Show the parts."""
        return (
            f"tf.RaggedTensorValue(values={self._values!r},"
            f" row_splits={self._row_splits!r})"
        )
