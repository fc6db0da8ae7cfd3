"""`tensorflow.python.util.tf_contextlib`: context managers of functions."""

from __future__ import annotations

from metagraft.lazy_names import lazy_names

_NAMES = {
    "contextmanager": "contextlib:contextmanager",
}
__all__ = sorted(_NAMES)  # noqa: PLE0605 - computed from the table

__getattr__, __dir__ = lazy_names(__name__, _NAMES)
