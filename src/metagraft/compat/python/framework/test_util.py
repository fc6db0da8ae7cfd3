"""`tensorflow.python.framework.test_util`: tests."""

from __future__ import annotations

from metagraft.lazy_names import from_module, lazy_names

_NAMES = {
    **from_module("metagraft.compat.v1.test", "gpu_device_name is_gpu_available"),
    "TensorFlowTestCase": "metagraft.api.testing_case:TestCase",
    "assert_equal_graph_def_v1": "metagraft.compat.v1.test:assert_equal_graph_def",
}
__all__ = sorted(_NAMES)  # noqa: PLE0605 - computed from the table

__getattr__, __dir__ = lazy_names(__name__, _NAMES)
