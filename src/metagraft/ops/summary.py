"""Summaries; the kernels of those that can run are in `kernels/summary.py`.

Source: tensorflow core/ops/logging_ops.cc, core/ops/summary_ops.cc.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from metagraft.graph.op_spec import NOT_DIFFERENTIABLE, OpSpec, Shapes
from metagraft.graph.shapes import Dims

__all__ = ["OPS"]


def summary_shape(_attrs: Any, _inputs: Shapes) -> Sequence[Dims]:
    """One serialised `Summary`."""
    return ((),)


def summary(name: str) -> OpSpec:
    """Return the row of an op that makes a summary."""
    return OpSpec(
        name=name,
        shape=summary_shape,
        gradient=NOT_DIFFERENTIABLE,
        source="tensorflow core/ops/logging_ops.cc",
    )


OPS = (
    summary("AudioSummary"),
    summary("AudioSummaryV2"),
    summary("HistogramSummary"),
    summary("ImageSummary"),
    summary("MergeSummary"),
    summary("ScalarSummary"),
    summary("TensorSummary"),
    summary("TensorSummaryV2"),
)
