"""`tf.user_ops`: an example of an operation of one's own."""

from __future__ import annotations

from metagraft.lazy_names import lazy_names

_NAMES = {"my_fact": "metagraft.api.environment:my_fact"}
__all__ = sorted(_NAMES)  # noqa: PLE0605 - computed from the table

__getattr__, __dir__ = lazy_names(__name__, _NAMES)
