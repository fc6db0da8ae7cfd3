"""The devices that a session can compute on, named as TensorFlow names them."""

from __future__ import annotations

import os
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


def host_only() -> list[DeviceAttributes]:
    """Return the host; JAX is not loaded."""
    return [_device("CPU", 0, _HOST_MEMORY_BYTES)]


def session_devices(host_count: int = 1) -> list[DeviceAttributes]:
    """Return the host, as many times as asked for, and the accelerators of JAX."""
    jax = load_jax()
    found = [_device("CPU", i, _HOST_MEMORY_BYTES) for i in range(host_count)]
    devices = jax.local_devices()
    found.extend(_accelerator(d) for d in devices if d.platform != "cpu")
    return found


def has_gpu_of(platform: str) -> bool:
    """Whether JAX has a GPU that runs on `cuda` or on `rocm`."""
    jax = load_jax()
    return any(
        device.platform != "cpu" and platform in device.client.platform_version.lower()
        for device in jax.local_devices()
    )


def accelerators_are_hidden() -> bool:
    """Whether everything runs on the host although there are accelerators."""
    chosen = load_jax().config.jax_default_device
    return getattr(chosen, "platform", chosen) == "cpu"


def hide_accelerators(*, hidden: bool) -> None:
    """Run everything on the host from now on, or no longer."""
    jax = load_jax()
    host = jax.local_devices(backend="cpu")[0]
    jax.config.update("jax_default_device", host if hidden else None)


def preallocates_memory() -> bool:
    """Whether JAX takes most of a GPU's memory when it starts."""
    # Source: docs.jax.dev/en/latest/gpu_memory_allocation.html.
    chosen = os.environ.get("XLA_PYTHON_CLIENT_PREALLOCATE", "true")
    return chosen.lower() not in ("false", "0")


def memory_in_use(name: str) -> dict[str, int] | None:
    """Return the memory in use and its highest, in bytes; None for unknown devices.

    Args:
        name: How the device's name ends, such as `GPU:0`.
    """
    ending = name.rsplit("/", 1)[-1].removeprefix("device:").upper()
    for device in load_jax().local_devices():
        if device.platform != "cpu" and _accelerator(device).name.endswith(
            f":{ending}"
        ):
            stats = device.memory_stats() or {}
            now = int(stats.get("bytes_in_use", 0))
            return {"current": now, "peak": int(stats.get("peak_bytes_in_use", now))}
    return None


def accelerator_kind(index: int) -> str:
    """Return what the vendor calls an accelerator."""
    found = [d for d in load_jax().local_devices() if d.platform != "cpu"]
    return str(found[index].device_kind)


def _device(kind: str, index: int, memory_bytes: int) -> DeviceAttributes:
    name = f"/job:localhost/replica:0/task:0/device:{kind}:{index}"
    return DeviceAttributes(name, kind, memory_bytes, index + 1)


def _accelerator(device: Any) -> DeviceAttributes:
    kind = device.platform.upper().replace("CUDA", "GPU").replace("ROCM", "GPU")
    return _device(kind, device.id, _memory_bytes(device))


def _memory_bytes(device: Any) -> int:
    stats = device.memory_stats() or {}
    return int(stats.get("bytes_limit", 0))
