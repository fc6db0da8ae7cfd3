"""`tf.nest`: structures of lists, tuples, mappings and other sequences."""

from __future__ import annotations

from metagraft.lazy_names import from_module, lazy_names

_NAMES = from_module(
    "metagraft.api.nest",
    "assert_same_structure flatten is_nested map_structure pack_sequence_as",
)
__all__ = sorted(_NAMES)  # noqa: PLE0605 - computed from the table

__getattr__, __dir__ = lazy_names(__name__, _NAMES)
