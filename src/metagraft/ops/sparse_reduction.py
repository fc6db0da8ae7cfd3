"""Sums, maxima and softmax of sparse tensors; twin of `kernels/sparse_reduction.py`.

Source: tensorflow core/ops/sparse_ops.cc, python/ops/sparse_grad.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from metagraft.graph import dtypes
from metagraft.graph.attrs import Attrs
from metagraft.graph.build import array
from metagraft.graph.build.math import cast
from metagraft.graph.build.reductions import reduced_shape
from metagraft.graph.build.sparse import sparse_dense_cwise_add, sparse_reduce_sum
from metagraft.graph.composite import SparseTensor
from metagraft.graph.op_spec import GradientBuilder, OpSpec, Shapes
from metagraft.graph.operation import Operation
from metagraft.graph.shape_checks import with_rank
from metagraft.graph.shapes import Dims
from metagraft.graph.tensor import Tensor

__all__ = ["OPS"]

_SOURCE: Final = "tensorflow core/ops/sparse_ops.cc"


def reduced_dims(attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """The sizes that are not reduced, if shape and axes are known."""
    shape, axes = inputs.value(2), inputs.value(3)
    if shape is None or axes is None:
        return (None,)
    rank = shape.size
    if not rank:
        raise ValueError("Number of dims in shape tensor must not be 0")
    reduced = {int(axis) % rank for axis in axes.reshape(-1)}
    sizes = [None if size == -1 else int(size) for size in shape.reshape(-1)]
    if attrs["keep_dims"]:
        return (tuple(1 if i in reduced else size for i, size in enumerate(sizes)),)
    return (tuple(size for i, size in enumerate(sizes) if i not in reduced),)


def to_sparse_shape(_attrs: Attrs, _inputs: Shapes) -> Sequence[Dims]:
    """TensorFlow does not say."""
    return None, None, None


def reduce_sum_gradient(g: GradientBuilder, op: Operation, dy: Tensor) -> Sequence[Any]:
    """Each element has the gradient of the sum that it is part of."""
    indices, _, shape, axes = op.inputs
    kept = reduced_shape(shape, axes)
    reshaped = array.reshape(dy, kept)
    scale = shape // cast(kept, dtypes.int64)
    picked = g.op("GatherNd", params=reshaped, indices=indices // scale)
    return None, picked, None, None


def softmax_shape(_attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """As many values as came."""
    with_rank(inputs[0], 2)
    values = with_rank(inputs[1], 1)
    with_rank(inputs[2], 1)
    return (values,)


def softmax_gradient(_g: GradientBuilder, op: Operation, dy: Tensor) -> Sequence[Any]:
    """`(dy - sum(dy * y)) * y`, row by row."""
    indices, shape = op.inputs[0], op.inputs[2]
    output = SparseTensor(indices, op.outputs[0], shape)
    gradient = SparseTensor(indices, dy, shape)
    product = SparseTensor(indices, output.values * gradient.values, shape)
    total = -sparse_reduce_sum(product, [-1], keepdims=True)
    shifted = sparse_dense_cwise_add(gradient, total)
    return None, shifted.values * output.values, None


OPS = (
    OpSpec(
        name="SparseReduceSum",
        shape=reduced_dims,
        gradient=reduce_sum_gradient,
        source=_SOURCE,
    ),
    OpSpec(name="SparseReduceMax", shape=reduced_dims, source=_SOURCE),
    OpSpec(name="SparseReduceSumSparse", shape=to_sparse_shape, source=_SOURCE),
    OpSpec(name="SparseReduceMaxSparse", shape=to_sparse_shape, source=_SOURCE),
    OpSpec(
        name="SparseSoftmax",
        shape=softmax_shape,
        gradient=softmax_gradient,
        source=_SOURCE,
    ),
)
