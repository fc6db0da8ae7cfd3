"""What TensorFlow's optimizers and executors put in place of nodes.

Dumps of graphs that ran have them. Twin of `kernels/rewritten.py`.

Source: tensorflow core/ops/math_ops.cc, string_ops.cc, array_ops.cc, sendrecv_ops.cc.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from metagraft.graph.op_spec import GradientBuilder, OpSpec, Shapes
from metagraft.graph.operation import Operation
from metagraft.graph.shapes import Dims

__all__ = ["OPS"]


def unchanged_shape(_attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """One element for each element."""
    return (inputs[0],)


def nothing(_attrs: Any, _inputs: Shapes) -> Sequence[Dims]:
    """No outputs."""
    return ()


def same_gradient(_g: GradientBuilder, _op: Operation, dy: Any) -> Sequence[Any]:
    """The gradient goes through."""
    return (dy,)


OPS = (
    OpSpec(
        name="_EagerConst",
        shape=unchanged_shape,
        gradient=same_gradient,
        source="tensorflow core/ops/array_ops.cc",
    ),
    OpSpec(
        name="_HostCast",
        shape=unchanged_shape,
        source="tensorflow core/ops/math_ops.cc",
    ),
    OpSpec(
        name="_TensorToHashBucketFast",
        shape=unchanged_shape,
        source="tensorflow core/ops/string_ops.cc",
    ),
    OpSpec(
        name="_UnaryOpsComposition",
        shape=unchanged_shape,
        source="tensorflow core/ops/math_ops.cc",
    ),
    OpSpec(name="SyncDevice", shape=nothing, source="tensorflow core/ops/sync_ops.cc"),
)
