"""The signatures that travel with a graph: `MetaInfoDef.stripped_op_list`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from metagraft.graph import catalogue
from metagraft.proto import GraphDef, NodeDef, OpList

# Ops whose attribute `f` names a function that counts as used, as in TensorFlow.
_CALLS: Final = ("PartitionedCall", "StatefulPartitionedCall")


def ops_used_by_graph_def(graph_def: GraphDef) -> list[str]:
    """Return the names of the primitive ops of a graph and of what it calls.

    Source: tensorflow python/framework/meta_graph.py ops_used_by_graph_def.
    """
    return sorted(used_op_types(graph_def))


def stripped_op_list_for_graph(graph_def: GraphDef) -> OpList:
    """Return the signatures of the ops that a graph uses, sorted by name.

    Ops that are not catalogued are left out.

    Source: tensorflow python/framework/meta_graph.py stripped_op_list_for_graph.
    """
    return stripped_op_list(used_op_types(graph_def))


def used_op_types(
    graph_def: GraphDef, op_types: Iterable[str] | None = None
) -> set[str]:
    """Return the primitive ops of a graph and of the functions that it calls.

    Args:
        graph_def: The graph; its library holds the functions.
        op_types: The op types of its nodes where they are known already.
    """
    functions = {f.signature.name: f for f in graph_def.library.function}
    nodes = graph_def.node
    used = {node.op for node in nodes} if op_types is None else set(op_types)
    if not functions:
        return used
    pending = [*used, *_called_functions(nodes, used)]
    used.clear()
    while pending:
        op_type = pending.pop()
        if op_type in used:
            continue
        used.add(op_type)
        function = functions.get(op_type)
        if function is not None:
            inner = {node.op for node in function.node_def}
            pending += inner
            pending += _called_functions(function.node_def, inner)
    return used.difference(functions)


def stripped_op_list(op_types: Iterable[str]) -> OpList:
    """Return the signatures of the catalogued ops among `op_types`, sorted by name."""
    definitions = OpList()
    for op_type in sorted(op_types):
        op_def = catalogue.get(op_type)
        if op_def is not None:
            definitions.op.append(op_def.to_proto())
    return definitions


def _called_functions(nodes: Iterable[NodeDef], op_types: set[str]) -> Iterator[str]:
    if op_types.isdisjoint(_CALLS):
        return
    for node in nodes:
        if node.op in _CALLS:
            yield node.attr["f"].func.name
