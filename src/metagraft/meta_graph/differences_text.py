"""Differences in words, grouped and of bounded length."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from metagraft.meta_graph.differences import (
    CollectionChange,
    Differences,
    FieldChange,
    FunctionDifferences,
    NodeChange,
    NodeDifferences,
    TensorChange,
)

_SHOWN_NAMES: Final = 10
_SHOWN_LINES: Final = 20
_LONGEST_LINE: Final = 240


def report(differences: Differences) -> str:
    """Return differences as lines; each group has at most some 20 of them."""
    lines = [
        *_of_nodes(differences.nodes),
        *_of_functions(differences.functions),
        *_limited(_of_fields("versions", differences.versions)),
        *_limited(_of_collections(differences.collections)),
        *_limited(_of_fields("saver", differences.saver)),
        *_limited(_of_fields("signature", differences.signatures)),
        *_limited(_of_fields("meta info", differences.meta_info)),
        *_limited(_of_fields("other", differences.other)),
    ]
    return "\n".join(map(_shortened, lines)) or "no differences"


def _of_nodes(nodes: NodeDifferences, where: str = "") -> Iterator[str]:
    yield from _named("added", nodes.added, where)
    yield from _named("removed", nodes.removed, where)
    if nodes.renamed:
        count = len(nodes.renamed)
        yield f"{_count(count, 'node')} renamed{where}: {_pairs(nodes.renamed)}"
    if nodes.reordered:
        yield f"the nodes come in another order{where}"
    if nodes.changed:
        yield f"{_count(len(nodes.changed), 'node')} changed{where}:"
        yield from _limited(f"  {_of_node(change)}" for change in nodes.changed)


def _of_node(change: NodeChange) -> str:
    parts = [_of_field(c) for c in (change.op, change.device) if c is not None]
    parts += [_of_field(c) for c in change.inputs]
    parts += [f"attribute {_of_field(c)}" for c in change.attrs]
    parts += [_of_tensor(c) for c in change.tensors]
    return f"'{change.name}': {'; '.join(parts)}"


def _of_tensor(change: TensorChange) -> str:
    text = (
        f"attribute {change.name}: {change.different_count} of "
        f"{_count(change.element_count, 'element')} differ"
    )
    if change.max_difference is None:
        return text
    return f"{text}, by at most {change.max_difference:g}"


def _of_functions(functions: FunctionDifferences) -> Iterator[str]:
    for what, names in (("added", functions.added), ("removed", functions.removed)):
        if names:
            yield f"{_count(len(names), 'function')} {what}: {_list(names)}"
    for name, nodes in list(functions.bodies.items())[:_SHOWN_NAMES]:
        yield from _of_nodes(nodes, f" in function '{name}'")
    more = len(functions.bodies) - _SHOWN_NAMES
    if more > 0:
        yield f"... and {more} more functions with changed nodes"
    yield from _limited(_of_fields("function", functions.interfaces))


def _of_collections(collections: Sequence[CollectionChange]) -> Iterator[str]:
    for change in collections:
        parts = []
        if change.kind is not None:
            parts.append(_of_field(change.kind))
        if change.added:
            added = _count(len(change.added), "entry")
            parts.append(f"{added} added: {_list(change.added)}")
        if change.removed:
            removed = _count(len(change.removed), "entry")
            parts.append(f"{removed} removed: {_list(change.removed)}")
        parts += [_of_field(field) for field in change.changed[:_SHOWN_NAMES]]
        if change.reordered:
            parts.append("the entries come in another order")
        yield f"collection '{change.name}': {'; '.join(parts)}"


def _of_fields(what: str, changes: Iterable[FieldChange]) -> Iterator[str]:
    for change in changes:
        yield f"{what}: {_of_field(change)}"


def _of_field(change: FieldChange) -> str:
    before, after = change.before or "(none)", change.after or "(none)"
    return f"{change.name} {before} -> {after}"


def _named(what: str, names: Sequence[str], where: str) -> Iterator[str]:
    if names:
        yield f"{_count(len(names), 'node')} {what}{where}: {_list(names)}"


def _list(names: Sequence[str]) -> str:
    shown = ", ".join(f"'{name}'" for name in names[:_SHOWN_NAMES])
    more = len(names) - _SHOWN_NAMES
    return f"{shown} and {more} more" if more > 0 else shown


def _pairs(names: Mapping[str, str]) -> str:
    rows = list(names.items())
    shown = ", ".join(f"'{old}' -> '{new}'" for old, new in rows[:_SHOWN_NAMES])
    more = len(rows) - _SHOWN_NAMES
    return f"{shown} and {more} more" if more > 0 else shown


def _count(count: int, noun: str) -> str:
    if count == 1:
        return f"1 {noun}"
    plural = f"{noun[:-1]}ies" if noun.endswith("y") else f"{noun}s"
    return f"{count} {plural}"


def _limited(lines: Iterable[str]) -> Iterator[str]:
    for position, line in enumerate(rows := list(lines)):
        if position == _SHOWN_LINES:
            yield f"  ... and {len(rows) - position} more"
            return
        yield line


def _shortened(line: str) -> str:
    return line if len(line) <= _LONGEST_LINE else f"{line[: _LONGEST_LINE - 3]}..."
