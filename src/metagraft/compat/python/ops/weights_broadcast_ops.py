"""`tensorflow.python.ops.weights_broadcast_ops`: weights broadcast."""

from __future__ import annotations

from metagraft.lazy_names import from_module, lazy_names

_NAMES = {
    **from_module(
        "metagraft.api.weights_broadcast",
        "assert_broadcastable broadcast_weights",
    ),
}
__all__ = sorted(_NAMES)  # noqa: PLE0605 - computed from the table

__getattr__, __dir__ = lazy_names(__name__, _NAMES)
