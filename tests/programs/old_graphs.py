"""Programs for TensorFlow 1.15, most of them with parts that later releases lack."""

from __future__ import annotations

import sys
from typing import Any


def layers(tf: Any) -> None:
    contrib = tf.contrib.layers
    x = tf.placeholder(tf.float32, [None, 8, 8, 3], name="x")
    y = contrib.conv2d(x, 4, 3, normalizer_fn=contrib.batch_norm)
    y = contrib.max_pool2d(y, 2)
    y = contrib.separable_conv2d(y, 5, 3, 1)
    y = contrib.layer_norm(contrib.flatten(y))
    y = contrib.fully_connected(
        y, 6, activation_fn=tf.nn.elu, weights_regularizer=contrib.l2_regularizer(0.1)
    )
    loss = (
        tf.losses.softmax_cross_entropy(tf.one_hot([0, 1], 6), y)
        + tf.losses.get_regularization_loss()
    )
    contrib.optimize_loss(loss, tf.train.get_or_create_global_step(), 0.1, "Adam")


def embeddings(tf: Any) -> None:
    ids = tf.placeholder(tf.int64, [None, 5], name="ids")
    y = tf.contrib.layers.embed_sequence(ids, 10, 4)
    sparse = tf.sparse_placeholder(tf.int64, [None, 10], name="sparse")
    z = tf.contrib.layers.safe_embedding_lookup_sparse(
        [tf.get_variable("table", [20, 4], partitioner=tf.fixed_size_partitioner(3))],
        sparse,
    )
    tf.add_to_collection("outputs", tf.concat([tf.reduce_sum(y, 1), z], 1))


def rnn(tf: Any) -> None:
    x = tf.placeholder(tf.float32, [2, 5, 3], name="x")
    y, _ = tf.nn.dynamic_rnn(tf.nn.rnn_cell.BasicLSTMCell(4), x, dtype=tf.float32)
    z, _ = tf.nn.bidirectional_dynamic_rnn(
        tf.nn.rnn_cell.GRUCell(3),
        tf.nn.rnn_cell.GRUCell(3),
        y,
        dtype=tf.float32,
        scope="both",
    )
    tf.train.AdagradOptimizer(0.1).minimize(tf.reduce_mean(tf.concat(z, 2)))


def contrib_rnn(tf: Any) -> None:
    x = tf.placeholder(tf.float32, [2, 3, 4], name="x")
    tf.nn.dynamic_rnn(
        tf.contrib.rnn.LSTMBlockCell(3), x, dtype=tf.float32, scope="block"
    )
    tf.contrib.rnn.static_rnn(
        tf.contrib.rnn.LayerNormBasicLSTMCell(3),
        tf.unstack(x, axis=1),
        dtype=tf.float32,
        scope="norm",
    )
    tf.contrib.rnn.LSTMBlockFusedCell(3)(tf.transpose(x, [1, 0, 2]), dtype=tf.float32)
    tf.nn.dynamic_rnn(
        tf.contrib.rnn.GRUBlockCellV2(3), x, dtype=tf.float32, scope="gru"
    )


def cudnn(tf: Any) -> None:
    x = tf.placeholder(tf.float32, [5, 2, 3], name="x")
    y, _ = tf.contrib.cudnn_rnn.CudnnLSTM(2, 4)(x)
    tf.gradients(y, x)


def seq2seq(tf: Any) -> None:
    seq = tf.contrib.seq2seq
    memory = tf.placeholder(tf.float32, [2, 6, 4], name="memory")
    attention = seq.LuongAttention(4, memory, memory_sequence_length=[6, 4])
    cell = seq.AttentionWrapper(
        tf.nn.rnn_cell.LSTMCell(4), attention, attention_layer_size=4
    )
    helper = seq.TrainingHelper(tf.zeros([2, 5, 4]), [5, 3])
    decoder = seq.BasicDecoder(
        cell, helper, cell.zero_state(2, tf.float32), tf.layers.Dense(7)
    )
    seq.dynamic_decode(decoder)


