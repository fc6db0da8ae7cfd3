"""`tf.nn`: neural networks."""

from __future__ import annotations

from metagraft.api.ragged_dispatch import with_ragged
from metagraft.lazy_names import from_module, lazy_names

_API = "metagraft.api"
_NAMES = {
    **from_module(
        f"{_API}.nn_activation",
        "crelu dropout elu leaky_relu relu relu6 selu softplus softsign swish",
    ),
    **from_module(f"{_API}.rnn", "bidirectional_dynamic_rnn dynamic_rnn raw_rnn"),
    **from_module(
        f"{_API}.rnn_unrolled",
        "static_bidirectional_rnn static_rnn static_state_saving_rnn",
    ),
    "rnn_cell": "metagraft.compat.v1.rnn_cell",
    "experimental": "metagraft.compat.v1.nn_experimental",
    **from_module(
        f"{_API}.nn_loss_scaling", "compute_average_loss scale_regularization_loss"
    ),
    "silu": f"{_API}.nn_activation:swish",
    **from_module(
        f"{_API}.nn_convolution",
        "atrous_conv2d conv1d conv2d conv2d_backprop_filter conv3d "
        "conv3d_backprop_filter convolution",
    ),
    **from_module(
        f"{_API}.nn_depthwise",
        "depthwise_conv2d depthwise_conv2d_backprop_filter "
        "depthwise_conv2d_backprop_input depthwise_conv2d_native separable_conv2d",
    ),
    "conv3d_backprop_filter_v2": f"{_API}.nn_convolution:conv3d_backprop_filter",
    "depthwise_conv2d_native_backprop_filter": (
        f"{_API}.nn_depthwise:depthwise_conv2d_backprop_filter"
    ),
    "depthwise_conv2d_native_backprop_input": (
        f"{_API}.nn_depthwise:depthwise_conv2d_backprop_input"
    ),
    **from_module(
        f"{_API}.nn_convolution_transpose",
        "atrous_conv2d_transpose conv1d_transpose conv2d_backprop_input "
        "conv2d_transpose conv3d_transpose conv_transpose",
    ),
    "with_space_to_batch": f"{_API}.nn_dilation:with_space_to_batch",
    **from_module(
        f"{_API}.nn_pooling",
        "avg_pool avg_pool1d avg_pool3d avg_pool_v2 max_pool max_pool1d "
        "max_pool2d max_pool3d max_pool_v2 max_pool_with_argmax pool",
    ),
    **from_module(
        f"{_API}.nn_ctc",
        "collapse_repeated ctc_beam_search_decoder ctc_beam_search_decoder_v2 "
        "ctc_greedy_decoder ctc_loss ctc_loss_v2 ctc_unique_labels",
    ),
    **from_module(f"{_API}.nn_morphology", "dilation2d erosion2d"),
    **from_module(
        f"{_API}.quantize",
        "quantized_avg_pool quantized_conv2d quantized_max_pool quantized_relu_x",
    ),
    **from_module(
        f"{_API}.nn_fractional_pooling", "fractional_avg_pool fractional_max_pool"
    ),
    **from_module(
        f"{_API}.nn_sampling",
        "fixed_unigram_candidate_sampler learned_unigram_candidate_sampler",
    ),
    "avg_pool2d": f"{_API}.nn_pooling:avg_pool",
    **from_module(
        f"{_API}.nn_softmax",
        "log_poisson_loss log_softmax sigmoid_cross_entropy_with_logits softmax "
        "softmax_cross_entropy_with_logits softmax_cross_entropy_with_logits_v2 "
        "sparse_softmax_cross_entropy_with_logits weighted_cross_entropy_with_logits",
    ),
    **from_module(f"{_API}.nn_bias", "bias_add l2_loss relu_layer xw_plus_b"),
    **from_module(f"{_API}.nn_classes", "approx_max_k approx_min_k in_top_k top_k"),
    **from_module(
        f"{_API}.nn_normalization",
        "batch_norm_with_global_normalization batch_normalization fused_batch_norm "
        "l2_normalize local_response_normalization moments normalize_moments "
        "sufficient_statistics weighted_moments",
    ),
    "lrn": f"{_API}.nn_normalization:local_response_normalization",
    "embedding_lookup": f"{_API}.nn_embedding:embedding_lookup",
    **from_module(
        f"{_API}.nn_embedding_sparse",
        "embedding_lookup_sparse safe_embedding_lookup_sparse",
    ),
    **from_module(
        f"{_API}.nn_sampling",
        "all_candidate_sampler compute_accidental_hits log_uniform_candidate_sampler "
        "nce_loss sampled_softmax_loss uniform_candidate_sampler",
    ),
    "zero_fraction": f"{_API}.nn_sparsity:zero_fraction",
    **from_module(f"{_API}.math", "sigmoid tanh"),
    **from_module(
        f"{_API}.space_depth", "depth_to_space space_to_batch space_to_depth"
    ),
}
__all__ = sorted(_NAMES)  # noqa: PLE0605 - computed from the table

__getattr__, __dir__ = lazy_names(__name__, _NAMES, with_ragged)
