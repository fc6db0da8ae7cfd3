"""Which functions of tensors take ragged ones, too, and what they then do.

A public function is wrapped when its name is first used (`compat/v1`): called with a
ragged tensor, what is named here is done instead. This module is loaded with the table
of names, so it loads nothing itself.

Source: tensorflow python/ops/ragged/ragged_dispatch.py, python/util/dispatch.py.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any, Final

__all__ = ["RAGGED_TYPES", "with_ragged"]

_API: Final = "metagraft.api."
# The classes of ragged tensors and shapes; their modules add them when they are loaded.
RAGGED_TYPES: Final[set[type]] = set()

# Functions of the elements of one tensor, the first argument.
_UNARY: Final = {
    "array": "ones_like zeros_like",
    "casts": (
        "cast saturate_cast to_bfloat16 to_complex128 to_complex64 to_double to_float"
        " to_int32 to_int64"
    ),
    "clip": "clip_by_value",
    "comparison": "invert",
    "image_color": "adjust_brightness adjust_gamma convert_image_dtype",
    "image_random": "random_brightness",
    "math": (
        "abs acos acosh angle asin asinh atan atanh ceil conj cos cosh exp expm1 floor"
        " imag is_finite is_inf is_nan log log1p log_sigmoid logical_not negative real"
        " reciprocal reciprocal_no_nan rint round rsqrt sigmoid sign sin sinh softplus"
        " sqrt square tan tanh"
    ),
    "nn_activation": "elu leaky_relu relu relu6 selu softplus softsign swish",
    "nn_softmax": "log_softmax",
    "numerics": "check_numerics",
    "parsing": "decode_compressed",
    "special_math": (
        "bessel_i0 bessel_i0e bessel_i1 bessel_i1e bessel_j0 bessel_j1 bessel_k0"
        " bessel_k0e bessel_k1 bessel_k1e bessel_y0 bessel_y1 dawsn digamma erf erfc"
        " erfcinv erfinv expint fresnel_cos fresnel_sin lgamma ndtri spence"
    ),
    "strings": (
        "as_string decode_base64 encode_base64 lower regex_full_match regex_replace"
        " string_length string_strip string_to_hash_bucket string_to_hash_bucket_fast"
        " string_to_hash_bucket_strong string_to_number substr unicode_script"
        " unicode_transcode upper"
    ),
}
# Functions of the elements of two tensors, the first two arguments.
_BINARY: Final = {
    "arithmetic": (
        "add atan2 complex div div_no_nan divide floor_div floordiv floormod maximum"
        " minimum mod multiply multiply_no_nan nextafter pow realdiv scalar_mul"
        " squared_difference subtract truediv truncatediv truncatemod xdivy xlog1py"
        " xlogy"
    ),
    "comparison": (
        "bitwise_and bitwise_or bitwise_xor equal greater greater_equal left_shift less"
        " less_equal logical_and logical_or logical_xor not_equal right_shift"
    ),
    "special_math": "zeta",
}
# Checks of the elements of two tensors, the first two arguments.
_ASSERTIONS: Final = {
    "checks": (
        "assert_equal assert_greater assert_greater_equal assert_less assert_less_equal"
        " assert_near assert_none_equal"
    ),
}
# Functions with a twin of their own: the module of the twins.
_TWINS: Final = {
    "array": (
        "ragged_arrays",
        "bitcast concat expand_dims one_hot rank size squeeze stack tile",
    ),
    "arithmetic": ("ragged_reductions", "add_n"),
    "nn_embedding": ("ragged_rows", "embedding_lookup"),
    "segments": (
        "ragged_rows",
        (
            "unsorted_segment_max unsorted_segment_mean unsorted_segment_min"
            " unsorted_segment_prod unsorted_segment_sqrt_n unsorted_segment_sum"
        ),
    ),
    "sequences": ("ragged_rows", "cumsum"),
    "sparse_counting": ("ragged_counting", "sparse_bincount"),
    "unique": ("ragged_rows", "dynamic_partition"),
    "shape_checks": ("ragged_rows", "assert_type"),
    "strings": ("ragged_rows", "string_join"),
    "gather": ("ragged_gather", "batch_gather gather gather_nd"),
    "linear_operators.dispatch": ("ragged_matrix", "matmul"),
    "comparison": ("ragged_where", "where where_v2"),
    "counting": ("ragged_counting", "bincount"),
    "image_resize": ("ragged_images", "resize_images"),
    "nn_activation": ("ragged_rows", "dropout stateless_dropout"),
    "nn_embedding_sparse": (
        "ragged_embedding",
        "embedding_lookup_sparse safe_embedding_lookup_sparse",
    ),
    "nn_softmax": ("ragged_reductions", "softmax"),
    "reductions": (
        "ragged_reductions",
        (
            "reduce_all reduce_any reduce_logsumexp"
            " reduce_max reduce_mean reduce_min reduce_prod"
            " reduce_std reduce_sum reduce_variance"
        ),
    ),
}
# Functions whose twins are elsewhere than those of their module.
_MORE_TWINS: Final = {
    "array:broadcast_dynamic_shape": "ragged_broadcast_shape:broadcast_dynamic_shape",
    "array:broadcast_to": "ragged_broadcast_to:broadcast_to",
    "array:fill": "ragged_shaping:fill",
    "array:ones": "ragged_shaping:ones",
    "array:reshape": "ragged_shaping:reshape",
    "array:reverse": "ragged_rows:reverse",
    "array:shape": "ragged_shaping:shape",
    "array:split": "ragged_shaping:split",
    "array:zeros": "ragged_shaping:zeros",
    "strings:reduce_join": "ragged_strings:reduce_join",
    "strings:string_format": "ragged_strings:string_format",
}


def _places() -> dict[str, str]:
    """Return what is done instead, by the place of a function."""
    found = {}
    kinds = ((_UNARY, "unary"), (_BINARY, "binary"), (_ASSERTIONS, "asserted"))
    for table, kind in kinds:
        for module, names in table.items():
            for name in names.split():
                found[f"{_API}{module}:{name}"] = f"{_API}ragged_elementwise:{kind}"
    for module, (twins, names) in _TWINS.items():
        for name in names.split():
            found[f"{_API}{module}:{name}"] = f"{_API}{twins}:{name}"
    for place, twin in _MORE_TWINS.items():
        found[f"{_API}{place}"] = f"{_API}{twin}"
    complex_number = "metagraft.graph.build.math:complex_number"
    found[complex_number] = f"{_API}ragged_elementwise:binary"
    return found


_PLACES: Final = _places()


@functools.cache
def with_ragged(place: str, function: Any) -> Any:
    """Return what a public name stands for: a function that takes ragged tensors, too.

    Args:
        place: Where the function is, `module:name`.
        function: The function.
    """
    instead = _PLACES.get(place)
    return function if instead is None else _wrapped(function, instead)


def _wrapped(function: Callable[..., Any], instead: str) -> Callable[..., Any]:
    module, _, name = instead.partition(":")
    takes_function = module.endswith(".ragged_elementwise")

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        if not _has_ragged(args, kwargs):
            return function(*args, **kwargs)
        twin = getattr(import_module(module), name)
        if takes_function:
            return twin(function, *args, **kwargs)
        return twin(*args, **kwargs)

    return call


def _has_ragged(args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> bool:
    """Whether an argument, or an element of one, is ragged."""
    kinds = RAGGED_TYPES
    if not kinds:
        return False
    for value in (*args, *kwargs.values()):
        kind = type(value)
        if kind in kinds:
            return True
        if kind in (list, tuple) and any(type(one) in kinds for one in value):
            return True
    return False
