"""What differs between two MetaGraphs: the records that `metagraft.diff` returns.

The comparison itself is in `comparison.py` and `node_comparison.py`, the report for
people in `differences_text.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

_NOTHING: Mapping[str, NodeDifferences] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class FieldChange:
    """A value that differs.

    Attributes:
        name: What it is: the name of a field, attribute, input or entry.
        before: The first value as text; "" if there is none.
        after: The second value as text; "" if there is none.
    """

    name: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class TensorChange:
    """A tensor in an attribute whose value differs, while type and shape are the same.

    Attributes:
        name: The attribute.
        different_count: How many elements differ; two NaNs are equal.
        element_count: How many there are.
        max_difference: The largest distance of two elements, infinite where one is not
            finite; None if elements are no numbers.
    """

    name: str
    different_count: int
    element_count: int
    max_difference: float | None


@dataclass(frozen=True, slots=True)
class NodeChange:
    """A node that is in both graphs and not the same.

    Attributes:
        name: Its name, in the second graph if it was renamed.
        op: The op type, if it differs.
        device: The device, if it differs.
        inputs: Inputs that differ, by position; control inputs as one list.
        attrs: Attributes that differ, but for tensors.
        tensors: Attributes with tensors of different values.
    """

    name: str
    op: FieldChange | None = None
    device: FieldChange | None = None
    inputs: tuple[FieldChange, ...] = ()
    attrs: tuple[FieldChange, ...] = ()
    tensors: tuple[TensorChange, ...] = ()

    def __bool__(self) -> bool:
        """Whether anything differs."""
        return any((self.op, self.device, self.inputs, self.attrs, self.tensors))


@dataclass(frozen=True, slots=True)
class NodeDifferences:
    """How the nodes of two graphs, or of two functions, differ.

    Attributes:
        added: Names of nodes that only the second has.
        removed: Names of nodes that only the first has.
        renamed: Names in the first -> names in the second, of nodes that are otherwise
            the same.
        changed: Nodes that both have, and that differ.
        reordered: Whether the nodes that both have come in another order.
    """

    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    renamed: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    changed: tuple[NodeChange, ...] = ()
    reordered: bool = False

    def __bool__(self) -> bool:
        """Whether anything differs."""
        return any(
            (self.added, self.removed, self.renamed, self.changed, self.reordered)
        )


@dataclass(frozen=True, slots=True)
class FunctionDifferences:
    """How two function libraries differ.

    Attributes:
        added: Names of functions that only the second has.
        removed: Names of functions that only the first has.
        bodies: The nodes of functions that both have, by name.
        interfaces: Signatures, results and attributes that differ.
    """

    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    bodies: Mapping[str, NodeDifferences] = field(default_factory=lambda: _NOTHING)
    interfaces: tuple[FieldChange, ...] = ()

    def __bool__(self) -> bool:
        """Whether anything differs."""
        return any((self.added, self.removed, self.bodies, self.interfaces))


@dataclass(frozen=True, slots=True)
class CollectionChange:
    """How a collection that is in one or both files differs.

    Attributes:
        name: Its name.
        kind: The kind of list, if it differs; "" where there is no collection.
        added: Entries that only the second has, as text.
        removed: Entries that only the first has, as text.
        changed: Fields of definitions that differ: `entry.field`.
        reordered: Whether only the order of entries differs.
    """

    name: str
    kind: FieldChange | None = None
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    changed: tuple[FieldChange, ...] = ()
    reordered: bool = False

    def __bool__(self) -> bool:
        """Whether anything differs."""
        return any((self.kind, self.added, self.removed, self.changed, self.reordered))


@dataclass(frozen=True, slots=True)
class Differences:
    """How two MetaGraphs differ; false if they do not, and a report as text.

    Attributes:
        nodes: The nodes.
        functions: The function library.
        collections: The collections.
        versions: The versions of the graph.
        saver: The definition of the saver.
        signatures: The signatures, `name.field`.
        meta_info: The facts about the file, and the op list.
        other: Assets and the graph of objects.
    """

    nodes: NodeDifferences = field(default_factory=NodeDifferences)
    functions: FunctionDifferences = field(default_factory=FunctionDifferences)
    collections: tuple[CollectionChange, ...] = ()
    versions: tuple[FieldChange, ...] = ()
    saver: tuple[FieldChange, ...] = ()
    signatures: tuple[FieldChange, ...] = ()
    meta_info: tuple[FieldChange, ...] = ()
    other: tuple[FieldChange, ...] = ()

    def __bool__(self) -> bool:
        """Whether anything differs."""
        return any(
            (
                self.nodes,
                self.functions,
                self.collections,
                self.versions,
                self.saver,
                self.signatures,
                self.meta_info,
                self.other,
            )
        )

    def __str__(self) -> str:
        """Format as a report of bounded length."""
        from metagraft.meta_graph.differences_text import report

        return report(self)
