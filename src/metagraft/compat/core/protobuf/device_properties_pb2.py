"""Messages of `tensorflow.core.protobuf.device_properties_pb2`."""

from __future__ import annotations

from metagraft.lazy_names import from_module, lazy_names

_NAMES = from_module("metagraft.proto.run_metadata_pb2", "DeviceProperties NamedDevice")
__all__ = sorted(_NAMES)  # noqa: PLE0605 - computed from the table

__getattr__, __dir__ = lazy_names(__name__, _NAMES)
