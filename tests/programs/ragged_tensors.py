"""Programs of ragged tensors: rows of different lengths."""

from __future__ import annotations

from types import ModuleType
from typing import Any


def _values(tf: ModuleType) -> Any:
    return tf.placeholder(tf.float32, [None, 2], name="values")


def ragged_making(tf: ModuleType) -> None:
    """Made of every kind of division, checked and unchecked."""
    values = _values(tf)
    make = tf.RaggedTensor
    numbers = tf.placeholder(tf.int64, [None], name="numbers")
    small = tf.placeholder(tf.int32, [None], name="small")
    for validate in (True, False):
        for given in (numbers, small, [0, 1, 4]):
            make.from_row_splits(values, given, validate=validate)
            make.from_value_rowids(values, given, validate=validate)
            make.from_row_lengths(values, given, name="rows", validate=validate)
            make.from_row_starts(values, given, validate=validate)
            make.from_row_limits(values, given, validate=validate)
        make.from_value_rowids(values, numbers, nrows=7, validate=validate)
        make.from_value_rowids(
            values, numbers, nrows=tf.placeholder(tf.int64, []), validate=validate
        )
        make.from_uniform_row_length(values, 3, validate=validate)
        make.from_uniform_row_length(values, 3, nrows=2, validate=validate)
        make.from_uniform_row_length(
            values, tf.placeholder(tf.int64, []), nrows=2, validate=validate
        )
        make.from_uniform_row_length(
            values, tf.placeholder(tf.int32, []), validate=validate
        )
        make.from_nested_row_splits(values, [numbers, numbers], validate=validate)
        make.from_nested_row_lengths(values, [small, small], validate=validate)
        make.from_nested_value_rowids(
            values, [numbers, numbers], [3, None], validate=validate
        )
    make.from_uniform_row_length([1, 2, 3, 4], 2)


def ragged_parts(tf: ModuleType) -> None:
    """Parts and sizes."""
    values = _values(tf)
    numbers = tf.placeholder(tf.int64, [None], name="numbers")
    for one in (
        tf.RaggedTensor.from_row_splits(values, numbers),
        tf.RaggedTensor.from_value_rowids(values, [0, 0, 2]),
        tf.RaggedTensor.from_nested_row_splits(values, [[0, 1, 2], numbers]),
        tf.RaggedTensor.from_uniform_row_length(values, 3),
    ):
        one.value_rowids()
        one.nested_value_rowids(name="ids")
        one.nrows()
        one.nrows(out_type=tf.int32, name="count")
        one.row_starts()
        one.row_limits(name="ends")
        one.row_lengths()
        one.row_lengths(axis=2)
        one.nested_row_lengths()
        one.bounding_shape()
        one.bounding_shape(axis=0)
        one.bounding_shape(axis=1, out_type=tf.int32)
        one.bounding_shape(axis=[0, 2], name="box")
        one.with_values(one.values)
        one.with_flat_values(one.flat_values + 1.0)
        one.with_row_splits_dtype(tf.int32)
        one.merge_dims(0, 1)
        one.merge_dims(1, 2)
        one[1]
        one[1:]
        one[0, 1]
        one[:2]


def ragged_conversions(tf: ModuleType) -> None:
    """To tensors and sparse tensors and back."""
    values = _values(tf)
    numbers = tf.placeholder(tf.int64, [None], name="numbers")
    default = tf.placeholder(tf.float32, [])
    for one in (
        tf.RaggedTensor.from_row_splits(values, numbers),
        tf.RaggedTensor.from_value_rowids(values, [0, 0, 2]),
        tf.RaggedTensor.from_nested_row_splits(values, [[0, 1, 2], numbers]),
        tf.RaggedTensor.from_uniform_row_length(values, 3),
    ):
        y = one.to_tensor()
        tf.gradients(y, values)
        y = one.to_tensor(default, name="dense")
        tf.gradients(y, [values, default])
        one.to_tensor(1.0, shape=tf.TensorShape([None, 4] + [None] * one.ragged_rank))
        one.to_tensor(shape=tf.placeholder(tf.int64, [2 + one.ragged_rank]))
        sparse = one.to_sparse()
        tf.gradients(sparse.values, values)
    make = tf.RaggedTensor
    make.from_sparse(tf.sparse_placeholder(tf.int32, [None, 5]))
    make.from_sparse(
        tf.sparse_placeholder(tf.int32, [3, 5]), name="from", row_splits_dtype=tf.int32
    )
    for dense in (
        tf.placeholder(tf.int32, [3, 4]),
        tf.placeholder(tf.int32, [None] * 3),
    ):
        make.from_tensor(dense)
        make.from_tensor(dense, lengths=[1, 2, 0])
        make.from_tensor(dense, lengths=tf.placeholder(tf.int32, [None]))
        padding = [0] * (len(dense.shape) == 3) or 0
        make.from_tensor(dense, padding=padding, name="padded")
        make.from_tensor(dense, row_splits_dtype=tf.int32)
    make.from_tensor(tf.placeholder(tf.int32, [2, 3, 4]), ragged_rank=2)
    make.from_tensor(tf.placeholder(tf.int32, [None, 3, 4]), ragged_rank=2)
    make.from_tensor(tf.placeholder(tf.int32, [2, 3, 4]), lengths=([2, 1], [1, 0, 3]))


