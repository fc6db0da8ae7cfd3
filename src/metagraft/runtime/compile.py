"""Compiled plans: each device segment is one XLA program.

A segment is compiled, per signature, as a pure function from (state, inputs, random
counters) to (new state, outputs). Buffers of variables that it changes are donated,
so a training step updates in place. Programs are traced with 64-bit types on and with
implicit type promotion refused; both settings hold only while we trace or run.
"""

from __future__ import annotations

import functools
import operator
import os
import threading
import time
from collections.abc import Sequence
from typing import Any, Final

import jax
import jax.numpy as jnp
import numpy as np

from metagraft.errors import InternalError, OpError, ResourceExhaustedError
from metagraft.kernels.kernel import Array
from metagraft.kernels.namespace import host_run, is_traced
from metagraft.kernels.pieces import taken as array_of
from metagraft.runtime.compiler_options import COMPILER_OPTIONS
from metagraft.runtime.control_flow import random_streams
from metagraft.runtime.deferred import CHECKS, Deferred, is_deferred
from metagraft.runtime.evaluate import (
    Environment,
    NeedsHostValueError,
    Step,
    evaluate,
    make_step,
)
from metagraft.runtime.host import (
    EarlyError,
    HostFrame,
    fetched,
    load,
    no_value,
    not_scalar,
    store_values,
)
from metagraft.runtime.plan import FRAME_SLOT, Node, Plan, Read
from metagraft.runtime.rare_sizes import RareSizes
from metagraft.runtime.resources import RandomState, Store
from metagraft.runtime.segments import (
    CONSTANT_ELEMENTS_MAX,
    Cut,
    Findings,
    Segment,
    cut,
)
from metagraft.runtime.transfer import Staging

# Names a folder that keeps compiled programs for the next process.
CACHE_VARIABLE: Final = "METAGRAFT_COMPILATION_CACHE"
_ATTEMPTS_MAX: Final = 100


class _TracedStream:
    """A random stream inside a program: its position is an argument."""

    __slots__ = ("_counter", "_key", "reserved")

    def __init__(self, words: Array) -> None:
        """Start at `words`: `uint32[6]`, the key and then the counter."""
        self._key, self._counter = words[:2], words[2:]
        self.reserved = 0

    def reserve(self, n_samples_128: int) -> tuple[Array, Array]:
        """Return key and counter of the next samples."""
        counter = _advanced(self._counter, self.reserved)
        self.reserved += int(n_samples_128)
        return self._key, counter


def _advanced(counter: Array, n_blocks: int) -> Array:
    """Return a 128-bit counter, lowest word first, plus a number."""
    if n_blocks == 0:
        return counter
    words = []
    carry = jnp.zeros((), jnp.uint32)
    for i in range(4):
        addend = np.uint32((n_blocks >> (32 * i)) & 0xFFFFFFFF)
        total = counter[i] + addend
        overflow = (total < addend).astype(jnp.uint32)
        total_with_carry = total + carry
        overflow |= (total_with_carry < total).astype(jnp.uint32)
        words.append(total_with_carry)
        carry = overflow
    return jnp.stack(words)


class _TraceFrame:
    """The frame while a segment is traced; see `evaluate.Frame`."""

    __slots__ = ("_host_values", "_streams", "_words")

    def __init__(self, words: dict[int, Array]) -> None:
        """Start a trace with the positions of the random streams."""
        self._words = words
        self._streams: dict[int, _TracedStream] = {}
        self._host_values: dict[int, Any] = {}

    def stream(self, index: int) -> _TracedStream:
        """Return the random stream number `index` of the plan."""
        if index not in self._streams:
            self._streams[index] = _TracedStream(self._words[index])
        return self._streams[index]

    def adopt(self, value: Array) -> Array:
        """Keep traced values; make arrays of Python values."""
        if isinstance(value, (bool, int, float, complex)):
            return np.asarray(value)
        return array_of(value)

    def truth(self, predicate: Array) -> bool | None:
        """Return what a predicate is, None if it is traced.

        Raises:
            InvalidArgumentError: It is several.
        """
        if np.ndim(predicate):
            raise not_scalar(predicate)
        return None if is_traced(predicate) else bool(predicate)

    def host_value(self, slot: int) -> Any:
        """Return the value of a slot that `lift` made traced, else None."""
        return self._host_values.get(slot)

    def lift(self, slot: int, value: Array) -> Array:
        """Keep large host arrays out of the program's constants where possible."""
        if not isinstance(value, np.ndarray) or value.size <= CONSTANT_ELEMENTS_MAX:
            return value
        self._host_values[slot] = value
        first = value.reshape(-1)[0]
        if np.all(value == first):
            return jnp.full(value.shape, first, value.dtype)
        return jnp.asarray(value)

    def reserved(self) -> dict[int, int]:
        """Return how many blocks each stream has used."""
        return {index: s.reserved for index, s in self._streams.items()}


