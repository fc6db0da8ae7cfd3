"""Runs of functions of ragged tensors: each program returns what is fetched."""

from __future__ import annotations

from types import ModuleType
from typing import Any


def _three(tf: ModuleType) -> Any:
    return (
        tf.ragged.constant([[3.0, 1.0, 4.0], [], [1.0, 5.0]]),
        tf.constant([[1.0], [2.0], [3.0]]),
        tf.ragged.constant([[[1, 2], [3]], [[4]], []]),
    )


def broadcast_rows(tf: ModuleType) -> list[Any]:
    """A column goes to all of a row; rows of one element to longer ones."""
    x, column, deep = _three(tf)
    single = tf.RaggedTensor.from_uniform_row_length(tf.constant([1.0, 2.0, 3.0]), 1)
    thick = tf.constant([[[10]], [[20]], [[30]]])
    return [
        x + column,
        column - x,
        x * single,
        deep + thick,
        thick * deep,
        tf.maximum(x, column),
        x + tf.constant([[[1.0]]]),
        tf.math.reduce_variance(x, axis=1),
        tf.math.reduce_variance(tf.cast(deep, tf.float32), axis=2),
    ]


def chosen_by_rows(tf: ModuleType) -> list[Any]:
    """Numbers count within a row."""
    x, _, deep = _three(tf)
    numbers = tf.ragged.constant([[0, 2], [], [1]])
    even = tf.constant([[1, 2, 3], [4, 5, 6], [7, 8, 9]])
    return [
        tf.gather(x, numbers, batch_dims=1, axis=1),
        tf.batch_gather(x, numbers),
        tf.batch_gather(even, numbers),
        tf.gather(deep, [[0], [0], [0]][:2], axis=0),
        tf.gather(even, numbers),
        tf.where(deep > 1),
        tf.where_v2(x > 1.0, x, 0.0),
    ]


def reduced_rows(tf: ModuleType) -> list[Any]:
    """Empty rows have the value that a reduction starts with."""
    x, _, deep = _three(tf)
    return [
        tf.reduce_sum(x, axis=1),
        tf.reduce_min(x, axis=1),
        tf.reduce_max(x, axis=0),
        tf.reduce_mean(x, axis=0, keepdims=True),
        tf.reduce_prod(deep, axis=0),
        tf.reduce_sum(deep, axis=[0, 2]),
        tf.reduce_all(x > 1.0, axis=1),
        tf.reduce_any(deep > 3, axis=-1),
        tf.tile(deep, [2, 2, 1]),
        tf.concat([deep, deep + 10], axis=1),
    ]


