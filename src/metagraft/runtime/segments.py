"""Cutting a plan into segments: parts that are one program each, and host parts.

A cut is made only where a value must be known on the host: an op that runs only there
(strings, output shapes that depend on data), or a `static` operand computed on the
device. A training step has neither and is one segment.

Theory of operation. Nodes get stages; even stages are programs, odd ones run on the
host, stage -1 is the host before any program. A node's stage is the least that its
operands and control edges allow. To make cuts rare:

- nodes with constant operands are computed once, when the plan is cut;
- what only depends on shapes (`Shape`, ...) is known while a program is traced;
- a static operand computed from feeds by a few small integer operations is computed on
  the host first; its value becomes part of the program's signature;
- a static operand that mixes both is traced from such values.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from metagraft.errors import OpError
from metagraft.graph.dtypes import variant
from metagraft.kernels.namespace import host_run
from metagraft.runtime.control_flow import SHAPE_OPS, Loop, touches_arrays
from metagraft.runtime.deferred import is_deferred
from metagraft.runtime.evaluate import NeedsHostValueError, evaluate, make_step
from metagraft.runtime.loop_lengths import deciding_inputs, predicates_outside
from metagraft.runtime.plan import FRAME_SLOT, Node, Plan, Read, Write

# Larger constants are arguments of a program, not part of it.
CONSTANT_ELEMENTS_MAX: Final = 4096
_CHEAP_ELEMENTS_MAX: Final = 1024
_HEAVY: Final = frozenset(
    {"MatMul", "BatchMatMul", "BatchMatMulV2", "Conv2D", "Conv3D"}
)
_HOST_TYPES: Final = frozenset({"string", "resource", "variant"})


@dataclass(frozen=True, slots=True)
class Segment:
    """Nodes that run together.

    Attributes:
        on_device: Whether it is a program; else it runs on the host.
        nodes: Kernel calls, in order.
        reads: Variables whose initial value it takes.
        inputs: Slots with values from before it (feeds, other segments, large
            constants).
        static_inputs: Those of them whose value is part of the program.
        outputs: Slots that are fetched or used after it.
        writes: Variables that get their final value from it.
    """

    on_device: bool
    nodes: tuple[Node, ...]
    reads: tuple[Read, ...]
    inputs: tuple[int, ...]
    static_inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    writes: tuple[Write, ...]


@dataclass(frozen=True, slots=True)
class Cut:
    """A plan in segments.

    Attributes:
        segments: In order.
        constants: Slot -> value, folded nodes included.
        starts_early: Whether nodes of the first segment run before what control edges
            put before them; so their errors may come before others.
    """

    segments: tuple[Segment, ...]
    constants: dict[int, Any]
    starts_early: bool


@dataclass(slots=True)
class Findings:
    """What earlier attempts at tracing a plan have shown.

    Attributes:
        host_nodes: Nodes that need the values of their operands.
        unknown_slots: Slots whose value is not known while tracing.
    """

    host_nodes: set[Node] = field(default_factory=set)
    unknown_slots: set[int] = field(default_factory=set)

    def add(self, error: NeedsHostValueError) -> None:
        """Learn from a failed trace."""
        if error.slot < 0 or error.slot in self.unknown_slots:
            self.host_nodes.add(error.node)
        else:
            self.unknown_slots.add(error.slot)


class _FoldingFrame:
    """The frame while constants are folded."""

    def stream(self, index: int) -> Any:
        raise AssertionError(f"random stream {index} in a constant")

    def adopt(self, value: Any) -> Any:
        return np.asarray(value)

    def truth(self, predicate: Any) -> bool:
        return bool(predicate)

    def host_value(self, slot: int) -> Any:
        raise AssertionError(f"slot {slot} is traced in a constant")


def cut(plan: Plan, findings: Findings) -> Cut:
    """Cut a plan into segments."""
    return _Cutter(plan, findings).cut()


class _Cutter:
    """The working state of `cut`."""

    def __init__(self, plan: Plan, findings: Findings) -> None:
        self.plan = plan
        self.findings = findings
        self.constants: dict[int, Any] = dict(plan.constants)
        # Whether variables are initialised is known before the run, as feeds are.
        flags = [read.slot for read in plan.reads if read.initialized]
        self.feeds = frozenset([*plan.feeds, *flags])
        self.reads = {r.slot: r for r in plan.reads if not r.initialized}
        self.nodes: list[Node] = []
        self.producer: dict[int, Node] = {}
        self.known: set[int] = set()
        self.static: set[int] = set()
        self.on_host: set[Node] = set()
        # They always do the same, so control edges need not hold them back.
        self.hoisted: set[Node] = set()
        self.stage_of_slot: dict[int, int] = {}

    def cut(self) -> Cut:
        self._fold_constants()
        self._find_known()
        for node in self.nodes:
            if self._must_run_on_host(node):
                self.on_host.add(node)
        arrays = [node for node in self.nodes if touches_arrays(node)]
        if any(node in self.on_host for node in arrays) or self._come_from_outside():
            self.on_host.update(arrays)
        self._resolve_operands()
        stages = self._stages()
        if len({stages[node] for node in arrays}) > 1:
            # Programs cannot hand them to each other.
            self.on_host.update(arrays)
            stages = self._stages()
        groups: dict[int, list[Node]] = {}
        for node in self.nodes:
            groups.setdefault(stages[node], []).append(node)
        ordered = [(stage, groups[stage]) for stage in sorted(groups)]
        early = any(node.after for node in self.hoisted)
        return Cut(tuple(self._segments(ordered)), self.constants, early)

    def _come_from_outside(self) -> bool:
        """Whether variables hold lists of tensors, or some are fed.

        Programs do not take or give out such objects.
        """
        declared = [read.declaration for read in self.plan.reads]
        declared += [write.declaration for write in self.plan.writes]
        if any(declaration.dtype is variant for declaration in declared):
            return True
        return any(
            slot in self.feeds and tensor.dtype is variant
            for node in self.nodes
            for slot, tensor in zip(node.flat_inputs(), node.op.inputs, strict=False)
        )

    # -- what is known without running anything ------------------------------------

    def _must_run_on_host(self, node: Node) -> bool:
        if node in self.findings.host_nodes:
            return True
        if not is_deferred(node):
            return _is_host_only(node)
        # Its messages are constants; other strings exist only on the host.
        return any(
            tensor.dtype.base_dtype.name == "string" and slot not in self.constants
            for slot, tensor in zip(node.flat_inputs(), node.op.inputs, strict=True)
        )

    def _fold_constants(self) -> None:
        environment: list[Any] = [None] * self.plan.n_slots
        environment[FRAME_SLOT] = _FoldingFrame()
        with host_run():
            for node in self.plan.nodes:
                if not (self._foldable(node) and self._is_folded(node, environment)):
                    self._keep(node)

    def _is_folded(self, node: Node, environment: list[Any]) -> bool:
        """Compute a node of constants; whether it had values (a run reports errors)."""
        for slot in node.flat_inputs():
            environment[slot] = self.constants[slot]
        try:
            evaluate((node,), (make_step(node),), environment)
        except OpError:
            return False
        for slot in node.outputs:
            self.constants[slot] = environment[slot]
        return True

    def _keep(self, node: Node) -> None:
        self.nodes.append(node)
        for slot in node.outputs:
            self.producer[slot] = node

    def _foldable(self, node: Node) -> bool:
        return (
            _is_pure(node)
            and node.op.type not in _HEAVY
            and not node.after
            and all(slot in self.constants for slot in node.flat_inputs())
        )

    def _find_known(self) -> None:
        unknown = self.findings.unknown_slots
        for slot, value in self.constants.items():
            if np.size(value) <= CONSTANT_ELEMENTS_MAX:
                self.known.add(slot)
        for node in self.nodes:
            # In a branch as well: if it is traced, its values are known then.
            if not _has_no_effects(node) or _is_host_only(node):
                continue
            if node.op.type in SHAPE_OPS or all(
                slot in self.known for slot in node.flat_inputs()
            ):
                self.known.update(s for s in node.outputs if s not in unknown)

    # -- static operands -----------------------------------------------------------

    def _resolve_operands(self) -> None:
        for node in self.nodes:
            if node in self.on_host:
                for slot in node.dependencies():
                    if self._hostable(slot, 0):
                        self._compute_on_host(slot)
                continue
            inside = self._deciding_inside(node)
            for slot in [*_static_slots(node), *node.predicates(), *inside]:
                leaves = self._leaves(slot, 0)
                if leaves is not None:
                    for leaf in leaves:
                        self._compute_on_host(leaf)
                        self.static.add(leaf)
                    self.known.add(slot)

    def _deciding_inside(self, node: Node) -> list[int]:
        """Return what tells which branches the turns of a loop take.

        Also what tells how often it turns, if it needs that to be traced.
        """
        if not isinstance(node.attrs, Loop):
            return []
        branches = predicates_outside(node)
        if not node.attrs.needs_length:
            return branches
        lengths = deciding_inputs(node, None, _is_counter) or []
        known = all(self._leaves(slot, 0) is not None for slot in lengths)
        return [*branches, *lengths] if known else branches

    def _leaves(self, slot: int, depth: int) -> list[int] | None:
        """Return the host values from which a static operand follows in a trace.

        None if there are no such values: it has to be computed on the device first.
        """
        if slot in self.known:
            return []
        if self._hostable(slot, depth):
            return [slot]
        node = self.producer.get(slot)
        if node is None or depth > 50 or not _is_pure(node) or node in self.on_host:
            return None
        if slot in self.findings.unknown_slots:
            return None
        operands: list[int] | None = None
        if isinstance(node.attrs, Loop):
            operands = deciding_inputs(node, slot, _is_counter)
        elif _is_cheap(node):
            operands = node.flat_inputs()
        if operands is None:
            return None
        found: list[int] = []
        for operand in operands:
            leaves = self._leaves(operand, depth + 1)
            if leaves is None:
                return None
            found.extend(leaves)
        return found

    def _hostable(self, slot: int, depth: int) -> bool:
        """Whether a value can be had on the host with little work."""
        if slot in self.constants or slot in self.feeds:
            return True
        read = self.reads.get(slot)
        if read is not None:
            return _is_small(read.declaration.dims)
        node = self.producer.get(slot)
        if node is None:  # a reference that nothing takes the value of
            return False
        if node in self.on_host:
            return True
        return (
            depth < 50
            and not isinstance(node.attrs, Loop)
            and _is_pure(node)
            and _is_cheap(node)
            and all(self._hostable(s, depth + 1) for s in node.flat_inputs())
        )

    def _compute_on_host(self, slot: int) -> None:
        node = self.producer.get(slot)
        if node is not None and node not in self.on_host:
            self.on_host.add(node)
            self.hoisted.add(node)
            for operand in node.flat_inputs():
                self._compute_on_host(operand)

    # -- stages --------------------------------------------------------------------

    def _stages(self) -> dict[Node, int]:
        stages: dict[Node, int] = {}
        index_of = {node: i for i, node in enumerate(self.plan.nodes)}
        stage_of_index: dict[int, int] = {}
        event_stages: list[int] = []
        for node in self.nodes:
            self._extend_events(
                max(node.after, default=-1), event_stages, stage_of_index
            )
            host = node in self.on_host
            stage = -1 if host else 0
            static = set() if host else self._static_operands(node)
            for slot in node.dependencies():
                before = self.stage_of_slot.get(slot, -1)
                needs_value = slot in static and slot not in self.known
                stage = max(stage, _next_stage(before, host, needs_value))
            for event in () if node in self.hoisted else node.after:
                stage = max(stage, _next_stage(event_stages[event], host, False))
            stages[node] = stage
            stage_of_index[index_of[node]] = stage
            for slot in node.outputs:
                self.stage_of_slot[slot] = stage
            self.static.update(slot for slot in static if slot not in self.known)
        return stages

    def _static_operands(self, node: Node) -> set[int]:
        """Return the slots whose values a program needs to be traced."""
        decided = self.findings.unknown_slots.intersection(node.predicates())
        return decided.union(_static_slots(node))

    def _extend_events(
        self, last: int, event_stages: list[int], stage_of_index: dict[int, int]
    ) -> None:
        """Find the stages after which events happened, up to event number `last`."""
        for entry in self.plan.events[len(event_stages) : last + 1]:
            if isinstance(entry, int):
                event_stages.append(stage_of_index.get(entry, -1))
            else:
                event_stages.append(max(event_stages[event] for event in entry))

    # -- segments ------------------------------------------------------------------

    def _segments(self, groups: Sequence[tuple[int, list[Node]]]) -> list[Segment]:
        needed = self._needed_after(groups)
        written = {write.slot: write for write in self.plan.writes}
        unread = dict(self.reads)
        segments = []
        for (stage, nodes), after in zip(groups, needed, strict=True):
            used = dict.fromkeys(s for node in nodes for s in node.dependencies())
            produced = [slot for node in nodes for slot in node.outputs]
            made = set(produced)
            reads = [unread.pop(slot) for slot in used if slot in unread]
            read_slots = {read.slot for read in reads}
            inputs = tuple(
                slot
                for slot in used
                if slot not in made
                and slot not in read_slots
                and not self._is_embedded(slot)
            )
            candidates = [*(read.slot for read in reads), *produced]
            segments.append(
                Segment(
                    on_device=stage % 2 == 0,
                    nodes=tuple(nodes),
                    reads=tuple(reads),
                    inputs=inputs,
                    static_inputs=tuple(s for s in inputs if s in self.static),
                    outputs=tuple(s for s in candidates if s in after),
                    writes=tuple(written.pop(s) for s in produced if s in written),
                )
            )
        rest = tuple(written.values())
        if unread or rest:
            reads_left = tuple(unread.values())
            slots_left = tuple(unread)
            segments.append(Segment(False, (), reads_left, (), (), slots_left, rest))
        return segments

    def _is_embedded(self, slot: int) -> bool:
        """Whether a slot is a constant that is part of every program."""
        value = self.constants.get(slot)
        return value is not None and np.size(value) <= CONSTANT_ELEMENTS_MAX

    def _needed_after(self, groups: Sequence[tuple[int, list[Node]]]) -> list[set[int]]:
        """Return, per group, the slots that are used after it or fetched."""
        after = set(self.plan.fetches)
        after.update(slot for g in self.plan.fetch_guards for slot, _ in g)
        result = []
        for _, nodes in reversed(groups):
            result.append(set(after))
            after.update(slot for node in nodes for slot in node.dependencies())
        return result[::-1]


def _next_stage(before: int, host: bool, needs_value: bool) -> int:
    """Return the first stage of a kind that can use a value from stage `before`."""
    if host:
        return before if before % 2 else before + 1
    if before % 2:
        return before + 1
    return before + 2 if needs_value else before


def _static_slots(node: Node) -> list[int]:
    slots: list[int] = []
    for position in node.static:
        operand = node.inputs[position]
        slots.extend([operand] if isinstance(operand, int) else operand)
    return slots


def _is_pure(node: Node) -> bool:
    """Whether a node always does the same, so that it may run elsewhere."""
    return _has_no_effects(node) and not node.guards and not node.choices


def _has_no_effects(node: Node) -> bool:
    return (
        node.random is None
        and not node.needs_frame
        and not node.kernel.updates
        and not node.op.is_stateful
        and not node.op.type.startswith("Assign")
    )


def _is_host_only(node: Node) -> bool:
    if node.kernel.host or node.needs_frame:
        return True
    if touches_arrays(node):
        return False
    if any(t.dtype.base_dtype.name in _HOST_TYPES for t in node.op.outputs):
        return True
    return any(t.dtype.base_dtype.name == "string" for t in node.op.inputs)


def _is_cheap(node: Node) -> bool:
    """Whether a call is a few small integers' work, as far as the graph tells."""
    if node.op.type in _HEAVY:
        return False
    return all(
        t.dtype.is_integer or t.dtype.is_bool or _is_small(t.dims)
        for t in node.op.outputs
    )


def _is_counter(node: Node) -> bool:
    """Whether a node of a loop only counts."""
    counts = all(
        t.dtype.is_integer or t.dtype.is_bool
        for t in (*node.op.inputs, *node.op.outputs)
    )
    return counts and _is_pure(node)


def _is_small(dims: tuple[int | None, ...] | None) -> bool:
    if dims is None or None in dims:
        return False
    return int(np.prod([size for size in dims if size is not None])) <= (
        _CHEAP_ELEMENTS_MAX
    )
