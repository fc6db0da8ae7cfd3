"""Numbers to text and back; twin of `kernels/string_numbers.py`.

Source: tensorflow core/ops/string_ops.cc, core/ops/parsing_ops.cc.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from metagraft.graph.op_spec import NOT_DIFFERENTIABLE, OpSpec, Shapes
from metagraft.graph.shapes import Dims

__all__ = ["OPS"]


def unchanged_shape(_attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """One text for each number, one number for each text."""
    return (inputs[0],)


OPS = (
    OpSpec(
        name="AsString",
        shape=unchanged_shape,
        gradient=NOT_DIFFERENTIABLE,
        source="tensorflow core/ops/string_ops.cc",
    ),
    OpSpec(
        name="StringToNumber",
        shape=unchanged_shape,
        gradient=NOT_DIFFERENTIABLE,
        source="tensorflow core/ops/parsing_ops.cc",
    ),
)
