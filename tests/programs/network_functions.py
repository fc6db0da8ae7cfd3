"""Programs about the functions of `tf.nn`, argument by argument."""

from __future__ import annotations

from types import ModuleType


def nn_act(tf: ModuleType) -> None:
    """Activation functions, with names of their own and without."""
    x = tf.placeholder(tf.float32, [None, 6], name="x")
    for (
        n
    ) in "relu relu6 elu selu leaky_relu softplus softsign tanh sigmoid crelu".split():
        getattr(tf.nn, n)(x)
    for n in "relu relu6 elu selu leaky_relu softplus softsign tanh sigmoid".split():
        getattr(tf.nn, n)(x, name="my_" + n)
    tf.nn.leaky_relu(tf.constant([1, 2]))
    tf.nn.relu([1.0, 2.0])


def nn_dropout(tf: ModuleType) -> None:
    """Dropout with every way to give the rate and the shape of the noise."""
    x = tf.placeholder(tf.float32, [None, 6], name="x")
    tf.nn.dropout(x, rate=0.3)
    tf.nn.dropout(x, keep_prob=0.5, seed=4)
    k = tf.placeholder(tf.float32, [])
    tf.nn.dropout(x, rate=1 - k, name="fed")
    tf.nn.dropout(x, k)
    tf.nn.dropout(x, rate=0.3, noise_shape=[1, 6])
    tf.nn.dropout(tf.ones([2, 6]), rate=0.3, noise_shape=[None, 1])
    tf.nn.dropout(x, rate=0.0)
    tf.nn.dropout(x, 0.5, noise_shape=[tf.shape(x)[0], 1])
    tf.nn.dropout(tf.ones([2, 3], tf.float64), rate=0.1)
    tf.nn.dropout(
        tf.placeholder(tf.float32), keep_prob=tf.placeholder_with_default(1.0, [])
    )


def nn_conv(tf: ModuleType) -> None:
    """Convolutions with paddings, formats and batches of every kind."""
    x = tf.placeholder(tf.float32, [None, 8, 8, 4], name="x")
    k = tf.get_variable("k", [3, 3, 4, 6])
    tf.nn.conv2d(x, k, [1, 1, 1, 1], "SAME")
    tf.nn.conv2d(x, k, strides=2, padding="VALID", name="h")
    tf.nn.conv2d(x, filters=k, strides=[2, 1], padding="SAME", dilations=2)
    tf.nn.conv2d(x, k, 1, [[0, 0], [1, 1], [2, 2], [0, 0]])
    tf.nn.conv2d(
        tf.transpose(x, [0, 3, 1, 2]), k, [1, 1, 2, 2], "SAME", data_format="NCHW"
    )
    tf.nn.conv2d(tf.placeholder(tf.float32, [None, 2, 8, 8, 4]), k, 1, "SAME")
    tf.nn.conv2d(tf.placeholder(tf.float32, [3, 2, 8, 8, 4]), k, 1, "SAME", name="five")
    tf.nn.conv2d_backprop_filter(
        x, [3, 3, 4, 6], tf.ones([2, 8, 8, 6]), [1, 1, 1, 1], "SAME"
    )
    tf.nn.conv2d_backprop_input(
        [2, 8, 8, 4], k, tf.ones([2, 8, 8, 6]), [1, 1, 1, 1], "SAME"
    )
    line = tf.placeholder(tf.float32, [None, 8, 4])
    tf.nn.conv1d(line, tf.ones([3, 4, 5]), 1, "SAME")
    tf.nn.conv1d(line, tf.ones([3, 4, 5]), stride=2, padding="VALID", name="c1")
    tf.nn.conv1d(
        tf.placeholder(tf.float32, [None, 4, 8]),
        tf.ones([3, 4, 5]),
        2,
        "VALID",
        data_format="NCW",
    )
    v = tf.placeholder(tf.float32, [2, 4, 8, 8, 3])
    tf.nn.conv3d(v, tf.ones([2, 2, 2, 3, 4]), [1, 1, 1, 1, 1], "SAME", name="c3")


