"""`tf.config`: options of operations that run at once.

In TensorFlow these options belong to the context of eager execution; sessions take
theirs from `ConfigProto`. Here nothing runs at once, so that the options are kept, as
programs read them back, and change nothing, exactly as they do not change sessions in
TensorFlow.

Source: tensorflow python/framework/config.py, python/eager/context.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NoReturn

from metagraft.errors import UnimplementedError
from metagraft.graph.defaults import executing_eagerly

__all__ = [
    "disable_check_numerics",
    "disable_mlir_bridge",
    "disable_traceback_filtering",
    "enable_check_numerics",
    "enable_mlir_bridge",
    "enable_tensor_float_32_execution",
    "enable_traceback_filtering",
    "experimental_connect_to_cluster",
    "experimental_connect_to_host",
    "functions_run_eagerly",
    "get_device_policy",
    "get_experimental_options",
    "get_inter_op_parallelism_threads",
    "get_intra_op_parallelism_threads",
    "get_jit",
    "get_log_device_placement",
    "get_soft_device_placement",
    "get_synchronous_execution",
    "is_traceback_filtering_enabled",
    "run_functions_eagerly",
    "set_device_policy",
    "set_experimental_options",
    "set_inter_op_parallelism_threads",
    "set_intra_op_parallelism_threads",
    "set_jit",
    "set_log_device_placement",
    "set_soft_device_placement",
    "set_synchronous_execution",
    "tensor_float_32_execution_enabled",
]

_DEVICE_POLICIES = (None, "explicit", "warn", "silent", "silent_for_int32")


class _Options:
    """What a program has set; one for the process, as in TensorFlow."""

    __slots__ = (
        "device_policy",
        "filters_tracebacks",
        "graph_options",
        "inter_op_threads",
        "intra_op_threads",
        "is_synchronous",
        "jit",
        "logs_placement",
        "soft_placement",
        "uses_tensor_float_32",
    )

    def __init__(self) -> None:
        self.device_policy: str | None = "silent"
        self.filters_tracebacks = True
        self.graph_options: dict[str, Any] = {
            "disable_model_pruning": False,
            "disable_meta_optimizer": False,
        }
        self.inter_op_threads = 0
        self.intra_op_threads = 0
        self.is_synchronous = True
        self.jit = ""
        self.logs_placement = False
        self.soft_placement = False
        self.uses_tensor_float_32 = True


_options = _Options()


def get_inter_op_parallelism_threads() -> int:
    """Return how many threads run operations beside each other; 0 by default."""
    return _options.inter_op_threads


def set_inter_op_parallelism_threads(num_threads: int) -> None:
    """Set how many threads run operations beside each other."""
    _options.inter_op_threads = num_threads


def get_intra_op_parallelism_threads() -> int:
    """Return how many threads run one operation; 0 by default."""
    return _options.intra_op_threads


def set_intra_op_parallelism_threads(num_threads: int) -> None:
    """Set how many threads run one operation."""
    _options.intra_op_threads = num_threads


def get_soft_device_placement() -> bool:
    """Return whether operations may run on another device than the one they name."""
    return _options.soft_placement


def set_soft_device_placement(enabled: bool) -> None:
    """Set whether operations may run on another device than the one they name."""
    _options.soft_placement = enabled


def get_log_device_placement() -> bool:
    """Return whether devices of operations are to be logged."""
    return _options.logs_placement


def set_log_device_placement(enabled: bool) -> None:
    """Set whether devices of operations are to be logged."""
    _options.logs_placement = enabled


def get_synchronous_execution() -> bool:
    """Return whether operations are waited for."""
    return _options.is_synchronous


def set_synchronous_execution(enable: bool) -> None:
    """Set whether operations are waited for."""
    _options.is_synchronous = enable


def get_device_policy() -> str | None:
    """Return what happens to an input that lies on another device."""
    return _options.device_policy


def set_device_policy(device_policy: str | None) -> None:
    """Set what happens to an input that lies on another device.

    Raises:
        ValueError: It is no policy.
    """
    if device_policy not in _DEVICE_POLICIES:
        raise ValueError("Not a valid device policy: " + repr(device_policy))
    _options.device_policy = device_policy or "silent"


def get_jit() -> str:
    """Return whether operations are compiled: `""` or `"autoclustering"`."""
    return _options.jit


def set_jit(enabled: bool | str) -> None:
    """Set whether operations are compiled.

    Raises:
        ValueError: The value is neither a flag nor "autoclustering".
    """
    if isinstance(enabled, str) and enabled not in ("", "autoclustering"):
        raise ValueError(f"Unsupported value for `jit`: {enabled!r}.")
    _options.jit = "autoclustering" if enabled else ""


def get_experimental_options() -> dict[str, Any]:
    """Return the options of the optimizer of graphs that were set."""
    return dict(_options.graph_options)


def set_experimental_options(options: Mapping[str, Any]) -> None:
    """Set options of the optimizer of graphs.

    Args:
        options: By name, such as `layout_optimizer`; those not named stay.
    """
    _options.graph_options.update(options)


def tensor_float_32_execution_enabled() -> bool:
    """Return whether products of matrices may be computed with fewer bits."""
    return _options.uses_tensor_float_32


def enable_tensor_float_32_execution(enabled: bool) -> None:
    """Set whether products of matrices may be computed with fewer bits."""
    _options.uses_tensor_float_32 = enabled


def enable_mlir_bridge() -> None:
    """Let graphs be compiled by the compiler there is: JAX's."""


