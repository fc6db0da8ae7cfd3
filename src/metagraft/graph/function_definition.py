"""A graph with inputs and outputs as a `FunctionDef`.

In a function, arguments and nodes share one space of names, and an edge names the
output argument that it comes from: `node:output_arg:index`. `function_body` is the way
back.

Source: tensorflow core/framework/graph_to_functiondef.cc GraphToFunctionDef.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from metagraft.errors import InvalidArgumentError
from metagraft.graph.argument_lists import split_by_argument
from metagraft.graph.dtypes import resource
from metagraft.graph.function_hash import name_with_hash
from metagraft.graph.graph import Graph
from metagraft.graph.operation import Operation
from metagraft.graph.store import OUTPUT_SHAPES
from metagraft.graph.tensor import Tensor
from metagraft.proto import FunctionDef


class _Names:
    """The names inside of a function, arguments and nodes alike."""

    __slots__ = ("_counts", "_given")

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}
        self._given: dict[str, str] = {}

    def output(self, name: str) -> str:
        """Return the name of an output argument after a node."""
        return self._unique(_as_argument(name))

    def take(self, name: str) -> None:
        """Take a name that the caller chose.

        Raises:
            InvalidArgumentError: It is taken.
        """
        if name in self._counts:
            raise InvalidArgumentError(
                None,
                None,
                "Cannot have duplicate output names. Name "
                f"'{name}' appears more than once in 'output_names' array.",
            )
        self._counts[name] = 0

    def input(self, name: str) -> str:
        """Return the name of the argument that stands for a node."""
        self._given[name] = self._unique(_as_argument(name))
        return self._given[name]

    def node(self, name: str) -> str:
        """Return the name of a node, which is its own where that is free."""
        self._given[name] = self._unique(name)
        return self._given[name]

    def of(self, name: str) -> str | None:
        """Return the name that a node got here, None if it is not in the function."""
        return self._given.get(name)

    def _unique(self, name: str) -> str:
        if name not in self._counts:
            self._counts[name] = 0
            return name
        while True:
            candidate = f"{name}_{self._counts[name]}"
            self._counts[name] += 1
            if candidate not in self._counts:
                self._counts[candidate] = 0
                return candidate


def _as_argument(name: str) -> str:
    """Return a node's name as an argument: lower case, from its first letter on."""
    start = next((i for i, c in enumerate(name) if c.isascii() and c.isalpha()), None)
    if start is None:
        return "unknown"
    return "".join(
        c.lower() if c.isascii() and c.isalnum() else "_" for c in name[start:]
    )


def _check_output_names(names: Sequence[str], outputs: int) -> None:
    """Check that either every output has a name, or none.

    Raises:
        InvalidArgumentError: There are more or fewer names than outputs.
    """
    if names and len(names) != outputs:
        raise InvalidArgumentError(
            None,
            None,
            "output names must be either empty or equal in size to outputs. "
            f"output names size = {len(names)} outputs size = {outputs}",
        )


def function_def_from_graph(
    graph: Graph,
    name: str,
    inputs: Sequence[Tensor],
    outputs: Sequence[Tensor],
    *,
    output_names: Sequence[str] = (),
    control_outputs: Sequence[Operation] = (),
    control_output_names: Sequence[str] = (),
    append_hash: bool = False,
    description: str = "",
) -> FunctionDef:
    """Return the nodes of a graph as the body of a function.

    Args:
        graph: The nodes; those that `inputs` belong to become arguments.
        name: The function's name.
        inputs: Outputs of nodes without inputs, in the order of the arguments.
        outputs: What the function returns.
        output_names: Names of the results; by default after the nodes.
        control_outputs: Operations that run in every call.
        control_output_names: Their names; by default those of the nodes.
        append_hash: Whether a hash of the definition ends the name.
        description: What the function does, in words.

    Raises:
        InvalidArgumentError: Two outputs have the same name, the names are more or
            fewer than the outputs, an operation is not in the graph, or an op is
            unknown.
    """
    function = FunctionDef()
    signature = function.signature
    signature.description = description
    names = _Names()
    _check_output_names(output_names, len(outputs))
    for i, tensor in enumerate(outputs):
        arg = signature.output_arg.add(type=tensor.dtype.as_datatype_enum)
        if output_names:
            names.take(output_names[i])
            arg.name = output_names[i]
        else:
            arg.name = names.output(tensor.op.name)
    edges = _add_arguments(function, inputs, names)
    arguments = {tensor.op for tensor in inputs}
    body = [op for op in graph.get_operations() if op not in arguments]
    for op in body:
        _name_outputs(op, names.node(op.name), edges)
    for op in body:
        _add_node(function, op, names, edges)
    for arg, tensor in zip(signature.output_arg, outputs, strict=True):
        function.ret[arg.name] = edges[tensor]
    _add_control_outputs(function, control_outputs, control_output_names, names)
    signature.name = name_with_hash(name, function) if append_hash else name
    return function


def _add_arguments(
    function: FunctionDef, inputs: Sequence[Tensor], names: _Names
) -> dict[Tensor, str]:
    edges: dict[Tensor, str] = {}
    for position, tensor in enumerate(inputs):
        arg = function.signature.input_arg.add(
            name=names.input(tensor.op.name), type=tensor.dtype.as_datatype_enum
        )
        edges[tensor] = arg.name
        for key, value in tensor.op.node_def.attr.items():
            if key[0] == "_":
                function.arg_attr[position].attr[key].CopyFrom(value)
            elif key == "shape" and tensor.dtype != resource:
                shapes = function.arg_attr[position].attr[OUTPUT_SHAPES]
                shapes.list.shape.add().CopyFrom(value.shape)
    return edges


def _name_outputs(op: Operation, name: str, edges: dict[Tensor, str]) -> None:
    definition = op.definition
    if definition is None:
        raise InvalidArgumentError(
            op.node_def,
            op,
            f"'{op.name}' is of op type '{op.type}', whose signature is not known; it "
            "cannot be part of a function.",
        )
    for arg, part in split_by_argument(op.outputs, definition.outputs, op.attrs):
        for index, tensor in enumerate(part):
            edges.setdefault(tensor, f"{name}:{arg.name}:{index}")


def _add_node(
    function: FunctionDef, op: Operation, names: _Names, edges: dict[Tensor, str]
) -> None:
    node = function.node_def.add()
    node.CopyFrom(op.node_def)
    node.name = names.of(op.name) or ""
    del node.input[:]
    node.input.extend(edges[tensor] for tensor in op.inputs)
    before = sorted({source.name for source in op.control_inputs})
    node.input.extend(f"^{names.of(source)}" for source in before)
    definition = op.definition
    if definition is not None and definition.is_stateful:
        function.signature.is_stateful = True


def _add_control_outputs(
    function: FunctionDef,
    operations: Sequence[Operation],
    given: Iterable[str],
    names: _Names,
) -> None:
    chosen = list(given) or [op.name for op in operations]
    for op, name in zip(operations, chosen, strict=True):
        inside = names.of(op.name)
        if inside is None:
            raise InvalidArgumentError(
                op.node_def, op, f"Control output '{op.name}' is not in the function."
            )
        function.signature.control_output.append(name)
        function.control_ret[name] = inside