def nn_convolution(tf: ModuleType) -> None:
    """Convolutions with dilations, in one, two and three dimensions."""
    x = tf.placeholder(tf.float32, [None, 8, 8, 4], name="x")
    k = tf.get_variable("k", [3, 3, 4, 6])
    tf.nn.convolution(x, k, "SAME")
    tf.nn.convolution(x, k, "VALID", strides=[2, 2])
    tf.nn.convolution(x, k, "SAME", dilation_rate=[2, 2])
    tf.nn.convolution(x, k, "VALID", dilation_rate=[2, 3], name="dil")
    tf.nn.atrous_conv2d(x, k, 2, "SAME")
    tf.nn.atrous_conv2d(x, k, 1, "SAME", name="a1")
    tf.nn.convolution(
        tf.placeholder(tf.float32, [None, None, None, 4]),
        k,
        "SAME",
        dilation_rate=[2, 2],
    )
    tf.nn.convolution(
        tf.placeholder(tf.float32, [None, 8, 4]), tf.ones([3, 4, 2]), "SAME"
    )
    tf.nn.convolution(
        tf.placeholder(tf.float32, [None, 8, 4]),
        tf.ones([3, 4, 2]),
        "SAME",
        dilation_rate=[2],
        name="d1",
    )
    tf.nn.convolution(
        tf.placeholder(tf.float32, [2, 4, 8, 8, 3]), tf.ones([2, 2, 2, 3, 4]), "VALID"
    )
    tf.nn.convolution(
        tf.placeholder(tf.float32, [2, 8, 8, 8, 3]),
        tf.ones([2, 2, 2, 3, 4]),
        "SAME",
        dilation_rate=[2, 2, 2],
    )
    tf.nn.convolution(
        tf.placeholder(tf.float32, [None, 4, 8, 8]),
        k,
        "SAME",
        dilation_rate=[2, 2],
        data_format="NCHW",
    )


def nn_depthwise(tf: ModuleType) -> None:
    """Convolutions of each channel."""
    x = tf.placeholder(tf.float32, [None, 8, 8, 4], name="x")
    tf.nn.depthwise_conv2d(x, tf.ones([3, 3, 4, 2]), [1, 1, 1, 1], "SAME")
    tf.nn.depthwise_conv2d(
        x, tf.ones([3, 3, 4, 2]), [1, 1, 1, 1], "SAME", rate=[2, 2], name="dr"
    )
    tf.nn.depthwise_conv2d(x, tf.ones([3, 3, 4, 2]), [1, 2, 2, 1], "VALID")
    tf.nn.depthwise_conv2d_native(x, tf.ones([3, 3, 4, 2]), [1, 1, 1, 1], "SAME")
    tf.nn.separable_conv2d(
        x, tf.ones([3, 3, 4, 2]), tf.ones([1, 1, 8, 5]), [1, 1, 1, 1], "SAME"
    )
    tf.nn.separable_conv2d(
        x,
        tf.ones([3, 3, 4, 2]),
        tf.ones([1, 1, 8, 5]),
        [1, 1, 1, 1],
        "VALID",
        rate=[2, 2],
        name="sp",
    )
    tf.nn.depthwise_conv2d(
        x, tf.ones([3, 3, 4, 2]), [1, 1, 1, 1], [[0, 0], [1, 1], [1, 1], [0, 0]]
    )


def nn_transpose(tf: ModuleType) -> None:
    """Transposed convolutions."""
    x = tf.placeholder(tf.float32, [None, 8, 8, 4], name="x")
    tf.nn.conv2d_transpose(
        x, tf.ones([3, 3, 6, 4]), [5, 16, 16, 6], [1, 2, 2, 1], "SAME"
    )
    tf.nn.conv2d_transpose(
        x,
        tf.ones([3, 3, 6, 4]),
        tf.stack([tf.shape(x)[0], 16, 16, 6]),
        strides=2,
        name="tt",
    )
    tf.nn.conv1d_transpose(
        tf.placeholder(tf.float32, [2, 8, 4]), tf.ones([3, 6, 4]), [2, 16, 6], 2
    )
    tf.nn.conv3d_transpose(
        tf.ones([1, 2, 2, 2, 3]),
        tf.ones([2, 2, 2, 4, 3]),
        [1, 4, 4, 4, 4],
        [1, 2, 2, 2, 1],
    )
    tf.nn.atrous_conv2d_transpose(x, tf.ones([3, 3, 6, 4]), [5, 8, 8, 6], 2, "SAME")
    tf.nn.atrous_conv2d_transpose(
        x,
        tf.ones([3, 3, 6, 4]),
        tf.stack([tf.shape(x)[0], 8, 8, 6]),
        2,
        "SAME",
        name="at",
    )
    tf.nn.atrous_conv2d_transpose(x, tf.ones([3, 3, 6, 4]), [5, 12, 12, 6], 2, "VALID")
    tf.nn.conv_transpose(x, tf.ones([3, 3, 6, 4]), [5, 16, 16, 6], 2)


