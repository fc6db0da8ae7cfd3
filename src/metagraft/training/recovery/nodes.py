"""A graph's nodes by name, by use, and by what they pass on."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import Final

from metagraft.errors import OpError
from metagraft.graph import dtypes
from metagraft.graph.input_names import node_of_input, split_input
from metagraft.graph.tensor_values import make_ndarray
from metagraft.proto import GraphDef, NodeDef

VARIABLES: Final = ("Variable", "VariableV2", "AutoReloadVariable")
HANDLES: Final = ("VarHandleOp",)

_PASSING: Final = frozenset(
    (
        *("Enter", "Exit", "Identity", "ReadVariableOp", "Switch"),
        *("RefEnter", "RefExit", "RefIdentity", "RefSwitch"),
    )
)
_MOST_REPEATED: Final = 1 << 20  # more copies of one text name no tensors
_MAX_STEPS: Final = 100  # a damaged graph may go round in a circle


class Nodes:
    """The nodes of a graph."""

    def __init__(self, graph_def: GraphDef) -> None:
        """Index the nodes.

        Args:
            graph_def: The graph; in the order in which its nodes were made.
        """
        self.all = tuple(graph_def.node)
        self.by_name = {node.name: node for node in self.all}
        self._users: dict[str, list[NodeDef]] = {}
        for node in self.all:
            for text in data_inputs(node):
                self._users.setdefault(node_of_input(text), []).append(node)

    def of_types(self, op_types: Iterable[str]) -> Iterator[NodeDef]:
        """Iterate over the nodes of some op types."""
        wanted = frozenset(op_types)
        return (node for node in self.all if node.op in wanted)

    def users_of(self, name: str) -> list[NodeDef]:
        """Return the nodes that take what a node gives."""
        return self._users.get(name, [])

    def variable_behind(self, text: str) -> NodeDef | None:
        """Return the variable whose value or reference an input is; None for others."""
        for _ in range(_MAX_STEPS):
            node = self.by_name.get(node_of_input(text))
            if node is None or node.op in VARIABLES or node.op in HANDLES:
                return node
            if node.op not in _PASSING or not node.input:
                return None
            text = node.input[0]
        return None

    def texts_of(self, text: str) -> list[str]:
        """Return the strings of a constant; none if an input is no such thing."""
        node = self.by_name.get(node_of_input(text))
        if node is None or node.op != "Const":
            return []
        tensor = node.attr["value"].tensor
        sizes = [dim.size for dim in tensor.tensor_shape.dim]
        if math.prod(sizes) > max(len(tensor.string_val), _MOST_REPEATED):
            return []
        try:
            values = make_ndarray(tensor).ravel().tolist()
        except (OpError, ValueError, TypeError):
            return []
        return [
            value.decode(errors="replace") if isinstance(value, bytes) else str(value)
            for value in values
        ]


def data_inputs(node: NodeDef) -> list[str]:
    """Return the inputs of a node that are no control inputs."""
    return [text for text in node.input if not text.startswith("^")]


def tensor_name(text: str) -> str:
    """Return the name of the tensor that an input is: with a port."""
    _, name, port = split_input(text)
    return f"{name}{port or ':0'}"


def dtype_of(variable: NodeDef) -> dtypes.DType | None:
    """Return the element type of a variable; None if its node does not tell."""
    if "dtype" not in variable.attr:
        return None
    try:
        return dtypes.as_dtype(variable.attr["dtype"].type).base_dtype
    except TypeError:
        return None


def shape_of(variable: NodeDef) -> tuple[int, ...] | None:
    """Return the shape of a variable; None if it is not fully known."""
    if "shape" not in variable.attr:
        return None
    shape = variable.attr["shape"].shape
    sizes = tuple(dim.size for dim in shape.dim)
    return None if shape.unknown_rank or -1 in sizes else sizes
