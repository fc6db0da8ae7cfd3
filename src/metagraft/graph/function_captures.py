"""What the body of a function uses from the graphs around it.

A tensor from outside becomes an argument: a placeholder in the body stands for it, and
whoever calls the function hands the tensor over.

Source: tensorflow python/framework/function.py _FuncGraph.capture, core/function/
capture/capture_container.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from metagraft.graph.constant_value import variable_behind
from metagraft.graph.dtypes import variant
from metagraft.graph.list_elements import list_element
from metagraft.graph.shapes import dims_to_proto
from metagraft.graph.sparse_matrices import sparse_matrix_behind
from metagraft.proto import AttrValue

if TYPE_CHECKING:
    from metagraft.graph.function_graph import FunctionGraph
    from metagraft.graph.graph import Graph
    from metagraft.graph.operation import Operation
from metagraft.graph.tensor import Tensor

Moves = Callable[
    [
        str,
        Sequence["Tensor"],
        Sequence[Any] | None,
        str | None,
        Mapping[str, AttrValue],
    ],
    "Operation | None",
]
"""`moves(op_type, inputs, dtypes, name, attrs)`: the operation, if made elsewhere."""


class Captures:
    """Tensors and operations from outside that one body uses."""

    __slots__ = (
        "_control",
        "_copies",
        "_graph",
        "_inside",
        "_is_named",
        "_stateful",
        "moves",
        "outer_graph",
        "stands_for",
    )

    def __init__(
        self, graph: FunctionGraph, outer_graph: Graph, *, is_named: bool
    ) -> None:
        """Start with none.

        Args:
            graph: The body.
            outer_graph: The graph around it.
            is_named: Whether placeholders are called after what they stand for.
        """
        self._graph = graph
        self.outer_graph = outer_graph
        self._is_named = is_named
        self._inside: dict[Tensor, Tensor] = {}
        self._control: dict[Operation, None] = {}
        # Asked first for what stands for a tensor; gives None to take it as usual.
        self.stands_for: Callable[[Tensor, str | None], Tensor | None] | None = None
        # Asked first about a new operation: makes it in another graph, or gives None.
        self.moves: Moves | None = None
        self._copies = False
        self._stateful: frozenset[Operation] = frozenset()

    def copy_nodes(self, stateful: frozenset[Operation]) -> None:
        """Copy nodes from outside into the body from now on, in place of arguments.

        Args:
            stateful: Operations with state that may be copied.
        """
        self._copies = True
        self._stateful = stateful

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        """Iterate over pairs: the tensor outside, and what stands for it."""
        return iter(self._inside.items())

    def __len__(self) -> int:
        """The number of tensors."""
        return len(self._inside)

    @property
    def is_named(self) -> bool:
        """Whether placeholders are called after what they stand for.

        So they are in traced functions, and not in those of version 1.
        """
        return self._is_named

    @property
    def external(self) -> list[Tensor]:
        """The tensors outside that have to be handed in."""
        return [] if self._copies else list(self._inside)

    @property
    def internal(self) -> list[Tensor]:
        """What stands for them inside."""
        return [] if self._copies else list(self._inside.values())

    @property
    def control(self) -> list[Operation]:
        """The operations outside that run before some of the body."""
        return list(self._control)

    def moved(
        self,
        op_type: str,
        inputs: Sequence[Tensor],
        dtypes: Sequence[Any] | None,
        name: str | None,
        attrs: Mapping[str, AttrValue],
    ) -> Operation | None:
        """Return the operation made in another graph for one of this body, if any."""
        if self.moves is None:
            return None
        return self.moves(op_type, inputs, dtypes, name, attrs)

    def tensor(self, tensor: Tensor, name: str | None = None) -> Tensor:
        """Return what stands for a tensor in the body; the tensor if it is its own.

        Raises:
            ValueError: The tensor belongs to a function inside of this one.
        """
        if tensor.graph is self._graph:
            return tensor
        known = self._inside.get(tensor)
        if known is not None:
            return known
        self._check_outside(tensor)
        if self._copies:
            return self._copied(tensor.op).outputs[tensor.value_index]
        if name is None and self._is_named:
            name = tensor.op.name
        if self.stands_for is not None:
            found = self.stands_for(tensor, name)
            if found is not None:
                return found
        placeholder = self.take(tensor, name)
        if not self._is_named and _is_guaranteed(tensor):
            return self._guarantee(placeholder)
        return placeholder

    def _guarantee(self, placeholder: Tensor) -> Tensor:
        """Say inside as well that a value never changes; so for its first use only."""
        attrs = {"T": AttrValue(type=placeholder.dtype.as_datatype_enum)}
        with self._graph.as_default(), self._graph.control_dependencies(None):
            made = self._graph.create_op(
                "GuaranteeConst", [placeholder], [placeholder.dtype], attrs=attrs
            )
        return made.outputs[0]

    def inside(self, tensor: Tensor) -> Tensor | None:
        """Return what stands for a tensor from outside, None if it is not used."""
        return self._inside.get(tensor)

    def outside(self, tensor: Tensor) -> Tensor:
        """Return the tensor that a placeholder stands for, any other as it is."""
        if tensor.op.type == "Placeholder":
            for external, internal in self:
                if internal is tensor:
                    return external
        return tensor

    def take(self, tensor: Tensor, name: str | None) -> Tensor:
        """Make a tensor from outside an argument, once."""
        known = self._inside.get(tensor)
        if known is not None:
            return known
        placeholder = add_argument(self._graph, tensor, name, is_named=self._is_named)
        self._inside[tensor] = placeholder
        self._graph.inputs.append(placeholder)
        return placeholder

    def _copied(self, op: Operation) -> Operation:
        problem = None
        if op.is_stateful and op not in self._stateful:
            problem = "stateful node"
        elif op.type in ("Placeholder", "PlaceholderV2"):
            problem = "placeholder"
        if problem is not None:
            raise ValueError(
                f"Cannot capture a {problem} (name:{op.name}, type:{op.type}) by value."
            )
        inputs = [self.tensor(tensor) for tensor in op.inputs]
        attrs = dict(op.node_def.attr.items())
        types = [tensor.dtype for tensor in op.outputs]
        copy = self._graph.create_op(op.type, inputs, types, name=op.name, attrs=attrs)
        self._inside.update(zip(op.outputs, copy.outputs, strict=True))
        return copy

    def replace(self, tensors: list[Tensor], placeholders: list[Tensor]) -> None:
        """Say anew which tensors the placeholders stand for."""
        self._inside = dict(zip(tensors, placeholders, strict=True))

    def takes_control(self, item: Any) -> bool:
        """Note that the body runs after `item` if this is something outside.

        Returns:
            Whether it is; an edge inside of the body is not needed then.
        """
        op = getattr(item, "op", item)
        outside = getattr(op, "graph", self._graph) is not self._graph
        if outside and self._is_named:
            self._control[op] = None
            return True
        return False

    def _check_outside(self, tensor: Tensor) -> None:
        inner = tensor.graph
        while inner.outside is not None:
            inner = inner.outside.outer_graph
            if inner is self._graph:
                raise ValueError(
                    f"{tensor!r} is out of scope and cannot be used here: it was "
                    f"defined in {tensor.graph}, a function inside of {self._graph}. "
                    "Use return values of the function to access it."
                )


def add_argument(
    graph: FunctionGraph,
    like: Tensor,
    name: str | None,
    *,
    is_named: bool = False,
) -> Tensor:
    """Add a placeholder with the type and shape of a tensor, in no loop or block.

    Args:
        graph: Where it goes.
        like: What it stands for.
        name: Its name, made unique.
        is_named: Whether it keeps the name that was asked for as an attribute.
    """
    attrs: dict[str, AttrValue] = {
        "dtype": AttrValue(type=like.dtype.base_dtype.as_datatype_enum),
        "shape": AttrValue(shape=dims_to_proto(like.dims)),
    }
    with graph.as_default(), graph.control_dependencies(None):
        placeholder = graph.create_op(
            "Placeholder", (), [like.dtype.base_dtype], name=name, attrs=attrs
        ).outputs[0]
    if is_named and name is not None:
        keep_name(placeholder, name)
    copy_handle(like, placeholder)
    return placeholder


def _is_guaranteed(tensor: Tensor) -> bool:
    """Whether a tensor is made of values alone that `tf.guarantee_const` gave."""
    guaranteed: set[Operation] = set()
    seen: set[Operation] = set()
    waiting = [(tensor.op, False)]
    while waiting:
        op, is_left = waiting.pop()
        if is_left:
            if op.inputs and all(one.op in guaranteed for one in op.inputs):
                guaranteed.add(op)
        elif op.type == "GuaranteeConst":
            guaranteed.add(op)
            seen.add(op)
        else:
            seen.add(op)
            waiting.append((op, True))
            waiting += [(one.op, False) for one in op.inputs if one.op not in seen]
    return tensor.op in guaranteed


def keep_name(placeholder: Any, name: str) -> None:
    """Note the name that an argument was asked to have."""
    placeholder.op._set_attr(  # noqa: SLF001 - TensorFlow's name for it
        "_user_specified_name", AttrValue(s=name.encode())
    )


def copy_handle(source: Tensor, target: Tensor) -> None:
    """Tell what is known of what is behind a tensor of another graph."""
    if source.dtype == variant:
        behind = list_element(source) or sparse_matrix_behind(source)
    else:
        behind = variable_behind(source)
    if behind is not None:
        target.graph.handles[target] = behind
