"""Barriers: elements whose components come apart; twin of `kernels/barriers.py`.

Source: tensorflow core/ops/data_flow_ops.cc.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from metagraft.graph.attrs import Attrs
from metagraft.graph.op_spec import OpSpec, ShapeFunction, Shapes
from metagraft.graph.shapes import Dims
from metagraft.ops.queues import number_shape, reference_handle_shape

_SOURCE: Final = "tensorflow core/ops/data_flow_ops.cc"


def barrier_take_shape(attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """Positions, keys, and components of which nothing is known."""
    del inputs
    return (None, None, *[None] * len(attrs["component_types"]))


def _spec(name: str, shape: ShapeFunction | None = None, ranks: str = "") -> OpSpec:
    return OpSpec(name=name, shape=shape, source=_SOURCE, ranks=ranks)


OPS = (
    _spec("Barrier", reference_handle_shape),
    _spec("BarrierClose", ranks="h"),
    _spec("BarrierIncompleteSize", number_shape, "h"),
    _spec("BarrierInsertMany", ranks="h1p"),
    _spec("BarrierReadySize", number_shape, "h"),
    _spec("BarrierTakeMany", barrier_take_shape),
)
