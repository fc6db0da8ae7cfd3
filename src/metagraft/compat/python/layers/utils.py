"""`tensorflow.python.layers.utils`: branches decided while a graph is built."""

from __future__ import annotations

from metagraft.lazy_names import from_module, lazy_names

_NAMES = {
    **from_module("metagraft.api.cond", "smart_cond"),
    "constant_value": "metagraft.api.cond:smart_constant_value",
}
__all__ = sorted(_NAMES)  # noqa: PLE0605 - computed from the table

__getattr__, __dir__ = lazy_names(__name__, _NAMES)
