"""Programs that run sparse tensors in a session, and mistakes with them.

Each takes the module it calls `tf`. Runs return arrays; mistakes build an operation
that fails when it runs.
"""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np


def _batch(seed: int, rows: int, most: int, vocabulary: int) -> Any:
    """Sparse ids, a number of them in each row, and as many weights."""
    random = np.random.RandomState(seed)
    counts = random.randint(0, most + 1, rows)
    indices = np.array([(r, c) for r, n in enumerate(counts) for c in range(n)])
    indices = indices.reshape(-1, 2).astype(np.int64)
    ids = random.randint(0, vocabulary, len(indices)).astype(np.int64)
    weights = random.rand(len(indices)).astype(np.float32)
    shape = np.array([rows, most], np.int64)
    return indices, ids, weights, shape


def _table(rows: int, columns: int, seed: int) -> Any:
    return np.random.RandomState(seed).randn(rows, columns).astype(np.float32)


def _trained(tf: ModuleType, loss: Any, optimizer: Any, feeds: list[Any]) -> list[Any]:
    """Train on some batches; return the losses and all variables."""
    step = optimizer.minimize(loss)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        losses = [session.run([loss, step], feed)[0] for feed in feeds]
        return [*losses, *session.run(tf.trainable_variables())]


def wide_and_deep(tf: ModuleType, *, use_resource: bool = False) -> list[Any]:
    """A linear part over sparse features beside a network over embeddings."""
    ids = tf.sparse_placeholder(tf.int64, name="ids")
    weights = tf.sparse_placeholder(tf.float32, name="weights")
    labels = tf.placeholder(tf.float32, [None, 1])

    def variable(name: str, value: Any) -> Any:
        return tf.get_variable(name, initializer=value, use_resource=use_resource)

    wide = variable("wide", _table(20, 1, 1))
    deep = variable("deep", _table(20, 4, 2))
    other = variable("other", _table(20, 4, 3))
    linear = tf.nn.safe_embedding_lookup_sparse(wide, ids, combiner="sum")
    hidden = [
        tf.nn.safe_embedding_lookup_sparse(deep, ids, weights, combiner="mean"),
        tf.nn.safe_embedding_lookup_sparse(other, ids, combiner="sqrtn"),
    ]
    kernel = variable("kernel", _table(8, 1, 4))
    logits = linear + tf.matmul(tf.nn.tanh(tf.concat(hidden, 1)), kernel)
    loss = tf.losses.sigmoid_cross_entropy(labels, logits)
    feeds = []
    for seed in range(4):
        indices, values, w, shape = _batch(seed, 6, 3 + seed, 20)
        expected = np.random.RandomState(seed).randint(0, 2, (6, 1))
        feeds.append(
            {
                ids: tf.SparseTensorValue(indices, values, shape),
                weights: (indices, w, shape),
                labels: expected,
            }
        )
    return _trained(tf, loss, tf.train.AdagradOptimizer(0.3), feeds)


def wide_and_deep_of_resources(tf: ModuleType) -> list[Any]:
    """The same with resource variables."""
    return wide_and_deep(tf, use_resource=True)


def sharded_embeddings(tf: ModuleType) -> list[Any]:
    """Tables in parts, with and without weights, scaled down."""
    ids = tf.sparse_placeholder(tf.int64)
    weights = tf.sparse_placeholder(tf.float32)
    parts = [tf.Variable(_table(5, 3, seed), name=f"part{seed}") for seed in range(3)]
    whole = tf.get_variable(
        "whole",
        [15, 3],
        initializer=tf.constant_initializer(0.3),
        partitioner=tf.fixed_size_partitioner(2),
    )
    found = []
    for combiner in ("sum", "mean", "sqrtn"):
        for used in (None, weights):
            found += [
                tf.nn.embedding_lookup_sparse(
                    parts, ids, used, strategy, combiner=combiner, max_norm=1.5
                )
                for strategy in ("mod", "div")
            ]
            found.append(
                tf.nn.embedding_lookup_sparse(
                    whole, ids, used, "div", combiner=combiner
                )
            )
    loss = tf.add_n([tf.reduce_sum(one * one) for one in found])
    feeds = []
    for seed in range(2):
        indices, values, w, shape = _batch(seed + 10, 5, 4, 15)
        # Every row has an id: rows without any would be left out.
        feeds.append({ids: (indices, values, shape), weights: (indices, w, shape)})
    return _trained(tf, loss, tf.train.GradientDescentOptimizer(0.01), feeds)


