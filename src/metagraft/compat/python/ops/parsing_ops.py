"""`tensorflow.python.ops.parsing_ops`: examples parsed."""

from __future__ import annotations

from metagraft.lazy_names import from_module, lazy_names

_NAMES = {
    **from_module(
        "metagraft.compat.v1",
        "FixedLenFeature FixedLenSequenceFeature SparseFeature VarLenFeature "
        "decode_compressed decode_csv decode_json_example parse_example "
        "parse_single_example parse_single_sequence_example parse_tensor "
        "serialize_tensor",
    ),
    **from_module("metagraft.compat.v1.io", "RaggedFeature parse_sequence_example"),
    "decode_raw_v1": "metagraft.compat.v1:decode_raw",
}
__all__ = sorted(_NAMES)  # noqa: PLE0605 - computed from the table

__getattr__, __dir__ = lazy_names(__name__, _NAMES)
