"""Programs about `tf.layers`, argument by argument."""

from __future__ import annotations

from types import ModuleType

import numpy as np


def layers_dense_choices(tf: ModuleType) -> None:
    """Dense layers with every argument."""
    x = tf.placeholder(tf.float32, [None, 5])
    layers = tf.layers
    y = layers.dense(x, 3)
    y = layers.dense(y, 4, activation=tf.nn.relu)
    y = layers.dense(y, 2, name="out", use_bias=False)
    layers.dense(tf.placeholder(tf.float32, [None, 7, 5]), 3, name="r3")
    layers.dense(tf.placeholder(tf.float32, [2, 7, 5]), 3, tf.nn.tanh)
    layers.dense(
        x,
        3,
        name="d",
        kernel_regularizer=lambda w: tf.nn.l2_loss(w) * 0.1,
        bias_regularizer=lambda b: tf.reduce_sum(b),
    )
    layers.dense(x, 3, name="d", reuse=True)
    layers.dense(
        x,
        3,
        kernel_initializer=tf.truncated_normal_initializer(stddev=0.1),
        bias_initializer=tf.constant_initializer(0.1),
        trainable=False,
    )
    layers.dense(x, 3, activity_regularizer=lambda t: tf.reduce_sum(t), name="act")
    layers.dense(tf.cast(x, tf.float64), 2)


def layers_dense_objects(tf: ModuleType) -> None:
    """Layers as objects, called again and in scopes."""
    x = tf.placeholder(tf.float32, [None, 5])
    d = tf.layers.Dense(3, name="obj")
    d(x)
    z = d(x)
    d.apply(x)
    e = tf.layers.Dense(4)
    e(z)
    f = tf.layers.Dense(2)
    f.build(tf.TensorShape([None, 4]))
    f(e(z))
    with tf.variable_scope("sc"):
        g = tf.layers.Dense(3)
        g(x)
        tf.layers.dense(x, 2)
    with tf.name_scope("ns"):
        tf.layers.dense(x, 2)
    with tf.variable_scope("sc", reuse=True):
        tf.layers.dense(x, 2, name="dense_1")
    with tf.variable_scope("re", reuse=tf.AUTO_REUSE):
        tf.layers.dense(x, 2, name="q")
        tf.layers.dense(x, 2, name="q")


def layers_dense_resource(tf: ModuleType) -> None:
    """Layers on resource variables."""
    x = tf.placeholder(tf.float32, [None, 5])
    with tf.variable_scope("r", use_resource=True):
        tf.layers.dense(x, 3)
        tf.layers.batch_normalization(x, training=True)


def layers_dense_scope(tf: ModuleType) -> None:
    """Layers that take defaults of their scope."""
    x = tf.placeholder(tf.float32, [None, 5])
    with tf.variable_scope(
        "r", initializer=tf.zeros_initializer(), regularizer=lambda v: tf.reduce_sum(v)
    ):
        tf.layers.dense(x, 3)


def layers_dense_parts(tf: ModuleType) -> None:
    """Layers on partitioned variables."""
    x = tf.placeholder(tf.float32, [None, 6])
    with tf.variable_scope("r", partitioner=tf.fixed_size_partitioner(2)):
        tf.layers.dense(x, 4)


def layers_conv_choices(tf: ModuleType) -> None:
    """Convolution layers with every argument."""
    x = tf.placeholder(tf.float32, [None, 8, 8, 3])
    layers = tf.layers
    layers.conv2d(x, 4, 3)
    layers.conv2d(x, 4, [3, 3], padding="same", activation=tf.nn.relu, name="c")
    layers.conv2d(x, 4, 3, strides=2, use_bias=False)
    layers.conv2d(x, 4, 3, dilation_rate=2, padding="same")
    layers.conv2d(
        tf.placeholder(tf.float32, [None, 3, 8, 8]), 4, 3, data_format="channels_first"
    )
    layers.conv2d(x, 4, 3, kernel_regularizer=lambda w: tf.nn.l2_loss(w), name="reg")
    line = tf.placeholder(tf.float32, [None, 8, 3])
    layers.conv1d(line, 4, 3)
    layers.conv1d(line, 4, 3, padding="causal")
    layers.conv1d(
        line, 4, 3, strides=2, padding="same", activation=tf.nn.relu, name="c1"
    )
    layers.conv1d(
        tf.placeholder(tf.float32, [None, 3, 8]), 4, 3, data_format="channels_first"
    )
    layers.conv1d(line, 2, 3, dilation_rate=2)
    layers.conv3d(tf.placeholder(tf.float32, [None, 4, 4, 4, 2]), 3, 2, name="c3")
    layers.conv2d(tf.placeholder(tf.float32, [None, None, None, 3]), 4, 3)


