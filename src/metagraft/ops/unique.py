"""Outputs whose sizes depend on values, and searches; see `kernels/unique.py`."""

from __future__ import annotations

from collections.abc import Sequence

from metagraft.graph.attrs import Attrs
from metagraft.graph.op_spec import OpSpec, Shapes
from metagraft.graph.shape_checks import with_rank
from metagraft.graph.shapes import Dims, element_count


def where_shape(attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """`[count, rank]`; only a run knows the count."""
    del attrs
    return ((None, None if inputs[0] is None else len(inputs[0])),)


def unique_shape(attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """Some values, and for each element where its value is."""
    del attrs
    with_rank(inputs[0], 1)
    return ((None,), inputs[0])


def unique_with_counts_shape(attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """Some values, for each element where its value is, and as many counts.

    TF: only a run looks whether they are a vector.
    """
    del attrs
    return ((None,), inputs[0], (None,))


def _slices(inputs: Shapes) -> tuple[Dims, Dims]:
    """The shapes of the distinct slices along the axis, and of their positions."""
    dims, value = inputs[0], inputs.value(1)
    if value is None or dims is None:
        return (None if dims is None else (None,) * len(dims)), (None,)
    if value.ndim != 1:
        raise ValueError("axis expects a 1D vector.")
    if value.size == 0:
        if len(dims) != 1:
            raise ValueError("x expects a 1D vector.")
        return (None,), dims
    if value.size > 1:
        raise ValueError("axis does not support input tensors larger than 1 elements.")
    (axis,) = value.tolist()
    if not -len(dims) <= axis < len(dims):
        raise ValueError(f"axis expects to be in the range [{-len(dims)}, {len(dims)})")
    return (None,) * len(dims), (dims[axis],)


def unique_v2_shape(attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """Some slices, and for each slice where its like is."""
    del attrs
    return _slices(inputs)


def unique_with_counts_v2_shape(attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """Some slices, for each slice where its like is, and as many counts."""
    del attrs
    return (*_slices(inputs), (None,))


def list_diff_shape(attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """Some elements and as many indices."""
    del attrs
    with_rank(inputs[0], 1)
    with_rank(inputs[1], 1)
    return ((None,), (None,))


def unravel_index_shape(attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """A row per dimension; a column per index, none for a scalar."""
    del attrs
    (count,) = with_rank(inputs[1], 1)
    dims = inputs[0]
    if dims is None:
        return (None,)
    if not dims:
        return ((count,),)
    return ((count, element_count(dims)),)


def bound_shape(attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """The shape of the values; that both have as many rows is checked when run."""
    del attrs
    with_rank(inputs[0], 2)
    with_rank(inputs[1], 2)
    return (inputs[1],)


_SOURCE = "tensorflow core/ops/array_ops.cc"
_SHAPES = {
    "Where": where_shape,
    "Unique": unique_shape,
    "UniqueV2": unique_v2_shape,
    "UniqueWithCounts": unique_with_counts_shape,
    "UniqueWithCountsV2": unique_with_counts_v2_shape,
    "ListDiff": list_diff_shape,
    "UnravelIndex": unravel_index_shape,
    "LowerBound": bound_shape,
    "UpperBound": bound_shape,
}

OPS = tuple(
    OpSpec(name=name, shape=shape, source=_SOURCE) for name, shape in _SHAPES.items()
)
