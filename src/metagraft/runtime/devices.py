"""The devices that a session can compute on, named as TensorFlow names them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from metagraft.kernels.namespace import load_jax

_HOST_MEMORY_BYTES = 268435456  # what TensorFlow reports for the CPU


@dataclass(frozen=True, slots=True)
class DeviceAttributes:
    """One device.

    Attributes:
        name: `/job:localhost/replica:0/task:0/device:CPU:0`.
        device_type: `CPU`, `GPU`, `TPU`.
        memory_limit_bytes: Memory that can be used, in bytes.
        incarnation: Tells two lives of a device apart.
    """

    name: str
    device_type: str
    memory_limit_bytes: int
    incarnation: int


def session_devices() -> list[DeviceAttributes]:
    """Return the host and the accelerators that JAX sees."""
    jax = load_jax()
    found = [_device("CPU", 0, _HOST_MEMORY_BYTES)]
    for device in jax.local_devices():
        if device.platform != "cpu":
            kind = device.platform.upper().replace("CUDA", "GPU").replace("ROCM", "GPU")
            found.append(_device(kind, device.id, _memory_bytes(device)))
    return found


def has_gpu_of(platform: str) -> bool:
    """Whether JAX has a GPU that runs on `cuda` or on `rocm`."""
    jax = load_jax()
    return any(
        device.platform != "cpu" and platform in device.client.platform_version.lower()
        for device in jax.local_devices()
    )


def _device(kind: str, index: int, memory_bytes: int) -> DeviceAttributes:
    name = f"/job:localhost/replica:0/task:0/device:{kind}:{index}"
    return DeviceAttributes(name, kind, memory_bytes, index + 1)


def _memory_bytes(device: Any) -> int:
    stats = device.memory_stats() or {}
    return int(stats.get("bytes_limit", 0))
