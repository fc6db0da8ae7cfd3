"""Where the tests of users run: `tf.test.main`, folders, devices.

Source: tensorflow python/platform/test.py, googletest.py.
"""

from __future__ import annotations

import difflib
import functools
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, NoReturn, TypeVar

from absl.testing import absltest

from metagraft.errors import UnimplementedError
from metagraft.proto import ConfigProto, GraphDef, RewriterConfig
from metagraft.proto.coercion import as_message
from metagraft.proto.text import format_text
from metagraft.runtime.devices import has_gpu_of, session_devices

__all__ = [
    "assert_equal_graph_def",
    "benchmark_config",
    "create_local_cluster",
    "disable_with_predicate",
    "get_temp_dir",
    "gpu_device_name",
    "is_built_with_cuda",
    "is_built_with_gpu_support",
    "is_built_with_rocm",
    "is_built_with_xla",
    "is_cpu_target_available",
    "is_gpu_available",
    "main",
    "sync_devices",
    "test_src_dir_path",
    "with_eager_op_as_function",
]

_F = TypeVar("_F", bound=Callable[..., Any])


def main(argv: list[str] | None = None) -> None:
    """Run the tests of the started script, and end the process."""
    absltest.main(argv=argv)


@functools.cache
def get_temp_dir() -> str:
    """Return a folder for the tests of this process, made on first use."""
    return tempfile.mkdtemp(prefix="test_")


def test_src_dir_path(relative_path: str) -> str:
    """Return the path of a file among the sources of a test.

    Args:
        relative_path: Relative to the folder `tensorflow` of the workspace.

    Raises:
        KeyError: `TEST_SRCDIR` or `TEST_WORKSPACE` is not in the environment.
    """
    workspace = Path(os.environ["TEST_SRCDIR"]) / os.environ["TEST_WORKSPACE"]
    return str(workspace / "tensorflow" / relative_path)


def benchmark_config() -> ConfigProto:
    """Return the settings of sessions in benchmarks: no rewrite of dependencies."""
    config = ConfigProto()
    rewrites = config.graph_options.rewrite_options
    rewrites.dependency_optimization = RewriterConfig.OFF
    return config


def disable_with_predicate(
    pred: Callable[[], bool], skip_message: str
) -> Callable[[_F], _F]:
    """Return a decorator that skips a test method while `pred()` is true."""

    def decorate(method: _F) -> _F:
        @functools.wraps(method)
        def checked(self: Any, *args: Any, **kwargs: Any) -> Any:
            if pred():
                self.skipTest(skip_message)
            return method(self, *args, **kwargs)

        return checked  # type: ignore[return-value] # the signature stays

    return decorate


# -- devices -----------------------------------------------------------------------


def gpu_device_name() -> str:
    """Return the name of the first GPU, "" without one."""
    for device in session_devices():
        if device.device_type == "GPU":
            return f"/device:GPU:{device.name.rpartition(':')[2]}"
    return ""


def is_gpu_available(
    cuda_only: bool = False, min_cuda_compute_capability: Any = None
) -> bool:
    """Whether JAX computes on a GPU.

    Args:
        cuda_only: Whether it must be one of NVIDIA's.
        min_cuda_compute_capability: The oldest capability wanted, as (major, minor).

    Raises:
        ValueError: A capability is asked for: JAX does not tell it.
    """
    if min_cuda_compute_capability is not None:
        raise ValueError("the compute capability of a GPU is not known here")
    return is_built_with_cuda() if cuda_only else is_built_with_gpu_support()


def is_built_with_gpu_support() -> bool:
    """Whether JAX has a GPU."""
    return bool(gpu_device_name())


def is_built_with_cuda() -> bool:
    """Whether JAX has a GPU of NVIDIA's."""
    return has_gpu_of("cuda")


def is_built_with_rocm() -> bool:
    """Whether JAX has a GPU of AMD's."""
    return has_gpu_of("rocm")


def is_built_with_xla() -> bool:
    """Return True: XLA computes everything."""
    return True


# -- graphs ------------------------------------------------------------------------


def assert_equal_graph_def(
    actual: Any,
    expected: Any,
    checkpoint_v2: bool = False,
    hash_table_shared_name: bool = False,
) -> None:
    """Check that two graphs have the same nodes; order means nothing.

    Args:
        actual: A `GraphDef`, ours or TensorFlow's.
        expected: What it must be.
        checkpoint_v2: Whether the random parts of temporary checkpoint names in graphs
            of TensorFlow 1 are left out.
        hash_table_shared_name: Whether the names that tables are shared by are left
            out.

    Raises:
        AssertionError: They differ; it says where.
    """
    texts = []
    for given in (actual, expected):
        graph_def = GraphDef()
        graph_def.CopyFrom(as_message(given, GraphDef))
        graph_def.ClearField("versions")
        if checkpoint_v2:
            _leave_out_random_names(graph_def)
        for node in graph_def.node:
            if hash_table_shared_name and node.op == "HashTableV2":
                node.attr.pop("shared_name", None)
            data = [text for text in node.input if not text.startswith("^")]
            node.input[:] = data + sorted(set(node.input) - set(data))
        nodes = sorted(graph_def.node, key=lambda node: node.name)
        texts.append("\n".join(format_text(node) for node in nodes))
    if texts[0] != texts[1]:
        ours, theirs = (text.splitlines() for text in texts)
        raise AssertionError(
            "The graphs differ:\n"
            + "\n".join(
                difflib.unified_diff(ours, theirs, "actual", "expected", lineterm="")
            )
        )


def _leave_out_random_names(graph_def: GraphDef) -> None:
    for node in graph_def.node:
        if node.op == "Const" and any(
            b"_temp" in text and b"/part" in text
            for text in node.attr["value"].tensor.string_val
        ):
            node.attr.pop("value")


# -- what depends on how TensorFlow was built --------------------------------------

_CPU_TARGETS: Final = frozenset({"aarch64", "arm", "powerpc", "systemz", "x86"})


def is_cpu_target_available(target: str) -> bool:
    """Whether code can be compiled for a kind of CPU, which XLA does for all it knows.

    Args:
        target: Such as `x86`.
    """
    return target in _CPU_TARGETS


def with_eager_op_as_function(
    cls: type[Any] | None = None, only_as_function: bool = False
) -> Any:
    """Return a class of tests as it is; used as a decorator, with arguments or without.

    Args:
        cls: The class.
        only_as_function: Which of two ways tests run in, which here are one.
    """
    del only_as_function
    return (lambda decorated: decorated) if cls is None else cls


def create_local_cluster(
    num_workers: int,
    num_ps: int,
    protocol: str = "grpc",
    worker_config: Any = None,
    ps_config: Any = None,
) -> NoReturn:
    """Refuse: there are no servers.

    Raises:
        UnimplementedError: Always.
    """
    del num_workers, num_ps, protocol, worker_config, ps_config
    raise UnimplementedError(
        None,
        None,
        "tf.test.create_local_cluster: graphs are not distributed over servers here.",
    )


def sync_devices() -> None:
    """Wait for the devices, which sessions do at the end of each run."""
