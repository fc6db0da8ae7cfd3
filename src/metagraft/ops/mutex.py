"""Locks of a session; twin of `kernels/mutex.py`.

Source: tensorflow core/ops/resource_variable_ops.cc.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from metagraft.graph.attrs import Attrs
from metagraft.graph.op_spec import OpSpec, Shapes
from metagraft.graph.shapes import Dims

_SOURCE: Final = "tensorflow core/ops/resource_variable_ops.cc"


def scalar_shape(attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """A handle."""
    del attrs, inputs
    return ((),)


OPS = (
    OpSpec(name="MutexV2", shape=scalar_shape, source=_SOURCE),
    OpSpec(name="MutexLock", shape=scalar_shape, source=_SOURCE),
    OpSpec(name="ConsumeMutexLock", source=_SOURCE),
)
