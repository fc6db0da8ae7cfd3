"""Queues filled again and again with the same elements: where input begins.

Source: tensorflow python/training/input.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from metagraft.api.array import identity, shape, size
from metagraft.api.assertion import assert_
from metagraft.api.casts import cast
from metagraft.api.comparison import greater
from metagraft.api.constants import constant
from metagraft.api.gather import gather
from metagraft.api.queues import FIFOQueue
from metagraft.api.random import random_shuffle
from metagraft.api.readers import matching_files
from metagraft.api.sequences import range as range_
from metagraft.api.state import count_up_to
from metagraft.api.summary import scalar
from metagraft.api.variables import Variable
from metagraft.graph import dtypes
from metagraft.graph.conversion import (
    convert_n_to_tensor_or_indexed_slices,
    convert_to_tensor,
)
from metagraft.graph.defaults import executing_eagerly
from metagraft.graph.keys import GraphKeys
from metagraft.graph.scopes import control_dependencies, name_scope
from metagraft.graph.tensor import Tensor
from metagraft.training.queue_runner import QueueRunner, add_queue_runner

__all__ = [
    "input_producer",
    "limit_epochs",
    "match_filenames_once",
    "range_input_producer",
    "slice_input_producer",
    "string_input_producer",
]


def match_filenames_once(pattern: Any, name: str | None = None) -> Any:
    """Return a local variable with the names of files, found when it is initialised.

    Args:
        pattern: A pattern, or a vector of them.
        name: Name of the variable.
    """
    with name_scope(name, "matching_filenames", [pattern]) as scope:
        return _local_variable(
            matching_files(pattern),
            name=scope,
            validate_shape=False,
        )


def _local_variable(value: Any, **options: Any) -> Any:
    make: Any = Variable  # its metaclass makes a variable of the kind that is asked for
    return make(
        value,
        trainable=False,
        collections=[GraphKeys.LOCAL_VARIABLES],
        **options,
    )


def limit_epochs(
    tensor: Any, num_epochs: int | None = None, name: str | None = None
) -> Tensor:
    """Return `tensor`, which cannot be computed more than `num_epochs` times.

    A local variable counts; after that, `OutOfRangeError` is raised.

    Args:
        tensor: Any tensor.
        num_epochs: How often; None for no limit.
        name: Name of the operation.

    Raises:
        ValueError: `num_epochs` is not positive.
    """
    if num_epochs is None:
        unlimited: Tensor = tensor
        return unlimited
    if num_epochs <= 0:
        raise ValueError(f"num_epochs must be > 0 not {num_epochs}.")
    with name_scope(name, "limit_epochs", [tensor]) as scope:
        epochs = _local_variable(constant(0, dtype=dtypes.int64), name="epochs")
        counter = count_up_to(epochs, num_epochs)
        with control_dependencies([counter]):
            return identity(tensor, name=scope)


def input_producer(
    input_tensor: Any,
    element_shape: Any = None,
    num_epochs: int | None = None,
    shuffle: bool = True,
    seed: int | None = None,
    capacity: int = 32,
    shared_name: str | None = None,
    summary_name: str | None = None,
    name: str | None = None,
    cancel_op: Any = None,
) -> FIFOQueue:
    """Return a queue that a runner fills with the rows of a tensor.

    Args:
        input_tensor: The rows.
        element_shape: What is known of the shape of a row.
        num_epochs: How often each row is put in; None for no limit.
        shuffle: Whether the rows come in random order, anew in each epoch.
        seed: Seed of the order.
        capacity: How many rows the queue holds at most.
        shared_name: A name under which other graphs find the queue.
        summary_name: Name of a summary of how full the queue is.
        name: Name of the queue.
        cancel_op: Closes the queue when the runner is stopped.

    Raises:
        ValueError: The shape of a row is not known.
        RuntimeError: Eager execution is on.
    """
    if executing_eagerly():
        raise RuntimeError(
            "Input pipelines based on Queues are not supported when eager execution "
            "is enabled. Please use tf.data to ingest data into your model instead."
        )
    with name_scope(name, "input_producer", [input_tensor]):
        rows = convert_to_tensor(input_tensor, name="input_tensor")
        row_shape = rows.shape[1:].merge_with(element_shape)
        if not row_shape.is_fully_defined():
            raise ValueError(
                "Either `input_tensor` must have a fully defined shape or "
                "`element_shape` must be specified"
            )
        if shuffle:
            rows = random_shuffle(rows, seed=seed)
        rows = limit_epochs(rows, num_epochs)
        queue = FIFOQueue(
            capacity=capacity,
            dtypes=[rows.dtype.base_dtype],
            shapes=[row_shape],
            shared_name=shared_name,
            name=name,
        )
        enqueue = queue.enqueue_many([rows])
        add_queue_runner(QueueRunner(queue, [enqueue], cancel_op=cancel_op))
        if summary_name is not None:
            count = cast(queue.size(), dtypes.float32)
            scalar(summary_name, count * (1.0 / capacity))
        return queue


def string_input_producer(
    string_tensor: Any,
    num_epochs: int | None = None,
    shuffle: bool = True,
    seed: int | None = None,
    capacity: int = 32,
    shared_name: str | None = None,
    name: str | None = None,
    cancel_op: Any = None,
) -> FIFOQueue:
    """Return a queue that a runner fills with strings, such as names of files.

    Args:
        string_tensor: The strings, a vector.
        num_epochs: How often each is put in; None for no limit.
        shuffle: Whether they come in random order, anew in each epoch.
        seed: Seed of the order.
        capacity: How many strings the queue holds at most.
        shared_name: A name under which other graphs find the queue.
        name: Name of the queue.
        cancel_op: Closes the queue when the runner is stopped.

    Raises:
        ValueError: There are no strings.
    """
    empty = "string_input_producer requires a non-null input tensor"
    if not isinstance(string_tensor, Tensor) and not string_tensor:
        raise ValueError(empty)
    with name_scope(name, "input_producer", [string_tensor]) as scope:
        strings = convert_to_tensor(string_tensor, dtype=dtypes.string)
        with control_dependencies([assert_(greater(size(strings), 0), [empty])]):
            strings = identity(strings)
        return input_producer(
            input_tensor=strings,
            element_shape=[],
            num_epochs=num_epochs,
            shuffle=shuffle,
            seed=seed,
            capacity=capacity,
            shared_name=shared_name,
            name=scope,
            summary_name=f"fraction_of_{capacity}_full",
            cancel_op=cancel_op,
        )


def range_input_producer(
    limit: Any,
    num_epochs: int | None = None,
    shuffle: bool = True,
    seed: int | None = None,
    capacity: int = 32,
    shared_name: str | None = None,
    name: str | None = None,
) -> FIFOQueue:
    """Return a queue that a runner fills with the integers below `limit`.

    Args:
        limit: How many, an int32 scalar.
        num_epochs: How often each is put in; None for no limit.
        shuffle: Whether they come in random order, anew in each epoch.
        seed: Seed of the order.
        capacity: How many integers the queue holds at most.
        shared_name: A name under which other graphs find the queue.
        name: Name of the queue.
    """
    with name_scope(name, "input_producer", [limit]) as scope:
        return input_producer(
            range_(limit),
            [],
            num_epochs,
            shuffle,
            seed,
            capacity,
            shared_name,
            f"fraction_of_{capacity}_full",
            scope,
        )


def slice_input_producer(
    tensor_list: Sequence[Any],
    num_epochs: int | None = None,
    shuffle: bool = True,
    seed: int | None = None,
    capacity: int = 32,
    shared_name: str | None = None,
    name: str | None = None,
) -> list[Tensor]:
    """Return one row of each tensor, the same row of all.

    Args:
        tensor_list: Tensors with as many rows each.
        num_epochs: How often each row is given out; None for no limit.
        shuffle: Whether rows come in random order, anew in each epoch.
        seed: Seed of the order.
        capacity: How many rows are chosen ahead.
        shared_name: A name under which other graphs find the queue.
        name: Name scope.

    Raises:
        ValueError: There are no tensors.
    """
    with name_scope(name, "input_producer", tensor_list):
        tensors = convert_n_to_tensor_or_indexed_slices(tensor_list)
        if not tensors:
            raise ValueError("Expected at least one tensor in slice_input_producer().")
        queue = range_input_producer(
            shape(tensors[0])[0],
            num_epochs=num_epochs,
            shuffle=shuffle,
            seed=seed,
            capacity=capacity,
            shared_name=shared_name,
        )
        index = queue.dequeue()
        return [gather(tensor, index) for tensor in tensors]
