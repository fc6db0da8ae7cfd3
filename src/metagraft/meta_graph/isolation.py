"""Names that are shared between nodes by their text, made an import's own.

Resources (variables, queues, tables, iterators) with one `shared_name` are one resource
in a session, `Enter`s with one `frame_name` are one loop in a run, and temporary
variables with one `var_name` one value. Two imports of one MetaGraph would mix them up.

Source: tensorflow core/framework/resource_mgr.h ContainerInfo; core/kernels/
control_flow_ops.cc.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cache, partial
from itertools import chain
from typing import Final

from metagraft.graph import catalogue
from metagraft.graph.graph import Graph
from metagraft.meta_graph.isolated_functions import isolate_functions
from metagraft.proto import GraphDef, NodeDef

_FRAMES: Final = {"Enter": "frame_name", "RefEnter": "frame_name"}
_TEMPORARIES: Final = {
    "TemporaryVariable": "var_name",
    "DestroyTemporaryVariable": "var_name",
}
# In the place of a resource's name: no two nodes share it. Source: tensorflow
# core/framework/resource_handle.h ANONYMOUS_NAME.
_ANONYMOUS: Final = b"cd2c89b7-88b7-44c8-ad83-06c2a9158347"


class Names:
    """Texts of one kind: those taken in a graph, and those that an import gets."""

    def __init__(self, taken: set[bytes], prefix: str) -> None:
        """Start an import.

        Args:
            taken: The texts that the graph has.
            prefix: Scope that the nodes go into, without slash at its end.
        """
        self._taken = taken
        self._prefix = prefix.encode() + b"/" if prefix else b""
        self._given: dict[bytes, bytes] = {}

    def __call__(self, text: bytes) -> bytes:
        """Return what a text becomes; the same text always becomes the same."""
        found = self._given.get(text)
        if found is None:
            found = wanted = self._prefix + text
            number = 0
            while found in self._taken:
                number += 1
                found = b"%s_%d" % (wanted, number)
            self._taken.add(found)
            self._given[text] = found
        return found


def isolate(
    graph_def: GraphDef, graph: Graph, prefix: str, *, share_resources: bool
) -> Callable[[str], str]:
    """Give resources and loops names that the graph does not have.

    Args:
        graph_def: The nodes of an import; changed in place.
        graph: The graph that they go into.
        prefix: Scope that they go into, without slash at its end.
        share_resources: Whether resources keep their names; loops and temporary
            variables never do, since one run cannot share them.

    Returns:
        The new name of a context by its name in the file; a loop's is its frame's.
    """
    nodes = list(graph_def.node)
    frames = _rename(nodes, graph, prefix, _frame_attr)
    _rename(nodes, graph, prefix, _temporary_attr)
    if not share_resources:
        functions = graph_def.library.function
        bodies = [node for function in functions for node in function.node_def]
        names = _rename(nodes, graph, prefix, shared_attr, more=bodies)
        if bodies:
            isolate_functions(
                graph_def,
                partial(_rename_found, names=names),
                frozenset(graph.functions),
            )
    return lambda name: frames(name.encode()).decode()


def _rename(
    nodes: Sequence[NodeDef],
    graph: Graph,
    prefix: str,
    attr_of: Callable[[str], str],
    more: Sequence[NodeDef] = (),
) -> Names:
    """Rename what nodes share by an attribute; `more` nodes are to be renamed too."""
    op_types = {node.op for node in chain(nodes, more)}
    if not any(map(attr_of, op_types)):
        return Names(set(), prefix)
    library = graph.stored_message.library.function
    bodies = chain.from_iterable(function.node_def for function in library)
    names = Names(_texts(chain(graph.stored_nodes, bodies), attr_of), prefix)
    _rename_found(nodes, names=names, attr_of=attr_of)
    return names


def shared_attr(op_type: str) -> str:
    """Return the attribute by which nodes of an op share a resource, or ""."""
    return "shared_name" if _has_shared_name(op_type) else ""


def _frame_attr(op_type: str) -> str:
    return _FRAMES.get(op_type, "")


def _temporary_attr(op_type: str) -> str:
    return _TEMPORARIES.get(op_type, "")


@cache
def _has_shared_name(op_type: str) -> bool:
    definition = catalogue.get(op_type)
    return definition is not None and definition.attr("shared_name") is not None


def _rename_found(
    nodes: Iterable[NodeDef],
    names: Names,
    attr_of: Callable[[str], str] = shared_attr,
) -> bool:
    """Give nodes that share something new texts; return whether any differs."""
    has_changed = False
    for node in nodes:
        attr = attr_of(node.op)
        text = _text(node, attr) if attr else b""
        if text not in (b"", _ANONYMOUS):
            node.attr[attr].s = found = names(text)
            has_changed |= found != text
    return has_changed


def _texts(nodes: Iterable[NodeDef], attr_of: Callable[[str], str]) -> set[bytes]:
    """Return the texts that nodes share by; one without is shared by its own name."""
    found = set()
    for node in nodes:
        attr = attr_of(node.op)
        if attr:
            found.add(_text(node, attr) or node.name.encode())
    return found


def _text(node: NodeDef, attr: str) -> bytes:
    return node.attr[attr].s if attr in node.attr else b""  # reading would add it
