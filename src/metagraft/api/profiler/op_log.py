"""What is known of a graph's nodes beside the graph: costs, kinds, lines of Python.

Source: tensorflow python/profiler/tfprof_logger.py.
"""

from __future__ import annotations

import sys
from pathlib import PurePosixPath
from typing import Any, Final

from metagraft.api.file_io import GFile
from metagraft.api.profiler.op_statistics import get_stats_for_node_def
from metagraft.graph.defaults import get_default_graph
from metagraft.graph.graph import Graph
from metagraft.graph.keys import GraphKeys
from metagraft.graph.operation import Operation
from metagraft.graph.shapes import TensorShape
from metagraft.proto import OpLogEntry, OpLogProto, RunMetadata
from metagraft.proto.coercion import as_message

__all__ = ["TRAINABLE_VARIABLES", "merged_op_log", "write_op_log"]

# The kind of nodes that are trainable variables.
TRAINABLE_VARIABLES: Final = "_trainable_variables"
_UNKNOWN: Final = "none"


def write_op_log(
    graph: Graph | None,
    log_dir: str,
    op_log: Any = None,
    run_meta: Any = None,
    add_trace: bool = True,
) -> None:
    """Write what is known of a graph's nodes into the file `tfprof_log` of a folder.

    Args:
        graph: The graph; the default one if None.
        log_dir: The folder.
        op_log: An `OpLogProto` with more about nodes.
        run_meta: A `RunMetadata` whose shapes fill in those that are not known.
        add_trace: Whether to add where in Python nodes were made.
    """
    merged = merged_op_log(graph or get_default_graph(), op_log, run_meta, add_trace)
    with GFile(str(PurePosixPath(log_dir) / "tfprof_log"), "wb") as file:
        file.write(merged.SerializeToString())


def merged_op_log(
    graph: Graph, op_log: Any, run_meta: Any, add_trace: bool = True
) -> OpLogProto:
    """Return what is known of a graph's nodes, joined with what the caller knows."""
    logged, strings = _logged(graph, run_meta, add_trace)
    merged = OpLogProto()
    if op_log is not None:
        _take_given(as_message(op_log, OpLogProto), logged, merged)
    merged.log_entries.extend(logged.values())
    for text, number in strings.items():
        merged.id_to_string[number] = text
    return merged


def _take_given(
    given: OpLogProto, logged: dict[str, OpLogEntry], merged: OpLogProto
) -> None:
    entries = {entry.name: entry for entry in given.log_entries}
    for name, entry in entries.items():
        target = merged.log_entries.add()
        target.CopyFrom(entry)
        own = logged.pop(name, None)
        if own is None:
            continue
        target.types.extend(own.types)
        if own.float_ops > 0 and target.float_ops == 0:
            target.float_ops = own.float_ops
        if own.code_def.traces and not target.code_def.traces:
            target.code_def.CopyFrom(own.code_def)


def _logged(
    graph: Graph, run_meta: Any, add_trace: bool
) -> tuple[dict[str, OpLogEntry], dict[str, int]]:
    """Return entries by name of node, and strings with their numbers."""
    if run_meta is not None:
        _fill_shapes(graph, as_message(run_meta, RunMetadata))
    logged: dict[str, OpLogEntry] = {}
    strings = {_UNKNOWN: 0}
    without_shape = 0
    for operation in graph.get_operations():
        entry = OpLogEntry(name=operation.name)
        try:
            value = get_stats_for_node_def(graph, operation.node_def, "flops").value
        except ValueError:  # a shape is not fully known
            without_shape += 1
            value = None
        if value:
            entry.float_ops = int(value)
        if add_trace:
            _add_trace(entry, operation, strings)
        if value or add_trace:
            logged[entry.name] = entry
    for variable in graph.get_collection(GraphKeys.TRAINABLE_VARIABLES):
        name = variable.op.name
        logged.setdefault(name, OpLogEntry(name=name)).types.append(TRAINABLE_VARIABLES)
    if without_shape > 0 and run_meta is None:
        sys.stderr.write(
            f"{without_shape} ops no flops stats due to incomplete shapes.\n"
        )
    return logged, strings


def _add_trace(
    entry: OpLogEntry, operation: Operation, strings: dict[str, int]
) -> None:
    for file, number, function, line in operation.traceback:
        ids = [
            strings.setdefault(text, len(strings)) if text else 0
            for text in (file, function, line)
        ]
        trace = entry.code_def.traces.add(lineno=number or -1, func_start_line=-1)
        trace.file_id, trace.function_id, trace.line_id = ids


def _fill_shapes(graph: Graph, run_meta: RunMetadata) -> None:
    """Let tensors have the shapes they had in a run, where theirs are not known."""
    for device in run_meta.step_stats.dev_stats:
        for stats in device.node_stats:
            try:
                operation = graph.get_operation_by_name(stats.node_name)
            except (KeyError, ValueError):  # a transfer, for example
                continue
            if len(stats.output) == len(operation.outputs):
                _fill_outputs(operation, stats)


def _fill_outputs(operation: Operation, stats: Any) -> None:
    for output, found in zip(operation.outputs, stats.output, strict=True):
        if output.shape.is_fully_defined():
            continue
        sizes = [dim.size for dim in found.tensor_description.shape.dim]
        try:
            output.set_shape(output.shape.merge_with(TensorShape(sizes)))
        except ValueError as error:
            sys.stderr.write(f"Node {stats.node_name} incompatible shapes: {error}.\n")
