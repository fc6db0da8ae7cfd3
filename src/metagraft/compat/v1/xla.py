"""`tf.xla`: TensorFlow's compiler."""

from __future__ import annotations

from metagraft.lazy_names import lazy_names

_NAMES = {"experimental": "metagraft.compat.v1.xla_experimental"}
__all__ = sorted(_NAMES)  # noqa: PLE0605 - computed from the table

__getattr__, __dir__ = lazy_names(__name__, _NAMES)
