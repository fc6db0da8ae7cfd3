"""`tensorflow.python.ops.data_flow_ops`: queues, accumulators, pieces."""

from __future__ import annotations

from metagraft.lazy_names import from_module, lazy_names

_NAMES = {
    **from_module(
        "metagraft.compat.v1",
        "ConditionalAccumulator ConditionalAccumulatorBase FIFOQueue PaddingFIFOQueue "
        "PriorityQueue QueueBase RandomShuffleQueue SparseConditionalAccumulator "
        "dynamic_partition dynamic_stitch",
    ),
}
__all__ = sorted(_NAMES)  # noqa: PLE0605 - computed from the table

__getattr__, __dir__ = lazy_names(__name__, _NAMES)
