"""The scopes of `Graph`: names, order, devices, colocation, containers, attributes."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Any, Final

from metagraft.graph.composite import IndexedSlices
from metagraft.graph.devices import canonical_name, merge_device
from metagraft.graph.operation import Operation
from metagraft.graph.scope_stacks import (
    ControlDependencies,
    DeviceFunction,
    ScopeStacks,
)
from metagraft.graph.tensor import Tensor
from metagraft.graph.unique_names import UniqueNames
from metagraft.graph.variable import GraphVariable
from metagraft.proto import AttrValue

if TYPE_CHECKING:
    from metagraft.graph.control_flow_context import ControlFlowContext
    from metagraft.graph.graph import Graph

# TensorFlow marks every operation that a program waited for.
_IS_CONTROL_INPUT: Final = "_has_manual_control_dependencies"
_OP_NAME: Final = re.compile(r"^[A-Za-z0-9.][A-Za-z0-9_.\\/>-]*$")
_SCOPE_NAME: Final = re.compile(r"^[A-Za-z0-9_.\\/>-]*$")


def check_op_name(name: str) -> None:
    """Raise `ValueError` unless `name` may name an operation."""
    if not _OP_NAME.fullmatch(name):
        raise ValueError(f"'{name}' is not a valid node name")


class name_scope:  # noqa: N801 - used as a function
    """Open a name scope of a graph.

    Source: tensorflow python/framework/ops.py Graph.name_scope.
    """

    __slots__ = ("_before", "_graph", "_name", "_opened")

    def __init__(self, graph: GraphScopes, name: str | bytes | None) -> None:
        """Check the name; the scope opens on entry."""
        if name:
            if isinstance(name, bytes):
                name = name.decode()
            if not isinstance(name, str):
                raise TypeError(f"Scope name must be a string, got {name!r}.")
            is_root = not graph.scopes.name_stack
            pattern = _OP_NAME if is_root else _SCOPE_NAME
            if not pattern.fullmatch(name):
                kind = "root scope name" if is_root else "scope name"
                raise ValueError(
                    f"'{name}' is not a valid {kind}. A {kind} has to match the"
                    f" following pattern: {pattern.pattern}"
                )
        self._graph = graph
        self._name = name
        self._before = ""
        self._opened = ""

    def __enter__(self) -> str:
        """Open the scope and return its name with a slash at the end."""
        graph, name = self._graph, self._name
        self._before = graph.scopes.name_stack
        if not name:
            opened = ""
        elif name[-1] == "/":
            opened = name[:-1]
        else:
            opened = graph.unique_name(name)
        graph.scopes.name_stack = opened
        return f"{opened}/" if opened else ""

    def __exit__(self, *_: object) -> None:
        """Close the scope."""
        self._graph.scopes.name_stack = self._before


@contextmanager
def control_dependencies(graph: Graph, control_inputs: Any) -> Iterator[None]:
    """Open a block whose operations run after `control_inputs`.

    None hides the blocks around this one, and the branch or loop being built.
    """
    scopes = graph.scopes
    before, before_context = scopes.control, scopes.context
    if control_inputs is None:
        scopes.control = []
        scopes.context = None
    else:
        found = _as_operations(graph, control_inputs)
        scopes.control = [*before, ControlDependencies(found, clears=False)]
    try:
        yield
    finally:
        scopes.control = before
        if control_inputs is None:
            scopes.context = before_context


def _as_operations(graph: Graph, items: Any) -> tuple[Operation, ...]:
    found: dict[Operation, None] = {}
    for item in items:
        # What runs after a resource variable runs after its handle, not after a read.
        if isinstance(item, IndexedSlices) or (
            isinstance(item, GraphVariable) and item.is_resource
        ):
            item = item.op  # noqa: PLW2901 - the operation stands for the value
        if graph.outside is not None and graph.outside.takes_control(item):
            continue
        element = graph.as_graph_element(item)
        op = element.op if isinstance(element, Tensor) else element
        if op not in found:
            found[op] = None
            op._set_attr(_IS_CONTROL_INPUT, AttrValue(b=True))  # noqa: SLF001
    return tuple(found)


@contextmanager
def device(graph: GraphScopes, device_name_or_function: Any) -> Iterator[None]:
    """Open a block whose operations get a device.

    Args:
        graph: The graph.
        device_name_or_function: A device string, a `DeviceSpec`, a function from an
            operation to one, or None, which hides the blocks around this one.
    """
    scopes = graph.scopes
    before = scopes.devices
    inside = scopes.devices = [*before, _device_function(device_name_or_function)]
    try:
        yield
    finally:
        if scopes.devices is not inside:
            raise RuntimeError("Exiting device scope without proper scope nesting.")
        scopes.devices = before


def _device_function(device_name_or_function: Any) -> DeviceFunction | None:
    if device_name_or_function is None:
        return None
    if callable(device_name_or_function) and not hasattr(
        device_name_or_function, "to_string"
    ):
        function: DeviceFunction = device_name_or_function
        return function
    text = canonical_name(device_name_or_function)
    return lambda op: merge_device(text, op.device)


@contextmanager
def colocate_with(graph: GraphScopes, op: Any, ignore_existing: bool) -> Iterator[None]:
    """Open a block whose operations are placed with `op`.

    Device blocks are hidden inside: placement with `op` is stronger.
    """
    if op is None and not ignore_existing:
        raise ValueError(
            "Trying to reset colocation (op is None) but ignore_existing is not True"
        )
    scopes = graph.scopes
    before_devices, before_colocation = scopes.devices, scopes.colocation
    scopes.devices = []
    if ignore_existing:
        scopes.colocation = []
    if op is not None:
        scopes.colocation = [*scopes.colocation, _as_operation(op)]
    try:
        yield
    finally:
        scopes.devices, scopes.colocation = before_devices, before_colocation


def _as_operation(item: Any) -> Operation:
    if isinstance(item, Operation):
        return item
    if isinstance(item, (Tensor, IndexedSlices)):
        return item.op
    if isinstance(item, GraphVariable):
        return item.gradient_source.op
    from metagraft.graph.conversion import convert_to_tensor

    return convert_to_tensor(item, as_ref=True).op


@contextmanager
def container(graph: GraphScopes, container_name: str) -> Iterator[str]:
    """Open a block whose stateful operations use a resource container."""
    scopes = graph.scopes
    before = scopes.container
    scopes.container = container_name
    try:
        yield container_name
    finally:
        scopes.container = before


@contextmanager
def attributes(graph: GraphScopes, attr_map: Mapping[str, Any]) -> Iterator[None]:
    """Open a block whose operations get attributes that they do not have yet.

    Args:
        graph: The graph.
        attr_map: Attributes as messages, or functions from a node to one or None.
    """
    scopes = graph.scopes
    before = scopes.attributes
    scopes.attributes = {**before, **attr_map}
    try:
        yield
    finally:
        scopes.attributes = before


@contextmanager
def gradient_overrides(
    graph: GraphScopes, op_type_map: Mapping[str, str]
) -> Iterator[None]:
    """Open a block whose operations use other gradient rules, by op type."""
    if not isinstance(op_type_map, Mapping):
        raise TypeError(
            "`op_type_map` must be a dictionary mapping strings to "
            f"strings, got {op_type_map!r}."
        )
    scopes = graph.scopes
    before = scopes.gradient_overrides
    scopes.gradient_overrides = {**before, **op_type_map}
    try:
        yield
    finally:
        scopes.gradient_overrides = before


def apply_scopes(scopes: ScopeStacks, op: Operation, compute_device: bool) -> None:
    """Give a new operation what the open scopes say."""
    if scopes.attributes:
        _apply_attributes(scopes, op)
    if scopes.gradient_overrides:
        override = scopes.gradient_overrides.get(op.type)
        if override is not None:
            op._set_attr("_gradient_op_type", AttrValue(s=override.encode()))  # noqa: SLF001
    if compute_device and scopes.devices:
        _apply_devices(scopes.devices, op)
    if scopes.colocation:
        _apply_colocation(scopes.colocation, op)
    if scopes.container:
        _apply_container(scopes.container, op)


def apply_context(graph: Graph, op: Operation) -> None:
    """Put a new operation into the branch or loop that is being built."""
    from metagraft.graph.control_flow_context import check_input

    context = graph.scopes.context
    op._set_control_flow_context(context)  # noqa: SLF001 - set when it is made
    for tensor in op.inputs:
        check_input(op, tensor.op)
    if context is not None:
        context.add_op(op)


def _apply_attributes(scopes: ScopeStacks, op: Operation) -> None:
    for key, value in scopes.attributes.items():
        if key in op.attrs:
            continue
        resolved = value(op.node_def) if callable(value) else value
        if resolved is not None and not isinstance(resolved, AttrValue):
            raise TypeError(
                f"Callable for scope map key '{key}' must return either None or an"
                f" AttrValue message; but it returned: {resolved}"
            )
        if resolved:
            op._set_attr(key, resolved)  # noqa: SLF001


def _apply_devices(functions: list[DeviceFunction | None], op: Operation) -> None:
    for function in reversed(functions):
        if function is None:
            return
        op._set_device(function(op))  # noqa: SLF001


def _apply_colocation(colocation: list[Operation], op: Operation) -> None:
    groups: set[bytes] = set()
    placed = False
    for other in reversed(colocation):
        groups.update(other.colocation_groups())
        if other.device and not placed:
            op._set_device(other.device)  # noqa: SLF001
            placed = True
    value = AttrValue()
    value.list.s.extend(sorted(groups))
    op._set_attr("_class", value)  # noqa: SLF001


def _apply_container(container: str, op: Operation) -> None:
    definition = op.definition
    if definition is None or not definition.is_stateful:
        return
    if definition.attr("container") is not None and not op.attrs["container"]:
        op._set_attr("container", AttrValue(s=container.encode()))  # noqa: SLF001


class GraphScopes:
    """The part of a graph that is about names and scopes."""

    _lock: threading.RLock
    _names: UniqueNames
    _scopes: ScopeStacks
    _has_contexts: bool

    def unique_name(self, name: str, mark_as_used: bool = True) -> str:
        """Return a free name, in the open name scope.

        Args:
            name: The name without scope.
            mark_as_used: Whether to reserve it.
        """
        stack = self._scopes.name_stack
        full = f"{stack}/{name}" if stack else name
        with self._lock:
            return self._names.make(full, mark_as_used)

    @property
    def names_in_use(self) -> UniqueNames:
        """The names of operations and scopes."""
        return self._names

    def is_name_used(self, name: str) -> bool:
        """Whether an operation or scope has this full name (case ignored)."""
        with self._lock:
            return self._names.is_used(name)

    @property
    def scopes(self) -> ScopeStacks:
        """The scopes open in this thread."""
        return self._scopes

    @property
    def _name_stack(self) -> str:
        return self._scopes.name_stack

    def get_name_scope(self) -> str:
        """Return the open name scope, without slash at the end."""
        return self._scopes.name_stack

    def name_scope(self, name: str | None) -> AbstractContextManager[str]:
        """Open a name scope; gives its full name with a slash at the end.

        Raises:
            ValueError: `name` has characters that names must not have.
        """
        return name_scope(self, name)

    def device(self, device_name_or_function: Any) -> AbstractContextManager[None]:
        """Open a block whose operations get a device."""
        return device(self, device_name_or_function)

    def colocate_with(
        self, op: Any, ignore_existing: bool = False
    ) -> AbstractContextManager[None]:
        """Open a block whose operations are placed with `op`."""
        return colocate_with(self, op, ignore_existing)

    def container(self, container_name: str) -> AbstractContextManager[str]:
        """Open a block whose stateful operations use a resource container."""
        return container(self, container_name)

    def _attr_scope(self, attr_map: Mapping[str, Any]) -> AbstractContextManager[None]:
        return attributes(self, attr_map)

    def gradient_override_map(
        self, op_type_map: Mapping[str, str]
    ) -> AbstractContextManager[None]:
        """Open a block whose operations use other gradient rules, by op type."""
        return gradient_overrides(self, op_type_map)

    def _get_control_flow_context(self) -> ControlFlowContext | None:
        """The branch or loop that is being built."""
        return self._scopes.context

    def _set_control_flow_context(self, context: ControlFlowContext | None) -> None:
        self._scopes.context = context
        self._has_contexts = True
