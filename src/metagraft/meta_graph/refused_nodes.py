"""Nodes that cannot be imported, found without importing anything.

Import raises at the first of them; here all are found, of signatures that are known.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from metagraft.graph import catalogue
from metagraft.graph.catalogue import AttrDef, OpDef
from metagraft.graph.signature_text import type_text
from metagraft.proto import AttrValue, NodeDef


def refused_nodes(
    nodes: Iterable[tuple[str, NodeDef]],
) -> Iterator[tuple[str, NodeDef, str]]:
    """Yield the nodes whose attributes their ops do not take, and why.

    Args:
        nodes: Nodes with the names to call them by; those of functions may name
            attributes of the call in the place of values.
    """
    checks: dict[str, _Check | None] = {}
    for name, node in nodes:
        op_type = node.op
        if op_type not in checks:
            definition = catalogue.get(op_type)
            checks[op_type] = None if definition is None else _check_of(definition)
        check = checks[op_type]
        if check is not None and check.is_doubtful(node):
            reason = _reason(node, check.definition)
            if reason:
                yield name, node, reason


@dataclass(frozen=True, slots=True)
class _Check:
    """What is quickly looked at of every node of an op type.

    Attributes:
        definition: The signature.
        required: The attributes without default.
        types: The attributes that are a type of some, and these.
        others: Attributes that have other limits.
    """

    definition: OpDef
    required: tuple[str, ...]
    types: tuple[tuple[str, frozenset[int | bytes]], ...]
    others: tuple[AttrDef, ...]

    def is_doubtful(self, node: NodeDef) -> bool:
        """Whether the node must be looked at again."""
        attrs = node.attr
        for name in self.required:
            if name not in attrs:
                return True
        for name, allowed in self.types:
            if name in attrs and attrs[name].type not in allowed:
                return True
        return any(_is_refused(node, attr) for attr in self.others)


def _check_of(definition: OpDef) -> _Check:
    limited = [attr for attr in definition.attrs if attr.allowed is not None]
    return _Check(
        definition,
        tuple(attr.name for attr in definition.attrs if not attr.has_default),
        tuple(
            (attr.name, frozenset(attr.allowed or ()))
            for attr in limited
            if attr.type == "type"
        ),
        tuple(attr for attr in limited if attr.type != "type"),
    )


def _reason(node: NodeDef, definition: OpDef) -> str:
    """Return what is wrong with a node; "" if an older signature takes it."""
    problem = _problem(node, definition)
    if problem:
        for variant in catalogue.history(definition.name):
            if _knows_all(variant, node) and not _problem(node, variant):
                return ""
    return problem


def _problem(node: NodeDef, definition: OpDef) -> str:
    for attr in definition.attrs:
        if attr.name not in node.attr:
            if not attr.has_default:
                return f"attribute '{attr.name}' is missing"
        elif _is_refused(node, attr):
            shown = ", ".join(_shown(item) for item in _items(node, attr))
            return f"attribute '{attr.name}' is {shown}, which the op does not take"
    return ""


def _is_refused(node: NodeDef, attr: AttrDef) -> bool:
    if attr.allowed is None or attr.name not in node.attr:
        return False
    return any(item not in attr.allowed for item in _items(node, attr))


def _items(node: NodeDef, attr: AttrDef) -> Sequence[int] | Sequence[bytes]:
    """Return the types or strings of an attribute; none if it names another's."""
    value: AttrValue = node.attr[attr.name]
    if value.WhichOneof("value") in (None, "placeholder"):
        return []
    if attr.type.startswith("list("):
        return [*value.list.type] or [*value.list.s]
    return [value.type] if attr.type == "type" else [value.s]


def _shown(item: int | bytes) -> str:
    if isinstance(item, bytes):
        return repr(item.decode("utf-8", "backslashreplace"))
    return type_text(item)


def _knows_all(definition: OpDef, node: NodeDef) -> bool:
    known = {attr.name for attr in definition.attrs}
    return all(name in known or name[:1] == "_" for name in node.attr)
