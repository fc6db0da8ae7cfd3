"""Stochastic dual coordinate ascent for linear models; twin of `kernels/sdca.py`.

Source: tensorflow core/ops/sdca_ops.cc.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from metagraft.graph.attrs import Attrs
from metagraft.graph.op_spec import OpSpec, Shapes
from metagraft.graph.shape_checks import with_rank
from metagraft.graph.shapes import Dims

__all__ = ["OPS"]

_SOURCE: Final = "tensorflow core/ops/sdca_ops.cc"


def optimizer_shape(_attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """Four numbers for each example, and changes of the weights."""
    # The weights come last, but for the state of the examples.
    count = len(inputs.op.outputs) - 1
    return ((None, 4), *inputs[len(inputs) - 1 - count : -1])


def nothing_shape(_attrs: Attrs, _inputs: Shapes) -> Sequence[Dims]:
    """There are no results."""
    return ()


def fingerprint_shape(_attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """Two numbers for each text."""
    (count,) = with_rank(inputs[0], 1)
    return ((count, 2),)


OPS = (
    OpSpec(name="SdcaFprint", shape=fingerprint_shape, source=_SOURCE),
    OpSpec(name="SdcaOptimizer", shape=optimizer_shape, source=_SOURCE),
    OpSpec(name="SdcaOptimizerV2", shape=optimizer_shape, source=_SOURCE),
    OpSpec(name="SdcaShrinkL1", shape=nothing_shape, source=_SOURCE),
)
