"""Batches: elements put into a queue one by one, and taken out many at a time.

Source: tensorflow python/training/input.py.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from metagraft.api.arithmetic import maximum
from metagraft.api.casts import cast
from metagraft.api.cond import smart_cond
from metagraft.api.queues import (
    FIFOQueue,
    PaddingFIFOQueue,
    QueueBase,
    RandomShuffleQueue,
)
from metagraft.api.summary import scalar
from metagraft.api.unique import dynamic_partition
from metagraft.graph import dtypes
from metagraft.graph.build.control_flow import no_op
from metagraft.graph.composite import SparseTensor
from metagraft.graph.conversion import (
    convert_to_tensor,
    convert_to_tensor_or_indexed_slices,
)
from metagraft.graph.defaults import executing_eagerly
from metagraft.graph.scopes import name_scope
from metagraft.graph.shapes import as_shape
from metagraft.graph.tensor import Tensor
from metagraft.training.input_sparse import (
    restore_sparse_tensors,
    store_sparse_tensors_join,
)
from metagraft.training.queue_runner import QueueRunner, add_queue_runner

__all__ = [
    "batch",
    "batch_join",
    "maybe_batch",
    "maybe_batch_join",
    "maybe_shuffle_batch",
    "maybe_shuffle_batch_join",
    "shuffle_batch",
    "shuffle_batch_join",
]

MakeQueue = Callable[[list[Any], Any], QueueBase]


# -- what the functions share ----------------------------------------------------------


def _batched(
    sets: Sequence[Any],
    batch_size: Any,
    keep_input: Any,
    *,
    threads: int | None,
    make_queue: MakeQueue,
    summarize: Callable[[QueueBase], object],
    enqueue_many: bool,
    shapes: Any,
    allow_smaller_final_batch: bool,
    name: str | None,
    default_name: str,
    check: Callable[[], None] | None = None,
) -> Any:
    """Put sets of tensors into one queue and return batches of its elements.

    Args:
        sets: One set of tensors, a list or dict, for each enqueue operation.
        batch_size: How many elements make a batch.
        keep_input: Whether elements are put in: a scalar or, with `enqueue_many`, a
            vector.
        threads: How many threads run the one enqueue operation; None for one operation
            for each set.
        make_queue: Makes the queue from types and shapes.
        summarize: Adds a summary of how full it is.
        enqueue_many: Whether each tensor holds many elements.
        shapes: The shapes of the elements; by default those of the tensors.
        allow_smaller_final_batch: Whether the last batch may be smaller.
        name: Name of the scope and the batch.
        default_name: The name if there is none.
        check: Checks arguments, inside the scope.
    """
    if executing_eagerly():
        raise ValueError(
            "Input pipelines based on Queues are not supported when eager execution "
            "is enabled. Please use tf.data to ingest data into your model instead."
        )
    lists = [_as_list(tensors) for tensors in sets]
    operands = [*(tensor for tensors in lists for tensor in tensors), keep_input]
    with name_scope(name, default_name, operands) as scope:
        if check is not None:
            check()
        converted = [_converted(tensors) for tensors in lists]
        if not converted[0] and threads is not None:
            raise ValueError("Expected at least one tensor in batch().")
        keep = _checked_keep_input(keep_input, enqueue_many)
        stored, sparse = store_sparse_tensors_join(converted, enqueue_many, keep)
        types = _common_types(stored)
        queue = make_queue(types, _common_shapes(stored, shapes, enqueue_many))
        _add_runner(queue, stored, threads, enqueue_many, keep)
        summarize(queue)
        take = queue.dequeue_up_to if allow_smaller_final_batch else queue.dequeue_many
        taken = restore_sparse_tensors(take(batch_size, name=scope), sparse)
        return _as_original(sets[0], taken)


def _as_list(tensors: Any) -> Any:
    if isinstance(tensors, dict):
        return [tensors[key] for key in sorted(tensors, key=str)]
    return tensors


def _as_original(original: Any, tensors: Any) -> Any:
    if not isinstance(original, dict):
        return tensors
    listed = [tensors] if len(original) == 1 else tensors
    keys = sorted(original, key=str)
    return {key: listed[position] for position, key in enumerate(keys)}


def _checked_sets(tensors_list: Any) -> Any:
    """Check that sets given as dicts have the same keys.

    Raises:
        ValueError: There are none, or the keys differ.
    """
    if not tensors_list:
        raise ValueError("Expected at least one set of tensors")
    if isinstance(tensors_list[0], dict):
        keys = set(tensors_list[0])
        if any(set(tensors) != keys for tensors in tensors_list[1:]):
            raise ValueError("All dictionaries in tensors_list must have the same keys")
    return tensors_list


def _converted(tensors: Sequence[Any]) -> list[Any]:
    return [
        tensor
        if isinstance(tensor, SparseTensor)
        else convert_to_tensor_or_indexed_slices(tensor)
        for tensor in tensors
    ]


def _checked_keep_input(keep_input: Any, enqueue_many: bool) -> Tensor:
    keep = convert_to_tensor(keep_input)
    rank = keep.shape.ndims
    if rank is None:
        raise ValueError("`keep_input` dimensions must be known at graph construction.")
    if not enqueue_many and rank == 1:
        raise ValueError("`keep_input` cannot be a vector when `enqueue_many=False`.")
    if rank > 1:
        raise ValueError("`keep_input` must be 0 or 1 dimensions.")
    return keep


def _common_types(lists: Sequence[Sequence[Tensor]]) -> list[Any]:
    types = [tensor.dtype for tensor in lists[0]]
    for tensors in lists[1:]:
        others = [tensor.dtype for tensor in tensors]
        if others != types:
            raise TypeError(
                "Expected types to be consistent: "
                f"{', '.join(x.name for x in types)} vs. "
                f"{', '.join(x.name for x in others)}."
            )
    return types


def _common_shapes(
    lists: Sequence[Sequence[Tensor]], shapes: Any, enqueue_many: bool
) -> Any:
    if shapes is not None:
        return shapes
    for tensors in lists:
        for tensor in tensors[: len(lists[0])]:
            if tensor.shape.ndims is None:
                raise ValueError(f"Cannot infer Tensor's rank: {tensor}")
    return [
        _first_shape([tensors[position].shape for tensors in lists], enqueue_many)
        for position in range(len(lists[0]))
    ]


def _first_shape(shapes: Sequence[Any], enqueue_many: bool) -> list[int | None]:
    """Return the first shape; all must be compatible with it."""
    elements = [as_shape(shape) for shape in shapes]
    if enqueue_many:
        elements = [shape.with_rank_at_least(1)[1:] for shape in elements]
    for other in elements[1:]:
        elements[0].merge_with(other)
    return elements[0].as_list()


def _add_runner(
    queue: QueueBase,
    lists: Sequence[Sequence[Tensor]],
    threads: int | None,
    enqueue_many: bool,
    keep_input: Tensor,
) -> None:
    enqueue = queue.enqueue_many if enqueue_many else queue.enqueue

    def added(tensors: Sequence[Tensor]) -> Any:
        if keep_input.shape.ndims == 1:
            return enqueue(_selected(tensors, keep_input))
        return smart_cond(keep_input, lambda: enqueue(tensors), no_op)

    operations = [added(tensors) for tensors in lists]
    add_queue_runner(QueueRunner(queue, operations * (threads or 1)))


def _selected(tensors: Sequence[Tensor], keep_input: Tensor) -> list[Tensor]:
    which = cast(keep_input, dtypes.int32)
    return [dynamic_partition(t, which, num_partitions=2)[1] for t in tensors]


def _in_order(
    capacity: int, dynamic_pad: bool, shared_name: str | None
) -> tuple[MakeQueue, Callable[[QueueBase], object]]:
    """Return what makes a queue in order of arrival, and its summary."""
    kind = PaddingFIFOQueue if dynamic_pad else FIFOQueue

    def make(types: list[Any], shapes: Any) -> QueueBase:
        return kind(
            capacity=capacity, dtypes=types, shapes=shapes, shared_name=shared_name
        )

    def summarize(queue: QueueBase) -> None:
        count = cast(queue.size(), dtypes.float32)
        scalar(f"fraction_of_{capacity}_full", count * (1.0 / capacity))

    return make, summarize


def _shuffled(
    capacity: int, min_after_dequeue: int, seed: int | None, shared_name: str | None
) -> tuple[MakeQueue, Callable[[QueueBase], object]]:
    """Return what makes a queue in random order, and its summary."""
    spare = capacity - min_after_dequeue

    def make(types: list[Any], shapes: Any) -> QueueBase:
        return RandomShuffleQueue(
            capacity=capacity,
            min_after_dequeue=min_after_dequeue,
            seed=seed,
            dtypes=types,
            shapes=shapes,
            shared_name=shared_name,
        )

    def summarize(queue: QueueBase) -> None:
        count = maximum(0, queue.size() - min_after_dequeue)
        full = cast(count, dtypes.float32) * (1.0 / spare)
        scalar(f"fraction_over_{min_after_dequeue}_of_{spare}_full", full)

    return make, summarize


def _check_capacity(capacity: int, min_after_dequeue: int) -> Callable[[], None]:
    def check() -> None:
        if capacity <= min_after_dequeue:
            raise ValueError(
                f"capacity {capacity} must be bigger than min_after_dequeue "
                f"{min_after_dequeue}."
            )

    return check


# -- in order --------------------------------------------------------------------------


def batch(
    tensors: Any,
    batch_size: Any,
    num_threads: int = 1,
    capacity: int = 32,
    enqueue_many: bool = False,
    shapes: Any = None,
    dynamic_pad: bool = False,
    allow_smaller_final_batch: bool = False,
    shared_name: str | None = None,
    name: str | None = None,
) -> Any:
    """Return batches of tensors, which a runner's threads compute ahead.

    Args:
        tensors: A list or dict of tensors, dense or sparse.
        batch_size: How many elements make a batch.
        num_threads: How many threads compute them.
        capacity: How many elements are computed ahead at most.
        enqueue_many: Whether each tensor holds many elements along its first axis.
        shapes: The shapes of the elements; by default those of the tensors.
        dynamic_pad: Whether unknown sizes may vary; elements are padded with zeros.
        allow_smaller_final_batch: Whether the last batch may be smaller.
        shared_name: A name under which other graphs find the queue.
        name: Name of the batch.

    Returns:
        A list or dict like `tensors`; one tensor for a list of one.
    """
    return maybe_batch(
        tensors,
        True,
        batch_size,
        num_threads,
        capacity,
        enqueue_many,
        shapes,
        dynamic_pad,
        allow_smaller_final_batch,
        shared_name,
        name,
    )


def maybe_batch(
    tensors: Any,
    keep_input: Any,
    batch_size: Any,
    num_threads: int = 1,
    capacity: int = 32,
    enqueue_many: bool = False,
    shapes: Any = None,
    dynamic_pad: bool = False,
    allow_smaller_final_batch: bool = False,
    shared_name: str | None = None,
    name: str | None = None,
) -> Any:
    """Return batches of the elements for which `keep_input` holds; see `batch`."""
    make, summarize = _in_order(capacity, dynamic_pad, shared_name)
    return _batched(
        [tensors],
        batch_size,
        keep_input,
        threads=num_threads,
        make_queue=make,
        summarize=summarize,
        enqueue_many=enqueue_many,
        shapes=shapes,
        allow_smaller_final_batch=allow_smaller_final_batch,
        name=name,
        default_name="batch",
    )


def batch_join(
    tensors_list: Sequence[Any],
    batch_size: Any,
    capacity: int = 32,
    enqueue_many: bool = False,
    shapes: Any = None,
    dynamic_pad: bool = False,
    allow_smaller_final_batch: bool = False,
    shared_name: str | None = None,
    name: str | None = None,
) -> Any:
    """Return batches of elements from several sets of tensors; see `batch`.

    Args:
        tensors_list: Lists or dicts of tensors; one thread computes each.
        batch_size: As for `batch`, and so are all others.
        capacity: How many elements are computed ahead at most.
        enqueue_many: Whether each tensor holds many elements.
        shapes: The shapes of the elements.
        dynamic_pad: Whether elements are padded.
        allow_smaller_final_batch: Whether the last batch may be smaller.
        shared_name: A name under which other graphs find the queue.
        name: Name of the batch.
    """
    return maybe_batch_join(
        tensors_list,
        True,
        batch_size,
        capacity,
        enqueue_many,
        shapes,
        dynamic_pad,
        allow_smaller_final_batch,
        shared_name,
        name,
    )


def maybe_batch_join(
    tensors_list: Sequence[Any],
    keep_input: Any,
    batch_size: Any,
    capacity: int = 32,
    enqueue_many: bool = False,
    shapes: Any = None,
    dynamic_pad: bool = False,
    allow_smaller_final_batch: bool = False,
    shared_name: str | None = None,
    name: str | None = None,
) -> Any:
    """Return batches of elements for which `keep_input` holds; see `batch_join`."""
    make, summarize = _in_order(capacity, dynamic_pad, shared_name)
    return _batched(
        _checked_sets(tensors_list),
        batch_size,
        keep_input,
        threads=None,
        make_queue=make,
        summarize=summarize,
        enqueue_many=enqueue_many,
        shapes=shapes,
        allow_smaller_final_batch=allow_smaller_final_batch,
        name=name,
        default_name="batch_join",
    )


# -- in random order -------------------------------------------------------------------


def shuffle_batch(
    tensors: Any,
    batch_size: Any,
    capacity: int,
    min_after_dequeue: int,
    num_threads: int = 1,
    seed: int | None = None,
    enqueue_many: bool = False,
    shapes: Any = None,
    allow_smaller_final_batch: bool = False,
    shared_name: str | None = None,
    name: str | None = None,
) -> Any:
    """Return batches of tensors in random order; see `batch`.

    Args:
        tensors: A list or dict of tensors, dense or sparse.
        batch_size: How many elements make a batch.
        capacity: How many elements are computed ahead at most.
        min_after_dequeue: How many remain to choose from.
        num_threads: How many threads compute them.
        seed: Seed of the order.
        enqueue_many: Whether each tensor holds many elements.
        shapes: The shapes of the elements.
        allow_smaller_final_batch: Whether the last batch may be smaller.
        shared_name: A name under which other graphs find the queue.
        name: Name of the batch.
    """
    return maybe_shuffle_batch(
        tensors,
        batch_size,
        capacity,
        min_after_dequeue,
        True,
        num_threads,
        seed,
        enqueue_many,
        shapes,
        allow_smaller_final_batch,
        shared_name,
        name,
    )


def maybe_shuffle_batch(
    tensors: Any,
    batch_size: Any,
    capacity: int,
    min_after_dequeue: int,
    keep_input: Any,
    num_threads: int = 1,
    seed: int | None = None,
    enqueue_many: bool = False,
    shapes: Any = None,
    allow_smaller_final_batch: bool = False,
    shared_name: str | None = None,
    name: str | None = None,
) -> Any:
    """Return shuffled elements for which `keep_input` holds; see `shuffle_batch`."""
    make, summarize = _shuffled(capacity, min_after_dequeue, seed, shared_name)
    return _batched(
        [tensors],
        batch_size,
        keep_input,
        threads=num_threads,
        make_queue=make,
        summarize=summarize,
        enqueue_many=enqueue_many,
        shapes=shapes,
        allow_smaller_final_batch=allow_smaller_final_batch,
        name=name,
        default_name="shuffle_batch",
        check=_check_capacity(capacity, min_after_dequeue),
    )


def shuffle_batch_join(
    tensors_list: Sequence[Any],
    batch_size: Any,
    capacity: int,
    min_after_dequeue: int,
    seed: int | None = None,
    enqueue_many: bool = False,
    shapes: Any = None,
    allow_smaller_final_batch: bool = False,
    shared_name: str | None = None,
    name: str | None = None,
) -> Any:
    """Return shuffled batches of several sets of tensors; see `shuffle_batch`.

    Args:
        tensors_list: Lists or dicts of tensors; one thread computes each.
        batch_size: As for `shuffle_batch`, and so are all others.
        capacity: How many elements are computed ahead at most.
        min_after_dequeue: How many remain to choose from.
        seed: Seed of the order.
        enqueue_many: Whether each tensor holds many elements.
        shapes: The shapes of the elements.
        allow_smaller_final_batch: Whether the last batch may be smaller.
        shared_name: A name under which other graphs find the queue.
        name: Name of the batch.
    """
    return maybe_shuffle_batch_join(
        tensors_list,
        batch_size,
        capacity,
        min_after_dequeue,
        True,
        seed,
        enqueue_many,
        shapes,
        allow_smaller_final_batch,
        shared_name,
        name,
    )


def maybe_shuffle_batch_join(
    tensors_list: Sequence[Any],
    batch_size: Any,
    capacity: int,
    min_after_dequeue: int,
    keep_input: Any,
    seed: int | None = None,
    enqueue_many: bool = False,
    shapes: Any = None,
    allow_smaller_final_batch: bool = False,
    shared_name: str | None = None,
    name: str | None = None,
) -> Any:
    """Return elements for which `keep_input` holds; see `shuffle_batch_join`."""
    make, summarize = _shuffled(capacity, min_after_dequeue, seed, shared_name)
    return _batched(
        _checked_sets(tensors_list),
        batch_size,
        keep_input,
        threads=None,
        make_queue=make,
        summarize=summarize,
        enqueue_many=enqueue_many,
        shapes=shapes,
        allow_smaller_final_batch=allow_smaller_final_batch,
        name=name,
        default_name="shuffle_batch_join",
    )
