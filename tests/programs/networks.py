"""Programs about neural networks: convolutions, normalisation, layers, losses."""

from __future__ import annotations

from types import ModuleType


def activations(tf: ModuleType) -> None:
    """Activation functions and softmax."""
    x = tf.placeholder(tf.float32, [None, 6], name="x")
    for name in "relu relu6 elu selu leaky_relu softplus softsign tanh sigmoid".split():
        getattr(tf.nn, name)(x)
    tf.nn.leaky_relu(x, alpha=0.1, name="leaky")
    tf.nn.crelu(x)
    tf.nn.softmax(x)
    tf.nn.softmax(tf.reshape(x, [-1, 2, 3]), axis=1)
    tf.nn.log_softmax(x)
    tf.nn.l2_normalize(x, 1)
    tf.nn.dropout(x, rate=0.3)
    tf.nn.dropout(x, keep_prob=0.5, seed=4)
    keep = tf.placeholder(tf.float32, [], name="keep")
    tf.nn.dropout(x, rate=1 - keep, name="fed")
    tf.nn.dropout(x, keep_prob=keep)
    tf.nn.dropout(x, rate=0.3, noise_shape=[1, 6])


def activation_swish(tf: ModuleType) -> None:
    """Swish, which brings a gradient of its own."""
    x = tf.placeholder(tf.float32, [None, 6], name="x")
    tf.gradients(tf.nn.swish(x), x)


def convolutions(tf: ModuleType) -> None:
    """Convolutions of every kind."""
    x = tf.placeholder(tf.float32, [None, 8, 8, 4], name="x")
    line = tf.placeholder(tf.float32, [None, 8, 4], name="line")
    volume = tf.placeholder(tf.float32, [2, 4, 8, 8, 3], name="volume")
    k = tf.get_variable("k", [3, 3, 4, 6])
    tf.nn.conv2d(x, k, [1, 1, 1, 1], "SAME")
    tf.nn.conv2d(x, k, strides=[1, 2, 2, 1], padding="VALID", name="half")
    tf.nn.conv2d(x, k, strides=1, padding="SAME", dilations=2)
    tf.nn.conv2d(x, k, 1, [[0, 0], [1, 1], [2, 2], [0, 0]])
    tf.nn.depthwise_conv2d(x, tf.ones([3, 3, 4, 2]), [1, 1, 1, 1], "SAME")
    tf.nn.separable_conv2d(
        x, tf.ones([3, 3, 4, 2]), tf.ones([1, 1, 8, 5]), [1, 1, 1, 1], "SAME"
    )
    tf.nn.atrous_conv2d(x, k, 2, "SAME")
    tf.nn.conv2d_transpose(
        x, tf.ones([3, 3, 6, 4]), [5, 16, 16, 6], [1, 2, 2, 1], "SAME"
    )
    tf.nn.conv2d_transpose(
        x,
        tf.ones([3, 3, 6, 4]),
        tf.stack([tf.shape(x)[0], 16, 16, 6]),
        strides=[1, 2, 2, 1],
    )
    tf.nn.conv1d(line, tf.ones([3, 4, 5]), 1, "SAME")
    tf.nn.conv3d(volume, tf.ones([2, 2, 2, 3, 4]), [1, 1, 1, 1, 1], "SAME")
    tf.nn.convolution(x, k, "SAME", dilation_rate=[2, 2])
    tf.nn.convolution(x, k, "VALID", strides=[2, 2])
    tf.nn.bias_add(x, [0.0, 1.0, 2.0, 3.0])


def poolings(tf: ModuleType) -> None:
    """Pooling and moving blocks."""
    x = tf.placeholder(tf.float32, [None, 8, 8, 4], name="x")
    tf.nn.max_pool(x, [1, 2, 2, 1], [1, 2, 2, 1], "SAME")
    tf.nn.max_pool(x, ksize=3, strides=2, padding="VALID", name="pool")
    tf.nn.avg_pool(x, [1, 2, 2, 1], [1, 2, 2, 1], "VALID")
    tf.nn.max_pool_with_argmax(x, [1, 2, 2, 1], [1, 2, 2, 1], "SAME")
    tf.nn.pool(x, [2, 2], "AVG", "SAME", strides=[2, 2])
    tf.nn.lrn(x, 4, bias=1.0, alpha=1e-4, beta=0.75)
    tf.space_to_depth(x, 2)
    tf.depth_to_space(x, 2)
    tf.space_to_batch_nd(x, [2, 2], [[0, 0], [0, 0]])
    tf.extract_image_patches(x, [1, 3, 3, 1], [1, 1, 1, 1], [1, 1, 1, 1], "SAME")


