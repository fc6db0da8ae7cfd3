"""Mistakes with queues, readers, tables and what goes with them.

Each takes the module it calls `tf` and raises.
"""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np


def _queue(tf: ModuleType) -> Any:
    return tf.FIFOQueue(3, [tf.float32, tf.int32], [[2], []])


def _table(tf: ModuleType) -> Any:
    pairs = tf.lookup.KeyValueTensorInitializer(["a"], [1])
    return tf.lookup.StaticHashTable(pairs, -1)


def _batch(tf: ModuleType, *arguments: Any, **options: Any) -> Any:
    return tf.train.batch(*arguments, **options)


def _sharing(tf: ModuleType, first: Any, second: Any) -> Any:
    """Run two queues of one name, each given as class, arguments and options."""
    queues = [
        getattr(tf, kind)(*arguments, shared_name="shared", **options)
        for kind, arguments, options in (first, second)
    ]
    with tf.Session() as session:
        for queue in queues:
            session.run(queue.size())


def _fifo(tf: ModuleType, capacity: int = 10, **options: Any) -> Any:
    return "FIFOQueue", (capacity, [tf.float32]), options


def _shuffled(tf: ModuleType, least: int = 5, **options: Any) -> Any:
    return "RandomShuffleQueue", (10, least, [tf.float32]), options


def _unlike_gradients(tf: ModuleType) -> Any:
    accumulator = tf.ConditionalAccumulator(tf.float32, shape=tf.TensorShape([None]))
    gradient = tf.placeholder(tf.float32)
    add = accumulator.apply_grad(gradient)
    with tf.Session() as session:
        for value in ([1.0, 2.0], [1.0, 2.0, 3.0]):
            session.run(add, {gradient: value})


def _sparse_gradient(tf: ModuleType, values: Any, *, grad_shape: Any = None) -> Any:
    accumulator = tf.SparseConditionalAccumulator(tf.float32, shape=[2, 2, None])
    add = accumulator.apply_grad([0], np.array(values, np.float32), grad_shape)
    with tf.Session() as session:
        session.run(add)


