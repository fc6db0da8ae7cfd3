"""Small networks that classify images, in the way their publications build them."""

from __future__ import annotations

from types import ModuleType
from typing import Any

from tests.programs.architecture_parts import feed, finish, train


def _classified(tf: ModuleType, features: Any, training: Any, optimizer: Any) -> None:
    """Pool, drop, classify, and train with the loss of the classes."""
    pooled = tf.reduce_mean(features, [1, 2], name="global_pool")
    dropped = tf.layers.dropout(pooled, 0.2, seed=5, training=training)
    logits = tf.layers.dense(dropped, 5, name="logits")
    labels = feed(tf, "labels", "int64:5", [4])
    loss = tf.losses.sparse_softmax_cross_entropy(labels, logits)
    step = train(tf, optimizer, loss, global_step=tf.train.get_or_create_global_step())
    finish(tf, [tf.nn.softmax(logits), tf.nn.top_k(logits, 2)[1]], [loss], step)


def _normalized(tf: ModuleType, x: Any, training: Any, name: str) -> Any:
    return tf.layers.batch_normalization(
        x, momentum=0.9, epsilon=1e-3, training=training, name=name
    )


def mobilenet_v1(tf: ModuleType) -> None:
    """Convolutions of depth and of points, normalised, cut at six."""
    tf.set_random_seed(21)
    training = feed(tf, "is_training", "training", [])
    h = feed(tf, "image", "uniform", [4, 16, 16, 3]) * 2.0 - 1.0
    h = tf.layers.conv2d(h, 4, 3, 2, "same", use_bias=False, name="conv_0")
    h = tf.nn.relu6(_normalized(tf, h, training, "conv_0/bn"))
    for i, (width, stride) in enumerate(((8, 1), (12, 2)), start=1):
        with tf.variable_scope(f"block_{i}"):
            w = tf.get_variable(
                "depthwise_weights",
                [3, 3, h.shape[3], 1],
                initializer=tf.truncated_normal_initializer(stddev=0.3),
            )
            h = tf.nn.depthwise_conv2d(h, w, [1, stride, stride, 1], "SAME")
            h = tf.nn.relu6(_normalized(tf, h, training, "depthwise"))
            h = tf.layers.conv2d(h, width, 1, use_bias=False, name="pointwise")
            h = tf.nn.relu6(_normalized(tf, h, training, "pointwise/bn"))
    _classified(tf, h, training, tf.train.RMSPropOptimizer(0.01, 0.9, 0.9, 1.0))


def mobilenet_v2(tf: ModuleType) -> None:
    """Inverted residuals over a linear bottleneck."""
    tf.set_random_seed(22)
    training = feed(tf, "is_training", "training", [])
    h = feed(tf, "image", "uniform", [4, 16, 16, 3])
    h = tf.layers.conv2d(h, 4, 3, 2, "same", use_bias=False, name="stem")
    h = tf.nn.relu6(_normalized(tf, h, training, "stem/bn"))
    for i, (width, stride) in enumerate(((6, 2), (6, 1))):
        with tf.variable_scope(f"expanded_conv_{i}"):
            x = tf.layers.conv2d(h, 12, 1, use_bias=False, name="expand")
            x = tf.nn.relu6(_normalized(tf, x, training, "expand/bn"))
            w = tf.get_variable("depthwise", [3, 3, 12, 1])
            x = tf.nn.depthwise_conv2d(x, w, [1, stride, stride, 1], "SAME")
            x = tf.nn.relu6(_normalized(tf, x, training, "depthwise/bn"))
            x = tf.layers.conv2d(x, width, 1, use_bias=False, name="project")
            x = _normalized(tf, x, training, "project/bn")
            h = x + h if i else x
    rate = tf.train.exponential_decay(
        0.05, tf.train.get_or_create_global_step(), 2, 0.98, staircase=True
    )
    _classified(tf, h, training, tf.train.MomentumOptimizer(rate, 0.9))


def mobilenet_v3(tf: ModuleType) -> None:
    """Hard swish, and squeeze and excitation, with variables that are resources."""
    tf.set_random_seed(23)
    training = feed(tf, "is_training", "training", [])
    h = feed(tf, "image", "uniform", [4, 16, 16, 3])

    def hard_sigmoid(x: Any) -> Any:
        return tf.nn.relu6(x + 3.0) * (1.0 / 6.0)

    with tf.variable_scope("net", use_resource=True):
        h = tf.layers.conv2d(h, 6, 3, 2, "same", use_bias=False, name="stem")
        h = _normalized(tf, h, training, "stem/bn")
        h *= hard_sigmoid(h)
        w = tf.get_variable("depthwise", [5, 5, 6, 1])
        x = tf.nn.depthwise_conv2d(h, w, [1, 1, 1, 1], "SAME")
        x = tf.nn.relu(_normalized(tf, x, training, "depthwise/bn"))
        s = tf.reduce_mean(x, [1, 2], keepdims=True)
        s = tf.layers.conv2d(s, 3, 1, activation=tf.nn.relu, name="squeeze")
        s = tf.layers.conv2d(s, 6, 1, activation=hard_sigmoid, name="excite")
        h += tf.layers.conv2d(x * s, 6, 1, use_bias=False, name="project")
    _classified(tf, h, training, tf.train.AdamOptimizer(0.01))


