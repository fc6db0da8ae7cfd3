"""Functions of text, counts, tables and images, called with ragged tensors."""

from __future__ import annotations

from types import ModuleType


def ragged_counts(tf: ModuleType) -> None:
    """How often numbers occur, in all rows and in each."""
    numbers = tf.ragged.constant([[1, 1], [], [2, 3, 2]])
    splits = numbers.row_splits
    weights = tf.RaggedTensor.from_row_splits(tf.constant([1.0, 2, 3, 4, 5]), splits)
    deep = tf.ragged.constant([[[1, 2], [3]], [[4]]])
    tf.bincount(numbers)
    tf.math.bincount(numbers, weights, minlength=7)
    tf.bincount(deep, maxlength=3, dtype=tf.int64)
    tf.sparse.bincount(numbers)
    tf.sparse.bincount(numbers, axis=-1, binary_output=True, name="rows")
    tf.sparse.bincount(numbers, weights, axis=-1, minlength=2, maxlength=9)
    other = tf.ragged.constant([[1.0, 2.0], [], [3.0, 4.0, 5.0]])
    tf.sparse.bincount(numbers, other, axis=0)
    tf.bincount(numbers, other)


def texts_of_ragged_tensors(tf: ModuleType) -> None:
    """The text of ragged tensors, and strings joined."""
    words = tf.ragged.constant([["a", "b'"], [], ["c"]])
    numbers = tf.ragged.constant([[[1.5], [2.5, 3.5]], []])
    tf.strings.reduce_join(words)
    tf.strings.reduce_join(words, axis=0, separator="-")
    tf.reduce_join(words, 1, keep_dims=True, name="joined")
    tf.reduce_join(words, keepdims=True)
    tf.strings.format("{} and {}", [words, tf.constant(3)])
    tf.strings.format("<{}>", numbers, summarize=-1, name="text")
    tf.print("words", words, {"n": [numbers]}, summarize=1)
    tf.print(words, name="printed")


def ragged_tables(tf: ModuleType) -> None:
    """Rows of tables for ragged ids."""
    table = tf.placeholder(tf.float32, [10, 4])
    halves = [tf.placeholder(tf.float32, [5, 4]) for _ in range(2)]
    variable = tf.get_variable("table", [10, 4], use_resource=True)
    ids = tf.ragged.placeholder(tf.int64, 1, [])
    weights = tf.ragged.placeholder(tf.float32, 1, [])
    for combiner in ("sum", "mean", "sqrtn"):
        tf.nn.embedding_lookup_sparse(table, ids, None, combiner=combiner)
        y = tf.nn.embedding_lookup_sparse(halves, ids, weights, combiner=combiner)
        tf.gradients(y, halves)
    tf.nn.embedding_lookup_sparse(variable, ids, weights, name="looked", max_norm=1.0)
    tf.nn.embedding_lookup_sparse(table, ids, weights, allow_fast_lookup=True)
    tf.nn.safe_embedding_lookup_sparse(table, ids)
    tf.nn.safe_embedding_lookup_sparse(variable, ids, weights, name="safe")
    y = tf.nn.safe_embedding_lookup_sparse(
        halves, ids, weights, combiner="sum", default_id=3
    )
    tf.gradients(y, halves)


def ragged_partitions(tf: ModuleType) -> None:
    """Rows by their numbers, and values left out at random."""
    rows = tf.ragged.constant([[1, 2], [3], [4, 5, 6]])
    tf.dynamic_partition(rows, [0, 1, 0], 2)
    tf.dynamic_partition(rows, tf.ragged.constant([[0, 1], [0], [1, 1, 0]]), 2)
    numbers = tf.ragged.constant([[0, 1], [2, 0]], row_splits_dtype=tf.int32)
    tf.dynamic_partition(tf.placeholder(tf.float32, [2, 2]), numbers, 3)
    tf.ragged.stack_dynamic_partitions(rows, tf.constant(1), 2)
    tf.ragged.stack_dynamic_partitions([[1, 2], [3, 4]], [[0, 1], [1, 0]], 2)
    numbers = tf.ragged.constant([[1.0, 2.0], [], [3.0]])
    tf.nn.experimental.stateless_dropout(numbers, rate=0.5, seed=[1, 2])


