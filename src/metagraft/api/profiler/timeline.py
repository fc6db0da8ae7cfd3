"""Profiles as files for chrome://tracing.

Source: tensorflow core/profiler/internal/tfprof_timeline.cc.
"""

from __future__ import annotations

import json
from bisect import bisect_left
from dataclasses import dataclass, field
from typing import Any, Final

from metagraft.api.file_io import GFile
from metagraft.api.profiler.logged_nodes import LoggedNode
from metagraft.api.profiler.node_runs import (
    is_accelerator,
    is_canonical_device,
    is_cpu,
)
from metagraft.api.profiler.options import Options
from metagraft.api.profiler.shown import Shown
from metagraft.api.profiler.shown_nodes import OneNode

__all__ = ["write_graph_timeline", "write_tree_timeline"]

_MOST_ALLOCATIONS: Final = 10
_LEAST_MICROS_BETWEEN: Final = 100
_MEGABYTE: Final = 1_000_000.0
_LINE: Final = "*" * 54


@dataclass
class _Event:
    """A kernel of a node, in a lane of its device."""

    shown: Shown
    node: LoggedNode
    start: int
    took: int
    pid: int
    lane: int = 0
    followers: list[_Event] = field(default_factory=list)


class _Trace:
    """Events, with those that name processes and regions first."""

    def __init__(self) -> None:
        self._first: list[dict[str, Any]] = []
        self._rest: list[dict[str, Any]] = []

    def process(self, name: str, pid: int) -> None:
        self._first.append(
            {"name": "process_name", "ph": "M", "pid": pid, "args": {"name": name}}
        )

    def region(
        self, start: int, took: int, place: tuple[int, int], args: dict[str, str]
    ) -> None:
        event = _event("X", "Op", args["name"], place, start)
        self._first.append({**event, "dur": took, "args": args})

    def flow(
        self, phase: str, name: str, place: tuple[int, int], ts: int, id: int
    ) -> None:
        self._rest.append({**_event(phase, "DataFlow", name, place, ts), "id": id})

    def counter(self, name: str, pid: int, ts: int, args: dict[str, Any]) -> None:
        self._rest.append({**_event("C", "Memory", name, (pid, 0), ts), "args": args})

    def write(self, options: Options) -> None:
        """Write the file and say so."""
        name = f"{options.outfile}_{options.proto.step}"
        text = json.dumps(
            {"traceEvents": self._first + self._rest},
            sort_keys=True,
            separators=(",", ":"),
        )
        with GFile(name, "w") as file:
            file.write(text + "\n")
        print(  # noqa: T201 - TensorFlow's
            f"\n{_LINE}\nTimeline file is written to {name}.\n"
            "Open a Chrome browser, enter URL chrome://tracing and "
            f"load the timeline file.\n{_LINE}"
        )


def _event(
    phase: str, category: str, name: str, place: tuple[int, int], ts: int
) -> dict[str, Any]:
    pid, tid = place
    return {
        "ph": phase,
        "cat": category,
        "name": name,
        "pid": pid,
        "tid": tid,
        "ts": ts,
    }


def write_tree_timeline(root: Shown, options: Options) -> None:
    """Write times of name scopes or lines, each over those below it."""
    trace = _Trace()
    named: set[int] = set()

    def visit(one: Shown, start: int, depth: int) -> None:
        if depth not in named:
            trace.process(f"Scope:{depth}", depth)
            named.add(depth)
        args = {"name": one.name, "op": one.name}
        trace.region(start, one.total["exec_micros"], (depth, 0), args)
        for below in one.visible:
            if below.total["exec_micros"] > 0:
                visit(below, start, depth + 1)
                start += below.total["exec_micros"]

    visit(root, 0, 0)
    trace.write(options)


def write_graph_timeline(root: Shown, options: Options) -> None:
    """Write when kernels ran, by device, and how much memory accelerators used."""
    trace = _Trace()
    timeline = _GraphTimeline(trace, options.proto.step)
    waiting = list(reversed(root.visible))
    while waiting:
        one = waiting.pop()
        timeline.add(one)
        waiting.extend(reversed(one.visible))
    timeline.connect()
    timeline.fill_lanes()
    print("generating trace file.")  # noqa: T201 - TensorFlow's
    timeline.write_events()
    timeline.write_memory()
    trace.write(options)


