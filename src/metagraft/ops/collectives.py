"""What workers of a group do together, for groups of one; twin of `kernels/`.

Source: tensorflow core/ops/collective_ops.cc.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from metagraft.graph.op_spec import OpSpec, ShapeFunction, Shapes
from metagraft.graph.shape_checks import with_rank
from metagraft.graph.shapes import Dims

__all__ = ["OPS"]

_SOURCE: Final = "tensorflow core/ops/collective_ops.cc"


def unchanged_shape(_attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """As what goes in."""
    return (inputs[0],)


def declared_shape(attrs: Any, _inputs: Shapes) -> Sequence[Dims]:
    """The shape that an attribute gives."""
    return (attrs["shape"],)


def rows_shape(_attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """Some rows; nothing else changes."""
    dims = inputs[0]
    if dims is None:
        return (None,)
    if not dims:
        raise ValueError("Shape must be at least rank 1 but is rank 0")
    return ((None, *dims[1:]),)


def group_shape(_attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """Two numbers."""
    with_rank(inputs[0], 2)
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
    "CollectiveGather": declared_shape,
    "CollectiveGatherV2": rows_shape,
    "CollectiveInitializeCommunicator": handle_shape,
    "CollectiveReduce": unchanged_shape,
    "CollectiveReduceScatterV2": rows_shape,
    "CollectiveReduceV2": unchanged_shape,
    "CollectiveReduceV3": unchanged_shape,
}
OPS = tuple(
    OpSpec(
        name=name,
        shape=shape,
        source=_SOURCE,
        ranks="p" if name == "CollectiveGather" else "",
    )
    for name, shape in _SHAPES.items()
)
