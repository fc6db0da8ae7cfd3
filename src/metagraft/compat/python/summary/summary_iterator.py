"""`tensorflow.python.summary.summary_iterator`: event files read."""

from __future__ import annotations

from metagraft.lazy_names import lazy_names

_NAMES = {
    "summary_iterator": "metagraft.compat.v1.train:summary_iterator",
}
__all__ = sorted(_NAMES)  # noqa: PLE0605 - computed from the table

__getattr__, __dir__ = lazy_names(__name__, _NAMES)
