"""`tf.config.experimental`: older names of `tf.config`, and the memory of devices."""

from __future__ import annotations

from metagraft.lazy_names import from_module, lazy_names

_DEVICES = "metagraft.api.physical_devices"
_NAMES = {
    **from_module(
        _DEVICES,
        "get_device_details get_memory_growth get_memory_info get_memory_usage "
        "get_visible_devices list_logical_devices list_physical_devices "
        "reset_memory_stats set_memory_growth set_visible_devices",
    ),
    "VirtualDeviceConfiguration": f"{_DEVICES}:LogicalDeviceConfiguration",
    "get_virtual_device_configuration": f"{_DEVICES}:get_logical_device_configuration",
    "set_virtual_device_configuration": f"{_DEVICES}:set_logical_device_configuration",
    **from_module(
        "metagraft.api.cluster_device_filters",
        "ClusterDeviceFilters",
    ),
    **from_module(
        "metagraft.api.process_options",
        "disable_mlir_bridge enable_mlir_bridge enable_tensor_float_32_execution "
        "get_device_policy get_synchronous_execution set_device_policy "
        "set_synchronous_execution tensor_float_32_execution_enabled",
    ),
}
__all__ = sorted(_NAMES)  # noqa: PLE0605 - computed from the table

__getattr__, __dir__ = lazy_names(__name__, _NAMES)
