"""Softmax and the cross entropies computed together with it; twin of the kernels.

Source: tensorflow core/ops/nn_ops.cc, python/ops/nn_grad.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from metagraft.graph.build import array
from metagraft.graph.build.matmul import matmul
from metagraft.graph.build.reductions import reduce_tensor
from metagraft.graph.op_spec import GradientBuilder, OpSpec, Shapes
from metagraft.graph.shape_checks import (
    merge_dim,
    merged,
    with_rank,
    with_rank_at_least,
)
from metagraft.graph.shapes import Dims, broadcast_dims

if TYPE_CHECKING:
    from metagraft.graph.operation import Operation
    from metagraft.graph.tensor import Tensor

__all__ = ["OPS"]


def softmax_shape(_attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """Along the last axis."""
    return (with_rank_at_least(inputs[0], 1),)


def softmax_gradient(g: GradientBuilder, op: Operation, dy: Tensor) -> Sequence[Tensor]:
    """`(dy - sum(dy * y)) * y`."""
    y = op.outputs[0]
    total = reduce_tensor("Sum", dy * y, -1, keepdims=True)
    return ((dy - total) * y,)


def log_softmax_gradient(
    g: GradientBuilder, op: Operation, dy: Tensor
) -> Sequence[Tensor]:
    """`dy - sum(dy) * exp(y)`."""
    probabilities = g.op("Exp", x=op.outputs[0])
    return (dy - reduce_tensor("Sum", dy, -1, keepdims=True) * probabilities,)


def cross_entropy_shape(_attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """`[batch, classes]`, broadcast together, give a loss `[batch]`."""
    try:
        logits = merged(with_rank(inputs[0], 2), inputs[1])
    except ValueError:
        logits = broadcast_dims(inputs[0], inputs[1])
        if logits is None or len(logits) != 2:
            rank = "is unknown." if logits is None else len(logits)
            raise ValueError(
                f"Shape must be broadcasted with rank 2, but is rank {rank}"
            ) from None
    batch, classes = with_rank(logits, 2)
    return ((batch,), (batch, classes))


def sparse_cross_entropy_shape(_attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """Logits `[batch, classes]` and labels `[batch]`."""
    batch, classes = with_rank(inputs[0], 2)
    batch = merge_dim(batch, with_rank(inputs[1], 1)[0])
    return ((batch,), (batch, classes))


def _times_rows(vector: Tensor, matrix: Tensor) -> Tensor:
    return array.expand_dims(vector, -1) * matrix


def _logits_gradient(
    g: GradientBuilder,
    op: Operation,
    d_loss: Tensor,
    d_backprop: Tensor | None,
) -> Tensor:
    gradient = _times_rows(d_loss, op.outputs[1])
    # Zeros stand in for the gradient of an output that is not used.
    if d_backprop is None or d_backprop.op.type == "ZerosLike":
        return gradient
    softmax = g.op("Softmax", logits=op.inputs[0])
    rows = array.expand_dims(d_backprop, 1)
    columns = array.expand_dims(softmax, 2)
    mean = array.squeeze(matmul(rows, columns), axis=1)
    return gradient + (d_backprop - mean) * softmax


def cross_entropy_gradient(
    g: GradientBuilder,
    op: Operation,
    d_loss: Tensor,
    d_backprop: Tensor | None,
) -> Sequence[Tensor]:
    """The op has already computed the gradient of its loss."""
    d_logits = _logits_gradient(g, op, d_loss, d_backprop)
    log_probabilities = g.op("LogSoftmax", logits=op.inputs[0])
    return d_logits, _times_rows(d_loss, -log_probabilities)


def sparse_cross_entropy_gradient(
    g: GradientBuilder,
    op: Operation,
    d_loss: Tensor,
    d_backprop: Tensor | None,
) -> Sequence[Tensor | None]:
    """The op has already computed the gradient of its loss."""
    return _logits_gradient(g, op, d_loss, d_backprop), None


_SOURCE = "tensorflow core/ops/nn_ops.cc"

OPS = (
    OpSpec(
        name="Softmax", shape=softmax_shape, gradient=softmax_gradient, source=_SOURCE
    ),
    OpSpec(
        name="LogSoftmax",
        shape=softmax_shape,
        gradient=log_softmax_gradient,
        source=_SOURCE,
    ),
    OpSpec(
        name="SoftmaxCrossEntropyWithLogits",
        shape=cross_entropy_shape,
        gradient=cross_entropy_gradient,
        source=_SOURCE,
    ),
    OpSpec(
        name="SparseSoftmaxCrossEntropyWithLogits",
        shape=sparse_cross_entropy_shape,
        gradient=sparse_cross_entropy_gradient,
        source=_SOURCE,
    ),
)
