"""How shapes broadcast; twin of `kernels/broadcasting.py`.

Source: tensorflow core/ops/array_ops.cc.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from metagraft.graph.op_spec import NOT_DIFFERENTIABLE, OpSpec, Shapes
from metagraft.graph.shape_checks import with_rank
from metagraft.graph.shapes import Dims

__all__ = ["OPS"]


def broadcast_gradient_args_shape(_attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """Two vectors of axes, as long as a run finds them."""
    with_rank(inputs[0], 1)
    with_rank(inputs[1], 1)
    axes: Dims = (None,)
    return axes, axes


OPS = (
    OpSpec(
        name="BroadcastGradientArgs",
        shape=broadcast_gradient_args_shape,
        gradient=NOT_DIFFERENTIABLE,
        source="tensorflow core/ops/array_ops.cc",
    ),
)
