"""Groups of nodes in a view: of one op type, or made by one line of Python.

Source: tensorflow core/profiler/internal/tfprof_show_multi.cc, tfprof_node_show.cc
ShowMultiNode, tfprof_node.h TFMultiGraphNode.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from metagraft.api.profiler.logged_nodes import NUMBERS, LoggedNode
from metagraft.api.profiler.options import Options, is_all, matches
from metagraft.api.profiler.shown import Shown, has_least
from metagraft.api.profiler.shown_nodes import OneNode, node_proto
from metagraft.proto import MultiGraphNodeProto

__all__ = ["NodeGroup", "group", "group_proto"]

# Option -> number that must not be less, together with what is below.
_LEAST: Final = {"min_params": "parameters", "min_float_ops": "float_ops"}


class NodeGroup:
    """Nodes of a graph that are shown as one.

    Attributes:
        members: Its nodes by name.
        picked: Those of a kind that is counted.
    """

    def __init__(
        self, name: str, nodes: Mapping[str, LoggedNode], *, is_op_type: bool
    ) -> None:
        """Begin without members.

        Args:
            name: What it is called.
            nodes: The nodes of the graph.
            is_op_type: Whether its members have the op type that it is called.
        """
        self.name = name
        self.nodes = nodes
        self.is_op_type = is_op_type
        self.members: dict[str, LoggedNode] = {}
        self.picked: dict[str, LoggedNode] = {}
        self._step = -1

    @property
    def devices(self) -> list[str]:
        """The devices of its nodes."""
        return sorted({node.canonical_device for node in self.picked.values()})

    @property
    def op_types(self) -> list[str]:
        """The kinds of its nodes."""
        return sorted({kind for n in self.picked.values() for kind in n.op_types})

    def read(self, options: Options) -> tuple[bool, dict[str, int]]:
        """Return whether nodes are of a kind that is counted, and their numbers."""
        regexes = list(options.proto.account_type_regexes)
        self._step = options.proto.step
        members = [self.members[name] for name in sorted(self.members)]
        if is_all(regexes):
            picked = members
        else:  # a node counts once for each of the expressions that match
            picked = [
                node
                for regex in regexes
                for node in members
                if any(matches(kind, [regex]) for kind in node.op_types)
            ]
        own = dict.fromkeys(NUMBERS, 0)
        for node in picked:
            for name, value in node.numbers(self._step).items():
                own[name] += value
        self.picked = {node.name: node for node in picked}
        return bool(picked) or is_all(regexes), own

    def has_enough(self, options: Options, shown: Shown) -> bool:
        """Whether there is enough of it to be shown."""
        if self.is_op_type and options.proto.min_occurrence > len(self.picked):
            return False
        return has_least(options.proto, _LEAST, shown.total)

    def shown_members(self) -> list[Shown]:
        """Return its counted nodes, each as a place of its own."""
        found = []
        for name in sorted(self.picked):
            node = self.picked[name]
            one = Shown(OneNode(node, self.nodes))
            one.own = node.numbers(self._step)
            one.add_up([])
            found.append(one)
        return found


def group(shown: Shown) -> NodeGroup:
    """Return the nodes of a place."""
    assert isinstance(shown.source, NodeGroup)
    return shown.source


def group_proto(shown: Shown) -> MultiGraphNodeProto:
    """Return what is known of a group as a message, without what is below it."""
    proto = MultiGraphNodeProto(name=shown.name)
    for name in NUMBERS:
        if name != "run_count":
            setattr(proto, name, shown.own[name])
            setattr(proto, f"total_{name}", shown.total[name])
    proto.graph_nodes.extend(map(node_proto, group(shown).shown_members()))
    return proto
