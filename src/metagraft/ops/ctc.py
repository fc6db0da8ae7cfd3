"""Connectionist temporal classification: loss and decoders; twin of the kernels.

Source: tensorflow core/ops/ctc_ops.cc, python/ops/ctc_ops.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from metagraft.graph.build import array
from metagraft.graph.op_spec import (
    NOT_DIFFERENTIABLE,
    GradientBuilder,
    OpSpec,
    Shapes,
)
from metagraft.graph.shape_checks import merge_dim, with_rank
from metagraft.graph.shapes import Dims

if TYPE_CHECKING:
    from metagraft.graph.operation import Operation
    from metagraft.graph.tensor import Tensor

__all__ = ["OPS"]

_SOURCE = "tensorflow core/ops/ctc_ops.cc"
_NO_SECOND_DERIVATIVE = (
    "Currently there is no way to take the second  derivative of ctc_loss due to the"
    " fused implementation's interaction  with tf.gradients()"
)


def loss_shape(_attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """`[batch]`, and the gradient like the inputs, `[time, batch, classes]`."""
    time, batch, classes = with_rank(inputs[0], 3)
    rows, _ = with_rank(inputs[1], 2)
    (values,) = with_rank(inputs[2], 1)
    (lengths,) = with_rank(inputs[3], 1)
    merge_dim(rows, values)
    batch = merge_dim(batch, lengths)
    return ((batch,), (time, batch, classes))


def greedy_shape(_attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """A sparse tensor whose size the values tell."""
    batch = _batch(inputs)
    return ((None, 2), (None,), (2,), (batch, 1))


def beam_search_shape(attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """A sparse tensor for each path."""
    batch, paths = _batch(inputs), attrs["top_paths"]
    return (
        *((None, 2),) * paths,
        *((None,),) * paths,
        *((2,),) * paths,
        (batch, paths),
    )


def _batch(inputs: Shapes) -> int | None:
    _, batch, _ = with_rank(inputs[0], 3)
    (lengths,) = with_rank(inputs[1], 1)
    return merge_dim(batch, lengths)


def loss_gradient(
    g: GradientBuilder, op: Operation, d_loss: Tensor, _d_gradient: Tensor
) -> Sequence[Any]:
    """The op gave the gradient; no one may differentiate that."""
    gradient = g.op(
        "PreventGradient", input=op.outputs[1], message=_NO_SECOND_DERIVATIVE
    )
    return (array.expand_dims(d_loss, -1) * gradient, None, None, None)


OPS = (
    *(
        OpSpec(name=name, shape=loss_shape, gradient=loss_gradient, source=_SOURCE)
        for name in ("CTCLoss", "CTCLossV2")
    ),
    OpSpec(
        name="CTCGreedyDecoder",
        shape=greedy_shape,
        gradient=NOT_DIFFERENTIABLE,
        source=_SOURCE,
    ),
    OpSpec(
        name="CTCBeamSearchDecoder",
        shape=beam_search_shape,
        gradient=NOT_DIFFERENTIABLE,
        source=_SOURCE,
    ),
)
