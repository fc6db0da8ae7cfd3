"""Collecting the nodes of a plan; `planning.py` says in which order.

The builder follows reference edges and resource handles back to the variable and
decides, in the order of execution, which value each consumer sees.

A reference (the output of a `VariableV2`, an `Assign`, or an `Identity` of these) is
read when its consumer runs, and a fetched reference after all updates: in TensorFlow
they share the buffer of the variable.

Conditions of version 1 (`Switch`, `Merge`) become guards: for every tensor and
operation the predicates under which it has a value are known when the plan is built.
What is updated in a branch is merged with its value before, right behind the update.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from metagraft.errors import (
    InternalError,
    InvalidArgumentError,
    UnimplementedError,
)
from metagraft.graph.argument_lists import split_by_argument
from metagraft.graph.narrow_attrs import too_wide
from metagraft.kernels import Kernel
from metagraft.runtime.carried import Carried
from metagraft.runtime.control_flow import (
    HOST_LOOP,
    LOOP,
    Loop,
    needs_host,
    random_streams,
    touches_arrays,
)
from metagraft.runtime.event_order import EventOrder
from metagraft.runtime.loops import FoundLoop, keeps_reference, let_out
from metagraft.runtime.plan import (
    Guards,
    Node,
    Plan,
    RandomOp,
    Read,
    Slots,
    Write,
    repetitions,
)
from metagraft.runtime.plan_tensors import PlanTensors
from metagraft.runtime.resources import VariableDeclaration
from metagraft.runtime.selected_reference import (
    Selection,
    read_selected,
)

if TYPE_CHECKING:
    from metagraft.graph.operation import Operation
    from metagraft.graph.tensor import Tensor


def _merge(*_: Any) -> tuple[Any, ...]:
    raise AssertionError("a merge is no kernel; see evaluate.py")


_MERGE = Kernel(_merge)
Planner = Callable[["PlanBuilder", "Operation"], None]


@dataclass(slots=True, eq=False)
class PlanBuilder(PlanTensors):
    """Collects slots, nodes, reads and writes while it walks the operations in order.

    Attributes:
        predicate: Inside of a loop: the slot of whether it goes on.
        condition_end: Inside of a loop: the number of nodes of its condition.
        first_random: Inside of a loop: the number of random streams before it.
        versions_at_end: Inside of a loop: what variables are when it ends.
    """

    _versions: dict[tuple[str, str], int | None] = field(default_factory=dict)
    _written: dict[tuple[str, str], VariableDeclaration] = field(default_factory=dict)
    _nodes: list[Node] = field(default_factory=list)
    _reads: list[Read] = field(default_factory=list)
    _randoms: list[RandomOp] = field(default_factory=list)
    _events: EventOrder = field(default_factory=EventOrder)
    _optional: dict[tuple[str, str], int] = field(default_factory=dict)
    _optional_slots: dict[int, VariableDeclaration] = field(default_factory=dict)
    predicate: int = 0
    condition_end: int = 0
    first_random: int = 0
    versions_at_end: dict[tuple[str, str], int | None] = field(default_factory=dict)

    # -- slots ---------------------------------------------------------------------

    def value(self, tensor: Tensor, reader: Operation) -> int:
        """Return the slot with what `reader`, running now, sees of a tensor."""
        slot = self._slots.get(tensor)
        if slot is not None:
            return slot
        declaration = self._variables.get(tensor)
        if declaration is None:
            raise InternalError(
                None, tensor.op, f"Tensor '{tensor.name}' is used but never computed."
            )
        # An `Identity` of the variable is what reads it, and what an error names.
        reads = tensor.op if tensor.op.inputs else reader
        if isinstance(declaration, Selection):
            return read_selected(self, declaration, reader)
        return self.read(declaration, reads)

    # -- variables -----------------------------------------------------------------

    def read(
        self,
        declaration: VariableDeclaration,
        reader: Operation,
        *,
        optional: bool = False,
    ) -> int:
        """Return the slot with the current value of a variable."""
        key = declaration.key
        slot = self._versions.get(key)
        if slot is not None:
            return slot
        if not optional and not self._current:
            slot = self._versions[key] = self.new_slot()
            self._reads.append(Read(slot, declaration, reader))
            return slot
        # Only if the branch is taken must the variable have a value.
        slot = self._optional.get(key)
        if slot is None:
            slot = self._optional[key] = self.new_slot()
            self._reads.append(Read(slot, declaration, reader, optional=True))
        if not optional:
            self._optional_slots[slot] = declaration
        return slot

    def is_gone(self, declaration: VariableDeclaration) -> bool:
        """Whether the run has taken the value of a variable away."""
        key = declaration.key
        return key in self._written and self._versions.get(key) is None

    def is_initialized(self, declaration: VariableDeclaration, op: Operation) -> int:
        """Return a slot with whether a variable has a value now."""
        slot = self.new_slot()
        if declaration.key in self._written:
            has_value = self._versions.get(declaration.key) is not None
            self._constants.append((slot, np.bool_(has_value)))
        else:
            self._reads.append(Read(slot, declaration, op, initialized=True))
        return slot

    def write(
        self, declaration: VariableDeclaration, slot: int | None, op: Operation
    ) -> None:
        """Make the value in a slot the current value of a variable.

        In a branch: only if that is taken.

        Raises:
            UnimplementedError: A variable is removed in a branch.
        """
        if self._current:
            if slot is None:
                raise UnimplementedError(
                    op.node_def, op, f"'{op.name}' ({op.type}) in a branch is not built"
                )
            before = self.read(declaration, op, optional=True)
            merged = self.new_slot()
            self._add_merge(op, [slot, before], [self._current, ()], [merged])
            slot = merged
        self._versions[declaration.key] = slot
        self._written[declaration.key] = declaration

    def add_merge(
        self,
        op: Operation,
        inputs: Sequence[int],
        choices: Sequence[Guards],
        outputs: Sequence[int],
    ) -> None:
        """Append a node that gives out the first input whose guards hold.

        Args:
            op: The operation.
            inputs: Slots to choose from.
            choices: The guards of each.
            outputs: Slots for the value and, optionally, for its position; a third one,
                first, for whether any input has a value.
        """
        self._append(
            Node(
                op,
                _MERGE,
                None,
                tuple(inputs),
                tuple(outputs),
                after=self._events.before(op),
                guards=self._current,
                choices=tuple(choices),
                checked=tuple(
                    (slot, self._optional_slots[slot])
                    for slot, guards in zip(inputs, choices, strict=True)
                    if guards and slot in self._optional_slots
                ),
            )
        )

    def _add_merge(
        self,
        op: Operation,
        inputs: Sequence[int],
        choices: Sequence[Guards],
        outputs: Sequence[int],
    ) -> None:
        """Append the merge that follows an update in a branch; it runs always."""
        guards, self._current = self._current, ()
        self.add_merge(op, inputs, choices, outputs)
        self._current = guards

    # -- loops ---------------------------------------------------------------------

    def pass_on(self, op: Operation) -> None:
        """Make all outputs of an operation stand for its first input."""
        data = op.inputs[0]
        declaration = self.variable_behind(data)
        for output in op.outputs:
            if declaration is not None:
                self.stand_for(output, declaration)
            else:
                self.set_slot(output, self.value(data, op))

    def inside(self, loop: FoundLoop) -> PlanBuilder:
        """Return a builder for the inside of a loop, over slots of its own."""
        fed = [op.outputs[0] for op in (*loop.enters, *loop.merges)]
        inside = PlanBuilder(self.constant_value, fed, _randoms=self._randoms)
        inside.first_random = len(self._randoms)
        for op in loop.enters:
            tensor = op.inputs[0]
            declaration = self.variable_behind(tensor)
            if declaration is None or not op.attrs["is_constant"]:
                inside.set_slot(op.outputs[0])
            else:
                inside.stand_for(op.outputs[0], declaration)
        for op in loop.merges:
            carried = self.variable_behind(op.inputs[0].op.inputs[0])
            if carried is not None and keeps_reference(op):
                inside.forget(op.outputs[0])
                inside.stand_for(op.outputs[0], carried)
            else:
                inside.set_slot(op.outputs[0])
        return inside

    def end_condition(self, predicate: Tensor, op: Operation) -> None:
        """Note that what is planned next runs only if the loop goes on."""
        self.predicate = self.value(predicate, op)
        self.condition_end = len(self._nodes)
        self.versions_at_end = dict(self._versions)

    def add_loop(self, loop: FoundLoop, inside: PlanBuilder) -> None:
        """Append the node of a loop whose inside has been planned."""
        op = loop.pivot
        before = [tensor for enter in loop.enters for tensor in enter.inputs]
        guards = {g for tensor in before for g in self.guards(tensor)}
        guards.update(g for o in loop.before for g in self._guards.get(o, ()))
        self.set_current_guards(op, tuple(sorted(guards)))
        constants: list[tuple[int, int]] = []
        for enter in loop.enters:
            slot = inside.slot_of(enter.outputs[0])
            if slot is not None and enter.attrs["is_constant"]:
                constants.append((slot, self.value(enter.inputs[0], enter)))
        carried, outputs = self._loop_variables(loop, inside)
        written: dict[tuple[str, str], int] = {}
        for read in inside.initial_reads():
            key = read.declaration.key
            if read.initialized:
                raise UnimplementedError(
                    op.node_def,
                    op,
                    f"'{read.reader.name}' in loop '{loop.frame[-1]}' asks whether a "
                    "variable is initialized; inside of loops this is not built.",
                )
            value = self.read(read.declaration, read.reader, optional=read.optional)
            if key not in inside.written():
                constants.append((read.slot, value))
                continue
            carried.append(inside.carried_variable(key, read.slot, value))
            outputs.append(self.new_slot())
            written[key] = outputs[-1]
        for key, declaration in inside.written().items():
            if key not in written:
                value = self.read(declaration, op, optional=True)
                carried.append(inside.carried_variable(key, inside.new_slot(), value))
                outputs.append(self.new_slot())
                written[key] = outputs[-1]
        self._append_loop(loop, inside, constants, carried, outputs)
        for key, declaration in inside.written().items():
            self.write(declaration, written[key], op)

    def _loop_variables(
        self, loop: FoundLoop, inside: PlanBuilder
    ) -> tuple[list[Carried], list[int]]:
        exits = {let_out(op).op.inputs[0].op: op.outputs[0] for op in loop.exits}
        carried, outputs = [], []
        for merge in loop.merges:
            enter, following = merge.inputs[0].op, merge.inputs[1].op
            behind = inside.variable_behind(merge.outputs[0])
            if behind is not None:
                if merge in exits:
                    self.stand_for(exits[merge], behind)
                continue
            slot = inside.value(merge.outputs[0], merge)
            carried.append(
                Carried(
                    slot,
                    inside.value(following.inputs[0], following),
                    slot,
                    self.value(enter.inputs[0], enter),
                )
            )
            exited = exits.get(merge)
            outputs.append(self.new_slot() if exited is None else self.set_slot(exited))
        return carried, outputs

    def _append_loop(
        self,
        loop: FoundLoop,
        inside: PlanBuilder,
        constants: Sequence[tuple[int, int]],
        carried: Sequence[Carried],
        outputs: Sequence[int],
    ) -> None:
        random = None
        if len(self._randoms) > inside.first_random:
            random = inside.first_random
        node = inside.as_loop(
            loop.pivot,
            tuple(constants),
            tuple(carried),
            (*outputs, self.new_slot()),
            random,
        )
        node.guards = self._current
        node.after = self._events.of(loop.before)
        self._append(node)
        for op in loop.operations:
            self._events.same(op, loop.pivot)
            if self._current:
                self._guards[op] = self._current

    def initial_reads(self) -> list[Read]:
        """Return the initial values of variables that were read so far."""
        return self._reads

    def written(self) -> Mapping[tuple[str, str], VariableDeclaration]:
        """Return the variables that were written so far."""
        return self._written

    def carried_variable(self, key: tuple[str, str], slot: int, start: int) -> Carried:
        """Return how a variable passes through the iterations of this loop."""
        following, final = self._versions.get(key), self.versions_at_end.get(key)
        return Carried(
            slot,
            slot if following is None else following,
            slot if final is None else final,
            start,
        )

    def as_loop(
        self,
        op: Operation,
        constants: tuple[tuple[int, int], ...],
        carried: tuple[Carried, ...],
        outputs: tuple[int, ...],
        random: int | None,
    ) -> Node:
        """Return the node of the loop that was planned here."""
        on_host = needs_host(self._nodes)
        has_arrays = any(touches_arrays(node) for node in self._nodes)
        randoms = random_streams(self._nodes)
        loop = Loop(
            n_slots=self._n_slots,
            known=tuple(self._constants),
            condition=tuple(self._nodes[: self.condition_end]),
            predicate=self.predicate,
            body=tuple(self._nodes[self.condition_end :]),
            constants=tuple(slot for slot, _ in constants),
            carried=tuple(c.slot for c in carried),
            nexts=tuple(c.following for c in carried),
            finals=tuple(c.final for c in carried),
            is_traceable=not on_host and not has_arrays and not randoms,
            has_arrays=has_arrays,
            randoms=randoms,
        )
        inputs = (*(slot for _, slot in constants), *(c.start for c in carried))
        kernel = HOST_LOOP if on_host else LOOP
        return Node(op, kernel, loop, inputs, outputs, random=random)

    # -- nodes ---------------------------------------------------------------------

    def add_node(
        self,
        op: Operation,
        kernel: Kernel,
        attrs: Any,
        inputs: Sequence[Slots],
        outputs: Sequence[int],
        *,
        static: tuple[int, ...] = (),
        needs_frame: bool = False,
    ) -> None:
        """Append a kernel call."""
        random = None
        if kernel.random:
            random = len(self._randoms)
            seeds = op.attrs
            self._randoms.append(
                RandomOp(op.name, seeds.get("seed", 0), seeds.get("seed2", 0))
            )
        optional = self._optional_slots
        flat = [
            s
            for slots in inputs
            for s in ([slots] if isinstance(slots, int) else slots)
        ]
        self._append(
            Node(
                op,
                kernel,
                attrs,
                tuple(inputs),
                tuple(outputs),
                static,
                random,
                needs_frame,
                self._events.before(op),
                self._current,
                checked=tuple((s, optional[s]) for s in flat if s in optional),
            )
        )

    def _append(self, node: Node) -> None:
        self._events.add_node(node.op, len(self._nodes))
        self._nodes.append(node)

    def add_kernel(self, op: Operation, kernel: Kernel) -> None:
        """Append the call of an op's kernel, its variables followed back."""
        if text := too_wide(op, "shape") or too_wide(op, "kernel"):
            raise InvalidArgumentError(op.node_def, op, text)
        inputs: list[Slots] = []
        static: list[int] = []
        static_names = kernel.static_names(op)
        updated: dict[str, list[VariableDeclaration]] = {}
        definition = op.definition
        assert definition is not None, op.type
        for arg, tensors in split_by_argument(op.inputs, definition.inputs, op.attrs):
            name = arg.name
            if name in static_names:
                static.append(len(inputs))
            if name in kernel.updates or name in kernel.reads:
                updated[name] = [self.variable(tensor, op) for tensor in tensors]
                slots = tuple(self.read(one, op) for one in updated[name])
                inputs.append(slots if arg.is_list else slots[0])
            elif arg.is_list:
                inputs.append(tuple(self.value(t, op) for t in tensors))
            else:
                inputs.append(self.value(tensors[0], op))
        written = [one for name in kernel.updates for one in updated[name]]
        outputs = [self.new_slot() for _ in written]
        references = iter(written)
        for tensor in op.outputs:
            if tensor.dtype.is_ref and kernel.updates:
                self.stand_for(tensor, next(references))
            else:
                outputs.append(self.set_slot(tensor))
        self.add_node(
            op,
            kernel,
            op if kernel.on_run or kernel.takes_op else op.record,
            inputs,
            outputs,
            static=tuple(static),
            needs_frame=kernel.on_run,
        )
        for declaration, slot in zip(written, outputs, strict=False):
            self.write(declaration, slot, op)

    def finish_operation(self, op: Operation) -> None:
        """Pass on the control edges of an operation that became no node."""
        self._events.pass_on(op)

    def finished(self, feeds: Sequence[int], fetches: Sequence[Tensor]) -> Plan:
        """Return the plan of everything collected."""
        fetched = [self._fetched(tensor) for tensor in fetches]
        return Plan(
            nodes=tuple(self._nodes),
            n_slots=self._n_slots,
            feeds=tuple(feeds),
            constants=tuple(self._constants),
            reads=tuple(self._reads),
            writes=tuple(
                Write(declaration, self._versions[key])
                for key, declaration in self._written.items()
            ),
            randoms=tuple(self._randoms),
            events=self._events.listed(),
            fetches=tuple(fetched),
            fetch_guards=tuple(self.guards(t) for t in fetches) if self._guards else (),
            repeated=repetitions(fetched),
        )

    def _fetched(self, tensor: Tensor) -> int:
        declaration = self.variable_behind(tensor)
        if declaration is not None and tensor.dtype.base_dtype.name == "resource":
            slot = self.new_slot()
            self._constants.append((slot, declaration))
            return slot
        return self.value(tensor, tensor.op)
