"""`tensorflow.python.ops.functional_ops`: operations that take functions."""

from __future__ import annotations

from metagraft.lazy_names import from_module, lazy_names

_NAMES = from_module(
    "metagraft.api.function_ops",
    "For Gradient If While partitioned_call remote_call symbolic_gradient",
) | from_module("metagraft.api.functional", "foldl foldr map_fn scan")
__all__ = sorted(_NAMES)  # noqa: PLE0605 - computed from the table

__getattr__, __dir__ = lazy_names(__name__, _NAMES)
