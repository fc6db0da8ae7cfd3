"""Programs of sparse tensors: every function, with known and unknown shapes."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np


def _fixed(tf: ModuleType, dtype: Any = None) -> Any:
    """A sparse tensor that is constant."""
    values = np.array([1, 2, 3], (dtype or tf.float32).as_numpy_dtype)
    return tf.SparseTensor([[0, 1], [1, 0], [2, 2]], values, [3, 4])


def _fed(tf: ModuleType, shape: Any = None, dtype: Any = None) -> Any:
    return tf.sparse_placeholder(dtype or tf.float32, shape, name="fed")


def sparse_making(tf: ModuleType) -> None:
    """Sparse tensors of dense ones, of sizes, with another axis or shape."""
    tf.sparse.from_dense([[1.0, 0.0], [0.0, 2.0]])
    tf.sparse.from_dense(tf.placeholder(tf.int32, [None, 3]), name="from")
    tf.sparse.eye(3)
    tf.sparse.eye(3, 4, tf.int32, name="identity")
    tf.sparse.eye(tf.constant(2), tf.constant(5, tf.int64))
    for one in (_fixed(tf), _fed(tf), _fed(tf, [None, 4])):
        if one.shape.ndims is not None:
            tf.sparse.expand_dims(one)
            tf.sparse.expand_dims(one, 0, name="first")
            tf.sparse.expand_dims(one, tf.constant(1))
        tf.sparse.reset_shape(one)
        tf.sparse.reset_shape(one, [5, 6])
        tf.sparse.reset_shape(one, tf.placeholder(tf.int64, [2]))
        tf.sparse.reorder(one)
        tf.sparse_reorder(one, name="ordered")
        tf.sparse.transpose(one)
        tf.sparse.transpose(one, [1, 0], name="turned")
        tf.sparse.transpose(one, tf.placeholder(tf.int32, [2]))
        tf.sparse.retain(one, tf.placeholder(tf.bool, [None]))
        tf.sparse.fill_empty_rows(one, 0.0)
        tf.sparse.fill_empty_rows(one, tf.constant(1.0), name="filled")
        tf.convert_to_tensor_or_sparse_tensor(one)
    tf.convert_to_tensor_or_sparse_tensor([1.0, 2.0], name="dense")
    value = tf.SparseTensorValue([[0, 0]], [5], [2, 2])
    tf.convert_to_tensor_or_sparse_tensor(value)
    tf.sparse.to_dense(value)
    _fixed(tf).with_values([4, 5, 6])


def sparse_shapes(tf: ModuleType) -> None:
    """Reshaped, with sizes that are known, inferred, computed."""
    for one in (_fixed(tf), _fed(tf), _fed(tf, [None, 4])):
        tf.sparse.reshape(one, [-1])
        tf.sparse.reshape(one, [2, -1], name="two")
        tf.sparse_reshape(one, tf.placeholder(tf.int32, [3]))
        tf.sparse.reshape(one, [tf.constant(2), -1])
        tf.sparse.reshape(one, [12])


def sparse_dense(tf: ModuleType) -> None:
    """Dense forms."""
    tf.sparse_to_dense([0, 2], [4], 1.0)
    tf.sparse_to_dense([[0, 1]], [2, 2], [3], -1, validate_indices=False, name="made")
    for one in (_fixed(tf), _fed(tf)):
        tf.sparse.to_dense(one)
        tf.sparse_tensor_to_dense(one, default_value=-1.0, name="dense")
        tf.sparse.to_dense(one, validate_indices=False)
        tf.gradients(tf.sparse.to_dense(one), one.values)
        tf.shape(one)
        tf.size(one)
        tf.rank(one)
        tf.identity(one)
    for dtype in (tf.int32, tf.int64):
        ids = _fed(tf, [None, None], dtype)
        tf.sparse.to_indicator(ids, 10)
        tf.sparse_to_indicator(ids, tf.constant(10), name="flags")
        values = _fed(tf)
        tf.sparse.merge(ids, values, 7)
        tf.sparse_merge(ids, values, 7, already_sorted=True, name="merged")
        tf.sparse_merge([ids, ids], values, [7, tf.constant(8)])


def sparse_parts(tf: ModuleType) -> None:
    """Put together and taken apart."""
    for one in (_fixed(tf), _fed(tf), _fed(tf, [None, 4])):
        other = _fixed(tf)
        tf.sparse.concat(0, [one, other])
        tf.sparse_concat(1, [one, other, one], name="wide")
        tf.sparse.concat(-1, [one, other], expand_nonconcat_dim=True)
        tf.sparse.concat(0, [one, other], None, None, expand_nonconcat_dims=True)
        tf.sparse_concat(None, [one, other], concat_dim=1)
        tf.sparse.concat(0, [one])
        tf.sparse.split(sp_input=one, num_split=2, axis=1)
        tf.sparse_split(sp_input=one, num_split=3, axis=0, name="thirds")
        tf.sparse.slice(one, [0, 1], [2, 2])
        cut = tf.sparse_slice(one, tf.constant([0, 0], tf.int64), [1, 9], name="cut")
        tf.gradients(cut.values, one.values)


def sparse_arithmetic(tf: ModuleType) -> None:
    """Sums, products, comparisons, with their gradients."""
    for one in (_fixed(tf), _fed(tf), _fed(tf, [None, 4])):
        other = _fixed(tf)
        total = tf.sparse.add(one, other)
        tf.gradients(total.values, [one.values, other.values])
        tf.sparse_add(one, other, thresh=0.5)
        x = tf.placeholder(tf.float32, [3, 4])
        for mixed in (tf.sparse.add(one, x), tf.sparse_add(x, one)):
            tf.gradients(mixed, [one.values, x])
        tf.sparse.maximum(one, other)
        tf.sparse_minimum(one, other, name="least")
        b = tf.placeholder(tf.float32, [None, None])
        for left in (False, True):
            for right in (False, True):
                y = tf.sparse.matmul(one, b, left, right)
                tf.gradients(y, [one.values, b])
        tf.sparse_tensor_dense_matmul(one, np.ones((4, 2), np.float32), name="product")
        tf.sparse.sparse_dense_matmul(b, one)
        tf.sparse.sparse_dense_matmul(b, one, adjoint_a=True)
        soft = tf.sparse.softmax(one)
        tf.gradients(soft.values, one.values)
        tf.sparse_softmax(one, name="soft")


def sparse_operators(tf: ModuleType) -> None:
    """Python's operators."""
    for one in (_fixed(tf), _fed(tf), _fed(tf, [None, 4])):
        x = tf.placeholder(tf.float32, [1, 4])
        for result in (one * x, one / x, x * one, one * 2.0, one / [4.0]):
            tf.gradients(result.values, [one.values, x])
    whole = _fixed(tf, tf.int32)
    whole / tf.constant([2])
    whole * 3


