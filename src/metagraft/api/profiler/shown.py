"""What a view shows at one place, and the walk over what lies below it.

Every view is made in the same steps: count (`counted`), look for the places to start
at (`started`), choose what is shown and put it in order (`chosen`).

Source: tensorflow core/profiler/internal/tfprof_node_show.cc, tfprof_show.cc,
tfprof_scope.cc, tfprof_graph.cc, tfprof_code.cc.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from typing import Any, Final, Protocol

from metagraft.api.profiler.logged_nodes import NUMBERS
from metagraft.api.profiler.options import Options, is_all, matches

__all__ = [
    "ROOT",
    "Shown",
    "Source",
    "chosen",
    "counted",
    "has_least",
    "in_order",
    "started",
]

# The name of what holds everything.
ROOT: Final = "_TFProfRoot"
_TOTALS: Final = (*NUMBERS, "definition_count")
# Option -> number that orders what is shown, greatest first.
_ORDERS: Final = {
    "bytes": "requested_bytes",
    "peak_bytes": "peak_bytes",
    "residual_bytes": "residual_bytes",
    "output_bytes": "output_bytes",
    "micros": "exec_micros",
    "accelerator_micros": "accelerator_exec_micros",
    "cpu_micros": "cpu_exec_micros",
    "params": "parameters",
    "float_ops": "float_ops",
}
# Option -> number that must not be less, together with what is below.
_LEAST: Final = {
    "min_bytes": "requested_bytes",
    "min_peak_bytes": "peak_bytes",
    "min_residual_bytes": "residual_bytes",
    "min_output_bytes": "output_bytes",
    "min_micros": "exec_micros",
    "min_accelerator_micros": "accelerator_exec_micros",
    "min_cpu_micros": "cpu_exec_micros",
}


class Source(Protocol):
    """A node or a group of nodes."""

    @property
    def name(self) -> str:
        """What it is called."""

    def read(self, options: Options) -> tuple[bool, dict[str, int]]:
        """Return whether it is of a kind that is counted, and its numbers."""

    def has_enough(self, options: Options, shown: Shown) -> bool:
        """Whether there is enough of it to be shown."""


class Shown:
    """One place of a view.

    Attributes:
        source: What is shown.
        is_counted: Whether it is of a kind that is counted.
        own: Its numbers.
        total: Its numbers with those of what is below it.
        children: What is below it.
        visible: What is below it and still taken into account.
        text: Its lines.
    """

    def __init__(self, source: Source) -> None:
        """Begin with nothing below it and nothing counted."""
        self.source = source
        self.is_counted = False
        self.own = dict.fromkeys(NUMBERS, 0)
        self.total = dict.fromkeys(_TOTALS, 0)
        self.children: list[Shown] = []
        self.visible: list[Shown] = []
        self.text = ""

    @property
    def name(self) -> str:
        """What it is called."""
        return self.source.name

    def read(self, options: Options) -> None:
        """Get its numbers."""
        self.is_counted, self.own = self.source.read(options)

    def clear_total(self) -> None:
        """Forget what was added up."""
        self.total = dict.fromkeys(_TOTALS, 0)

    def add_up(self, below: Iterable[Shown]) -> None:
        """Let the total be its own numbers and those of what is below it."""
        self.total = {**self.own, "definition_count": 1}
        self.add(below)

    def add(self, below: Iterable[Shown]) -> None:
        """Add what is below it to the total."""
        total = self.total
        for one in below:
            for name, value in one.total.items():
                total[name] += value

    def is_shown(self, options: Options, depth: int) -> bool:
        """Whether options let it be shown at a depth."""
        if self.name == ROOT:
            return True
        proto = options.proto
        if depth > proto.max_depth or not has_least(proto, _LEAST, self.total):
            return False
        if not self.source.has_enough(options, self):
            return False
        wanted = is_all(proto.show_name_regexes) or matches(
            self.name, proto.show_name_regexes
        )
        return wanted and not matches(self.name, proto.hide_name_regexes)


def has_least(
    options: Any, least: Mapping[str, str], numbers: Mapping[str, int]
) -> bool:
    """Whether no number is less than the option for it."""
    return all(numbers[number] >= getattr(options, o) for o, number in least.items())


def in_order(shown: Sequence[Shown], options: Options) -> list[Shown]:
    """Return what is shown in the order that options ask for.

    TF: what is equal stays in its order; TensorFlow leaves that open.
    """
    order = options.proto.order_by
    if not order:
        return list(shown)
    number = _ORDERS.get(order)
    if number is None:
        return sorted(shown, key=lambda one: (one.name != ROOT, one.name))
    return sorted(shown, key=lambda one: (one.name != ROOT, -one.total[number]))


# A walk yields the walks that it waits for and is sent what they return: graphs are
# deeper than Python's stack.
_Walk = Generator["_Walk", list[Shown], list[Shown]]


def _walked(walk: _Walk) -> list[Shown]:
    waiting: list[_Walk] = [walk]
    result: list[Shown] | None = None
    while waiting:
        try:
            step = next(waiting[-1]) if result is None else waiting[-1].send(result)
        except StopIteration as finished:
            waiting.pop()
            result = finished.value
        else:
            waiting.append(step)
            result = None
    return result or []


def counted(
    roots: Sequence[Shown], options: Options, *, keeps_ancestors: bool
) -> list[Shown]:
    """Add up numbers and return the places that are counted; `visible` links them.

    Args:
        roots: Where to begin.
        options: The options.
        keeps_ancestors: Whether what is not counted itself stays in between.
    """
    seen: set[int] = set()

    def walk(nodes: Sequence[Shown]) -> _Walk:
        found = []
        for node in nodes:
            if id(node) in seen:
                continue
            seen.add(id(node))
            below = yield walk(node.children)
            node.read(options)
            if node.is_counted or (keeps_ancestors and below):
                node.add_up(below)
                node.visible = below
                found.append(node)
            else:
                found.extend(below)
        return found

    return _walked(walk(roots))


def started(roots: Sequence[Shown], options: Options) -> list[Shown]:
    """Return the places to start at: the first ones with a name asked for."""
    regexes = options.proto.start_name_regexes
    if is_all(regexes):
        return list(roots)
    seen: set[int] = set()

    def walk(nodes: Sequence[Shown]) -> _Walk:
        found = []
        for node in nodes:
            if id(node) in seen:
                continue
            seen.add(id(node))
            if matches(node.name, regexes):
                found.append(node)
            else:
                found.extend((yield walk(node.visible)))
        return found

    return _walked(walk(roots))


def chosen(
    root: Shown,
    options: Options,
    line: Callable[[Shown, int], str],
    *,
    drops_trimmed: bool = False,
) -> None:
    """Choose what is shown below a root, put it in order and write its lines.

    Args:
        root: Where to begin; always shown.
        options: The options.
        line: Returns the line of a place that is indented by so many spaces.
        drops_trimmed: Whether a name where the view ends is not shown itself, and
            totals stay as they were counted.
    """
    proto = options.proto
    seen: set[int] = set()

    def walk(nodes: Sequence[Shown], depth: int, indent: int) -> _Walk:
        found = []
        for node in nodes:
            ends = matches(node.name, proto.trim_name_regexes)
            ends = ends or depth > proto.max_depth
            if id(node) in seen or (drops_trimmed and ends):
                continue
            seen.add(id(node))
            is_shown = node.is_shown(options, depth)
            below: list[Shown] = []
            if not ends:
                below = yield walk(node.visible, depth + 1, indent + 2 * is_shown)
            if not is_shown:
                found.extend(below)
                continue
            node.visible = in_order(below, options)
            if proto.account_displayed_op_only and not drops_trimmed:
                node.add_up(node.visible)
            node.text = line(node, indent)
            found.append(node)
        return found

    _walked(walk([root], 1, 0))
