"""`tensorflow.python.ops.array_ops`: arrays."""

from __future__ import annotations

from metagraft.lazy_names import from_module, lazy_names

_NAMES = {
    **from_module(
        "metagraft.compat.v1",
        "batch_gather batch_to_space batch_to_space_nd bitcast boolean_mask "
        "broadcast_dynamic_shape broadcast_static_shape broadcast_to check_numerics "
        "concat constant depth_to_space dequantize diag diag_part edit_distance "
        "expand_dims "
        "extract_image_patches extract_volume_patches fake_quant_with_min_max_args "
        "fake_quant_with_min_max_args_gradient fake_quant_with_min_max_vars "
        "fake_quant_with_min_max_vars_gradient "
        "fake_quant_with_min_max_vars_per_channel "
        "fake_quant_with_min_max_vars_per_channel_gradient fill fingerprint gather "
        "gather_nd guarantee_const identity identity_n invert_permutation "
        "matrix_band_part matrix_diag matrix_diag_part matrix_set_diag "
        "matrix_transpose meshgrid one_hot ones ones_like pad parallel_stack "
        "placeholder placeholder_with_default quantize quantize_v2 quantized_concat "
        "rank repeat required_space_to_batch_paddings reshape reverse "
        "reverse_sequence reverse_v2 scatter_nd searchsorted sequence_mask setdiff1d "
        "shape shape_n size slice space_to_batch space_to_batch_nd space_to_depth "
        "sparse_mask sparse_placeholder split squeeze stack stop_gradient "
        "strided_slice tensor_scatter_add tensor_scatter_nd_update tensor_scatter_sub "
        "tensor_scatter_update tile transpose unique unique_with_counts unravel_index "
        "unstack where where_v2 zeros zeros_like",
    ),
    **from_module(
        "metagraft.compat.v1.quantization",
        "quantize_and_dequantize quantize_and_dequantize_v2",
    ),
    "extract_image_patches_v2": "metagraft.compat.v1.image:extract_patches",
    "pack": "metagraft.compat.v1:stack",
    "tensor_diag_part": "metagraft.compat.v1:diag_part",
    "tensor_scatter_max": "metagraft.compat.v1:tensor_scatter_nd_max",
    "tensor_scatter_min": "metagraft.compat.v1:tensor_scatter_nd_min",
    "unpack": "metagraft.compat.v1:unstack",
}
__all__ = sorted(_NAMES)  # noqa: PLE0605 - computed from the table

__getattr__, __dir__ = lazy_names(__name__, _NAMES)
