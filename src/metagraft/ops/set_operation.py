"""Sets of values along the last axis; twin of `kernels/set_operation.py`.

Source: tensorflow core/ops/set_ops.cc.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from metagraft.graph.op_spec import NOT_DIFFERENTIABLE, OpSpec, Shapes
from metagraft.graph.shape_checks import merged
from metagraft.graph.shapes import Dims

__all__ = ["OPS"]


def dense_to_dense_shape(_attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """A sparse tensor of the operands' rank: indices, values and shape."""
    first, second = inputs
    rank = None
    if first is not None and second is not None:
        if min(len(first), len(second)) < 2:
            raise ValueError(
                "Shape must be at least rank 2 but is rank"
                f" {min(len(first), len(second))}"
            )
        merged(first[:-1], second[:-1])
        rank = len(first)
    elif first is not None or second is not None:
        rank = len(first or second or ())
    return ((None, rank), (None,), (rank,))


OPS = (
    OpSpec(
        name="DenseToDenseSetOperation",
        shape=dense_to_dense_shape,
        gradient=NOT_DIFFERENTIABLE,
        source="tensorflow core/ops/set_ops.cc",
    ),
)
