"""Programs about gradients of the functions of `tf.nn`."""

from __future__ import annotations

from types import ModuleType


def gradients_conv(tf: ModuleType) -> None:
    """Gradients of a convolution, and their gradients."""
    x = tf.placeholder(tf.float32, [None, 8, 8, 3])
    k = tf.get_variable("k", [3, 3, 3, 4])
    y = tf.nn.conv2d(x, k, [1, 2, 2, 1], "SAME")
    g = tf.gradients(y, [x, k])
    tf.gradients(g, [x, k])


def gradients_conv_more(tf: ModuleType) -> None:
    """Gradients of other convolutions."""
    x = tf.placeholder(tf.float32, [None, 8, 8, 3])
    k = tf.get_variable("k", [3, 3, 3, 4])
    y = tf.nn.conv2d(x, k, 1, [[0, 0], [1, 1], [2, 2], [0, 0]])
    tf.gradients(y, [x, k])
    y = tf.nn.depthwise_conv2d(x, k, [1, 1, 1, 1], "SAME")
    g = tf.gradients(y, [x, k])
    tf.gradients(g, [x, k])
    y = tf.nn.conv2d_transpose(x, tf.ones([3, 3, 5, 3]), [2, 16, 16, 5], 2)
    tf.gradients(y, x)
    v = tf.placeholder(tf.float32, [None, 4, 4, 4, 2])
    y = tf.nn.conv3d(v, tf.ones([2, 2, 2, 2, 3]), [1] * 5, "SAME")
    g = tf.gradients(y, v)
    tf.gradients(g, v)
    y = tf.nn.separable_conv2d(
        x,
        tf.ones([3, 3, 3, 2]),
        tf.ones([1, 1, 6, 5]),
        [1, 1, 1, 1],
        "SAME",
        rate=[2, 2],
    )
    tf.gradients(y, x)


def gradients_pool(tf: ModuleType) -> None:
    """Gradients of poolings, and their gradients."""
    x = tf.placeholder(tf.float32, [None, 8, 8, 3])
    for f in (tf.nn.max_pool, tf.nn.avg_pool):
        y = f(x, [1, 2, 2, 1], [1, 2, 2, 1], "SAME")
        g = tf.gradients(y, x)
        (
            tf.gradients(g, x)
            if f is tf.nn.avg_pool
            else tf.gradients(tf.reduce_sum(g[0] ** 2), x)
        )
    v = tf.placeholder(tf.float32, [None, 4, 4, 4, 2])
    y = tf.nn.max_pool3d(v, 2, 2, "SAME")
    g = tf.gradients(y, v)
    y = tf.nn.avg_pool3d(v, 2, 2, "SAME")
    g = tf.gradients(y, v)
    y, _ = tf.nn.max_pool_with_argmax(x, [1, 2, 2, 1], [1, 2, 2, 1], "SAME")
    tf.gradients(y, x)


def gradients_act(tf: ModuleType) -> None:
    """Gradients of activations, and their gradients."""
    x = tf.placeholder(tf.float32, [None, 6])
    for n in "relu relu6 elu selu leaky_relu softplus tanh sigmoid crelu".split():
        y = getattr(tf.nn, n)(x)
        g = tf.gradients(y, x)
        tf.gradients(g, x)
    y = tf.nn.softsign(x)
    tf.gradients(y, x)


def gradients_soft(tf: ModuleType) -> None:
    """Gradients of softmax."""
    x = tf.placeholder(tf.float32, [None, 6])
    y = tf.nn.softmax(x)
    g = tf.gradients(y, x)
    tf.gradients(g, x)
    y = tf.nn.log_softmax(x)
    tf.gradients(y, x)
    z = tf.placeholder(tf.float32, [None, 3, 6])
    tf.gradients(tf.nn.softmax(z, axis=1), z)


def gradients_xent(tf: ModuleType) -> None:
    """Gradients of cross entropies."""
    line = tf.placeholder(tf.float32, [None, 4])
    y = tf.placeholder(tf.float32, [None, 4])
    s = tf.placeholder(tf.int32, [None])
    c = tf.nn.softmax_cross_entropy_with_logits_v2(labels=y, logits=line)
    g = tf.gradients(c, [line, y])
    tf.gradients(g[0], line)
    c = tf.nn.softmax_cross_entropy_with_logits(labels=y, logits=line)
    tf.gradients(c, [line, y])
    c = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=s, logits=line)
    g = tf.gradients(c, line)
    tf.gradients(g, line)
    c = tf.nn.sigmoid_cross_entropy_with_logits(labels=y, logits=line)
    tf.gradients(c, [line, y])
    c = tf.nn.weighted_cross_entropy_with_logits(y, line, 2.0)
    tf.gradients(c, line)


