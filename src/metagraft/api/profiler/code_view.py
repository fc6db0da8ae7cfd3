"""The graph by line of Python that made its nodes.

Nodes of gradients are shown beside the nodes they belong to, by their names.

Source: tensorflow core/profiler/internal/tfprof_code.cc.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final

from metagraft.api.profiler.logged_nodes import LoggedNode
from metagraft.api.profiler.options import Options
from metagraft.api.profiler.pprof import PPROF_NUMBERS
from metagraft.api.profiler.shown import ROOT, Shown, chosen, counted, started
from metagraft.api.profiler.shown_groups import NodeGroup, group, group_proto
from metagraft.api.profiler.shown_nodes import legend, numbers_text
from metagraft.proto import CodeDef, MultiGraphNodeProto

__all__ = ["CodeTree", "code_proto"]

_GRADIENT: Final = " (gradient)"
_FUNCTION_MAX: Final = 20
_FUNCTION_KEPT: Final = 17


@dataclass(frozen=True)
class Line:
    """A line of Python on the way to a node."""

    file: str
    number: int
    function: str
    function_start: int

    @property
    def text(self) -> str:
        """The line in short."""
        function = self.function
        if len(function) >= _FUNCTION_MAX:
            function = f"{function[:_FUNCTION_KEPT]}..."
        return f"{PurePosixPath(self.file).name}:{self.number}:{function}"


class CodeTree:
    """Lines of Python, each below the one that calls it.

    Attributes:
        root: What holds all.
        lines: The line of each place, by the place's identity.
    """

    def __init__(
        self, nodes: Mapping[str, LoggedNode], strings: Mapping[int, str]
    ) -> None:
        """Sort nodes by the lines that made them.

        Args:
            nodes: The nodes of the graph.
            strings: What the numbers in their traces stand for.
        """
        self._nodes = nodes
        self._strings = strings
        self.root = self._place(ROOT)
        self.lines: dict[int, Line] = {}
        self._by_name: dict[int, dict[str, Shown]] = {}
        gradients: dict[str, list[LoggedNode]] = {}
        forward = set()
        for name in sorted(nodes):
            node = nodes[name]
            if node.code is None or not node.code.traces:
                continue
            of = _forward_name(name)
            if of is not None:
                gradients.setdefault(of, []).append(node)
                continue
            forward.add(name)
            self._add(node.code, [node], "")
        self._add_gradients(gradients, forward)

    def _add_gradients(
        self, gradients: dict[str, list[LoggedNode]], forward: set[str]
    ) -> None:
        lost = 0
        for name in sorted(gradients):
            code = self._nodes[name].code if name in forward else None
            if code is None:
                lost += 1
            else:
                self._add(code, gradients[name], _GRADIENT)
        if lost > 0:
            sys.stderr.write(f"{lost} gradient nodes not accounted\n")

    def _place(self, name: str) -> Shown:
        return Shown(NodeGroup(name, self._nodes, is_op_type=False))

    def _add(self, code: CodeDef, members: list[LoggedNode], suffix: str) -> None:
        place = self.root
        for trace in code.traces:
            line = self._line(trace, suffix)
            name = line.text if not suffix else self._line(trace, "").text + suffix
            known = self._by_name.setdefault(id(place), {})
            if name not in known:
                known[name] = self._place(name)
                self.lines[id(known[name])] = line
                place.children.append(known[name])
            place = known[name]
        for node in members:
            group(place).members.setdefault(node.name, node)

    def _line(self, trace: CodeDef.Trace, suffix: str) -> Line:
        file = trace.file or self._strings[trace.file_id]
        function = trace.function or self._strings[trace.function_id]
        return Line(file, trace.lineno, function + suffix, trace.func_start_line)

    def show(self, options: Options) -> bool:
        """Count and choose what is shown; return whether that was done."""
        if options.output == "pprof" and not _can_be_pprof(options):
            return False
        if options.proto.account_displayed_op_only:
            sys.stderr.write("Note: code view ignores account_displayed_op_only\n")
        if "tensor_value" in options.select:
            sys.stderr.write("code view has no tensor value to show\n")
        root = self.root
        roots = counted(root.children, options, keeps_ancestors=True)
        root.clear_total()
        root.add(roots)
        root.visible = started(roots, options)
        chosen(
            root,
            options,
            lambda one, indent: f"{' ' * indent}{_text(one, options)}\n",
            drops_trimmed=True,
        )
        occurrence = "op occurrence (run|defined)"
        top = legend(options, counts_first=False, occurrence=occurrence)
        root.text = top + root.text
        return True


def _forward_name(name: str) -> str | None:
    """Return the node whose gradient a node with a name like `gradients/x_grad/` is."""
    begin, end = name.find("gradients/"), name.find("_grad/")
    if begin < 0 or end < 0:
        return None
    begin += len("gradients/")
    return name[begin:end] if end > begin else None


def _can_be_pprof(options: Options) -> bool:
    if len(options.select) != 1:
        sys.stderr.write("Can only select 1 attribute for pprof output.\n")
        return False
    (select,) = options.select
    if select not in PPROF_NUMBERS:
        sys.stderr.write(f"pprof doesn't support -select={select}\n")
        return False
    return True


def _text(shown: Shown, options: Options) -> str:
    nodes, select = group(shown), options.select
    parts = numbers_text(shown, options, "memory")
    parts += numbers_text(shown, options, "time")
    parts += numbers_text(shown, options, "count")
    if "device" in select and nodes.picked:
        parts.append("|".join(nodes.devices))
    if "op_types" in select:
        parts.append("|".join(nodes.op_types))
    parts += [
        f"{one} N/A in code view"
        for one in ("occurrence", "input_shapes")
        if one in select
    ]
    return f"{shown.name} ({', '.join(parts)})"


def code_proto(root: Shown) -> MultiGraphNodeProto:
    """Return lines and all that is shown below them as a message."""
    proto = group_proto(root)
    _add_children(proto, root.visible)
    return proto


def _add_children(proto: MultiGraphNodeProto, shown: Sequence[Shown]) -> None:
    for one in shown:
        child = proto.children.add()
        child.CopyFrom(group_proto(one))
        _add_children(child, one.visible)
