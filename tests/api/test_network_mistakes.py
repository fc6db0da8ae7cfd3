"""Mistakes with `tf.nn`, `tf.layers`, `tf.losses` and random numbers.

The messages are TensorFlow's.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

import metagraft.compat.v1 as tf
from metagraft.errors import InvalidArgumentError

NN: list[tuple[Callable[[], object], type[Exception], str]] = [
    (
        lambda: tf.nn.dropout(tf.constant([1]), rate=0.5),
        ValueError,
        "`x.dtype` must be a floating point tensor as `x` will be scaled.",
    ),
    (
        lambda: tf.nn.dropout(tf.constant([1.0]), rate=1.5),
        ValueError,
        "range [0, 1). Received: rate=1.5",
    ),
    (
        lambda: tf.nn.dropout(tf.constant([1.0])),
        ValueError,
        "`rate` must be provided. Received: rate=None",
    ),
    (
        lambda: tf.nn.sparse_softmax_cross_entropy_with_logits(
            labels=tf.zeros([2], tf.int32), logits=tf.zeros([3, 5])
        ),
        ValueError,
        "Received: labels.shape=(2,) and logits.shape=(3, 5)",
    ),
    (
        lambda: tf.nn.sparse_softmax_cross_entropy_with_logits(
            labels=tf.zeros([2, 1], tf.int32), logits=tf.zeros([3, 5])
        ),
        ValueError,
        "labels.shape=(2, 1) of rank 2 and logits.shape=(3, 5) of rank 2",
    ),
    (
        lambda: tf.nn.softmax_cross_entropy_with_logits(logits=tf.zeros([3, 5])),
        ValueError,
        "must be provided for softmax_cross_entropy_with_logitsReceived: labels=None",
    ),
    (
        lambda: tf.nn.softmax(tf.zeros([2, 3]), axis=2),
        InvalidArgumentError,
        "`dim` must be in the range [-2, 2)",
    ),
    (
        lambda: tf.nn.embedding_lookup([], [1]),
        ValueError,
        "Length of params is currently 0. Need at least one param.",
    ),
    (
        lambda: tf.nn.embedding_lookup([tf.ones([2, 2])] * 2, [1], "xx"),
        ValueError,
        "Unrecognized partition strategy: xx.",
    ),
    (
        lambda: tf.nn.conv2d(tf.zeros([1, 4, 4, 3]), tf.zeros([2, 2, 2, 4]), 1, "SAME"),
        ValueError,
        "Depth of input (3) is not a multiple of input depth of filter (2)",
    ),
    (
        lambda: tf.nn.conv2d(
            tf.zeros([1, 4, 4, 2]), tf.zeros([5, 5, 2, 4]), 1, "VALID"
        ),
        ValueError,
        "Negative dimension size caused by subtracting 5 from 4",
    ),
    (
        lambda: tf.nn.conv2d(
            tf.zeros([1, 4, 4, 2]), tf.zeros([2, 2, 2, 4]), [1, 1, 1], "SAME"
        ),
        ValueError,
        "strides should be of length 1, 2 or 4. Received: strides=[1, 1, 1]",
    ),
    (
        lambda: tf.nn.max_pool(tf.zeros([1, 4, 4, 2]), 0, 1, "SAME"),
        ValueError,
        "`ksize` cannot be zero.",
    ),
    (
        lambda: tf.nn.pool(tf.zeros([1, 4, 4, 2]), [2, 2], "MIN", "SAME"),
        ValueError,
        "2-D MIN pooling is not supported.",
    ),
    (
        lambda: tf.nn.top_k(tf.zeros([2, 3]), 4),
        ValueError,
        "input must have last dimension >= k = 4 but is 3",
    ),
    (
        lambda: tf.nn.bias_add(tf.zeros([2, 3]), tf.zeros([4])),
        ValueError,
        "Dimensions must be equal, but are 3 and 4",
    ),
    (
        lambda: tf.nn.fused_batch_norm(
            tf.zeros([1, 2, 2, 3]), tf.ones([3]), tf.ones([3]), is_training=False
        ),
        ValueError,
        "Both `mean` and `variance` must be a 1D tensor",
    ),
    (
        lambda: tf.nn.atrous_conv2d_transpose(
            tf.zeros([1, 4, 4, 2]), tf.zeros([2, 2, 3, 2]), [1, 4, 4, 3], 0, "SAME"
        ),
        ValueError,
        "`rate` cannot be less than one. Received: rate=0",
    ),
]
LAYERS: list[tuple[Callable[[], object], type[Exception], str]] = [
    (
        lambda: tf.layers.dense(tf.placeholder(tf.float32, [None, None]), 3),
        ValueError,
        "Found None. Full input shape received: (?, ?)",
    ),
    (
        lambda: tf.layers.dense(tf.zeros([3]), 3),
        ValueError,
        (
            'Input 0 of layer "dense_1" is incompatible with the layer: expected'
            " min_ndim=2, found ndim=1."
        ),
    ),
    (
        lambda: tf.layers.dense(tf.zeros([2, 3], tf.int32), 3),
        TypeError,
        "A Dense layer can only be built with a floating-point dtype.",
    ),
    (
        lambda: tf.layers.dense(tf.zeros([2, 3]), 3, reuse=True, name="no"),
        ValueError,
        "Variable no/kernel does not exist",
    ),
    (
        lambda: tf.layers.Dense(3, foo=1),
        TypeError,
        "Keyword argument not understood:",
    ),
    (
        lambda: tf.layers.dense(tf.zeros([2, 3]), 3, activation="nothing"),
        ValueError,
        "Unknown activation function: 'nothing'",
    ),
    (
        lambda: tf.layers.conv2d(tf.zeros([2, 3, 3, 1]), 3, 5),
        ValueError,
        "One of the dimensions in the output is <= 0 due to downsampling in conv2d_1.",
    ),
    (
        lambda: tf.layers.conv2d(tf.zeros([2, 3, 3, 1]), 3, 2, padding="full"),
        ValueError,
        'or one of "valid", "same" (or "causal", only for `Conv1D). Received: full',
    ),
    (
        lambda: tf.layers.conv2d(tf.zeros([2, 3, 3, 1]), 3, (2, 2, 2)),
        ValueError,
        "The `kernel_size` argument must be a tuple of 2 integers. Received: (2, 2, 2)",
    ),
    (
        lambda: tf.layers.conv2d(
            tf.zeros([2, 9, 9, 1]), 3, 2, strides=2, dilation_rate=2
        ),
        ValueError,
        "`strides > 1` not supported in conjunction with `dilation_rate > 1`.",
    ),
    (
        lambda: tf.layers.max_pooling2d(tf.zeros([2, 3, 3]), 3, 2),
        ValueError,
        "expected ndim=4, found ndim=3.",
    ),
    (
        lambda: tf.layers.max_pooling2d(tf.zeros([2, 3, 3, 1]), 3, None),
        ValueError,
        "Argument `strides` must not be None.",
    ),
    (
        lambda: tf.layers.batch_normalization(tf.zeros([2, 3]), axis=2),
        ValueError,
        "Invalid value for `axis` argument. Expected 0 <= axis < inputs.rank",
    ),
    (
        lambda: tf.layers.dropout(tf.zeros([2]), rate=2.0),
        ValueError,
        "Invalid value 2.0 received for `rate`, expected a value between 0 and 1.",
    ),
    (
        lambda: tf.layers.Dense(3).scope_name,
        ValueError,
        "has not been used yet.",
    ),
]
LOSSES: list[tuple[Callable[[], object], type[Exception], str]] = [
    (
        lambda: tf.losses.mean_squared_error(None, tf.constant([1.0])),
        ValueError,
        "Argument `labels` must not be None.",
    ),
    (
        lambda: tf.losses.mean_squared_error([1.0], [1.0, 2.0, 3.0]),
        ValueError,
        "Shapes (3,) and (1,) are incompatible",
    ),
    (
        lambda: tf.losses.mean_squared_error(
            [1.0, 2, 3], [1.0, 2, 3], weights=[1.0, 2]
        ),
        ValueError,
        "Mismatch at dim 0. values.shape=[3], weights.shape=[2].",
    ),
    (
        lambda: tf.losses.mean_squared_error([1.0, 2], [1.0, 2], weights=[[1.0, 2]]),
        ValueError,
        "values.rank=1. weights.rank=2. values.shape=(2,). weights.shape=(1, 2).",
    ),
    (
        lambda: tf.losses.compute_weighted_loss([1.0], reduction="mean"),
        ValueError,
        "Invalid Reduction Key mean.",
    ),
    (
        lambda: tf.losses.cosine_distance([1.0], [1.0]),
        ValueError,
        "You must specify argument `axis`.",
    ),
]
RANDOM: list[tuple[Callable[[], object], type[Exception], str]] = [
    (
        lambda: tf.random_uniform([2], dtype=tf.int32),
        ValueError,
        "Must specify maxval for integer dtype tf.int32",
    ),
    (
        lambda: tf.random_uniform([2], dtype=tf.uint8),
        ValueError,
        "Argument `dtype` got invalid value <dtype: 'uint8'>.",
    ),
    (
        lambda: tf.random.stateless_uniform([2], [1, 2], 0, dtype=tf.int32),
        ValueError,
        "argument `minval` and `maxval` must be both None or not None.",
    ),
    (
        lambda: tf.initializers.variance_scaling(0.0),
        ValueError,
        "Argument `scale` must be a positive float. Received: 0.0",
    ),
    (
        lambda: tf.initializers.variance_scaling(mode="fan"),
        ValueError,
        "Argument `mode` should be one of ('fan_in', 'fan_out', 'fan_avg').",
    ),
    (
        lambda: tf.initializers.constant(object()),
        TypeError,
        "Invalid type for initial value=",
    ),
    (
        lambda: tf.initializers.orthogonal()([3]),
        ValueError,
        "must be at least two-dimensional. Received shape=[3]",
    ),
    (
        lambda: tf.initializers.random_normal(dtype=tf.int32),
        ValueError,
        "Argument `dtype` is expected to be floating point. Received: <dtype: 'int32'>",
    ),
]


@pytest.mark.parametrize(
    ("build", "error", "message"), [*NN, *LAYERS, *LOSSES, *RANDOM]
)
def test_a_mistake_is_told_as_tensorflow_tells_it(
    build: Callable[[], object], error: type[Exception], message: str
) -> None:
    """The error comes when the graph is built, with TensorFlow's words."""
    with tf.Graph().as_default(), pytest.raises(error, match=re.escape(message)):
        build()


def test_a_layer_refuses_inputs_of_another_size() -> None:
    """Variables made for one size do not fit another."""
    with tf.Graph().as_default():
        layer = tf.layers.Dense(2)
        layer(tf.zeros([2, 3]))
        with pytest.raises(ValueError, match=r"axis -1 .* value 3, .* shape \(2, 4\)"):
            layer(tf.zeros([2, 4]))
