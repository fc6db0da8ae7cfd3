"""Planning and running loops.

A loop is one node of a plan. It holds two lists of nodes, those of the condition and
those of the body, over slots of its own. What the loop variables and the variables
written inside have at the start of an iteration is in `carried` slots; the two lists
compute from it what they have at the start of the next one. So a loop is a pure
function, and the same data serves all ways to run it:

- on the host the lists are evaluated until the condition is false;
- in a program, `lax.while_loop` traces both lists once;
- a loop that cannot be traced so, because of values that must be known or shapes that
  change, is unrolled if its condition is known while the program is traced, and runs
  on the host otherwise.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from metagraft.errors import CancelledError
from metagraft.graph.dtypes import variant
from metagraft.kernels import Kernel
from metagraft.kernels.namespace import is_traced
from metagraft.runtime.costs import call_ns
from metagraft.runtime.plan import FRAME_SLOT, Node

if TYPE_CHECKING:
    from metagraft.runtime.evaluate import Environment, Frame, Step
    from metagraft.runtime.host import HostFrame

# Their outputs depend on shapes only, which are known while a program is traced.
SHAPE_OPS: Final = frozenset({"Shape", "ShapeN", "Size", "Rank", "VariableShape"})
# More iterations are not unrolled: programs of that size compile too slowly.
_UNROLLED_MAX: Final = 64


@dataclass(frozen=True, slots=True, eq=False)
class Loop:
    """What a loop node runs; it is the node's `attrs`.

    Attributes:
        n_slots: Number of slots inside.
        known: (slot, value) of constants inside.
        condition: Nodes that run in every iteration and once more at the end.
        predicate: Slot of whether the loop goes on.
        body: Nodes that run if it does.
        constants: Slots of what stays the same; the node's first inputs.
        carried: Slots of what changes; the node's other inputs.
        nexts: Per carried slot the one with its next value, after the body.
        finals: Per carried slot the one with its value at the end.
        is_traceable: Whether the lists can be traced as they are.
        has_arrays: Whether it uses stacks or arrays of tensors. These are Python
            objects, also while a program is traced: `rolled_loops.py`.
        randoms: Random streams that are used inside.
    """

    n_slots: int
    known: tuple[tuple[int, Any], ...]
    condition: tuple[Node, ...]
    predicate: int
    body: tuple[Node, ...]
    constants: tuple[int, ...]
    carried: tuple[int, ...]
    nexts: tuple[int, ...]
    finals: tuple[int, ...]
    is_traceable: bool
    has_arrays: bool
    randoms: tuple[int, ...]

    @property
    def needs_length(self) -> bool:
        """Whether a program with it has to know how often it turns."""
        return self.has_arrays or bool(self.randoms)


def _never(*_: Any) -> tuple[Any, ...]:
    raise AssertionError("a loop is no kernel; see control_flow.py")


HOST_LOOP: Final = Kernel(_never, host=True)
LOOP: Final = Kernel(_never)


def needs_host(nodes: Sequence[Node]) -> bool:
    """Whether a list of nodes cannot become part of a program."""
    return any(node.kernel.host or node.needs_frame for node in nodes)


def random_streams(nodes: Sequence[Node]) -> tuple[int, ...]:
    """Return the random streams that nodes use, also inside of loops."""
    found: list[int] = []
    for node in nodes:
        if isinstance(node.attrs, Loop):
            found.extend(node.attrs.randoms)
        elif node.random is not None:
            found.append(node.random)
    return tuple(found)


def touches_arrays(node: Node) -> bool:
    """Whether a node acts on a stack, an array or a list of tensors."""
    if isinstance(node.attrs, Loop):
        return node.attrs.has_arrays
    op = node.op
    if op.type.startswith(("TensorArray", "Stack")):
        return True
    return any(t.dtype is variant for t in (*op.outputs, *op.inputs))


def make_loop_step(node: Node) -> Step:
    """Return the closure that runs a loop node."""
    runner = _Runner(node)

    def step(environment: Environment) -> None:
        values = [environment[slot] for slot in node.flat_inputs()]
        results = runner.run(environment[FRAME_SLOT], values)
        for slot, value in zip(node.outputs, results, strict=True):
            environment[slot] = value

    return step


class _Runner:
    """A loop node, ready to run."""

    __slots__ = ("_body", "_condition", "_loop", "_node", "_template")

    def __init__(self, node: Node) -> None:
        from metagraft.runtime.evaluate import make_step

        loop: Loop = node.attrs
        self._node = node
        self._loop = loop
        self._condition = [make_step(inner) for inner in loop.condition]
        self._body = [make_step(inner) for inner in loop.body]
        self._template: Environment = [None] * loop.n_slots
        for slot, value in loop.known:
            self._template[slot] = value

    def run(self, frame: Frame, values: Sequence[Any]) -> list[Any]:
        """Return the final values of what is carried, and that of the condition.

        Raises:
            NeedsHostValueError: The loop cannot be part of a program.
        """
        from metagraft.runtime.evaluate import NeedsHostValueError
        from metagraft.runtime.host import HostFrame
        from metagraft.runtime.rolled_loops import NotRollableError

        count = len(self._loop.constants)
        constants, state = values[:count], list(values[count:])
        if isinstance(frame, HostFrame):
            return self._iterated(
                frame, constants, state, None, frame if frame.is_measured else None
            )
        if not self._loop.needs_length and not any(is_traced(v) for v in values):
            return self._iterated(frame, constants, state, None)
        try:
            if self._loop.is_traceable:
                try:
                    return self._traced(frame, constants, state)
                except (TypeError, NeedsHostValueError):
                    pass  # shapes or types change, or a value must be known
            elif self._loop.needs_length:
                try:
                    return self._rolled(frame, constants, state)
                except NotRollableError:
                    pass
            return self._iterated(frame, constants, state, _UNROLLED_MAX)
        except (NeedsHostValueError, _TooLongError) as error:
            raise NeedsHostValueError(self._node, -1) from error

    def _environment(
        self, frame: Frame, constants: Sequence[Any], state: Sequence[Any]
    ) -> Environment:
        environment = self._template.copy()
        environment[FRAME_SLOT] = frame
        for slot, value in zip(self._loop.constants, constants, strict=True):
            environment[slot] = value
        for slot, value in zip(self._loop.carried, state, strict=True):
            environment[slot] = value
        return environment

    def _iterated(
        self,
        frame: Frame,
        constants: Sequence[Any],
        state: list[Any],
        most: int | None,
        measured: HostFrame | None = None,
    ) -> list[Any]:
        """Evaluate iteration by iteration, at most `most` of them."""
        from metagraft.runtime.evaluate import NeedsHostValueError, evaluate_inner

        loop = self._loop
        count = 0
        iteration_ns = 0.0
        waits = getattr(frame, "waits", None)
        before = self._environment(frame, constants, state)
        while True:
            if waits is not None and waits.is_cancelled:
                raise CancelledError(
                    self._node.op.node_def,
                    self._node.op,
                    "Loop execution was cancelled.",
                )
            environment = before.copy()
            for slot, value in zip(loop.carried, state, strict=True):
                environment[slot] = value
            evaluate_inner(loop.condition, self._condition, environment)
            goes_on = frame.truth(environment[loop.predicate])
            if goes_on is None:
                raise NeedsHostValueError(self._node, -1)
            if not goes_on:
                if measured is not None:
                    measured.add_loop_ns(iteration_ns * count)
                finals = [environment[slot] for slot in loop.finals]
                return [*finals, np.bool_(False)]
            if most is not None and count >= most:
                raise _TooLongError
            evaluate_inner(loop.body, self._body, environment)
            if measured is not None and not count:
                iteration_ns = _estimated_ns(loop, environment)
            state = [environment[slot] for slot in loop.nexts]
            count += 1

    def _rolled(
        self, frame: Frame, constants: Sequence[Any], state: Sequence[Any]
    ) -> list[Any]:
        """Add the loop to the program, what it does to stacks and arrays beside it."""
        from metagraft.runtime.rolled_loops import rolled

        def make_environment(values: Sequence[Any]) -> Environment:
            return self._environment(frame, constants, values)

        steps = [*self._condition, *self._body]
        finals = rolled(self._loop, steps, frame, make_environment, constants, state)
        return [*finals, np.bool_(False)]

    def _traced(
        self, frame: Frame, constants: Sequence[Any], state: Sequence[Any]
    ) -> list[Any]:
        """Trace as a loop of the program."""
        import jax
        import jax.numpy as jnp

        from metagraft.runtime.evaluate import evaluate

        loop = self._loop
        # Values that a branch may not have given yet are not carried.
        present = [value is not None for value in state]

        def all_values(carry: Sequence[Any]) -> list[Any]:
            rest = iter(carry)
            return [next(rest) if there else None for there in present]

        def goes_on(carry: Sequence[Any]) -> Any:
            environment = self._environment(frame, constants, all_values(carry))
            evaluate(loop.condition, self._condition, environment)
            return jnp.asarray(environment[loop.predicate])

        def iteration(carry: Sequence[Any]) -> tuple[Any, ...]:
            environment = self._environment(frame, constants, all_values(carry))
            evaluate(loop.condition, self._condition, environment)
            evaluate(loop.body, self._body, environment)
            values = [environment[slot] for slot in loop.nexts]
            return tuple(
                jnp.asarray(v)
                for v, there in zip(values, present, strict=True)
                if there
            )

        start = tuple(
            jnp.asarray(v) for v, there in zip(state, present, strict=True) if there
        )
        final = all_values(jax.lax.while_loop(goes_on, iteration, start))
        environment = self._environment(frame, constants, final)
        evaluate(loop.condition, self._condition, environment)
        return [*(environment[slot] for slot in loop.finals), np.bool_(False)]


def _estimated_ns(loop: Loop, environment: Environment) -> float:
    """Return the estimated time of an iteration that has run."""
    return sum(
        call_ns(
            node,
            [environment[slot] for slot in node.flat_inputs()],
            [environment[slot] for slot in node.outputs],
        )
        for node in (*loop.condition, *loop.body)
    )


class _TooLongError(Exception):
    """The loop has too many iterations to be unrolled."""
