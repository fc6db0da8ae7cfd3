"""What no operand says: the time, a fact; twin of `kernels/environment.py`.

Source: tensorflow core/ops/logging_ops.cc, user_ops/fact.cc.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from metagraft.graph.op_spec import NOT_DIFFERENTIABLE, OpSpec, Shapes
from metagraft.graph.shapes import Dims

__all__ = ["OPS"]


def scalar_shape(_attrs: Any, _inputs: Shapes) -> Sequence[Dims]:
    """One value."""
    return ((),)


OPS = (
    # TF: infers nothing about it.
    OpSpec(name="Fact", source="tensorflow core/user_ops/fact.cc"),
    OpSpec(
        name="Timestamp",
        shape=scalar_shape,
        gradient=NOT_DIFFERENTIABLE,
        source="tensorflow core/ops/logging_ops.cc",
    ),
)
