"""`tf.config`: what programs read back, and the devices of the machine."""

from __future__ import annotations

import pytest

import metagraft.compat.v1 as tf
from metagraft.compat.python.client import device_lib

EXPERIMENTAL = tf.config.experimental


def test_devices() -> None:
    """There is a CPU, under TensorFlow's names."""
    (cpu,) = tf.config.list_physical_devices("CPU")
    assert cpu == ("/physical_device:CPU:0", "CPU")
    assert cpu in tf.config.list_physical_devices()
    assert tf.config.list_logical_devices("CPU") == [("/device:CPU:0", "CPU")]
    assert EXPERIMENTAL.get_device_details(cpu) == {}
    assert tf.config.get_logical_device_configuration(cpu) is None
    found = device_lib.list_local_devices()[0]
    assert (found.name, found.device_type) == ("/device:CPU:0", "CPU")
    assert found.memory_limit == 268435456


def test_choice_of_devices() -> None:
    """Devices that are there can be chosen; others are refused as TensorFlow does."""
    (cpu,) = tf.config.list_physical_devices("CPU")
    tf.config.set_visible_devices([], "GPU")
    assert tf.config.get_visible_devices() == [cpu]
    tf.config.set_visible_devices(tf.config.list_physical_devices())
    with pytest.raises(ValueError, match="Unrecognized device: 'x'"):
        tf.config.set_visible_devices("x")
    with pytest.raises(ValueError, match="Unrecognized device: PhysicalDevice"):
        tf.config.set_visible_devices([cpu], "GPU")
    with pytest.raises(ValueError, match="Cannot set memory growth on non-GPU"):
        EXPERIMENTAL.set_memory_growth(cpu, True)
    with pytest.raises(ValueError, match="No matching devices found for 'GPU:9'"):
        EXPERIMENTAL.get_memory_info("GPU:9")
    parts = [EXPERIMENTAL.VirtualDeviceConfiguration()]
    EXPERIMENTAL.set_virtual_device_configuration(cpu, parts)
    with pytest.raises(tf.errors.UnimplementedError, match="is not divided"):
        EXPERIMENTAL.set_virtual_device_configuration(cpu, parts * 2)


@pytest.mark.parametrize(
    ("module", "name", "first", "value"),
    [
        ("config.threading", "inter_op_parallelism_threads", 0, 2),
        ("config.threading", "intra_op_parallelism_threads", 0, 3),
        ("config", "soft_device_placement", False, True),
        ("config.experimental", "synchronous_execution", True, False),
        ("config.experimental", "device_policy", "silent", "warn"),
        ("debugging", "log_device_placement", False, True),
    ],
)
def test_options_are_kept(module: str, name: str, first: object, value: object) -> None:
    """What is set is read back; the defaults are TensorFlow's."""
    place: object = tf
    for part in module.split("."):
        place = getattr(place, part)
    get, put = getattr(place, f"get_{name}"), getattr(place, f"set_{name}")
    assert get() == first
    put(value)
    try:
        assert get() == value
    finally:
        put(first)


def test_options_of_the_optimizer() -> None:
    """Compilation has a name; other options are added up."""
    optimizer = tf.config.optimizer
    assert optimizer.get_jit() == ""
    optimizer.set_jit(True)
    assert optimizer.get_jit() == "autoclustering"
    optimizer.set_jit(False)
    defaults = optimizer.get_experimental_options()
    assert not defaults["disable_model_pruning"]
    assert not defaults["disable_meta_optimizer"]
    optimizer.set_experimental_options({"layout_optimizer": True})
    found = optimizer.get_experimental_options()
    assert found == {**defaults, "layout_optimizer": True}


def test_what_needs_eager_mode() -> None:
    """Clusters are not connected; functions are traced."""
    with pytest.raises(ValueError, match="can only be called in eager mode"):
        tf.config.experimental_connect_to_host("grpc://somewhere")
    assert not tf.config.functions_run_eagerly()
    with pytest.raises(tf.errors.UnimplementedError, match="run_functions_eagerly"):
        tf.config.run_functions_eagerly(True)