class _Executable:
    """A compiled segment for one signature."""

    __slots__ = ("call", "deferred", "reserved")

    def __init__(self, call: Any, reserved: dict[int, int], deferred: Deferred) -> None:
        self.call = call
        self.reserved = reserved
        self.deferred = deferred


class _DeviceSegment:
    """A segment that runs as a program."""

    def __init__(self, segment: Segment, plan: Plan, parts: Cut, store: Store) -> None:
        self._segment = segment
        self._plan = plan
        self._store = store
        self._n_slots = plan.n_slots
        self._constants = {
            slot: value
            for slot, value in parts.constants.items()
            if slot not in segment.inputs
        }
        self._steps: list[Step] = [make_step(node) for node in segment.nodes]
        written = {write.declaration.key for write in segment.writes}
        if any(node.op.type in CHECKS for node in segment.nodes):
            written.clear()  # a failed check leaves the old values in place
        reads, self._twice = _each_once(segment.reads)
        self._donated = [r for r in reads if r.declaration.key in written]
        self._kept = [r for r in reads if r.declaration.key not in written]
        self._written = [w.slot for w in segment.writes if w.slot is not None]
        static = set(segment.static_inputs)
        self._static = segment.static_inputs
        self._large = {
            slot: parts.constants[slot]
            for slot in segment.inputs
            if slot in parts.constants and slot not in static
        }
        self._inputs = [
            s for s in segment.inputs if s not in static and s not in self._large
        ]
        self._large_arrays: tuple[Array, ...] | None = None
        self._streams = [(i, plan.randoms[i]) for i in random_streams(segment.nodes)]
        self._executables: dict[Any, _Executable] = {}
        self._state_version = -1
        self._state_key: Any = None
        self._lock = threading.Lock()
        self._staging = Staging()
        self._rare = RareSizes(segment, self._inputs, plan.feeds)
        self._on_host: _HostSegment | None = None

    # -- running -------------------------------------------------------------------

    def run(self, environment: Environment) -> None:
        """Run the program on the values in `environment`, and store its results.

        Raises:
            NeedsHostValueError: It cannot be traced as it is cut; nothing was changed.
        """
        static = tuple([np.asarray(environment[slot]) for slot in self._static])
        originals = [environment[slot] for slot in self._inputs]
        inputs = tuple([self._staging.take(value) for value in originals])
        # None: computed in a branch that was not taken.
        shapes = tuple([None if v is None else np.shape(v) for v in inputs])
        static_key = tuple([_static_key(value) for value in static])
        if self._rare.include(shapes, static_key):
            started = time.perf_counter()
            self._host_runner().run(environment)
            self._rare.add(shapes, static_key, time.perf_counter() - started)
            return
        store = self._store
        while True:
            executable = self._executable(shapes, static_key, static, inputs)
            with store.lock:
                if store.shape_version != self._state_version:
                    continue  # another thread has changed shapes meanwhile
                donated = tuple([self._value(read) for read in self._donated])
                kept = tuple([self._value(read) for read in self._kept])
                states, words = self._positions()
                with jax.enable_x64(True):
                    new_state, outputs, flags, operands = _called(
                        executable.call,
                        donated,
                        kept,
                        inputs,
                        self._large_arrays,
                        words,
                    )
                executable.deferred.run(flags, operands)
                for write, value in zip(self._segment.writes, new_state, strict=True):
                    store.put(write.declaration, value)
                for index, count in executable.reserved.items():
                    states[index].skip(count)
            break
        self._await_reading(inputs, outputs, new_state)
        for original, taken in zip(originals, inputs, strict=True):
            self._staging.give_back(original, taken)
        for slot, value in zip(self._segment.outputs, outputs, strict=True):
            environment[slot] = value

    def _host_runner(self) -> _HostSegment:
        if self._on_host is None:
            self._on_host = _HostSegment(self._segment, self._plan, self._store)
        return self._on_host

    def _await_reading(self, inputs: Any, outputs: Any, new_state: Any) -> None:
        """Wait until the program has read the caller's arrays, which may change then.

        A program reads them while it runs, so this waits for its end.
        """
        if any(type(value) is np.ndarray for value in inputs):
            for value in (*outputs, *new_state):
                if isinstance(value, jax.Array):
                    value.block_until_ready()
                    return

    def _value(self, read: Read) -> Array:
        """Return a variable as an array of JAX's, which it then stays."""
        value = self._store.get(read.declaration)
        if value is None:
            if read.optional:
                return None
            raise no_value(self._store, read)
        if isinstance(value, np.ndarray):
            with jax.enable_x64(True):
                value = jnp.array(value, copy=True)
            self._store.replace(read.declaration, value)
        return value

    def _positions(self) -> tuple[dict[int, RandomState], Any]:
        states = {
            index: self._store.random_state(op.name, op.seed, op.seed2)
            for index, op in self._streams
        }
        if not states:
            return states, None
        rows = [np.concatenate([s.key, s.counter_words()]) for s in states.values()]
        return states, np.stack(rows)

    # -- compiling -----------------------------------------------------------------

    def _executable(
        self, shapes: Any, static_key: Any, static: Any, inputs: Any
    ) -> _Executable:
        store = self._store
        if store.shape_version != self._state_version:
            with store.lock:
                self._state_key = tuple(
                    self._state_of(read) for read in (*self._donated, *self._kept)
                )
                self._state_version = store.shape_version
        key = (shapes, static_key, self._state_key)
        executable = self._executables.get(key)
        if executable is None:
            with self._lock:
                executable = self._executables.get(key)
                if executable is None:
                    started = time.perf_counter()
                    executable = self._compile(static, inputs, key[2])
                    self._rare.compile_seconds = time.perf_counter() - started
                    self._executables[key] = executable
        return executable

    def _state_of(self, read: Read) -> Any:
        value = self._store.get(read.declaration)
        if value is None:
            if read.optional:
                return None
            raise no_value(self._store, read)
        return value.shape, value.dtype

    def _compile(self, static: Any, inputs: Any, state_key: Any) -> _Executable:
        reserved: dict[int, int] = {}
        deferred = Deferred()

        def program(
            donated: Any, kept: Any, values: Any, large: Any, words: Any
        ) -> tuple[Any, ...]:
            environment: Environment = [None] * self._n_slots
            for slot, value in self._constants.items():
                environment[slot] = value
            for slots, arrays in (
                ([read.slot for read in self._donated], donated),
                ([read.slot for read in self._kept], kept),
                (self._inputs, values),
                (self._large, large),
                (self._static, static),
            ):
                for slot, value in zip(slots, arrays, strict=True):
                    environment[slot] = value
            for slot, source in self._twice:
                environment[slot] = environment[source]
            rows = {index: words[i] for i, (index, _) in enumerate(self._streams)}
            frame = _TraceFrame(rows)
            environment[FRAME_SLOT] = frame
            _trace(self._segment.nodes, self._steps, environment, frame, deferred)
            reserved.update(frame.reserved())
            new_state = tuple(environment[slot] for slot in self._written)
            outputs = tuple(environment[s] for s in self._segment.outputs)
            _check_are_arrays(self._segment, outputs)
            flags_and_operands = deferred.outputs()
            deferred.forget_traced_values()
            return new_state, outputs, *flags_and_operands

        n_donated = len(self._donated)
        with jax.enable_x64(True), jax.numpy_dtype_promotion("strict"):
            if self._large_arrays is None:
                self._large_arrays = tuple(
                    jnp.asarray(value) for value in self._large.values()
                )
            shapes = [None if s is None else _described(*s) for s in state_key]
            n_streams = len(self._streams)
            lowered = jax.jit(program, donate_argnums=0).lower(
                tuple(shapes[:n_donated]),
                tuple(shapes[n_donated:]),
                tuple(
                    None if v is None else _described(np.shape(v), v.dtype)
                    for v in inputs
                ),
                tuple(_described(v.shape, v.dtype) for v in self._large_arrays),
                _described((n_streams, 6), jnp.uint32) if n_streams else None,
            )
            options = COMPILER_OPTIONS.get(jax.default_backend(), {})
            call = lowered.compile(compiler_options=options)
            return _Executable(call, reserved, deferred)


