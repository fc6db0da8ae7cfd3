"""Variables of a `GraphDef` as constants: a graph that needs no checkpoint.

A variable becomes a constant, and everything that its handle reaches is rewritten:
reads become `Identity`, rows are gathered from the value, and functions that get the
handle get the value. Such functions are renamed, because names of functions are shared
by all graphs of a process.

Source: tensorflow python/framework/convert_to_constants.py.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from metagraft.graph.dtypes import from_enum
from metagraft.graph.store import OUTPUT_SHAPES
from metagraft.graph.tensor_values import make_tensor_proto
from metagraft.proto import FunctionDef, GraphDef, NodeDef

_VARIABLES: Final = frozenset({"Variable", "VariableV2", "VarHandleOp"})
# Ops that pass a variable on: their type becomes that of its value.
_PASSING_ON: Final = frozenset(
    {"Enter", "Exit", "Identity", "Merge", "NextIteration", "Switch", "_SwitchN"}
)
_INPUT_SHAPES: Final = "_input_shapes"


@dataclass(frozen=True, slots=True)
class _Call:
    """How an op hands its inputs to functions.

    Attributes:
        first: The first input that the functions get.
        types: The attribute with the types of these inputs.
        functions: The attributes that name the functions.
    """

    first: int
    types: str
    functions: tuple[str, ...]


_IF: Final = _Call(1, "Tin", ("then_branch", "else_branch"))
_PARTITIONED: Final = _Call(0, "Tin", ("f",))
_WHILE: Final = _Call(0, "T", ("body", "cond"))
_CALLS: Final[Mapping[str, _Call]] = {
    "Case": _Call(1, "Tin", ("branches",)),
    "If": _IF,
    "PartitionedCall": _PARTITIONED,
    "StatefulPartitionedCall": _PARTITIONED,
    "StatelessCase": _Call(1, "Tin", ("branches",)),
    "StatelessIf": _IF,
    "StatelessWhile": _WHILE,
    "While": _WHILE,
}


def variable_tensors(
    graph_def: GraphDef,
    allowed: Collection[str] | None = None,
    denied: Collection[str] | None = None,
) -> dict[str, str]:
    """Return the variables to freeze, and the tensors that have their values.

    Args:
        graph_def: The graph.
        allowed: Names of the variables to freeze; None for all.
        denied: Names of variables to leave as they are.
    """
    found = {}
    for node in graph_def.node:
        name = node.name
        if node.op not in _VARIABLES or name in (denied or ()):
            continue
        if allowed is None or name in allowed:
            is_handle = node.op == "VarHandleOp"
            found[name] = f"{name}/Read/ReadVariableOp:0" if is_handle else f"{name}:0"
    return found


def freeze(graph_def: GraphDef, values: Mapping[str, Any]) -> GraphDef:
    """Return the graph with constants in the place of variables.

    Args:
        graph_def: The graph; not changed.
        values: Arrays by names of variables.

    Raises:
        ValueError: Rows of a variable are gathered in batches.
    """
    frozen = GraphDef()
    frozen.CopyFrom(graph_def)
    freezing = _Freezing(frozen)
    by_name = {node.name: node for node in frozen.node}
    for name, value in values.items():
        variable = by_name[name]
        dtype = variable.attr["dtype"].type
        _become_constant(variable, dtype, value)
        freezing.spread(freezing.main, name, dtype, value.shape)
    freezing.finish(graph_def)
    return frozen


@dataclass(slots=True)
class _Body:
    """The nodes of a graph or of a function.

    Attributes:
        nodes: The nodes, as a repeated field.
        function: The function; None for the graph.
        users: The nodes that take an output of a node, or an argument, by its name,
            and as which of their inputs.
    """

    nodes: Any
    function: FunctionDef | None = None
    users: dict[str, list[tuple[NodeDef, int]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Find the users."""
        for node in self.nodes:
            for number, text in enumerate(node.input):
                if not text.startswith("^"):
                    name = text.partition(":")[0]
                    self.users.setdefault(name, []).append((node, number))


