"""`Session`: runs parts of a graph and keeps the variables.

Source: tensorflow python/client/session.py.
"""

from __future__ import annotations

import itertools
import logging
import threading
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self

import numpy as np

from metagraft.errors import (
    CancelledError,
    InvalidArgumentError,
    NotFoundError,
    UnimplementedError,
)
from metagraft.graph import defaults
from metagraft.graph.graph import Graph
from metagraft.graph.operation import Operation
from metagraft.graph.registered_ops import change_count
from metagraft.graph.tensor import Tensor
from metagraft.graph.tensor_values import make_ndarray
from metagraft.proto import ConfigProto, RunOptions
from metagraft.proto.coercion import as_message
from metagraft.runtime.devices import DeviceAttributes, session_devices
from metagraft.runtime.feeds import (
    Converter,
    composite_parts,
    fed_tensor,
    flattened,
    make_converter,
)
from metagraft.runtime.fetches import FetchedStructure, fetch_key, flatten
from metagraft.runtime.partial_runs import PartialRun
from metagraft.runtime.planning import build_plan
from metagraft.runtime.resources import Store
from metagraft.runtime.run_metadata import add_graph, traced
from metagraft.runtime.state_ops import STATE_OPS
from metagraft.runtime.tensor_handle import with_handles
from metagraft.runtime.waiting import AnyProgram, limited, program_for

if TYPE_CHECKING:
    from metagraft.proto import GraphDef

_LOGGER: Final = logging.getLogger("metagraft")
_sessions: weakref.WeakSet[BaseSession] = weakref.WeakSet()


class _Call:
    """A prepared `run(fetches, feed_dict)`: everything but the values."""

    __slots__ = (
        "_converters",
        "_fed_fetches",
        "_program",
        "_rebuild",
        "_simple",
    )

    def __init__(
        self,
        structure: FetchedStructure,
        program: AnyProgram,
        converters: Sequence[tuple[Converter, int]],
        fed_fetches: Sequence[tuple[int, int]],
        simple: bool,
    ) -> None:
        """Prepare a call.

        Args:
            structure: What is fetched.
            program: What runs.
            converters: Per flat feed, its converter and its position in the plan.
            fed_fetches: (position in the fetches, position in the feeds) of tensors
                that are both.
            simple: Whether every key of the feeds means one tensor of its own.
        """
        self._rebuild = structure.rebuild
        self._program = program
        self._converters = converters
        self._fed_fetches = fed_fetches
        self._simple = simple

    def run(self, feed_dict: Mapping[Any, Any] | None, timeout_ms: int = 0) -> Any:
        """Convert the feeds, run, and return the structure of results.

        Args:
            feed_dict: The feeds.
            timeout_ms: How long the run may wait for other runs; 0 for no limit.
        """
        program = self._program
        if timeout_ms > 0:
            program = limited(program, timeout_ms)
        if not feed_dict:
            return self._rebuild(program.run(()))
        feeds: list[Any]
        if self._simple:
            pairs = zip(feed_dict.values(), self._converters, strict=True)
            feeds = [convert(value) for value, (convert, _) in pairs]
        else:
            feeds = [None] * (1 + max(index for _, index in self._converters))
            flat = zip(flattened(feed_dict), self._converters, strict=True)
            for (_, value), (convert, index) in flat:
                feeds[index] = convert(value)
        values = program.run(feeds)
        for fetch, feed in self._fed_fetches:
            values[fetch] = feeds[feed]
        return self._rebuild(values)


