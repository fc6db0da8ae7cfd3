"""Staging areas: tensors handed from step to step; twin of `kernels/staging.py`.

Source: tensorflow core/ops/data_flow_ops.cc.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from metagraft.graph.attrs import Attrs
from metagraft.graph.op_spec import OpSpec, Shapes
from metagraft.graph.shapes import Dims

_SOURCE: Final = "tensorflow core/ops/data_flow_ops.cc"


def count_shape(attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """One number."""
    del attrs, inputs
    return ((),)


OPS = (
    OpSpec(name="Stage", source=_SOURCE),
    OpSpec(name="StageClear", source=_SOURCE),
    OpSpec(name="StagePeek", source=_SOURCE),
    OpSpec(name="StageSize", shape=count_shape, source=_SOURCE),
    OpSpec(name="Unstage", source=_SOURCE),
)