def sparse_reductions(tf: ModuleType) -> None:
    """Sums and maxima."""
    for one in (_fixed(tf), _fed(tf), _fed(tf, [None, 4])):
        for axis in (None, 0, [0, 1], -1):
            for keep in (None, True):
                total = tf.sparse.reduce_sum(one, axis, keep)
                tf.gradients(total, one.values)
                tf.sparse_reduce_max(one, axis, keep)
                tf.sparse.reduce_sum_sparse(one, axis, keep)
                tf.sparse_reduce_max_sparse(one, axis, keep)
        tf.sparse_reduce_sum(one, reduction_axes=[1], keep_dims=True)


def sparse_rows(tf: ModuleType) -> None:
    """Gradients of ordered and filled sparse tensors."""
    for one in (_fixed(tf), _fed(tf)):
        default = tf.placeholder(tf.float32, [])
        filled, _ = tf.sparse_fill_empty_rows(one, default)
        tf.gradients(filled.values, [one.values, default])
        tf.gradients(tf.sparse.reorder(one).values, one.values)


def sparse_sets(tf: ModuleType) -> None:
    """Sets, dense and sparse."""
    a = tf.placeholder(tf.int64, [2, 3])
    b = tf.placeholder(tf.int64, [2, None])
    sparse = _fed(tf, [2, 3], tf.int64)
    other = _fed(tf, None, tf.int64)
    for left, right in ((a, b), (a, sparse), (sparse, b), (sparse, other)):
        tf.sets.union(left, right)
        tf.sets.set_intersection(left, right)
        tf.sets.difference(left, right)
        tf.sets.set_difference(left, right, aminusb=False, validate_indices=False)
    tf.sets.size(sparse)
    tf.sets.set_size(other, validate_indices=False)


