"""Queues: tensors kept between runs, put in and taken out by operations.

Source: tensorflow python/ops/data_flow_ops.py.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Sequence
from typing import Any

from metagraft.graph import dtypes as dtypes_module
from metagraft.graph.apply_op import op
from metagraft.graph.build import array
from metagraft.graph.constant_value import constant_value
from metagraft.graph.conversion import convert_to_tensor
from metagraft.graph.defaults import executing_eagerly
from metagraft.graph.init_scope import init_scope
from metagraft.graph.operation import Operation
from metagraft.graph.random_seed import get_seed
from metagraft.graph.scopes import device, name_scope
from metagraft.graph.shapes import Dimension, TensorShape, as_shape, unknown_shape
from metagraft.graph.tensor import Tensor

__all__ = [
    "FIFOQueue",
    "PaddingFIFOQueue",
    "PriorityQueue",
    "QueueBase",
    "RandomShuffleQueue",
]


class QueueBase:
    """What all queues share: operations that put elements in and take them out.

    An element is one tensor for each component. The element's components have types,
    and may have shapes and names.
    """

    def __init__(
        self,
        dtypes: Sequence[Any],
        shapes: Sequence[Any] | None,
        names: Sequence[str] | None,
        queue_ref: Tensor,
    ) -> None:
        """Wrap a handle.

        Args:
            dtypes: The type of each component.
            shapes: The shape of each component; None if they are not known.
            names: The name of each component; with names, elements are dicts.
            queue_ref: The handle.

        Raises:
            ValueError: There are not as many shapes or names as types.
        """
        self._dtypes = dtypes
        if shapes is None:
            self._shapes = [unknown_shape() for _ in dtypes]
        elif len(shapes) != len(dtypes):
            raise ValueError(
                "Queue shapes must have the same length as dtypes, received "
                f"len(shapes)={len(shapes)}, len(dtypes)={len(dtypes)}"
            )
        else:
            self._shapes = [TensorShape(shape) for shape in shapes]
        if names is not None and len(names) != len(dtypes):
            raise ValueError(
                "Queue names must have the same length as dtypes,received "
                f"len(names)={len(names)},len {len(dtypes)}"
            )
        self._names = names
        self._queue_ref = queue_ref
        self._name = queue_ref.op.name.split("/")[-1]

    @staticmethod
    def from_list(index: Any, queues: list[QueueBase]) -> QueueBase:
        """Return the queue at a position that only a run knows.

        Args:
            index: The position, a scalar.
            queues: Queues with the same types and names.

        Raises:
            TypeError: `queues` is no list of such queues.
        """
        if (
            not queues
            or not isinstance(queues, list)
            or not all(isinstance(queue, QueueBase) for queue in queues)
        ):
            raise TypeError("A list of queues expected")
        dtypes, names = queues[0].dtypes, queues[0].names
        if not all(dtypes == queue.dtypes for queue in queues[1:]):
            raise TypeError("Queues do not have matching component dtypes.")
        if not all(names == queue.names for queue in queues[1:]):
            raise TypeError("Queues do not have matching component names.")
        shapes = [
            functools.reduce(_shape_in_common, component)
            for component in zip(*(queue.shapes for queue in queues), strict=True)
        ]
        handles = array.stack([queue.queue_ref for queue in queues])
        return QueueBase(dtypes, shapes, names, array.gather(handles, index))

    @property
    def queue_ref(self) -> Tensor:
        """The handle."""
        return self._queue_ref

    @property
    def name(self) -> str:
        """The name of the operation that makes the queue."""
        return self._queue_ref.op.name

    @property
    def dtypes(self) -> Sequence[Any]:
        """The type of each component."""
        return self._dtypes

    @property
    def shapes(self) -> list[TensorShape]:
        """The shape of each component."""
        return self._shapes

    @property
    def names(self) -> Sequence[str] | None:
        """The name of each component."""
        return self._names

    # -- putting in --------------------------------------------------------------------

    def enqueue(self, vals: Any, name: str | None = None) -> Operation:
        """Return the operation that puts one element in.

        It waits while the queue is full.

        Args:
            vals: A tensor, one for each component, or a dict of them by name.
            name: Name of the operation.

        Raises:
            ValueError: The tensors do not fit the queue.
        """
        with name_scope(name, f"{self._name}_enqueue", _listed(vals)) as scope:
            tensors = self._components(vals)
            for tensor, shape in zip(tensors, self._shapes, strict=False):
                tensor.get_shape().assert_is_compatible_with(shape)
            return self._add("QueueEnqueue", components=tensors, name=scope)

    def enqueue_many(self, vals: Any, name: str | None = None) -> Operation:
        """Return the operation that puts in the slices along the first axis.

        It waits while the queue is full.

        Args:
            vals: A tensor, one for each component, or a dict of them by name.
            name: Name of the operation.

        Raises:
            ValueError: The tensors do not fit the queue.
        """
        with name_scope(name, f"{self._name}_EnqueueMany", _listed(vals)) as scope:
            tensors = self._components(vals)
            count = Dimension(None)
            for tensor, shape in zip(tensors, self._shapes, strict=False):
                known = tensor.get_shape().with_rank_at_least(1)
                count = count.merge_with(known[0])
                known[1:].assert_is_compatible_with(shape)
            added: Operation = op(
                "QueueEnqueueManyV2",
                handle=self._queue_ref,
                components=tensors,
                name=scope,
            )
            return added

    def _components(self, vals: Any) -> list[Tensor]:
        if isinstance(vals, dict):
            if not self._names:
                raise ValueError("Queue must have names to enqueue a dictionary")
            if sorted(self._names, key=str) != sorted(vals, key=str):
                raise ValueError(
                    "Keys in dictionary to enqueue do not match names of Queue.  "
                    f"Dictionary: {sorted(vals)},Queue: {sorted(self._names)}"
                )
            vals = [vals[key] for key in self._names]
        elif self._names:
            raise ValueError("You must enqueue a dictionary in a Queue with names")
        elif not isinstance(vals, (list, tuple)):
            vals = [vals]
        return [
            convert_to_tensor(value, dtype, f"component_{position}")
            for position, (value, dtype) in enumerate(
                zip(vals, self._dtypes, strict=False)
            )
        ]

    # -- taking out --------------------------------------------------------------------

    def dequeue(self, name: str | None = None) -> Any:
        """Return the components of one element, waiting while the queue is empty.

        Args:
            name: Name of the operation.

        Returns:
            A tensor, a list of them, or a dict if the components have names.
        """
        tensors = self._add(
            "QueueDequeue",
            component_types=self._dtypes,
            name=name or f"{self._name}_Dequeue",
        )
        return self._taken(tensors, [])

    def dequeue_many(self, n: Any, name: str | None = None) -> Any:
        """Return `n` elements, stacked along a new first axis.

        Args:
            n: How many, a scalar.
            name: Name of the operation.

        Returns:
            A tensor, a list of them, or a dict if the components have names.
        """
        tensors = op(
            "QueueDequeueManyV2",
            handle=self._queue_ref,
            n=n,
            component_types=self._dtypes,
            name=name or f"{self._name}_DequeueMany",
        )
        count = constant_value(tensors[0].op.inputs[1])
        return self._taken(tensors, [None if count is None else int(count)])

    def dequeue_up_to(self, n: Any, name: str | None = None) -> Any:
        """Return `n` elements, or what is left of a closed queue, stacked.

        Args:
            n: How many, a scalar.
            name: Name of the operation.

        Returns:
            A tensor, a list of them, or a dict if the components have names.
        """
        tensors = op(
            "QueueDequeueUpToV2",
            handle=self._queue_ref,
            n=n,
            component_types=self._dtypes,
            name=name or f"{self._name}_DequeueUpTo",
        )
        return self._taken(tensors, [None])

    def _taken(self, tensors: list[Tensor], count: list[int | None]) -> Any:
        for tensor, shape in zip(tensors, self._shapes, strict=False):
            tensor.set_shape(TensorShape(count).concatenate(shape))
        if self._names:
            return dict(zip(self._names, tensors, strict=True))
        return tensors[0] if len(tensors) == 1 else tensors

    # -- the queue itself --------------------------------------------------------------

    def close(
        self, cancel_pending_enqueues: bool = False, name: str | None = None
    ) -> Operation:
        """Return the operation that closes the queue: nothing more may be put in.

        Args:
            cancel_pending_enqueues: Whether operations that wait to put in fail.
            name: Name of the operation.
        """
        closed: Operation = self._add(
            "QueueClose",
            cancel_pending_enqueues=cancel_pending_enqueues,
            name=name or f"{self._name}_Close",
        )
        return closed

    def is_closed(self, name: str | None = None) -> Tensor:
        """Return whether the queue is closed.

        Args:
            name: Name of the operation.
        """
        return self._add("QueueIsClosed", name=name or f"{self._name}_Is_Closed")

    def size(self, name: str | None = None) -> Tensor:
        """Return the number of elements.

        Args:
            name: Name of the operation.
        """
        return self._add("QueueSize", name=name or f"{self._name}_Size")

    def _add(self, op_type: str, **arguments: Any) -> Any:
        """Add the operation that fits the kind of the handle."""
        is_resource = self._queue_ref.dtype == dtypes_module.resource
        return op(
            f"{op_type}V2" if is_resource else op_type,
            handle=self._queue_ref,
            **arguments,
        )


class FIFOQueue(QueueBase):
    """Gives elements out in the order in which they came in."""

    def __init__(
        self,
        capacity: int,
        dtypes: Any,
        shapes: Any = None,
        names: Any = None,
        shared_name: str | None = None,
        name: str | None = "fifo_queue",
    ) -> None:
        """Add a queue.

        Args:
            capacity: How many elements it holds at most; negative for no limit.
            dtypes: The type of each component.
            shapes: The shape of each component; needed to take out several at once.
            names: The name of each component.
            shared_name: A name under which other graphs find it.
            name: Name of the operation.
        """
        dtypes = _type_list(dtypes)
        shapes = _shape_list(shapes)
        names = _name_list(names, dtypes)
        with init_scope(), device("CPU"):
            handle = _queue(
                "FIFOQueueV2",
                component_types=dtypes,
                shapes=shapes,
                capacity=capacity,
                shared_name=shared_name,
                name=name,
            )
        super().__init__(dtypes, shapes, names, handle)


class PaddingFIFOQueue(QueueBase):
    """Pads elements of different shapes with zeros when several are taken out."""

    def __init__(
        self,
        capacity: int,
        dtypes: Any,
        shapes: Any,
        names: Any = None,
        shared_name: str | None = None,
        name: str = "padding_fifo_queue",
    ) -> None:
        """Add a queue.

        Args:
            capacity: How many elements it holds at most; negative for no limit.
            dtypes: The type of each component.
            shapes: The shape of each component; unknown sizes may vary.
            names: The name of each component.
            shared_name: A name under which other graphs find it.
            name: Name of the operation.

        Raises:
            ValueError: There are not as many shapes as types.
        """
        dtypes = _type_list(dtypes)
        shapes = _shape_list(shapes, allows_unknown_sizes=True)
        names = _name_list(names, dtypes)
        if len(dtypes) != len(shapes):
            raise ValueError(
                "Shapes must be provided for all components, but received "
                f"{len(dtypes)} dtypes and {len(shapes)} shapes."
            )
        handle = _queue(
            "PaddingFIFOQueueV2",
            component_types=dtypes,
            shapes=shapes,
            capacity=capacity,
            shared_name=shared_name,
            name=name,
        )
        super().__init__(dtypes, shapes, names, handle)


class RandomShuffleQueue(QueueBase):
    """Gives elements out in random order."""

    def __init__(
        self,
        capacity: int,
        min_after_dequeue: int,
        dtypes: Any,
        shapes: Any = None,
        names: Any = None,
        seed: int | None = None,
        shared_name: str | None = None,
        name: str = "random_shuffle_queue",
    ) -> None:
        """Add a queue.

        Args:
            capacity: How many elements it holds at most; negative for no limit.
            min_after_dequeue: How many stay in it while it is open.
            dtypes: The type of each component.
            shapes: The shape of each component; needed to take out several at once.
            names: The name of each component.
            seed: Seed of the order.
            shared_name: A name under which other graphs find it.
            name: Name of the operation.
        """
        dtypes = _type_list(dtypes)
        shapes = _shape_list(shapes)
        names = _name_list(names, dtypes)
        first, second = get_seed(seed)
        if first is None and second is None:
            first, second = 0, 0
        elif seed is None and shared_name is not None:
            # Queues that are one queue get one seed.
            digest = hashlib.md5(
                f"{first}{shared_name}".encode(), usedforsecurity=False
            )
            second = int(digest.hexdigest()[:8], 16) & 0x7FFFFFFF
        handle = _queue(
            "RandomShuffleQueueV2",
            component_types=dtypes,
            shapes=shapes,
            capacity=capacity,
            min_after_dequeue=min_after_dequeue,
            seed=first,
            seed2=second,
            shared_name=shared_name,
            name=name,
        )
        super().__init__(dtypes, shapes, names, handle)


class PriorityQueue(QueueBase):
    """Gives elements out by priority, the smallest number first.

    The first component of an element is its priority, an int64 scalar.
    """

    def __init__(
        self,
        capacity: int,
        types: Any,
        shapes: Any = None,
        names: Any = None,
        shared_name: str | None = None,
        name: str = "priority_queue",
    ) -> None:
        """Add a queue.

        Args:
            capacity: How many elements it holds at most; negative for no limit.
            types: The type of each component but the priority.
            shapes: Their shapes; needed to take out several at once.
            names: The name of each component, the priority's first.
            shared_name: A name under which other graphs find it.
            name: Name of the operation.
        """
        types = _type_list(types)
        shapes = _shape_list(shapes)
        handle = _queue(
            "PriorityQueueV2",
            component_types=types,
            shapes=shapes,
            capacity=capacity,
            shared_name=shared_name,
            name=name,
        )
        all_shapes = [(), *shapes] if shapes else shapes
        super().__init__([dtypes_module.int64, *types], all_shapes, names, handle)


def _queue(op_type: str, **arguments: Any) -> Tensor:
    if executing_eagerly():
        raise RuntimeError(
            "Queues are not supported when eager execution is enabled; use tf.data."
        )
    handle: Tensor = op(op_type, **arguments)
    return handle


def _listed(vals: Any) -> Any:
    if isinstance(vals, (list, tuple)):
        return vals
    return vals.values() if isinstance(vals, dict) else [vals]


def _type_list(types: Any) -> list[Any]:
    if types is None:
        raise AssertionError("The types of the components are needed.")
    return list(types) if isinstance(types, (list, tuple)) else [types]


def _shape_list(shapes: Any, *, allows_unknown_sizes: bool = False) -> Any:
    """Return shapes in any spelling as a list, None if there are none."""

    def is_size(value: Any) -> bool:
        return value is None or isinstance(value, int)

    if allows_unknown_sizes and (
        not isinstance(shapes, Sequence) or not shapes or any(map(is_size, shapes))
    ):
        raise ValueError(
            "When providing partial shapes, a list of shapes must be provided."
        )
    if shapes is None:
        return None
    if isinstance(shapes, TensorShape):
        shapes = [shapes]
    if not isinstance(shapes, (tuple, list)):
        raise TypeError(
            "Shapes must be a TensorShape or a list or tuple of TensorShapes, got "
            f"{type(shapes)} instead."
        )
    if all(map(is_size, shapes)):
        shapes = [shapes]
    known = [as_shape(shape) for shape in shapes]
    if not allows_unknown_sizes and not all(s.is_fully_defined() for s in known):
        raise ValueError(f"All shapes must be fully defined: {known}")
    if any(shape.dims is None for shape in known):
        raise ValueError(f"All shapes must have a defined rank: {known}")
    return known


def _name_list(names: Any, dtypes: Sequence[Any]) -> list[str] | None:
    if names is None:
        return None
    listed = list(names) if isinstance(names, (list, tuple)) else [names]
    if len(listed) != len(dtypes):
        raise ValueError(
            "List of names must have the same length as the list of dtypes, received "
            f"len(names)={len(listed)},len(dtypes)={len(dtypes)}"
        )
    return listed


def _shape_in_common(first: TensorShape, second: TensorShape) -> TensorShape:
    if first.ndims is None or second.ndims is None or first.ndims != second.ndims:
        return unknown_shape()
    pairs = zip(first.as_list(), second.as_list(), strict=True)
    return TensorShape([a if a is not None and a == b else None for a, b in pairs])
