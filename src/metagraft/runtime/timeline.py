"""`Timeline`: statistics of a step as a trace that Chrome shows.

Source: tensorflow python/client/timeline.py.
"""

from __future__ import annotations

import json
import re
from typing import Any, Final

from metagraft.errors import UnimplementedError
from metagraft.proto import StepStats

__all__ = ["Timeline"]

_LABEL: Final = re.compile(r"(.*) = (.*)\((.*)\)")
_RECEIVED: Final = "RecvTensor"
_Event = dict[str, Any]


class Timeline:
    """The operations of a step, when each began and how long it took."""

    def __init__(self, step_stats: Any, graph: Any = None) -> None:
        """Take statistics.

        Args:
            step_stats: `RunMetadata.step_stats` of a run, ours or TensorFlow's.
            graph: Not used, as in TensorFlow.
        """
        del graph
        self._stats = StepStats.FromString(step_stats.SerializeToString())

    def generate_chrome_trace_format(
        self,
        show_dataflow: bool = True,
        show_memory: bool = False,
        op_time: str = "schedule",
    ) -> str:
        """Return the trace as JSON.

        Args:
            show_dataflow: Whether arrows lead from operations to those that use them.
            show_memory: Whether memory is shown. It must not be.
            op_time: Which time of an operation counts. Only `schedule`.

        Raises:
            UnimplementedError: Memory or another time is wanted.
        """
        if show_memory or op_time != "schedule":
            raise UnimplementedError(
                None,
                None,
                "Timeline.generate_chrome_trace_format shows no memory, and the times"
                f" 'schedule' only. Received show_memory={show_memory},"
                f" op_time={op_time!r}.",
            )
        trace = _Trace(self._stats, shows_flow=show_dataflow)
        return json.dumps(
            {"traceEvents": [*trace.names, *trace.events]},
            indent=4,
            separators=(",", ": "),
        )


class _Trace:
    """The events of one trace.

    Attributes:
        names: What processes are called: a device each, and its tensors.
        events: Operations and arrows.
    """

    def __init__(self, stats: Any, *, shows_flow: bool) -> None:
        self.names: list[_Event] = []
        self.events: list[_Event] = []
        # By tensor: when, where and in which lane it was made.
        self._made: dict[str, tuple[int, int, int]] = {}
        self._flows = 0
        self._shows_flow = shows_flow
        self._name("Allocators")
        devices = []
        for device in stats.dev_stats:
            devices.append((self._name(f"{device.device} Compute"), device))
            self._name(f"{device.device} Tensors")
            _assign_lanes(device)
        for process, device in devices:
            self._note_tensors(process, device)
        for process, device in devices:
            self._add_operations(process, device)

    def _name(self, name: str) -> int:
        process = len(self.names)
        event = {"name": "process_name", "ph": "M", "pid": process}
        self.names.append({**event, "args": {"name": name}})
        return process

    def _note_tensors(self, process: int, device: Any) -> None:
        for node in device.node_stats:
            ended = node.all_start_micros + node.all_end_rel_micros
            for index, _ in enumerate(node.output):
                name = f"{node.node_name}:{index}" if index else node.node_name
                self._made[name] = ended, process, node.thread_id

    def _add_operations(self, process: int, device: Any) -> None:
        is_stream = "/stream:" in device.device or "/memcpy" in device.device
        for node in device.node_stats:
            name, op, inputs = _described(node, is_stream=is_stream)
            given = {f"input{i}": one for i, one in enumerate(inputs)}
            event = _event("X", "Op", op, (process, node.thread_id))
            event["ts"] = node.all_start_micros
            event["dur"] = node.all_end_rel_micros
            event["args"] = {"name": name, "op": op, **given}
            self.events.append(event)
            if self._shows_flow:
                self._add_flows(inputs, (process, node.thread_id), node)

    def _add_flows(self, inputs: list[str], lane: tuple[int, int], node: Any) -> None:
        for given in inputs:
            at = given.rfind("/_")
            name = given if given in self._made or at <= 0 else given[:at]
            if name not in self._made:
                continue
            ended, *source = self._made[name]
            if tuple(source) == lane:
                continue
            ends = (("s", tuple(source), ended), ("t", lane, node.all_start_micros))
            for phase, place, moment in ends:
                event = _event(phase, "DataFlow", name, place)
                event["ts"] = moment
                event["id"] = self._flows
                self.events.append(event)
            self._flows += 1


def _event(phase: str, category: str, name: str, lane: tuple[int, ...]) -> _Event:
    process, thread = lane
    event: _Event = {"ph": phase, "cat": category, "name": name}
    event["pid"], event["tid"] = process, thread
    return event


def _assign_lanes(device: Any) -> None:
    """Give operations that overlap lanes of their own, as their threads."""
    ends = [0]
    for node in device.node_stats:
        ended = node.all_start_micros + node.all_end_rel_micros
        free = (i for i, end in enumerate(ends) if node.all_start_micros > end)
        lane = next(free, len(ends))
        if lane == len(ends):
            ends.append(ended)
        ends[lane] = ended
        node.thread_id = lane


def _described(node: Any, *, is_stream: bool) -> tuple[str, str, list[str]]:
    """Return the name of an operation, its type and its inputs."""
    label, name = node.timeline_label, node.node_name
    if is_stream:
        start, end = label.find("@@"), label.find("#")
        if 0 <= start < end - 2:
            name = label[start + 2 : end]
        name, op = [*name.split(":"), "unknown"][:2]
        return name, op, []
    if name == _RECEIVED:
        return name, _RECEIVED, []
    match = _LABEL.match(label)
    if match is None:
        return name, "unknown", []
    inputs = match[3].split(", ") if match[3] else []
    return name, match[2], inputs
