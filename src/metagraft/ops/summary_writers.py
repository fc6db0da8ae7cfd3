"""Writers of event files, and what they write; twin of `kernels/summary_writers.py`.

Source: tensorflow core/ops/summary_ops.cc.
"""

from __future__ import annotations

from typing import Final

from metagraft.graph.op_spec import OpSpec, ShapeFunction
from metagraft.ops.queues import handle_shape

_SOURCE: Final = "tensorflow core/ops/summary_ops.cc"


def _spec(name: str, shape: ShapeFunction | None = None) -> OpSpec:
    return OpSpec(name=name, shape=shape, source=_SOURCE)


OPS = (
    _spec("CloseSummaryWriter"),
    _spec("CreateSummaryFileWriter"),
    _spec("FlushSummaryWriter"),
    _spec("ImportEvent"),
    _spec("SummaryWriter", handle_shape),
    _spec("WriteAudioSummary"),
    _spec("WriteGraphSummary"),
    _spec("WriteHistogramSummary"),
    _spec("WriteImageSummary"),
    _spec("WriteRawProtoSummary"),
    _spec("WriteScalarSummary"),
    _spec("WriteSummary"),
)