def linear_model(tf: ModuleType) -> list[Any]:
    """A sparse matrix times a table, and the gradients of both."""
    x = tf.sparse_placeholder(tf.float32, [None, 12])
    labels = tf.placeholder(tf.float32, [None, 2])
    table = tf.Variable(_table(12, 2, 5))
    y = tf.sparse_tensor_dense_matmul(x, table)
    loss = tf.reduce_mean(tf.square(y - labels))
    feeds = []
    for seed in range(3):
        dense = np.random.RandomState(seed).rand(4, 12).astype(np.float32)
        dense[dense < 0.6] = 0
        indices = np.argwhere(dense)
        values = dense[tuple(indices.T)]
        expected = np.random.RandomState(seed).rand(4, 2)
        feeds.append({x: (indices, values, [4, 12]), labels: expected})
    with_gradient = tf.gradients(loss, [x.values, table])
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        gradients = session.run(with_gradient, feeds[0])
    optimizer = tf.train.FtrlOptimizer(0.1)
    return [*gradients, *_trained(tf, loss, optimizer, feeds)]


def gradients_of_values(tf: ModuleType) -> list[Any]:
    """Gradients of all functions with respect to elements and dense operands."""
    a = tf.SparseTensor(
        [[0, 1], [1, 0], [1, 3], [2, 2]], tf.constant([1.0, -2.0, 3.0, 0.5]), [3, 4]
    )
    b = tf.SparseTensor([[0, 1], [1, 1], [2, 2]], tf.constant([4.0, 5.0, 6.0]), [3, 4])
    dense = tf.constant(_table(3, 4, 9))
    row = tf.constant(_table(1, 4, 8))
    factor = tf.constant(_table(3, 4, 6))
    results = {
        "add": tf.sparse.add(a, b).values,
        "add_dense": tf.sparse.add(a, dense) * factor,
        "mul": (a * dense).values,
        "mul_row": (a * row).values,
        "div_row": (a / row).values,
        "reduce": tf.sparse.reduce_sum(a, 0) * row,
        "reduce_all": tf.sparse.reduce_sum(a),
        "softmax": tf.sparse.softmax(a).values * [1.0, 2.0, 3.0, 4.0],
        "slice": tf.sparse.slice(a, [1, 0], [2, 3]).values,
        "reorder": tf.sparse.reorder(a).values * [1.0, 2.0, 3.0, 4.0],
        "to_dense": tf.sparse.to_dense(a) * factor,
        "fill": tf.sparse.fill_empty_rows(b, 2.0)[0].values * [1.0, 2.0, 3.0],
        "matmul": tf.sparse.matmul(a, dense, adjoint_b=True) * factor[:, :3],
        "matmul_adjoint": tf.sparse.matmul(a, factor, adjoint_a=True) * dense[0, 0],
        "transposed": tf.sparse.transpose(a).values * [1.0, 2.0, 3.0, 4.0],
    }
    variables = [a.values, b.values, dense, row]
    fetches = [list(results.values())]
    for result in results.values():
        found = tf.gradients(result, variables)
        fetches.append([g for g in found if g is not None])
    with tf.Session() as session:
        values = session.run(fetches)
        return [value for part in values for value in part]


def fed_and_fetched(tf: ModuleType) -> list[Any]:
    """Sparse tensors in and out, alone and in structures."""
    x = tf.sparse_placeholder(tf.float32)
    y = tf.sparse.add(x, x)
    text = tf.SparseTensor([[0, 0], [1, 2]], ["a", "b"], [2, 3])
    value = tf.SparseTensorValue([[0, 1], [2, 0]], [1.0, 2.0], [3, 3])
    with tf.Session() as session:
        first = session.run(y, {x: value})
        second = session.run({"y": [y], "text": text}, {x: first})
        third = session.run(x.values, {x: ([[1, 1]], [5.0], [2, 2])})
        whole = tf.sparse_tensor_to_dense(text, default_value="").eval(session=session)
        evaluated = y.eval({x: value}, session)
    return [*first, *second["y"][0], *second["text"], third, whole, *evaluated]


