"""Ragged tensors: rows of different lengths; twin of `kernels/ragged.py`.

Source: tensorflow core/ops/ragged_conversion_ops.cc, ragged_math_ops.cc,
ragged_array_ops.cc, python/ops/ragged/ragged_conversion_ops.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from metagraft.graph import dtypes
from metagraft.graph.attrs import Attrs
from metagraft.graph.build import array
from metagraft.graph.build.masks import boolean_mask
from metagraft.graph.build.math import cast, cumprod, equal, number_range
from metagraft.graph.build.ragged import range_parts
from metagraft.graph.build.reductions import reduce_tensor
from metagraft.graph.composite import IndexedSlices
from metagraft.graph.op_spec import GradientBuilder, OpSpec, Shapes
from metagraft.graph.operation import Operation
from metagraft.graph.ragged_dims import (
    check_default,
    check_partitions,
    combined_dims,
)
from metagraft.graph.shape_checks import (
    merge_dim,
    with_rank,
    with_rank_at_least,
    with_rank_at_most,
)
from metagraft.graph.shapes import Dims, element_count
from metagraft.graph.tensor import Tensor

__all__ = ["OPS"]

_CONVERSION: Final = "tensorflow core/ops/ragged_conversion_ops.cc"


_PARTITIONS: Final = frozenset(
    {
        b"FIRST_DIM_SIZE",
        b"VALUE_ROWIDS",
        b"ROW_LENGTHS",
        b"ROW_SPLITS",
        b"ROW_LIMITS",
        b"ROW_STARTS",
    }
)


def to_tensor_shape(attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """The shape asked for, with what values and partitions tell."""
    shape = inputs.told_dims(0)
    kinds = list(attrs["row_partition_types"])
    for kind in kinds:
        if kind not in _PARTITIONS:
            raise ValueError(f"Unknown string for partition info type: {kind.decode()}")
    places = range(3, 3 + attrs["num_row_partition_tensors"])
    check_partitions(kinds, [inputs[place] for place in places])
    check_default(inputs[2], inputs[1])
    ragged_rank = sum(kind != b"FIRST_DIM_SIZE" for kind in kinds)
    return (combined_dims(ragged_rank, shape, inputs[1]),)


def to_tensor_gradient(g: GradientBuilder, op: Operation, dy: Tensor) -> Sequence[Any]:
    """Each value has the gradient of its place, the default that of all others."""
    values, default = op.inputs[1], op.inputs[2]
    partitions = op.inputs[3:]
    kinds = op.record["row_partition_types"]
    shape = array.shape(values)
    ragged_rank = sum(kind != b"FIRST_DIM_SIZE" for kind in kinds)
    indices = g.op(
        "RaggedTensorToTensor",
        shape=array.shape(dy)[: 1 + ragged_rank],
        values=number_range(shape[0]),
        default_value=-1,
        row_partition_types=kinds,
        row_partition_tensors=partitions,
    )
    mask = g.op("NotEqual", x=indices, y=-1)
    d_values = IndexedSlices(
        values=boolean_mask(dy, mask),
        indices=boolean_mask(indices, mask),
        dense_shape=shape,
    )
    others = boolean_mask(dy, ~mask)
    axes = number_range(array.rank(others) - _own_rank(default))
    d_default = reduce_tensor("Sum", others, axis=axes)
    d_default = array.reshape(d_default, array.shape(default))
    return [None, d_values, d_default, *[None for _ in partitions]]


def _own_rank(value: Tensor) -> Any:
    """The rank of a value without leading axes of size 1."""
    dims = value.dims
    if dims is not None:
        rest = list(dims)
        while rest and rest[0] == 1:
            rest.pop(0)
        if not rest or rest[0] is not None:
            return len(rest)
    is_one = cast(equal(array.shape(value), 1), dtypes.int32)
    leading = reduce_tensor("Sum", cumprod(is_one))
    return array.rank(value) - leading


def to_sparse_shape(attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """Indices and values, and the shape that holds the longest rows."""
    count = attrs["RAGGED_RANK"]
    if count == 0:
        raise ValueError("Requires RAGGED_RANK>0")
    for place in range(count):
        with_rank(inputs[place], 1)
    values = with_rank_at_least(inputs[count], 1)
    rank = None if values is None else count + len(values)
    total = element_count(values)
    return (total, rank), (total,), (rank,)


def to_sparse_gradient(
    _g: GradientBuilder, op: Operation, _: Any, d_values: Tensor, _shape: Any
) -> Sequence[Any]:
    """The gradient in the shape of the values."""
    *nested, values = op.inputs
    return [*[None for _ in nested], array.reshape(d_values, array.shape(values))]


def range_shape(_attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """A split more than there are ranges, and all values."""
    rows: int | None = None
    for dims in inputs[:3]:
        dims = with_rank_at_most(dims, 1)  # noqa: PLW2901 - checked on the way
        if dims:
            rows = merge_dim(rows, dims[0])
    if all(dims == () for dims in inputs[:3]):
        rows = 1
    return (None if rows is None else rows + 1,), (None,)


def gather_shape(attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """Splits for each ragged axis of the result, and its values."""
    count, given = attrs["OUTPUT_RAGGED_RANK"], attrs["PARAMS_RAGGED_RANK"]
    for place in range(given):
        with_rank(inputs[place], 1)
    indices = inputs[given + 1]
    if indices is not None and len(indices) + given - 1 != count:
        raise ValueError(
            "indices.rank + PARAMS_RAGGED_RANK - 1 must equal OUTPUT_RAGGED_RANK:"
            f" {len(indices) + given - 1} and {count}"
        )
    values = with_rank_at_least(inputs[given], 1)
    flat: Dims = None if values is None else (None, *values[1:])
    return (*[(None,)] * count, flat)


def gather_gradient(
    _g: GradientBuilder, op: Operation, *gradients: Any
) -> Sequence[Any]:
    """Chosen values have the gradient of where they went."""
    *nested, values, indices = op.inputs
    splits = nested[0]
    for following in nested[1:]:
        splits = array.gather(following, splits)
    flat = array.reshape(indices, [-1])
    _, places = range_parts(array.gather(splits, flat), array.gather(splits[1:], flat))
    d_values = IndexedSlices(
        values=gradients[-1], indices=places, dense_shape=array.shape(values)
    )
    return [*[None for _ in nested], d_values, None]


OPS = (
    OpSpec(
        name="RaggedTensorToTensor",
        shape=to_tensor_shape,
        gradient=to_tensor_gradient,
        source=_CONVERSION,
    ),
    OpSpec(
        name="RaggedTensorToSparse",
        shape=to_sparse_shape,
        gradient=to_sparse_gradient,
        source=_CONVERSION,
    ),
    OpSpec(
        name="RaggedRange",
        shape=range_shape,
        source="tensorflow core/ops/ragged_math_ops.cc",
    ),
    OpSpec(
        name="RaggedGather",
        shape=gather_shape,
        gradient=gather_gradient,
        source="tensorflow core/ops/ragged_array_ops.cc",
    ),
)
