"""`tf.config.optimizer`: how graphs of operations that run at once are changed."""

from __future__ import annotations

from metagraft.lazy_names import from_module, lazy_names

_NAMES = from_module(
    "metagraft.api.process_options",
    "get_experimental_options get_jit set_experimental_options set_jit",
)
__all__ = sorted(_NAMES)  # noqa: PLE0605 - computed from the table

__getattr__, __dir__ = lazy_names(__name__, _NAMES)
