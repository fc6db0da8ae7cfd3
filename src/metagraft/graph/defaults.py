"""The default graph and session: stacks of each thread, and the mode."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol

from metagraft.graph.graph import Graph

if TYPE_CHECKING:
    from collections.abc import Sequence


class SessionLike(Protocol):
    """What `Tensor.eval` needs of a session."""

    @property
    def graph(self) -> Graph:
        """The graph it runs."""

    def run(self, fetches: Any, feed_dict: Any = None) -> Any:
        """Run and return values."""


class _Stacks(threading.local):
    """Default graphs and sessions of one thread, innermost last.

    Attributes:
        graph: The graph used outside of every block; each thread has its own.
    """

    def __init__(self) -> None:
        self.graph: Graph | None = None
        self.graphs: list[Graph] = []
        self.sessions: list[SessionLike] = []


class _Process:
    """What all threads share: the mode."""

    __slots__ = ("control_flow_of_functions", "eager")

    def __init__(self) -> None:
        self.eager = False
        self.control_flow_of_functions = False


_stacks = _Stacks()
_process = _Process()


def get_default_graph() -> Graph:
    """Return the innermost default graph, or the one of the thread."""
    if _stacks.graphs:
        return _stacks.graphs[-1]
    if _stacks.graph is None:
        _stacks.graph = Graph()
    return _stacks.graph


def reset_default_graph() -> None:
    """Replace the graph of the thread by an empty one.

    Raises:
        AssertionError: A block with its own default graph is open.
    """
    if _stacks.graphs:
        raise AssertionError(
            "Do not use tf.reset_default_graph() to clear nested graphs. If you need a"
            " cleared graph, exit the nesting and create a new graph."
        )
    _stacks.graph = None


@contextmanager
def default_graph(graph: Graph) -> Iterator[Graph]:
    """Make `graph` the default of a block."""
    _stacks.graphs.append(graph)
    try:
        yield graph
    finally:
        if not _stacks.graphs or _stacks.graphs[-1] is not graph:
            raise AssertionError("Nesting violated for default stack of Graph objects")
        _stacks.graphs.pop()


def get_default_session() -> Any:  # a Session, which lies above this package
    """Return the innermost default session, or None."""
    return _stacks.sessions[-1] if _stacks.sessions else None


def push_default_session(session: SessionLike) -> None:
    """Make `session` the default until `pop_default_session`."""
    _stacks.sessions.append(session)


def pop_default_session(session: SessionLike) -> None:
    """Undo the last `push_default_session` of `session`."""
    for position in range(len(_stacks.sessions) - 1, -1, -1):
        if _stacks.sessions[position] is session:
            del _stacks.sessions[position]
            return
    raise AssertionError("The session is not a default session of this thread.")


def check_default_session_is_last(session: SessionLike) -> None:
    """Raise `AssertionError` if the innermost default session is another one."""
    if _stacks.sessions and _stacks.sessions[-1] is not session:
        raise AssertionError(
            f"Nesting violated for default stack of {type(session)} objects"
        )


def push_default_graph(graph: Graph) -> None:
    """Make `graph` the default until `pop_default_graph`."""
    _stacks.graphs.append(graph)


def pop_default_graph(graph: Graph) -> None:
    """Undo the last `push_default_graph` of `graph`."""
    for position in range(len(_stacks.graphs) - 1, -1, -1):
        if _stacks.graphs[position] is graph:
            del _stacks.graphs[position]
            return
    raise AssertionError("The graph is not a default graph of this thread.")


def session_for(session: Any, graph: Graph, purpose: str) -> SessionLike:
    """Return `session`, or the default one, if it can run `graph`.

    Raises:
        ValueError: There is none, or it runs another graph.
    """
    chosen: SessionLike | None = session or get_default_session()
    method, thing = ("eval", "tensor") if "tensor" in purpose else ("run", "operation")
    colon = "" if thing == "tensor" else ":"
    explicit = f"ass an explicit session to `{method}(session=sess)`"
    if chosen is None:
        raise ValueError(
            f"Cannot {purpose} using `{method}()`: No default session is registered."
            f" Use `with sess.as_default(){colon}` or p{explicit}"
        )
    if chosen.graph is not graph:
        raise ValueError(
            f"Cannot use the {'given' if session else 'default'} session to {purpose}:"
            f" the {thing}'s graph is different from the session's graph."
            + ("" if session else f" P{explicit}.")
        )
    return chosen


def enable_eager_execution(
    config: Any = None, device_policy: Any = None, execution_mode: Any = None
) -> None:
    """Turn eager mode on for the rest of the program.

    In this mode there is no default graph to build on; files can still be read and
    explicit graphs used inside `with graph.as_default()`. Executing operations
    eagerly is not built: adding one raises `UnimplementedError`.

    Raises:
        ValueError: The default graph already has operations, or an argument asks for
            what is not built.
    """
    for label, value in (
        ("config", config),
        ("device_policy", device_policy),
        ("execution_mode", execution_mode),
    ):
        if value is not None:
            raise ValueError(
                f"tf.enable_eager_execution: `{label}` is not supported, got {value!r}."
            )
    if _stacks.graph is not None and _stacks.graph.node_count:
        raise ValueError("tf.enable_eager_execution must be called at program startup.")
    _process.eager = True


def disable_eager_execution() -> None:
    """Turn eager mode off."""
    _process.eager = False


def executing_eagerly() -> bool:
    """Whether eager mode is on and no graph block is open."""
    return _process.eager and not _stacks.graphs


def executing_eagerly_outside_functions() -> bool:
    """Whether eager mode is on."""
    return executing_eagerly()


def use_control_flow_of_functions(*, enabled: bool) -> None:
    """Say whether branches and loops are built as functions from now on."""
    _process.control_flow_of_functions = enabled


def builds_control_flow_of_functions() -> bool:
    """Whether they are in the default graph; inside traced functions, always."""
    outside = get_default_graph().outside
    if _process.control_flow_of_functions:
        return True
    return outside is not None and outside.is_named


def graph_of(inputs: Sequence[Any]) -> Graph:
    """Return the graph that tensors in `inputs` share; else the default graph.

    Raises:
        ValueError: They are of different graphs.
    """
    default = get_default_graph()
    if default.building_function:
        return default
    found: Graph | None = None
    first: Any = None
    for item in inputs:
        graph = getattr(item, "graph", None)
        if graph is found or not isinstance(graph, Graph):
            continue
        if found is not None:
            raise ValueError(f"{item} must be from the same graph as {first}.")
        found, first = graph, item
    return found or default
