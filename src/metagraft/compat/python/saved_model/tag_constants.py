"""`tensorflow.python.saved_model.tag_constants`: usual tags."""

from __future__ import annotations

from metagraft.lazy_names import from_module, lazy_names

_NAMES = from_module("metagraft.saved_model.keys", "EVAL GPU SERVING TPU TRAINING")
__all__ = sorted(_NAMES)  # noqa: PLE0605 - computed from the table

__getattr__, __dir__ = lazy_names(__name__, _NAMES)
