"""Contexts of loops and branches, derived from their nodes.

A `GraphDef` holds loops and branches as nodes only; which of them belong together is in
collections of a MetaGraph. Without these, it is read off the nodes: what follows an
`Enter` is in its frame up to the `Exit`, and what follows a `Switch` on the predicate
of a branch is in that branch up to the `Merge`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from metagraft.graph.cond_context import CondContext
from metagraft.graph.control_flow_context import context_of
from metagraft.graph.frames import ENTERS
from metagraft.graph.graph import Graph
from metagraft.graph.operation import Operation
from metagraft.graph.tensor import Tensor
from metagraft.graph.while_context import WhileContext
from metagraft.proto import (
    CondContextDef,
    ControlFlowContextDef,
    ValuesDef,
    WhileContextDef,
)

_EXITS = ("Exit", "RefExit")
_SWITCHES = ("Switch", "RefSwitch")
_MERGES = ("Merge", "RefMerge")
_NEXT_ITERATIONS = ("NextIteration", "RefNextIteration")
_IDENTITIES = ("Identity", "RefIdentity")


@dataclass(frozen=True, slots=True)
class _Loop:
    frame: str


@dataclass(frozen=True, slots=True)
class _Branch:
    """One side of a branch; `predicate` is the tensor that its switches take."""

    predicate: str
    side: int


# From the outermost loop or branch around an operation to the innermost.
_Path = tuple[_Loop | _Branch, ...]


def derive_contexts(graph: Graph) -> None:
    """Give operations of loops and branches that have no context theirs.

    What has a context keeps it. Loops and branches that do not look as
    `tf.while_loop` and `tf.cond` build them get none.
    """
    paths = _Paths(graph.get_operations())
    members: dict[_Path, list[Operation]] = {}
    for op, path in paths.of_operations.items():
        for depth in range(1, len(path) + 1):
            members.setdefault(path[:depth], [])
        if path:
            members[path].append(op)
    with graph.as_default():
        for path in sorted(members, key=len):
            if len(path) != 1 or _has_contexts(path, members):
                continue
            message = _Messages(members, paths).of(path)
            if message is None:
                continue
            if message.WhichOneof("ctxt") == "while_ctxt":
                WhileContext.from_proto(message.while_ctxt)
            else:
                CondContext.from_proto(message.cond_ctxt)


def _has_contexts(path: _Path, members: Mapping[_Path, Iterable[Operation]]) -> bool:
    return any(
        context_of(op) is not None
        for other, ops in members.items()
        if other[:1] == path
        for op in ops
    )


@dataclass(slots=True)
class _Pivots:
    """The operations that tell which side of a branch is taken."""

    scope: str
    identities: dict[int, Tensor] = field(default_factory=dict)


class _Paths:
    """Which loops and branches every operation is in.

    Attributes:
        of_operations: Their paths.
        pivots: By the name of a predicate, what `tf.cond` built for it.
    """

    def __init__(self, operations: list[Operation]) -> None:
        """Go through operations in an order in which inputs come first."""
        self.of_operations: dict[Operation, _Path] = {}
        self.pivots: dict[str, _Pivots] = {}
        self._predicates: dict[Operation, str] = {}  # of the switches of predicates
        for op in operations:
            if op.type in _SWITCHES and op.inputs[0] is op.inputs[1]:
                self._find_pivots(op)
        for op in operations:
            self.of_operations[op] = self._path(op)

    def _find_pivots(self, switch: Operation) -> None:
        scope = switch.name.rpartition("/")[0]
        inside = scope + "/" if scope else ""
        for consumer in switch.inputs[0].consumers():
            is_predicate = consumer.name.startswith(f"{inside}pred_id")
            if consumer.type not in _IDENTITIES or not is_predicate:
                continue
            predicate = consumer.outputs[0].name
            found = self.pivots[predicate] = _Pivots(scope)
            self._predicates[switch] = predicate
            for side in (0, 1):
                for user in switch.outputs[side].consumers():
                    if user.type in _IDENTITIES:
                        found.identities.setdefault(side, user.outputs[0])

    def _path(self, op: Operation) -> _Path:
        around: _Path = ()
        for path in self._paths_before(op):
            if len(path) > len(around):
                around = path
        if op.type in ENTERS:
            frame = op.get_attr("frame_name").decode("utf-8", "replace")
            return (*around, _Loop(frame))
        if op.type in _MERGES and not _is_of_loop(op):
            return around[:-1] if around and isinstance(around[-1], _Branch) else around
        if self._is_of_branch(op):
            return (*around, _Branch(op.inputs[1].name, _side(op)))
        return around

    def _paths_before(self, op: Operation) -> Iterator[_Path]:
        for tensor in op.inputs:
            if tensor.op in self.of_operations:  # not what closes a loop
                yield self._path_of_output(tensor)
        for other in op.control_inputs:
            if other in self.of_operations:
                yield self._path_of_output(other.outputs[0] if other.outputs else other)

    def _path_of_output(self, source: Tensor | Operation) -> _Path:
        if isinstance(source, Operation):
            return self.of_operations[source]
        op = source.op
        path = self.of_operations[op]
        if op.type in _EXITS:
            while path and not isinstance(path[-1], _Loop):
                path = path[:-1]
            return path[:-1]
        if op in self._predicates:
            return (*path, _Branch(self._predicates[op], source.value_index))
        if self._is_of_branch(op):
            return (*path[:-1], _Branch(op.inputs[1].name, source.value_index))
        return path

    def _is_of_branch(self, op: Operation) -> bool:
        return op.type in _SWITCHES and op.inputs[1].name in self.pivots


def _is_of_loop(merge: Operation) -> bool:
    return any(t.op.type in (*_NEXT_ITERATIONS, *ENTERS) for t in merge.inputs)


def _side(switch: Operation) -> int:
    return 1 if switch.outputs[1].consumers() else 0


@dataclass(slots=True)
class _Messages:
    """Writes what a context's message would say."""

    members: Mapping[_Path, list[Operation]]
    paths: _Paths

    def of(self, path: _Path) -> ControlFlowContextDef | None:
        """Return the message of a loop or side of a branch, None if it looks odd."""
        last = path[-1]
        message: ControlFlowContextDef | None
        if isinstance(last, _Loop):
            message = self._loop(path, last)
        else:
            message = self._branch(path, last)
        if message is None:
            return None
        kind = message.WhichOneof("ctxt")
        assert kind is not None
        nested = getattr(message, kind).nested_contexts
        for other in self.members:
            if len(other) == len(path) + 1 and other[:-1] == path:
                inner = self.of(other)
                if inner is not None:
                    nested.append(inner)
        return message

    def _loop(self, path: _Path, loop: _Loop) -> ControlFlowContextDef | None:
        ops = self.members[path]
        conditions = [op for op in ops if op.type == "LoopCond"]
        enters = [op for op in ops if op.type in ENTERS and not _is_constant(op)]
        cycles = [cycle for op in enters if (cycle := _cycle(op)) is not None]
        if len(conditions) != 1 or not cycles:
            return None
        message = WhileContextDef(
            context_name=loop.frame,
            parallel_iterations=enters[0].get_attr("parallel_iterations"),
            back_prop=True,
            pivot_name=conditions[0].outputs[0].name,
            pivot_for_pred_name=cycles[0].merged.name,
            pivot_for_body_name=cycles[0].body.name,
            loop_enter_names=[cycle.entered.name for cycle in cycles],
            loop_exit_names=[c.left.name for c in cycles if c.left is not None],
            values_def=self._values(path),
        )
        for op in ops:
            if op.type in ENTERS and _is_constant(op):
                _add_external(message.values_def, op.inputs[0], op.outputs[0])
        return ControlFlowContextDef(while_ctxt=message)

    def _branch(self, path: _Path, branch: _Branch) -> ControlFlowContextDef | None:
        pivots = self.paths.pivots[branch.predicate]
        pivot = pivots.identities.get(branch.side)
        if pivot is None:
            return None
        name = "cond_text" if branch.side else "cond_text_1"
        message = CondContextDef(
            context_name=f"{pivots.scope}/{name}" if pivots.scope else name,
            pred_name=branch.predicate,
            pivot_name=pivot.name,
            branch=branch.side,
            values_def=self._values(path),
        )
        for op in self.members[path]:
            if op.type in _SWITCHES and op.inputs[1].name == branch.predicate:
                inner = op.outputs[branch.side]
                _add_external(message.values_def, op.inputs[0], inner)
        return ControlFlowContextDef(cond_ctxt=message)

    def _values(self, path: _Path) -> ValuesDef:
        """Return all that operations inside, and loops among them, give."""
        message = ValuesDef()
        for op in self.members[path]:
            message.values.extend(output.name for output in op.outputs)
        for other, ops in self.members.items():
            if len(other) == len(path) + 1 and other[:-1] == path:
                message.values.extend(
                    op.outputs[0].name for op in ops if op.type in _EXITS
                )
        return message


def _add_external(message: ValuesDef, outer: Tensor, inner: Tensor) -> None:
    message.values.append(outer.name)
    message.external_values[outer.name] = inner.name


def _is_constant(enter: Operation) -> bool:
    return bool(enter.get_attr("is_constant"))


@dataclass(frozen=True, slots=True)
class _Cycle:
    """A variable of a loop: where it enters, is merged, goes on, and leaves."""

    entered: Tensor
    merged: Tensor
    body: Tensor
    left: Tensor | None


def _cycle(enter: Operation) -> _Cycle | None:
    entered = enter.outputs[0]
    merge = _user(entered, _MERGES)
    switch = None if merge is None else _user(merge.outputs[0], _SWITCHES)
    if merge is None or switch is None:
        return None
    body = _user(switch.outputs[1], _IDENTITIES)
    left = _user(switch.outputs[0], _EXITS)
    return _Cycle(
        entered,
        merge.outputs[0],
        switch.outputs[1] if body is None else body.outputs[0],
        None if left is None else left.outputs[0],
    )


def _user(tensor: Tensor, op_types: tuple[str, ...]) -> Operation | None:
    for op in tensor.consumers():
        if op.type in op_types:
            return op
    return None