def mapped_rows(tf: ModuleType) -> None:
    """A function of each row of sparse and ragged tensors."""
    rows = tf.ragged.constant([[1, 2, 3], [], [4]])
    deep = tf.ragged.constant([[[1.0], [2.0, 3.0]], []])
    sparse = tf.sparse_placeholder(tf.float32, [3, 4])
    tf.map_fn(tf.reduce_sum, rows, dtype=tf.int32)
    spec = tf.RaggedTensorSpec([None], tf.int32, ragged_rank=0)
    tf.map_fn(lambda row: row + 1, rows, fn_output_signature=spec)
    tf.map_fn(lambda row: row, deep)
    spec = tf.RaggedTensorSpec([None, None], tf.float32)
    tf.map_fn(lambda row: row * 2.0, deep, fn_output_signature=spec, name="doubled")
    tf.map_fn(tf.sparse_reduce_sum, sparse, dtype=tf.float32)
    spec = tf.SparseTensorSpec([4], tf.float32)
    tf.map_fn(lambda row: row, sparse, fn_output_signature=spec)
    tf.map_fn(
        lambda pair: (tf.reduce_sum(pair[0]), pair[1]),
        (rows, tf.placeholder(tf.float32, [3, 2])),
        dtype=(tf.int32, tf.float32),
    )
    y = tf.map_fn(
        lambda row: row * row,
        tf.placeholder(tf.float32, [None, 2]),
        fn_output_signature=tf.TensorSpec([2], tf.float32),
    )
    tf.gradients(y, tf.get_default_graph().get_tensor_by_name("Placeholder_1:0"))


def ragged_images(tf: ModuleType) -> None:
    """Images of different sizes brought to one."""
    images = tf.RaggedTensor.from_row_lengths(
        tf.RaggedTensor.from_uniform_row_length(tf.placeholder(tf.float32, [14, 3]), 2),
        [3, 4],
    )
    tf.image.resize(images, [2, 2])
    tf.image.resize_images(
        images, tf.placeholder(tf.int32, [2]), method="nearest", name="small"
    )
    many = tf.ragged.placeholder(tf.uint8, 2, [3])
    tf.image.resize(many, [4, 5], align_corners=True, preserve_aspect_ratio=True)


def ragged_shapes(tf: ModuleType) -> None:
    """Shapes of ragged tensors, and tensors of ragged shapes."""
    shape_of = tf.experimental.DynamicRaggedShape
    rows = tf.ragged.constant([[3.0, 1.0, 4.0], [], [1.0, 5.0]])
    deep = tf.ragged.placeholder(tf.int32, 2, [])
    thick = tf.RaggedTensor.from_row_lengths(
        tf.placeholder(tf.float32, [6, 3]), [1, 2, 2, 1]
    )
    shape = tf.shape(thick)
    _ = shape[0], shape[2], shape[-1], shape[:2], shape[:1], shape[:3]
    tf.shape(deep, name="shape", out_type=tf.int64)
    made = shape_of.from_lengths([2, 3, (1, 2, 3, 4, 5, 6), 7])
    _ = made[1], made[:2], made[1:2], made.with_dtype(tf.int32)
    shape_of.from_lengths([2, 3])
    tf.reshape(tf.range(4), tf.shape(deep))
    tf.reshape(rows, [5, 1])
    tf.zeros(made)
    tf.ones(tf.shape(deep), tf.int32, name="ones_like_deep")
    tf.fill(tf.shape(rows), 7)


def ragged_splits(tf: ModuleType) -> None:
    """Parts along axes that are not ragged."""
    thick = tf.RaggedTensor.from_row_lengths(
        tf.placeholder(tf.float32, [6, 3]), [1, 2, 2, 1]
    )
    tf.split(thick, 1)
    tf.split(thick, 2)
    tf.split(thick, [1, 2, 1], name="parts")
    tf.split(thick, [1, 2], axis=2)
    tf.split(thick, tf.placeholder(tf.int32, [None]), axis=-1, num=2)


