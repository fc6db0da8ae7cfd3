"""Messages of `tensorflow.core.profiler.tfprof_log_pb2`."""

from __future__ import annotations

from metagraft.lazy_names import from_module, lazy_names

_NAMES = from_module(
    "metagraft.proto.profile_pb2",
    "CodeDef ExecMemory ExecProfile ExecTime Memory OpLogEntry OpLogProto "
    "ProfileNode ProfileProto Tuple",
)
__all__ = sorted(_NAMES)  # noqa: PLE0605 - computed from the table

__getattr__, __dir__ = lazy_names(__name__, _NAMES)
