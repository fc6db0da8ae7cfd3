"""A `FunctionDef` as the nodes of a graph: the way back from `function_definition`.

Edges of a function name the output argument that they come from; those of a graph
count the outputs of a node. Attributes that a call gives (`$T`) are filled in.

Source: tensorflow python/framework/function_def_to_graph.py, core/framework/
function.cc InstantiateFunction.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from metagraft.errors import InvalidArgumentError
from metagraft.graph.argument_lists import split_by_argument
from metagraft.graph.attrs import Attrs
from metagraft.graph.catalogue import OpDef
from metagraft.graph.dtypes import from_enum
from metagraft.graph.function_graph import FunctionGraph
from metagraft.graph.functions import FunctionLibrary
from metagraft.graph.graph import Graph
from metagraft.graph.import_graph_def import import_owned_graph_def
from metagraft.graph.import_signatures import definition_from_message
from metagraft.graph.shapes import Dims, dims_from_proto, dims_to_proto
from metagraft.graph.store import OUTPUT_SHAPES
from metagraft.graph.tensor import Tensor
from metagraft.proto import (
    AttrValue,
    DataType,
    FunctionDef,
    GraphDef,
    NodeDef,
    TensorProto,
)
from metagraft.proto import OpDef as OpDefProto

# Attributes of nodes that name functions, by op type; others name theirs as op type.
CALLED: Final[Mapping[str, tuple[str, ...]]] = {
    "PartitionedCall": ("f",),
    "StatefulPartitionedCall": ("f",),
    "RemoteCall": ("f",),
    "BatchFunction": ("f",),
    "XlaLaunch": ("function",),
    "XlaLaunchV2": ("function",),
    "SymbolicGradient": ("f",),
    "If": ("then_branch", "else_branch"),
    "StatelessIf": ("then_branch", "else_branch"),
    "_If": ("then_branch", "else_branch"),
    "Case": ("branches",),
    "StatelessCase": ("branches",),
    "While": ("cond", "body"),
    "StatelessWhile": ("cond", "body"),
    "_While": ("cond", "body"),
    "For": ("body",),
    "XlaIf": ("then_branch", "else_branch"),
    "XlaWhile": ("cond", "body"),
}
# Those that are the function and nothing else.
CALLS: Final = (
    "PartitionedCall",
    "StatefulPartitionedCall",
    "BatchFunction",  # TF: a batch is what one run brings.
    "XlaLaunch",
    "XlaLaunchV2",
)


@dataclass(frozen=True, slots=True)
class Body:
    """The nodes of one function.

    Attributes:
        arguments: The names of its arguments.
        types: Their types.
        nodes: The nodes, with edges as in a graph: `node`, `node:1`, `^node`.
        results: The edges that it returns; an argument is named without number.
        control_results: The nodes that run in every call.
    """

    arguments: tuple[str, ...]
    types: tuple[DataType, ...]
    nodes: tuple[NodeDef, ...]
    results: tuple[str, ...]
    control_results: tuple[str, ...]


def body_of(
    function: FunctionDef,
    attrs: Mapping[str, AttrValue],
    definition_of: Callable[[str], OpDef | None],
) -> Body:
    """Return the nodes of a function.

    Args:
        function: Its definition; not changed.
        attrs: What a call gives for the attributes of the function.
        definition_of: Returns the signature of an op type or function.

    Raises:
        InvalidArgumentError: An edge comes from nowhere, an attribute is missing, or
            an op is unknown whose outputs are used.
    """
    signature = function.signature
    name = signature.name
    given = _given_attrs(function, attrs)
    nodes = [_instantiated(node, given, name) for node in function.node_def]
    arguments = tuple(arg.name for arg in signature.input_arg)
    edges = _Edges(name, frozenset(arguments), nodes, definition_of)
    for node in nodes:
        node.input[:] = [edges.flat(text, node.name) for text in node.input]
    types = []
    for arg in signature.input_arg:
        if arg.number_attr or arg.type_list_attr:
            raise InvalidArgumentError(
                None, None, f"Function '{name}': argument '{arg.name}' is a list."
            )
        types.append(given[arg.type_attr].type if arg.type_attr else arg.type)
    return Body(
        arguments,
        tuple(types),
        tuple(nodes),
        tuple(
            edges.flat(function.ret.get(arg.name, arg.name), arg.name)
            for arg in signature.output_arg
        ),
        tuple(function.control_ret.values()),
    )


def _given_attrs(
    function: FunctionDef, attrs: Mapping[str, AttrValue]
) -> Mapping[str, AttrValue]:
    found = {}
    for attr in function.signature.attr:
        if attr.name in attrs:
            found[attr.name] = attrs[attr.name]
        elif attr.HasField("default_value"):
            found[attr.name] = attr.default_value
        else:
            raise InvalidArgumentError(
                None,
                None,
                f"Function '{function.signature.name}' needs attribute '{attr.name}', "
                "which its call does not give.",
            )
    return found


def _instantiated(
    node: NodeDef, given: Mapping[str, AttrValue], function: str
) -> NodeDef:
    copy = NodeDef()
    copy.CopyFrom(node)
    for key, value in copy.attr.items():
        if value.WhichOneof("value") == "placeholder":
            if value.placeholder not in given:
                raise InvalidArgumentError(
                    None,
                    None,
                    f"Node '{node.name}' of function '{function}': attribute '{key}' "
                    f"is '{value.placeholder}', which the function does not have.",
                )
            copy.attr[key].CopyFrom(given[value.placeholder])
    return copy


class _Edges:
    """Finds which output of a node an edge of a function means."""

    __slots__ = ("_arguments", "_definition_of", "_function", "_nodes", "_starts")

    def __init__(
        self,
        function: str,
        arguments: frozenset[str],
        nodes: Sequence[NodeDef],
        definition_of: Callable[[str], OpDef | None],
    ) -> None:
        self._function = function
        self._arguments = arguments
        self._nodes = {node.name: node for node in nodes}
        self._definition_of = definition_of
        self._starts: dict[str, dict[str, int]] = {}

    def flat(self, text: str, user: str) -> str:
        """Return an edge of the function as an edge of a graph."""
        if text.startswith("^"):
            return text
        name, *rest = text.split(":")
        if name in self._arguments and (not rest or rest == ["0"]):
            return name
        if name not in self._nodes:
            raise InvalidArgumentError(
                None,
                None,
                f"Function '{self._function}': '{user}' uses '{text}', and there is no "
                f"node or argument '{name}'.",
            )
        if not rest or (len(rest) == 1 and rest[0].isdigit()):
            return text
        starts = self._output_starts(name)
        if rest[0] not in starts:
            raise InvalidArgumentError(
                None,
                None,
                f"Function '{self._function}': '{user}' uses '{text}', and "
                f"'{name}' ({self._nodes[name].op}) has no output '{rest[0]}'.",
            )
        index = starts[rest[0]] + (int(rest[1]) if len(rest) > 1 else 0)
        return f"{name}:{index}" if index else name

    def _output_starts(self, name: str) -> dict[str, int]:
        found = self._starts.get(name)
        if found is None:
            node = self._nodes[name]
            definition = self._definition_of(node.op)
            if definition is None:
                raise InvalidArgumentError(
                    None,
                    None,
                    f"Function '{self._function}': the signature of op type '{node.op}'"
                    f" (node '{name}') is not known.",
                )
            found, position = {}, 0
            attrs = Attrs(node, definition)
            many = range(1 << 16)
            try:
                for arg, part in split_by_argument(many, definition.outputs, attrs):
                    found[arg.name] = position
                    position += len(part)
            except KeyError as error:
                raise InvalidArgumentError(
                    None,
                    None,
                    f"Function '{self._function}': node '{name}' ({node.op}) has no "
                    f"attribute {error}.",
                ) from error
            self._starts[name] = found
        return found


def functions_called(nodes: Sequence[NodeDef], library: FunctionLibrary) -> list[str]:
    """Return the functions of a library that nodes call, each once."""
    found: dict[str, None] = {}
    for node in nodes:
        if node.op in library:
            found[node.op] = None
        for value in node.attr.values():
            kind = value.WhichOneof("value")
            if kind == "func":
                found[value.func.name] = None
            elif kind == "list":
                found.update(dict.fromkeys(f.name for f in value.list.func))
    return [name for name in found if name in library]


def reachable_functions(names: Sequence[str], library: FunctionLibrary) -> list[str]:
    """Return functions and all that they call, each once; also if in a circle."""
    found: dict[str, None] = {}
    waiting = list(reversed(names))
    while waiting:
        name = waiting.pop()
        function = library.get(name)
        if name in found or function is None:
            continue
        found[name] = None
        waiting.extend(functions_called(list(function.node_def), library))
        gradient = library.gradient_of(name)
        if gradient is not None:
            waiting.append(gradient)
    return list(found)


def definitions_in(
    library: FunctionLibrary, graph: Graph
) -> Callable[[str], OpDef | None]:
    """Return a function that finds signatures of ops and of functions of a library."""

    def definition_of(op_type: str) -> OpDef | None:
        known = graph.definition_of(op_type)
        if known is not None:
            return known
        function = library.get(op_type)
        return None if function is None else definition_from_message(function.signature)

    return definition_of


def function_graph_from_def(
    function: FunctionDef,
    source: Graph,
    *,
    attrs: Mapping[str, AttrValue] | None = None,
    input_shapes: Sequence[Dims] | None = None,
    input_values: Mapping[int, TensorProto] | None = None,
    prefers_declared: bool = False,
) -> FunctionGraph:
    """Return a function as a graph that can be looked at and added to.

    Args:
        function: Its definition.
        source: The graph whose library has the functions that it calls.
        attrs: What a call gives for the attributes of the function.
        input_shapes: Shapes of the arguments; by default those that it declares.
        input_values: The values of arguments that are constants of the call.
        prefers_declared: Whether what it declares of an argument counts nevertheless.

    Raises:
        InvalidArgumentError: The function is malformed.
        ValueError: A node does not fit its op.
    """
    library = source.functions
    body = body_of(function, attrs or {}, definitions_in(library, source))
    graph_def = GraphDef(versions=source.graph_def_versions)
    for position, (name, dtype) in enumerate(
        zip(body.arguments, body.types, strict=True)
    ):
        node = graph_def.node.add(name=name, op="Placeholder")
        node.attr["dtype"].CopyFrom(AttrValue(type=dtype))
        if input_values and position in input_values:
            node.op = "Const"
            node.attr["value"].tensor.CopyFrom(input_values[position])
            continue
        shape = _argument_shape(function, position, input_shapes, prefers_declared)
        node.attr["shape"].shape.CopyFrom(dims_to_proto(shape))
        if position in function.arg_attr:
            for key, value in function.arg_attr[position].attr.items():
                if key[0] == "_" and key != OUTPUT_SHAPES:
                    node.attr[key].CopyFrom(value)
    graph_def.node.extend(body.nodes)
    called = functions_called(list(function.node_def), library)
    for name in reachable_functions(called, library):
        found = library.get(name)
        assert found is not None
        graph_def.library.function.add().CopyFrom(found)
    with source.as_default():
        graph = FunctionGraph(function.signature.name)
    with graph.as_default():
        import_owned_graph_def(graph_def, name="")
    graph.inputs = [graph.operation_named(n).outputs[0] for n in body.arguments]
    graph.outputs = [_tensor(graph, text) for text in body.results]
    graph.control_outputs = [graph.operation_named(n) for n in body.control_results]
    names = (arg.name for arg in function.signature.output_arg)
    _take_handles(graph.inputs, function.signature.input_arg)
    _take_handles(graph.outputs, function.signature.output_arg)
    graph.is_copy = True
    graph.output_names = dict(zip(graph.outputs, names, strict=True))
    return graph


def _tensor(graph: Graph, text: str) -> Tensor:
    name, _, port = text.partition(":")
    return graph.operation_named(name).outputs[int(port or 0)]


def _take_handles(tensors: Sequence[Tensor], args: Iterable[OpDefProto.ArgDef]) -> None:
    """Note what the function says of variables behind arguments and results."""
    for tensor, arg in zip(tensors, args, strict=True):
        for behind in arg.handle_data[:1]:
            known = dims_from_proto(behind.shape), from_enum(behind.dtype)
            tensor.graph.handles[tensor] = known


def _argument_shape(
    function: FunctionDef,
    position: int,
    given: Sequence[Dims] | None,
    prefers_declared: bool,
) -> Dims:
    attrs: Any = (
        function.arg_attr[position].attr if position in function.arg_attr else {}
    )
    if given is not None and not prefers_declared:
        return given[position]
    if OUTPUT_SHAPES in attrs and len(attrs[OUTPUT_SHAPES].list.shape):
        return dims_from_proto(attrs[OUTPUT_SHAPES].list.shape[0])
    if given is not None:
        return given[position]
    if "_input_shapes" in function.attr:
        shapes = function.attr["_input_shapes"].list.shape
        if position < len(shapes):
            return dims_from_proto(shapes[position])
    return None