MISTAKES: dict[str, Callable[[ModuleType], Any]] = {
    "fewer_shapes": lambda tf: tf.FIFOQueue(3, [tf.float32, tf.int32], [[2]]),
    "open_shapes": lambda tf: tf.FIFOQueue(3, [tf.float32], [[None]]),
    "no_rank": lambda tf: tf.PaddingFIFOQueue(3, [tf.float32], [tf.TensorShape(None)]),
    "no_shapes_to_pad": lambda tf: tf.PaddingFIFOQueue(3, [tf.float32], None),
    "shapes_to_pad": lambda tf: tf.PaddingFIFOQueue(3, [tf.float32] * 2, [[2]]),
    "shapes_of_a_kind": lambda tf: tf.FIFOQueue(3, [tf.float32], 3),
    "fewer_names": lambda tf: tf.FIFOQueue(3, [tf.int32] * 2, names=["a"]),
    "dict_without_names": lambda tf: _queue(tf).enqueue({"a": 1}),
    "other_names": lambda tf: tf.FIFOQueue(3, tf.int32, names="a").enqueue({"b": 1}),
    "names_without_dict": lambda tf: tf.FIFOQueue(3, tf.int32, names="a").enqueue(1),
    "other_shape": lambda tf: _queue(tf).enqueue([[1.0], 2]),
    "other_rows": lambda tf: _queue(tf).enqueue_many([[[1.0, 2.0]], [1, 2]]),
    "other_type": lambda tf: _queue(tf).enqueue([tf.constant([1, 2]), 2]),
    "negative_count": lambda tf: _queue(tf).dequeue_many(-1),
    "no_queues": lambda tf: tf.QueueBase.from_list(0, []),
    "queues_of_types": lambda tf: tf.QueueBase.from_list(
        0, [_queue(tf), tf.FIFOQueue(1, tf.int32)]
    ),
    "queues_of_names": lambda tf: tf.QueueBase.from_list(
        0, [tf.FIFOQueue(1, tf.int32), tf.FIFOQueue(1, tf.int32, names="a")]
    ),
    "runner_of_nothing": lambda tf: tf.train.QueueRunner(),
    "runner_without_operations": lambda tf: tf.train.QueueRunner(_queue(tf), []),
    "runner_of_both": lambda tf: tf.train.QueueRunner(
        _queue(tf), [1], queue_runner_def=_definition(tf)
    ),
    "no_session": lambda tf: tf.train.start_queue_runners(),
    "no_epochs": lambda tf: tf.train.limit_epochs(tf.constant(1), 0),
    "no_strings": lambda tf: tf.train.string_input_producer([]),
    "unknown_rows": lambda tf: tf.train.input_producer(
        tf.placeholder(tf.float32, [None, None])
    ),
    "no_slices": lambda tf: tf.train.slice_input_producer([]),
    "empty_batch": lambda tf: _batch(tf, [], 2),
    "rank_of_batch": lambda tf: _batch(tf, [tf.placeholder(tf.float32)], 2),
    "shape_of_batch": lambda tf: _batch(tf, [tf.placeholder(tf.float32, [None])], 2),
    "vector_of_flags": lambda tf: tf.train.maybe_batch([1], [True, False], 2),
    "matrix_of_flags": lambda tf: tf.train.maybe_batch(
        [[1]], [[True]], 2, enqueue_many=True
    ),
    "unknown_flags": lambda tf: tf.train.maybe_batch([1], tf.placeholder(tf.bool), 2),
    "small_capacity": lambda tf: tf.train.shuffle_batch([1], 2, 3, 3),
    "no_sets": lambda tf: tf.train.batch_join([], 2),
    "sets_of_keys": lambda tf: tf.train.batch_join([{"a": 1}, {"b": 1}], 2),
    "sets_of_types": lambda tf: tf.train.batch_join([[1], [1.0]], 2),
    "type_of_keys": lambda tf: _table(tf).lookup(tf.constant(1)),
    "default_of_a_shape": lambda tf: tf.lookup.StaticHashTable(
        tf.lookup.KeyValueTensorInitializer(["a"], [1]), [1, 2]
    ),
    "no_file": lambda tf: tf.lookup.TextFileInitializer("", tf.string, 0, tf.int64, -1),
    "column_before_all": lambda tf: tf.lookup.TextFileInitializer(
        "f", tf.string, -3, tf.int64, -1
    ),
    "numbers_as_strings": lambda tf: tf.lookup.TextFileInitializer(
        "f", tf.string, -1, tf.int64, 0
    ),
    "lines_as_floats": lambda tf: tf.lookup.TextFileInitializer(
        "f", tf.float32, -2, tf.int64, -1
    ),
    "no_lines": lambda tf: tf.lookup.TextFileInitializer(
        "f", tf.string, -2, tf.int64, -1, vocab_size=0
    ),
    "no_buckets": lambda tf: tf.lookup.StaticVocabularyTable(
        tf.lookup.KeyValueTensorInitializer(["a"], tf.constant([1], tf.int64)), 0
    ),
    "removed_keys": lambda tf: tf.lookup.experimental.MutableHashTable(
        tf.string, tf.int64, 0
    ).remove(tf.constant(1)),
    "gradient_of_a_shape": lambda tf: tf.ConditionalAccumulator(
        tf.float32, shape=[2]
    ).apply_grad([1.0]),
    "shared_capacity": lambda tf: _sharing(tf, _fifo(tf), _fifo(tf, 15)),
    "shared_kind": lambda tf: _sharing(tf, _fifo(tf), _shuffled(tf)),
    "shared_types": lambda tf: _sharing(
        tf, _fifo(tf), ("FIFOQueue", (10, [tf.float32, tf.int32]), {})
    ),
    "shared_shapes": lambda tf: _sharing(tf, _fifo(tf, shapes=[[1, 2]]), _fifo(tf)),
    "shared_rest": lambda tf: _sharing(tf, _shuffled(tf), _shuffled(tf, 6)),
    "shared_seeds": lambda tf: _sharing(
        tf, _shuffled(tf, seed=5), _shuffled(tf, seed=6)
    ),
    "gradients_of_other_shapes": _unlike_gradients,
    "sparse_gradient_rank": lambda tf: _sparse_gradient(tf, [[1.0, 2.0]]),
    "sparse_gradient_size": lambda tf: _sparse_gradient(tf, [[[1.0]] * 3]),
    "sparse_gradient_shape": lambda tf: _sparse_gradient(
        tf, [[[1.0]] * 3], grad_shape=[2, 3, 1]
    ),
    "reader_states": lambda tf: tf.IdentityReader().restore_state(["a", "b"]),
    "no_cluster": lambda tf: tf.train.ClusterSpec(3),
    "tasks_of_a_kind": lambda tf: tf.train.ClusterSpec({"ps": "host:1"}),
    "no_job": lambda tf: tf.train.ClusterSpec({"ps": ["a:1"]}).num_tasks("worker"),
    "no_task": lambda tf: tf.train.ClusterSpec({"ps": ["a:1"]}).task_address("ps", 3),
    "strategy": lambda tf: tf.train.replica_device_setter(1, ps_strategy=3),
    "looper": lambda tf: tf.train.LooperThread(None, 1.0),
    "looper_without_target": lambda tf: tf.train.LooperThread(
        tf.train.Coordinator(), 1.0, args=(1,)
    ),
}


def _definition(tf: ModuleType) -> Any:
    queue = tf.FIFOQueue(3, tf.int32)
    return tf.train.QueueRunner(queue, [queue.enqueue(1)]).to_proto()
