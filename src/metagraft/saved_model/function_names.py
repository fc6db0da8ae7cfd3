"""Other names for functions of a model whose names a graph has for others.

TensorFlow 2 numbers functions as they are traced, so that models which like programs
wrote have different functions of one name.

Source: tensorflow python/saved_model/function_deserialization.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from metagraft.graph.graph import Graph
from metagraft.proto import (
    AttrValue,
    FunctionDefLibrary,
    MetaGraphDef,
    NodeDef,
    SavedObjectGraph,
)


def without_conflicts(meta_graph_def: MetaGraphDef, graph: Graph) -> MetaGraphDef:
    """Return a MetaGraph whose functions can be added to a graph.

    Args:
        meta_graph_def: Not changed.
        graph: Where it is to go.

    Returns:
        The same one, if no function has the name of another one in the graph; else a
        copy in which all that have a name of the graph's have new ones.
    """
    library = meta_graph_def.graph_def.library
    known = {
        function.signature.name: found
        for function in library.function
        if (found := graph.functions.get(function.signature.name)) is not None
    }
    functions = {each.signature.name: each for each in library.function}
    if all(functions[name] == found for name, found in known.items()):
        return meta_graph_def
    taken = {*functions}
    names = {name: _free_name(name, taken, graph) for name in known}
    renamed = MetaGraphDef()
    renamed.CopyFrom(meta_graph_def)
    _rename_in_nodes(renamed.graph_def.node, names)
    _rename_in_library(renamed.graph_def.library, names)
    _rename_in_objects(renamed.object_graph_def, names)
    return renamed


def _free_name(name: str, taken: set[str], graph: Graph) -> str:
    number = 1
    while (found := f"{name}_{number}") in taken or graph.functions.get(found):
        number += 1
    taken.add(found)
    return found


def _rename_in_library(library: FunctionDefLibrary, names: Mapping[str, str]) -> None:
    for function in library.function:
        name = function.signature.name
        function.signature.name = names.get(name, name)
        _rename_in_nodes(function.node_def, names)
    for gradient in library.gradient:
        for field in ("function_name", "gradient_func"):
            name = getattr(gradient, field)
            setattr(gradient, field, names.get(name, name))


def _rename_in_nodes(nodes: Iterable[NodeDef], names: Mapping[str, str]) -> None:
    for node in nodes:
        if node.op in names:
            node.op = names[node.op]
        for value in node.attr.values():
            _rename_in_value(value, names)


def _rename_in_value(value: AttrValue, names: Mapping[str, str]) -> None:
    kind = value.WhichOneof("value")
    if kind not in ("func", "list"):
        return
    for function in (value.func,) if kind == "func" else value.list.func:
        function.name = names.get(function.name, function.name)
        for inner in function.attr.values():
            _rename_in_value(inner, names)


def _rename_in_objects(tree: SavedObjectGraph, names: Mapping[str, str]) -> None:
    for old, new in names.items():
        if old in tree.concrete_functions:
            tree.concrete_functions[new].CopyFrom(tree.concrete_functions.pop(old))
    for node in tree.nodes:
        kind = node.WhichOneof("kind")
        if kind == "function":
            traces = node.function.concrete_functions
            traces[:] = [names.get(name, name) for name in traces]
        elif kind == "bare_concrete_function":
            bare = node.bare_concrete_function
            name = bare.concrete_function_name
            bare.concrete_function_name = names.get(name, name)
