"""Names and inputs of the nodes of a file: unique, known, of the right types."""

from __future__ import annotations

import re
from collections.abc import (
    Callable,
    Collection,
    Container,
    Iterable,
    Mapping,
    Sequence,
    Set,
)
from dataclasses import dataclass, field
from heapq import heapify, heappop, heappush
from itertools import chain, count, repeat
from typing import Final

import numpy as np

from metagraft.graph.catalogue import OpDef
from metagraft.graph.import_explanations import type_name, wrong_input_count
from metagraft.graph.import_signatures import Types
from metagraft.proto import NodeDef

CONTROL: Final = -1
"""In the place of an output's number: the edge is a control edge."""

_NODE_NAMES: Final = re.compile(
    r"[A-Za-z0-9.][A-Za-z0-9_.\-/>]*(?:\n[A-Za-z0-9.][A-Za-z0-9_.\-/>]*)*\Z"
)
_MERGES: Final = frozenset({"Merge", "RefMerge"})
_NEXT_ITERATIONS: Final = frozenset({"NextIteration", "RefNextIteration"})
_REF_OFFSET: Final = 100


def check_names(names: Sequence[str]) -> dict[str, int]:
    """Return the position of every name.

    Raises:
        ValueError: A name is malformed or occurs twice.
    """
    joined = "\n".join(names)
    if names and not (
        _NODE_NAMES.match(joined) and joined.count("\n") == len(names) - 1
    ):
        for name in names:
            if "\n" in name or not _NODE_NAMES.match(name):
                raise ValueError(
                    f"Node '{name}': Node name contains invalid characters"
                )
    index = dict(zip(names, range(len(names)), strict=True))
    if len(index) < len(names):
        seen: set[str] = set()
        for name in names:
            if name in seen:
                raise ValueError(f"Node '{name}' is not unique")
            seen.add(name)
    return index


def new_names(
    names: Sequence[str], prefix: str, existing: Collection[str]
) -> tuple[Sequence[str], list[int]]:
    """Return the names that nodes get in a graph; `names` itself if all stay.

    A name is taken if a node has it or a scope in front of a node's name is called so;
    the node then gets the first free of `name_1`, `name_2`, ...

    Args:
        names: Names in the file.
        prefix: Scope that they go into, without slash at the end; "" for none.
        existing: Names of the graph's nodes.

    Returns:
        The names, and the positions of those that were taken.
    """
    wanted = [f"{prefix}/{name}" for name in names] if prefix else names
    if not existing:
        return wanted, []
    if prefix:
        inside = prefix + "/"
        existing = [name for name in existing if name.startswith(inside)]
        if not existing:
            return wanted, []
    taken = set(existing)
    for name in existing:
        _add_scopes(name, taken)
    if taken.isdisjoint(wanted):
        return wanted, []
    own = set(wanted)
    for name in wanted:
        _add_scopes(name, own)
    found = list(wanted)
    collided = [at for at, name in enumerate(wanted) if name in taken]
    for position in collided:
        found[position] = free = _first_free(wanted[position], taken, own)
        own.add(free)
    return found, collided


def _first_free(name: str, taken: Container[str], own: Container[str]) -> str:
    for number in count(1):
        candidate = f"{name}_{number}"
        if candidate not in taken and candidate not in own:
            return candidate
    raise AssertionError("count() does not end")


def _add_scopes(name: str, names: set[str]) -> None:
    end = name.rfind("/")
    while end > 0:
        scope = name[:end]
        if scope in names:  # then the scopes around it are there too, but for nodes
            end = name.rfind("/", 0, end)
            continue
        names.add(scope)
        end = name.rfind("/", 0, end)


@dataclass(slots=True)
class Remapped:
    """What `input_map` says: sources outside the file.

    Attributes:
        targets: (name in the file, output or CONTROL) -> (text of the input, type).
        used: Those that some input named.
        reshaped: Those whose shape differs from the one that the file tells.
    """

    targets: Mapping[tuple[str, int], tuple[str, int]] = field(default_factory=dict)
    used: set[tuple[str, int]] = field(default_factory=set)
    reshaped: set[tuple[str, int]] = field(default_factory=set)