class _GraphTimeline:
    """Kernels by device and start, and memory by device."""

    def __init__(self, trace: _Trace, step: int) -> None:
        self._trace = trace
        self._step = step
        self._processes: dict[str, int] = {}
        self._pid = 0
        self._events: dict[str, dict[int, _Event]] = {}
        self._memory: dict[str, _DeviceMemory] = {}

    def _new_pid(self) -> int:
        self._pid += 1
        return self._pid - 1

    def add(self, shown: Shown) -> None:
        """Add the kernels and the memory of a node."""
        source = shown.source
        assert isinstance(source, OneNode)
        node = source.node
        if not node.is_tracked(self._step):
            return
        memory = self._memory.setdefault(node.canonical_device, _DeviceMemory())
        memory.add(node, self._step)
        for device, times in sorted(node.runs[self._step].all.items()):
            if device not in self._processes:
                pid = self._processes[device] = self._new_pid()
                kind = "execution" if "stream" in device else "scheduling"
                self._trace.process(f"Op {kind} threads: {device}", pid)
            events = self._events.setdefault(device, {})
            for start, took in times:
                if start not in events:
                    pid = self._processes[device]
                    events[start] = _Event(shown, node, start, took, pid)

    def connect(self) -> None:
        """Let events follow those of their inputs on other devices."""
        for device, events in sorted(self._events.items()):
            if not is_canonical_device(device):
                continue
            for _, event in sorted(events.items()):
                for source in event.shown.children:
                    self._connect(source, device, event)

    def _connect(self, source: Shown, device: str, event: _Event) -> None:
        assert isinstance(source.source, OneNode)
        node = source.source.node
        if not source.is_counted or not node.is_tracked(self._step):
            return
        for other, times in sorted(node.runs[self._step].cpu.items()):
            if other == device or not is_canonical_device(other):
                continue
            for start, _ in times:
                before = self._events.get(other, {}).get(start)
                if before is not None:
                    before.followers.append(event)

    def fill_lanes(self) -> None:
        """Put events that overlap into different lanes of their device."""
        for events in self._events.values():
            ends: list[int] = []  # of the last event in each lane
            for start, event in sorted(events.items()):
                free = (lane for lane, end in enumerate(ends) if end <= start)
                event.lane = next(free, len(ends))
                ends[event.lane : event.lane + 1] = [start + event.took]

    def write_events(self) -> None:
        """Write regions, and flows between devices."""
        flow = 1
        every = (event for events in self._events.values() for event in events.values())
        for event in sorted(every, key=lambda one: (one.pid, one.lane, one.start)):
            name, place = event.node.name, (event.pid, event.lane)
            self._trace.region(event.start, event.took, place, {"name": name})
            for next_one in event.followers:
                end, text = event.start + event.took, f"{name}_flow"
                self._trace.flow("s", text, place, end, flow)
                target = (next_one.pid, next_one.lane)
                self._trace.flow("t", text, target, next_one.start, flow)
                flow += 1

    def write_memory(self) -> None:
        """Write what accelerators had in use."""
        for device, memory in sorted(self._memory.items()):
            if is_cpu(device):
                continue
            pid, name = self._new_pid(), f"mem usage on:{device}"
            self._trace.process(name, pid)
            self._trace.process(f"{name} allocations", self._new_pid())
            last = 0
            for ts, in_use in sorted(memory.in_use.items()):
                if ts - last >= _LEAST_MICROS_BETWEEN:
                    last = ts
                    self._write_counters(memory, pid, ts, in_use)
            if is_accelerator(device):
                most = max([0, *memory.in_use.values()]) / _MEGABYTE
                print(f"{device} peak memory: {most:.2f} MB")  # noqa: T201

    def _write_counters(
        self, memory: _DeviceMemory, pid: int, ts: int, in_use: int
    ) -> None:
        used: dict[str, Any] = {"Allocator Bytes in Use": in_use}
        self._trace.counter("Allocated Bytes", pid, ts, used)
        top = {f"Top Allocation {i:02}": "N/A" for i in range(1, _MOST_ALLOCATIONS)}
        count = 0
        for size, names in sorted(memory.held(ts).items(), reverse=True):
            for name in names:
                if in_use < size or count >= _MOST_ALLOCATIONS:
                    break
                text = f"{size / _MEGABYTE:g} MB from {name}"
                top[f"Top Allocation {count:02}"] = text
                count += 1
                in_use -= size
        top["Not Displayed"] = f"{in_use / _MEGABYTE:.2f} MB"
        self._trace.counter("Top Allocations", pid + 1, ts, top)


class _DeviceMemory:
    """What a device had in use by time, and what each node held by then."""

    def __init__(self) -> None:
        self.in_use: dict[int, int] = {}
        self._held: dict[str, list[tuple[int, int]]] = {}

    def add(self, node: LoggedNode, step: int) -> None:
        """Take what a node allocated and freed in a step."""
        kept = max(
            sum(one.accelerator_persistent_bytes for one in run.memory)
            for run in node.runs.values()
        )
        changes = {0: kept}
        run = node.runs[step]
        for one in run.allocations:
            at = one.alloc_micros
            changes[at] = changes.get(at, 0) + one.alloc_bytes
        held, total = [], 0
        for at, size in sorted(changes.items()):
            total += size
            held.append((at, total))
        self._held[node.name] = held
        for memory in run.memory:
            if memory.memory_micros > 0:
                self.in_use[memory.memory_micros] = memory.allocator_bytes_in_use

    def held(self, ts: int) -> dict[int, list[str]]:
        """Return names of nodes by how much they held just before a time."""
        found: dict[int, list[str]] = {}
        for name, changes in sorted(self._held.items()):
            place = bisect_left(changes, (ts,))
            size = changes[max(place - 1, 0)][1]
            if size > 0:
                found.setdefault(size, []).append(name)
        return found
