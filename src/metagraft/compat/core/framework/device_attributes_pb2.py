"""Messages of `tensorflow.core.framework.device_attributes_pb2`."""

from __future__ import annotations

from metagraft.lazy_names import from_module, lazy_names

_NAMES = from_module(
    "metagraft.proto.run_metadata_pb2",
    "DeviceAttributes DeviceLocality InterconnectLink LocalLinks",
)
__all__ = sorted(_NAMES)  # noqa: PLE0605 - computed from the table

__getattr__, __dir__ = lazy_names(__name__, _NAMES)