def worked_rows(tf: ModuleType) -> list[Any]:
    """Reversed, added up, looked up, multiplied."""
    x, _, deep = _three(tf)
    table = tf.constant([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    heights = tf.RaggedTensor.from_row_splits(tf.ones([3, 2]), [0, 2, 3])
    return [
        tf.reverse(x, [1]),
        tf.reverse(deep, [0, 2]),
        tf.cumsum(x, axis=1),
        tf.cumsum(x, axis=1, exclusive=True, reverse=True),
        tf.cumsum(x, axis=0),
        tf.nn.embedding_lookup(table, tf.ragged.constant([[0, 1], [2]])),
        tf.math.unsorted_segment_mean(x, [0, 1, 0], 2),
        tf.math.unsorted_segment_sqrt_n(x, [0, 1, 0], 2),
        tf.gather_nd(deep, [[0, 1], [1, 0]]),
        tf.gather_nd(deep, [[[0, 1, 0]], [[1, 0, 0]]]),
        tf.matmul(heights, tf.ones([2, 2, 4])),
        tf.matmul(tf.ragged.constant([[1.0, 2.0], [3.0, 4.0]]), tf.ones([2, 2])),
    ]


def batches_of_matrices(tf: ModuleType) -> list[Any]:
    """Products of batches whose matrices differ in their sizes."""
    numbers = tf.reshape(tf.range(24.0), [12, 2])
    tall = tf.RaggedTensor.from_row_splits(numbers, [0, 3, 4, 12])
    wide = tf.ragged.constant([[[1.0, 2, 3], [4, 5, 6]], [[7.0], [8]], [[9], [1]]])
    columns = tf.ragged.constant([[[1.0], [2], [3]], [[7.0]], [[9.0]] * 8])
    squares = tf.reshape(tf.range(12.0), [3, 2, 2])
    deep = tf.RaggedTensor.from_row_splits(tall, [0, 2, 3])
    deep_squares = tf.RaggedTensor.from_row_splits(squares, [0, 2, 3])
    return [
        tf.matmul(tall, squares, transpose_b=True),
        tf.matmul(tall, wide),
        tf.matmul(wide, tall, transpose_a=True, transpose_b=True),
        tf.matmul(tall, columns, transpose_a=True),
        tf.matmul(squares, wide),
        tf.matmul(squares, tall, adjoint_b=True),
        tf.matmul(tall, tall, transpose_a=True),
        tf.matmul(deep, deep_squares),
    ]


def counted_and_looked_up(tf: ModuleType) -> list[Any]:
    """Counts of numbers, rows of tables, and rows by their numbers."""
    numbers = tf.ragged.constant([[1, 1], [], [2, 3, 2]])
    weights = tf.RaggedTensor.from_row_splits(
        tf.constant([1.0, 2, 3, 4, 5]), numbers.row_splits
    )
    table = tf.reshape(tf.range(20.0), [5, 4])
    ids = tf.ragged.constant([[1, -2], [], [4, 0, 3]])
    kept = tf.ragged.constant([[1, 2], [0], [4, 0, 3]])
    parts = tf.ragged.constant([[0, 1], [], [1, 0, 1]])
    by_row = tf.sparse.bincount(numbers, weights, axis=-1)
    return [
        tf.bincount(numbers),
        tf.bincount(numbers, weights, minlength=6),
        by_row.indices,
        by_row.values,
        by_row.dense_shape,
        tf.nn.embedding_lookup_sparse(table, kept, None, combiner="sqrtn"),
        tf.nn.safe_embedding_lookup_sparse(table, ids),
        tf.nn.safe_embedding_lookup_sparse(table, ids, default_id=2, combiner="sum"),
        *tf.dynamic_partition(numbers, [1, 0, 1], 2),
        *tf.dynamic_partition(numbers, parts, 3),
    ]


def mapped(tf: ModuleType) -> list[Any]:
    """A function of each row of sparse and ragged tensors."""
    x, _, deep = _three(tf)
    sparse = tf.SparseTensor([[0, 1], [2, 0], [2, 3]], [1.0, 2.0, 3.0], [3, 4])
    whole = tf.map_fn(
        lambda row: row, sparse, fn_output_signature=tf.SparseTensorSpec([4])
    )
    rows = tf.RaggedTensorSpec([None], tf.float32, ragged_rank=0)
    images = tf.RaggedTensor.from_row_lengths(
        tf.RaggedTensor.from_uniform_row_length(tf.reshape(tf.range(42.0), [14, 3]), 2),
        [3, 4],
    )
    return [
        tf.map_fn(tf.reduce_sum, x, dtype=tf.float32),
        tf.map_fn(lambda row: row + 1.0, x, fn_output_signature=rows),
        tf.map_fn(lambda row: row, deep),
        tf.map_fn(tf.sparse_reduce_sum, sparse, dtype=tf.float32),
        whole.indices,
        whole.values,
        tf.image.resize(images, [2, 2]),
        tf.image.resize(images, [3, 1], method="nearest"),
    ]


def shaped_rows(tf: ModuleType) -> list[Any]:
    """Ragged tensors taken apart, divided otherwise, and repeated along rows."""
    x, column, deep = _three(tf)
    shape_of = tf.experimental.DynamicRaggedShape.from_tensor
    thick = tf.RaggedTensor.from_row_lengths(
        tf.reshape(tf.range(18), [6, 3]), [1, 2, 2, 1]
    )
    return [
        *tf.split(thick, 2),
        *tf.split(thick, [1, 2, 1]),
        *tf.split(thick, [1, 2], axis=2),
        tf.shape(thick)[0],
        tf.shape(thick)[-1],
        tf.reshape(tf.range(4), tf.shape(deep)),
        tf.reshape(x, [5, 1]),
        tf.zeros(tf.shape(deep)),
        tf.fill(tf.shape(x), 7),
        tf.broadcast_to(column, shape_of(x)),
        tf.broadcast_to(5, shape_of(deep)),
        tf.broadcast_to([[[1]], [[2]], [[3]]], shape_of(deep)),
        tf.broadcast_to([[1, 2, 3]], shape_of(thick)),
        tf.reduce_logsumexp(x),
        tf.reduce_logsumexp(x[::2], axis=1, keepdims=True),
    ]


def broadcast_shapes(tf: ModuleType) -> list[Any]:
    """Values in the shape that two shapes broadcast to, one of them ragged."""
    shape = tf.experimental.DynamicRaggedShape.from_lengths
    x, column, deep = (tf.shape(each) for each in _three(tf))
    pairs = (
        (x, x),
        (x, column),
        (tf.constant([1, 1], tf.int64), x),
        (shape([2, (1, 2)]), shape([2, 1])),
        (shape([2, (1, 2), 1]), shape([2, 1, 4])),
        (shape([2, 1, 3]), shape([2, (1, 2), 3])),
        (shape([2, (1, 2), (3, 1, 1)]), shape([2, (1, 2), 1])),
        (shape([1, 2, (1, 2)]), shape([5, 1, 1])),
        (deep, shape([])),
    )
    both = [tf.broadcast_dynamic_shape(one, other) for one, other in pairs]
    return [
        *(tf.broadcast_to(7, each) for each in both),
        *(each.inner_shape for each in both),
    ]


PROGRAMS = (
    broadcast_shapes,
    shaped_rows,
    counted_and_looked_up,
    mapped,
    broadcast_rows,
    chosen_by_rows,
    reduced_rows,
    worked_rows,
    batches_of_matrices,
)