def layers_separable(tf: ModuleType) -> None:
    """Separable convolution layers."""
    x = tf.placeholder(tf.float32, [None, 8, 8, 3])
    layers = tf.layers
    layers.separable_conv2d(x, 4, 3)
    layers.separable_conv2d(
        x,
        4,
        3,
        padding="same",
        depth_multiplier=2,
        activation=tf.nn.relu,
        name="s",
        depthwise_regularizer=lambda w: tf.nn.l2_loss(w),
    )
    layers.separable_conv1d(tf.placeholder(tf.float32, [None, 8, 3]), 4, 3)


def layers_pool(tf: ModuleType) -> None:
    """Pooling layers."""
    x = tf.placeholder(tf.float32, [None, 8, 8, 3])
    layers = tf.layers
    line = tf.placeholder(tf.float32, [None, 8, 3])
    v = tf.placeholder(tf.float32, [None, 4, 4, 4, 3])
    layers.max_pooling2d(x, 2, 2)
    layers.average_pooling2d(x, [2, 2], [1, 1], padding="same", name="ap")
    layers.max_pooling1d(line, 2, 2)
    layers.average_pooling1d(line, 2, 2)
    layers.max_pooling3d(v, 2, 2)
    layers.average_pooling3d(v, 2, 2)
    layers.max_pooling2d(
        tf.placeholder(tf.float32, [None, 3, 8, 8]), 2, 2, data_format="channels_first"
    )
    layers.max_pooling1d(
        tf.placeholder(tf.float32, [None, 3, 8]), 2, 2, data_format="channels_first"
    )
    layers.MaxPooling2D(2, 2)(x)
    layers.max_pooling3d(
        tf.placeholder(tf.float32, [None, 3, 4, 4, 4]),
        2,
        2,
        data_format="channels_first",
    )


def layers_flat(tf: ModuleType) -> None:
    """Flatten layers of every rank."""
    x = tf.placeholder(tf.float32, [None, 8, 8, 3])
    layers = tf.layers
    layers.flatten(x)
    layers.flatten(tf.zeros([2, 3, 4]), name="f")
    layers.flatten(tf.placeholder(tf.float32, [2, None, 3]))
    layers.flatten(tf.placeholder(tf.float32, [None, None, 3]))
    layers.flatten(tf.placeholder(tf.float32, [None]))
    layers.flatten(x, data_format="channels_first")
    layers.Flatten()(x)


def layers_drop(tf: ModuleType) -> None:
    """Dropout layers, switched and not."""
    x = tf.placeholder(tf.float32, [None, 8])
    layers = tf.layers
    t = tf.placeholder(tf.bool, [])
    layers.dropout(x)
    layers.dropout(x, training=True)
    layers.dropout(x, 0.3, training=t)
    layers.dropout(x, 0.3, noise_shape=[None, 1], seed=3, training=True, name="dd")
    d = layers.Dropout(0.2, seed=1)
    d(x, training=True)
    d(x, training=True)
    d(x, training=t)
    layers.dropout(x, 0, training=True)
    layers.dropout(x, 0.5, training=tf.placeholder_with_default(False, []))


