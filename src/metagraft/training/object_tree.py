"""The tree of objects that a checkpoint of objects names tensors by.

Objects are checkpoints, lists, tuples, dictionaries, layers, templates, optimizers and,
as leaves, variables and tables. One that can be reached several ways has the name of
the shortest way.

Source: tensorflow python/checkpoint/graph_view.py, python/trackable/base.py,
python/checkpoint/util.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Protocol, runtime_checkable

from metagraft.api.layer import Layer
from metagraft.api.variables import Variable
from metagraft.graph.defaults import get_default_graph
from metagraft.proto import TrackableObjectGraph
from metagraft.training.optimizer import Optimizer
from metagraft.training.python_state import PythonState
from metagraft.training.saveables import SavedByItself

# DO NOT CHANGE: these are in files.
_VARIABLE_VALUE: Final = "VARIABLE_VALUE"
_STATE: Final = "py_state"
_TABLE: Final = "table"
_ATTRIBUTES: Final = "/.ATTRIBUTES/"
_SLOTS: Final = "/.OPTIMIZER_SLOT/"

_Children = list[tuple[str, Any]]


@runtime_checkable
class Tracking(Protocol):
    """An object that tells which others belong to it."""

    def tracked(self) -> Mapping[str, Any]:
        """Return the objects that belong to it, by name."""


def is_tracked(value: Any) -> bool:
    """Return whether a value can be part of the tree."""
    kinds = (
        *(Variable, Optimizer, Layer, PythonState, SavedByItself),
        *(list, tuple, Mapping, Tracking),
    )
    return isinstance(value, kinds)


def children_of(element: Any) -> _Children:
    """Return the parts of an object, by name.

    Raises:
        ValueError: A dictionary has keys that are no text.
    """
    if isinstance(element, Variable | PythonState | SavedByItself):
        return []
    if isinstance(element, Optimizer):
        graph = get_default_graph()
        numbers = element._non_slot_dict.items()  # noqa: SLF001 - of this package
        found = [(name, var) for (name, owner), var in numbers if owner is graph]
        parts = element.tracked().items() if isinstance(element, Tracking) else ()
        return sorted(found, key=lambda item: item[0]) + list(parts)
    if isinstance(element, Mapping):
        _check_keys(element)
        pairs = list(element.items())
    elif isinstance(element, list | tuple):
        pairs = [(str(number), part) for number, part in enumerate(element)]
    elif isinstance(element, Layer):
        pairs = list(element._tracked_parts.items())  # noqa: SLF001 - of this package
    else:
        pairs = list(element.tracked().items())
    return [(name, part) for name, part in pairs if is_tracked(part)]


def _check_keys(element: Mapping[Any, Any]) -> None:
    for key in element:
        if not isinstance(key, str):
            raise ValueError(  # noqa: TRY004 - as TensorFlow does
                f"Unable to save {element!r}: a dictionary with keys that are no text, "
                f"such as {key!r}, cannot be part of a checkpoint."
            )


@dataclass(frozen=True, slots=True)
class Slot:
    """A variable that an optimizer keeps for another one."""

    optimizer: int
    name: str
    original: int
    variable: Variable


@dataclass(slots=True)
class ObjectTree:
    """All objects below a root, numbered; the root is 0.

    Attributes:
        elements: The objects, those nearer to the root first.
        names: The way to each, from the root.
        children: The numbers of the parts of each, by name.
        slots: The variables of optimizers.
    """

    elements: list[Any] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    children: list[dict[str, int]] = field(default_factory=list)
    slots: list[Slot] = field(default_factory=list)

    @classmethod
    def below(cls, root: Any) -> ObjectTree:
        """Walk from a root."""
        tree = cls()
        numbers: dict[int, int] = {}
        waiting = [("", root)]
        for name, element in waiting:  # grows
            if id(element) in numbers:
                continue
            numbers[id(element)] = len(tree.elements)
            tree.elements.append(element)
            tree.names.append(name)
            waiting += [
                (f"{name}/{_escaped(part)}" if name else _escaped(part), child)
                for part, child in children_of(element)
            ]
        for element in tree.elements:
            parts = children_of(element)
            tree.children.append({name: numbers[id(child)] for name, child in parts})
        tree.slots = list(_slots(tree.elements))
        return tree

    def variables(self) -> dict[str, Variable]:
        """Return all variables by the keys that they have in a checkpoint."""
        found = {
            f"{name}{_ATTRIBUTES}{_VARIABLE_VALUE}": element
            for name, element in zip(self.names, self.elements, strict=True)
            if isinstance(element, Variable)
        }
        return found | {self.slot_key(slot): slot.variable for slot in self.slots}

    def tables(self) -> dict[str, SavedByItself]:
        """Return all tables by the keys that they have in a checkpoint."""
        return {
            f"{name}{_ATTRIBUTES}{_TABLE}": element
            for name, element in zip(self.names, self.elements, strict=True)
            if isinstance(element, SavedByItself)
        }

    def saved(self) -> dict[str, Variable | SavedByItself]:
        """Return all variables and tables by their keys in a checkpoint."""
        return {**self.variables(), **self.tables()}

    def states(self) -> dict[str, PythonState]:
        """Return all states of the program by their keys in a checkpoint."""
        return {
            f"{name}{_ATTRIBUTES}{_STATE}": element
            for name, element in zip(self.names, self.elements, strict=True)
            if isinstance(element, PythonState)
        }

    def slot_key(self, slot: Slot) -> str:
        """Return the key of a variable of an optimizer."""
        original, optimizer = self.names[slot.original], self.names[slot.optimizer]
        where = f"{original}{_SLOTS}{optimizer}/{_escaped(slot.name)}"
        return f"{where}{_ATTRIBUTES}{_VARIABLE_VALUE}"

    def to_proto(self) -> TrackableObjectGraph:
        """Return the message that describes the tree in a checkpoint."""
        graph = TrackableObjectGraph()
        for name, element, parts in zip(
            self.names, self.elements, self.children, strict=True
        ):
            node = graph.nodes.add()
            for part, number in parts.items():
                node.children.add(node_id=number, local_name=part)
            if isinstance(element, Variable):
                key = f"{name}{_ATTRIBUTES}{_VARIABLE_VALUE}"
                _add_value(node, element, key)
            elif isinstance(element, PythonState):
                key = f"{name}{_ATTRIBUTES}{_STATE}"
                node.attributes.add(name=_STATE, checkpoint_key=key)
            elif isinstance(element, SavedByItself):
                key = f"{name}{_ATTRIBUTES}{_TABLE}"
                node.attributes.add(name=_TABLE, checkpoint_key=key)
        for slot in self.slots:
            graph.nodes[slot.optimizer].slot_variables.add(
                original_variable_node_id=slot.original,
                slot_name=slot.name,
                slot_variable_node_id=len(graph.nodes),
            )
            _add_value(graph.nodes.add(), slot.variable, self.slot_key(slot))
        _mark_values(graph)
        return graph


def _slots(elements: list[Any]) -> Iterator[Slot]:
    for number, element in enumerate(elements):
        if not isinstance(element, Optimizer):
            continue
        for name in element.get_slot_names():
            for original, var in enumerate(elements):
                if isinstance(var, Variable):
                    slot = element.get_slot(var, name)
                    if slot is not None:
                        yield Slot(number, name, original, slot)


def _add_value(node: Any, variable: Variable, key: str) -> None:
    node.attributes.add(
        name=_VARIABLE_VALUE,
        full_name=variable._shared_name,  # noqa: SLF001 - TensorFlow's name for it
        checkpoint_key=key,
    )


def _mark_values(graph: TrackableObjectGraph) -> None:
    """Say of each object whether it, or a part of it, has a value."""
    nodes = graph.nodes
    owners: list[list[int]] = [[] for _ in nodes]
    for number, node in enumerate(nodes):
        node.has_checkpoint_values.value = False
        for child in node.children:
            owners[child.node_id].append(number)
        for slot in node.slot_variables:
            owners[slot.slot_variable_node_id].append(number)
    waiting = [number for number, node in enumerate(nodes) if node.attributes]
    while waiting:
        number = waiting.pop()
        if not nodes[number].has_checkpoint_values.value:
            nodes[number].has_checkpoint_values.value = True
            waiting += owners[number]


def _escaped(name: str) -> str:
    return name.replace(".", "..").replace("/", ".S")


@dataclass(slots=True)
class Match:
    """Which objects of a checkpoint are which of a program.

    Attributes:
        stored: The objects of the checkpoint.
        tree: Those of the program.
        numbers: Numbers in the program by numbers in the checkpoint.
        keys: Keys of the checkpoint, with the variables and tables they are for.
        states: The same for states of the program.
    """

    stored: TrackableObjectGraph
    tree: ObjectTree
    numbers: dict[int, int] = field(default_factory=dict)
    keys: dict[str, Variable | SavedByItself] = field(default_factory=dict)
    states: dict[str, PythonState] = field(default_factory=dict)

    @classmethod
    def of(cls, stored: TrackableObjectGraph, root: Any) -> Match:
        """Follow the names from both roots."""
        match = cls(stored, ObjectTree.below(root))
        waiting = [(0, 0)] if stored.nodes else []
        for theirs, ours in waiting:  # grows
            if theirs in match.numbers:
                continue
            match.numbers[theirs] = ours
            parts = match.tree.children[ours]
            waiting += [
                (child.node_id, parts[child.local_name])
                for child in stored.nodes[theirs].children
                if child.local_name in parts
            ]
        for theirs, ours in match.numbers.items():
            match._add(theirs, match.tree.elements[ours])
        for slot, theirs in match._stored_slots():
            match._add(theirs, slot.variable)
        return match

    def _add(self, theirs: int, element: Any) -> None:
        for attribute in self.stored.nodes[theirs].attributes:
            if attribute.name == _VARIABLE_VALUE and isinstance(element, Variable):
                self.keys[attribute.checkpoint_key] = element
            elif attribute.name == _STATE and isinstance(element, PythonState):
                self.states[attribute.checkpoint_key] = element
            elif attribute.name == _TABLE and isinstance(element, SavedByItself):
                self.keys[attribute.checkpoint_key] = element

    def _stored_slots(self) -> Iterator[tuple[Slot, int]]:
        slots = {(s.optimizer, s.name, s.original): s for s in self.tree.slots}
        for theirs, ours in self.numbers.items():
            for stored in self.stored.nodes[theirs].slot_variables:
                original = self.numbers.get(stored.original_variable_node_id)
                slot = slots.get((ours, stored.slot_name, original or 0))
                if original is not None and slot is not None:
                    yield slot, stored.slot_variable_node_id

    def unmatched_variables(self) -> list[Variable]:
        """Return variables of the program that the checkpoint has no value for."""
        matched = {id(variable) for variable in self.keys.values()}
        variables = self.tree.variables().values()
        return [variable for variable in variables if id(variable) not in matched]

    def unmatched_tables(self) -> list[SavedByItself]:
        """Return tables of the program that the checkpoint does not have."""
        matched = {id(table) for table in self.keys.values()}
        tables = self.tree.tables().values()
        return [table for table in tables if id(table) not in matched]

    def unmatched_states(self) -> list[PythonState]:
        """Return states of the program that the checkpoint does not have."""
        matched = {id(state) for state in self.states.values()}
        states = self.tree.states().values()
        return [state for state in states if id(state) not in matched]

    def unmatched_keys(self) -> list[str]:
        """Return keys of the checkpoint that nothing in the program has."""
        return [
            attribute.checkpoint_key
            for node in self.stored.nodes
            for attribute in node.attributes
            if attribute.checkpoint_key not in self.keys
            and attribute.checkpoint_key not in self.states
        ]
