"""Messages of `tensorflow.core.util.event_pb2`."""

from __future__ import annotations

from metagraft.lazy_names import from_module, lazy_names

_NAMES = from_module(
    "metagraft.proto.event_pb2",
    "DEFAULT Event INTERNAL_ERROR LogMessage NOT_CONFIGURED OK "
    "RECEIVED_SHUTDOWN_SIGNAL RequestedExitCode SessionLog "
    "SHUTDOWN_AFTER_TIMEOUT SHUTTING_DOWN SourceMetadata TaggedRunMetadata "
    "WAIT_FOR_COORDINATOR WatchdogConfig WorkerHealth "
    "WorkerHeartbeatRequest WorkerHeartbeatResponse WorkerShutdownMode",
)
__all__ = sorted(_NAMES)  # noqa: PLE0605 - computed from the table

__getattr__, __dir__ = lazy_names(__name__, _NAMES)