def merged_features(tf: ModuleType) -> list[Any]:
    """Ids and values made one sparse tensor, indicators, rows taken apart."""
    ids = tf.SparseTensor([[0, 0], [0, 1], [2, 0]], [3, 1, 0], [3, 2])
    values = tf.SparseTensor([[0, 0], [0, 1], [2, 0]], [0.5, 1.5, 2.5], [3, 2])
    merged = tf.sparse_merge(ids, values, 4)
    results = [
        *_parts(merged),
        *_parts(tf.sparse_merge([ids, ids], values, [4, 5])),
        tf.sparse_to_indicator(ids, 4),
        *_parts(tf.sparse_reset_shape(values)),
        *_parts(tf.sparse_reset_shape(values, [4, 4])),
        *_parts(tf.sparse_retain(values, [True, False, True])),
        *_parts(tf.sparse.from_dense([[0, 1], [2, 0]])),
        *_parts(tf.sparse.eye(2, 3)),
        *_parts(tf.sparse.expand_dims(values, 1)),
        *_parts(tf.sparse_reshape(values, [2, -1])),
        *_parts(tf.sparse_concat(1, [values, values])),
        *_parts(tf.sparse_concat(1, [values, merged], expand_nonconcat_dim=True)),
        *(p for one in _halves(tf, merged) for p in _parts(one)),
    ]
    with tf.Session() as session:
        return list(session.run(results))


def _halves(tf: ModuleType, whole: Any) -> Any:
    return tf.sparse_split(sp_input=whole, num_split=2, axis=1)


def _parts(tensor: Any) -> list[Any]:
    return [tensor.indices, tensor.values, tensor.dense_shape]


def kept_in_a_map(tf: ModuleType) -> list[Any]:
    """Sparse tensors through a queue, one by one and many at once."""
    number = tf.placeholder(tf.int64, [])
    one = tf.SparseTensor([[0], [2]], tf.stack([number, number * 10]), [4])
    rows = tf.SparseTensor([[0, 1], [1, 0]], ["a", "b"], [2, 2])
    batch = tf.train.batch([one], 2, capacity=4)
    many = tf.train.batch([rows], 3, enqueue_many=True, capacity=8)
    runners = tf.get_collection(tf.GraphKeys.QUEUE_RUNNERS)
    with tf.Session() as session:
        for value in (1, 2):
            session.run(runners[0].enqueue_ops[0], {number: value})
            session.run(runners[1].enqueue_ops[0])
        return [*session.run(batch), *session.run(many)]


def _as_bytes(value: Any) -> Any:
    return np.frombuffer(value, np.uint8)


def packed(tf: ModuleType) -> list[Any]:
    """Sparse tensors as text and as variants, and back."""
    one = tf.SparseTensor([[0, 2], [2, 0], [2, 1]], [1.5, -2.0, 3.0], [4, 3])
    single = tf.SparseTensor([[1]], tf.constant([5], tf.int64), [3])
    words = tf.SparseTensor([[0, 0], [1, 1]], ["a", "bc"], [2, 2])
    long = tf.SparseTensor([[0, 0], [1, 1], [3, 0]], ["a", "b" * 200, ""], [4, 2])
    texts = [tf.serialize_sparse(part) for part in (one, single, words)]
    rows = [tf.serialize_many_sparse(part) for part in (one, words, long)]
    back = [
        tf.deserialize_many_sparse(tf.stack([texts[0], texts[0]]), tf.float32),
        tf.deserialize_many_sparse(rows[0], tf.float32, rank=2),
        tf.io.deserialize_many_sparse(rows[1], tf.string),
        tf.io.deserialize_many_sparse(rows[2], tf.string),
        tf.io.deserialize_many_sparse(rows[2][:1], tf.string),
    ]
    for kind in (tf.string, tf.variant):
        row = tf.io.serialize_sparse(one, out_type=kind)
        many = tf.io.serialize_many_sparse(one, out_type=kind)
        for value in (row, tf.stack([row, row]), many, tf.reshape(many, [2, 2, 3])):
            parts = tf.raw_ops.DeserializeSparse(
                serialized_sparse=value, dtype=tf.float32
            )
            back.append(tf.SparseTensor(*parts))
    with tf.Session() as session:
        strings, tensors = session.run([texts + rows, back])
    flat = [_as_bytes(text) for value in strings for text in value.reshape(-1)]
    return [*flat, *(part for tensor in tensors for part in tensor)]


