"""`tensorflow.python.ops.variable_v1`: variables."""

from __future__ import annotations

from metagraft.lazy_names import from_module, lazy_names

_NAMES = {
    **from_module("metagraft.compat.v1", "is_variable_initialized"),
    "VariableV1": "metagraft.compat.v1:Variable",
}
__all__ = sorted(_NAMES)  # noqa: PLE0605 - computed from the table

__getattr__, __dir__ = lazy_names(__name__, _NAMES)
