"""Mistakes with lists of tensors. Each takes the module it calls `tf` and raises."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any


def _reserved(tf: ModuleType, count: int = 3, dims: Any = -1) -> Any:
    return tf.raw_ops.TensorListReserve(
        element_shape=tf.constant(dims), num_elements=count, element_dtype=tf.float32
    )


def _pushed(
    tf: ModuleType, values: Sequence[Any], most: int = -1, dims: Any = -1
) -> Any:
    made = tf.raw_ops.EmptyTensorList(
        element_shape=tf.constant(dims), max_num_elements=most, element_dtype=tf.float32
    )
    for value in values:
        tensor = tf.constant(value)
        made = tf.raw_ops.TensorListPushBack(input_handle=made, tensor=tensor)
    return made


def _run(tf: ModuleType, handle: Any, feeds: Any = None) -> Any:
    with tf.Session() as session:
        return session.run(tf.raw_ops.TensorListLength(input_handle=handle), feeds)


def _set(tf: ModuleType, index: int, item: Any, handle: Any) -> Any:
    fed = tf.placeholder(tf.float32)
    changed = tf.raw_ops.TensorListSetItem(input_handle=handle, index=index, item=fed)
    return _run(tf, changed, {fed: item})


def _scattered(tf: ModuleType, indices: Sequence[int], count: int = -1) -> Any:
    made = tf.raw_ops.TensorListScatterV2(
        tensor=[1.0, 2.0],
        indices=indices,
        element_shape=tf.constant([], tf.int32),
        num_elements=count,
    )
    return _run(tf, made)


def _split(
    tf: ModuleType, lengths: Any, tensor: Any = (1.0, 2.0), dims: Any = -1
) -> Any:
    fed = tf.placeholder(tf.float32)
    fed_lengths = tf.placeholder(tf.int64)
    fed_dims = tf.placeholder(tf.int32)
    made = tf.raw_ops.TensorListSplit(
        tensor=fed, element_shape=fed_dims, lengths=fed_lengths
    )
    return _run(tf, made, {fed: tensor, fed_lengths: lengths, fed_dims: dims})


def _from(tf: ModuleType, tensor: Any, dims: Any) -> Any:
    fed = tf.placeholder(tf.float32)
    made = tf.raw_ops.TensorListFromTensor(tensor=fed, element_shape=tf.constant(dims))
    return _run(tf, made, {fed: tensor})


def _joined(tf: ModuleType, values: Sequence[Any]) -> Any:
    return _joined_list(tf, _pushed(tf, values))


def _joined_list(tf: ModuleType, handle: Any) -> Any:
    joined, _ = tf.raw_ops.TensorListConcatV2(
        input_handle=handle,
        element_shape=tf.constant(-1),
        leading_dims=tf.constant([], tf.int64),
        element_dtype=tf.float32,
    )
    with tf.Session() as session:
        return session.run(joined)


def _added(tf: ModuleType) -> Any:
    lists = [_pushed(tf, [1.0]), _pushed(tf, [1.0, 2.0])]
    return _run(tf, tf.raw_ops.AddN(inputs=lists))


def _stacked(tf: ModuleType, handle: Any, dims: Any = -1) -> Any:
    stacked = tf.raw_ops.TensorListStack(
        input_handle=handle, element_shape=tf.constant(dims), element_dtype=tf.float32
    )
    with tf.Session() as session:
        return session.run(stacked)


def _gathered(tf: ModuleType, handle: Any) -> Any:
    gathered = tf.raw_ops.TensorListGather(
        input_handle=handle,
        indices=[0, 1],
        element_shape=tf.constant(-1),
        element_dtype=tf.float32,
    )
    with tf.Session() as session:
        return session.run(gathered)


def _added_shapes(tf: ModuleType) -> Any:
    shapes = [tf.placeholder(tf.int32) for _ in range(2)]
    lists = [
        tf.raw_ops.TensorListReserve(
            element_shape=shape, num_elements=2, element_dtype=tf.float32
        )
        for shape in shapes
    ]
    total = tf.raw_ops.AddN(inputs=lists)
    return _run(tf, total, {shapes[0]: [], shapes[1]: [2]})


MISTAKES: dict[str, Callable[[ModuleType], Any]] = {
    "list_full": lambda tf: _run(tf, _pushed(tf, [1.0, 2.0], most=1)),
    "list_push_other_shape": lambda tf: _run(tf, _pushed(tf, [1.0], dims=[2])),
    "list_set_other_shape": lambda tf: _set(tf, 0, [1.0], _reserved(tf, dims=[2])),
    "list_set_behind": lambda tf: _set(tf, 3, 1.0, _reserved(tf)),
    "list_set_before": lambda tf: _set(tf, -1, 1.0, _reserved(tf)),
    "list_reserve_negative": lambda tf: _run(tf, _reserved(tf, -1)),
    "list_resize_negative": lambda tf: _run(
        tf, tf.raw_ops.TensorListResize(input_handle=_reserved(tf), size=-1)
    ),
    "list_scatter_rows": lambda tf: _scattered(tf, [0, 1, 2]),
    "list_scatter_before": lambda tf: _scattered(tf, [-1, -2]),
    "list_scatter_behind": lambda tf: _scattered(tf, [0, 5], 2),
    "list_split_scalars": lambda tf: _split(tf, [1, 1], dims=[]),
    "list_split_other_rank": lambda tf: _split(tf, [1, 1], [[1.0], [2.0]], [1]),
    "list_split_length": lambda tf: _split(tf, 1),
    "list_split_scalar": lambda tf: _split(tf, [1], 1.0),
    "list_split_fewer": lambda tf: _split(tf, [1]),
    "list_split_negative": lambda tf: _split(tf, [1, -1]),
    "list_split_more": lambda tf: _split(tf, [1, 2]),
    "list_from_other_shape": lambda tf: _from(tf, [[1.0]], [2]),
    "list_from_scalar": lambda tf: _from(tf, 1.0, -1),
    "list_concat_scalars": lambda tf: _joined(tf, [1.0]),
    "list_concat_nothing": lambda tf: _joined(tf, []),
    "list_concat_unwritten": lambda tf: _joined_list(tf, _reserved(tf)),
    "list_concat_lengths": lambda tf: _joined_list(tf, _reserved(tf, dims=[-1, 3])),
    "list_concat_other_shape": lambda tf: _joined(tf, [[[1.0, 2.0]], [[1.0]]]),
    "list_stack_other_rank": lambda tf: _stacked(tf, _pushed(tf, [1.0, [1.0]])),
    "list_stack_other_shape": lambda tf: _stacked(
        tf, _pushed(tf, [[1.0], [1.0, 2.0]]), [-1]
    ),
    "list_stack_unwritten": lambda tf: _stacked(tf, _reserved(tf)),
    "list_stack_nothing": lambda tf: _stacked(tf, _pushed(tf, [])),
    "list_gather_unwritten": lambda tf: _gathered(tf, _reserved(tf)),
    "list_gather_other_rank": lambda tf: _gathered(tf, _pushed(tf, [1.0, [1.0]])),
    "list_add_lengths": _added,
    "list_add_shapes": _added_shapes,
}