def nn_pool(tf: ModuleType) -> None:
    """Poolings in one, two and three dimensions."""
    x = tf.placeholder(tf.float32, [None, 8, 8, 4], name="x")
    tf.nn.max_pool(x, [1, 2, 2, 1], [1, 2, 2, 1], "SAME")
    tf.nn.avg_pool(x, [1, 2, 2, 1], [1, 2, 2, 1], "VALID", name="av")
    tf.nn.max_pool(x, 2, 2, "SAME")
    tf.nn.max_pool2d(x, 2, 2, "SAME")
    tf.nn.avg_pool2d(x, 3, 1, "SAME")
    tf.nn.max_pool(x, 2, 2, [[0, 0], [1, 1], [1, 1], [0, 0]])
    tf.nn.max_pool_with_argmax(x, [1, 2, 2, 1], [1, 2, 2, 1], "SAME")
    line = tf.placeholder(tf.float32, [None, 8, 4])
    tf.nn.max_pool1d(line, 2, 2, "SAME")
    tf.nn.avg_pool1d(line, 2, 2, "SAME", name="l1")
    v = tf.placeholder(tf.float32, [None, 8, 8, 8, 4])
    tf.nn.max_pool3d(v, 2, 2, "SAME")
    tf.nn.avg_pool3d(v, [1, 2, 2, 2, 1], [1, 1, 1, 1, 1], "VALID")
    tf.nn.pool(x, [2, 2], "MAX", "SAME")
    tf.nn.pool(x, [2, 2], "AVG", "VALID", strides=[2, 2])
    tf.nn.pool(x, [2, 2], "MAX", "VALID", dilation_rate=[2, 2])
    tf.nn.pool(line, [2], "MAX", "SAME")
    tf.nn.pool(v, [2, 2, 2], "AVG", "SAME", name="p3")
    tf.nn.max_pool_v2(x, 2, 2, "SAME")
    tf.nn.avg_pool_v2(x, 2, 2, "SAME")
    tf.nn.max_pool_v2(line, 2, 2, "SAME")
    tf.nn.avg_pool_v2(v, 2, 2, "SAME")


def nn_softmax(tf: ModuleType) -> None:
    """Softmax along every axis."""
    x = tf.placeholder(tf.float32, [None, 3, 4], name="x")
    tf.nn.softmax(x)
    tf.nn.softmax(x, axis=1)
    tf.nn.log_softmax(x, dim=0, name="ls")
    tf.nn.softmax(x, axis=-2, name="m2")
    tf.nn.log_softmax(x)
    tf.nn.softmax(x, 2)


def nn_xent(tf: ModuleType) -> None:
    """Cross entropies of every rank and type."""
    line = tf.placeholder(tf.float32, [None, 4])
    y = tf.placeholder(tf.float32, [None, 4])
    s = tf.placeholder(tf.int32, [None])
    tf.nn.softmax_cross_entropy_with_logits(labels=y, logits=line)
    tf.nn.softmax_cross_entropy_with_logits_v2(labels=y, logits=line)
    tf.nn.sparse_softmax_cross_entropy_with_logits(labels=s, logits=line, name="sp")
    tf.nn.sparse_softmax_cross_entropy_with_logits(
        labels=tf.zeros([2, 3], tf.int32), logits=tf.zeros([2, 3, 5])
    )
    tf.nn.softmax_cross_entropy_with_logits_v2(
        labels=tf.zeros([2, 3, 5]), logits=tf.zeros([2, 3, 5]), axis=1
    )
    tf.nn.softmax_cross_entropy_with_logits_v2(
        labels=tf.zeros([2, 3], tf.float16),
        logits=tf.zeros([2, 3], tf.float16),
        name="hh",
    )
    tf.nn.sigmoid_cross_entropy_with_logits(labels=y, logits=line)
    tf.nn.weighted_cross_entropy_with_logits(labels=y, logits=line, pos_weight=2.0)
    tf.nn.log_poisson_loss(y, line)
    tf.nn.log_poisson_loss(y, line, True, name="full")
    tf.nn.sparse_softmax_cross_entropy_with_logits(
        labels=s, logits=tf.cast(line, tf.float16)
    )
    tf.nn.softmax_cross_entropy_with_logits(
        labels=tf.zeros([2, 3]), logits=tf.zeros([2, 3]), name="nm"
    )
    tf.nn.softmax_cross_entropy_with_logits_v2(
        labels=tf.placeholder(tf.float32), logits=tf.placeholder(tf.float32)
    )


def nn_bias(tf: ModuleType) -> None:
    """Biases, linear layers and largest values."""
    x = tf.placeholder(tf.float32, [None, 4])
    tf.nn.bias_add(x, [0.0, 1.0, 2.0, 3.0])
    tf.nn.bias_add(
        tf.placeholder(tf.float32, [None, 4, 5, 5]),
        tf.zeros([4]),
        data_format="NCHW",
        name="bb",
    )
    tf.nn.xw_plus_b(x, tf.ones([4, 2]), [1.0, 2.0])
    tf.nn.relu_layer(x, tf.ones([4, 2]), [1.0, 2.0], name="rl")
    tf.nn.l2_loss(x)
    tf.nn.top_k(x, 2)
    tf.nn.in_top_k(x, tf.placeholder(tf.int32, [None]), 1)
    tf.nn.in_top_k(x, tf.placeholder(tf.int32, [None]), 1, name="itk")


