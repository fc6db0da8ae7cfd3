"""Nodes of branches: Switch and Merge.

Source: tensorflow python/ops/control_flow_ops.py switch, merge.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from metagraft.graph import dtypes
from metagraft.graph.apply_op import op as apply_op
from metagraft.graph.build.array import shape, shape_or_constant
from metagraft.graph.build.math import cast, number_range
from metagraft.graph.composite import IndexedSlices, SparseTensor
from metagraft.graph.conversion import convert_to_tensor
from metagraft.graph.scopes import colocate_with, name_scope
from metagraft.graph.structure import flatten, pack_like
from metagraft.graph.tensor import Tensor

__all__ = ["as_indexed_slices", "merge", "switch", "switch_in_place"]


def switch(
    data: Any, pred: Any, dtype: Any = None, name: str | None = None
) -> tuple[Any, Any]:
    """Send a value to the first output if `pred` is false, else to the second.

    Args:
        data: A tensor, or a composite value, which is sent part by part.
        pred: A `bool` scalar.
        dtype: The type to convert `data` to.
        name: Name of the operation.
    """
    with name_scope(name, "Switch", [data, pred]) as scope:
        value = _converted(data, dtype, "data")
        flag = convert_to_tensor(pred, name="pred")
        if isinstance(value, Tensor):
            both: tuple[Tensor, Tensor] = apply_op(
                "Switch", data=value, pred=flag, name=scope
            )
            return both
        pairs = [apply_op("Switch", data=t, pred=flag) for t in flatten(value)]
        return (
            pack_like(value, [pair[0] for pair in pairs]),
            pack_like(value, [pair[1] for pair in pairs]),
        )


def switch_in_place(data: Any, pred: Any, name: str = "Switch") -> tuple[Any, Any]:
    """Add a `switch` placed with its value; that of a reference is a reference."""
    value = _converted(data, None, "data")
    with colocate_with(value, ignore_existing=True):
        if isinstance(value, Tensor) and value.dtype.is_ref:
            both: tuple[Tensor, Tensor] = apply_op(
                "RefSwitch", data=value, pred=pred, name=name
            )
            return both
        return switch(value, pred, name=name)


def _converted(value: Any, dtype: Any, name: str | None) -> Any:
    """Convert to a tensor, references kept; composite values stay."""
    if isinstance(value, IndexedSlices | SparseTensor):
        return value
    return convert_to_tensor(value, dtype, name, as_ref=True)


def merge(inputs: Sequence[Any], name: str | None = None) -> tuple[Any, Tensor]:
    """Return whichever of the inputs is there, and its position.

    Args:
        inputs: Tensors or composite values; tensors among `IndexedSlices` become such.
        name: Name of the operation.

    Raises:
        ValueError: An input is None.
    """
    if any(value is None for value in inputs):
        raise ValueError(f"At least one of the merge inputs is None: {inputs}")
    with name_scope(name, "Merge", inputs) as scope:
        values = [_converted(value, None, None) for value in inputs]
        if all(isinstance(value, Tensor) for value in values):
            is_ref = all(value.dtype.is_ref for value in values)
            merged: tuple[Tensor, Tensor] = apply_op(
                "RefMerge" if is_ref else "Merge", inputs=values, name=scope
            )
            return merged
        values = _as_slices(values)
        rows = zip(*(flatten(value) for value in values), strict=True)
        found = [apply_op("Merge", inputs=list(row)) for row in rows]
        return pack_like(values[0], [output for output, _ in found]), found[0][1]


def _as_slices(values: Sequence[Any]) -> list[Any]:
    """Give `IndexedSlices`, if that is what they are, one index type and kind."""
    if not any(isinstance(value, IndexedSlices) for value in values):
        return list(values)
    slices = [as_indexed_slices(value) for value in values]
    narrow = [s.indices.dtype == dtypes.int32 for s in slices]
    if all(narrow) or not any(narrow):
        return slices
    return [
        IndexedSlices(s.values, cast(s.indices, dtypes.int64), s.dense_shape)
        if is_narrow
        else s
        for s, is_narrow in zip(slices, narrow, strict=True)
    ]


def as_indexed_slices(value: Any, *, optimize: bool = False) -> IndexedSlices:
    """Return the slices that a tensor is: all of its rows.

    Args:
        value: A tensor, or slices, which are returned.
        optimize: Whether a shape that is known becomes a constant.
    """
    if isinstance(value, IndexedSlices):
        return value
    sizes = shape_or_constant(value) if optimize else shape(value, optimize=False)
    return IndexedSlices(value, number_range(0, sizes[0]), sizes)
