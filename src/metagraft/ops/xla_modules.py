"""Programs of XLA inside graphs; twin of `kernels/xla_modules.py`.

Source: tensorflow compiler/tf2xla/ops/xla_ops.cc.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from metagraft.graph.op_spec import NOT_DIFFERENTIABLE, OpSpec, Shapes
from metagraft.graph.shapes import Dims

__all__ = ["OPS"]


def module_shape(attrs: Mapping[str, Any], inputs: Shapes) -> Sequence[Dims]:
    """The shapes in `Sout`."""
    declared: list[Dims] = attrs["Sout"]
    missing = len(inputs.op.outputs) - len(declared)
    return (*declared[: len(inputs.op.outputs)], *(None,) * missing)


OPS = (
    OpSpec(
        name="XlaCallModule",
        shape=module_shape,
        gradient=NOT_DIFFERENTIABLE,
        source="tensorflow compiler/tf2xla/ops/xla_ops.cc",
    ),
)
