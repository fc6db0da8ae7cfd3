"""Queues and barriers; twin of `kernels/queues.py`.

A queue comes out as a handle. Files from before 2017 have the older ops, whose handle
is a reference to a vector of two strings.

Source: tensorflow core/ops/data_flow_ops.cc.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from metagraft.graph.attrs import Attrs
from metagraft.graph.op_spec import NOT_DIFFERENTIABLE, OpSpec, ShapeFunction, Shapes
from metagraft.graph.shapes import Dims

_SOURCE: Final = "tensorflow core/ops/data_flow_ops.cc"


def handle_shape(attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """A handle."""
    del attrs, inputs
    return ((),)


def reference_handle_shape(attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """The older kind of handle: two strings."""
    del attrs, inputs
    return ((2,),)


def number_shape(attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """One number, or whether something is so."""
    del attrs, inputs
    return ((),)


def dequeue_many_shape(attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """Components of which the handle tells nothing; one of the ops checks `n`."""
    is_checked = inputs.op.type == "QueueDequeueManyV2"
    count = inputs.value(1) if is_checked else None
    if count is not None and count.ndim == 0 and int(count) < 0:
        raise ValueError(f"Input 'n' must be >= 0, but is {int(count)}")
    return [None] * len(attrs["component_types"])


_QUEUES: Final = (
    "FIFOQueue",
    "PaddingFIFOQueue",
    "PriorityQueue",
    "RandomShuffleQueue",
)
# What acts on a queue, whether the older ops are marked, and what comes out.
_ON_QUEUES: Final[tuple[tuple[str, bool, ShapeFunction | None], ...]] = (
    ("QueueClose", True, None),
    ("QueueDequeue", True, None),
    ("QueueDequeueMany", True, dequeue_many_shape),
    ("QueueDequeueUpTo", True, dequeue_many_shape),
    ("QueueEnqueue", True, None),
    ("QueueEnqueueMany", True, None),
    ("QueueIsClosed", False, number_shape),
    ("QueueSize", True, number_shape),
)


def _on_queue(name: str, *, marked: bool, shape: ShapeFunction | None) -> OpSpec:
    if marked:
        return OpSpec(
            name=name,
            shape=shape,
            gradient=NOT_DIFFERENTIABLE,
            source=_SOURCE,
            ranks="h" if name in {"QueueClose", "QueueSize"} else "",
        )
    return OpSpec(name=name, shape=shape, source=_SOURCE)


def _spec(name: str, shape: ShapeFunction | None = None) -> OpSpec:
    return OpSpec(name=name, shape=shape, source=_SOURCE)


OPS = (
    *(_spec(name, reference_handle_shape) for name in _QUEUES),
    *(_spec(f"{name}V2", handle_shape) for name in _QUEUES),
    *(
        _on_queue(name, marked=marked, shape=shape)
        for name, marked, shape in _ON_QUEUES
    ),
    *(_spec(f"{name}V2", shape) for name, _, shape in _ON_QUEUES),
    _spec("FakeQueue", reference_handle_shape),
)
