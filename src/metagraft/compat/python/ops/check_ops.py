"""`tensorflow.python.ops.check_ops`: checks."""

from __future__ import annotations

from metagraft.lazy_names import from_module, lazy_names

_NAMES = {
    **from_module(
        "metagraft.compat.v1",
        "assert_equal assert_greater assert_greater_equal assert_integer assert_less "
        "assert_less_equal assert_near assert_negative assert_non_negative "
        "assert_non_positive assert_none_equal assert_positive assert_proper_iterable "
        "assert_rank assert_rank_at_least assert_rank_in assert_same_float_dtype "
        "assert_scalar assert_type ensure_shape is_non_decreasing is_numeric_tensor "
        "is_strictly_increasing",
    ),
    **from_module("metagraft.compat.v1.debugging", "assert_shapes"),
}
__all__ = sorted(_NAMES)  # noqa: PLE0605 - computed from the table

__getattr__, __dir__ = lazy_names(__name__, _NAMES)
