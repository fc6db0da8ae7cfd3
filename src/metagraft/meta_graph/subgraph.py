"""Parts of a `GraphDef`: what outputs need, and what only training needs.

Source: tensorflow python/framework/graph_util_impl.py.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any, Final

from metagraft.graph.graph import Graph
from metagraft.graph.operation import Operation
from metagraft.graph.scope_names import COLOCATION
from metagraft.graph.shapes import TensorShape
from metagraft.proto import DataType, GraphDef, NodeDef
from metagraft.proto.coercion import as_message

_VARIABLE_OPS: Final = frozenset(
    {
        "Assign",
        "AssignAdd",
        "AssignSub",
        "Queue",
        "ScatterAdd",
        "ScatterSub",
        "ScatterUpdate",
        "TruncatedNormal",
        "Variable",
        "VariableV2",
    }
)
# Op type -> attribute with the type, and the types that must be on the CPU.
_ON_CPU: Final = {
    "Const": ("dtype", (DataType.DT_STRING, DataType.DT_INT32)),
    "DynamicStitch": ("T", (DataType.DT_INT32,)),
    "ParallelDynamicStitch": ("T", (DataType.DT_INT32,)),
    "Cast": ("SrcT", (DataType.DT_INT32,)),
}
_CHECKS: Final = frozenset({"CheckNumerics"})
_PASSING_ON: Final = frozenset({"Identity", "StopGradient"})


def extract_sub_graph(graph_def: Any, dest_nodes: Iterable[str]) -> GraphDef:
    """Return the nodes that some nodes need, with all functions.

    Args:
        graph_def: `GraphDef`, ours or TensorFlow's; not changed.
        dest_nodes: Names of the nodes to keep. Nodes that a kept node is colocated
            with are kept too.

    Raises:
        TypeError: An argument has the wrong type.
        AssertionError: A name is not in the graph.
    """
    try:
        source = as_message(graph_def, GraphDef)
    except TypeError:
        raise TypeError(
            f"graph_def must be a graph_pb2.GraphDef proto, but got type "
            f"{type(graph_def)}."
        ) from None
    if isinstance(dest_nodes, str):
        raise TypeError(
            f"dest_nodes must be an iterable of strings, but got type "
            f"{type(dest_nodes)}."
        )
    by_name = {node.name: node for node in source.node}
    waiting = list(dest_nodes)
    for name in waiting:
        assert name in by_name, f"{name} is not in graph"
    kept: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name in kept:
            continue
        kept.add(name)
        node = by_name[name]
        waiting += [_node_name(text) for text in node.input]
        waiting += [other for other in _colocated(node) if other in by_name]
    part = GraphDef(library=source.library, versions=source.versions)
    part.node.extend(node for node in source.node if node.name in kept)
    return part


def remove_training_nodes(
    input_graph: Any, protected_nodes: Collection[str] | None = None
) -> GraphDef:
    """Return the nodes without checks and without those that only pass values on.

    Args:
        input_graph: `GraphDef`, ours or TensorFlow's; not changed.
        protected_nodes: Names of nodes that stay.

    Returns:
        The nodes only. `Identity` and `StopGradient` stay where a control input or
        colocation depends on them.
    """
    source = as_message(input_graph, GraphDef)
    protected = frozenset(protected_nodes or ())
    # TF: who takes the value of a check loses that input.
    checks = {
        node.name: node.input[0]
        for node in source.node
        if node.op in _CHECKS and node.name not in protected
    }
    nodes = GraphDef()
    for node in source.node:
        if node.name not in checks:
            kept = nodes.node.add()
            kept.CopyFrom(node)
            kept.input[:] = [
                _followed(text, checks)
                for text in node.input
                if not (text.startswith("^") and text[1:] in checks)
            ]
    shortcuts = _shortcuts(nodes.node, protected)
    result = GraphDef()
    for node in nodes.node:
        if node.name not in shortcuts:
            node.input[:] = [_followed(text, shortcuts) for text in node.input]
            result.node.append(node)
    return result


def _shortcuts(nodes: Iterable[NodeDef], protected: frozenset[str]) -> dict[str, str]:
    """Return the input of every node that only passes it on, by the node's name."""
    waited_for: set[str] = set()
    waiting: set[str] = set()
    together: set[str] = set()
    for node in nodes:
        together.update(_colocated(node))
        control = [text[1:] for text in node.input if text.startswith("^")]
        waited_for.update(control)
        if control:
            waiting.add(node.name)
    kept = protected | together | waiting | waited_for
    return {
        node.name: node.input[0]
        for node in nodes
        if node.op in _PASSING_ON and node.name not in kept
    }


def _followed(text: str, shortcuts: dict[str, str]) -> str:
    while text.removeprefix("^") in shortcuts:
        text = shortcuts[text.removeprefix("^")]
    return text


def must_run_on_cpu(node: Any, pin_variables_on_cpu: bool = False) -> bool:
    """Return whether TensorFlow has a node's op and type on the CPU only.

    Args:
        node: An operation or its `NodeDef`.
        pin_variables_on_cpu: Whether variables count too.
    """
    stored = node.node_def if isinstance(node, Operation) else as_message(node, NodeDef)
    if pin_variables_on_cpu and stored.op in _VARIABLE_OPS:
        return True
    if stored.op not in _ON_CPU:
        return False
    attr, types = _ON_CPU[stored.op]
    return attr in stored.attr and stored.attr[attr].type in types


def tensor_shape_from_node_def_name(graph: Graph, input_name: str) -> TensorShape:
    """Return the shape of the tensor that an input of a node names."""
    name = input_name if ":" in input_name else f"{input_name}:0"
    return graph.get_tensor_by_name(name).get_shape()


def _node_name(text: str) -> str:
    return text[1:] if text.startswith("^") else text.partition(":")[0]


def _colocated(node: NodeDef) -> list[str]:
    if "_class" not in node.attr:
        return []
    entries = node.attr["_class"].list.s
    return [entry.removeprefix(COLOCATION).decode() for entry in entries]
