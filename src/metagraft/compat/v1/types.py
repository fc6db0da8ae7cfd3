"""`tf.types`: types for annotations."""

from __future__ import annotations

from metagraft.lazy_names import lazy_names

_NAMES = {"experimental": "metagraft.compat.v1.types_experimental"}
__all__ = sorted(_NAMES)  # noqa: PLE0605 - computed from the table

__getattr__, __dir__ = lazy_names(__name__, _NAMES)