class BaseSession:
    """What `Session` and `InteractiveSession` share."""

    def __init__(
        self,
        target: str | bytes | None = "",
        graph: Graph | None = None,
        config: Any = None,
    ) -> None:
        """Open a session.

        Args:
            target: Which engine runs the graph: empty, this process.
            graph: The graph; without it, the default graph.
            config: A `ConfigProto`, ours or TensorFlow's. Its device and thread
                options are for TensorFlow's engine; they are kept with the session.

        Raises:
            TypeError: An argument is of a wrong kind.
            NotFoundError: There is no engine of that name, or no device is left.
            UnimplementedError: The target is another process.
        """
        if graph is not None and not isinstance(graph, Graph):
            raise TypeError(
                f'Argument `graph` must be a tf.Graph, but got "{type(graph).__name__}"'
            )
        self._graph = defaults.get_default_graph() if graph is None else graph
        self._target = _checked_target(target)
        self._config = _checked_config(config)
        self._timeout_ms = self._config.operation_timeout_in_ms
        self._store = Store()
        self._calls: dict[Any, _Call] = {}
        self._programs: dict[Any, AnyProgram] = {}
        self._constants: dict[Operation, Any] = {}
        self._partial_runs: dict[str, PartialRun] = {}
        self._handles = itertools.count()
        self._changes = self._graph.version - self._graph.node_count + change_count()
        self._closed = False
        self._is_reset = False
        _sessions.add(self)

    @property
    def graph(self) -> Graph:
        """The graph that this session runs."""
        return self._graph

    @property
    def graph_def(self) -> GraphDef:
        """The graph as a message."""
        infer_shapes = self._config.graph_options.infer_shapes
        return self._graph.as_graph_def(add_shapes=infer_shapes)

    @property
    def sess_str(self) -> bytes | None:
        """The engine that runs the graph; empty for this process."""
        return self._target

    def list_devices(self) -> list[DeviceAttributes]:
        """Return the devices that this process can compute on."""
        count = self._config.device_count.get("CPU", 1)
        return session_devices(count)

    # -- running -----------------------------------------------------------------------

    def run(
        self,
        fetches: Any,
        feed_dict: Mapping[Any, Any] | None = None,
        options: Any = None,
        run_metadata: Any = None,
    ) -> Any:
        """Run what `fetches` need and return their values.

        Args:
            fetches: A tensor, operation, name, variable, sparse value, or a nested
                list, tuple, named tuple, dict or attrs object of these.
            feed_dict: Values that take the place of tensors.
            options: A `RunOptions` message; it may limit how long the run waits.
            run_metadata: A `RunMetadata` message. It gets the time that the run took
                if `options` ask for a trace, and the graph that ran if these ask for
                partition graphs.

        Returns:
            The structure of `fetches`, with arrays for tensors and None for
            operations.

        Raises:
            RuntimeError: The session is closed or its graph empty.
            TypeError: A fetch or feed is of a wrong kind.
            ValueError: A fetch or feed is not in the graph, or a value does not fit.
            OpError: An operation failed.
        """
        if self._closed:
            raise self._over()
        if options is None and run_metadata is None:
            return self._prepared(fetches, feed_dict).run(feed_dict, self._timeout_ms)
        asked = RunOptions() if options is None else as_message(options, RunOptions)
        timeout_ms = asked.timeout_in_ms or self._timeout_ms
        if run_metadata is None:
            return self._prepared(fetches, feed_dict).run(feed_dict, timeout_ms)
        with traced(asked, run_metadata) as found:
            call = self._prepared(fetches, feed_dict)
            if asked.output_partition_graphs:
                keys = [key for key, _ in flattened(feed_dict or {})]
                fed = {fed_tensor(self._graph, key) for key in keys}
                add_graph(found, flatten(self._graph, fetches), fed)
            return call.run(feed_dict, timeout_ms)

    def _over(self) -> Exception:
        """Return why a closed session cannot run."""
        if self._is_reset:
            return CancelledError(None, None, "Session has been closed.")
        return RuntimeError("Attempted to use a closed Session.")

    def _prepared(self, fetches: Any, feed_dict: Mapping[Any, Any] | None) -> _Call:
        graph = self._graph
        changes = graph.version - graph.node_count + change_count()
        if changes != self._changes:
            self._forget_plans(changes)
        key = (fetch_key(fetches), tuple(feed_dict) if feed_dict else ())
        return self._calls.get(key) or self._new_call(key, fetches, feed_dict or {})

    def _forget_plans(self, changes: int) -> None:
        """Forget what was planned: operations or registered kernels are others now."""
        self._calls.clear()
        self._programs.clear()
        self._constants.clear()
        self._changes = changes

    def _new_call(self, key: Any, fetches: Any, feed_dict: Mapping[Any, Any]) -> _Call:
        graph = self._graph
        if graph.version == 0:
            raise RuntimeError(
                "The Session graph is empty. Add operations to the graph before "
                "calling run()."
            )
        keys = list(flattened(feed_dict))
        feeds: dict[Tensor, int] = {}
        converters = []
        for feed_key, _ in keys:
            tensor = fed_tensor(graph, feed_key)
            index = feeds.setdefault(tensor, len(feeds))
            converters.append((make_converter(graph, tensor, feed_key), index))
        simple = len(feeds) == len(feed_dict) == len(keys)
        structure = flatten(graph, fetches)
        structure.rebuild = with_handles(
            structure.tensors, structure.rebuild, self._store
        )
        program = self._program(structure, tuple(feeds))
        fed_fetches = [
            (position, feeds[tensor])
            for position, tensor in enumerate(structure.tensors)
            if tensor in feeds
        ]
        call = _Call(structure, program, converters, fed_fetches, simple)
        if key[0] is not None:
            self._calls[key] = call
        return call

    def _program(
        self, structure: FetchedStructure, feeds: tuple[Tensor, ...]
    ) -> AnyProgram:
        key = (tuple(structure.tensors), tuple(structure.operations), feeds)
        program = self._programs.get(key)
        if program is None:
            plan = build_plan(
                structure.tensors,
                structure.operations,
                feeds,
                self._constant_value,
                STATE_OPS,
            )
            program = self._programs[key] = program_for(plan, self._store)
        return program

    def _constant_value(self, op: Operation) -> Any:
        value = self._constants.get(op)
        if value is None:
            value = np.asarray(make_ndarray(op.attrs["value"]))
            value.flags.writeable = False
            self._constants[op] = value
        return value

    def make_callable(
        self, fetches: Any, feed_list: Any = None, accept_options: bool = False
    ) -> Callable[..., Any]:
        """Return a function that runs `fetches`.

        Args:
            fetches: As for `run`.
            feed_list: What the arguments of the function are fed to.
            accept_options: Whether the function takes `options` and `run_metadata`.

        Raises:
            TypeError: `feed_list` is no list.
        """
        if feed_list is not None and not isinstance(feed_list, (list, tuple)):
            raise TypeError(
                "Argument `feed_list` must be a list or tuple. Received: "
                f"feed_list={feed_list}"
            )
        keys = list(feed_list or ())
        if not keys:
            flatten(self._graph, fetches)  # wrong fetches are reported now

        def call(*values: Any, options: Any = None, run_metadata: Any = None) -> Any:
            feed_dict = dict(zip(keys, values, strict=False))
            return self.run(fetches, feed_dict, options, run_metadata)

        def call_plain(*values: Any) -> Any:
            return call(*values)

        return call if accept_options or keys else call_plain

    def partial_run_setup(self, fetches: Any, feeds: Any = None) -> str:
        """Say what a run in parts will fetch and be fed.

        Args:
            fetches: A fetch or a nested structure of fetches.
            feeds: The tensors that will be fed.

        Returns:
            A handle for `partial_run`.

        Raises:
            InvalidArgumentError: There is nothing to fetch.
            RuntimeError: The session is closed or its graph empty.
            TypeError: A fetch or feed is of a wrong kind.
        """
        if self._closed:
            raise RuntimeError("Attempted to use a closed Session.")
        if self._graph.version == 0:
            raise RuntimeError(
                "The Session graph is empty. Add operations to the graph before "
                "calling run()."
            )
        structure = flatten(self._graph, fetches)
        if not structure.tensors and not structure.operations:
            raise InvalidArgumentError(
                None, None, "Must specify at least one target to fetch or execute."
            )
        fed = [
            fed_tensor(self._graph, part)
            for feed in dict.fromkeys(feeds or ())
            for part in composite_parts(feed) or (feed,)
        ]
        handle = f"partial_run_{next(self._handles)}"
        self._partial_runs[handle] = PartialRun(
            [*structure.tensors, *structure.operations], fed
        )
        return handle

    def partial_run(self, handle: str, fetches: Any, feed_dict: Any = None) -> Any:
        """Go on with a run in parts.

        What was fed and computed by earlier parts stays.

        Args:
            handle: What `partial_run_setup` returned.
            fetches: Some of the fetches named there.
            feed_dict: Values of some of the feeds named there.

        Returns:
            The structure of `fetches`, as `run` does.

        Raises:
            InvalidArgumentError: There is no such run, it does not have these fetches
                or feeds, or not any more, or something is not fed yet.
        """
        if self._closed:
            raise RuntimeError("Attempted to use a closed Session.")
        run = self._partial_runs.get(handle)
        if run is None:
            raise InvalidArgumentError(
                None, None, "Must run 'setup' before performing partial runs!"
            )
        given = {
            fed_tensor(self._graph, key): value
            for key, value in flattened(feed_dict or {})
        }
        structure = flatten(self._graph, fetches)
        wanted: list[Tensor | Operation] = [*structure.tensors, *structure.operations]
        more = run.take(wanted, given)
        values, kept = self.run((fetches, more), run.fed())
        run.keep(more, kept)
        if run.is_over:
            del self._partial_runs[handle]
        return values

    # -- life --------------------------------------------------------------------------

    @contextmanager
    def as_default(self) -> Iterator[Self]:
        """Make this the default session of a block; it is not closed afterwards."""
        defaults.push_default_session(self)
        try:
            yield self
        finally:
            defaults.check_default_session_is_last(self)
            defaults.pop_default_session(self)

    def close(self) -> None:
        """Release the variables; the session cannot run any more.

        Runs that wait for a queue end with `CancelledError`.
        """
        self._closed = True
        self._store.waits.cancel()
        self._calls.clear()
        self._programs.clear()
        self._constants.clear()
        self._store.clear()


