"""What runs say about one node: how often, how long, with how much memory.

Source: tensorflow core/profiler/internal/tfprof_node.cc ExecStep.
"""

from __future__ import annotations

import re
import sys
from typing import Final

from metagraft.proto import (
    AllocationRecord,
    ExecMemory,
    ExecProfile,
    ExecTime,
    NodeExecStats,
)

__all__ = ["NodeRun", "is_accelerator", "is_canonical_device", "is_cpu"]

# Device -> when a kernel began and how long it took, in microseconds.
Times = dict[str, list[tuple[int, int]]]

_CANONICAL: Final = re.compile(r".*/(device:gpu|gpu|device:cpu|cpu|device:sycl):\d+")


def is_canonical_device(device: str) -> bool:
    """Whether a device in lower case is one that ops are placed on."""
    return _CANONICAL.fullmatch(device) is not None


def is_accelerator(device: str) -> bool:
    """Whether a device in lower case, or a part of it, is no CPU."""
    return "gpu" in device or "sycl" in device


def is_cpu(device: str) -> bool:
    """Whether a device in lower case is a CPU."""
    return "cpu" in device


def is_stream(device: str) -> bool:
    """Whether a device stands for all kernels of an accelerator."""
    return "stream:all" in device


class NodeRun:
    """What one step says about one node.

    Attributes:
        profile: When it began and ended, and how often it ran.
        accelerator: Times of kernels on accelerators.
        cpu: Times on devices that ops are placed on.
        all: Both.
        memory: One message for each time it ran.
        allocations: What accelerators allocated and freed.
        devices: All devices, and parts of devices.
    """

    def __init__(self) -> None:
        """Begin with nothing."""
        self.profile = ExecProfile()
        self.accelerator: Times = {}
        self.cpu: Times = {}
        self.all: Times = {}
        self.memory: list[ExecMemory] = []
        self.allocations: list[AllocationRecord] = []
        self.devices: set[str] = set()

    @property
    def numbers(self) -> dict[str, int]:
        """Times in microseconds and memory in bytes, by name."""
        on_accelerator, on_cpu = (
            sum(took for times in by_device.values() for _, took in times)
            for by_device in (self.accelerator, self.cpu)
        )
        return {
            "run_count": self.profile.run_count,
            "exec_micros": on_accelerator + on_cpu,
            "accelerator_exec_micros": on_accelerator,
            "cpu_exec_micros": on_cpu,
            "requested_bytes": sum(one.requested_bytes for one in self.memory),
            "peak_bytes": sum(one.peak_bytes for one in self.memory),
            "residual_bytes": sum(one.residual_bytes for one in self.memory),
            "output_bytes": sum(one.output_bytes for one in self.memory),
        }

    def add_time(self, device: str, stats: NodeExecStats) -> None:
        """Take when a node ran, on a device in lower case."""
        self.devices.add(device)
        start, profile = stats.all_start_micros, self.profile
        if start <= 0:
            return
        took = stats.op_end_rel_micros or 1  # what takes no time is hard to show
        began = profile.all_start_micros
        profile.all_start_micros = min(began, start) if began > 0 else start
        profile.latest_end_micros = max(profile.latest_end_micros, start + took)
        if is_stream(device):
            self.accelerator.setdefault(device, []).append((start, took))
        elif is_canonical_device(device):
            self.cpu.setdefault(device, []).append((start, took))
            profile.run_count += 1
        else:
            return
        self.all.setdefault(device, []).append((start, took))

    def add_memory(self, device: str, stats: NodeExecStats) -> None:
        """Take what memory a node used, on a device in lower case."""
        if stats.all_start_micros <= 0:
            sys.stderr.write(f"{stats.node_name} has no start time, skipping\n")
            return
        memory = ExecMemory(
            memory_micros=stats.all_start_micros + stats.op_end_rel_micros
        )
        self._add_allocators(memory, stats)
        _add_outputs(memory, stats)
        _add_kept(memory, device, stats)
        self.memory.append(memory)

    def _add_allocators(self, memory: ExecMemory, stats: NodeExecStats) -> None:
        used = [one for one in stats.memory if "GPU" in one.allocator_name]
        for one in used:
            memory.allocator_bytes_in_use = max(
                memory.allocator_bytes_in_use, one.allocator_bytes_in_use
            )
            self.allocations.extend(one.allocation_records)
        if len(used) > 1:
            sys.stderr.write(f"found {len(used)} gpu allocator for 1 node\n")

    def to_proto(self) -> ExecProfile:
        """Return all of it as a message."""
        profile = ExecProfile()
        profile.CopyFrom(self.profile)
        for times, target in (
            (self.accelerator, profile.accelerator_execs),
            (self.cpu, profile.cpu_execs),
        ):
            for device, pairs in times.items():
                entry: ExecTime = target[device]
                for pair in pairs:
                    entry.times.add().int64_values.extend(pair)
        profile.devices.extend(sorted(self.devices))
        profile.allocations.extend(self.allocations)
        profile.memory_execs.extend(self.memory)
        return profile


def _add_outputs(memory: ExecMemory, stats: NodeExecStats) -> None:
    for output in stats.output:
        description = output.tensor_description
        if not description.HasField("allocation_description"):
            continue
        allocated = description.allocation_description
        size = max(allocated.allocated_bytes, allocated.requested_bytes)
        memory.output_bytes += size
        place = memory.output_memory[output.slot]
        place.ptr, place.bytes = allocated.ptr, size


def _add_kept(memory: ExecMemory, device: str, stats: NodeExecStats) -> None:
    """Add up what was asked for, held at most, and kept."""
    temporary = stats.memory_stats.temp_memory_size
    persistent = stats.memory_stats.persistent_memory_size
    if is_cpu(device):
        memory.host_temp_bytes, memory.host_persistent_bytes = temporary, persistent
    else:
        memory.accelerator_temp_bytes = temporary
        memory.accelerator_persistent_bytes = persistent
    own = temporary + persistent
    memory.requested_bytes = own + sum(one.total_bytes for one in stats.memory)
    memory.peak_bytes = own + sum(one.peak_bytes for one in stats.memory)
    memory.residual_bytes = persistent + sum(one.live_bytes for one in stats.memory)
