"""`tf.config`: the devices of this machine, and which of them are used.

Source: tensorflow python/framework/config.py, python/eager/context.py,
python/client/device_lib.py.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Sequence
from typing import Any, NoReturn

from metagraft.api import logging
from metagraft.errors import UnimplementedError
from metagraft.proto import DeviceAttributes
from metagraft.runtime import devices

__all__ = [
    "LogicalDevice",
    "LogicalDeviceConfiguration",
    "PhysicalDevice",
    "get_device_details",
    "get_logical_device_configuration",
    "get_memory_growth",
    "get_memory_info",
    "get_memory_usage",
    "get_visible_devices",
    "list_local_devices",
    "list_logical_devices",
    "list_physical_devices",
    "reset_memory_stats",
    "set_logical_device_configuration",
    "set_memory_growth",
    "set_visible_devices",
]

PhysicalDevice = namedtuple("PhysicalDevice", "name device_type")
LogicalDevice = namedtuple("LogicalDevice", "name device_type")
LogicalDeviceConfiguration = namedtuple(
    "LogicalDeviceConfiguration",
    "memory_limit experimental_priority experimental_device_ordinal",
    defaults=(None, None, None),
)


def list_physical_devices(device_type: str | None = None) -> list[PhysicalDevice]:
    """Return the devices of this machine.

    Args:
        device_type: `CPU`, `GPU` or `TPU`; all by default. JAX is not loaded to tell
            the CPU.
    """
    found = devices.session_devices() if device_type != "CPU" else devices.host_only()
    return [
        PhysicalDevice(f"/physical_device:{device.device_type}:{index}", kind)
        for kind in dict.fromkeys(device.device_type for device in found)
        if device_type in (None, kind)
        for index, device in enumerate(d for d in found if d.device_type == kind)
    ]


def get_visible_devices(device_type: str | None = None) -> list[PhysicalDevice]:
    """Return the devices that are used."""
    hidden = devices.accelerators_are_hidden()
    return [
        device
        for device in list_physical_devices(device_type)
        if device.device_type == "CPU" or not hidden
    ]


def set_visible_devices(devices: Any, device_type: str | None = None) -> None:
    """Use some devices only.

    Args:
        devices: One device or several, of `list_physical_devices`.
        device_type: The type that is spoken of; all by default.

    Raises:
        UnimplementedError: Some accelerators of one type are named, but not all.
        ValueError: A device is not on this machine, or is of another type.
    """
    wanted = devices if isinstance(devices, list | tuple) else [devices]
    if devices is None:
        wanted = []
    known = list_physical_devices(device_type)
    for device in wanted:
        if device not in known:
            raise ValueError(f"Unrecognized device: {device!r}")
    accelerators = [device for device in known if device.device_type != "CPU"]
    used = [device for device in accelerators if device in wanted]
    if used and len(used) != len(accelerators):
        raise UnimplementedError(
            None,
            None,
            "tf.config.set_visible_devices takes all accelerators or none; CUDA's"
            f" CUDA_VISIBLE_DEVICES chooses among them. Received {devices}.",
        )
    if accelerators:
        devices.hide_accelerators(hidden=not used)


def list_logical_devices(device_type: str | None = None) -> list[LogicalDevice]:
    """Return the devices that operations are put on."""
    return [
        LogicalDevice("/device" + device.name[16:], device.device_type)
        for device in get_visible_devices(device_type)
    ]


def get_logical_device_configuration(device: Any) -> None:
    """Return how a device is divided: it is not.

    Raises:
        ValueError: The device is not on this machine.
    """
    _known(device)


def set_logical_device_configuration(
    device: Any, logical_devices: Sequence[Any]
) -> None:
    """Let a device be one device, as it is.

    Raises:
        UnimplementedError: It is to be several, or to have less memory.
        ValueError: The device is not on this machine, or a CPU is to have limits.
    """
    _known(device)
    for one in logical_devices:
        if device.device_type == "CPU" and one.memory_limit is not None:
            raise ValueError(
                "Setting memory limit on CPU virtual devices is currently not supported"
            )
    if len(logical_devices) > 1 or any(one.memory_limit for one in logical_devices):
        # TF: makes several devices of one.
        raise UnimplementedError(
            None,
            None,
            "tf.config.set_logical_device_configuration: a device is not divided here;"
            f" received {logical_devices}. JAX's option jax_num_cpu_devices makes"
            " several devices of a CPU, XLA_PYTHON_CLIENT_MEM_FRACTION limits memory.",
        )


def get_memory_growth(device: Any) -> bool:
    """Return whether memory of a device is taken bit by bit, which JAX decides.

    Raises:
        ValueError: The device is not a GPU of this machine.
    """
    _accelerator(device)
    return not devices.preallocates_memory()


def set_memory_growth(device: Any, enable: bool) -> None:
    """Say whether memory of a device is taken bit by bit; JAX was told before it began.

    A warning names the environment variable if JAX was told otherwise.

    Raises:
        ValueError: The device is not a GPU of this machine.
    """
    if enable != get_memory_growth(device):
        # TF: the option is taken until a session is made. Here listing GPUs starts JAX.
        logging.warning(
            "tf.config.experimental.set_memory_growth: set"
            " XLA_PYTHON_CLIENT_PREALLOCATE=%s in the environment instead.",
            "false" if enable else "true",
        )


def get_memory_info(device: str) -> dict[str, int]:
    """Return how much memory of a device is used, `current` and at most, in bytes.

    Args:
        device: Such as `GPU:0`.

    Raises:
        ValueError: There is no such device, or it is a CPU.
    """
    found = devices.memory_in_use(device)
    if found is None:
        raise ValueError(f"No matching devices found for '{device}'")
    return found


def get_memory_usage(device: str) -> int:
    """Return how much memory of a device is used, in bytes.

    Raises:
        ValueError: There is no such device, or it is a CPU.
    """
    return get_memory_info(device)["current"]


def reset_memory_stats(device: str) -> NoReturn:
    """Refuse: JAX does not forget how much memory was used at most.

    Raises:
        UnimplementedError: Always.
    """
    raise UnimplementedError(
        None, None, f"tf.config.experimental.reset_memory_stats({device!r})"
    )


def get_device_details(device: Any) -> dict[str, Any]:
    """Return what is known of a device: `device_name` of a GPU.

    Raises:
        ValueError: The device is not on this machine.
    """
    _known(device)
    if device.device_type == "CPU":
        return {}
    index = int(device.name.rsplit(":", 1)[1])
    return {"device_name": devices.accelerator_kind(index)}


def list_local_devices(session_config: Any = None) -> list[DeviceAttributes]:
    """Return the devices of this machine, as messages.

    Args:
        session_config: Options of sessions, which do not change the devices.
    """
    del session_config
    return [
        DeviceAttributes(
            name="/device:" + device.name.split("/device:", 1)[1],
            device_type=device.device_type,
            memory_limit=device.memory_limit_bytes,
            incarnation=device.incarnation,
        )
        for device in devices.session_devices()
    ]


def _known(device: Any) -> None:
    if device not in list_physical_devices():
        raise ValueError(f"Unrecognized device: {device!r}")


def _accelerator(device: Any) -> None:
    _known(device)
    if device.device_type == "CPU":
        raise ValueError(
            "Cannot set memory growth on non-GPU and non-Pluggable devices"
        )