def image_sizes(tf: ModuleType) -> None:
    """Images made larger and smaller."""
    x = tf.placeholder(tf.float32, [None, 8, 8, 4], name="x")
    tf.image.resize_bilinear(x, [16, 16])
    tf.image.resize_nearest_neighbor(x, [4, 4], align_corners=True)
    tf.image.resize_images(x, [16, 16])


def normalization(tf: ModuleType) -> None:
    """Moments and batch normalisation by hand."""
    x = tf.placeholder(tf.float32, [None, 8, 8, 4], name="x")
    mean, variance = tf.nn.moments(x, [0, 1, 2])
    tf.nn.moments(x, [1, 2], keepdims=True)
    tf.nn.batch_normalization(x, mean, variance, tf.zeros([4]), tf.ones([4]), 1e-3)
    tf.nn.batch_normalization(x, mean, variance, None, None, 1e-5)
    scale, offset = tf.ones([4]), tf.zeros([4])
    tf.nn.fused_batch_norm(x, scale, offset)
    tf.nn.fused_batch_norm(
        x, scale, offset, mean=mean, variance=variance, is_training=False
    )
    tf.nn.sufficient_statistics(x, [0])
    tf.nn.weighted_moments(x, [0], tf.ones([1, 8, 8, 4]))


def moving_averages(tf: ModuleType) -> None:
    """Exponential moving averages of variables and tensors."""
    step = tf.train.get_or_create_global_step()
    v = tf.get_variable("v", [3])
    t = tf.reduce_sum(v * 2.0, name="t")
    average = tf.train.ExponentialMovingAverage(0.99, num_updates=step)
    average.apply([v, t])
    average.average(v)
    average.average_name(v)
    tf.train.ExponentialMovingAverage(0.9, zero_debias=True, name="debiased").apply([v])
    average.variables_to_restore()


def layers_dense(tf: ModuleType) -> None:
    """Dense layers, dropout and flatten."""
    x = tf.placeholder(tf.float32, [None, 4, 5], name="x")
    flat = tf.layers.flatten(x)
    h = tf.layers.dense(flat, 16, activation=tf.nn.relu)
    h = tf.layers.dense(h, 8, name="named", use_bias=False)
    h = tf.layers.dense(
        h,
        8,
        kernel_initializer=tf.truncated_normal_initializer(stddev=0.02),
        kernel_regularizer=tf.nn.l2_loss,
    )
    tf.layers.dense(x, 3, tf.tanh)
    tf.layers.dropout(h, 0.4, training=True)
    tf.layers.dropout(h, 0.4)
    training = tf.placeholder(tf.bool, [], name="training")
    tf.layers.dropout(h, 0.4, training=training)
    with tf.variable_scope("shared"):
        tf.layers.dense(h, 2, name="twice")
    with tf.variable_scope("shared", reuse=True):
        tf.layers.dense(h + 1.0, 2, name="twice")


def layers_convolution(tf: ModuleType) -> None:
    """Convolution and pooling layers."""
    x = tf.placeholder(tf.float32, [None, 8, 8, 3], name="x")
    h = tf.layers.conv2d(x, 6, 3, padding="same", activation=tf.nn.relu)
    h = tf.layers.conv2d(h, 6, [3, 3], strides=2, name="second")
    h = tf.layers.max_pooling2d(h, 2, 1)
    h = tf.layers.average_pooling2d(h, 2, 1, padding="same")
    h = tf.layers.conv2d_transpose(h, 4, 3, strides=2, padding="same")
    h = tf.layers.separable_conv2d(h, 5, 3)
    tf.layers.conv1d(tf.reshape(h, [-1, 4, 5]), 4, 2)


def layers_batch_normalization(tf: ModuleType) -> None:
    """Batch normalisation layers, training and not, fused and not."""
    x = tf.placeholder(tf.float32, [None, 8, 8, 3], name="x")
    h = tf.layers.batch_normalization(x, training=True)
    h = tf.layers.batch_normalization(h, training=False, name="frozen")
    h = tf.layers.batch_normalization(h, training=True, fused=False)
    flat = tf.reshape(h, [-1, 192])
    tf.layers.batch_normalization(flat, training=True, momentum=0.9, scale=False)
    with tf.control_dependencies(tf.get_collection(tf.GraphKeys.UPDATE_OPS)):
        tf.identity(h, name="updated")