def best_predictions(tf: ModuleType) -> list[Any]:
    """Recall, precision and average precision over two batches."""
    scores = tf.placeholder(tf.float32, [None, 5])
    dense = tf.placeholder(tf.int64, [None, 2])
    sparse = tf.sparse_placeholder(tf.int64, [None, 3])
    vector = tf.placeholder(tf.int64, [None])
    unknown = tf.placeholder(tf.int64)
    weights = tf.constant([0.5, 2.0, 1.0])
    metrics = []
    for labels in (dense, sparse, vector, unknown):
        metrics += [
            tf.metrics.recall_at_k(labels, scores, 2),
            tf.metrics.recall_at_k(labels, scores, 2, weights=weights),
            tf.metrics.precision_at_k(labels, scores, 3, class_id=1),
            tf.metrics.precision_at_k(labels, scores, 3),
        ]
    for labels in (dense, sparse):
        metrics += [
            tf.metrics.average_precision_at_k(labels, scores, 3),
            tf.metrics.average_precision_at_k(labels, scores, 2, weights),
        ]
    random = np.random.RandomState(3)
    found = []
    with tf.Session() as session:
        session.run(tf.local_variables_initializer())
        for _ in range(2):
            chosen = random.randint(0, 6, (3, 2))
            feed = {
                scores: random.rand(3, 5),
                dense: chosen,
                vector: chosen[:, 0],
                unknown: chosen,
                sparse: ([[0, 0], [0, 1], [2, 0]], [1, 3, 0], [3, 3]),
            }
            found += session.run([update for _, update in metrics], feed)
        found += session.run([value for value, _ in metrics])
    return found


def distances(tf: ModuleType) -> list[Any]:
    """Distances of words, with unknown shapes too."""
    a = tf.sparse_placeholder(tf.string)
    b = tf.SparseTensor([[0, 0], [0, 1], [1, 0]], ["x", "y", "z"], [3, 2])
    value = ([[0, 0], [1, 0], [1, 1], [2, 0]], ["x", "z", "q", "z"], [3, 2])
    results = [tf.edit_distance(a, b), tf.edit_distance(a, b, normalize=False)]
    with tf.Session() as session:
        return list(session.run(results, {a: value}))


def ragged_values(tf: ModuleType) -> list[Any]:
    """Ragged tensors made in every way, turned into others, fed and fetched."""
    values = tf.constant([3.0, 1.0, 4.0, 1.0, 5.0, 9.0, 2.0])
    make = tf.RaggedTensor
    made = [
        make.from_row_splits(values, [0, 4, 4, 7]),
        make.from_value_rowids(values, [0, 0, 0, 0, 2, 2, 2], nrows=5),
        make.from_row_lengths(values, [4, 0, 3]),
        make.from_row_starts(values, [0, 4, 4]),
        make.from_row_limits(values, [4, 4, 7]),
        make.from_uniform_row_length(values[:6], 3),
        make.from_nested_row_splits(values, [[0, 2, 3], [0, 3, 3, 7]]),
        make.from_nested_row_lengths(values, [[2, 1], [3, 0, 4]]),
        make.from_nested_value_rowids(values, [[0, 0, 1], [0, 0, 0, 2, 2, 2, 2]]),
        make.from_tensor([[1, 2, 0], [3, 0, 0]], padding=0),
        make.from_tensor([[1, 2, 0], [3, 0, 0]], lengths=[1, 3]),
        make.from_tensor(tf.ones([2, 3, 2]), ragged_rank=2),
        make.from_sparse(tf.SparseTensor([[0, 0], [0, 1], [2, 0]], [7, 8, 9], [3, 4])),
        tf.ragged.constant([[1, 2], [], [3]]),
        tf.ragged.constant([[["a"], []], [["b", "c"]]]),
        tf.ragged.range([3, 0, 2], [5, 4, 2]),
    ]
    dense = [one.to_tensor() for one in made]
    dense += [one.to_sparse().indices for one in made]
    dense += [made[0].to_tensor(default_value=-1.0, shape=[None, 2])]
    dense += [made[6].bounding_shape(), made[0].nrows(), made[6].row_lengths(2).values]
    dense += [made[6].merge_dims(0, 1).row_splits, made[0][0], made[0][1:].values]
    dense += [(made[0] + 1.0).values, (made[0] * made[2]).values]
    dense += [*made[6].nested_value_rowids(), *made[6].nested_row_lengths()]
    fed = tf.ragged.placeholder(tf.int32, 2)
    doubled = tf.ragged.map_flat_values(tf.add, fed, fed)
    value = tf.ragged.constant_value([[[1, 2], []], [[3]]], dtype=np.int32)
    rows = tf.placeholder(tf.int64, [None])
    free = make.from_row_splits(values, rows)
    with tf.Session() as session:
        found = list(session.run(dense))
        back = session.run(doubled, {fed: value})
        padded = session.run(free.to_tensor(), {rows: [0, 1, 7]})
        gradient = tf.gradients(free.to_tensor(2.0) * 3.0, values)[0]
        gradients = session.run(gradient, {rows: [0, 1, 7]})
    return [*found, back.values.values, *back.nested_row_splits, padded, *gradients]