def _check_are_arrays(segment: Segment, outputs: Sequence[Any]) -> None:
    """Refuse to give out objects, such as lists of tensors.

    Raises:
        NeedsHostValueError: What makes an object that is asked for.
    """
    for slot, value in zip(segment.outputs, outputs, strict=True):
        if getattr(value, "dtype", None) == np.dtype(object):
            maker = next(node for node in segment.nodes if slot in node.outputs)
            raise NeedsHostValueError(maker, -1)


def _each_once(
    reads: Sequence[Read],
) -> tuple[list[Read], list[tuple[int, int]]]:
    """Return one read per variable, and (slot, slot it equals) of the others.

    A variable may be read twice: where it must have a value, and in a branch.
    """
    found: dict[Any, Read] = {}
    for read in sorted(reads, key=lambda read: read.optional):
        found.setdefault(read.declaration.key, read)
    twice = [
        (read.slot, found[read.declaration.key].slot)
        for read in reads
        if found[read.declaration.key] is not read
    ]
    return [read for read in reads if found[read.declaration.key] is read], twice


def _trace(
    nodes: Sequence[Node],
    steps: Sequence[Step],
    environment: Environment,
    frame: _TraceFrame,
    deferred: Deferred,
) -> None:
    for node, step in zip(nodes, steps, strict=True):
        if is_deferred(node):
            deferred.add(node, environment)
            continue
        evaluate((node,), (step,), environment)
        for slot in node.outputs:
            environment[slot] = frame.lift(slot, environment[slot])


