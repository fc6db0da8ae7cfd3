"""What workers of a group do together, for groups of one; twin of `kernels/`.

Source: tensorflow core/ops/collective_ops.cc.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from metagraft.graph.op_spec import OpSpec, ShapeFunction, Shapes
from metagraft.graph.shape_checks import with_rank_at_least
from metagraft.graph.shapes import Dims

__all__ = ["OPS"]

_SOURCE: Final = "tensorflow core/ops/collective_ops.cc"


def unchanged_shape(_attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """As what goes in."""
    return (inputs[0],)


def declared_shape(attrs: Any, _inputs: Shapes) -> Sequence[Dims]:
    """The shape that an attribute gives."""
    return (attrs["shape"],)


def gathered_shape(attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """The rows of every worker."""
    dims = with_rank_at_least(inputs[0], 1)
    if dims is None:
        return (None,)
    return ((None if dims[0] is None else dims[0] * attrs["group_size"], *dims[1:]),)


def rows_shape(_attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """Some rows; nothing else changes."""
    dims = with_rank_at_least(inputs[0], 1)
    return (None if dims is None else (None, *dims[1:]),)


def group_shape(_attrs: Any, _inputs: Shapes) -> Sequence[Dims]:
    """Two numbers."""
    return ((), ())


def handle_shape(_attrs: Any, _inputs: Shapes) -> Sequence[Dims]:
    """A handle."""
    return ((),)


_SHAPES: Final[dict[str, ShapeFunction]] = {
    "CollectiveAllToAllV2": unchanged_shape,
    "CollectiveAllToAllV3": unchanged_shape,
    "CollectiveAssignGroupV2": group_shape,
    "CollectiveBcastSend": declared_shape,
    "CollectiveBcastSendV2": unchanged_shape,
    "CollectiveGather": gathered_shape,
    "CollectiveGatherV2": rows_shape,
    "CollectiveInitializeCommunicator": handle_shape,
    "CollectiveReduce": unchanged_shape,
    "CollectiveReduceScatterV2": rows_shape,
    "CollectiveReduceV2": unchanged_shape,
    "CollectiveReduceV3": unchanged_shape,
}
OPS = tuple(
    OpSpec(name=name, shape=shape, source=_SOURCE) for name, shape in _SHAPES.items()
)
