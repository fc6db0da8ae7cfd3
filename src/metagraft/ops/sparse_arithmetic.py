"""Sparse tensors added, multiplied, compared; twin of `kernels/sparse_arithmetic.py`.

Source: tensorflow core/ops/sparse_ops.cc, python/ops/sparse_grad.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from metagraft.graph import dtypes
from metagraft.graph.attrs import Attrs
from metagraft.graph.build import array
from metagraft.graph.build.math import cast
from metagraft.graph.build.matmul import matmul
from metagraft.graph.build.sparse import sparse_add
from metagraft.graph.composite import SparseTensor
from metagraft.graph.op_spec import (
    NOT_DIFFERENTIABLE,
    GradientBuilder,
    GradientRule,
    OpSpec,
    Shapes,
)
from metagraft.graph.operation import Operation
from metagraft.graph.shape_checks import merge_dim, with_rank
from metagraft.graph.shapes import Dims
from metagraft.graph.tensor import Tensor

__all__ = ["OPS"]

_SOURCE: Final = "tensorflow core/ops/sparse_ops.cc"


def add_shape(_attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """As many elements as a run finds, of the shape of the first operand."""
    shape = with_rank(inputs[2], 1)
    return (None, shape[0]), (None,), shape


def add_gradient(
    g: GradientBuilder, op: Operation, _indices: Any, d_values: Tensor, *_others: Any
) -> Sequence[Any]:
    """Each element has the gradient of the sum at its place."""
    d_a, d_b = g.op(
        "SparseAddGrad",
        backprop_val_grad=d_values,
        a_indices=op.inputs[0],
        b_indices=op.inputs[3],
        sum_indices=op.outputs[0],
    )
    d_a.set_shape(op.inputs[1].shape)
    d_b.set_shape(op.inputs[4].shape)
    return None, d_a, None, None, d_b, None, None


def add_grad_shape(_attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """As many as each operand has elements."""
    return (with_rank(inputs[1], 2)[0],), (with_rank(inputs[2], 2)[0],)


def element_wise_shape(_attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """As many elements as a run finds."""
    for first in (0, 3):
        with_rank(inputs[first], 2)
        with_rank(inputs[first + 1], 1)
        with_rank(inputs[first + 2], 1)
    return (None, None), (None,)


def cwise_shape(_attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """As many values as there are indices."""
    return ((with_rank(inputs[0], 2)[0],),)


def _cwise_gradient(*, is_product: bool) -> GradientRule:
    """Return the rule of an element-wise product or quotient."""

    def gradient(g: GradientBuilder, op: Operation, dy: Tensor) -> Sequence[Any]:
        indices, values, shape, dense = op.inputs
        dense_shape = cast(array.shape(dense), dtypes.int64)
        added = array.expand_dims(array.size(shape) - array.size(dense_shape), 0)
        augmented = array.concat([array.ones(added, dtypes.int64), dense_shape], 0)
        scaled = indices // (shape // augmented)
        start = array.concat([[0], added], 0)
        scaled = array.slice_(scaled, start, [-1, -1])
        beside = g.op("GatherNd", params=dense, indices=scaled)
        if is_product:
            d_values = dy * beside
            d_beside = dy * values
        else:
            d_values = dy / beside
            d_beside = dy * (-values / g.op("Square", x=beside))
        d_dense = sparse_add(
            array.zeros_like(dense), SparseTensor(scaled, d_beside, dense_shape)
        )
        return None, d_values, None, d_dense

    return gradient


def dense_add_shape(_attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """The shape of the dense operand."""
    return (inputs[3],)


def dense_add_gradient(g: GradientBuilder, op: Operation, dy: Tensor) -> Sequence[Any]:
    """The sparse operand has the gradient at its indices."""
    picked = g.op("GatherNd", params=dy, indices=op.inputs[0])
    return None, picked, None, dy


def product_shape(attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """The outer sizes of the factors."""
    with_rank(inputs[0], 2)
    with_rank(inputs[1], 1)
    left = with_rank(inputs.as_dims(2), 2)
    right = with_rank(inputs[3], 2)
    rows, inner = reversed(left) if attrs["adjoint_a"] else left
    other, columns = reversed(right) if attrs["adjoint_b"] else right
    merge_dim(inner, other)
    return ((rows, columns),)


# For transposed factors: where the rows get a new axis, and how they are multiplied.
_FACTORS: Final[dict[tuple[bool, bool], tuple[int, int, bool, bool]]] = {
    (False, False): (-2, -2, False, True),
    (True, False): (-1, -1, True, False),
    (False, True): (-2, -1, False, False),
    (True, True): (-1, -2, True, True),
}


def product_gradient(g: GradientBuilder, op: Operation, dy: Tensor) -> Sequence[Any]:
    """The gradient of a matrix product, at the indices for the sparse factor."""
    indices, values, shape, dense = op.inputs
    is_left, is_right = op.record["adjoint_a"], op.record["adjoint_b"]
    d_dense = g.op(
        "SparseTensorDenseMatMul",
        a_indices=indices,
        a_values=values,
        a_shape=shape,
        b=dy,
        adjoint_a=not is_left,
    )
    if is_right:
        d_dense = array.matrix_transpose(d_dense, conjugate=True)
    rows, columns = indices[:, 0], indices[:, 1]
    parts_a = array.gather(dy, columns if is_left else rows)
    factor = array.transpose(dense) if is_right else dense
    parts_b = array.gather(factor, rows if is_left else columns)
    axis_a, axis_b, adjoint_a, adjoint_b = _FACTORS[is_left, is_right]
    d_values = matmul(
        array.expand_dims(parts_a, axis_a),
        array.expand_dims(parts_b, axis_b),
        adjoint_a=adjoint_a,
        adjoint_b=adjoint_b,
    )
    return None, array.squeeze(d_values, axis=[-2, -1]), None, d_dense


def _not_implemented(op_type: str) -> GradientRule:
    """Return the rule of an op for which TensorFlow has none but says so."""

    def gradient(_g: GradientBuilder, _op: Operation, *_: Any) -> Sequence[Any]:
        raise NotImplementedError(f"Gradient for {op_type} is not implemented.")

    return gradient


def _cwise(op_type: str, gradient: GradientRule) -> OpSpec:
    return OpSpec(name=op_type, shape=cwise_shape, gradient=gradient, source=_SOURCE)


def _compared(op_type: str) -> OpSpec:
    return OpSpec(
        name=op_type,
        shape=element_wise_shape,
        gradient=_not_implemented(op_type),
        source=_SOURCE,
    )


OPS = (
    OpSpec(name="SparseAdd", shape=add_shape, gradient=add_gradient, source=_SOURCE),
    OpSpec(
        name="SparseAddGrad",
        shape=add_grad_shape,
        gradient=NOT_DIFFERENTIABLE,
        source=_SOURCE,
    ),
    _compared("SparseSparseMaximum"),
    _compared("SparseSparseMinimum"),
    _cwise("SparseDenseCwiseAdd", _not_implemented("SparseDenseCwiseAdd")),
    _cwise("SparseDenseCwiseMul", _cwise_gradient(is_product=True)),
    _cwise("SparseDenseCwiseDiv", _cwise_gradient(is_product=False)),
    OpSpec(
        name="SparseTensorDenseAdd",
        shape=dense_add_shape,
        gradient=dense_add_gradient,
        source=_SOURCE,
    ),
    OpSpec(
        name="SparseTensorDenseMatMul",
        shape=product_shape,
        gradient=product_gradient,
        source=_SOURCE,
    ),
)
