"""Running a whole plan on the host, with NumPy.

Nothing is stored before every node has run, so a run that fails changes no variable
and no random counter.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from metagraft.errors import InternalError, InvalidArgumentError, OpError
from metagraft.graph.shapes import show
from metagraft.kernels import kernel_for
from metagraft.kernels.kernel import Array
from metagraft.kernels.namespace import host_run
from metagraft.kernels.rows import Undo, take_back
from metagraft.runtime.control_flow import Loop
from metagraft.runtime.costs import DEVICE_KERNEL_NS, DEVICE_KERNELS_MAX, call_ns
from metagraft.runtime.evaluate import Environment, evaluate, holds, make_step
from metagraft.runtime.node_errors import placed
from metagraft.runtime.plan import FRAME_SLOT, Node, Plan, RandomOp, Read, Write
from metagraft.runtime.resources import RandomState, Store
from metagraft.runtime.results import result
from metagraft.runtime.row_updates import row_update_steps

# How ops say that a resource variable has no value, see `no_value`.
_TRAINING: Final = ("ResourceApply", "ResourceSparseApply")
_LOOK_UP: Final = frozenset({"ResourceGather", "ResourceGatherNd", "VariableShape"})


class HostStream:
    """A random stream whose counter is kept by the session; see `RandomStream`."""

    __slots__ = ("_state", "reserved")

    def __init__(self, state: RandomState) -> None:
        """Continue where the last run stopped."""
        self._state = state
        self.reserved = 0

    def reserve(self, n_samples_128: int) -> tuple[Array, Array]:
        """Return key and counter of the next samples."""
        counter = self._state.counter_words(ahead=self.reserved)
        self.reserved += int(n_samples_128)
        return self._state.key, counter

    def commit(self) -> None:
        """Move the session's counter past what was used."""
        self._state.skip(self.reserved)


class HostFrame:
    """The frame of a run on the host; see `evaluate.Frame`."""

    __slots__ = (
        "_device_kernels",
        "_loops_ns",
        "_randoms",
        "_streams",
        "is_measured",
        "store",
        "undo",
        "waits",
    )

    def __init__(self, store: Store, randoms: Sequence[RandomOp]) -> None:
        """Start a run."""
        self.store = store
        self.waits = store.waits if not store.limits else store.limited_waits()
        self.undo: Undo = []
        self._randoms = randoms
        self._streams: dict[int, HostStream] = {}
        self._device_kernels = 0
        self._loops_ns = 0.0
        self.is_measured = False

    def stream(self, index: int) -> HostStream:
        """Return the random stream number `index` of the plan."""
        stream = self._streams.get(index)
        if stream is None:
            op = self._randoms[index]
            state = self.store.random_state(op.name, op.seed, op.seed2)
            stream = self._streams[index] = HostStream(state)
        return stream

    def truth(self, predicate: Array) -> bool:
        """Return what a predicate is.

        Raises:
            InvalidArgumentError: It is several.
        """
        try:
            return bool(predicate)
        except ValueError as error:
            raise not_scalar(predicate) from error

    def adopt(self, value: Array) -> Any:
        """Return a device array or a Python value as a NumPy array."""
        if isinstance(value, bytes):
            return np.array(value, dtype=object)
        if not isinstance(value, (bool, int, float, complex)):
            self._device_kernels += 1
        return np.asarray(value)

    def host_value(self, slot: int) -> Any:
        """Return None: nothing is traced here."""
        raise AssertionError(f"slot {slot} is traced in a run on the host")

    def add_loop_ns(self, cost_ns: float) -> None:
        """Note the estimated time of what ran inside of a loop."""
        self._loops_ns += cost_ns

    def take_loops_ns(self) -> float:
        """Return the estimated time inside of loops since the last call."""
        cost_ns, self._loops_ns = self._loops_ns, 0.0
        return cost_ns

    def take_device_kernels(self) -> int:
        """Return how many outputs came from the device since the last call."""
        count, self._device_kernels = self._device_kernels, 0
        return count

    def commit(self) -> None:
        """Keep the positions of the random streams."""
        for stream in self._streams.values():
            stream.commit()


class EarlyError(Exception):
    """What ran ahead of checks in a program has failed; nothing was changed."""


def not_scalar(predicate: Array) -> InvalidArgumentError:
    """Return the error for a predicate of several values."""
    return InvalidArgumentError(
        None,
        None,
        f"The second input must be a scalar, but it has shape {show(predicate.shape)}",
    )


class BudgetExceededError(Exception):
    """The plan is too much work for the host; nothing has been changed."""


