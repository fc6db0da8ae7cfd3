"""`tf.debugging`: checks of values, shapes and types."""

from __future__ import annotations

from metagraft.api.ragged_dispatch import with_ragged
from metagraft.lazy_names import from_module, lazy_names

_API = "metagraft.api"

CHECKS = (
    "assert_equal assert_greater assert_greater_equal assert_less assert_less_equal "
    "assert_near assert_negative assert_non_negative assert_non_positive "
    "assert_none_equal assert_positive is_non_decreasing is_strictly_increasing"
)
SHAPE_CHECKS = (
    "assert_integer assert_proper_iterable assert_rank assert_rank_at_least "
    "assert_rank_in assert_same_float_dtype assert_scalar assert_type "
    "is_numeric_tensor"
)
_NAMES = {
    **from_module(f"{_API}.checks", CHECKS),
    **from_module(f"{_API}.shape_checks", SHAPE_CHECKS),
    **from_module(f"{_API}.math", "is_finite is_inf is_nan"),
    "Assert": f"{_API}.assertion:assert_",
    "assert_all_finite": f"{_API}.numerics:verify_tensor_all_finite",
    "assert_shapes": f"{_API}.shape_constraints:assert_shapes",
    "check_numerics": f"{_API}.numerics:check_numerics",
    **from_module(
        f"{_API}.process_options",
        "disable_check_numerics disable_traceback_filtering enable_check_numerics "
        "enable_traceback_filtering get_log_device_placement "
        "is_traceback_filtering_enabled set_log_device_placement",
    ),
}
__all__ = sorted(_NAMES)  # noqa: PLE0605 - computed from the table

__getattr__, __dir__ = lazy_names(__name__, _NAMES, with_ragged)