def gradients_bias(tf: ModuleType) -> None:
    """Gradients of biases and largest values."""
    x = tf.placeholder(tf.float32, [None, 4])
    b = tf.get_variable("b", [4])
    y = tf.nn.bias_add(x, b)
    g = tf.gradients(y, [x, b])
    y = tf.nn.bias_add(tf.reshape(x, [-1, 2, 2, 4]), b)
    g = tf.gradients(y * y, [x, b])
    tf.gradients(g, [x, b])
    im = tf.placeholder(tf.float32, [None, 4, 5, 5])
    y = tf.nn.bias_add(im, b, data_format="NCHW")
    g = tf.gradients(y * y, [im, b])
    tf.gradients(g, b)
    tf.gradients(tf.nn.l2_loss(x), x)
    y = tf.nn.top_k(x, 2)
    tf.gradients(y[0], x)
    tf.gradients(tf.nn.top_k(tf.placeholder(tf.float32, [3, 5]), 2)[0], x)


def gradients_norm(tf: ModuleType) -> None:
    """Gradients of normalizations."""
    x = tf.placeholder(tf.float32, [None, 5, 5, 4])
    s = tf.get_variable("s", [4])
    o = tf.get_variable("o", [4])
    m = tf.get_variable("m", [4])
    v = tf.get_variable("v", [4])
    y, _, _ = tf.nn.fused_batch_norm(x, s, o)
    tf.gradients(y, [x, s, o])
    y, _, _ = tf.nn.fused_batch_norm(x, s, o, m, v, is_training=False)
    tf.gradients(y, [x, s, o])
    z = tf.placeholder(tf.float32, [None, 4, 5, 5])
    y, _, _ = tf.nn.fused_batch_norm(
        z, s, o, m, v, is_training=False, data_format="NCHW"
    )
    tf.gradients(y, [z, s, o])
    y, _, _ = tf.nn.fused_batch_norm(z, s, o, data_format="NCHW")
    tf.gradients(y, [z, s, o])
    tf.gradients(tf.nn.lrn(x), x)
    mm, vv = tf.nn.moments(x, [0, 1, 2])
    y = tf.nn.batch_normalization(x, mm, vv, o, s, 0.001)
    tf.gradients(y, [x, s, o])
    tf.gradients(tf.nn.l2_normalize(x, 1), x)


def gradients_emb(tf: ModuleType) -> None:
    """Gradients of look-ups."""
    e = tf.get_variable("e", [10, 4])
    ids = tf.placeholder(tf.int32, [None, 3])
    y = tf.nn.embedding_lookup(e, ids)
    tf.gradients(y, e)
    r = tf.get_variable("r", [10, 4], use_resource=True)
    tf.gradients(tf.nn.embedding_lookup(r, ids), r)
    s = [tf.get_variable(f"s{i}", [4, 4]) for i in range(2)]
    tf.gradients(tf.nn.embedding_lookup(s, ids), s)


def gradients_dropout(tf: ModuleType) -> None:
    """Gradients of dropout."""
    x = tf.placeholder(tf.float32, [None, 4])
    y = tf.nn.dropout(x, rate=0.4)
    tf.gradients(y, x)
    y = tf.layers.dropout(x, training=tf.placeholder(tf.bool, []))
    tf.gradients(y, x)


def gradients_model(tf: ModuleType) -> None:
    """Gradients of a network with switched layers."""
    x = tf.placeholder(tf.float32, [None, 28, 28, 1])
    y = tf.placeholder(tf.int32, [None])
    t = tf.placeholder(tf.bool, [])
    h = tf.layers.conv2d(x, 8, 5, activation=tf.nn.relu)
    h = tf.layers.batch_normalization(h, training=t)
    h = tf.layers.max_pooling2d(h, 2, 2)
    h = tf.layers.flatten(h)
    h = tf.layers.dense(
        h,
        10,
        activation=tf.nn.relu,
        kernel_regularizer=lambda w: tf.nn.l2_loss(w) * 0.001,
    )
    h = tf.layers.dropout(h, training=t)
    line = tf.layers.dense(h, 10)
    tf.losses.sparse_softmax_cross_entropy(y, line)
    loss = tf.losses.get_total_loss()
    tf.gradients(loss, tf.trainable_variables())


PROGRAMS = (
    gradients_conv,
    gradients_conv_more,
    gradients_pool,
    gradients_act,
    gradients_soft,
    gradients_xent,
    gradients_bias,
    gradients_norm,
    gradients_emb,
    gradients_dropout,
    gradients_model,
)