def nn_norm(tf: ModuleType) -> None:
    """Moments and normalizations."""
    x = tf.placeholder(tf.float32, [None, 5, 5, 4])
    tf.nn.l2_normalize(x, 1)
    tf.nn.l2_normalize(x, [1, 2], name="l2")
    m, v = tf.nn.moments(x, [0, 1, 2])
    tf.nn.moments(x, [0], keep_dims=True, name="mk")
    tf.nn.moments(tf.cast(x, tf.float16), [0, 1])
    tf.nn.weighted_moments(x, [0, 1], tf.ones([1, 5, 5, 1]))
    c = tf.nn.sufficient_statistics(x, [0, 1])
    tf.nn.normalize_moments(*c)
    c = tf.nn.sufficient_statistics(x, [1, 2], shift=1.0)
    tf.nn.normalize_moments(*c)
    tf.nn.batch_normalization(x, m, v, tf.zeros([4]), tf.ones([4]), 0.001)
    tf.nn.batch_normalization(x, m, v, None, None, 0.001)
    tf.nn.batch_normalization(x, m, v, tf.zeros([4]), None, 0.001, name="bn3")
    tf.nn.fused_batch_norm(x, tf.ones([4]), tf.zeros([4]))
    tf.nn.fused_batch_norm(x, [1.0] * 4, [0.0] * 4, m, v, is_training=False, name="fb")
    tf.nn.lrn(x)
    tf.nn.local_response_normalization(
        x, depth_radius=2, alpha=0.0001, beta=0.75, name="lr"
    )
    tf.nn.batch_norm_with_global_normalization(
        x, m, v, tf.zeros([4]), tf.ones([4]), 0.001, True
    )


def nn_emb(tf: ModuleType) -> None:
    """Look-ups in one table and in several."""
    e = tf.get_variable("e", [10, 4])
    ids = tf.placeholder(tf.int32, [None, 3])
    tf.nn.embedding_lookup(e, ids)
    tf.nn.embedding_lookup(e, ids, name="look", max_norm=1.0)
    r = tf.get_variable("r", [10, 4], use_resource=True)
    tf.nn.embedding_lookup(r, ids)
    tf.nn.embedding_lookup(tf.ones([5, 2]), [1, 2])
    s = [tf.get_variable(f"s{i}", [4, 4]) for i in range(3)]
    tf.nn.embedding_lookup(s, ids)
    tf.nn.embedding_lookup(s, ids, partition_strategy="div", name="dv")
    tf.nn.embedding_lookup(s, tf.placeholder(tf.int64, [None]), max_norm=2.0)


def nn_zf(tf: ModuleType) -> None:
    """The share of zeros."""
    tf.nn.zero_fraction(tf.placeholder(tf.float32, [None, 4]))
    tf.nn.zero_fraction(tf.zeros([3]), name="zz")


def nn_nce(tf: ModuleType) -> None:
    """Losses over samples of the classes."""
    w = tf.get_variable("w", [20, 8])
    b = tf.get_variable("b", [20])
    x = tf.placeholder(tf.float32, [None, 8])
    line = tf.placeholder(tf.int64, [None, 1])
    a = tf.nn.nce_loss(w, b, line, x, 4, 20)
    tf.gradients(a, [w, b, x])
    tf.nn.sampled_softmax_loss(w, b, line, x, 4, 20)
    tf.nn.nce_loss(
        w,
        b,
        tf.placeholder(tf.int32, [None, 2]),
        x,
        4,
        20,
        num_true=2,
        name="n2",
        remove_accidental_hits=True,
    )
    tf.nn.sampled_softmax_loss(
        w,
        b,
        line,
        x,
        4,
        20,
        seed=3,
        name="q",
        sampled_values=tf.nn.uniform_candidate_sampler(line, 1, 4, True, 20),
    )
    tf.nn.sampled_softmax_loss([w, w], b, line, x, 4, 20, partition_strategy="div")


PROGRAMS = (
    nn_act,
    nn_dropout,
    nn_conv,
    nn_convolution,
    nn_depthwise,
    nn_transpose,
    nn_pool,
    nn_softmax,
    nn_xent,
    nn_bias,
    nn_norm,
    nn_emb,
    nn_zf,
    nn_nce,
)