def layers_phase(tf: ModuleType) -> None:
    """Layers that are told nothing go by a placeholder of the graph."""
    layers = tf.layers
    x = tf.placeholder(tf.float32, [4, 6], name="x")
    layers.dropout(x, 0, training=None)
    with tf.name_scope("inner"), tf.device("/cpu:0"), tf.control_dependencies([x]):
        y = layers.dropout(x, 0.3, training=None)
    layers.batch_normalization(y, training=None)
    layers.BatchNormalization(renorm=True)(y, training=None)
    images = tf.placeholder(tf.float32, [4, 5, 6, 3], name="images")
    layers.batch_normalization(images, training=None)
    layers.batch_normalization(images, training=np.bool_(True))
    layers.dropout(x, training=1.0)


def layers_bn(tf: ModuleType) -> None:
    """Batch normalization, fused and not."""
    x = tf.placeholder(tf.float32, [None, 8, 8, 3])
    y = tf.placeholder(tf.float32, [None, 6])
    layers = tf.layers
    layers.batch_normalization(x, training=True)
    layers.batch_normalization(x)
    layers.batch_normalization(y, training=True)
    layers.batch_normalization(y, name="inf")
    layers.batch_normalization(
        y, momentum=0.9, center=False, scale=False, training=True, name="ns"
    )
    layers.batch_normalization(x, center=False, scale=False, training=True)
    layers.batch_normalization(x, axis=1, training=True)
    layers.batch_normalization(x, fused=False, training=True, name="nf")
    layers.batch_normalization(tf.cast(y, tf.float16), training=True)
    layers.batch_normalization(x, axis=1, fused=False, training=True)
    layers.batch_normalization(tf.cast(x, tf.float16), training=True)
    layers.batch_normalization(tf.placeholder(tf.float32, [None, 5, 6]), training=True)
    layers.batch_normalization(x, axis=[1, 3], training=True)
    layers.batch_normalization(x, trainable=False, training=True, name="ntr")
    layers.batch_normalization(
        x, gamma_regularizer=lambda g: tf.nn.l2_loss(g), training=True
    )
    layers.batch_normalization(x, training=True, name="nf2", reuse=tf.AUTO_REUSE)
    layers.batch_normalization(x, training=False, name="nf2", reuse=True)


def layers_bn_sw(tf: ModuleType) -> None:
    """Batch normalization, switched."""
    x = tf.placeholder(tf.float32, [None, 8, 8, 3])
    y = tf.placeholder(tf.float32, [None, 6])
    layers = tf.layers
    t = tf.placeholder(tf.bool, [])
    layers.batch_normalization(x, training=t)
    layers.batch_normalization(y, training=t)


def layers_bn_sw_part(tf: ModuleType) -> None:
    """Batch normalization, switched by a variable."""
    y = tf.placeholder(tf.float32, [None, 6])
    v = tf.get_variable("v", initializer=True, trainable=False)
    tf.layers.batch_normalization(y, training=v)


def layers_bn_renorm(tf: ModuleType) -> None:
    """Batch renormalization."""
    y = tf.placeholder(tf.float32, [None, 6])
    tf.layers.batch_normalization(
        y,
        training=True,
        renorm=True,
        renorm_clipping={"rmax": 3.0, "rmin": 0.3, "dmax": 5.0},
    )
    tf.layers.batch_normalization(y, training=tf.placeholder(tf.bool, []), renorm=True)


def layers_bn_virtual(tf: ModuleType) -> None:
    """Batch normalization of virtual batches."""
    y = tf.placeholder(tf.float32, [None, 4, 4, 6])
    tf.layers.batch_normalization(y, training=True, virtual_batch_size=2)


def layers_bn_adj(tf: ModuleType) -> None:
    """Batch normalization with an adjustment."""
    y = tf.placeholder(tf.float32, [None, 6])
    tf.layers.batch_normalization(
        y,
        training=True,
        adjustment=lambda s: (
            tf.random_uniform([s[0], 1], 0.9, 1.1),
            tf.random_uniform([s[0], 1], -0.1, 0.1),
        ),
    )


