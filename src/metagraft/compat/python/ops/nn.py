"""`tensorflow.python.ops.nn`: networks."""

from __future__ import annotations

from metagraft.lazy_names import from_module, lazy_names

_NAMES = {
    **from_module(
        "metagraft.compat.v1",
        "approx_top_k conv conv2d_backprop_filter_v2 conv2d_backprop_input_v2 sigmoid "
        "tanh",
    ),
    **from_module("metagraft.compat.v1.linalg", "normalize"),
    **from_module(
        "metagraft.compat.v1.nn",
        "all_candidate_sampler approx_max_k approx_min_k atrous_conv2d "
        "atrous_conv2d_transpose avg_pool avg_pool1d avg_pool3d avg_pool_v2 "
        "batch_norm_with_global_normalization batch_normalization bias_add "
        "bidirectional_dynamic_rnn collapse_repeated compute_accidental_hits "
        "compute_average_loss conv1d conv1d_transpose conv2d conv2d_backprop_filter "
        "conv2d_backprop_input conv2d_transpose conv3d_backprop_filter_v2 "
        "conv3d_transpose conv_transpose convolution crelu ctc_beam_search_decoder "
        "ctc_beam_search_decoder_v2 ctc_greedy_decoder ctc_loss ctc_loss_v2 "
        "ctc_unique_labels depthwise_conv2d depthwise_conv2d_native "
        "depthwise_conv2d_native_backprop_filter "
        "depthwise_conv2d_native_backprop_input dropout dynamic_rnn elu "
        "embedding_lookup embedding_lookup_sparse erosion2d "
        "fixed_unigram_candidate_sampler fractional_avg_pool fractional_max_pool "
        "fused_batch_norm in_top_k l2_loss l2_normalize leaky_relu "
        "learned_unigram_candidate_sampler local_response_normalization "
        "log_poisson_loss log_softmax log_uniform_candidate_sampler lrn max_pool "
        "max_pool1d max_pool2d max_pool3d max_pool_v2 moments nce_loss "
        "normalize_moments pool quantized_avg_pool quantized_conv2d "
        "quantized_max_pool quantized_relu_x raw_rnn relu relu6 relu_layer "
        "safe_embedding_lookup_sparse sampled_softmax_loss scale_regularization_loss "
        "selu separable_conv2d sigmoid_cross_entropy_with_logits softmax "
        "softmax_cross_entropy_with_logits softplus softsign "
        "sparse_softmax_cross_entropy_with_logits static_rnn static_state_saving_rnn "
        "sufficient_statistics swish top_k uniform_candidate_sampler "
        "weighted_cross_entropy_with_logits weighted_moments with_space_to_batch "
        "xw_plus_b zero_fraction",
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
