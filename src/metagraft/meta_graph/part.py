"""A part of a graph, cut out for the native functions.

A part is everything under a name scope, path component by path component. What its
nodes take from outside becomes an unbound input, each listed once.
"""

from __future__ import annotations

from collections.abc import Callable, Container
from dataclasses import dataclass, field

from metagraft.graph.frames import frame_of, set_frame
from metagraft.graph.graph import Graph
from metagraft.graph.input_names import split_input
from metagraft.graph.scope_names import COLOCATION, strip_name_scope
from metagraft.graph.shapes import Dims
from metagraft.meta_graph.renames import Renaming
from metagraft.meta_graph.reports import Omission
from metagraft.meta_graph.scoped import UNBOUND_INPUT_PREFIX
from metagraft.proto import NodeDef


@dataclass(frozen=True, slots=True)
class UnboundInput:
    """Something that a part takes from outside.

    Attributes:
        name: Its name in the source graph: `x` or `x:1` of a tensor, `^x` of a node
            that must have run.
        key: Its name in the part, for the `input_map` of an import.
        dtype: Name of the element type, `float32_ref` where it must be a variable's
            own tensor; None for a control input.
        shape: The static shape; None where the rank is unknown.
    """

    name: str
    key: str
    dtype: str | None = None
    shape: Dims = None

    @property
    def is_control(self) -> bool:
        """Whether no value goes in."""
        return self.dtype is None


@dataclass(slots=True)
class Part:
    """What of a graph is taken, and how it is called afterwards.

    Attributes:
        graph: The whole graph.
        scope: The scope, without slash at its end; "" for all.
        is_inside: Whether a name lies in the scope.
        names: The nodes that are taken -> their names in the part.
        unbound: What the nodes take from outside, by name in the graph.
        omissions: Colocations that point outside.
    """

    graph: Graph
    scope: str
    is_inside: Callable[[str], bool]
    names: dict[str, str]
    unbound: dict[str, UnboundInput] = field(default_factory=dict)
    omissions: list[Omission] = field(default_factory=list)

    @property
    def takes_all(self) -> bool:
        """Whether every node is taken, under its own name."""
        return not self.scope and len(self.names) == self.graph.node_count

    def renaming(self) -> Renaming:
        """Return how the messages of collections follow."""

        def context(name: str) -> str:
            return strip_name_scope(name, self.scope)

        return Renaming(
            self.names.get, self._outside, context, context, has_outside=False
        )

    def _outside(self, text: str) -> str | None:
        found = self.unbound.get(text.removesuffix(":0"))
        return None if found is None else f"{UNBOUND_INPUT_PREFIX}{text}"

    def rewrite(self, node: NodeDef) -> None:
        """Give a copied node the names that it has in the part, in place."""
        old_name = node.name
        node.name = self.names[old_name]
        if node.input:
            node.input[:] = [self._input(text) for text in node.input]
        if "_class" in node.attr:
            self._colocate(node, old_name)
        frame = frame_of(node)
        if frame is not None:
            set_frame(node, strip_name_scope(frame, self.scope))

    def _input(self, text: str) -> str:
        marker, name, port = split_input(text)
        inside = self.names.get(name)
        if inside is not None:
            return f"{marker}{inside}{port}"
        known = self.unbound.get(text)
        if known is None:
            known = self.unbound[text] = self._unbound_input(marker, name, port, text)
        return known.key

    def _unbound_input(
        self, marker: str, name: str, port: str, text: str
    ) -> UnboundInput:
        key = f"{marker}{UNBOUND_INPUT_PREFIX}{text[len(marker) :]}"
        if marker:
            return UnboundInput(text, key)
        tensor = self.graph.operation_named(name).outputs[int(port[1:] or 0)]
        return UnboundInput(text, key, tensor.dtype.name, tensor.dims)

    def _colocate(self, node: NodeDef, old_name: str) -> None:
        kept: list[bytes] = []
        for entry in node.attr["_class"].list.s:
            if not entry.startswith(COLOCATION):
                kept.append(entry)
                continue
            other = entry[len(COLOCATION) :].decode()
            inside = self.names.get(other)
            if inside is not None:
                kept.append(COLOCATION + inside.encode())
            else:
                reason = f"it was to be placed with '{other}', which is outside"
                self.omissions.append(Omission("colocation", old_name, reason))
        if kept:
            node.attr["_class"].list.s[:] = kept
        else:
            del node.attr["_class"]


def cut(graph: Graph, scope: str, excluded: Container[str], *, by_prefix: bool) -> Part:
    """Return the part of a graph that lies in a scope.

    Args:
        graph: The whole graph; not changed.
        scope: The scope; "" for all. With a slash at the end, a node that has exactly
            the scope's name is not in it.
        excluded: Names of nodes that are left out even so.
        by_prefix: Whether names need only begin with the letters of the scope.

    Raises:
        ValueError: Two nodes would get one name.
    """
    base = scope.rstrip("/")
    inside = f"{base}/"

    def is_inside(name: str) -> bool:
        if not base:
            return True
        if by_prefix:
            return name.startswith(scope)
        return name.startswith(inside) or (name == base and scope == base)

    names = {
        name: strip_name_scope(name, base)
        for name in graph.operation_names()
        if is_inside(name) and name not in excluded
    }
    if base and len(set(names.values())) < len(names):
        _refuse_twins(names)
    return Part(graph, base, is_inside, names)


def _refuse_twins(names: dict[str, str]) -> None:
    seen: dict[str, str] = {}
    for old, new in names.items():
        if new in seen:
            raise ValueError(
                f"Without the scope, the nodes '{seen[new]}' and '{old}' would both be "
                f"called '{new}'. With a slash at its end the scope takes only what is "
                "inside."
            )
        seen[new] = old
