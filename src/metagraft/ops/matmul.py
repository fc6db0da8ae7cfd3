"""Matrix products; twin of `kernels/matmul.py`.

Source: tensorflow core/ops/math_ops.cc, core/framework/common_shape_fns.cc,
python/ops/math_grad.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from metagraft.graph.build import array
from metagraft.graph.build.math import cast, conj
from metagraft.graph.build.matmul import matmul, same_batch_shape
from metagraft.graph.build.reductions import reduce_tensor
from metagraft.graph.op_spec import GradientBuilder, OpSpec, Shapes
from metagraft.graph.operation import Operation
from metagraft.graph.shape_checks import (
    merge_dim,
    merged,
    with_rank,
    with_rank_at_least,
    with_size,
)
from metagraft.graph.shapes import Dims, broadcast_dims
from metagraft.graph.tensor import Tensor

__all__ = ["OPS"]

Gradients = Sequence[Any]

# What the gradients of a product multiply, by (a is transposed, b is transposed):
# for each of a and b, (left, is left transposed, right, is right transposed), where
# "a" and "b" are the factors and "g" is the gradient of the product.
_Term = tuple[str, bool, str, bool]
_GRADIENT_PRODUCTS: dict[tuple[bool, bool], tuple[_Term, _Term]] = {
    (False, False): (("g", False, "b", True), ("a", True, "g", False)),
    (False, True): (("g", False, "b", False), ("g", True, "a", False)),
    (True, False): (("b", False, "g", True), ("a", False, "g", False)),
    (True, True): (("b", True, "g", True), ("g", True, "a", True)),
}


def _product_dims(
    x: tuple[int | None, ...], y: tuple[int | None, ...], adj_x: bool, adj_y: bool
) -> tuple[int | None, int | None]:
    """Rows and columns of the product of two matrices."""
    rows, inner_x = (x[1], x[0]) if adj_x else (x[0], x[1])
    inner_y, columns = (y[1], y[0]) if adj_y else (y[0], y[1])
    merge_dim(inner_x, inner_y)
    return rows, columns


def mat_mul_shape(attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """`[n, k]` times `[k, m]` is `[n, m]`."""
    a, b = with_rank(inputs[0], 2), with_rank(inputs[1], 2)
    return (_product_dims(a, b, attrs["transpose_a"], attrs["transpose_b"]),)


def batch_mat_mul_shape(attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """Equal batch dimensions, then the product of the matrices."""
    x, y = with_rank_at_least(inputs[0], 2), with_rank_at_least(inputs[1], 2)
    if x is None and y is None:
        return (None,)
    # Operands have equal ranks, so one tells that of the other.
    x = (*y[:-2], None, None) if x is None and y is not None else x
    y = (*x[:-2], None, None) if y is None and x is not None else y
    assert x is not None
    assert y is not None
    batch = merged(x[:-2], y[:-2])
    assert batch is not None
    return (batch + _product_dims(x[-2:], y[-2:], attrs["adj_x"], attrs["adj_y"]),)


def batch_mat_mul_v2_shape(attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """Batch dimensions that broadcast, then the product of the matrices."""
    x, y = with_rank_at_least(inputs[0], 2), with_rank_at_least(inputs[1], 2)
    if x is None or y is None:
        return (None,)
    matrix = _product_dims(x[-2:], y[-2:], attrs["adj_x"], attrs["adj_y"])
    batch = broadcast_dims(x[:-2], y[:-2])
    assert batch is not None
    return (batch + matrix,)


def mat_mul_gradient(g: GradientBuilder, op: Operation, dy: Tensor) -> Gradients:
    """`dy b'` and `a' dy`."""
    is_transposed = (op.get_attr("transpose_a"), op.get_attr("transpose_b"))
    factors = {"a": conj(op.inputs[0]), "b": conj(op.inputs[1]), "g": dy}
    terms = _GRADIENT_PRODUCTS[is_transposed]
    return tuple(
        g.op(
            "MatMul",
            a=factors[left],
            b=factors[right],
            transpose_a=is_left_transposed,
            transpose_b=is_right_transposed,
            grad_a=is_for_a,
            grad_b=not is_for_a,
        )
        for is_for_a, (left, is_left_transposed, right, is_right_transposed) in zip(
            (True, False), terms, strict=True
        )
    )


def _batch_gradients(
    op: Operation, dy: Tensor, *, is_marked: bool
) -> tuple[Tensor, Tensor]:
    """Return both gradients, marked as such by their attributes or not."""
    is_adjoint = (op.get_attr("adj_x"), op.get_attr("adj_y"))
    factors = {"a": op.inputs[0], "b": op.inputs[1], "g": dy}
    dx, dz = (
        matmul(
            factors[left],
            factors[right],
            adjoint_a=is_left_adjoint,
            adjoint_b=is_right_adjoint,
            grad_a=is_marked and is_for_x,
            grad_b=is_marked and not is_for_x,
        )
        for is_for_x, (left, is_left_adjoint, right, is_right_adjoint) in zip(
            (True, False), _GRADIENT_PRODUCTS[is_adjoint], strict=True
        )
    )
    return dx, dz


def batch_mat_mul_gradient(_g: GradientBuilder, op: Operation, dy: Tensor) -> Gradients:
    """`dy y*` and `x* dy`."""
    return _batch_gradients(op, dy, is_marked=False)


def batch_mat_mul_v2_gradient(
    g: GradientBuilder, op: Operation, dy: Tensor
) -> Gradients:
    """`dy y*` and `x* dy`, summed over broadcast batch dimensions."""
    dx, dz = _batch_gradients(op, dy, is_marked=True)
    x, y = op.inputs
    has_batch = any(t.dims is None or len(t.dims) > 2 for t in (x, y))
    if not has_batch or same_batch_shape(x.shape, y.shape):
        return dx, dz
    x_shape, y_shape = array.shape(x), array.shape(y)
    x_axes, y_axes = g.op("BroadcastGradientArgs", s0=x_shape[:-2], s1=y_shape[:-2])
    dx = array.reshape(reduce_tensor("Sum", dx, x_axes), x_shape)
    dz = array.reshape(reduce_tensor("Sum", dz, y_axes), y_shape)
    return dx, dz


def sparse_mat_mul_gradient(
    _g: GradientBuilder, op: Operation, dy: Tensor
) -> Gradients:
    """As for `MatMul`; a gradient that comes from ReluGrad counts as sparse."""
    is_transposed = (op.get_attr("transpose_a"), op.get_attr("transpose_b"))
    a, b = op.inputs
    factors = {"a": a, "b": b, "g": dy}
    # TF: kept by tensor; one tensor on both sides has one answer, the second.
    is_sparse = {a: op.get_attr("a_is_sparse")}
    is_sparse[b] = op.get_attr("b_is_sparse")
    is_sparse[dy] = dy.op.type == "ReluGrad"
    gradients = []
    terms = _GRADIENT_PRODUCTS[is_transposed]
    for x, (left, is_left_transposed, right, is_right_transposed) in zip(
        (a, b), terms, strict=True
    ):
        second = factors[right]
        if is_right_transposed:
            second = array.transpose(second)
        product = matmul(
            factors[left],
            second,
            transpose_a=is_left_transposed,
            a_is_sparse=is_sparse[factors[left]],
            b_is_sparse=is_sparse[factors[right]],
        )
        gradients.append(
            cast(product, x.dtype) if product.dtype != x.dtype else product
        )
    return gradients


def cross_shape(_attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """Both operands have one shape whose last dimension is 3."""
    dims = merged(with_rank_at_least(inputs[0], 1), with_rank_at_least(inputs[1], 1))
    if dims is not None:
        with_size(dims[-1], 3)
    return (dims,)


def cross_gradient(g: GradientBuilder, op: Operation, dy: Tensor) -> Gradients:
    """`b x dy` and `dy x a`."""
    a, b = op.inputs
    return g.op("Cross", a=b, b=dy), g.op("Cross", a=dy, b=a)


OPS = (
    OpSpec(
        name="BatchMatMul",
        shape=batch_mat_mul_shape,
        gradient=batch_mat_mul_gradient,
        source="tensorflow core/ops/math_ops.cc",
    ),
    OpSpec(
        name="BatchMatMulV2",
        shape=batch_mat_mul_v2_shape,
        gradient=batch_mat_mul_v2_gradient,
        source="tensorflow core/ops/math_ops.cc",
    ),
    OpSpec(
        name="BatchMatMulV3",
        shape=batch_mat_mul_v2_shape,
        gradient=batch_mat_mul_v2_gradient,
        source="tensorflow core/ops/math_ops.cc",
    ),
    OpSpec(
        name="Cross",
        shape=cross_shape,
        gradient=cross_gradient,
        source="tensorflow core/ops/math_ops.cc",
    ),
    OpSpec(
        name="MatMul",
        shape=mat_mul_shape,
        gradient=mat_mul_gradient,
        source="tensorflow core/ops/math_ops.cc",
    ),
    OpSpec(
        name="SparseMatMul",
        shape=mat_mul_shape,
        gradient=sparse_mat_mul_gradient,
        source="tensorflow core/ops/math_ops.cc",
    ),
)
