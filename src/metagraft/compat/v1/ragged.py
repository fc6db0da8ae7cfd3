"""`tf.ragged`: tensors whose rows have different lengths."""

from __future__ import annotations

from metagraft.lazy_names import from_module, lazy_names

_NAMES = {
    "RaggedTensorValue": "metagraft.api.ragged_value:RaggedTensorValue",
    **from_module(
        "metagraft.api.ragged", "constant constant_value map_flat_values placeholder"
    ),
    "range": "metagraft.api.ragged:ragged_range",
    "boolean_mask": "metagraft.api.ragged_mask:boolean_mask",
    **from_module("metagraft.api.ragged_cross", "cross cross_hashed"),
    **from_module("metagraft.api.ragged_stack", "stack stack_dynamic_partitions"),
    **from_module(
        "metagraft.api.row_partition",
        "row_splits_to_segment_ids segment_ids_to_row_splits",
    ),
}
__all__ = sorted(_NAMES)  # noqa: PLE0605 - computed from the table

__getattr__, __dir__ = lazy_names(__name__, _NAMES)
