"""L2Loss; twin of `kernels/loss.py`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from metagraft.graph.op_spec import GradientBuilder, OpSpec, Shapes
from metagraft.graph.shapes import Dims

if TYPE_CHECKING:
    from metagraft.graph.operation import Operation
    from metagraft.graph.tensor import Tensor

__all__ = ["OPS"]


def scalar_shape(_attrs: Any, _inputs: Shapes) -> Sequence[Dims]:
    """One number."""
    return ((),)


def l2_loss_gradient(
    _g: GradientBuilder, op: Operation, dy: Tensor
) -> Sequence[Tensor]:
    """`x * dy`: the loss is half the sum of squares."""
    return (op.inputs[0] * dy,)


OPS = (
    OpSpec(
        name="L2Loss",
        shape=scalar_shape,
        gradient=l2_loss_gradient,
        source="tensorflow core/ops/nn_ops.cc",
    ),
)