def sparse_crosses(tf: ModuleType) -> None:
    """Crosses, counts and distances."""
    ids = _fed(tf, [None, 3], tf.int32)
    words = _fed(tf, None, tf.string)
    dense = tf.placeholder(tf.int32, [None, 2])
    tf.sparse.cross([words, words])
    tf.sparse.cross([ids, dense, words], separator="-", name="crossed")
    tf.sparse.cross_hashed([words, words])
    tf.sparse.cross_hashed([ids, dense], num_buckets=10, hash_key=3, name="hashed")
    for axis in (0, -1):
        tf.sparse.bincount(ids, axis=axis)
        tf.sparse.bincount(dense, axis=axis, minlength=2, maxlength=5)
        tf.sparse.bincount(ids, axis=axis, binary_output=True, name="some")
        tf.sparse.bincount(ids, weights=_fed(tf), axis=axis)
        tf.sparse.bincount(ids, weights=ids * 2, axis=axis)
        tf.sparse.bincount(dense, weights=tf.ones_like(dense), axis=axis)
    tf.edit_distance(words, words)
    tf.edit_distance(words, tf.SparseTensorValue([[0, 0]], ["a"], [1, 1]), False)
    tf.edit_distance(ids, ids, name="steps")


def sparse_counts(tf: ModuleType) -> None:
    """Counts of sparse numbers, and norms of rows that sparse numbers look up."""
    ids = tf.sparse_placeholder(tf.int64, [3, None])
    tf.math.bincount(ids)
    tf.bincount(ids, minlength=2, maxlength=5, dtype=tf.int32)
    tf.bincount(ids, weights=_fed(tf))
    tf.bincount(tf.sparse_placeholder(tf.float32))
    table = tf.get_variable("table", [5, 2])
    for combiner in ("sum", "mean"):
        tf.nn.safe_embedding_lookup_sparse(
            [table, table], ids, max_norm=1.0, combiner=combiner
        )


def sparse_serialization(tf: ModuleType) -> None:
    """Packed and unpacked."""
    for one in (_fixed(tf), _fed(tf)):
        for out_type in (tf.string, tf.variant):
            tf.io.serialize_sparse(one, out_type=out_type)
            tf.serialize_many_sparse(one, name="rows", out_type=out_type)
    packed = tf.placeholder(tf.string, [None, 3])
    tf.deserialize_many_sparse(packed, tf.float32)
    tf.io.deserialize_many_sparse(packed, tf.int64, rank=2, name="unpacked")


def sparse_lookups(tf: ModuleType) -> None:
    """Rows of tables for sparse ids, with gradients."""
    ids = _fed(tf, [None, 3], tf.int64)
    free = _fed(tf, None, tf.int64)
    weights = _fed(tf, [None, 3])
    for use_resource in (False, True):
        with tf.variable_scope(f"tables_{use_resource}", use_resource=use_resource):
            table = tf.get_variable("table", [10, 4])
            parts = [tf.get_variable(f"part{i}", [5, 4]) for i in range(2)]
            split = tf.get_variable(
                "split", [10, 4], partitioner=tf.fixed_size_partitioner(2)
            )
        if use_resource:
            table.read_value_no_copy()
        _lookups(tf, [table, parts, split], ids, free, weights)
    tf.nn.embedding_lookup_sparse(tf.ones([3, 2]), ids, None)
    tf.nn.embedding_lookup_sparse(
        tf.ones([3, 2], tf.float16), _fed(tf, None, tf.int32), weights
    )
    tf.nn.embedding_lookup_sparse(tf.ones([3, 2]), ids, weights, allow_fast_lookup=True)


