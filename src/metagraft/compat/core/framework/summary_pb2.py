"""Messages of `tensorflow.core.framework.summary_pb2`."""

from __future__ import annotations

from metagraft.lazy_names import from_module, lazy_names

_NAMES = from_module(
    "metagraft.proto.event_pb2",
    "DATA_CLASS_BLOB_SEQUENCE DATA_CLASS_SCALAR DATA_CLASS_TENSOR "
    "DATA_CLASS_UNKNOWN DataClass Summary SummaryDescription "
    "SummaryMetadata",
)
__all__ = sorted(_NAMES)  # noqa: PLE0605 - computed from the table

__getattr__, __dir__ = lazy_names(__name__, _NAMES)
