"""Barriers: elements whose components come apart; twin of `kernels/barriers.py`.

Source: tensorflow core/ops/data_flow_ops.cc.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from metagraft.graph.attrs import Attrs
from metagraft.graph.op_spec import OpSpec, ShapeFunction, Shapes
from metagraft.graph.shape_checks import merge_dim
from metagraft.graph.shapes import Dims
from metagraft.ops.queues import number_shape, reference_handle_shape

_SOURCE: Final = "tensorflow core/ops/data_flow_ops.cc"


def barrier_take_shape(attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """Positions, keys, and components of which nothing is known."""
    del inputs
    return (None, None, *[None] * len(attrs["component_types"]))


def insert_shape(_attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """Nothing; a value for each key goes in."""
    if inputs[1] is not None and inputs[2] is not None:
        merge_dim(inputs[1][0], inputs[2][0])
    return ()


def _spec(name: str, shape: ShapeFunction | None = None, ranks: str = "") -> OpSpec:
    return OpSpec(name=name, shape=shape, source=_SOURCE, ranks=ranks)


OPS = (
    _spec("Barrier", reference_handle_shape),
    _spec("BarrierClose", ranks="h"),
    _spec("BarrierIncompleteSize", number_shape, "h"),
    _spec("BarrierInsertMany", insert_shape, "h1p"),
    _spec("BarrierReadySize", number_shape, "h"),
    _spec("BarrierTakeMany", barrier_take_shape),
)
