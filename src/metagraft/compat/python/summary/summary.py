"""`tensorflow.python.summary.summary`: summaries."""

from __future__ import annotations

from metagraft.lazy_names import from_module, lazy_names

_NAMES = {
    **from_module("metagraft.compat.v1", "Event SessionLog Summary"),
    **from_module(
        "metagraft.compat.v1.summary",
        "FileWriter FileWriterCache SummaryDescription TaggedRunMetadata audio "
        "get_summary_description histogram image merge merge_all scalar "
        "tensor_summary text",
    ),
    "_SummaryMetadata": "metagraft.compat.v1:SummaryMetadata",
}
__all__ = sorted(_NAMES)  # noqa: PLE0605 - computed from the table

__getattr__, __dir__ = lazy_names(__name__, _NAMES)
