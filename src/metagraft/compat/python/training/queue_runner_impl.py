"""`tensorflow.python.training.queue_runner_impl`: threads that fill queues."""

from __future__ import annotations

from metagraft.lazy_names import from_module, lazy_names

_NAMES = {
    **from_module(
        "metagraft.compat.v1.train",
        "QueueRunner add_queue_runner start_queue_runners",
    ),
}
__all__ = sorted(_NAMES)  # noqa: PLE0605 - computed from the table

__getattr__, __dir__ = lazy_names(__name__, _NAMES)
