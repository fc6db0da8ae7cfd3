"""The graph by name scope and by data flow.

Source: tensorflow core/profiler/internal/tfprof_scope.cc, tfprof_graph.cc.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping

from metagraft.api.profiler.logged_nodes import LoggedNode
from metagraft.api.profiler.options import Options
from metagraft.api.profiler.shown import ROOT, Shown, chosen, counted, started
from metagraft.api.profiler.shown_nodes import (
    OneNode,
    legend,
    node_line,
    node_proto,
    parent,
)
from metagraft.proto import GraphNodeProto

__all__ = ["graph_tree", "scope_tree", "shown_text", "shown_tree", "tree_proto"]

Nodes = Mapping[str, LoggedNode]


def scope_tree(nodes: Nodes) -> Shown:
    """Return the name scopes of a graph, with the nodes in them."""
    by_name = {name: Shown(OneNode(node, nodes)) for name, node in nodes.items()}
    for name in nodes:
        scope = name.rpartition("/")[0]
        while scope and scope not in by_name:
            by_name[scope] = Shown(OneNode(parent(scope, "_kTFScopeParent"), nodes))
            scope = scope.rpartition("/")[0]
    root = Shown(OneNode(parent(ROOT, "_kTFScopeParent"), nodes))
    for name in sorted(by_name):
        scope, slash, _ = name.rpartition("/")
        (by_name[scope] if slash else root).children.append(by_name[name])
    return root


def graph_tree(nodes: Nodes) -> Shown:
    """Return the nodes that no other node takes, with those that they take below."""
    by_name = {name: Shown(OneNode(node, nodes)) for name, node in nodes.items()}
    taken: set[str] = set()
    for name in sorted(nodes):
        inputs = nodes[name].inputs
        taken.update(inputs.values())
        below = (by_name.get(inputs[index]) for index in sorted(inputs))
        by_name[name].children = [one for one in below if one is not None]
    root = Shown(OneNode(parent(ROOT, "_TFGraphParent"), nodes))
    root.children = [by_name[name] for name in sorted(set(by_name) - taken)]
    return root


def shown_tree(root: Shown, options: Options, *, is_scopes: bool) -> bool:
    """Count and choose what is shown below a root; return whether that was done."""
    if options.output == "pprof":
        sys.stderr.write("Only 'code' view supports pprof output now.\n")
        return False
    if options.output == "timeline" and not is_scopes and options.proto.step < 0:
        sys.stderr.write(
            "Must specify -step option to generate timeline in graph view.\n"
        )
        return False
    roots = counted(root.children, options, keeps_ancestors=is_scopes)
    root.add(roots)
    root.visible = started(roots, options)
    chosen(
        root,
        options,
        lambda one, indent: f"{' ' * indent}{node_line(one, options)}\n",
    )
    root.text = legend(options, counts_first=True) + root.text
    return True


def shown_text(root: Shown) -> str:
    """Return the lines of a place and of all that is shown below it."""
    lines: list[str] = []
    waiting = [root]
    while waiting:
        one = waiting.pop()
        lines.append(one.text)
        waiting.extend(reversed(one.visible))
    return "".join(lines)


def tree_proto(root: Shown) -> GraphNodeProto:
    """Return a node and all that is shown below it as a message."""
    proto = node_proto(root)
    waiting = [(root, proto)]
    while waiting:
        shown, target = waiting.pop()
        for below in shown.visible:
            child = target.children.add()
            child.CopyFrom(node_proto(below))
            waiting.append((below, child))
    return proto
