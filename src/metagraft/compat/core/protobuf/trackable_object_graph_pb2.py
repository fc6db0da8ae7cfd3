"""Messages of `tensorflow.core.protobuf.trackable_object_graph_pb2`."""

from __future__ import annotations

from metagraft.lazy_names import from_module, lazy_names

_NAMES = from_module(
    "metagraft.proto.object_graph_pb2", "RegisteredSaver TrackableObjectGraph"
)
__all__ = sorted(_NAMES)  # noqa: PLE0605 - computed from the table

__getattr__, __dir__ = lazy_names(__name__, _NAMES)
