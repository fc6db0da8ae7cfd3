"""`tf.math`: functions of numbers."""

from __future__ import annotations

from metagraft.api.ragged_dispatch import with_ragged
from metagraft.lazy_names import from_module, lazy_names

_API = "metagraft.api"

_NAMES = {
    **from_module(
        f"{_API}.math",
        "abs acos acosh angle asin asinh atan atanh ceil conj cos cosh exp expm1 "
        "floor imag is_finite is_inf is_nan log log1p log_sigmoid logical_not "
        "negative polyval real reciprocal reciprocal_no_nan rint round rsqrt sigmoid "
        "sign sin sinh softplus sqrt square tan tanh",
    ),
    **from_module(
        f"{_API}.arithmetic",
        "accumulate_n add add_n atan2 divide floordiv floormod maximum minimum mod "
        "multiply multiply_no_nan nextafter pow scalar_mul squared_difference "
        "subtract truediv xdivy xlog1py xlogy",
    ),
    **from_module(
        f"{_API}.comparison",
        "equal greater greater_equal less less_equal logical_and logical_or "
        "logical_xor not_equal",
    ),
    **from_module(
        f"{_API}.reductions",
        "argmax argmin count_nonzero reduce_all reduce_any reduce_euclidean_norm "
        "reduce_logsumexp reduce_max reduce_mean reduce_min reduce_prod reduce_std "
        "reduce_sum reduce_variance",
    ),
    **from_module(
        f"{_API}.segments",
        "segment_max segment_mean segment_min segment_prod segment_sum "
        "unsorted_segment_max unsorted_segment_mean unsorted_segment_min "
        "unsorted_segment_prod unsorted_segment_sqrt_n unsorted_segment_sum",
    ),
    **from_module(
        f"{_API}.sequences",
        "sobol_sample cumprod cumsum cumulative_logsumexp",
    ),
    **{name: f"{_API}.counting:{name}" for name in ("bincount").split()},
    **from_module(
        f"{_API}.special_math",
        "bessel_i0 bessel_i0e bessel_i1 bessel_i1e betainc digamma erf erfc erfcinv "
        "erfinv igamma igammac lbeta lgamma ndtri polygamma zeta",
    ),
    "confusion_matrix": f"{_API}.confusion_matrix:confusion_matrix",
    "divide_no_nan": f"{_API}.arithmetic:div_no_nan",
    "approx_max_k": f"{_API}.nn_classes:approx_max_k",
    "approx_min_k": f"{_API}.nn_classes:approx_min_k",
    "in_top_k": f"{_API}.nn_classes:in_top_k",
    "invert_permutation": f"{_API}.array:invert_permutation",
    "is_non_decreasing": f"{_API}.checks:is_non_decreasing",
    "is_strictly_increasing": f"{_API}.checks:is_strictly_increasing",
    "l2_normalize": f"{_API}.nn_normalization:l2_normalize",
    "log_softmax": f"{_API}.nn_softmax:log_softmax",
    "softmax": f"{_API}.nn_softmax:softmax",
    "softsign": f"{_API}.nn_activation:softsign",
    "special": "metagraft.compat.v1.math_special",
    "top_k": f"{_API}.nn_classes:top_k",
    "zero_fraction": f"{_API}.nn_sparsity:zero_fraction",
}
__all__ = sorted(_NAMES)  # noqa: PLE0605 - computed from the table

__getattr__, __dir__ = lazy_names(__name__, _NAMES, with_ragged)
