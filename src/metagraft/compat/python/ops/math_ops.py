"""`tensorflow.python.ops.math_ops`: mathematics."""

from __future__ import annotations

from metagraft.lazy_names import from_module, lazy_names

_NAMES = {
    **from_module(
        "metagraft.compat.v1",
        "abs accumulate_n acos acosh add add_n angle arg_max arg_min argmax argmin "
        "asin asinh atan atan2 atanh betainc cast ceil complex conj cos cosh "
        "count_nonzero cross cumprod cumsum digamma div div_no_nan divide equal erf "
        "erfc exp expm1 floor floor_div floordiv floormod greater greater_equal "
        "igamma igammac imag is_finite is_inf is_nan less less_equal lgamma lin_space "
        "linspace log log1p log_sigmoid logical_and logical_not logical_or "
        "logical_xor matmul maximum minimum mod multiply negative not_equal polygamma "
        "pow range real realdiv reciprocal reduce_all "
        "reduce_any reduce_logsumexp reduce_max reduce_mean reduce_min reduce_prod "
        "reduce_sum rint round rsqrt saturate_cast "
        "scalar_mul segment_max segment_mean segment_min segment_prod segment_sum "
        "sigmoid sign sin sinh sparse_matmul sparse_segment_mean "
        "sparse_segment_sqrt_n sparse_segment_sum sqrt square squared_difference "
        "subtract tan tanh tensordot to_bfloat16 to_complex128 to_complex64 to_double "
        "to_float to_int32 to_int64 trace truediv truncatediv truncatemod "
        "unsorted_segment_max unsorted_segment_mean unsorted_segment_min "
        "unsorted_segment_prod unsorted_segment_sqrt_n unsorted_segment_sum zeta",
    ),
    **from_module("metagraft.compat.v1.linalg", "matvec"),
    **from_module(
        "metagraft.compat.v1.math",
        "bessel_i0e bessel_i1e cumulative_logsumexp multiply_no_nan nextafter polyval "
        "reciprocal_no_nan reduce_euclidean_norm reduce_std reduce_variance "
        "sobol_sample xdivy xlog1py xlogy",
    ),
    "bincount_v1": "metagraft.compat.v1:bincount",
    "floor_mod": "metagraft.compat.v1:mod",
    "linspace_nd": "metagraft.compat.v1:linspace",
    "neg": "metagraft.compat.v1:negative",
    "next_after": "metagraft.compat.v1.math:nextafter",
    "real_div": "metagraft.compat.v1:realdiv",
    "reduce_all_v1": "metagraft.compat.v1:reduce_all",
    "reduce_any_v1": "metagraft.compat.v1:reduce_any",
    "reduce_logsumexp_v1": "metagraft.compat.v1:reduce_logsumexp",
    "reduce_max_v1": "metagraft.compat.v1:reduce_max",
    "reduce_mean_v1": "metagraft.compat.v1:reduce_mean",
    "reduce_min_v1": "metagraft.compat.v1:reduce_min",
    "reduce_prod_v1": "metagraft.compat.v1:reduce_prod",
    "reduce_sum_v1": "metagraft.compat.v1:reduce_sum",
    "sparse_mat_mul": "metagraft.compat.v1:sparse_matmul",
    "truncate_div": "metagraft.compat.v1:truncatediv",
    "truncate_mod": "metagraft.compat.v1:truncatemod",
}
__all__ = sorted(_NAMES)  # noqa: PLE0605 - computed from the table

__getattr__, __dir__ = lazy_names(__name__, _NAMES)
