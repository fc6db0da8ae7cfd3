"""Sparse tensors in order, in shape, together, apart and dense.

Twin of `kernels/sparse_layout.py`.

Source: tensorflow core/ops/sparse_ops.cc, python/ops/sparse_grad.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from metagraft.graph.attrs import Attrs
from metagraft.graph.build import array
from metagraft.graph.build.math import number_range
from metagraft.graph.build.reductions import reduce_tensor
from metagraft.graph.build.sparse import sparse_reorder
from metagraft.graph.composite import SparseTensor
from metagraft.graph.op_spec import (
    NOT_DIFFERENTIABLE,
    GradientBuilder,
    OpSpec,
    Shapes,
)
from metagraft.graph.operation import Operation
from metagraft.graph.shape_checks import merge_dim, merged, with_rank
from metagraft.graph.shapes import Dims, element_count
from metagraft.graph.tensor import Tensor

__all__ = ["OPS"]

_SOURCE: Final = "tensorflow core/ops/sparse_ops.cc"


def reorder_shape(_attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """Indices and values as they came."""
    indices, values = with_rank(inputs[0], 2), with_rank(inputs[1], 1)
    with_rank(inputs[2], 1)
    return indices, values


def reorder_gradient(
    g: GradientBuilder, op: Operation, _: Any, d_values: Tensor
) -> Sequence[Any]:
    """The gradient in the order in which the elements came."""
    indices, _values, shape = op.inputs
    count = array.shape(indices)[0]
    numbered = SparseTensor(indices, number_range(count), shape)
    ordered = sparse_reorder(numbered)
    inverse = g.op("InvertPermutation", x=ordered.values)
    return None, array.gather(d_values, inverse), None


def reshape_shape(_attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """As many indices, with as many columns as the new shape has axes."""
    indices = with_rank(inputs[0], 2)
    with_rank(inputs[1], 1)
    new_shape = with_rank(inputs[2], 1)
    return (indices[0], new_shape[0]), new_shape


def concat_shape(attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """All elements together."""
    count = attrs["N"]
    total: int | None = 0
    rank: int | None = None
    shape: Dims = None
    for place in range(count):
        indices = with_rank(inputs[place], 2)
        values = with_rank(inputs[place + count], 1)
        shape = merged(shape, with_rank(inputs[place + 2 * count], 1))
        found = merge_dim(indices[0], values[0])
        total = None if total is None or found is None else total + found
        rank = merge_dim(rank, indices[1])
    return (total, rank), (total,), shape


def split_shape(attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """As many parts as asked for, of the rank of the whole."""
    count, shape = attrs["num_split"], inputs[3]
    indices: Dims = (None, element_count(shape))
    return (*[indices] * count, *[(None,)] * count, *[shape] * count)


def slice_shape(_attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """Some of the elements."""
    return (None, element_count(inputs[2])), (None,), inputs[2]


def slice_gradient(
    g: GradientBuilder, op: Operation, _: Any, d_values: Tensor, *__: Any
) -> Sequence[Any]:
    """What is outside of the slice has no part in it."""
    d_input = g.op(
        "SparseSliceGrad",
        backprop_val_grad=d_values,
        input_indices=op.inputs[0],
        input_start=op.inputs[3],
        output_indices=op.outputs[0],
    )
    d_input.set_shape(op.inputs[1].shape)
    return None, d_input, None, None, None


def slice_grad_shape(_attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """As many as the tensor has elements."""
    return ((with_rank(inputs[1], 2)[0],),)


def to_dense_shape(_attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """The requested shape."""
    with_rank(inputs[1], 1)
    return (inputs.as_dims(1),)


def sparse_to_dense_gradient(
    g: GradientBuilder, op: Operation, dy: Tensor
) -> Sequence[Any]:
    """The gradient at the indices; that of the default is all of the rest."""
    indices, shape, _, _ = op.inputs
    picked = g.op("GatherNd", params=dy, indices=indices)
    rest = reduce_tensor("Sum", dy) - reduce_tensor("Sum", picked)
    return array.zeros_like(indices), array.zeros_like(shape), picked, rest


OPS = (
    OpSpec(
        name="SparseReorder",
        shape=reorder_shape,
        gradient=reorder_gradient,
        source=_SOURCE,
    ),
    OpSpec(name="SparseReshape", shape=reshape_shape, source=_SOURCE),
    OpSpec(
        name="SparseConcat",
        shape=concat_shape,
        gradient=NOT_DIFFERENTIABLE,
        source=_SOURCE,
    ),
    OpSpec(name="SparseSplit", shape=split_shape, source=_SOURCE),
    OpSpec(
        name="SparseSlice",
        shape=slice_shape,
        gradient=slice_gradient,
        source=_SOURCE,
    ),
    OpSpec(name="SparseSliceGrad", shape=slice_grad_shape, source=_SOURCE),
    OpSpec(
        name="SparseToDense",
        shape=to_dense_shape,
        gradient=sparse_to_dense_gradient,
        source=_SOURCE,
    ),
)
