"""Library functions that use resources by name, made an import's own.

Functions of two imports are one if they are equal. One that has a resource with a
`shared_name` must not be: it gets another name, and so does what calls it.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from itertools import count

from metagraft.proto import AttrValue, FunctionDef, GraphDef, NameAttrList, NodeDef


def isolate_functions(
    graph_def: GraphDef,
    rename_resources: Callable[[Iterable[NodeDef]], bool],
    taken: Container[str],
) -> dict[str, str]:
    """Rename the resources in functions, and the functions that have any.

    Args:
        graph_def: The nodes and functions of an import; changed in place.
        rename_resources: Gives resources of nodes their new names; tells whether any
            of these differs from the old one.
        taken: Names of functions that the graph has.

    Returns:
        The new names of functions that got one.
    """
    functions = {f.signature.name: f for f in graph_def.library.function}
    changed = [
        name for name, found in functions.items() if rename_resources(found.node_def)
    ]
    if not changed:
        return {}
    renames: dict[str, str] = {}
    for name in _with_callers(changed, functions):
        renames[name] = next(
            candidate
            for candidate in (f"{name}_{number}" for number in count(1))
            if candidate not in taken and candidate not in functions
        )
    for function in functions.values():
        name = function.signature.name
        function.signature.name = renames.get(name, name)
        _rename_calls(function.node_def, renames)
    for gradient in graph_def.library.gradient:
        for field in ("function_name", "gradient_func"):
            name = getattr(gradient, field)
            setattr(gradient, field, renames.get(name, name))
    _rename_calls(graph_def.node, renames)
    return renames


def _with_callers(
    names: Iterable[str], functions: Mapping[str, FunctionDef]
) -> list[str]:
    """Return functions and all that call them, directly or not."""
    callers: dict[str, list[str]] = {}
    for name, function in functions.items():
        for called in _calls(function.node_def):
            callers.setdefault(called, []).append(name)
    waiting = list(names)
    found: dict[str, None] = {}
    while waiting:
        name = waiting.pop()
        if name not in found:
            found[name] = None
            waiting += callers.get(name, ())
    return sorted(found)


def _calls(nodes: Iterable[NodeDef]) -> Iterator[str]:
    for node in nodes:
        yield node.op
        for function in _function_attrs(node.attr):
            yield function.name


def _rename_calls(nodes: Iterable[NodeDef], renames: Mapping[str, str]) -> None:
    for node in nodes:
        if node.op in renames:
            node.op = renames[node.op]
        for function in _function_attrs(node.attr):
            function.name = renames.get(function.name, function.name)


def _function_attrs(attrs: Mapping[str, AttrValue]) -> Iterator[NameAttrList]:
    """Yield what names functions in attributes, also in attributes of functions."""
    for value in attrs.values():
        if value.HasField("func"):
            listed = [value.func]
        elif value.HasField("list"):
            listed = list(value.list.func)
        else:
            continue
        for function in listed:
            yield function
            yield from _function_attrs(function.attr)
