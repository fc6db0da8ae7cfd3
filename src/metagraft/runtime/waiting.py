"""Plans that wait for other runs: they run in parts, and hold nothing while they wait.

A program keeps the store locked from reading variables to storing them. An operation
that waits for another run, say for an element of a queue, must not run in that time:
the other run may need the store. So a plan with such operations is cut into parts:

- what an operation needs that waits, as a program;
- the operations that wait, side by side if there are several, with nothing locked;
- again, as long as operations that wait depend on others;
- the rest, as a program: variables are read after the waiting.

Each part stores what it computed before the next begins.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from metagraft.errors import CancelledError, DeadlineExceededError
from metagraft.kernels.mutex import release_locks
from metagraft.kernels.namespace import host_run
from metagraft.kernels.waits import Waits
from metagraft.runtime.checkpoint_runs import new_program
from metagraft.runtime.control_flow import Loop
from metagraft.runtime.evaluate import Environment, Step, evaluate, make_step
from metagraft.runtime.host import HostFrame, load, store_values
from metagraft.runtime.lock_order import in_turn, with_locks_in_turn
from metagraft.runtime.plan import FRAME_SLOT, Node, Plan
from metagraft.runtime.program import Program
from metagraft.runtime.resources import Store

# Functions that take less time than this run one after the other.
_HEAD_START_S: Final = 0.01


def program_for(plan: Plan, store: Store) -> AnyProgram:
    """Return what runs a plan."""
    if any(waits(node) for node in plan.nodes):
        return WaitingProgram(plan, store)
    return new_program(plan, store)


def waits(node: Node) -> bool:
    """Whether a node, or one inside of the loop that it is, may wait."""
    if isinstance(node.attrs, Loop):
        return any(waits(n) for n in (*node.attrs.condition, *node.attrs.body))
    return node.kernel.waits


def _check_goes_on(waits: Waits) -> None:
    if waits.is_cancelled:
        raise CancelledError(None, None, "The run was cancelled.")


@dataclass(frozen=True, slots=True)
class _Part:
    """A part of a plan.

    Attributes:
        plan: What it does; fed is what it takes from before, fetched what it gives on.
        is_waiting: Whether its nodes wait.
    """

    plan: Plan
    is_waiting: bool


class WaitingProgram:
    """Runs a plan in parts.

    Attributes:
        store: What the session keeps.
    """

    def __init__(self, plan: Plan, store: Store) -> None:
        """Cut the plan; nothing is compiled yet."""
        self._plan = plan
        self.store = store
        self._constants = plan.constants
        parts = _cut(plan)
        last = parts[-1].plan
        self._last = new_program(last, store)
        self._last_feeds = last.feeds
        self._ends_waiting = not (last.nodes or last.writes or last.fetches)
        self._parts = [
            _WaitingPart(part.plan, store)
            if part.is_waiting
            else _ProgramPart(part.plan, store)
            for part in parts[:-1]
        ]

    def run(self, feeds: Sequence[Any]) -> list[Any]:
        """Run with the given feeds and return the fetched values."""
        return self.run_with(self.store.waits, feeds)

    def run_with(self, waits: Waits, feeds: Sequence[Any]) -> list[Any]:
        """Run, waiting for other runs only as long as `waits` allow it."""
        environment: Environment = [None] * self._plan.n_slots
        for slot, value in self._constants:
            environment[slot] = value
        for slot, value in zip(self._plan.feeds, feeds, strict=True):
            environment[slot] = value
        try:
            for part in self._parts:
                part.run(environment, waits)
                _check_goes_on(waits)
            if self._ends_waiting:
                return []
            return self._last.run([environment[slot] for slot in self._last_feeds])
        except BaseException:
            release_locks(environment)
            raise


class LimitedProgram:
    """Runs a program that gives up waiting, or a loop on the host, after some time."""

    def __init__(
        self, program: Program | WaitingProgram, store: Store, timeout_ms: int
    ) -> None:
        """Limit one run of a program."""
        self._program = program
        self._store = store
        self._timeout_ms = timeout_ms

    def run(self, feeds: Sequence[Any]) -> list[Any]:
        """Run with the given feeds and return the fetched values.

        Raises:
            DeadlineExceededError: The run has waited too long.
        """
        waits = Waits(self._store.waits)
        ended = threading.Event()

        def end() -> None:
            ended.set()
            waits.cancel()

        timer = threading.Timer(self._timeout_ms / 1000, end)
        timer.daemon = True
        timer.start()
        limits, thread = self._store.limits, threading.get_ident()
        outer = limits.get(thread)
        limits[thread] = waits
        try:
            if isinstance(self._program, Program):
                return self._program.run(feeds)
            return self._program.run_with(waits, feeds)
        except CancelledError as error:
            if not ended.is_set():
                raise
            raise DeadlineExceededError(
                error.node_def, error.op, "Timed out waiting for notification"
            ) from error
        finally:
            if outer is None:
                del limits[thread]
            else:
                limits[thread] = outer
            timer.cancel()
            waits.release()


AnyProgram = Program | WaitingProgram | LimitedProgram


def limited(program: AnyProgram, timeout_ms: int) -> AnyProgram:
    """Return what runs a program once, waiting for other runs for a limited time.

    # TF: also stops a run between any two operations.
    """
    if isinstance(program, LimitedProgram):
        return program
    is_limited = isinstance(program, WaitingProgram) or program.has_loops
    return LimitedProgram(program, program.store, timeout_ms) if is_limited else program


class _ProgramPart:
    """A part that is a program."""

    def __init__(self, plan: Plan, store: Store) -> None:
        self._program = new_program(plan, store)
        self._feeds = plan.feeds
        self._outputs = plan.fetches

    def run(self, environment: Environment, waits: Waits) -> None:
        del waits
        values = self._program.run([environment[slot] for slot in self._feeds])
        for slot, value in zip(self._outputs, values, strict=True):
            environment[slot] = _as_array(value)


def _as_array(value: Any) -> Any:
    """Return what a program gave out in the form that kernels take."""
    if value is None or isinstance(value, (np.ndarray, np.generic)):
        return value
    array = np.empty((), object)  # a string or a handle
    array[()] = value
    return array


class _WaitingPart:
    """A part whose nodes wait."""

    def __init__(self, plan: Plan, store: Store) -> None:
        self._plan = plan
        self._store = store
        self._steps = [make_step(node) for node in plan.nodes]

    def run(self, environment: Environment, waits: Waits) -> None:
        plan, store = self._plan, self._store
        frame = HostFrame(store, plan.randoms)
        frame.waits = waits
        environment[FRAME_SLOT] = frame
        if plan.reads:
            with store.lock:
                load(store, plan.reads, environment)
        if len(plan.nodes) == 1:
            with host_run():
                evaluate(plan.nodes, self._steps, environment)
        else:
            _Together(store, plan, self._steps, environment, waits).run()
        if plan.writes or plan.randoms:
            feeds = [environment[slot] for slot in plan.feeds]
            with store.lock:
                store_values(store, plan.writes, environment, feeds)
                frame.commit()


class _Together:
    """Nodes that wait at the same time: one may wait for what another does."""

    def __init__(
        self,
        store: Store,
        plan: Plan,
        steps: Sequence[Step],
        environment: Environment,
        waits: Waits,
    ) -> None:
        self._store = store
        self._plan = plan
        self._steps = steps
        self._environment = environment
        self._waits = Waits(waits)
        self._errors: list[BaseException] = []

    def run(self) -> None:
        """Run all nodes; if one fails, the others stop waiting.

        Raises:
            OpError: The first error.
        """
        threads = [
            threading.Thread(target=self._run_one, args=(node, step), daemon=True)
            for node, step in zip(self._plan.nodes, self._steps, strict=True)
        ]
        try:
            for node, thread in zip(self._plan.nodes, threads, strict=True):
                thread.start()
                if not node.kernel.on_run:
                    thread.join(_HEAD_START_S)
            for thread in threads:
                thread.join()
        except BaseException:
            self._waits.cancel()
            raise
        finally:
            self._waits.release()
        if self._errors:
            raise self._errors[0]

    def _run_one(self, node: Node, step: Step) -> None:
        environment = self._environment.copy()
        frame = HostFrame(self._store, self._plan.randoms)
        frame.waits = self._waits
        environment[FRAME_SLOT] = frame
        try:
            with host_run():
                evaluate((node,), (step,), environment)
        except BaseException as error:  # noqa: BLE001 - raised by `run`
            self._errors.append(error)
            self._waits.cancel()
            return
        for slot in node.outputs:
            self._environment[slot] = environment[slot]


# -- cutting ---------------------------------------------------------------------------


def _cut(plan: Plan) -> list[_Part]:
    """Cut a plan into parts; the last one is a program and has its fetches."""
    cutter = _Cutter(plan)
    *first, (last, _) = _groups(plan)
    parts = [_Part(cutter.part(numbers), waiting) for numbers, waiting in first]
    return [*parts, _Part(cutter.last_part(last), False)]


class _Cutter:
    """The working state of `_cut`.

    Variables are read in the first part that uses the value, and stored in the part
    that computes it.
    """

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._reads = {read.slot: read for read in plan.reads}
        self._writes = list(plan.writes)
        self._done: set[int] = set()

    def part(self, numbers: Sequence[int]) -> Plan:
        """Return the part with some nodes; it gives out what is used later."""
        part, made = self._part(numbers, set())
        used = self._used_at_end()
        for index, node in enumerate(self._plan.nodes):
            if index not in self._done:
                used.update(node.dependencies())
        used.update(write.slot for write in self._writes if write.slot is not None)
        given = made.union(read.slot for read in part.reads)
        return replace(
            part, fetches=tuple(sorted(given & used)), fetch_guards=(), repeated=()
        )

    def last_part(self, numbers: Sequence[int]) -> Plan:
        """Return the part with the rest of the nodes, and all that is left."""
        used = self._used_at_end()
        used.update(write.slot for write in self._writes if write.slot is not None)
        used.update(self._reads)
        part, _ = self._part(numbers, used)
        return replace(part, writes=(*part.writes, *self._writes))

    def _used_at_end(self) -> set[int]:
        used = set(self._plan.fetches)
        used.update(slot for guards in self._plan.fetch_guards for slot, _ in guards)
        return used

    def _part(self, numbers: Sequence[int], used: set[int]) -> tuple[Plan, set[int]]:
        plan = self._plan
        nodes = [plan.nodes[index] for index in numbers]
        made = {slot for node in nodes for slot in node.outputs}
        used = used.union(slot for node in nodes for slot in node.dependencies())
        reads = [self._reads.pop(slot) for slot in sorted(used) if slot in self._reads]
        writes = [write for write in self._writes if write.slot in made]
        self._writes = [write for write in self._writes if write.slot not in made]
        constants = tuple((slot, v) for slot, v in plan.constants if slot in used)
        own = made.union(slot for slot, _ in constants)
        own.update(read.slot for read in reads)
        self._done.update(numbers)
        part = replace(
            plan,
            nodes=tuple(nodes),
            constants=constants,
            feeds=tuple(sorted(used - own - {FRAME_SLOT})),
            reads=tuple(reads),
            writes=tuple(writes),
            events=_events(plan, numbers),
        )
        return part, made


def _events(plan: Plan, members: Sequence[int]) -> tuple[int | tuple[int, ...], ...]:
    """Return the events with the positions that nodes have in a part.

    What happened in another part has the position of no node, -1.
    """
    position = {index: place for place, index in enumerate(members)}
    return tuple(
        position.get(event, -1) if isinstance(event, int) else event
        for event in plan.events
    )


def _groups(plan: Plan) -> list[tuple[list[int], bool]]:
    """Return the numbers of the nodes of each part, and whether they wait."""
    before = with_locks_in_turn(plan, _dependencies(plan))
    order = in_turn(before)
    waiting = [waits(node) for node in plan.nodes]
    # How many times something has to be waited for before a node.
    rounds = [0] * len(before)
    for index in order:
        rounds[index] = max((rounds[i] + waiting[i] for i in before[index]), default=0)
    numbers = range(len(before))
    count = 1 + max(rounds[i] for i in numbers if waiting[i])
    # Before which round of waiting a node is needed: as late as possible.
    needed = [count] * len(before)
    for index in reversed(order):
        limit = rounds[index] if waiting[index] else needed[index]
        for i in before[index]:
            needed[i] = min(needed[i], limit)
    groups: list[tuple[list[int], bool]] = []
    for turn in range(count + 1):
        ready = [i for i in numbers if not waiting[i] and needed[i] == turn]
        if ready or turn == count:
            groups.append((ready, False))
        if turn < count:
            groups.append(
                ([i for i in numbers if waiting[i] and rounds[i] == turn], True)
            )
    return groups


def _dependencies(plan: Plan) -> list[list[int]]:
    """Return, per node, the numbers of the nodes that it comes after."""
    producer = {
        slot: index for index, node in enumerate(plan.nodes) for slot in node.outputs
    }
    resolved: dict[int, frozenset[int]] = {}

    def nodes_of(event: int, events: Mapping[int, Any]) -> frozenset[int]:
        found = resolved.get(event)
        if found is None:
            entry = events[event]
            if isinstance(entry, int):
                found = frozenset((entry,))
            else:
                found = frozenset().union(*(nodes_of(e, events) for e in entry))
            resolved[event] = found
        return found

    events = dict(enumerate(plan.events))
    return [
        sorted(
            {producer[slot] for slot in node.dependencies() if slot in producer}.union(
                *(nodes_of(event, events) for event in node.after)
            )
        )
        for node in plan.nodes
    ]
