"""`tf.test`: unit tests with graphs and sessions."""

from __future__ import annotations

from metagraft.lazy_names import from_module, lazy_names

_NAMES = {
    "TestCase": "metagraft.api.testing_case:TestCase",
    "StubOutForTesting": "metagraft.api.testing_replacements:StubOutForTesting",
    "Benchmark": "metagraft.api.testing_benchmark:Benchmark",
    "experimental": "metagraft.compat.v1.test_experimental",
    "mock": "unittest.mock",
    **from_module(
        "metagraft.api.testing_environment",
        "assert_equal_graph_def benchmark_config create_local_cluster "
        "disable_with_predicate get_temp_dir "
        "gpu_device_name is_built_with_cuda is_built_with_gpu_support "
        "is_built_with_rocm is_built_with_xla is_cpu_target_available "
        "is_gpu_available main test_src_dir_path with_eager_op_as_function",
    ),
    **from_module(
        "metagraft.api.testing_gradients", "compute_gradient compute_gradient_error"
    ),
}
__all__ = sorted(_NAMES)  # noqa: PLE0605 - computed from the table

__getattr__, __dir__ = lazy_names(__name__, _NAMES)
