"""`tensorflow.python.layers.core`: layers of every network."""

from __future__ import annotations

from metagraft.lazy_names import from_module, lazy_names

_NAMES = {
    **from_module(
        "metagraft.compat.v1.layers",
        "Dense Dropout Flatten dense dropout flatten",
    ),
    "FullyConnected": "metagraft.compat.v1.layers:Dense",
    "fully_connected": "metagraft.compat.v1.layers:dense",
}
__all__ = sorted(_NAMES)  # noqa: PLE0605 - computed from the table

__getattr__, __dir__ = lazy_names(__name__, _NAMES)