class HostProgram:
    """A plan, ready to run on the host."""

    def __init__(self, plan: Plan, store: Store) -> None:
        """Prepare the plan."""
        self._plan = plan
        self._store = store
        self._steps = row_update_steps(plan, [make_step(node) for node in plan.nodes])
        self._template: Environment = [None] * plan.n_slots
        for slot, value in plan.constants:
            self._template[slot] = value
        self._feeds = plan.feeds
        self._touches_store = bool(plan.reads or plan.writes or plan.randoms)

    def run(self, feeds: Sequence[Any]) -> list[Any]:
        """Run and return the fetched values."""
        return self._run(feeds, None)[0]

    def run_measured(
        self, feeds: Sequence[Any], budget_ns: float
    ) -> tuple[list[Any], float]:
        """Run and return the fetched values and the estimated time in nanoseconds.

        Raises:
            BudgetExceededError: It is more than the budget; nothing was changed.
        """
        return self._run(feeds, budget_ns)

    def _run(
        self, feeds: Sequence[Any], budget_ns: float | None
    ) -> tuple[list[Any], float]:
        environment = self._template.copy()
        for slot, value in zip(self._feeds, feeds, strict=True):
            environment[slot] = value
        if not self._touches_store:
            environment[FRAME_SLOT] = HostFrame(self._store, ())
            cost_ns = self._evaluate(environment, budget_ns)
        else:
            with self._store.lock:
                frame = HostFrame(self._store, self._plan.randoms)
                environment[FRAME_SLOT] = frame
                load(self._store, self._plan.reads, environment)
                try:
                    cost_ns = self._evaluate(environment, budget_ns)
                    store_values(self._store, self._plan.writes, environment, feeds)
                except BaseException:
                    take_back(frame.undo)
                    raise
                frame.commit()
        return fetched(self._plan, environment, feeds), cost_ns

    def _evaluate(self, environment: Environment, budget_ns: float | None) -> float:
        with host_run():
            return self._evaluate_nodes(environment, budget_ns)

    def _evaluate_nodes(
        self, environment: Environment, budget_ns: float | None
    ) -> float:
        if budget_ns is None:
            evaluate(self._plan.nodes, self._steps, environment)
            return 0.0
        frame: HostFrame = environment[FRAME_SLOT]
        frame.is_measured = True
        cost_ns = 0.0
        device_kernels = 0
        for node, step in zip(self._plan.nodes, self._steps, strict=True):
            evaluate((node,), (step,), environment)
            inputs = [environment[slot] for slot in node.flat_inputs()]
            outputs = [environment[slot] for slot in node.outputs]
            check_types(node, outputs)
            cost_ns += call_ns(node, inputs, outputs) + frame.take_loops_ns()
            if frame.take_device_kernels():
                device_kernels += 1
                cost_ns += DEVICE_KERNEL_NS
            if cost_ns > budget_ns:
                raise BudgetExceededError
            if device_kernels > DEVICE_KERNELS_MAX and budget_ns < float("inf"):
                raise BudgetExceededError
        return cost_ns


def fetched(plan: Plan, environment: Environment, feeds: Sequence[Any]) -> list[Any]:
    """Return the fetched values.

    Raises:
        InvalidArgumentError: One is in a branch that was not taken.
    """
    for position, guards in enumerate(plan.fetch_guards):
        if not holds(guards, environment):
            raise InvalidArgumentError(
                None, None, f"Retval[{position}] does not have value"
            )
    values = [result(environment[slot], feeds) for slot in plan.fetches]
    for position in plan.repeated:
        if isinstance(values[position], np.ndarray):
            values[position] = values[position].copy()
    return values


def check_types(node: Node, outputs: Sequence[Any]) -> None:
    """Check what a kernel returned against the types that its operation declares.

    Raises:
        InternalError: They differ: an error of the kernel.
    """
    if isinstance(node.attrs, Loop) or node.choices:
        return  # what it gives was computed, and checked, elsewhere
    declared = [t.dtype for t in node.op.outputs if not t.dtype.is_ref]
    for dtype, value in zip(reversed(declared), reversed(outputs), strict=False):
        if value is None or dtype.name in ("resource", "variant"):
            continue
        if value.dtype != dtype.as_numpy_dtype:
            raise InternalError(
                node.op.node_def,
                node.op,
                f"The kernel of '{node.op.name}' ({node.op.type}) returned "
                f"{value.dtype}, the operation declares {dtype.name}.",
            )


def load(store: Store, reads: Sequence[Read], environment: Environment) -> None:
    """Put the current values of variables into their slots, as NumPy arrays.

    Raises:
        FailedPreconditionError: A variable has no value.
    """
    get = store.get
    for read in reads:
        value = get(read.declaration)
        if type(value) is not np.ndarray:
            value = store.host_value(read.declaration)
        if read.initialized:
            value = np.bool_(value is not None)
        elif value is None and not read.optional:
            raise no_value(store, read)
        environment[read.slot] = value


def no_value(store: Store, read: Read) -> OpError:
    """Return the error for a variable without a value, as its reader's."""
    op_type, kernel = read.reader.type, kernel_for(read.reader.type)
    if op_type.startswith(_TRAINING):
        error: OpError = InternalError(None, None, "Invalid variable reference.")
        return placed(error, read.reader, ())
    looks_up = op_type in _LOOK_UP or (kernel is not None and bool(kernel.updates))
    error = store.no_value(read.declaration, in_update=looks_up)
    return placed(error, read.reader, ())


def store_values(
    store: Store,
    writes: Sequence[Write],
    environment: Environment,
    feeds: Sequence[Any],
) -> None:
    """Make computed values the values of variables."""
    values = []
    for write in writes:
        value = None if write.slot is None else environment[write.slot]
        if value is not None and (
            type(value) is not np.ndarray or value.flags.writeable
        ):
            value = _own(value, feeds)
        values.append(value)
    store.put_many([write.declaration for write in writes], values)


def _own(value: Any, feeds: Sequence[Any]) -> Any:
    """Return a value that nobody else will change, as a read-only array."""
    if type(value) is not np.ndarray:
        value = np.asarray(value)
    if value.flags.writeable:
        if not value.flags.owndata or any(value is fed for fed in feeds):
            value = value.copy()  # the caller holds this memory
        value.flags.writeable = False
    return value