def layers_custom(tf: ModuleType) -> None:
    """A layer that a user derives."""

    class My(tf.layers.Layer):
        def __init__(self, n, **k):
            super().__init__(**k)
            self.n = n

        def build(self, s):
            self.w = self.add_weight(
                "w", shape=[s[-1].value, self.n], initializer=tf.ones_initializer()
            )
            self.b = self.add_variable("b", [self.n], dtype=tf.float32, trainable=False)
            super().build(s)

        def call(self, x):
            return tf.matmul(x, self.w) + self.b

    m = My(3)
    x = tf.placeholder(tf.float32, [None, 4])
    m(x)
    m(x)
    My(2, name="nn")(x)
    My(2)(x)


def layers_nested(tf: ModuleType) -> None:
    """Layers in nested scopes."""
    x = tf.placeholder(tf.float32, [None, 4])
    with tf.variable_scope("a"):
        with tf.variable_scope("b"):
            tf.layers.dense(x, 3)
            tf.layers.batch_normalization(x, training=True)
        tf.layers.dense(x, 3, name="b")
    with tf.variable_scope("a", reuse=True), tf.variable_scope("b"):
        tf.layers.dense(x, 3)


def layers_np(tf: ModuleType) -> None:
    """Layers of arrays."""
    import numpy as np

    tf.layers.dense(np.ones([2, 3], np.float32), 4)
    tf.layers.flatten(np.ones([2, 3, 3], np.float32))


def layers_names(tf: ModuleType) -> None:
    """Names of layers in a loop."""
    x = tf.placeholder(tf.float32, [None, 8, 8, 3])
    for _ in range(3):
        x = tf.layers.conv2d(x, 4, 3, padding="same")
        x = tf.layers.max_pooling2d(x, 2, 1, padding="same")


def layers_of_names(tf: ModuleType) -> None:
    """Initializers and activations by their names, and classes of them."""
    x = tf.placeholder(tf.float32, [2, 3])
    for name in (
        "he_normal",
        "HeUniform",
        "lecun_normal",
        "lecun_uniform",
        "glorot_normal",
        "orthogonal",
        "zeros",
        "one",
        "normal",
        "uniform",
        "truncated_normal",
        tf.zeros_initializer,
    ):
        tf.layers.dense(x, 2, kernel_initializer=name, activation="relu")
    for name in ("relu6", "leaky_relu", "mish", "swish", "exponential", "linear"):
        tf.layers.dense(x, 2, activation=name)


def layers_of_keras_style(tf: ModuleType) -> None:
    """Layers that know no variable scopes."""
    x = tf.placeholder(tf.float32, [2, 3])
    images = tf.placeholder(tf.float32, [2, 4, 4, 3])
    with tf.layers.experimental.keras_style_scope():
        one = tf.layers.Dense(2)
        named = tf.layers.Dense(
            2,
            name="mine",
            kernel_regularizer=tf.nn.l2_loss,
            activity_regularizer=tf.reduce_sum,
        )
        norm = tf.layers.BatchNormalization()
        with tf.variable_scope("outer"):
            y = one(x)
            one(x)
            named(x)
            norm(y, training=True)
        tf.layers.dense(x, 3)
        conv = tf.layers.conv2d(images, 2, 3)
        tf.layers.batch_normalization(conv, training=True)
        cell = tf.nn.rnn_cell.LSTMCell(2)
        cell(x, cell.zero_state(2, tf.float32))
    tf.layers.dense(x, 3)
    tf.add_n(named.losses)


PROGRAMS = (
    layers_of_keras_style,
    layers_of_names,
    layers_dense_choices,
    layers_dense_objects,
    layers_dense_resource,
    layers_dense_scope,
    layers_dense_parts,
    layers_conv_choices,
    layers_separable,
    layers_pool,
    layers_flat,
    layers_drop,
    layers_phase,
    layers_bn,
    layers_bn_sw,
    layers_bn_sw_part,
    layers_bn_renorm,
    layers_bn_virtual,
    layers_bn_adj,
    layers_custom,
    layers_nested,
    layers_np,
    layers_names,
)
