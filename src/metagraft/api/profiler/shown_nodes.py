"""Nodes and name scopes in a view: their kinds, their lines, their messages.

Source: tensorflow core/profiler/internal/tfprof_show.cc, tfprof_node_show.cc ShowNode.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from metagraft.api.profiler.logged_nodes import LoggedNode
from metagraft.api.profiler.number_text import (
    memory_text,
    number_text,
    shape_text,
    time_text,
)
from metagraft.api.profiler.options import Options, is_all, matches
from metagraft.api.profiler.shown import Shown, has_least
from metagraft.proto import GraphNodeProto, NodeDef, TensorShapeProto

__all__ = [
    "OneNode",
    "legend",
    "memory_columns",
    "node_line",
    "node_proto",
    "parent",
    "time_columns",
]

# Option -> number of the node itself that must not be less.
_LEAST: Final = {
    "min_params": "parameters",
    "min_float_ops": "float_ops",
    "min_occurrence": "run_count",
}
_MEMORY: Final = {
    "bytes": "requested_bytes",
    "peak_bytes": "peak_bytes",
    "residual_bytes": "residual_bytes",
    "output_bytes": "output_bytes",
}
_TIMES: Final = {
    "micros": ("exec_micros", "accelerator_exec_micros", "cpu_exec_micros"),
    "accelerator_micros": ("accelerator_exec_micros",),
    "cpu_micros": ("cpu_exec_micros",),
}
_COUNTED: Final = {"params": "parameters", "float_ops": "float_ops"}
# What each thing to show is called at the top.
_LEGEND: Final = {
    "params": "# parameters",
    "float_ops": "# float_ops",
    "bytes": "requested bytes",
    "peak_bytes": "peak bytes",
    "residual_bytes": "residual bytes",
    "output_bytes": "output bytes",
    "exec_micros": "total execution time",
    "accelerator_exec_micros": "accelerator execution time",
    "cpu_exec_micros": "cpu execution time",
    "device": "assigned devices",
    "op_types": "op types",
    "occurrence": "op count (run|defined)",
    "input_shapes": "input shapes",
}
_LAST: Final = ("device", "op_types", "occurrence", "input_shapes")


class OneNode:
    """A node of the graph, or a name scope."""

    def __init__(self, node: LoggedNode, nodes: Mapping[str, LoggedNode]) -> None:
        """Keep the node, and the nodes of its graph."""
        self.node = node
        self.name = node.name
        self.nodes = nodes

    def read(self, options: Options) -> tuple[bool, dict[str, int]]:
        """Return whether it is of a kind that is counted, and its numbers."""
        regexes = options.proto.account_type_regexes
        is_counted = is_all(regexes) or any(
            matches(kind, regexes) for kind in self.node.op_types
        )
        return is_counted, self.node.numbers(options.proto.step)

    def has_enough(self, options: Options, shown: Shown) -> bool:
        """Whether there is enough of it to be shown."""
        return has_least(options.proto, _LEAST, shown.own)


def parent(name: str, op: str) -> LoggedNode:
    """Return what stands for no node: a name scope, or the whole graph."""
    return LoggedNode(NodeDef(name=name, op=op), -1)


def _node(shown: Shown) -> tuple[LoggedNode, Mapping[str, LoggedNode]]:
    source = shown.source
    assert isinstance(source, OneNode)
    return source.node, source.nodes


def time_columns(options: Options) -> list[str]:
    """Return the names of the times to show, in their order."""
    if "micros" in options.select:
        return list(_TIMES["micros"])
    return [one for s, names in _TIMES.items() if s in options.select for one in names]


def memory_columns(options: Options) -> list[str]:
    """Return the names of the sizes to show, in their order."""
    return [number for select, number in _MEMORY.items() if select in options.select]


def legend(options: Options, *, counts_first: bool, occurrence: str = "") -> str:
    """Return the line that says what is shown of each place.

    Args:
        options: The options.
        counts_first: Whether parameters and operations come before sizes and times.
        occurrence: What the number of nodes is called, if not as for nodes.
    """
    counts = [name for name in _COUNTED if name in options.select]
    sizes = [name for name in _MEMORY if name in options.select]
    sizes += time_columns(options)
    names = [*counts, *sizes] if counts_first else [*sizes, *counts]
    names += [name for name in _LAST if name in options.select]
    texts = {**_LEGEND, **({"occurrence": occurrence} if occurrence else {})}
    return f"node name | {' | '.join(texts[name] for name in names)}\n"


def _own_and_total(own: str, total: str, *, is_counted: bool) -> str:
    return f"{own if is_counted else '--'}/{total}"


def numbers_text(shown: Shown, options: Options, kind: str) -> list[str]:
    """Return what is shown of sizes, times or counts: its own, and in total.

    Args:
        shown: The place.
        options: What to show.
        kind: `memory`, `time` or `count`.
    """
    columns, text, unit = {
        "memory": (memory_columns(options), memory_text, {}),
        "time": (time_columns(options), time_text, {}),
        "count": (
            [number for s, number in _COUNTED.items() if s in options.select],
            number_text,
            {"parameters": " params", "float_ops": " flops"},
        ),
    }[kind]
    return [
        _own_and_total(
            text(shown.own[name]),
            text(shown.total[name]) + unit.get(name, ""),
            is_counted=shown.is_counted,
        )
        for name in columns
    ]


def node_line(shown: Shown, options: Options) -> str:
    """Return a node's name and what is shown of it."""
    node, nodes = _node(shown)
    select = options.select
    parts = []
    if "params" in select and node.shape:
        parts.append(shape_text(node.shape))
    parts += numbers_text(shown, options, "count")
    parts += numbers_text(shown, options, "memory")
    parts += numbers_text(shown, options, "time")
    if "device" in select and node.canonical_device:
        parts.append(node.canonical_device)
    if "op_types" in select:
        parts.append("|".join(sorted(node.op_types)))
    if "occurrence" in select:
        parts.append(_occurrence(shown))
    if "input_shapes" in select:
        shapes = sorted(node.input_shapes(nodes).items())
        parts.append("|".join(f"{i}:{shape_text(s) or 'unknown'}" for i, s in shapes))
    return f"{node.name} ({', '.join(parts)})"


def _occurrence(shown: Shown) -> str:
    runs, definitions = (
        _own_and_total(
            number_text(own),
            number_text(shown.total[name]),
            is_counted=shown.is_counted,
        )
        for name, own in (
            ("run_count", shown.own["run_count"]),
            ("definition_count", 1),
        )
    )
    return f"{runs}|{definitions}"


def node_proto(shown: Shown) -> GraphNodeProto:
    """Return what is known of a node as a message, without what is below it."""
    node, nodes = _node(shown)
    proto = GraphNodeProto(name=node.name)
    for name, value in shown.own.items():
        setattr(proto, name, value)
    for name, value in shown.total.items():
        setattr(proto, f"total_{name}", value)
    if node.canonical_device:
        proto.devices.append(node.canonical_device)
    for index, sizes in node.input_shapes(nodes).items():
        proto.input_shapes[index].CopyFrom(shape_proto(sizes))
    return proto


def shape_proto(sizes: list[int]) -> TensorShapeProto:
    """Return a shape as a message; no sizes are an unknown rank."""
    if not sizes:
        return TensorShapeProto(unknown_rank=True)
    return TensorShapeProto(dim=[TensorShapeProto.Dim(size=size) for size in sizes])
