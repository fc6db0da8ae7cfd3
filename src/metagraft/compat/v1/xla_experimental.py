"""`tf.xla.experimental`: operations marked for TensorFlow's compiler."""

from __future__ import annotations

from metagraft.lazy_names import from_module, lazy_names

_NAMES = from_module("metagraft.api.compiled_scopes", "compile jit_scope")
__all__ = sorted(_NAMES)  # noqa: PLE0605 - computed from the table

__getattr__, __dir__ = lazy_names(__name__, _NAMES)
