"""Variables of a `GraphDef` as constants: a graph that needs no checkpoint.

Source: tensorflow python/framework/convert_to_constants.py.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any, Final

from metagraft.errors import UnimplementedError
from metagraft.graph.dtypes import from_enum
from metagraft.graph.store import OUTPUT_SHAPES
from metagraft.graph.tensor_values import make_tensor_proto
from metagraft.proto import GraphDef, NodeDef

_VARIABLES: Final = frozenset({"Variable", "VariableV2", "VarHandleOp"})
# Ops that pass a variable on: their type becomes that of its value.
_PASSING_ON: Final = frozenset(
    {"Enter", "Exit", "Identity", "Merge", "NextIteration", "Switch", "_SwitchN"}
)
_CALLS: Final = frozenset(
    {
        "Case",
        "If",
        "PartitionedCall",
        "StatefulPartitionedCall",
        "StatelessIf",
        "StatelessWhile",
        "While",
    }
)


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
        UnimplementedError: A variable is handed to a function.
        ValueError: Rows of a variable are gathered in batches.
    """
    frozen = GraphDef()
    frozen.CopyFrom(graph_def)
    by_name = {node.name: node for node in frozen.node}
    users: dict[str, list[tuple[NodeDef, int]]] = {}
    for node in frozen.node:
        for number, text in enumerate(node.input):
            if not text.startswith("^"):
                name = text.partition(":")[0]
                users.setdefault(name, []).append((node, number))
    for name, value in values.items():
        variable = by_name[name]
        dtype = variable.attr["dtype"].type
        _become_constant(variable, dtype, value)
        waiting, seen = [name], {name}
        while waiting:
            for user, number in users.get(waiting.pop(), ()):
                _follow(frozen, user, number, dtype)
                if user.op in _PASSING_ON and user.name not in seen:
                    seen.add(user.name)
                    waiting.append(user.name)
    return frozen


def _become_constant(node: NodeDef, dtype: int, value: Any) -> None:
    name = node.name
    node.Clear()
    node.name, node.op = name, "Const"
    node.attr["dtype"].type = dtype  # type: ignore[assignment]  # the enum's numbers
    tensor = make_tensor_proto(value, dtype=from_enum(dtype), shape=value.shape)
    node.attr["value"].tensor.CopyFrom(tensor)


def _follow(graph_def: GraphDef, user: NodeDef, number: int, dtype: int) -> None:
    """Rewrite a node that takes what was a variable as its input `number`."""
    if user.op in _PASSING_ON:
        user.attr["T"].type = dtype  # type: ignore[assignment]  # the enum's numbers
        user.attr.pop(OUTPUT_SHAPES, None)
    elif user.op in _CALLS:
        raise UnimplementedError(
            None,
            None,
            f"{user.op} '{user.name}' hands a variable to a function (input {number}); "
            "such variables are not frozen. Leave them out by "
            "variable_names_blacklist.",
        )
    else:
        rewrite = _READS.get(user.op)
        if rewrite is not None:
            rewrite(graph_def, user)


def _read(_: GraphDef, node: NodeDef) -> None:
    _replace(node, "Identity", node.input[:1], {"T": "dtype"})


def _gather(graph_def: GraphDef, node: NodeDef) -> None:
    batch_dims = node.attr["batch_dims"].i
    if batch_dims != 0:
        raise ValueError(
            f"batch_dims must be 0 for freeze_graph, but got node({node.name})."
            f"attr('batch_dims') = {batch_dims}."
        )
    number = node.attr["Tindices"].type
    axis = graph_def.node.add(name=f"{node.name}/axis", op="Const")
    axis.attr["dtype"].type = number
    zero = make_tensor_proto(0, dtype=from_enum(number), shape=())
    axis.attr["value"].tensor.CopyFrom(zero)
    _replace(
        node,
        "GatherV2",
        [*node.input[:2], axis.name],
        {"Tparams": "dtype", "Tindices": "Tindices", "Taxis": "Tindices"},
    )


def _gather_nd(_: GraphDef, node: NodeDef) -> None:
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


_READS: Final[Mapping[str, Callable[[GraphDef, NodeDef], None]]] = {
    "ReadVariableOp": _read,
    "ResourceGather": _gather,
    "ResourceGatherNd": _gather_nd,
}
