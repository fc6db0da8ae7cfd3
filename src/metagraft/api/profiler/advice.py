"""Problems that can be seen from a graph and its runs.

Source: tensorflow core/profiler/internal/advisor/.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import Any, Final

from metagraft.api.profiler.node_runs import is_accelerator
from metagraft.api.profiler.number_text import time_text
from metagraft.api.profiler.options import Options, ProfileOptionBuilder
from metagraft.api.profiler.profiles import Profiles
from metagraft.proto import (
    AdviceProto,
    GraphNodeProto,
    MultiGraphNodeProto,
)

__all__ = ["ALL_ADVICE", "advice"]

# The checkers that are asked by default, with their options, which there are none of.
ALL_ADVICE: Final[Mapping[str, Mapping[str, Any]]] = {
    "ExpensiveOperationChecker": {},
    "AcceleratorUtilizationChecker": {},
    "JobChecker": {},
    "OperationChecker": {},
}
_HIGH_UTILIZATION: Final = 0.5
_MOST_SHOWN: Final = 3
_DEEPEST_LINE: Final = 3
_LEAST_LINE_MICROS: Final = 1000
_LEAST_SCOPE_MICROS: Final = 100


def advice(
    profiles: Profiles, options: Mapping[str, Mapping[str, Any]] | None
) -> AdviceProto:
    """Ask checkers, print and return what they report.

    Args:
        profiles: The graph with its runs.
        options: The checkers to ask, by name.

    Raises:
        TypeError: A checker is given options.
    """
    found = AdviceProto()
    options = options or {}
    for name, given in options.items():
        if given:  # TensorFlow's own conversion of them fails, too
            raise TypeError(f"{name} takes no options, got {dict(given)}.")
    checkers: dict[str, Callable[[Profiles], list[str]]] = {
        "AcceleratorUtilizationChecker": _utilization,
        "OperationChecker": _operations,
        "ExpensiveOperationChecker": _expensive,
    }
    for name, checker in checkers.items():
        if name in options:
            found.checkers[name].reports.extend(checker(profiles))
    for name in sorted(found.checkers):
        lines = "".join(f"{line}\n" for line in found.checkers[name].reports)
        sys.stdout.write(f"\n{name}:\n{lines}")
    sys.stdout.flush()
    return found


def _utilization(profiles: Profiles) -> list[str]:
    """Say how much of the time between first and last kernel devices were busy."""
    spans: dict[str, tuple[int, int, int]] = {}
    for node in profiles.nodes.values():
        device = node.canonical_device
        if not node.runs or not is_accelerator(device):
            continue
        run = node.runs[max(node.runs)]
        began, ended, busy = spans.get(device, (0, 0, 0))
        start = run.profile.all_start_micros
        spans[device] = (
            min(filter(None, (began, start)), default=0),
            max(ended, run.profile.latest_end_micros),
            busy + run.numbers["accelerator_exec_micros"],
        )
    reports = []
    for device, (began, ended, busy) in sorted(spans.items()):
        if ended > began:
            part = busy / (ended - began)
            low = "" if part >= _HIGH_UTILIZATION else "low "
            reports.append(f"device: {device} {low}utilization: {part:.2f}")
    return reports


def _operations(profiles: Profiles) -> list[str]:
    reports = []
    nodes = list(profiles.nodes.values())
    is_fused = any("FusedBatchNorm" in node.op_types for node in nodes)
    if any("BatchNorm" in node.name for node in nodes) and not is_fused:
        reports.append("Maybe use faster FusedBatchNorm instead of BatchNorm")
    if any(
        "data_format" in node.attrs
        and node.attrs["data_format"].s == b"NHWC"
        and is_accelerator(node.canonical_device)
        for node in nodes
    ):
        reports.append(
            "Found operation using NHWC data_format on GPU. Maybe NCHW is faster."
        )
    return reports


def _expensive(profiles: Profiles) -> list[str]:
    name = "ExpensiveOperationChecker"
    reports: list[str] = []
    if profiles.steps:
        reports += _expensive_types(profiles)
    else:
        sys.stderr.write(
            f"Missing RunMetadata info. Skip {name}\nMissing run_meta for {name}\n"
        )
    reports += _expensive_scopes(profiles)
    if profiles.has_code:
        reports += _expensive_lines(profiles)
    else:
        sys.stderr.write(f"Missing op_log (code traces) for {name}\n")
    return reports


def _shown(profiles: Profiles, command: str, **options: Any) -> Any:
    every = ProfileOptionBuilder().order_by("micros").with_empty_output().build()
    return profiles.shown(command, Options({**every, **options}))


def _expensive_types(profiles: Profiles) -> list[str]:
    root: MultiGraphNodeProto = _shown(
        profiles, "op", max_depth=3, min_micros=1, select=["micros", "occurrence"]
    )
    lines: list[str] = []
    node = root
    while node.children and len(lines) < _MOST_SHOWN:
        node = node.children[0]
        part = 100.0 * node.exec_micros / (root.total_exec_micros + 1e-10)
        lines.append(
            f"top {len(lines) + 1} operation type: {node.name}, "
            f"{_times(node)} ({part:.2f}%)"
        )
    return ["\n".join(lines)] if lines else []


def _times(node: Any, prefix: str = "") -> str:
    cpu, accelerator, both = (
        time_text(getattr(node, f"{prefix}{name}"))
        for name in ("cpu_exec_micros", "accelerator_exec_micros", "exec_micros")
    )
    return f"cpu: {cpu}, accelerator: {accelerator}, total: {both}"


def _expensive_scopes(profiles: Profiles) -> list[str]:
    root: GraphNodeProto = _shown(profiles, "scope", min_micros=_LEAST_SCOPE_MICROS)
    lines = [
        f"top {i + 1} graph node: {node.name}, {_times(node)}"
        for i, node in enumerate(root.children[:_MOST_SHOWN])
    ]
    return ["\n".join(lines)] if lines else []


def _expensive_lines(profiles: Profiles) -> list[str]:
    node: MultiGraphNodeProto = _shown(profiles, "code", min_micros=1)
    while len(node.children) == 1:  # lines of libraries are mostly called once
        node = node.children[0]
    if not node.children:
        return []
    lines: list[str] = []
    _add_lines(node, 0, lines)
    return ["\n".join(lines)]


def _add_lines(node: MultiGraphNodeProto, depth: int, lines: list[str]) -> None:
    if len(node.children) <= 1 or depth > _DEEPEST_LINE:
        return
    for child in node.children[:_MOST_SHOWN]:
        if child.total_exec_micros >= _LEAST_LINE_MICROS:
            lines.append(f"{'  ' * depth}{child.name}, {_times(child, 'total_')}")
            _add_lines(child, depth + 1, lines)
