"""How queues run; twin of `ops/queues.py`.

Source: tensorflow core/kernels/queue_op.cc, queue_base.cc.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from metagraft.errors import InvalidArgumentError
from metagraft.graph import dtypes
from metagraft.graph.shapes import Dims, dims_compatible, show
from metagraft.kernels.element_queue import (
    Arrivals,
    Element,
    ElementQueue,
    Order,
    Priorities,
    Shuffled,
    rows_of,
    stacked,
)
from metagraft.kernels.kernel import Array, RunContext
from metagraft.kernels.philox import skip, stream_of_seeds, words
from metagraft.kernels.queue_sharing import Declared
from metagraft.kernels.session_resources import behind, kept, on_run

if TYPE_CHECKING:
    from metagraft.graph.operation import Operation

# So many blocks of four random numbers are drawn at once.
_MOST_AHEAD = 64


@dataclass(frozen=True, slots=True)
class Queue:
    """A queue and what its elements are like.

    Attributes:
        elements: The queue.
        kind: The op's name, for errors.
        dtypes: Element type of each component.
        dims: Shape of each component; empty if they may have any.
        declared: What the operation that made it says about it.
    """

    elements: ElementQueue
    kind: str
    dtypes: tuple[dtypes.DType, ...]
    dims: tuple[Dims, ...]
    declared: Declared

    def check(self, components: Sequence[Array], rows: int | None = None) -> None:
        """Check components that are put in.

        Args:
            components: The arrays.
            rows: How many elements they hold along the first axis; None for one.

        Raises:
            InvalidArgumentError: They do not fit.
        """
        if len(components) != len(self.dtypes):
            raise InvalidArgumentError(
                None,
                None,
                "Wrong number of components in tuple. Expected "
                f"{len(self.dtypes)}, got {len(components)}",
            )
        before = () if rows is None else (rows,)
        for position, (value, dims) in enumerate(
            zip(components, self.dims, strict=False)
        ):
            expected = before + (dims or ())
            if not dims_compatible(expected, value.shape):
                raise InvalidArgumentError(
                    None,
                    None,
                    f"Shape mismatch in tuple component {position}. Expected "
                    f"{show(expected)}, got {show(value.shape)}",
                )
        if rows is None or self.dims:
            return
        for position, value in enumerate(components):
            if len(value) != rows:
                raise InvalidArgumentError(
                    None,
                    None,
                    "All input tensors must have the same size in the 0th dimension. "
                    f"Component {position} has {len(value)}, and should have {rows}",
                )


def _maker(
    kind: str, order_of: Callable[[Operation], Order], *, has_priority: bool = False
) -> Callable[[RunContext, Any], tuple[Array]]:
    """Return the kernel of a kind of queue."""

    def make(run: RunContext, op: Operation) -> tuple[Array]:
        attrs = op.attrs
        types = [t.base_dtype for t in attrs["component_types"]]
        dims = list(attrs["shapes"])
        if has_priority:
            types.insert(0, dtypes.int64)
            dims = [(), *dims] if dims else []
        declared = Declared(kind, attrs, tuple(types), tuple(dims))

        def made(name: str) -> Queue:
            reserve = attrs.get("min_after_dequeue", 0)
            elements = ElementQueue(
                kind, name, attrs["capacity"], order_of(op), reserve
            )
            return Queue(elements, kind, tuple(types), tuple(dims), declared)

        handle = kept(run, op, "queue", made)
        if attrs["shared_name"]:
            queue: Queue = behind(handle[0], Queue)
            queue.declared.check(declared, op)
        return handle

    return make


def _arrivals(op: Operation) -> Order:
    del op
    return Arrivals()


def _priorities(op: Operation) -> Order:
    del op
    return Priorities()


def _shuffled(op: Operation) -> Order:
    seed, seed2 = op.attrs["seed"], op.attrs["seed2"]
    if not seed and not seed2:
        seed, seed2 = secrets.randbits(64), secrets.randbits(64)
    key, counter = stream_of_seeds(seed, seed2)
    done, ahead = 0, 1

    def next_words() -> Sequence[int]:
        nonlocal done, ahead
        lanes = words(key, skip(counter, done), np.arange(ahead, dtype=np.uint64))
        # More of them take hardly longer.
        done, ahead = done + ahead, min(2 * ahead, _MOST_AHEAD)
        drawn: list[int] = np.stack(lanes, axis=1).reshape(-1).tolist()
        return drawn

    return Shuffled(next_words)


def fake_queue(run: RunContext, op: Operation, resource: Array) -> tuple[Array]:
    """The older kind of handle of a queue: the same handle."""
    del run, op
    return (resource,)


def _values(components: Any) -> list[Array]:
    return [np.asarray(value) for value in components]


def enqueue(
    run: RunContext, op: Operation, handle: Array, components: tuple[Array, ...]
) -> tuple[()]:
    """Put one element in."""
    queue: Queue = behind(handle, Queue, op)
    values = _values(components)
    queue.check(values)
    element: Element = tuple(np.array(value) for value in values)
    queue.elements.put(run.waits, [element])
    return ()


def enqueue_many(
    run: RunContext, op: Operation, handle: Array, components: tuple[Array, ...]
) -> tuple[()]:
    """Put the slices along the first axis in."""
    queue: Queue = behind(handle, Queue, op)
    values = _values(components)
    if not values[0].ndim:
        raise InvalidArgumentError(
            None, None, "Input tensor 0 must have at least one axis to be sliced"
        )
    queue.check(values, len(values[0]))
    queue.elements.put(run.waits, rows_of(values))
    return ()


def dequeue(run: RunContext, op: Operation, handle: Array) -> tuple[Array, ...]:
    """Take one element out."""
    queue: Queue = behind(handle, Queue, op)
    _check_types(queue, op)
    (element,) = queue.elements.take(run.waits, 1)
    return element


def dequeue_many(
    run: RunContext, op: Operation, handle: Array, n: Array
) -> tuple[Array, ...]:
    """Take elements out, stacked."""
    return _dequeued(run, op, handle, n, allows_fewer=False)


def dequeue_up_to(
    run: RunContext, op: Operation, handle: Array, n: Array
) -> tuple[Array, ...]:
    """Take elements out, stacked; fewer when the queue is closed."""
    return _dequeued(run, op, handle, n, allows_fewer=True)


def _dequeued(
    run: RunContext, op: Operation, handle: Array, n: Array, *, allows_fewer: bool
) -> tuple[Array, ...]:
    queue: Queue = behind(handle, Queue, op)
    _check_types(queue, op)
    count = int(n)
    if count < 0:
        raise InvalidArgumentError(
            None, None, f"DequeueManyOp requested {count} < 0 elements"
        )
    if not queue.dims:
        raise InvalidArgumentError(
            None,
            None,
            f"{queue.kind}'s DequeueMany and DequeueUpTo require the components to "
            "have specified shapes.",
        )
    elements = queue.elements.take(run.waits, count, allows_fewer=allows_fewer)
    types = [dtype.as_numpy_dtype for dtype in queue.dtypes]
    return stacked(elements, types, queue.dims)


def _check_types(queue: Queue, op: Operation) -> None:
    expected = tuple(op.attrs["component_types"])
    if expected != queue.dtypes:
        raise InvalidArgumentError(
            None,
            None,
            f"Expected components of types {[t.name for t in expected]}, the queue has "
            f"{[t.name for t in queue.dtypes]}",
        )


def close(run: RunContext, op: Operation, handle: Array) -> tuple[()]:
    """Let nothing more be put in."""
    queue: Queue = behind(handle, Queue, op)
    queue.elements.close(run.waits, cancels=op.attrs["cancel_pending_enqueues"])
    return ()


def is_closed(run: RunContext, op: Operation, handle: Array) -> tuple[Array]:
    """Whether nothing more can be put in."""
    del run
    queue: Queue = behind(handle, Queue, op)
    return (np.bool_(queue.elements.is_closed),)


def size(run: RunContext, op: Operation, handle: Array) -> tuple[Array]:
    """How many elements there are."""
    del run
    queue: Queue = behind(handle, Queue, op)
    return (np.int32(len(queue.elements)),)


_MAKERS = {
    "FIFOQueue": _maker("FIFOQueue", _arrivals),
    "PaddingFIFOQueue": _maker("PaddingFIFOQueue", _arrivals),
    "PriorityQueue": _maker("PriorityQueue", _priorities, has_priority=True),
    "RandomShuffleQueue": _maker("RandomShuffleQueue", _shuffled),
}
_ACTIONS = {
    "QueueEnqueue": on_run(enqueue, waits=True),
    "QueueEnqueueMany": on_run(enqueue_many, waits=True),
    "QueueDequeue": on_run(dequeue, waits=True),
    "QueueDequeueMany": on_run(dequeue_many, waits=True),
    "QueueDequeueUpTo": on_run(dequeue_up_to, waits=True),
    "QueueClose": on_run(close, waits=True),
    "QueueIsClosed": on_run(is_closed),
    "QueueSize": on_run(size),
}

KERNELS = {
    **{name: on_run(make) for name, make in _MAKERS.items()},
    **{f"{name}V2": on_run(make) for name, make in _MAKERS.items()},
    **_ACTIONS,
    **{f"{name}V2": kernel for name, kernel in _ACTIONS.items()},
    "FakeQueue": on_run(fake_queue),
}
