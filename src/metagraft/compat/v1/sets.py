"""`tf.sets`: sets of values along the last axis."""

from __future__ import annotations

from metagraft.lazy_names import lazy_names

_NAMES = {
    name: f"metagraft.api.sets:set_{function}"
    for function in ("difference", "intersection", "size", "union")
    for name in (function, f"set_{function}")
}
__all__ = sorted(_NAMES)  # noqa: PLE0605 - computed from the table

__getattr__, __dir__ = lazy_names(__name__, _NAMES)