def _checked_target(target: Any) -> bytes | None:
    if target is None:
        return None
    if isinstance(target, str):
        target = target.encode()
    if not isinstance(target, bytes):
        hint = ""
        if type(target).__name__ == "ConfigProto":
            hint = '. Did you do "Session(config)" instead of "Session(config=config)"?'
        raise TypeError(
            f'Argument `target` must be a string, but got "{type(target).__name__}"'
            f"{hint}"
        )
    if target not in (b"", b"local") and not target.startswith(b"grpc://"):
        raise NotFoundError(
            None,
            None,
            "No session factory registered for the given session options: {target: "
            f'"{target.decode()}"}}. Registered factories are {{DIRECT_SESSION}}.',
        )
    if target not in (b"", b"local"):
        raise UnimplementedError(
            None,
            None,
            f"Session target {target.decode()!r}: running a graph in another process "
            "is not built; the empty target runs it in this one.",
        )
    return target


def _checked_config(config: Any) -> ConfigProto:
    if config is None:
        return ConfigProto()
    try:
        checked = as_message(config, ConfigProto)
    except TypeError as error:
        raise TypeError(
            "Argument `config` must be a tf.ConfigProto, but got "
            f'"{type(config).__name__}"'
        ) from error
    if checked.device_count.get("CPU", 1) < 1:
        raise NotFoundError(None, None, "No CPU devices are available in this process")
    return checked


