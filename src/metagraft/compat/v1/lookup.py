"""`tf.lookup`: lookup tables."""

from __future__ import annotations

from metagraft.lazy_names import from_module, lazy_names

_NAMES = {
    **from_module("metagraft.api.lookup", "StaticHashTable StaticVocabularyTable"),
    **from_module(
        "metagraft.api.lookup_initializers",
        "KeyValueTensorInitializer TextFileIndex TextFileInitializer",
    ),
    "experimental": "metagraft.compat.v1.lookup_experimental",
}
__all__ = sorted(_NAMES)  # noqa: PLE0605 - computed from the table

__getattr__, __dir__ = lazy_names(__name__, _NAMES)