def beam_search(tf: Any) -> None:
    seq = tf.contrib.seq2seq
    table = tf.get_variable("table", [7, 4])
    cell = tf.nn.rnn_cell.GRUCell(4)
    start = seq.tile_batch(tf.zeros([2, 4]), 3)
    decoder = seq.BeamSearchDecoder(
        cell, table, [1, 1], 2, start, 3, tf.layers.Dense(7)
    )
    outputs, _, _ = seq.dynamic_decode(decoder, maximum_iterations=5)
    tf.identity(outputs.predicted_ids, name="ids")


def crf(tf: Any) -> None:
    scores = tf.placeholder(tf.float32, [2, 5, 4], name="scores")
    tags = tf.placeholder(tf.int32, [2, 5], name="tags")
    lengths = tf.constant([5, 3])
    likelihood, transitions = tf.contrib.crf.crf_log_likelihood(scores, tags, lengths)
    tf.contrib.crf.crf_decode(scores, transitions, lengths)
    tf.train.GradientDescentOptimizer(0.1).minimize(-tf.reduce_mean(likelihood))


def images(tf: Any) -> None:
    x = tf.placeholder(tf.float32, [None, 8, 8, 3], name="x")
    tf.contrib.image.rotate(x, 0.5)
    tf.contrib.image.connected_components(tf.placeholder(tf.bool, [4, 4]))
    tf.contrib.image.single_image_random_dot_stereograms(tf.zeros([8, 8, 1]))
    tf.image.adjust_contrast(tf.image.random_flip_left_right(x[0]), 0.5)
    tf.contrib.resampler.resampler(x, tf.zeros([2, 5, 2]))
    tf.contrib.image.bipartite_match(tf.zeros([3, 3]), 2)


def factorization(tf: Any) -> None:
    model = tf.contrib.factorization.WALSModel(4, 5, 2)
    ratings = tf.SparseTensor([[0, 0], [1, 1]], [1.0, 2.0], [4, 5])
    model.update_row_factors(sp_input=ratings)
    tf.contrib.factorization.KMeans(tf.zeros([6, 2]), 2).training_graph()


def boosted_trees(tf: Any) -> None:
    from tensorflow.contrib.boosted_trees.python.ops import model_ops

    handle = model_ops.tree_ensemble_variable(0, "", "ensemble")
    model_ops.tree_ensemble_stamp_token(handle)


def tensor_forest(tf: Any) -> None:
    from tensorflow.contrib.tensor_forest.python.ops import model_ops

    class Params:
        serialized_params_proto = b""

    model_ops.tree_size(model_ops.tree_variable(Params, "", "", "tree"))


def quantized(tf: Any) -> None:
    x = tf.placeholder(tf.float32, [None, 6], name="x")
    y = tf.contrib.layers.fully_connected(x, 4)
    tf.losses.mean_squared_error(tf.zeros([2, 4]), y)
    tf.contrib.quantize.create_training_graph()


def queues(tf: Any) -> None:
    names = tf.train.string_input_producer(["a", "b"], shuffle=True, seed=1)
    _, value = tf.TFRecordReader().read(names)
    features = tf.parse_single_example(
        value,
        {"x": tf.FixedLenFeature([3], tf.float32), "y": tf.VarLenFeature(tf.int64)},
    )
    batch = tf.train.shuffle_batch([features["x"]], 4, 20, 5)
    tf.train.slice_input_producer([[1, 2, 3]])
    tf.add_to_collection("outputs", tf.layers.dense(batch, 2))


def datasets(tf: Any) -> None:
    data = tf.data.Dataset.range(10).map(lambda n: tf.cast(n, tf.float32) * 2)
    data = data.apply(tf.data.experimental.shuffle_and_repeat(5, 2)).batch(3)
    data = data.filter(lambda values: tf.reduce_all(values > 1)).prefetch(1)
    iterator = tf.data.make_initializable_iterator(data)
    tf.add_to_collection("iterators", iterator.initializer)
    tf.layers.dense(tf.reshape(iterator.get_next(), [-1, 1]), 2)