def broadcast_to_ragged_shapes(tf: ModuleType) -> None:
    """Tensors repeated along rows."""
    shape_of = tf.experimental.DynamicRaggedShape.from_tensor
    rows = tf.ragged.placeholder(tf.float32, 1, [])
    deep = tf.ragged.placeholder(tf.int32, 2, [])
    thick = tf.RaggedTensor.from_row_lengths(
        tf.placeholder(tf.float32, [6, 3]), [1, 2, 2, 1]
    )
    tf.broadcast_to(tf.placeholder(tf.float32, [None, 1]), shape_of(rows))
    tf.broadcast_to(5, shape_of(deep))
    tf.broadcast_to([[[1]], [[2]], [[3]]], shape_of(deep))
    tf.broadcast_to([[1, 2, 3]], shape_of(thick))
    tf.broadcast_to([4], tf.experimental.DynamicRaggedShape.from_lengths([3]))
    column = tf.RaggedTensor.from_uniform_row_length(tf.constant([1, 2, 3]), 1)
    tf.broadcast_to(column, shape_of(rows))


def ragged_checks(tf: ModuleType) -> None:
    """Checks of values in the same rows, and of values and numbers."""
    rows = tf.ragged.placeholder(tf.float32, 1, [])
    same = rows.with_values(rows.values * 2.0)
    deep = tf.RaggedTensor.from_row_splits(
        tf.placeholder(tf.int32, [None, 3]), tf.placeholder(tf.int64, [None])
    )
    tf.assert_less(rows, same, message="smaller", name="less")
    tf.assert_equal(rows, same, data=["told"])
    tf.debugging.assert_near(same, rows, rtol=0.5)
    tf.debugging.assert_none_equal(deep, [1, 2, 3])
    tf.assert_greater(deep, 0)
    with tf.control_dependencies([tf.assert_greater_equal(rows, 0.0)]):
        tf.identity(rows)
    tf.assert_less_equal(1.0, rows)


def ragged_loops(tf: ModuleType) -> None:
    """Ragged tensors that loops carry and branches return."""
    rows = tf.ragged.placeholder(tf.float32, 1, [])
    known = tf.ragged.constant([[3.0, 1.0], [], [1.0, 5.0, 4.0]])
    tf.while_loop(lambda i, r: i < 3, lambda i, r: (i + 1, r + 1.0), [0, rows])
    tf.while_loop(lambda i, r: i < 3, lambda i, r: (i + 1, r * 2.0), [0, known])
    tf.while_loop(
        lambda r: tf.reduce_sum(r) < 9.0,
        lambda r: (tf.concat([r, r], axis=0),),
        (known,),
        shape_invariants=(tf.TensorShape([None, None]),),
    )
    spec = tf.RaggedTensorSpec([None, None], tf.float32)
    tf.while_loop(
        lambda r: tf.reduce_sum(r) < 9.0,
        lambda r: (tf.concat([r, r], axis=0),),
        (known,),
        shape_invariants=(spec,),
    )
    choice = tf.placeholder(tf.bool, [])
    tf.cond(choice, lambda: rows * 2.0, lambda: rows)
    tf.cond(choice, lambda: (known, 1), lambda: (known * 3.0, 2))
    tf.case([(choice, lambda: rows)], default=lambda: rows + 1.0)


def gradients_of_ragged_tensors(tf: ModuleType) -> None:
    """Gradients have the rows of what they belong to."""
    rows = tf.ragged.placeholder(tf.float32, 1, [])
    deep = tf.ragged.placeholder(tf.float32, 2, [])
    dense = tf.placeholder(tf.float32, [])
    y = rows * 2.0 + dense
    tf.gradients(y, [rows, dense, deep])
    tf.gradients(tf.reduce_sum(rows * rows), rows)
    tf.gradients([deep * deep, tf.square(dense)], [deep, dense], name="both")
    tf.gradients(y, rows, grad_ys=[rows])


PROGRAMS = (
    gradients_of_ragged_tensors,
    ragged_loops,
    ragged_checks,
    ragged_shapes,
    ragged_splits,
    broadcast_to_ragged_shapes,
    ragged_counts,
    texts_of_ragged_tensors,
    ragged_tables,
    ragged_partitions,
    mapped_rows,
    ragged_images,
)
