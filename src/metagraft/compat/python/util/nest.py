"""`tensorflow.python.util.nest`: structures."""

from __future__ import annotations

from metagraft.lazy_names import from_module, lazy_names

_NAMES = {
    **from_module(
        "metagraft.compat.v1.nest",
        "assert_same_structure flatten is_nested map_structure pack_sequence_as",
    ),
    "is_sequence": "metagraft.api.nest:is_nested",
}
__all__ = sorted(_NAMES)  # noqa: PLE0605 - computed from the table

__getattr__, __dir__ = lazy_names(__name__, _NAMES)
