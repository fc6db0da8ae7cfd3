"""`tensorflow.python.framework.tensor_shape`: shapes."""

from __future__ import annotations

from metagraft.lazy_names import from_module, lazy_names

_NAMES = {
    **from_module("metagraft.api.shape_forms", "as_shape matrix scalar vector"),
    **from_module(
        "metagraft.compat.v1",
        "Dimension TensorShape dimension_at_index dimension_value "
        "disable_v2_tensorshape enable_v2_tensorshape",
    ),
    **from_module("metagraft.graph.shapes", "unknown_shape"),
}
__all__ = sorted(_NAMES)  # noqa: PLE0605 - computed from the table

__getattr__, __dir__ = lazy_names(__name__, _NAMES)