def ragged_functions(tf: ModuleType) -> None:
    """Of lists, fed, counted up."""
    tf.ragged.constant([[1, 2], [], [3]])
    tf.ragged.constant([[[1.0, 2.0]], []], ragged_rank=1, name="pairs")
    tf.ragged.constant([[["a"]], [[], ["b", "c"]]], row_splits_dtype=tf.int32)
    tf.ragged.constant([[[1, 2]], [[3, 4]]], inner_shape=(2,))
    tf.ragged.constant([1, 2])
    tf.ragged.constant(5, name="number")
    fed = tf.ragged.placeholder(tf.float32, 2, [3])
    other = tf.ragged.placeholder(tf.float32, 2, [3], name="other")
    tf.ragged.placeholder(tf.float32, 0)
    tf.ragged.map_flat_values(tf.square, fed)
    tf.ragged.map_flat_values(tf.add, fed, 2.0)
    tf.ragged.map_flat_values(tf.add, fed, other)
    tf.ragged.map_flat_values(tf.add, x=fed, y=fed)
    tf.ragged.range([1, 2], [4, 5])
    tf.ragged.range(tf.placeholder(tf.int64, [None]), deltas=2, name="count")
    tf.ragged.range(3.0, [4.5], 0.5, row_splits_dtype=tf.int32)
    splits = tf.placeholder(tf.int64, [None])
    tf.ragged.row_splits_to_segment_ids(splits)
    tf.ragged.row_splits_to_segment_ids([0, 2, 3], out_type=tf.int32, name="ids")
    tf.ragged.segment_ids_to_row_splits(splits)
    tf.ragged.segment_ids_to_row_splits([0, 0, 2], num_segments=4, name="splits")


def ragged_stacks(tf: ModuleType) -> None:
    """Put together along a new axis."""
    one = tf.ragged.placeholder(tf.float32, 1, [], name="one")
    two = tf.ragged.constant([[1.0, 2.0], [3.0]])
    deep = tf.ragged.placeholder(tf.float32, 2, [], name="deep")
    dense = tf.placeholder(tf.float32, [2, 3])
    vectors = [tf.placeholder(tf.int32, [None]), tf.constant([1, 2])]
    tf.ragged.stack(vectors)
    tf.ragged.stack(vectors, axis=1, name="columns")
    for axis in (0, 1, 2, -1):
        tf.ragged.stack([one, two], axis=axis)
        tf.ragged.stack([one, dense], axis=axis)
        tf.ragged.stack([deep, deep], axis=axis)
    tf.ragged.stack(one)
    numbers = tf.placeholder(tf.int32, [None])
    tf.ragged.stack_dynamic_partitions(dense, [1, 0], 3)
    tf.ragged.stack_dynamic_partitions(tf.ones([4]), numbers, 3, name="by_number")
    tf.ragged.stack_dynamic_partitions(dense, 1, num_partitions=2)


def functions_of_one_op(tf: ModuleType) -> None:
    """Functions that add one op each, with and without their defaults."""
    images = tf.placeholder(tf.float32, [2, 8, 8, 3])
    filters = tf.placeholder(tf.float32, [3, 3, 3, 4])
    result = tf.placeholder(tf.float32, [2, 4, 4, 4])
    tf.approx_top_k(images, 2)
    tf.approx_top_k(images, 2, 1, 0.5, False, 9, True, name="least")
    tf.conv(images, filters, [1, 2, 2, 1], "SAME")
    tf.conv(
        *(images, filters, [1, 1, 1, 1], "EXPLICIT", [0, 0, 1, 1, 1, 1, 0, 0]),
        dilations=[1, 2, 2, 1],
        name="explicit",
    )
    for backprop in (tf.conv2d_backprop_input_v2, tf.conv2d_backprop_filter_v2):
        backprop(images, filters, result, [1, 2, 2, 1], "SAME")
        backprop(
            *(images, filters, result, [1, 2, 2, 1], "EXPLICIT", False),
            explicit_paddings=[0, 0, 1, 0, 1, 0, 0, 0],
            name="explicit",
        )
    rows = tf.placeholder(tf.int64, [None])
    _, values, _, places = tf.ragged_fill_empty_rows(rows, [1.0, 2.0], 5, 0.0)
    tf.ragged_fill_empty_rows_grad(places, values, name="gradients")


