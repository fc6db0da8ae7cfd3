"""`tf.profiler`: profiles of a graph and its runs, and advice.

TF: what TensorFlow's library prints by itself goes through `sys.stdout` and
`sys.stderr`; every `Profiler` has a profile of its own, where TensorFlow has one for
the process.

Source: tensorflow python/profiler/model_analyzer.py.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any, Final

from metagraft.api.profiler.advice import ALL_ADVICE, advice
from metagraft.api.profiler.op_log import merged_op_log
from metagraft.api.profiler.options import Options, ProfileOptionBuilder
from metagraft.api.profiler.profiles import Profiles
from metagraft.errors import InvalidArgumentError, OpError
from metagraft.graph.defaults import get_default_graph
from metagraft.graph.graph import Graph
from metagraft.proto import (
    AdviceProto,
    GraphNodeProto,
    MultiGraphNodeProto,
    RunMetadata,
)
from metagraft.proto.coercion import as_message

__all__ = ["Profiler", "advise", "profile"]

# Options that were not given.
_DEFAULT: Final = 0
_VIEWS: Final = ("scope", "graph", "code", "op")


def profile(
    graph: Graph | None = None,
    run_meta: Any = None,
    op_log: Any = None,
    cmd: str = "scope",
    options: Any = _DEFAULT,
) -> GraphNodeProto | MultiGraphNodeProto:
    """Show what a graph holds and costs, and return it.

    Args:
        graph: The graph; the default one if None.
        run_meta: A `RunMetadata` of a run that was traced, for times and memory.
        op_log: An `OpLogProto` with more about nodes.
        cmd: `scope` shows name scopes, `graph` data flow, `op` op types, and `code`
            lines of Python.
        options: Options as `ProfileOptionBuilder` makes them; the parameters of
            trainable variables by default.

    Returns:
        For `scope` and `graph` a `GraphNodeProto`, else a `MultiGraphNodeProto`;
        what is shown below is in `children`.

    Raises:
        InvalidArgumentError: There is no such `cmd`.
    """
    graph = graph or get_default_graph()
    if options == _DEFAULT:
        options = ProfileOptionBuilder.trainable_variables_parameter()
    if cmd not in _VIEWS:
        raise InvalidArgumentError(None, None, f"unknown cmd: {cmd}\n")
    profiles = _profiles(graph, run_meta, op_log, add_trace=cmd == "code")
    return _profiled(profiles, cmd, options)


def advise(
    graph: Graph | None = None, run_meta: Any = None, options: Any = _DEFAULT
) -> AdviceProto:
    """Look for problems of a graph and its run, print and return what is found.

    Args:
        graph: The graph; the default one if None.
        run_meta: A `RunMetadata` of a run that was traced.
        options: The checkers to ask, by name; all by default.
    """
    graph = graph or get_default_graph()
    if options == _DEFAULT:
        options = ALL_ADVICE
    profiles = _profiles(graph, run_meta, None, add_trace=True)
    return advice(profiles, options)


class Profiler:
    """Profiles of a graph over many steps."""

    def __init__(self, graph: Graph | None = None, op_log: Any = None) -> None:
        """Take a graph, or the default one, and an `OpLogProto` with more about it."""
        self._graph = graph or get_default_graph()
        self._coverage = 0.0
        self._profiles = _profiles(self._graph, None, op_log, add_trace=True)

    def add_step(self, step: int, run_meta: Any) -> None:
        """Add the `RunMetadata` of a run that was traced, as a part of a step."""
        run = as_message(run_meta, RunMetadata)
        log = merged_op_log(self._graph, None, run)
        self._profiles.add_graph(self._graph.as_graph_def(add_shapes=True))
        self._profiles.add_run(step, run)
        self._profiles.add_log(log)
        self._coverage = self._profiles.coverage

    def profile_python(self, options: Any) -> MultiGraphNodeProto:
        """Show lines of Python, and return them."""
        return self._profile("code", options)

    def profile_operations(self, options: Any) -> MultiGraphNodeProto:
        """Show op types, and return them."""
        return self._profile("op", options)

    def profile_name_scope(self, options: Any) -> GraphNodeProto:
        """Show name scopes, and return them."""
        return self._profile("scope", options)

    def profile_graph(self, options: Any) -> GraphNodeProto:
        """Show the flow of data, and return it."""
        return self._profile("graph", options)

    def _profile(self, cmd: str, options: Any) -> Any:
        return _profiled(self._profiles, cmd, options)

    def advise(self, options: Any) -> AdviceProto:
        """Look for problems; see `advise`."""
        return advice(self._profiles, options)

    def serialize_to_string(self) -> bytes:
        """Return a serialized `ProfileProto`."""
        return self._profiles.to_proto().SerializeToString()


def _profiles(graph: Graph, run_meta: Any, op_log: Any, *, add_trace: bool) -> Profiles:
    log = merged_op_log(graph, op_log, run_meta, add_trace)
    profiles = Profiles(graph.as_graph_def(add_shapes=True))
    if run_meta is not None:
        run = as_message(run_meta, RunMetadata)
        if run.HasField("step_stats"):
            profiles.add_run(0, run)
    profiles.add_log(log)
    return profiles


def _profiled(
    profiles: Profiles, cmd: str, options: Mapping[str, Any]
) -> GraphNodeProto | MultiGraphNodeProto:
    try:
        checked = Options(options)
    except OpError as error:
        sys.stderr.write(f"INVALID_ARGUMENT: {error.message}\n")
        return MultiGraphNodeProto() if cmd in ("code", "op") else GraphNodeProto()
    return profiles.profile(cmd, checked)
