"""Reductions of slices between two places each; twin of `kernels/reduce_slice.py`.

Source: tensorflow contrib/reduce_slice_ops/ops/reduce_slice_ops.cc.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from metagraft.graph.op_spec import OpSpec, Shapes
from metagraft.graph.shape_checks import merge_dim, with_rank, with_rank_at_most
from metagraft.graph.shapes import Dims

__all__ = ["OPS"]


def reduce_slice_shape(_attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """As the data, with as many rows along one axis as there are slices."""
    data, indices = inputs[0], with_rank_at_most(inputs[1], 2)
    with_rank(inputs[2], 0)
    count = None
    if indices is not None and len(indices) == 2:
        merge_dim(indices[1], 2)
        count = indices[0]
    elif indices and indices[0]:
        count = indices[0] - 1
    if data is None:
        return (None,)
    axis = inputs.value(2)
    if axis is None:
        return ((None,) * len(data),)
    place = int(axis)
    if not -len(data) <= place < len(data):
        raise ValueError(
            f"Out of range dim_index {place} for shape with {len(data)} dimensions"
        )
    dims = list(data)
    dims[place] = count
    return (tuple(dims),)


OPS = tuple(
    OpSpec(
        name=f"ReduceSlice{how}",
        shape=reduce_slice_shape,
        source="tensorflow contrib/reduce_slice_ops/ops/reduce_slice_ops.cc",
    )
    for how in ("Max", "Min", "Prod", "Sum")
)