def ragged_crosses(tf: ModuleType) -> None:
    """Crosses of features of every kind."""
    texts = tf.ragged.constant([["a"], ["b", "c"]])
    numbers = tf.ragged.constant([[1], [2, 3]], row_splits_dtype=tf.int32)
    sparse = tf.SparseTensor([[0, 0], [1, 1]], [5, 6], [2, 2])
    words = tf.SparseTensor([[0, 0], [1, 1]], ["x", "y"], [2, 2])
    dense = tf.placeholder(tf.string, [None, 2])
    tf.ragged.cross([texts, dense, words])
    tf.ragged.cross([numbers], name="numbers")
    tf.ragged.cross((sparse, numbers, [[1], [2]]))
    tf.ragged.cross([])
    tf.ragged.cross_hashed([texts, numbers])
    tf.ragged.cross_hashed([dense], num_buckets=10, hash_key=2**64 - 5, name="hashed")


def ragged_masks(tf: ModuleType) -> None:
    """Tensors and ragged tensors, masked by both."""
    ragged = tf.ragged.constant([[1, 2, 3], [4], [5, 6]])
    mask = tf.ragged.constant([[True, False, True], [False], [True, True]])
    deep = tf.ragged.constant([[[1, 2], [3]], [[4]]])
    deep_mask = tf.ragged.constant([[[True, False], [True]], [[True]]])
    dense = tf.placeholder(tf.float32, [None, 3, 2])
    flags = tf.placeholder(tf.bool, [None, None, None])
    choose = tf.ragged.boolean_mask
    choose(dense, [True, False])
    choose(dense, [[True, False, True]], name="masked")
    choose(dense, flags)
    choose(ragged, mask)
    choose(ragged, [True, False, True])
    choose(ragged, flags[0])
    choose(deep, deep_mask)
    choose(deep, tf.ragged.constant([[True, False], [True]]))
    choose(deep, [True, False])
    choose([[1, 2], [3, 4]], tf.ragged.constant([[True, False], [True, True]]))
    small = tf.ragged.constant([[1], [2, 3]], row_splits_dtype=tf.int32)
    choose(small, [True, False])


def _three(tf: ModuleType) -> Any:
    return (
        tf.ragged.constant([[3.0, 1.0, 4.0], [], [1.0, 5.0]]),
        tf.ragged.constant([[1.0], [2.0], [3.0]]),
        tf.ragged.constant([[[1, 2], [3]], [[4]], []]),
    )


