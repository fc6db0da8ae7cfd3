"""The graph by op type.

Source: tensorflow core/profiler/internal/tfprof_op.cc, tfprof_show_multi.cc.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping

from metagraft.api.profiler.logged_nodes import LoggedNode
from metagraft.api.profiler.number_text import (
    memory_text,
    number_text,
    shape_text,
    time_text,
)
from metagraft.api.profiler.options import Options, is_all, matches
from metagraft.api.profiler.shown import ROOT, Shown, in_order
from metagraft.api.profiler.shown_groups import NodeGroup, group, group_proto
from metagraft.api.profiler.shown_nodes import legend, memory_columns, time_columns
from metagraft.proto import MultiGraphNodeProto

__all__ = ["op_groups", "shown_ops"]


def op_groups(nodes: Mapping[str, LoggedNode]) -> list[Shown]:
    """Return the nodes of a graph by op type."""
    groups: dict[str, NodeGroup] = {}
    for name, node in nodes.items():
        if node.op not in groups:
            groups[node.op] = NodeGroup(node.op, nodes, is_op_type=True)
        groups[node.op].members[name] = node
    return [Shown(groups[op]) for op in sorted(groups)]


def shown_ops(
    groups: list[Shown], nodes: Mapping[str, LoggedNode], options: Options
) -> tuple[str, MultiGraphNodeProto]:
    """Return op types as text and as a message: each holds the one that follows it."""
    root = Shown(NodeGroup(ROOT, nodes, is_op_type=True))
    refused = {
        "pprof": "Only 'code' view supports pprof output now.\n",
        "timeline": (
            "op view doesn't support timeline yet. Consider graph/scope/code view.\n"
        ),
    }
    if options.output in refused:
        sys.stderr.write(refused[options.output])
        return "", group_proto(root)
    if not groups:
        return _line(root, root, options), group_proto(root)
    for one in groups:
        one.read(options)
        one.add_up([])
    counted = [one for one in in_order(groups, options) if one.is_counted]
    _add_followers(root, counted)
    shown = _chosen(counted, options)
    if options.proto.account_displayed_op_only:
        for one in shown:
            one.add_up([])
        root.clear_total()
        _add_followers(root, shown)
    text = legend(
        options, counts_first=False, occurrence="op occurrence (run|defined)"
    ) + "".join(_line(one, root, options) for one in shown)
    return text, _chain(root, shown)


def _add_followers(root: Shown, shown: list[Shown]) -> None:
    """Add to each the total of the next, and that of the first to the root."""
    follower: list[Shown] = []
    for one in reversed(shown):
        one.add(follower)
        follower = [one]
    root.add(follower)


def _chosen(counted: list[Shown], options: Options) -> list[Shown]:
    proto = options.proto
    start = 0
    if proto.start_name_regexes and not is_all(proto.start_name_regexes):
        regexes = proto.start_name_regexes
        places = (i for i, one in enumerate(counted) if matches(one.name, regexes))
        start = next(places, len(counted))
    shown = []
    for depth, one in enumerate(counted[start:]):
        if matches(one.name, proto.trim_name_regexes) or depth > proto.max_depth:
            break
        if one.is_shown(options, depth):
            shown.append(one)
    return shown


def _chain(root: Shown, shown: list[Shown]) -> MultiGraphNodeProto:
    """Return the root as a message that holds the first, which holds the second."""
    proto = group_proto(root)
    last = proto
    for one in shown:
        last = last.children.add()
        last.CopyFrom(group_proto(one))
    return proto


def _line(shown: Shown, root: Shown, options: Options) -> str:
    parts = [
        _part(shown, root, name, memory_text(shown.own[name]), counts_own=True)
        for name in memory_columns(options)
    ]
    parts += [
        _part(shown, root, name, time_text(shown.own[name]))
        for name in time_columns(options)
    ]
    for select, name, unit in (
        ("params", "parameters", "params"),
        ("float_ops", "float_ops", "float_ops"),
    ):
        if select in options.select:
            text = f"{number_text(shown.own[name])} {unit}"
            parts.append(_part(shown, root, name, text))
    nodes = group(shown)
    if "device" in options.select:
        parts.append("|".join(nodes.devices))
    if "op_types" in options.select:
        parts.append("|".join(nodes.op_types))
    if "occurrence" in options.select:
        runs = sum(one.own["run_count"] for one in nodes.shown_members())
        parts.append(f"{f'{runs}|{len(nodes.picked)}':>10}")
    line = f"{shown.name:<25}{', '.join(parts)}\n"
    shapes = _input_shapes(nodes) if "input_shapes" in options.select else ""
    return f"{line}\n{shapes}\n\n" if shapes else line


def _part(
    shown: Shown, root: Shown, name: str, text: str, *, counts_own: bool = False
) -> str:
    """Return a number with its share of all: with what follows it, and alone.

    Args:
        shown: The place.
        root: What holds all.
        name: Which number.
        text: The number.
        counts_own: Whether its own number decides if there are shares, not the total.
    """
    shares = 0.0, 0.0
    own, total, of_all = shown.own[name], shown.total[name], root.total[name]
    if (own if counts_own else total) > 0:
        shares = 100.0 * total / of_all, 100.0 * own / of_all
    return f"{f'{text} ({shares[0]:.2f}%, {shares[1]:.2f}%)':>30}"


def _input_shapes(nodes: NodeGroup) -> str:
    """Return a line for every combination of input shapes, the most often run first."""
    found: dict[str, tuple[int, int, int]] = {}
    for one in nodes.shown_members():
        shapes = sorted(nodes.picked[one.name].input_shapes(nodes.nodes).items())
        inputs = ",\t".join(f"{i}:{shape_text(s) or 'unknown'}" for i, s in shapes)
        runs, defined, micros = found.get(inputs, (0, 0, 0))
        found[inputs] = (
            runs + one.own["run_count"],
            defined + 1,
            micros + one.own["exec_micros"],
        )
    ordered = sorted(sorted(found.items()), key=lambda pair: -pair[1][0])
    return "\n".join(
        f"input_type: {inputs}\t(run*{runs}|defined*{defined})"
        f"\texec_time: {time_text(micros)}"
        for inputs, (runs, defined, micros) in ordered
    )
