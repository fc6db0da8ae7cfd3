"""`tensorflow.python.framework.device_spec`: names of devices taken apart."""

from __future__ import annotations

from metagraft.lazy_names import lazy_names

_NAMES = {
    "DeviceSpecV1": "metagraft.compat.v1:DeviceSpec",
}
__all__ = sorted(_NAMES)  # noqa: PLE0605 - computed from the table

__getattr__, __dir__ = lazy_names(__name__, _NAMES)
