"""Sums of several tensors.

Source: tensorflow python/ops/math_ops.py add_n.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from metagraft.graph.apply_op import op
from metagraft.graph.composite import IndexedSlices
from metagraft.graph.conversion import (
    convert_to_tensor,
    internal_convert_to_tensor_or_indexed_slices,
)
from metagraft.graph.tensor import Tensor


def add_n(inputs: Any, name: str | None = None) -> Tensor:
    """Add tensors of one shape and type; slices among them are made dense.

    Raises:
        ValueError: `inputs` is empty or cannot be iterated over.
    """
    is_list = isinstance(inputs, Iterable) and not isinstance(inputs, Tensor)
    values = [
        internal_convert_to_tensor_or_indexed_slices(item)
        for item in (inputs if is_list else ())
    ]
    if not values:
        raise ValueError(
            "Inputs must be an iterable of at least one "
            "Tensor/IndexedSlices with the same dtype and shape."
        )
    result: Tensor
    if len(values) == 1:
        only = values[0]
        if isinstance(only, IndexedSlices):
            only = convert_to_tensor(only)
        if name:
            result = op("Identity", input=only, name=name)
            return result
        result = only
        return result
    result = op("AddN", inputs=values, name=name)
    return result
