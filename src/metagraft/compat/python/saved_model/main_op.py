"""`tensorflow.python.saved_model.main_op`: what prepares a loaded model."""

from __future__ import annotations

from metagraft.lazy_names import from_module, lazy_names

_NAMES = from_module("metagraft.saved_model.main_op", "main_op main_op_with_restore")
__all__ = sorted(_NAMES)  # noqa: PLE0605 - computed from the table

__getattr__, __dir__ = lazy_names(__name__, _NAMES)
