"""Ops of a file that nobody registers any more, or ever did: all at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from metagraft.errors import NotFoundError
from metagraft.graph import catalogue
from metagraft.graph.input_names import node_of_input
from metagraft.graph.op_spec import spec_for
from metagraft.graph.registered_ops import registered
from metagraft.proto import GraphDef, MetaGraphDef

_SHOWN_NODES: Final = 3
_REGISTERED: Final = "tf-"  # how the origin of signatures of the current release begins


@dataclass(frozen=True, slots=True)
class UnknownOp:
    """An op type that is not registered.

    Attributes:
        op_type: The op type.
        module: The module of contrib that it came from, if known; else "".
        has_signature: Whether its signature is known, from older releases or the file.
        nodes: Names of its nodes; of those in functions, behind the function's name.
        is_needed: Whether a requested output needs one of the nodes; None if none was
            requested.
    """

    op_type: str
    module: str
    has_signature: bool
    nodes: tuple[str, ...]
    is_needed: bool | None

    def __str__(self) -> str:
        """Format as one line."""
        shown = ", ".join(f"'{name}'" for name in self.nodes[:_SHOWN_NODES])
        more = ", ..." if len(self.nodes) > _SHOWN_NODES else ""
        count = len(self.nodes)
        parts = [f"{count} node{'s' if count > 1 else ''}: {shown}{more}"]
        if self.module:
            parts.append(f"from tf.contrib.{self.module}")
        if self.is_needed is not None:
            parts.append("needed" if self.is_needed else "not needed")
        return f"{self.op_type} ({'; '.join(parts)})"


def find_unknown_ops(
    meta_graph_def: MetaGraphDef, graph_def: GraphDef, wanted: Sequence[str]
) -> tuple[UnknownOp, ...]:
    """Return the unknown ops of a file, sorted by op type.

    Args:
        meta_graph_def: The file; its op list may have signatures.
        graph_def: Its nodes.
        wanted: Names of the requested outputs.
    """
    library = graph_def.library.function
    functions = {function.signature.name for function in library}
    used = {node.op for node in graph_def.node}
    for function in library:
        used.update(node.op for node in function.node_def)
    unknown = not_registered(used - functions)
    if not unknown:
        return ()
    nodes: dict[str, list[str]] = {op: [] for op in sorted(unknown)}
    for op_type, name in _nodes(graph_def):
        if op_type in unknown:
            nodes[op_type].append(name)
    needed = _needed(graph_def, wanted) if wanted else frozenset()
    listed = {op.name for op in meta_graph_def.meta_info_def.stripped_op_list.op}
    return tuple(
        _unknown_op(op_type, names, listed, needed if wanted else None)
        for op_type, names in nodes.items()
    )


def not_registered(op_types: Iterable[str]) -> set[str]:
    """Return those of some op types that neither TensorFlow 2.21 nor this has."""
    return {op_type for op_type in op_types if not _is_registered(op_type)}


def warning(unknown: Iterable[UnknownOp]) -> str:
    """Return what is said of unknown ops that are imported all the same."""
    listed = list(unknown)
    noun = "op type is" if len(listed) == 1 else "op types are"
    lines = "\n  ".join(map(str, listed))
    return (
        f"{len(listed)} {noun} not registered:\n  {lines}\n"
        "The nodes are kept as they are; only running them fails."
    )


def refuse(unknown: Iterable[UnknownOp]) -> NotFoundError:
    """Return the error that lists all unknown ops."""
    listed = list(unknown)
    noun = "op type is" if len(listed) == 1 else "op types are"
    lines = "\n  ".join(map(str, listed))
    return NotFoundError(
        None,
        None,
        f"Op type not registered: {len(listed)} {noun} unknown:\n  {lines}\n"
        "allow_unknown_ops=True imports them; only running them fails.",
    )


def _unknown_op(
    op_type: str,
    names: Sequence[str],
    listed: set[str],
    needed: frozenset[str] | None,
) -> UnknownOp:
    definition = catalogue.get(op_type)
    return UnknownOp(
        op_type=op_type,
        module="" if definition is None else definition.contrib_module,
        has_signature=definition is not None or op_type in listed,
        nodes=tuple(names),
        is_needed=None if needed is None else not needed.isdisjoint(names),
    )


def _is_registered(op_type: str) -> bool:
    if registered(op_type) is not None:
        return True
    definition = catalogue.get(op_type)
    if definition is not None and definition.origin.startswith(_REGISTERED):
        return True
    return spec_for(op_type) is not None  # of contrib, and known here


def _nodes(graph_def: GraphDef) -> Iterator[tuple[str, str]]:
    for node in graph_def.node:
        yield node.op, node.name
    for function in graph_def.library.function:
        for node in function.node_def:
            yield node.op, f"{function.signature.name}/{node.name}"


def _needed(graph_def: GraphDef, wanted: Iterable[str]) -> frozenset[str]:
    """Return the nodes that outputs need."""
    inputs = {node.name: node.input for node in graph_def.node}
    waiting = [node_of_input(text) for text in wanted]
    found: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += [node_of_input(text) for text in inputs.get(name, ())]
    return frozenset(found)
