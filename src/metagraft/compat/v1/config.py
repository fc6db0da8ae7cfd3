"""`tf.config`: devices, and options of operations that run at once."""

from __future__ import annotations

from metagraft.lazy_names import from_module, lazy_names

_NAMES = {
    **from_module(
        "metagraft.api.physical_devices",
        "LogicalDevice LogicalDeviceConfiguration PhysicalDevice "
        "get_logical_device_configuration get_visible_devices list_logical_devices "
        "list_physical_devices set_logical_device_configuration set_visible_devices",
    ),
    **from_module(
        "metagraft.api.process_options",
        "experimental_connect_to_cluster experimental_connect_to_host "
        "functions_run_eagerly get_soft_device_placement run_functions_eagerly "
        "set_soft_device_placement",
    ),
    "experimental_functions_run_eagerly": (
        "metagraft.api.process_options:functions_run_eagerly"
    ),
    "experimental_run_functions_eagerly": (
        "metagraft.api.process_options:run_functions_eagerly"
    ),
    "experimental": "metagraft.compat.v1.config_experimental",
    "optimizer": "metagraft.compat.v1.config_optimizer",
    "threading": "metagraft.compat.v1.config_threading",
}
__all__ = sorted(_NAMES)  # noqa: PLE0605 - computed from the table

__getattr__, __dir__ = lazy_names(__name__, _NAMES)