class Edges:
    """The inputs of all nodes, checked and spelt anew."""

    def __init__(
        self,
        nodes: Sequence[NodeDef],
        op_types: Sequence[str],
        types: Sequence[Types | None],
        index: Mapping[str, int],
        names: Sequence[str],
        remapped: Remapped,
        definition_of: Callable[[str], OpDef | None],
    ) -> None:
        """Look at the nodes of one file.

        Args:
            nodes: The nodes; their inputs are rewritten by `check_all`.
            op_types: Their op types.
            types: Their element types, None where not known.
            index: Positions by names in the file.
            names: The names they get.
            remapped: Sources outside the file.
            definition_of: Signatures, for the words of an error.
        """
        self._nodes = nodes
        self._op_types = op_types
        self._types = types
        self._index = index
        self._names = names
        self._remapped = remapped
        self._definition_of = definition_of
        self._file_names = list(index)
        self._parsed: dict[str, tuple[str, int, int]] = {}
        self._inputs: list[list[str]] = []
        self._users = np.zeros(0, np.int64)
        self._sources = np.zeros(0, np.int64)
        self._looks_ahead = False
        self._reshaped: set[int] = set()  # nodes with an input of another shape
        self._collided: frozenset[int] = frozenset()
        self.told: dict[int, tuple[str, ...]] = {}
        """Inputs of nodes that TensorFlow spells otherwise than they are stored."""

    def check_all(self, *, renamed: bool, collided: Sequence[int] = ()) -> None:
        """Check every input and write it in the way inputs are stored.

        Args:
            renamed: Whether any node gets another name.
            collided: The nodes whose name was taken.

        Raises:
            ValueError: An input does not exist, is of another type, or is misplaced.
        """
        nodes, types = self._nodes, self._types
        inputs = self._inputs = [node.input[:] for node in nodes]
        self._collided = frozenset(collided)
        unusual = self._unusual()
        for position in unusual:
            try:
                self._check(position, inputs[position], types[position])
            except ValueError:
                self._check_reached(position)
                raise
        if renamed:
            spelling_of = dict(zip(self._index, self._names, strict=True)).__getitem__
            done = set(unusual)
            for position, texts in enumerate(inputs):
                if texts and position not in done:
                    nodes[position].input[:] = [spelling_of(text) for text in texts]
        if collided:
            self._tell_users_of(collided, set(unusual))

    def _tell_users_of(self, collided: Sequence[int], done: Set[int]) -> None:
        """Note that nodes name the first outputs of collided nodes as `x_1:0`."""
        new_names = {self._names[position] for position in collided}
        users = self._users[np.isin(self._sources, collided)]
        for position in set(users.tolist()) - done:
            texts = self._nodes[position].input
            self.told[position] = tuple(
                f"{text}:0" if text in new_names else text for text in texts
            )

    def _unusual(self) -> list[int]:
        """Return the nodes that need a look at each input.

        The others take first outputs of earlier nodes, of the right types. The inputs
        of all nodes are compared at once, as arrays.
        """
        index = self._index
        if self._remapped.targets:
            outside = {name for name, _ in self._remapped.targets}
            index = {k: v for k, v in index.items() if k not in outside}
        is_unusual = np.zeros(len(self._nodes), bool)
        wanted: list[int] = []
        for position, (kinds, texts) in enumerate(
            zip(self._types, self._inputs, strict=True)
        ):
            if kinds is not None and len(kinds.inputs) == len(texts):
                wanted += kinds.inputs
            else:
                wanted += [0] * len(texts)
                is_unusual[position] = True
        counts = [len(texts) for texts in self._inputs]
        users = np.repeat(np.arange(len(counts)), counts)
        texts_of_all = chain.from_iterable(self._inputs)
        found = map(index.get, texts_of_all, repeat(-1))
        sources = np.fromiter(found, np.int64, len(wanted))
        firsts = np.array(
            [t.outputs[0] if t is not None and t.outputs else 0 for t in self._types],
            np.int64,
        )
        given = firsts[sources] - np.array(wanted, np.int64)
        fits = (sources >= 0) & (sources < users)
        fits &= (given == 0) | (given == _REF_OFFSET)
        is_unusual[users[~fits]] = True
        self._sources, self._users = sources, users
        positions: list[int] = np.flatnonzero(is_unusual).tolist()
        return positions

    def _check(self, position: int, texts: list[str], kinds: Types | None) -> None:
        """Check the inputs of one node with all care, and rewrite them."""
        data: list[str] = []
        control: set[str] = set()
        told: list[str] = []
        expected = () if kinds is None else kinds.inputs
        for given in texts:
            name, port, source = self._parse(given)
            if source < 0 and (name, port) not in self._remapped.targets:
                raise self._wrong(position, f"Unknown input node '{given}'")
            text, number = self._source(position, name, port, source)
            if port == CONTROL:
                control.add(text)
                told.append(text)
                continue
            if control:
                raise self._wrong(
                    position,
                    "Control dependencies must come after regular dependencies",
                )
            if len(data) < len(expected):
                self._check_type(position, len(data), text, number, expected)
            data.append(text)
            told.append(self._as_told(given, name, port, source, text))
        if kinds is not None and len(data) != len(expected):
            op_type = self._nodes[position].op
            definition = self._definition_of(op_type)
            raise wrong_input_count(
                self._names[position], definition or op_type, expected, len(data)
            )
        final = data + sorted(control)
        if final != texts:
            self._nodes[position].input[:] = final
        if final != told:
            self.told[position] = tuple(told)

    def _source(
        self, position: int, name: str, port: int, source: int
    ) -> tuple[str, int]:
        """Return how an input is spelt in storage, and its type number (0: any)."""
        target = self._remapped.targets.get((name, port))
        if target is not None:
            self._remapped.used.add((name, port))
            if (name, port) in self._remapped.reshaped:
                self._reshaped.add(position)
            return target
        if source >= position:
            self._looks_ahead = True
        number = 0 if port == CONTROL else self._output_type(position, source, port)
        return _spell(self._names[source], port), number

    # TF: a loop that is imported again keeps the old name where it closes, and so names
    # the loop that has it now.
    def _as_told(self, given: str, name: str, port: int, source: int, text: str) -> str:
        """Return how TensorFlow's node spells an input that is stored as `text`."""
        if ":" in text:
            return text
        is_told = (
            given != name
            or source in self._collided
            or (name, port) in self._remapped.targets
        )
        return f"{text}:0" if is_told else text

    def _parse(self, text: str) -> tuple[str, int, int]:
        """Return name, output and position (negative where unknown) of an input."""
        known = self._parsed.get(text)
        if known is None:
            if text.startswith("^"):
                name, port = text[1:], CONTROL
            else:
                name, colon, digits = text.rpartition(":")
                if colon and digits.isdecimal():
                    port = int(digits)
                else:
                    name, port = text, 0
            known = self._parsed[text] = (name, port, self._index.get(name, -1))
        return known

    def _output_type(self, position: int, source: int, port: int) -> int:
        kinds = self._types[source]
        if kinds is None:
            return 0
        if port >= len(kinds.outputs):
            raise self._wrong(
                position,
                f"Connecting to invalid output {port} of source node "
                f"{self._nodes[source].name} which has {len(kinds.outputs)} outputs.",
            )
        return kinds.outputs[port]

    def _check_type(
        self,
        position: int,
        input_number: int,
        source: str,
        given: int,
        expected: Sequence[int],
    ) -> None:
        wanted = expected[input_number]
        if given in (0, wanted) or given == wanted + _REF_OFFSET:
            return
        shown = source if ":" in source else f"{source}:0"
        raise ValueError(
            f"Input {input_number} of node {self._names[position]} was passed "
            f"{type_name(given)} from {shown} incompatible with expected "
            f"{type_name(wanted)}."
        )

    def _wrong(self, position: int, problem: str) -> ValueError:
        return ValueError(f"Node '{self._nodes[position].name}': {problem}")

    # -- order -------------------------------------------------------------------------

    def order(self) -> list[int] | None:
        """Return the order in which TensorFlow adds the nodes; None for the file's.

        A node comes after its inputs; a `Merge` that closes a loop waits for one of
        them only.

        Raises:
            ValueError: Nodes form a cycle that no loop closes.
        """
        if not self._looks_ahead:
            return None
        waiting, users = self._pending()
        ready = [position for position, pending in enumerate(waiting) if not pending]
        heapify(ready)
        found: list[int] = []
        while ready:
            position = heappop(ready)
            found.append(position)
            for user in users.get(position, ()):
                waiting[user] -= 1
                if waiting[user] == 0:
                    heappush(ready, user)
        if len(found) < len(waiting):
            raise ValueError(f"{len(waiting) - len(found)} nodes in a cycle")
        return None if found == list(range(len(found))) else found

    def _check_reached(self, position: int) -> None:
        """Refuse a cycle before what is wrong with a node that waits for it.

        Raises:
            ValueError: The node waits for a cycle that no loop closes.
        """
        waiting, users = self._pending()
        ready = [at for at, pending in enumerate(waiting) if not pending]
        ready.append(-1)  # what is not known is another mistake
        while ready:
            at = ready.pop()
            if at == position:
                return
            for user in users.get(at, ()):
                waiting[user] -= 1
                if waiting[user] == 0:
                    ready.append(user)
        stuck = sum(pending > 0 for pending in waiting)
        if stuck:
            raise ValueError(f"{stuck} nodes in a cycle")

    def _pending(self) -> tuple[list[int], dict[int, list[int]]]:
        op_types = self._op_types
        waiting: list[int] = []
        users: dict[int, list[int]] = {}
        for position, texts in enumerate(self._inputs):
            given = [self._parse(text) for text in texts]
            sources = [
                source
                for name, port, source in given
                if (name, port) not in self._remapped.targets
            ]
            for source in sources:
                users.setdefault(source, []).append(position)
            closes_loop = op_types[position] in _MERGES and any(
                op_types[source] in _NEXT_ITERATIONS for source in sources
            )
            if closes_loop:
                controls = sum(1 for _, port, _ in given if port == CONTROL)
                waiting.append(controls + 1)
            else:
                waiting.append(len(sources))
        return waiting, users

    def downstream_of_reshaped(self) -> Iterable[int]:
        """Return the nodes whose shapes may differ because an input's shape does."""
        if not self._reshaped:
            return ()
        changed = bytearray(len(self._nodes))
        for position in self._reshaped:
            changed[position] = 1
        pairs = self._data_edges()
        before = -1
        while before < (before := sum(changed)):
            for user, source in pairs:
                if changed[source]:
                    changed[user] = 1
            if not self._looks_ahead:
                break
        return [position for position, flag in enumerate(changed) if flag]

    def _data_edges(self) -> list[tuple[int, int]]:
        """Return users and sources of all data inputs, in the order of users."""
        users, sources = self._users.tolist(), self._sources.tolist()
        edges = []
        texts_of_all = chain.from_iterable(self._inputs)
        for user, source, text in zip(users, sources, texts_of_all, strict=True):
            if source >= 0:
                edges.append((user, source))
                continue
            name, port, position = self._parse(text)
            is_inside = position >= 0 and (name, port) not in self._remapped.targets
            if port != CONTROL and is_inside:
                edges.append((user, position))
        return edges


def _spell(name: str, port: int) -> str:
    if port == CONTROL:
        return f"^{name}"
    return f"{name}:{port}" if port else name
