"""Which outputs of a graph need which op types, read off its messages."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from metagraft.graph.input_names import split_input
from metagraft.proto import FunctionDef, FunctionDefLibrary, GraphDef, NodeDef


@dataclass(frozen=True, slots=True)
class OutputGroup:
    """Outputs that are computed together.

    Attributes:
        tensors: The tensors or nodes of each output by its name.
        fed: The tensors that are given, so that what is behind them is not needed.
    """

    tensors: Mapping[str, Sequence[str]]
    fed: Collection[str] = ()


def sinks(graph_def: GraphDef) -> OutputGroup:
    """Return the nodes that nothing takes or runs after; all, if there is none."""
    nodes = graph_def.node
    taken = {split_input(text)[1] for node in nodes for text in node.input}
    names = [node.name for node in nodes]
    last = [name for name in names if name not in taken]
    return OutputGroup({name: (name,) for name in last or names})


def needing_outputs(
    graph_def: GraphDef, op_types: Sequence[str], groups: Iterable[OutputGroup]
) -> dict[str, list[str]]:
    """Return the outputs that need each of some op types, functions included.

    Args:
        graph_def: The graph.
        op_types: The op types.
        groups: The outputs.
    """
    bits = {op_type: 1 << i for i, op_type in enumerate(op_types)}
    found: dict[str, list[str]] = {op_type: [] for op_type in op_types}
    own = _own_bits(graph_def, bits)
    if not own:
        return found
    takers = _takers(graph_def)
    for group in groups:
        fed = {_edge(text) for text in group.fed}
        needed = _spread(own, takers, fed)
        for output, tensors in group.tensors.items():
            mask = 0
            for text in tensors:
                if _edge(text) not in fed:
                    mask |= needed.get(split_input(text)[1], 0)
            for op_type in op_types:
                if mask & bits[op_type]:
                    found[op_type].append(output)
    return found


def _own_bits(graph_def: GraphDef, bits: Mapping[str, int]) -> dict[str, int]:
    """Return for each node that is of one of the op types, or calls one, which."""
    found: dict[str, int] = {}
    if not bits:
        return found
    functions = _function_bits(graph_def.library, bits)
    for node in graph_def.node:
        mask = _mask(node, bits, functions)
        if mask:
            found[node.name] = mask
    return found


def _mask(node: NodeDef, bits: Mapping[str, int], functions: Mapping[str, int]) -> int:
    mask = bits.get(node.op, 0)
    if functions:
        for name in called_functions(node, functions):
            mask |= functions[name]
    return mask


def called_functions(node: NodeDef, functions: Collection[str]) -> Iterator[str]:
    """Yield the functions that a node calls or hands to its op."""
    if node.op in functions:
        yield node.op
    for value in node.attr.values():
        kind = value.WhichOneof("value")
        if kind == "func":
            if value.func.name in functions:
                yield value.func.name
        elif kind == "list":
            for function in value.list.func:
                if function.name in functions:
                    yield function.name


def _function_bits(
    library: FunctionDefLibrary, bits: Mapping[str, int]
) -> dict[str, int]:
    """Return which op types are in each function or in what it calls."""
    names = {function.signature.name for function in library.function}
    found = dict.fromkeys(names, 0)
    callers: dict[str, list[str]] = {name: [] for name in names}
    for function in library.function:
        name = function.signature.name
        for node in function.node_def:
            found[name] |= bits.get(node.op, 0)
            for callee in called_functions(node, names):
                callers[callee].append(name)
    waiting = deque(name for name, mask in found.items() if mask)
    while waiting:
        name = waiting.popleft()
        for caller in callers[name]:
            if found[name] & ~found[caller]:
                found[caller] |= found[name]
                waiting.append(caller)
    return {name: mask for name, mask in found.items() if mask}


def _takers(graph_def: GraphDef) -> dict[str, list[tuple[str, str]]]:
    """Return for each node by which edge which nodes take what it gives."""
    found: dict[str, list[tuple[str, str]]] = {}
    for node in graph_def.node:
        name = node.name
        for text in node.input:
            found.setdefault(split_input(text)[1], []).append((_edge(text), name))
    return found


def _spread(
    own: Mapping[str, int],
    takers: Mapping[str, Sequence[tuple[str, str]]],
    fed: Collection[str],
) -> dict[str, int]:
    """Return for each node which op types it needs, its own included."""
    found = dict(own)
    waiting = deque(found)
    while waiting:
        name = waiting.popleft()
        mask = found[name]
        for edge, taker in takers.get(name, ()):
            before = found.get(taker, 0)
            if mask & ~before and edge not in fed:
                found[taker] = before | mask
                waiting.append(taker)
    return found


def _edge(text: str) -> str:
    """Return an input in the spelling of tensors: `x:0` for `x`."""
    return text if text[:1] == "^" or ":" in text else f"{text}:0"


def body_nodes(functions: Iterable[FunctionDef]) -> Iterator[tuple[str, NodeDef]]:
    """Yield the nodes of functions, each with its name behind the function's."""
    for function in functions:
        prefix = function.signature.name
        for node in function.node_def:
            yield f"{prefix}/{node.name}", node