def _lookups(
    tf: ModuleType, tables: list[Any], ids: Any, free: Any, weights: Any
) -> None:
    found = []
    for table in tables:
        found += [
            tf.nn.embedding_lookup_sparse(table, ids, used, combiner=combiner)
            for combiner in ("mean", "sqrtn", "sum")
            for used in (None, weights)
        ]
        found.append(tf.nn.embedding_lookup_sparse(table, ids, None, max_norm=1.0))
        found += [
            tf.nn.safe_embedding_lookup_sparse(table, ids),
            tf.nn.safe_embedding_lookup_sparse(table, ids, weights, name="safe"),
            tf.nn.safe_embedding_lookup_sparse(table, ids, weights, "sum", 3),
        ]
        tf.nn.safe_embedding_lookup_sparse(table, free, default_id=1)
    tf.gradients(tf.add_n(found), tf.trainable_variables())


def metrics_at_k(tf: ModuleType) -> None:
    """Recall, precision and average precision of the best predictions."""
    scores = tf.placeholder(tf.float32, [None, 5])
    dense = tf.placeholder(tf.int64, [None, 2])
    vector = tf.placeholder(tf.int64, [None])
    unknown = tf.placeholder(tf.int64)
    sparse = _fed(tf, [None, 3], tf.int64)
    weights = tf.placeholder(tf.float32, [None])
    for labels in (dense, vector, unknown, sparse):
        tf.metrics.recall_at_k(labels, scores, 2)
        tf.metrics.precision_at_k(labels, scores, 2, class_id=3, weights=weights)
        tf.metrics.sparse_precision_at_k(labels, scores, 3, name="precise")
        if labels is not unknown:
            tf.metrics.average_precision_at_k(labels, scores, 2)
            tf.metrics.sparse_average_precision_at_k(labels, scores, 1, weights)
    best = tf.placeholder(tf.int32, [None, 2])
    tf.metrics.recall_at_top_k(dense, best, metrics_collections=["a"])
    tf.metrics.precision_at_top_k(
        dense, best, k=2, class_id=1, updates_collections=["b"], name="top"
    )


def _with_dense(tf: ModuleType, op: str, shape: Any, dtype: Any) -> None:
    indices = tf.placeholder(tf.int64, [3, 2])
    values, dense = tf.placeholder(dtype, [3]), tf.placeholder(dtype, shape)
    result = getattr(tf.raw_ops, op)(
        sp_indices=indices,
        sp_values=values,
        sp_shape=tf.constant([2, 3], tf.int64),
        dense=dense,
    )

    def start(tensors: Any) -> Any:
        return [tf.placeholder(dtype, each.shape) for each in tensors]

    first = tf.gradients(result, [values, dense], start([result]))
    tf.gradients(first, [values, dense], start(first))


def sparse_with_dense_twice(tf: ModuleType) -> None:
    """Second gradients with dense operands that are broadcast, or one number."""
    for op in ("SparseDenseCwiseMul", "SparseDenseCwiseDiv"):
        for shape in ([], [3], [2, 1], None):
            _with_dense(tf, op, shape, tf.complex64)


PROGRAMS = (
    sparse_making,
    sparse_shapes,
    sparse_dense,
    sparse_parts,
    sparse_arithmetic,
    sparse_operators,
    sparse_reductions,
    sparse_rows,
    sparse_sets,
    sparse_crosses,
    sparse_counts,
    sparse_serialization,
    sparse_lookups,
    metrics_at_k,
    sparse_with_dense_twice,
)
