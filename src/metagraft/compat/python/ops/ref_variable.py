"""`tensorflow.python.ops.ref_variable`: variables behind references."""

from __future__ import annotations

from metagraft.lazy_names import lazy_names

_NAMES = {
    "RefVariable": "metagraft.api.reference_variable:ReferenceVariable",
}
__all__ = sorted(_NAMES)  # noqa: PLE0605 - computed from the table

__getattr__, __dir__ = lazy_names(__name__, _NAMES)
