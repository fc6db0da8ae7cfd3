"""A graph with its log and its runs, and the profiles that are made of them.

Source: tensorflow core/profiler/internal/tfprof_stats.cc, print_model_analysis.cc.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Final

from metagraft.api.file_io import GFile
from metagraft.api.profiler.code_view import CodeTree, code_proto
from metagraft.api.profiler.explanations import explained
from metagraft.api.profiler.logged_nodes import LoggedNode
from metagraft.api.profiler.node_runs import is_accelerator, is_stream
from metagraft.api.profiler.op_view import op_groups, shown_ops
from metagraft.api.profiler.options import Options
from metagraft.api.profiler.pprof import write_pprof
from metagraft.api.profiler.timeline import write_graph_timeline, write_tree_timeline
from metagraft.api.profiler.tree_views import (
    graph_tree,
    scope_tree,
    shown_text,
    shown_tree,
    tree_proto,
)
from metagraft.proto import (
    GraphDef,
    GraphNodeProto,
    MultiGraphNodeProto,
    NodeDef,
    OpLogProto,
    ProfileProto,
    RunMetadata,
)

__all__ = ["Profiles"]

# Names of what a run reports and is no node.
_NO_NODES: Final = ("RecvTensor", "_SOURCE")
_COPY: Final = "MEMCPY"
_NO_STREAMS: Final = (
    "\n\nThe run reports operations on an accelerator, but no stream of it: "
    "times on accelerators are missing.\n\n"
)


class Profiles:
    """What is known of a graph.

    Attributes:
        nodes: Its nodes by name, and what runs report beside them.
        has_code: Whether it is known where in Python nodes were made.
        steps: The steps that are known.
    """

    def __init__(self, graph: GraphDef) -> None:
        """Begin with a graph."""
        self.nodes: dict[str, LoggedNode] = {}
        self.has_code = False
        self.steps: set[int] = set()
        self._strings: dict[int, str] = {}
        self._covered: set[int] = set()
        self._lacks_streams = False
        self.add_graph(graph)

    @property
    def coverage(self) -> float:
        """Which part of the nodes runs say something about."""
        return len(self._covered) / (len(self.nodes) + 1e-10)

    def add_graph(self, graph: GraphDef) -> None:
        """Add the nodes of a graph that are not known yet."""
        added = []
        for node in graph.node:
            if node.name not in self.nodes:
                self.nodes[node.name] = LoggedNode(node, len(self.nodes))
                added.append(node)
        for node in added:
            for index, text in enumerate(node.input):
                self.nodes[node.name].add_input(text, index)

    def add_log(self, log: OpLogProto) -> None:
        """Add what a log says about nodes."""
        for number, text in log.id_to_string.items():
            self._strings.setdefault(number, text)
        for entry in log.log_entries:
            node = self.nodes.get(entry.name)
            if node is None:
                continue
            node.op_types.update(entry.types)
            node.float_ops = entry.float_ops or node.float_ops
            if entry.HasField("code_def"):
                self.has_code = True
                node.code = node.code or entry.code_def

    def add_run(self, step: int, run: RunMetadata) -> None:
        """Add what a run says about nodes."""
        if not run.HasField("step_stats"):
            sys.stderr.write(f"Invalid RunMetadata for step {step}\n")
            return
        self.steps.add(step)
        devices = [one.device.lower() for one in run.step_stats.dev_stats]
        accelerators = [device for device in devices if is_accelerator(device)]
        if accelerators and not any(map(is_stream, accelerators)):
            self._lacks_streams = True
        for device in run.step_stats.dev_stats:
            for stats in device.node_stats:
                node = self._node(stats.node_name.partition(":")[0])
                if node is not None:
                    node.add_step(step, device.device, stats)

    def _node(self, name: str) -> LoggedNode | None:
        known = self.nodes.get(name)
        if known is not None:
            self._covered.add(known.id)
            return known
        if name in _NO_NODES or _COPY in name:
            return None
        node = LoggedNode(NodeDef(name=name, op=name), len(self.nodes))
        self.nodes[name] = node
        return node

    def to_proto(self) -> ProfileProto:
        """Return all of it as a message."""
        proto = ProfileProto(
            has_trace=self.has_code,
            miss_accelerator_stream=self._lacks_streams,
            steps=sorted(self.steps),
        )
        for number, text in self._strings.items():
            proto.id_to_string[number] = text
        for node in self.nodes.values():
            proto.nodes[node.id].CopyFrom(node.to_proto(self.nodes))
        return proto

    # -- profiles ---------------------------------------------------------------------

    def profile(
        self, command: str, options: Options
    ) -> GraphNodeProto | MultiGraphNodeProto:
        """Make a profile, write it where options ask for, and return it.

        Args:
            command: `scope`, `graph`, `code` or `op`.
            options: The options.
        """
        is_printed = options.output == "stdout"
        if is_printed:
            _print("\n=========================Options=============================\n")
            _print(str(options))
            _print("\n==================Model Analysis Report======================\n")
        proto = self.shown(command, options)
        if is_printed:
            _print("\n======================End of Report==========================\n")
            sys.stdout.flush()
        return proto

    def shown(
        self, command: str, options: Options
    ) -> GraphNodeProto | MultiGraphNodeProto:
        """Make a profile without words around it."""
        views: dict[str, Callable[[Options], _Profile]] = {
            "scope": self._by_scope,
            "graph": self._by_flow,
            "code": self._by_code,
            "op": self._by_op,
        }
        is_group = command in ("code", "op")
        nothing = MultiGraphNodeProto() if is_group else GraphNodeProto()
        step = options.proto.step
        if step >= 0 and step not in self.steps:
            known = "".join(f"{one} " for one in sorted(self.steps))
            sys.stderr.write(
                f"Options -step={step} not found.\nAvailable steps: {known}\n"
            )
            return nothing
        if command == "code" and not self.has_code:
            sys.stderr.write("No code trace information\n")
            return nothing
        text, proto = views[command](options)
        top = _NO_STREAMS if self._lacks_streams else ""
        text = f"{top}{explained(command, options.select)}Profile:\n{text}"
        if options.output == "stdout":
            _print(text)
        elif options.output == "file":
            assert options.outfile is not None
            with GFile(options.outfile, "w") as file:
                file.write(text)
        return proto

    def _by_scope(self, options: Options) -> _Profile:
        root = scope_tree(self.nodes)
        if shown_tree(root, options, is_scopes=True) and options.output == "timeline":
            write_tree_timeline(root, options)
        return shown_text(root), tree_proto(root)

    def _by_flow(self, options: Options) -> _Profile:
        if options.output == "timeline" and options.proto.step < 0:
            for step in sorted(self.steps):
                options.proto.step = step
                self._by_flow(options)
            return "", GraphNodeProto()
        root = graph_tree(self.nodes)
        if shown_tree(root, options, is_scopes=False) and options.output == "timeline":
            write_graph_timeline(root, options)
        return shown_text(root), tree_proto(root)

    def _by_code(self, options: Options) -> _Profile:
        tree = CodeTree(self.nodes, self._strings)
        if tree.show(options):
            if options.output == "pprof":
                write_pprof(tree, options)
            elif options.output == "timeline":
                write_tree_timeline(tree.root, options)
        return shown_text(tree.root), code_proto(tree.root)

    def _by_op(self, options: Options) -> _Profile:
        return shown_ops(op_groups(self.nodes), self.nodes, options)


# A profile as text and as a message.
_Profile = tuple[str, GraphNodeProto | MultiGraphNodeProto]


def _print(text: str) -> None:
    sys.stdout.write(text)
