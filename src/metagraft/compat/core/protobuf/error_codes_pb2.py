"""Status codes, as `tensorflow.core.protobuf.error_codes_pb2` passes them on."""

from __future__ import annotations

from metagraft.lazy_names import from_module, lazy_names

_NAMES = from_module(
    "metagraft.proto.error_codes_pb2",
    "ABORTED ALREADY_EXISTS CANCELLED Code DATA_LOSS DEADLINE_EXCEEDED "
    "DO_NOT_USE_RESERVED_FOR_FUTURE_EXPANSION_USE_DEFAULT_IN_SWITCH_INSTEAD_ "
    "FAILED_PRECONDITION INTERNAL INVALID_ARGUMENT NOT_FOUND OK OUT_OF_RANGE "
    "PERMISSION_DENIED RESOURCE_EXHAUSTED UNAUTHENTICATED UNAVAILABLE "
    "UNIMPLEMENTED UNKNOWN",
)
__all__ = sorted(_NAMES)  # noqa: PLE0605 - computed from the table

__getattr__, __dir__ = lazy_names(__name__, _NAMES)