@functools.cache
def _use_cache() -> None:
    """Keep compiled programs in a folder if the environment asks for it.

    The first step of an MLP takes 0.12 s with a cached program, else 0.47 s.
    """
    folder = os.environ.get(CACHE_VARIABLE)
    if folder:
        update: Any = jax.config.update  # untyped
        update("jax_compilation_cache_dir", folder)
        update("jax_persistent_cache_min_compile_time_secs", 0.0)
        update("jax_persistent_cache_min_entry_size_bytes", 0)


def _called(call: Any, *arguments: Any) -> Any:
    try:
        return call(*arguments)
    except jax.errors.JaxRuntimeError as error:
        text = str(error)
        if "RESOURCE_EXHAUSTED" in text:
            raise ResourceExhaustedError(None, None, text) from error
        raise InternalError(None, None, text) from error


def _described(shape: Any, dtype: Any) -> Any:
    """Return what `lower` takes in place of an array."""
    return jax.ShapeDtypeStruct(shape, dtype)  # type: ignore[no-untyped-call]


def _static_key(value: Any) -> Any:
    if value.dtype == object:
        return value.shape, tuple(value.reshape(-1))
    return value.shape, value.dtype.str, value.tobytes()


class _HostSegment:
    """A segment that runs on the host."""

    def __init__(self, segment: Segment, plan: Plan, store: Store) -> None:
        self._segment = segment
        self._plan = plan
        self._store = store
        self._steps = [make_step(node) for node in segment.nodes]
        self._touches_store = bool(segment.reads or segment.writes) or any(
            node.random is not None for node in segment.nodes
        )

    def run(self, environment: Environment) -> None:
        """Run the nodes on the values in `environment`."""
        for slot in self._segment.inputs:
            value = environment[slot]
            if isinstance(value, jax.Array):
                environment[slot] = np.asarray(value)
        frame = HostFrame(self._store, self._plan.randoms)
        environment[FRAME_SLOT] = frame
        if not self._touches_store:
            with host_run():
                evaluate(self._segment.nodes, self._steps, environment)
            return
        feeds = [environment[slot] for slot in self._plan.feeds]
        with self._store.lock, host_run():
            load(self._store, self._segment.reads, environment)
            evaluate(self._segment.nodes, self._steps, environment)
            store_values(self._store, self._segment.writes, environment, feeds)
            frame.commit()