def tables(tf: Any) -> None:
    words = tf.placeholder(tf.string, [None], name="words")
    tf.contrib.lookup.index_table_from_tensor(["a", "b"], num_oov_buckets=2).lookup(
        words
    )
    tf.contrib.lookup.MutableHashTable(tf.string, tf.int64, -1).lookup(words)
    tf.string_to_hash_bucket_fast(tf.string_split(words).values, 10)


def control_flow(tf: Any) -> None:
    x = tf.placeholder(tf.float32, [], name="x")
    v = tf.get_variable("v", [])
    y = tf.cond(
        x > 0,
        lambda: x * v,
        lambda: tf.while_loop(
            lambda i, _: i < 3,
            lambda i, a: (i + 1, tf.cond(a > 1, lambda: a * v, lambda: a)),
            (0, x),
        )[1],
    )
    tf.train.MomentumOptimizer(0.1, 0.9).minimize(y)


def functions(tf: Any) -> None:
    from tensorflow.python.framework import function

    @function.Defun(tf.float32, tf.float32, func_name="gradient_of_square")
    def gradient(x: Any, dy: Any) -> Any:
        return 2 * x * dy

    @function.Defun(tf.float32, func_name="square_of", grad_func=gradient)
    def square(x: Any) -> Any:
        return x * x

    x = tf.placeholder(tf.float32, [3], name="x")
    y = square(x)
    y.set_shape([3])
    tf.gradients(y, x)


def control_flow_v2(tf: Any) -> None:
    tf.enable_control_flow_v2()
    try:
        x = tf.placeholder(tf.float32, [], name="x")
        v = tf.get_variable("v", [], use_resource=True)
        y = tf.cond(
            x > 0,
            lambda: x * v,
            lambda: tf.while_loop(
                lambda i, _: i < 3, lambda i, a: (i + 1, a * v), (0, x)
            )[1],
        )
        tf.gradients(y, v)
    finally:
        tf.disable_control_flow_v2()


def sharded(tf: Any) -> None:
    with tf.device("/job:ps/task:0"):
        tf.get_variable("a", [4, 2], partitioner=tf.fixed_size_partitioner(2))
    with tf.device("/job:ps/task:1"):
        tf.get_variable("b", [3])
    tf.add_to_collection(
        "savers", tf.train.Saver(sharded=True, write_version=tf.train.SaverDef.V1)
    )
    tf.train.SyncReplicasOptimizer(tf.train.GradientDescentOptimizer(0.1), 2)


def summaries(tf: Any) -> None:
    x = tf.placeholder(tf.float32, [None, 4], name="x")
    tf.summary.scalar("mean", tf.reduce_mean(x))
    tf.summary.histogram("values", x)
    tf.summary.merge_all()
    tf.metrics.auc(tf.zeros([3]), tf.zeros([3]))


def python_functions(tf: Any) -> None:
    x = tf.placeholder(tf.float32, [None], name="x")
    y = tf.py_func(lambda values: values, [x], tf.float32, stateful=False)
    with tf.get_default_graph().gradient_override_map({"Identity": "MyGradient"}):
        tf.identity(y, name="overridden")
    tf.nn.ctc_loss(tf.SparseTensor([[0, 0]], [1], [1, 1]), tf.zeros([3, 1, 4]), [3])


def optimizers(tf: Any) -> None:
    w = tf.get_variable("w", [3, 2])
    loss = tf.reduce_sum(tf.nn.embedding_lookup(w, [0, 2]) ** 2)
    for number, name in enumerate(
        ("LazyAdamOptimizer", "NadamOptimizer", "PowerSignOptimizer")
    ):
        getattr(tf.contrib.opt, name)(0.1).minimize(loss, name=f"train{number}")
    tf.contrib.opt.MovingAverageOptimizer(tf.train.RMSPropOptimizer(0.1)).minimize(loss)


PROGRAMS = {
    name: value
    for name, value in sorted(vars(sys.modules[__name__]).items())
    if getattr(value, "__module__", None) == __name__
}