def ragged_elements(tf: ModuleType) -> None:
    """Functions of elements, of one tensor and of two of the same rows."""
    x, _, deep = _three(tf)
    text = tf.ragged.constant([["a b", "C"], ["d"]])
    for one in (x + x, x + 1.0, 2.0 * x, 1.0 - x, x / x, x > 1.0, -x, abs(x), x**2.0):
        one.row_lengths()
    for two in (deep * deep, deep * 2, deep // deep, deep % 3):
        two.row_lengths()
    (x > 1.0) & ~(x > 2.0)
    tf.add(x, x, name="sum")
    tf.maximum(x, 2.0)
    tf.less(x, x)
    tf.equal(deep, 1)
    tf.math.divide_no_nan(x, x)
    tf.logical_and(x > 1.0, x < 3.0, name="both")
    for function in (tf.abs, tf.exp, tf.sigmoid, tf.nn.relu, tf.is_nan, tf.zeros_like):
        function(x)
    tf.sqrt(x, name="root")
    tf.cast(deep, tf.float64)
    tf.clip_by_value(x, 0.0, 2.0)
    tf.strings.length(text)
    tf.strings.upper(text, name="upper")
    tf.strings.regex_replace(text, "a", "b")
    tf.string_to_hash_bucket_fast(text, 5)
    tf.strings.substr(text, 0, 1)
    tf.as_string(deep)


def ragged_reductions(tf: ModuleType) -> None:
    """Along every axis, several and all, with axes kept and without."""
    x, _, deep = _three(tf)
    for axis in (None, 0, 1, -1, [0, 1]):
        tf.reduce_sum(x, axis=axis)
        tf.reduce_mean(x, axis=axis, keepdims=True, name="kept")
    for axis in (0, 1, 2, [1, 2]):
        tf.reduce_max(deep, axis=axis)
    for reduce in (tf.reduce_prod, tf.reduce_min, tf.reduce_mean):
        reduce(x, axis=1)
    for reduce in (tf.reduce_any, tf.reduce_all):
        reduce(x > 1.0, axis=1)
        reduce(deep > 1, axis=[1, 2])
    tf.math.reduce_variance(x, axis=1)
    tf.math.reduce_std(x, axis=0)
    y = tf.reduce_sum(x * x, axis=1)
    tf.gradients(y, x.flat_values)


def ragged_array_functions(tf: ModuleType) -> None:
    """Put together, repeated, with axes more and fewer, chosen by numbers and flags."""
    x, column, deep = _three(tf)
    tf.concat([x, column], axis=0)
    tf.concat([x, column], axis=1)
    tf.concat([x, [[1.0], [2.0], [3.0]]], -1, name="joined")
    tf.concat([deep, deep], axis=2)
    tf.stack([x, column])
    tf.stack([x, x], axis=1)
    tf.expand_dims(x, 0)
    tf.expand_dims(x, 1)
    tf.expand_dims(x, -1)
    tf.expand_dims(deep, 2)
    tf.squeeze(column, 1)
    tf.squeeze(tf.expand_dims(x, 1), axis=[1])
    tf.size(x)
    tf.rank(deep)
    tf.one_hot(deep, 3)
    tf.bitcast(x, tf.int32)
    tf.tile(x, [2, 3])
    tf.tile(deep, [1, 2, 1])
    numbers = tf.ragged.constant([[0], [1, 2]])
    tf.gather(x, [2, 0])
    tf.gather(x, [[0, 1], [2, 2]])
    tf.gather(x, numbers)
    tf.gather(tf.constant([1, 2, 3]), numbers)
    tf.where(x > 1.0)
    tf.where(x > 1.0, x, x * 2.0)
    tf.where([True, False, True], x, column)
    tf.where_v2(x > 1.0, x, 0.0)
    tf.add_n([x, x])
    tf.nn.dropout(x, rate=0.3, seed=3)


def ragged_row_functions(tf: ModuleType) -> None:
    """Reversed, added up, looked up, joined, reduced by numbers."""
    x, _, deep = _three(tf)
    tf.reverse(x, [1])
    tf.reverse(deep, [0, 2], name="turned")
    tf.cumsum(x, axis=1)
    tf.cumsum(x, axis=1, exclusive=True, reverse=True, name="sums")
    table = tf.get_variable("table", [3, 2], initializer=tf.zeros_initializer())
    numbers = tf.ragged.constant([[0, 1], [2]])
    rows = tf.nn.embedding_lookup(table, numbers)
    tf.gradients(rows.flat_values, table)
    tf.strings.join([tf.ragged.constant([["a"], ["b", "c"]]), "x"], separator="-")
    tf.math.unsorted_segment_sum(x, [0, 1, 0], 2)
    tf.math.unsorted_segment_mean(x, [0, 1, 0], 2, name="means")
    tf.unsorted_segment_max(deep, [0, 1, 0], 2)
    tf.assert_type(x, tf.float32)
    tf.gather_nd(deep, [[0, 1], [1, 0]])
    tf.gather_nd(x, [[0], [2]], name="chosen")
    tf.gather_nd(deep, [[[0, 1, 0]], [[1, 0, 0]]])
    square = tf.ragged.constant([[1.0, 2.0], [3.0, 4.0]])
    tf.matmul(square, [[1.0, 0.0], [0.0, 1.0]], transpose_a=True)
    heights = tf.RaggedTensor.from_row_splits(tf.ones([3, 2]), [0, 2, 3])
    tf.matmul(heights, tf.ones([2, 2, 4]), name="product")


def ragged_slices(tf: ModuleType) -> None:
    """Rows and parts of rows, in steps, from the end, with new axes."""
    x, _, deep = _three(tf)
    for _ in (x[1], x[1:], x[::2], x[:, 1:], x[:, :-1], x[:, ::2], x[..., 1:]):
        pass
    for _ in (x[:, None], x[None], x[::-1], x[:, ::-1], x[0, 1]):
        pass
    for _ in (deep[:, 0:1], deep[:, :, 1:], deep[0, 1], deep[1:, :1, 0:1]):
        pass
    number = tf.placeholder(tf.int32, [])
    x[:, number:]
    even = tf.RaggedTensor.from_uniform_row_length(tf.constant([1, 2, 3, 4, 5, 6]), 2)
    for _ in (even[:, 1], even[:, -1], even[:, 0:1], even[1:]):
        pass


PROGRAMS = (
    ragged_array_functions,
    ragged_elements,
    ragged_masks,
    ragged_reductions,
    ragged_row_functions,
    ragged_slices,
    ragged_crosses,
    functions_of_one_op,
    ragged_stacks,
    ragged_making,
    ragged_parts,
    ragged_conversions,
    ragged_functions,
)