class CompiledProgram:
    """A plan in segments, compiled when first run."""

    def __init__(self, plan: Plan, store: Store) -> None:
        """Cut the plan; nothing is compiled yet."""
        self._plan = plan
        self._store = store
        _use_cache()
        self._flags = [read for read in plan.reads if read.initialized]
        self._findings = Findings()
        self._lock = threading.Lock()
        self._constants: set[int] = set()
        self.segments: tuple[Segment, ...] = ()
        self._runners: list[_DeviceSegment | _HostSegment] = []
        self._prepare()

    def _prepare(self) -> None:
        """Cut the plan; segments as they were in an earlier cut keep their programs."""
        parts = cut(self._plan, self._findings)
        kept = {}
        if parts.constants.keys() == self._constants:
            kept = {
                position: runner
                for position, (segment, before, runner) in enumerate(
                    zip(parts.segments, self.segments, self._runners, strict=False)
                )
                if segment == before
            }
        self._template: Environment = [None] * self._plan.n_slots
        for slot, value in parts.constants.items():
            self._template[slot] = value
        self._constants = set(parts.constants)
        self.segments = parts.segments
        self._starts_early = parts.starts_early
        self._runners = [
            kept.get(position) or self._runner(segment, parts)
            for position, segment in enumerate(parts.segments)
        ]

    def _runner(self, segment: Segment, parts: Cut) -> _DeviceSegment | _HostSegment:
        if segment.on_device:
            return _DeviceSegment(segment, self._plan, parts, self._store)
        return _HostSegment(segment, self._plan, self._store)

    def run(self, feeds: Sequence[Any]) -> list[Any]:
        """Run and return the fetched values.

        Raises:
            EarlyError: A run on the host tells the error that comes first.
        """
        for _ in range(_ATTEMPTS_MAX):
            runners, segments = self._runners, self.segments
            environment = self._template.copy()
            for slot, value in zip(self._plan.feeds, feeds, strict=True):
                environment[slot] = value
            load(self._store, self._flags, environment)
            if self._attempt(runners, segments, environment):
                environment[FRAME_SLOT] = HostFrame(self._store, ())
                return fetched(self._plan, environment, feeds)
        raise InternalError(None, None, f"a plan was cut {_ATTEMPTS_MAX} times in vain")

    def _attempt(
        self,
        runners: Sequence[_DeviceSegment | _HostSegment],
        segments: Sequence[Segment],
        environment: Environment,
    ) -> bool:
        """Run all segments; False if the plan was cut anew before anything changed."""
        position = 0
        while position < len(runners):
            try:
                runners[position].run(environment)
            except OpError as error:
                if position == 0 and self._starts_early:
                    raise EarlyError from error
                raise
            except NeedsHostValueError as error:
                with self._lock:
                    if runners is self._runners:
                        self._findings.add(error)
                        self._prepare()
                    anew, parts = self._runners, self.segments
                if position == 0:
                    return False
                if all(map(operator.is_, anew[:position], runners[:position])):
                    runners, segments = anew, parts
                    continue  # what has run is as it would be now
                # Segments before this one have run: finish this run on the host.
                segment = segments[position]
                _HostSegment(segment, self._plan, self._store).run(environment)
            position += 1
        return True