class Session(BaseSession):
    """Runs operations of a graph and keeps its variables.

    As a context manager it is the default session, and its graph the default graph; it
    is closed at the end.
    """

    def __init__(
        self,
        target: str | bytes | None = "",
        graph: Graph | None = None,
        config: Any = None,
    ) -> None:
        """Open a session; see `BaseSession`."""
        super().__init__(target, graph, config)
        self._entered = False

    def __enter__(self) -> Self:
        """Make the session and its graph the defaults."""
        if self._entered:
            raise RuntimeError(
                "Session context managers are not re-entrant. Use "
                "`Session.as_default()` if you want to enter a session multiple times."
            )
        self._entered = True
        defaults.push_default_graph(self._graph)
        defaults.push_default_session(self)
        return self

    def __exit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Restore the defaults and close the session."""
        defaults.check_default_session_is_last(self)
        defaults.pop_default_session(self)
        defaults.pop_default_graph(self._graph)
        self._entered = False
        self.close()

    @staticmethod
    def reset(
        target: str | bytes | None,
        containers: Sequence[str] | None = None,
        config: Any = None,
    ) -> None:
        """Clear resource containers of all sessions of this process and close these.

        Args:
            target: Which engine: empty, this process.
            containers: Names of containers; all without it.
            config: A `ConfigProto`; nothing in it concerns a reset.
        """
        _checked_target(target)
        _checked_config(config)
        for session in list(_sessions):
            session._store.clear(list(containers or ()))  # noqa: SLF001 - own class
            session.close()
            session._is_reset = True  # noqa: SLF001 - own class


class InteractiveSession(BaseSession):
    """A session that is the default one from its making until it is closed."""

    _lock = threading.Lock()
    _open_count = 0

    def __init__(
        self,
        target: str | bytes | None = "",
        graph: Graph | None = None,
        config: Any = None,
    ) -> None:
        """Open a session and make it, and a given graph, the default."""
        super().__init__(target, graph, config)
        with InteractiveSession._lock:
            if InteractiveSession._open_count > 0:
                _LOGGER.error(
                    "An interactive session is already active. This can cause errors "
                    "or use up memory. Call `InteractiveSession.close()` to release "
                    "what the other session holds, or use `tf.Session()`."
                )
            InteractiveSession._open_count += 1
        self._explicit_graph = graph
        defaults.push_default_session(self)
        if graph is not None:
            defaults.push_default_graph(graph)

    def close(self) -> None:
        """Close the session; it is no longer the default."""
        with InteractiveSession._lock:
            if self._closed:
                return
            InteractiveSession._open_count -= 1
        super().close()
        if self._explicit_graph is not None:
            defaults.pop_default_graph(self._explicit_graph)
        defaults.pop_default_session(self)