class _Freezing:
    """A graph in which variables become constants one by one."""

    def __init__(self, frozen: GraphDef) -> None:
        self.main = _Body(frozen.node)
        self._library = frozen.library
        self._functions = {f.signature.name: f for f in frozen.library.function}
        self._bodies: dict[str, _Body] = {}
        self._renamed: dict[str, str] = {}

    def spread(self, body: _Body, name: str, dtype: int, dims: Any) -> None:
        """Rewrite all that takes what was a variable, or the handle of one.

        Args:
            body: Where it is.
            name: The node, or the argument of the function.
            dtype: The type of the value.
            dims: The shape of the value.
        """
        waiting, seen = [name], {name}
        while waiting:
            for user, number in body.users.get(waiting.pop(), ()):
                call = _CALLS.get(user.op)
                if call is not None:
                    self._follow_call(user, number, call, dtype, dims)
                elif user.op in _PASSING_ON:
                    user.attr["T"].type = dtype  # type: ignore[assignment]  # a number
                    user.attr.pop(OUTPUT_SHAPES, None)
                    if user.name not in seen:
                        seen.add(user.name)
                        waiting.append(user.name)
                elif user.op in _READS:
                    _READS[user.op](body, user)

    def _follow_call(
        self, node: NodeDef, number: int, call: _Call, dtype: int, dims: Any
    ) -> None:
        index = number - call.first
        if index < 0:
            return
        node.attr[call.types].list.type[index] = dtype  # type: ignore[call-overload]
        for attr in call.functions:
            value = node.attr[attr]
            for function in value.list.func if value.HasField("list") else [value.func]:
                original = self._original(function.name)
                function.name = self._convert(original, index, dtype, dims)
                if call is _WHILE and attr == "body":
                    body = self._bodies[original].function
                    assert body is not None
                    body.signature.output_arg[index].type = dtype  # type: ignore[assignment]
        if call is _WHILE and len(node.attr["output_shapes"].list.shape):
            shape = node.attr["output_shapes"].list.shape[index]
            shape.Clear()
            for dim in dims:
                shape.dim.add(size=dim)

    def _original(self, name: str) -> str:
        return next((old for old, new in self._renamed.items() if new == name), name)

    def _convert(self, name: str, index: int, dtype: int, dims: Any) -> str:
        """Make an argument of a function a value; return the function's new name."""
        body = self._bodies.get(name)
        if body is None:
            stored = self._functions[name]
            body = self._bodies[name] = _Body(stored.node_def, stored)
            self._renamed[name] = stored.signature.name = self._new_name(name)
        function = body.function
        assert function is not None
        argument = function.signature.input_arg[index]
        if argument.type != dtype:
            argument.type = dtype  # type: ignore[assignment]  # the enum's numbers
            _forget_shape(function.attr, _INPUT_SHAPES, index)
            _forget_shape(function.arg_attr[index].attr, OUTPUT_SHAPES, 0)
            self.spread(body, argument.name, dtype, dims)
        return self._renamed[name]

    def _new_name(self, name: str) -> str:
        stem, underscore, number = name.rpartition("_")
        base = stem if underscore and number.isdigit() else name
        count = 0
        taken = {*self._functions, *self._renamed.values()}
        while f"{base}_frozen_{count}" in taken:
            count += 1
        return f"{base}_frozen_{count}"

    # TF: leaves such calls without their function.
    def finish(self, source: GraphDef) -> None:
        """Keep functions that are also called with what is no frozen variable."""
        needed = {
            name
            for nodes in (
                self.main.nodes,
                *(function.node_def for function in self._library.function),
            )
            for node in nodes
            for value in node.attr.values()
            for name in (value.func.name, *(f.name for f in value.list.func))
        }
        for function in source.library.function:
            name = function.signature.name
            if name in self._renamed and name in needed:
                self._library.function.append(function)


def _forget_shape(attrs: Any, name: str, index: int) -> None:
    if name in attrs:
        shape = attrs[name].list.shape[index]
        shape.Clear()
        shape.unknown_rank = True


def _become_constant(node: NodeDef, dtype: int, value: Any) -> None:
    name = node.name
    node.Clear()
    node.name, node.op = name, "Const"
    node.attr["dtype"].type = dtype  # type: ignore[assignment]  # the enum's numbers
    tensor = make_tensor_proto(value, dtype=from_enum(dtype), shape=value.shape)
    node.attr["value"].tensor.CopyFrom(tensor)


def _read(body: _Body, node: NodeDef) -> None:
    _replace(node, "Identity", node.input[:1], {"T": "dtype"})
    # Inside functions outputs go by their names, which differ.
    if body.function is not None:
        before, after = f"{node.name}:value", f"{node.name}:output"
        for user, number in body.users.get(node.name, ()):
            user.input[number] = user.input[number].replace(before, after, 1)
        for name, text in body.function.ret.items():
            body.function.ret[name] = text.replace(before, after, 1)


# TF: leaves gathers inside functions as they are, without a variable to gather from.
def _gather(body: _Body, node: NodeDef) -> None:
    batch_dims = node.attr["batch_dims"].i
    if batch_dims != 0:
        raise ValueError(
            f"batch_dims must be 0 for freeze_graph, but got node({node.name})."
            f"attr('batch_dims') = {batch_dims}."
        )
    number = node.attr["Tindices"].type
    axis = body.nodes.add(name=f"{node.name}/axis", op="Const")
    axis.attr["dtype"].type = number
    zero = make_tensor_proto(0, dtype=from_enum(number), shape=())
    axis.attr["value"].tensor.CopyFrom(zero)
    _replace(
        node,
        "GatherV2",
        [
            *node.input[:2],
            axis.name if body.function is None else f"{axis.name}:output:0",
        ],
        {"Tparams": "dtype", "Tindices": "Tindices", "Taxis": "Tindices"},
    )


def _gather_nd(_: _Body, node: NodeDef) -> None:
    attrs = {"Tparams": "dtype", "Tindices": "Tindices"}
    _replace(node, "GatherNd", node.input[:2], attrs)


def _replace(
    node: NodeDef, op_type: str, inputs: list[str], attrs: Mapping[str, str]
) -> None:
    """Make another op of a node, with attributes taken from its own."""
    before = NodeDef()
    before.CopyFrom(node)
    node.Clear()
    node.name, node.op = before.name, op_type
    node.input.extend(inputs)
    for name, source in attrs.items():
        node.attr[name].CopyFrom(before.attr[source])
    if "_class" in before.attr:
        node.attr["_class"].CopyFrom(before.attr["_class"])


_READS: Final[Mapping[str, Callable[[_Body, NodeDef], None]]] = {
    "ReadVariableOp": _read,
    "ResourceGather": _gather,
    "ResourceGatherNd": _gather_nd,
}
