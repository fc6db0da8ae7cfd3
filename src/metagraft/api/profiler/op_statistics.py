"""What a node costs, by kind of statistic: a table that programs may add to.

Source: tensorflow python/framework/ops.py RegisterStatistics, registry.py.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeVar

from metagraft.api.profiler.flops import FLOPS
from metagraft.graph.graph import Graph
from metagraft.proto import NodeDef

__all__ = ["OpStats", "RegisterStatistics", "get_stats_for_node_def"]

_Statistic = TypeVar("_Statistic", bound=Callable[[Graph, NodeDef], Any])

# What programs added: (op type, kind of statistic) -> function of graph and node.
_registered: dict[tuple[str, str], Callable[[Graph, NodeDef], Any]] = {}
_FLOPS_KIND: Final = "flops"


class OpStats:
    """One statistic of a node: its kind, and the number or None."""

    __slots__ = ("statistic_type", "value")

    def __init__(self, statistic_type: str, value: Any = None) -> None:
        """Keep both."""
        self.statistic_type = statistic_type
        self.value = value

    def __iadd__(self, other: OpStats) -> OpStats:
        """Add the number of another node.

        Raises:
            ValueError: It is of another kind.
        """
        if other.statistic_type != self.statistic_type:
            raise ValueError(
                f"Can't add an OpStat of type {self.statistic_type} to one of "
                f"{other.statistic_type}."
            )
        if self.value is None:
            self.value = other.value
        elif other.value is not None:
            self.value += other.value
        return self


class RegisterStatistics:
    """Register a function as a statistic of an op type; used as a decorator."""

    __slots__ = ("_op_type", "_statistic_type")

    def __init__(self, op_type: str, statistic_type: str) -> None:
        """Name the op type and the kind of statistic, such as `flops`.

        Raises:
            TypeError: Either is no str, or has a comma.
        """
        for name, value in (("op_type", op_type), ("statistic_type", statistic_type)):
            if not isinstance(value, str):
                raise TypeError(f"{name} must be a string.")
            if "," in value:
                raise TypeError(f"{name} must not contain a comma.")
        self._op_type = op_type
        self._statistic_type = statistic_type

    def __call__(self, f: _Statistic) -> _Statistic:
        """Register a function of a graph and a `NodeDef` that returns `OpStats`.

        Raises:
            KeyError: There is one already.
        """
        key = (self._op_type, self._statistic_type)
        is_built_in = self._statistic_type == _FLOPS_KIND and self._op_type in FLOPS
        if is_built_in or key in _registered:
            raise KeyError(
                f"Registering two statistical functions with name '{','.join(key)}'!"
            )
        _registered[key] = f
        return f


def get_stats_for_node_def(graph: Graph, node: NodeDef, statistic_type: str) -> Any:
    """Return a statistic of a node; with the value None if there is none.

    Raises:
        ValueError: It needs a shape that is not fully known.
    """
    added = _registered.get((node.op, statistic_type))
    if added is not None:
        return added(graph, node)
    counted = FLOPS.get(node.op) if statistic_type == _FLOPS_KIND else None
    value = None if counted is None else counted(graph, node)
    return OpStats(statistic_type, value)