def layers_batch_normalization_switched(tf: ModuleType) -> None:
    """Batch normalisation that a placeholder switches."""
    x = tf.placeholder(tf.float32, [None, 8, 8, 3], name="x")
    training = tf.placeholder(tf.bool, [], name="training")
    tf.layers.batch_normalization(x, training=training)


def losses(tf: ModuleType) -> None:
    """The losses and their collection."""
    x = tf.placeholder(tf.float32, [None, 5], name="x")
    y = tf.placeholder(tf.float32, [None, 5], name="y")
    n = tf.placeholder(tf.int64, [None], name="n")
    tf.losses.mean_squared_error(y, x)
    tf.losses.absolute_difference(y, x, weights=0.5)
    tf.losses.huber_loss(y, x)
    tf.losses.log_loss(y, x)
    tf.losses.hinge_loss(y, x)
    tf.losses.cosine_distance(y, x, axis=1)
    tf.losses.softmax_cross_entropy(y, x, label_smoothing=0.1)
    tf.losses.sigmoid_cross_entropy(y, x)
    tf.losses.sparse_softmax_cross_entropy(n, x)
    tf.losses.mean_squared_error(
        y, x, weights=y[:, :1], reduction=tf.losses.Reduction.SUM
    )
    tf.losses.get_total_loss()


def cross_entropies(tf: ModuleType) -> None:
    """Cross entropies of `tf.nn`."""
    x = tf.placeholder(tf.float32, [None, 5], name="x")
    y = tf.placeholder(tf.float32, [None, 5], name="y")
    n = tf.placeholder(tf.int32, [None], name="n")
    tf.nn.softmax_cross_entropy_with_logits(labels=y, logits=x)
    tf.nn.softmax_cross_entropy_with_logits_v2(labels=y, logits=x)
    tf.nn.sparse_softmax_cross_entropy_with_logits(labels=n, logits=x)
    tf.nn.sigmoid_cross_entropy_with_logits(labels=y, logits=x)
    tf.nn.weighted_cross_entropy_with_logits(y, x, 2.0)
    tf.nn.l2_loss(x, name="weight_decay")
    tf.nn.log_poisson_loss(y, x)


def metrics(tf: ModuleType) -> None:
    """Metrics that count in local variables."""
    n = tf.placeholder(tf.int64, [None], name="n")
    m = tf.placeholder(tf.int64, [None], name="m")
    tf.metrics.accuracy(n, m)
    tf.metrics.mean(tf.cast(n, tf.float32))


def embeddings(tf: ModuleType) -> None:
    """Look-ups of rows."""
    table = tf.get_variable("table", [20, 8])
    ids = tf.placeholder(tf.int32, [None, 3], name="ids")
    e = tf.nn.embedding_lookup(table, ids)
    tf.nn.embedding_lookup(table, [1, 2], max_norm=1.0)
    tf.nn.embedding_lookup([table, table], [1, 2], partition_strategy="div")
    tf.reduce_mean(e, axis=1)
    tf.nn.xw_plus_b(e[:, 0], tf.ones([8, 2]), tf.zeros([2]))
    tf.nn.nce_loss(
        table,
        tf.zeros([20]),
        tf.constant([[1], [2]], tf.int64),
        e[:2, 0],
        num_sampled=4,
        num_classes=20,
    )


def recurrent(tf: ModuleType) -> None:
    """Cells unrolled and in a loop."""
    x = tf.placeholder(tf.float32, [None, 7, 4], name="x")
    cell = tf.nn.rnn_cell.BasicLSTMCell(5)
    tf.nn.static_rnn(cell, tf.unstack(x, axis=1), dtype=tf.float32)
    with tf.variable_scope("dynamic"):
        tf.nn.dynamic_rnn(tf.nn.rnn_cell.GRUCell(5), x, dtype=tf.float32)


PROGRAMS = (
    activations,
    activation_swish,
    convolutions,
    poolings,
    image_sizes,
    normalization,
    moving_averages,
    layers_dense,
    layers_convolution,
    layers_batch_normalization,
    layers_batch_normalization_switched,
    losses,
    cross_entropies,
    metrics,
    embeddings,
    recurrent,
)