def nasnet(tf: ModuleType) -> None:
    """One cell: separable convolutions, poolings, sums of pairs, a concatenation."""
    tf.set_random_seed(24)
    training = feed(tf, "is_training", "training", [])
    image = feed(tf, "image", "normal", [4, 16, 16, 3])
    stem = tf.layers.conv2d(image, 4, 3, 2, use_bias=False, name="conv0")
    stem = _normalized(tf, stem, training, "conv0_bn")
    prev = tf.layers.conv2d(tf.nn.relu(stem), 4, 1, use_bias=False, name="prev_1x1")
    h = tf.nn.relu(stem)

    def separable(x: Any, size: int, name: str) -> Any:
        x = tf.layers.separable_conv2d(
            tf.nn.relu(x), 4, size, padding="same", use_bias=False, name=name
        )
        return _normalized(tf, x, training, f"{name}_bn")

    pairs = [
        separable(h, 3, "left_3x3") + h,
        separable(prev, 3, "right_3x3") + separable(h, 5, "right_5x5"),
        tf.layers.average_pooling2d(h, 3, 1, "same") + prev,
        tf.layers.max_pooling2d(prev, 3, 1, "same")
        + tf.layers.average_pooling2d(prev, 3, 1, "same"),
    ]
    cell = tf.concat(pairs, 3, name="cell_output")
    _classified(tf, cell, training, tf.train.RMSPropOptimizer(0.01, momentum=0.5))


def densenet(tf: ModuleType) -> None:
    """Layers that see all before them, and a transition; channels first in no part."""
    tf.set_random_seed(25)
    training = feed(tf, "is_training", "training", [])
    h = feed(tf, "image", "normal", [4, 16, 16, 3])
    h = tf.layers.conv2d(h, 6, 3, 2, "same", use_bias=False, name="first")
    for i in range(2):
        x = tf.nn.relu(_normalized(tf, h, training, f"dense_{i}/bn"))
        x = tf.layers.conv2d(
            x, 4, 3, padding="same", use_bias=False, name=f"dense_{i}/conv"
        )
        x = tf.layers.dropout(x, 0.2, seed=i, training=training)
        h = tf.concat([h, x], axis=3)
    h = tf.nn.relu(_normalized(tf, h, training, "transition/bn"))
    h = tf.layers.conv2d(h, 7, 1, use_bias=False, name="transition/conv")
    h = tf.layers.average_pooling2d(h, 2, 2)
    optimizer = tf.train.MomentumOptimizer(0.1, 0.9, use_nesterov=True)
    _classified(tf, h, training, optimizer)


def unet(tf: ModuleType) -> None:
    """Down, up by transposed convolutions, and the crops across."""
    tf.set_random_seed(26)
    image = feed(tf, "image", "uniform", [2, 16, 16, 1])
    labels = feed(tf, "mask", "int32:2", [2, 12, 12])
    conv = tf.layers.conv2d
    left = conv(image, 4, 3, activation=tf.nn.relu, name="down_1")
    low = tf.layers.max_pooling2d(left, 2, 2)
    low = conv(low, 8, 3, padding="same", activation=tf.nn.relu, name="down_2")
    up = tf.layers.conv2d_transpose(low, 4, 2, 2, activation=tf.nn.relu, name="up_1")
    size = tf.shape(up)
    offsets = [0, (tf.shape(left)[1] - size[1]) // 2, 0, 0]
    crop = tf.slice(left, offsets, [-1, size[1], size[2], 4])
    h = tf.concat([crop, up], 3)
    h = conv(h, 4, 3, activation=tf.nn.relu, name="up_2")
    logits = conv(h, 2, 1, name="classes")
    flat = tf.reshape(logits, [-1, 2])
    weights = tf.reduce_sum([[1.0, 3.0]] * tf.one_hot(tf.reshape(labels, [-1]), 2), 1)
    loss = tf.reduce_mean(
        weights
        * tf.nn.sparse_softmax_cross_entropy_with_logits(
            labels=tf.reshape(labels, [-1]), logits=flat
        )
    )
    prediction = tf.nn.softmax(flat)
    both = 2.0 * tf.reduce_sum(prediction * tf.one_hot(tf.reshape(labels, [-1]), 2))
    dice = both / (1e-5 + tf.reduce_sum(prediction) + tf.to_float(tf.size(labels)))
    step = train(tf, tf.train.AdamOptimizer(0.01), loss - dice)
    finish(tf, [tf.nn.softmax(logits), tf.argmax(logits, 3)], [loss, dice], step)


PROGRAMS = (
    mobilenet_v1,
    mobilenet_v2,
    mobilenet_v3,
    nasnet,
    densenet,
    unet,
)
