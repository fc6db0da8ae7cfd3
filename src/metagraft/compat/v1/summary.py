"""`tf.summary`: reporting values of a run."""

from __future__ import annotations

from metagraft.lazy_names import from_module, lazy_names

_NAMES = {
    **from_module(
        "metagraft.api.summary",
        "audio get_summary_description histogram image merge merge_all scalar "
        "tensor_summary text",
    ),
    **from_module(
        "metagraft.proto",
        "Event SessionLog Summary SummaryDescription TaggedRunMetadata",
    ),
    **from_module("metagraft.api.summary_operations", "all_v2_summary_ops initialize"),
    **from_module("metagraft.training.summary_writer", "FileWriter FileWriterCache"),
}
__all__ = sorted(_NAMES)  # noqa: PLE0605 - computed from the table

__getattr__, __dir__ = lazy_names(__name__, _NAMES)
