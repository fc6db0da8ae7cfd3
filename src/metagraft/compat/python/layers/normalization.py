"""`tensorflow.python.layers.normalization`: normalization."""

from __future__ import annotations

from metagraft.lazy_names import from_module, lazy_names

_NAMES = {
    **from_module(
        "metagraft.compat.v1.layers",
        "BatchNormalization batch_normalization",
    ),
    "BatchNorm": "metagraft.compat.v1.layers:BatchNormalization",
    "batch_norm": "metagraft.compat.v1.layers:batch_normalization",
}
__all__ = sorted(_NAMES)  # noqa: PLE0605 - computed from the table

__getattr__, __dir__ = lazy_names(__name__, _NAMES)
