"""Loops with stacks, arrays or lists of tensors as one loop of a program.

Stacks, arrays and lists are Python objects while a program is traced, so a loop that
uses them cannot simply be traced. But what such a loop does to them nearly always
follows from counters that are known: how often it turns, and which place each turn
writes or reads. So the loop is first walked through without its arithmetic, turn by
turn: counters and indices are computed, elements are taken and put, and what the
arithmetic will give stands there as `Pending`. That tells, for every operation that
reads an element, the elements of all turns; put together they are what `lax.scan`
scans over. The scan computes everything else, and gives out, for all turns, the values
that were put somewhere; these replace what was pending, as pieces of one array.

Loops for which this does not work raise `NotRollableError`, with all objects as before:
where the number of turns or an index is not known, where a turn reads what an earlier
one has written, where shapes change.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from metagraft.kernels.pieces import (
    Pending,
    Piece,
    changed,
    containers,
    is_pending,
    stacked,
)
from metagraft.runtime.control_flow import (
    SHAPE_OPS,
    Loop,
    random_streams,
    touches_arrays,
)
from metagraft.runtime.plan import FRAME_SLOT
from metagraft.runtime.turn_streams import TurnFrame

if TYPE_CHECKING:
    from metagraft.runtime.evaluate import Environment, Frame, Step
    from metagraft.runtime.plan import Node

# Fewer turns are unrolled.
_TURNS_MIN: Final = 5
_TURNS_MAX: Final = 1_000_000
# What has more elements is not a counter or an index: the scan computes it.
_KNOWN_SIZE_MAX: Final = 64
_ATTEMPTS_MAX: Final = 8

MakeEnvironment = Callable[[Sequence[Any]], "Environment"]


class NotRollableError(Exception):
    """A loop cannot be rolled; nothing was changed."""


def rolled(
    loop: Loop,
    steps: Sequence[Step],
    frame: Frame,
    make_environment: MakeEnvironment,
    constants: Sequence[Any],
    state: Sequence[Any],
) -> list[Any]:
    """Add a loop to the program that is being traced.

    Args:
        loop: The loop.
        steps: Those of its condition, then those of its body.
        frame: The run.
        make_environment: Returns the slots at the start of a turn, given what is
            carried.
        constants: What stays the same.
        state: What is carried, at the start.

    Returns:
        The final values of what is carried.

    Raises:
        NotRollableError: It has to be run in another way.
    """
    restores = [found.saved() for found in containers([*constants, *state])]
    work = _Rolled(loop, steps, frame, make_environment, list(state))

    def restore() -> None:
        for bring_back in restores:
            bring_back()

    try:
        return work.run([*constants, *state], restore)
    except Exception as error:
        restore()
        # Its mistakes, too, are found, and told in full, by the other ways.
        raise NotRollableError(str(error)) from error


def _refuse(why: str) -> None:
    raise NotRollableError(why)


def _is_known(value: Any) -> bool:
    """Whether a value is a handle, or small and known."""
    if not isinstance(value, (np.ndarray, np.generic)):
        return False
    return value.dtype == object or value.size <= _KNOWN_SIZE_MAX


@dataclass(slots=True)
class _Kinds:
    """What computes the slots of a turn.

    Attributes:
        known: Slots whose values are known when the program is traced.
        walked: Which nodes the walk runs: those on known values, and on elements.
        types: Shape and type of what every other slot has.
        heavy: Positions in what is carried that the scan carries.
        shapes: Slots with shapes of what the scan computes, the same in all turns.
    """

    known: set[int]
    walked: list[bool]
    types: dict[int, tuple[tuple[int, ...], Any]]
    heavy: list[int]
    shapes: dict[int, Any]


@dataclass(slots=True)
class _Walk:
    """What walking through the turns has found.

    Attributes:
        n_turns: How many turns there are.
        rows: Per slot that the scan needs from the walk, its values.
        end: All slots after the last evaluation of the condition.
    """

    n_turns: int
    rows: dict[int, list[Any]]
    end: Environment


@dataclass(slots=True)
class _Sources:
    """Where the scan gets what the walk found.

    Attributes:
        same: Slots that have one value in all turns.
        scanned: Slots with a value for each turn, as one array.
        aliases: Slots that have what another slot has in the same turn.
    """

    same: dict[int, Any] = field(default_factory=dict)
    scanned: dict[int, Any] = field(default_factory=dict)
    aliases: dict[int, int] = field(default_factory=dict)


class _Rolled:
    """One loop of one program, being rolled."""

    def __init__(
        self,
        loop: Loop,
        steps: Sequence[Step],
        frame: Frame,
        make_environment: MakeEnvironment,
        state: list[Any],
    ) -> None:
        self._loop = loop
        self._nodes: tuple[Node, ...] = (*loop.condition, *loop.body)
        self._steps = steps
        self._frame = frame
        self._make_environment = make_environment
        self._state = state
        self._n_condition = len(loop.condition)
        self._is_array = [touches_arrays(node) for node in self._nodes]
        self._unknown: set[int] = set()
        for index in loop.randoms:
            frame.stream(index)  # begun here, not while a turn is traced
        # How much of each random stream a turn takes.
        self._blocks: dict[int, int] = {}

    def run(self, start: Sequence[Any], restore: Callable[[], None]) -> list[Any]:
        self._check()
        for _ in range(_ATTEMPTS_MAX):
            kinds = self._kinds(restore)
            needed = self._needed(kinds)
            walk = self._walk(kinds, needed)
            if walk is not None:
                break
            restore()
        else:
            raise NotRollableError("what is known differs from turn to turn")
        if walk.n_turns < _TURNS_MIN:
            _refuse("too few turns")
        sources = _sources(walk, needed)
        finals = [walk.end[slot] for slot in self._loop.finals]
        found = containers([*start, *finals])
        wanted = _pending_slots(
            [*finals, *(e for c in found for e in c.elements_now())]
        )
        carry, rows = self._scanned(kinds, sources, walk.n_turns, wanted)

        def piece(pending: Pending) -> Any:
            return Piece(rows[pending.slot], pending.turn)

        for container in found:
            container.map_elements(lambda element: changed(element, piece))
        return self._finals(kinds, walk, carry, piece)

    def _check(self) -> None:
        if any(self._is_array[: self._n_condition]):
            _refuse("the condition reads elements")
        if random_streams(self._loop.condition):
            _refuse("the condition draws lots")
        for node, is_array in zip(self._nodes, self._is_array, strict=True):
            # Stacks are pushed and popped alike in branches that are not taken.
            in_branch = bool(node.guards) and not node.op.type.startswith("Stack")
            if is_array and (in_branch or isinstance(node.attrs, Loop)):
                _refuse("elements are taken or put in a branch or an inner loop")

    # -- what is known -------------------------------------------------------------

    def _kinds(self, restore: Callable[[], None]) -> _Kinds:
        """Find out what is known, from one turn that is traced and thrown away."""
        heavy = {
            i
            for i, value in enumerate(self._state)
            if value is not None and not _is_known(value)
        }
        while True:
            seen = self._one_turn(sorted(heavy))
            restore()
            known, walked, shapes = self._known(seen, heavy)
            unknown_next = {
                i
                for i, slot in enumerate(self._loop.nexts)
                if i not in heavy and slot not in known and self._state[i] is not None
            }
            if not unknown_next:
                break
            heavy |= unknown_next
        if self._loop.predicate not in known:
            _refuse("the number of turns is not known")
        types = {
            slot: (tuple(np.shape(value)), value.dtype)
            for slot, value in enumerate(seen)
            if hasattr(value, "dtype")
        }
        return _Kinds(known, walked, types, sorted(heavy), shapes)

    def _one_turn(self, heavy: Sequence[int]) -> list[Any]:
        import jax

        seen: list[Any] = []

        def turn(*values: Any) -> tuple[()]:
            from metagraft.runtime.evaluate import evaluate

            state = list(self._state)
            for i, value in zip(heavy, values, strict=True):
                state[i] = value
            environment = self._make_environment(state)
            frame = TurnFrame(self._frame, np.uint64(0), {})
            environment[FRAME_SLOT] = frame
            evaluate(self._nodes, self._steps, environment)
            environment[FRAME_SLOT] = None
            seen.extend(map(_described, environment))
            self._blocks = frame.reserved()
            return ()

        # Only shapes and types of these count.
        jax.eval_shape(turn, *[self._state[i] for i in heavy])
        return seen

    def _known(
        self, seen: Sequence[Any], heavy: Iterable[int]
    ) -> tuple[set[int], list[bool], dict[int, Any]]:
        template = self._make_environment([None] * len(self._state))
        carried = set(self._loop.carried)
        known = {
            slot
            for slot, value in enumerate(template)
            if slot not in carried and isinstance(value, (np.ndarray, np.generic))
        }
        heavy_slots = {self._loop.carried[i] for i in heavy}
        known |= {s for s in carried - heavy_slots if seen[s] is not None}
        walked = []
        shapes: dict[int, Any] = {}
        for node, is_array in zip(self._nodes, self._is_array, strict=True):
            small = [s for s in node.outputs if _is_known(seen[s])]
            if is_array:
                known.update(set(small) - self._unknown)
                walked.append(True)
                continue
            plain = not (node.guards or node.choices or node.checked)
            plain = plain and not isinstance(node.attrs, Loop)
            exact = plain and len(small) == len(node.outputs) > 0
            exact = exact and all(slot in known for slot in node.flat_inputs())
            if exact:
                known.update(small)
            elif (
                plain and node.op.type in SHAPE_OPS and len(small) == len(node.outputs)
            ):
                known.update(small)
                shapes.update((slot, seen[slot]) for slot in small)
            walked.append(exact)
        return known, walked, shapes

    def _needed(self, kinds: _Kinds) -> list[int]:
        """Return the slots that the scan needs from the walk."""
        needed: set[int] = set()
        for node, walked in zip(self._nodes, kinds.walked, strict=True):
            if not walked:
                needed.update(node.dependencies())
        needed.update(self._loop.nexts[i] for i in kinds.heavy)
        given: set[int] = set()
        for node, walked in zip(self._nodes, kinds.walked, strict=True):
            if walked:
                given.update(node.outputs)
        heavy = set(kinds.heavy)
        given.update(s for i, s in enumerate(self._loop.carried) if i not in heavy)
        return sorted(needed & given)

    # -- the walk ------------------------------------------------------------------

    def _walk(self, kinds: _Kinds, needed: Sequence[int]) -> _Walk | None:
        """Walk through all turns; None if something is not known after all."""
        rows: dict[int, list[Any]] = {slot: [] for slot in needed}
        awaited = self._awaited(kinds)
        heavy = [(i, self._loop.carried[i]) for i in kinds.heavy]
        state = list(self._state)
        for turn in range(_TURNS_MAX):
            for i, slot in heavy:
                state[i] = Pending(slot, turn, *kinds.types[slot])
            environment = self._make_environment(state)
            for slot, value in kinds.shapes.items():
                environment[slot] = value
            for slot in awaited:
                environment[slot] = Pending(slot, turn, *kinds.types[slot])
            if not self._walked(kinds, environment, range(self._n_condition)):
                return None
            if not bool(environment[self._loop.predicate]):
                return _Walk(turn, rows, environment)
            body = range(self._n_condition, len(self._nodes))
            if not self._walked(kinds, environment, body):
                return None
            for slot, values in rows.items():
                values.append(environment[slot])
            state = [environment[slot] for slot in self._loop.nexts]
        raise NotRollableError("too many turns")

    def _awaited(self, kinds: _Kinds) -> list[int]:
        """Return what the scan computes and the walk hands on."""
        computed: set[int] = set()
        for node, walked in zip(self._nodes, kinds.walked, strict=True):
            if not walked:
                computed.update(node.outputs)
        used = set(self._loop.nexts)
        for node, walked in zip(self._nodes, kinds.walked, strict=True):
            if walked:
                used.update(node.flat_inputs())
        computed -= kinds.shapes.keys()
        return sorted(slot for slot in used & computed if slot in kinds.types)

    def _walked(self, kinds: _Kinds, environment: Environment, which: range) -> bool:
        for position in which:
            if not kinds.walked[position]:
                continue
            if not self._is_array[position]:
                self._steps[position](environment)
                continue
            node = self._nodes[position]
            if not all(_may_hold(guard, environment) for guard in node.guards):
                continue
            operands = [
                environment[slots]
                if isinstance(slots, int)
                else tuple(environment[slot] for slot in slots)
                for slots in node.inputs
            ]
            values = node.kernel.fn(node.attrs, *operands)
            for slot, value in zip(node.outputs, values, strict=True):
                if slot in kinds.known and not _is_known(value):
                    self._unknown.add(slot)
                    return False
                environment[slot] = value
        return True

    # -- the scan ------------------------------------------------------------------

    def _scanned(
        self, kinds: _Kinds, sources: _Sources, n_turns: int, wanted: Sequence[int]
    ) -> tuple[list[Any], dict[int, Any]]:
        """Return what is carried at the end, and what the turns have in some slots."""
        import jax
        import jax.numpy as jnp

        from metagraft.runtime.evaluate import evaluate

        scanned = sorted(sources.scanned)
        nodes, steps = self._steps_of_scan(kinds, sources)

        def turn(carry: Any, numbered: Any) -> tuple[Any, Any]:
            number, xs = numbered
            state: list[Any] = [None] * len(self._state)
            for i, value in zip(kinds.heavy, carry, strict=True):
                state[i] = value
            environment = self._make_environment(state)
            environment[FRAME_SLOT] = TurnFrame(self._frame, number, self._blocks)
            for slot, value in sources.same.items():
                environment[slot] = value
            for slot, value in zip(scanned, xs, strict=True):
                environment[slot] = value
            evaluate(nodes, steps, environment)
            following = [environment[self._loop.nexts[i]] for i in kinds.heavy]
            given = [environment[slot] for slot in wanted]
            return tuple(map(jnp.asarray, following)), tuple(map(jnp.asarray, given))

        start = tuple(jnp.asarray(self._state[i]) for i in kinds.heavy)
        xs = tuple(jnp.asarray(sources.scanned[slot]) for slot in scanned)
        numbers = jnp.arange(n_turns, dtype=jnp.uint64) if self._blocks else None
        carry, rows = jax.lax.scan(turn, start, (numbers, xs), length=n_turns)
        for index, count in self._blocks.items():
            self._frame.stream(index).reserve(n_turns * count)
        return list(carry), dict(zip(wanted, rows, strict=True))

    def _steps_of_scan(
        self, kinds: _Kinds, sources: _Sources
    ) -> tuple[list[Node], list[Step]]:
        nodes: list[Node] = []
        steps: list[Step] = []
        for node, step, walked in zip(
            self._nodes, self._steps, kinds.walked, strict=True
        ):
            if not walked:
                nodes.append(node)
                steps.append(step)
            for slot in node.outputs:
                if slot in sources.aliases:
                    nodes.append(node)
                    steps.append(_alias(slot, sources.aliases[slot]))
        return nodes, steps

    def _finals(
        self,
        kinds: _Kinds,
        walk: _Walk,
        carry: Sequence[Any],
        piece: Callable[[Pending], Any],
    ) -> list[Any]:
        from metagraft.runtime.evaluate import evaluate

        state = [walk.end[slot] for slot in self._loop.carried]
        for i, value in zip(kinds.heavy, carry, strict=True):
            state[i] = value
        environment = self._make_environment(state)
        nodes, steps = self._nodes[: self._n_condition], self._steps
        evaluate(nodes, steps[: self._n_condition], environment)
        return [changed(environment[slot], piece) for slot in self._loop.finals]


def _may_hold(guard: tuple[int, bool], environment: Environment) -> bool:
    slot, wanted = guard
    value = environment[slot]
    known = isinstance(value, (np.ndarray, np.generic))
    return not known or bool(value) is wanted


def _alias(slot: int, source: int) -> Step:
    def step(environment: Environment) -> None:
        environment[slot] = environment[source]

    return step


def _described(value: Any) -> Any:
    """Return a known value, or what tells shape and type of another."""
    if value is None or isinstance(value, (np.ndarray, np.generic)):
        return value
    if not hasattr(value, "dtype"):
        return None
    return Pending(0, 0, tuple(np.shape(value)), value.dtype)


def _pending_slots(values: Iterable[Any]) -> list[int]:
    """Return the slots of everything that is pending in values."""
    found: set[int] = set()

    def note(pending: Pending) -> Pending:
        found.add(pending.slot)
        return pending

    for value in values:
        changed(value, note)
    return sorted(found)


def _sources(walk: _Walk, needed: Sequence[int]) -> _Sources:
    """Sort what the walk found by where the scan gets it from."""
    sources = _Sources()
    for slot in needed:
        values = walk.rows[slot]
        first = values[0] if values else None
        if any(value is None or is_pending(value) for value in values):
            _sort_pending(sources, slot, values)
        elif all(value is first for value in values) or _are_equal(values):
            sources.same[slot] = first
        elif any(_is_handle(value) for value in values):
            _refuse("a turn computes with handles")
        else:
            sources.scanned[slot] = stacked(values)
    return sources


def _sort_pending(sources: _Sources, slot: int, values: Sequence[Any]) -> None:
    if all(value is None for value in values):
        sources.same[slot] = None
        return
    for turn, value in enumerate(values):
        if not isinstance(value, Pending) or value.turn != turn:
            _refuse("a turn reads what an earlier one has written")
        if value.slot != values[0].slot:
            _refuse("what a turn reads differs from turn to turn")
    if values[0].slot != slot:
        sources.aliases[slot] = values[0].slot


def _is_handle(value: Any) -> bool:
    return isinstance(value, np.ndarray) and value.dtype == object


def _are_equal(values: Sequence[Any]) -> bool:
    """Whether values are known and all the same."""
    if not all(isinstance(value, (np.ndarray, np.generic)) for value in values):
        return False
    first = values[0]
    return not _is_handle(first) and all(
        value.dtype == first.dtype
        and value.shape == first.shape
        and value.tobytes() == first.tobytes()
        for value in values
    )
