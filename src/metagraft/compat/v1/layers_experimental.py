"""`tf.layers.experimental`: layers that name variables as Keras's do."""

from __future__ import annotations

from metagraft.lazy_names import from_module, lazy_names

_NAMES = from_module("metagraft.api.layer_style", "keras_style_scope set_keras_style")
__all__ = sorted(_NAMES)  # noqa: PLE0605 - computed from the table

__getattr__, __dir__ = lazy_names(__name__, _NAMES)