def ragged_stacks(tf: ModuleType) -> list[Any]:
    """Ragged tensors put together, and rows by number."""
    one = tf.ragged.constant([[1, 2], [], [3]])
    two = tf.ragged.constant([[4], [5, 6, 7], []])
    made = [tf.ragged.stack([one, two], axis=axis) for axis in (0, 1)]
    made += [tf.ragged.stack([one, one], axis=2), tf.ragged.stack([[1, 2], [3]])]
    made.append(tf.ragged.stack_dynamic_partitions([5, 6, 7, 8], [2, 0, 2, 0], 4))
    with tf.Session() as session:
        found = session.run(made)
    return [
        part
        for value in found
        for part in (value.flat_values, *value.nested_row_splits)
    ]


def ragged_variants(tf: ModuleType) -> list[Any]:
    """Ragged tensors as variants, whole and row by row, and gradients through them."""
    raw = tf.raw_ops
    values = tf.constant([3.0, 1.0, 4.0, 1.0, 5.0, 9.0, 2.0])
    outer, inner = tf.constant([0, 2, 3], tf.int64), tf.constant([0, 3, 3, 7], tf.int64)
    whole = raw.RaggedTensorToVariant(
        rt_nested_splits=[outer, inner], rt_dense_values=values, batched_input=False
    )
    rows = raw.RaggedTensorToVariant(
        rt_nested_splits=[outer, inner], rt_dense_values=values, batched_input=True
    )

    def back(encoded: Any, rank: int, given: int = -1) -> Any:
        return raw.RaggedTensorFromVariant(
            encoded_ragged=encoded,
            input_ragged_rank=given,
            output_ragged_rank=rank,
            Tvalues=tf.float32,
        )

    made = [back(whole, 2), back(rows, 2), back(rows[1], 1), back(rows[::-1], 2, 1)]
    made.append(back(tf.stack([rows, rows]), 3))
    flat = raw.RaggedTensorToVariant(
        rt_nested_splits=[], rt_dense_values=tf.ones([2, 3]), batched_input=True
    )
    made.append(back(flat, 1))
    through = made[1].output_dense_values * tf.range(7.0)
    parts = [
        part
        for one in made
        for part in (*one.output_nested_splits, one.output_dense_values)
    ]
    with tf.Session() as session:
        return list(session.run([*parts, tf.gradients(through, values)[0]]))


RUNS = {
    "best_predictions": best_predictions,
    "distances": distances,
    "fed_and_fetched": fed_and_fetched,
    "gradients_of_values": gradients_of_values,
    "kept_in_a_map": kept_in_a_map,
    "linear_model": linear_model,
    "merged_features": merged_features,
    "packed": packed,
    "ragged_values": ragged_values,
    "ragged_stacks": ragged_stacks,
    "ragged_variants": ragged_variants,
    "sharded_embeddings": sharded_embeddings,
    "wide_and_deep": wide_and_deep,
    "wide_and_deep_of_resources": wide_and_deep_of_resources,
}
