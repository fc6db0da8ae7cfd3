"""Exponentials, logarithms and roots of matrices; twin of the kernels of it.

Source: tensorflow core/ops/linalg_ops.cc, python/ops/linalg_grad.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from metagraft.graph.build import array
from metagraft.graph.build.eye import eye
from metagraft.graph.build.math import add
from metagraft.graph.build.reductions import reduce_tensor
from metagraft.graph.op_spec import GradientBuilder, OpSpec, Shapes
from metagraft.graph.operation import Operation
from metagraft.graph.shape_checks import merge_dim, with_rank_at_least
from metagraft.graph.shapes import Dims
from metagraft.graph.tensor import Tensor

__all__ = ["OPS"]

Gradients = Sequence[Any]
_SOURCE = "tensorflow core/ops/linalg_ops.cc"


def square_shape(_attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """`[..., n, n]` gives `[..., n, n]`."""
    dims = with_rank_at_least(inputs[0], 2)
    if dims is None:
        return (None,)
    side = merge_dim(dims[-2], dims[-1])
    return ((*dims[:-2], side, side),)


def matrix_square_root_gradient(
    g: GradientBuilder, op: Operation, dy: Tensor
) -> Gradients:
    """Solve a Sylvester equation, written as one system with Kronecker products."""
    root = op.outputs[0]
    shape = array.shape(root)
    order = shape[-1]
    count = reduce_tensor("Prod", shape[0:-2])
    flat = array.reshape(eye(order, dtype=root.dtype), [-1])
    tiled = g.op("Tile", input=flat, multiples=[count])
    identity = array.reshape(tiled, shape)
    left = _kronecker(g, identity, array.matrix_transpose(root))
    both = add(left, _kronecker(g, root, identity))
    batch = _batch(g, shape)
    flat_shape = array.concat([batch, [order * order], [1]], 0)
    right = array.reshape(array.matrix_transpose(dy), flat_shape)
    solved = g.op("MatrixSolve", matrix=both, rhs=right)
    return (array.matrix_transpose(array.reshape(solved, shape)),)


def _batch(g: GradientBuilder, shape: Tensor) -> Tensor:
    return array.slice_(shape, [0], [g.op("Sub", x=array.size(shape), y=2)])


def _kronecker(g: GradientBuilder, x: Tensor, y: Tensor) -> Tensor:
    x_shape, y_shape = array.shape(x), array.shape(y)
    x_order, y_order = x_shape[-1], y_shape[-1]
    batch = _batch(g, x_shape)
    rows = array.concat([batch, [x_order], [1], [x_order], [1]], 0)
    columns = array.concat([batch, [1], [y_order], [1], [y_order]], 0)
    left, right = array.reshape(x, rows), array.reshape(y, columns)
    order = x_order * y_order
    shape = array.concat([batch, [order], [order]], 0)
    return array.reshape(left * right, shape)


OPS = (
    OpSpec(name="MatrixExponential", shape=square_shape, source=_SOURCE),
    OpSpec(name="MatrixLogarithm", shape=square_shape, source=_SOURCE),
    OpSpec(
        name="MatrixSquareRoot",
        shape=square_shape,
        gradient=matrix_square_root_gradient,
        source=_SOURCE,
    ),
)
