"""Strings put together; twin of `kernels/string_join.py`.

Source: tensorflow core/ops/string_ops.cc; python/ops/string_ops.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from metagraft.graph.op_spec import NOT_DIFFERENTIABLE, OpSpec, Shapes
from metagraft.graph.shape_checks import (
    merge_dim,
    merged,
    with_rank,
    with_rank_at_least,
    with_rank_at_most,
)
from metagraft.graph.shapes import Dims

__all__ = ["OPS"]

_SOURCE = "tensorflow core/ops/string_ops.cc"


def string_join_shape(_attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """Scalars are joined to every string of the others, which have one shape."""
    if all(dims == () for dims in inputs):
        return ((),)
    out: Dims = None
    for dims in inputs:
        if dims:
            out = merged(out, dims)
    return (out,)


def reduce_join_shape(attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """The joined axes are left out, or become 1 with `keep_dims`."""
    with_rank_at_most(inputs[1], 1)
    dims, keep = inputs[0], attrs["keep_dims"]
    indices = inputs.value(1)
    if dims is None:
        return (None,)
    if indices is None:
        return ((None,) * len(dims) if keep else None,)
    axes = set()
    for index in indices.reshape(-1).tolist():
        if not -len(dims) <= index < len(dims):
            raise ValueError(
                f"Invalid reduction dimension {index} for input with {len(dims)} "
                "dimensions."
            )
        axes.add(index % len(dims))
    if keep:
        return (tuple(1 if i in axes else d for i, d in enumerate(dims)),)
    return (tuple(d for i, d in enumerate(dims) if i not in axes),)


def unsorted_segment_join_shape(_attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """The dimensions of the ids become the number of segments."""
    data, ids, num = inputs
    with_rank(num, 0)
    if ids is None:
        return (None,)
    with_rank_at_least(data, len(ids))
    if data is None:
        return (None,)
    for size, id_size in zip(data, ids, strict=False):
        merge_dim(size, id_size)
    value = inputs.value(2)
    count = None if value is None else int(value)
    if count is not None and count < 0:
        raise ValueError(
            "Dimension size, given by scalar input 2, must be non-negative but is "
            f"{count}"
        )
    return ((count, *data[len(ids) :]),)


OPS = (
    OpSpec(
        name="StringJoin",
        shape=string_join_shape,
        gradient=NOT_DIFFERENTIABLE,
        source=_SOURCE,
    ),
    OpSpec(
        name="ReduceJoin",
        shape=reduce_join_shape,
        gradient=NOT_DIFFERENTIABLE,
        source=_SOURCE,
    ),
    OpSpec(
        name="UnsortedSegmentJoin",
        shape=unsorted_segment_join_shape,
        source=_SOURCE,
    ),
)