def disable_mlir_bridge() -> None:
    """Let graphs be compiled by the compiler there is: JAX's."""


def enable_traceback_filtering() -> None:
    """Say that tracebacks leave the library's own frames out."""
    _options.filters_tracebacks = True


def disable_traceback_filtering() -> None:
    """Say that tracebacks have all frames, which they have."""
    _options.filters_tracebacks = False


def is_traceback_filtering_enabled() -> bool:
    """Return what was said last."""
    # TF: frames of TensorFlow are then left out of tracebacks. Here none is.
    return _options.filters_tracebacks


def enable_check_numerics(
    stack_height_limit: int = 30, path_length_limit: int = 50
) -> NoReturn:
    """Refuse: operations are not watched while they are added.

    Args:
        stack_height_limit: How many frames an error tells.
        path_length_limit: How long the paths in it are.

    Raises:
        UnimplementedError: Always.
    """
    del stack_height_limit, path_length_limit
    raise UnimplementedError(
        None,
        None,
        "tf.debugging.enable_check_numerics: tf.add_check_numerics_ops() checks all"
        " tensors of a graph.",
    )


def disable_check_numerics() -> None:
    """Let numbers be as they are: nothing checks them."""


def functions_run_eagerly() -> bool:
    """Return whether `tf.function` calls Python at every step: it never does."""
    return False


def run_functions_eagerly(run_eagerly: bool) -> None:
    """Let functions be traced, as they are.

    Raises:
        UnimplementedError: They are to run without being traced.
    """
    if run_eagerly:
        raise UnimplementedError(
            None,
            None,
            "tf.config.run_functions_eagerly: operations do not run at once here.",
        )


def experimental_connect_to_host(
    remote_host: Any = None, job_name: str = "worker"
) -> None:
    """Refuse: the context of graphs is not connected.

    Raises:
        ValueError: Always, as TensorFlow does in graph mode.
    """
    del remote_host, job_name
    raise _only_eagerly()


def experimental_connect_to_cluster(
    cluster_spec_or_resolver: Any,
    job_name: str = "localhost",
    task_index: int = 0,
    protocol: str | None = None,
    make_master_device_default: bool = True,
    cluster_device_filters: Any = None,
) -> None:
    """Refuse: the context of graphs is not connected.

    Raises:
        ValueError: Always, as TensorFlow does in graph mode.
    """
    del cluster_spec_or_resolver, job_name, task_index, protocol
    del make_master_device_default, cluster_device_filters
    raise _only_eagerly()


def _only_eagerly() -> Exception:
    name = "tf.config.experimental_connect_to_cluster"
    if executing_eagerly():
        return UnimplementedError(None, None, f"{name} is not built.")
    return ValueError(f"`{name}` can only be called in eager mode.")
