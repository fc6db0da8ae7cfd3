"""`tensorflow.python.platform.test`: tests."""

from __future__ import annotations

from metagraft.lazy_names import from_module, lazy_names

_NAMES = {
    **from_module(
        "metagraft.compat.v1.test",
        "StubOutForTesting TestCase compute_gradient compute_gradient_error "
        "disable_with_predicate get_temp_dir gpu_device_name is_built_with_cuda "
        "is_built_with_gpu_support is_built_with_rocm is_built_with_xla "
        "is_gpu_available main test_src_dir_path",
    ),
    "mock": "unittest.mock",
}
__all__ = sorted(_NAMES)  # noqa: PLE0605 - computed from the table

__getattr__, __dir__ = lazy_names(__name__, _NAMES)
