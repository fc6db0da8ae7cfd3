"""`tensorflow.python.ops.nn_ops`: networks."""

from __future__ import annotations

from metagraft.lazy_names import from_module, lazy_names

_NAMES = {
    **from_module(
        "metagraft.compat.v1",
        "approx_top_k conv conv2d_backprop_filter_v2 conv2d_backprop_input_v2",
    ),
    **from_module(
        "metagraft.compat.v1.nn",
        "approx_max_k approx_min_k atrous_conv2d atrous_conv2d_transpose avg_pool "
        "avg_pool1d avg_pool3d avg_pool_v2 bias_add conv1d conv1d_transpose conv2d "
        "conv2d_backprop_filter conv2d_backprop_input conv2d_transpose "
        "conv3d_backprop_filter_v2 conv3d_transpose conv_transpose convolution crelu "
        "depthwise_conv2d_native depthwise_conv2d_native_backprop_filter "
        "depthwise_conv2d_native_backprop_input dropout elu erosion2d "
        "fractional_avg_pool fractional_max_pool in_top_k l2_loss leaky_relu "
        "local_response_normalization log_softmax lrn max_pool max_pool1d max_pool2d "
        "max_pool3d max_pool_v2 pool quantized_avg_pool quantized_conv2d "
        "quantized_max_pool quantized_relu_x relu relu6 selu softmax "
        "softmax_cross_entropy_with_logits "
        "softmax_cross_entropy_with_logits_v2 softplus softsign "
        "sparse_softmax_cross_entropy_with_logits top_k with_space_to_batch xw_plus_b",
    ),
    **from_module(
        "metagraft.compat.v1.nn_experimental",
        "general_dropout stateless_dropout",
    ),
    "conv3d_v1": "metagraft.compat.v1.nn:conv3d",
    "dilation2d_v1": "metagraft.compat.v1.nn:dilation2d",
    "max_pool_with_argmax_v1": "metagraft.compat.v1.nn:max_pool_with_argmax",
    "softmax_cross_entropy_with_logits_v2_helper": (
        "metagraft.compat.v1.nn:softmax_cross_entropy_with_logits_v2"
    ),
}
__all__ = sorted(_NAMES)  # noqa: PLE0605 - computed from the table

__getattr__, __dir__ = lazy_names(__name__, _NAMES)
