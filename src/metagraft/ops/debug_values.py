"""What debuggers ask about values; twin of `kernels/debug_values.py`.

Source: tensorflow core/ops/debug_ops.cc.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from metagraft.graph.op_spec import GradientBuilder, OpSpec, Shapes
from metagraft.graph.operation import Operation
from metagraft.graph.shapes import Dims

__all__ = ["OPS"]

_SOURCE = "tensorflow core/ops/debug_ops.cc"


def unchanged_shape(_attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """The value goes through."""
    return (inputs[0],)


def unchanged_gradient(_g: GradientBuilder, _op: Operation, dy: Any) -> Sequence[Any]:
    """The gradient goes through."""
    return (dy,)


# TF: says that it is a scalar, and returns a vector.
def vector_shape(_attrs: Any, _inputs: Shapes) -> Sequence[Dims]:
    """One count."""
    return ((1,),)


def unknown_shape(_attrs: Any, _inputs: Shapes) -> Sequence[Dims]:
    """TensorFlow tells no shape."""
    return (None,)


OPS = (
    OpSpec(name="Copy", shape=unchanged_shape, source=_SOURCE),
    OpSpec(name="CopyHost", shape=unchanged_shape, source=_SOURCE),
    OpSpec(name="DebugIdentity", shape=unchanged_shape, source=_SOURCE),
    OpSpec(
        name="DebugIdentityV2",
        shape=unchanged_shape,
        gradient=unchanged_gradient,
        source=_SOURCE,
    ),
    OpSpec(name="DebugIdentityV3", shape=unchanged_shape, source=_SOURCE),
    OpSpec(name="DebugNanCount", shape=vector_shape, source=_SOURCE),
    OpSpec(name="DebugNumericSummary", shape=unknown_shape, source=_SOURCE),
    OpSpec(name="DebugNumericSummaryV2", shape=unknown_shape, source=_SOURCE),
)
