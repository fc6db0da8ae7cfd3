"""Staging areas with keys; twin of `kernels/map_staging.py`.

Source: tensorflow core/ops/data_flow_ops.cc.
"""

from __future__ import annotations

from typing import Final

from metagraft.graph.op_spec import NOT_DIFFERENTIABLE, OpSpec
from metagraft.ops.staging import count_shape

_SOURCE: Final = "tensorflow core/ops/data_flow_ops.cc"

OPS = tuple(
    OpSpec(
        name=f"{prefix}{name}",
        shape=shape,
        gradient=NOT_DIFFERENTIABLE,
        source=_SOURCE,
    )
    for prefix in ("", "Ordered")
    for name, shape in (
        ("MapClear", None),
        ("MapIncompleteSize", count_shape),
        ("MapPeek", None),
        ("MapSize", count_shape),
        ("MapStage", None),
        ("MapUnstage", None),
        ("MapUnstageNoKey", None),
    )
)
