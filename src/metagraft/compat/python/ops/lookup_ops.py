"""`tensorflow.python.ops.lookup_ops`: tables."""

from __future__ import annotations

from metagraft.lazy_names import from_module, lazy_names

_NAMES = {
    **from_module(
        "metagraft.api.lookup_indices",
        "index_table_from_file index_table_from_tensor "
        "index_to_string_table_from_file index_to_string_table_from_tensor",
    ),
    **from_module("metagraft.compat.v1", "initialize_all_tables tables_initializer"),
    **from_module(
        "metagraft.compat.v1.lookup",
        "KeyValueTensorInitializer TextFileIndex TextFileInitializer",
    ),
    **from_module(
        "metagraft.compat.v1.lookup_experimental",
        "DenseHashTable MutableHashTable",
    ),
    "StaticHashTableV1": "metagraft.compat.v1.lookup:StaticHashTable",
    "StaticVocabularyTableV1": "metagraft.compat.v1.lookup:StaticVocabularyTable",
}
__all__ = sorted(_NAMES)  # noqa: PLE0605 - computed from the table

__getattr__, __dir__ = lazy_names(__name__, _NAMES)
