"""A node of a graph, with what the log and the runs say about it.

Source: tensorflow core/profiler/internal/tfprof_node.h TFGraphNode.
"""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Mapping
from typing import Final

from metagraft.api.profiler.node_runs import NodeRun, is_canonical_device
from metagraft.proto import (
    CodeDef,
    NodeDef,
    NodeExecStats,
    ProfileNode,
    TensorShapeProto,
)

__all__ = ["NUMBERS", "LoggedNode"]

# What is known in numbers of a node, or of some together.
NUMBERS: Final = (
    "run_count",
    "exec_micros",
    "accelerator_exec_micros",
    "cpu_exec_micros",
    "requested_bytes",
    "peak_bytes",
    "residual_bytes",
    "output_bytes",
    "parameters",
    "float_ops",
)
_GPU: Final = re.compile(r"gpu:\d+")
_SYCL: Final = re.compile(r"device:sycl:\d+")


class LoggedNode:
    """A node: its shapes, kinds, inputs, costs, and what it did in each step.

    Attributes:
        id: Its number; -1 for what is no node, such as a name scope.
        op_types: Its op type, its device, and what programs call it.
        inputs: Names of the nodes of its inputs.
        code: Where in Python it was made, if known.
        runs: What it did, by step.
    """

    def __init__(self, node: NodeDef, id: int) -> None:
        """Take what the graph says."""
        self.id = id
        self.name = node.name
        self.op = node.op
        self.attrs = node.attr
        self.op_types = {node.op}
        self.float_ops = 0
        self.inputs: dict[int, str] = {}
        self.code: CodeDef | None = None
        self.canonical_device = ""
        self.host_device = ""
        self.runs: dict[int, NodeRun] = {}
        # Output of another node that was connected last, by that node's name.
        self._from_output: dict[str, int] = {}
        self.shape: list[int] = []
        self.output_shapes: dict[int, list[int]] = {}
        if "shape" in node.attr and node.attr["shape"].HasField("shape"):
            self.shape = _sizes(node.attr["shape"].shape)
        if "_output_shapes" in node.attr:
            shapes = node.attr["_output_shapes"].list.shape
            self.output_shapes = {i: _sizes(shape) for i, shape in enumerate(shapes)}

    def add_input(self, text: str, index: int) -> None:
        """Take an input as nodes name theirs: `name`, `name:1` or `^name`."""
        name, _, output = text.removeprefix("^").partition(":")
        self.inputs[index] = name
        self._from_output[name] = int(output or 0)

    def add_step(self, step: int, device: str, stats: NodeExecStats) -> None:
        """Take what a step says about it."""
        device = device.lower()
        if is_canonical_device(device):
            if not self.canonical_device:
                self._place(device)
            elif self.canonical_device != device:
                return  # it is known by its first device
        run = self.runs.setdefault(step, NodeRun())
        run.add_time(device, stats)
        if device == self.canonical_device:
            run.add_memory(device, stats)

    def _place(self, device: str) -> None:
        self.canonical_device = device
        pattern = _SYCL if "sycl" in device else _GPU
        self.host_device = pattern.sub("cpu:0", device)
        self.op_types.add(device)

    @property
    def parameters(self) -> int:
        """How many elements its attribute `shape` says it has; 0 if not known."""
        if not self.shape:
            return 0
        if min(self.shape) < 0:
            sys.stderr.write("Incomplete shape.\n")
            return 0
        return math.prod(self.shape)

    def numbers(self, step: int) -> dict[str, int]:
        """Return what is known in numbers for a step, or on average if it is -1."""
        found = dict.fromkeys(NUMBERS, 0)
        found["parameters"] = self.parameters
        found["float_ops"] = self.float_ops
        if not self.runs:
            return found
        if step >= 0:
            run = self.runs.get(step)
            found.update({} if run is None else run.numbers)
        else:
            every = [run.numbers for run in self.runs.values()]
            for name in every[0]:
                found[name] = sum(one[name] for one in every) // len(every)
        found["float_ops"] = self.float_ops * found["run_count"]
        return found

    def input_shapes(self, nodes: Mapping[str, LoggedNode]) -> dict[int, list[int]]:
        """Return shapes by number of input; empty ones are not known.

        Args:
            nodes: The nodes of the graph.
        """
        # TF: the shape of the output that is taken, as TensorFlow 1 shows. TensorFlow 2
        # shows that of the first output.
        shapes = {}
        for index, name in self.inputs.items():
            source = nodes.get(name)
            known = {} if source is None else source.output_shapes
            shapes[index] = known.get(self._from_output[name], [])
        return shapes

    def is_tracked(self, step: int) -> bool:
        """Whether it is known when and where it ran in a step."""
        run = self.runs.get(step)
        began = run is not None and run.profile.all_start_micros != 0
        return began and bool(self.canonical_device and self.host_device)

    def to_proto(self, nodes: Mapping[str, LoggedNode]) -> ProfileNode:
        """Return all of it as a message.

        Args:
            nodes: The nodes of the graph.
        """
        proto = ProfileNode(
            name=self.name,
            op=self.op,
            id=self.id,
            shape=self.shape,
            op_types=sorted(self.op_types),
            canonical_device=self.canonical_device,
            host_device=self.host_device,
            float_ops=self.float_ops,
            trace=self.code,
        )
        for key, value in self.attrs.items():
            proto.attrs[key].CopyFrom(value)
        for step, run in self.runs.items():
            proto.execs[step].CopyFrom(run.to_proto())
        for index, name in self.inputs.items():
            proto.inputs[index] = nodes[name].id
        for output, sizes in self.output_shapes.items():
            proto.output_shapes[output].int64_values.extend(sizes)
        for name, output in self._from_output.items():
            proto.src_output_index[nodes[name].id] = output
        return proto


def _sizes(shape: TensorShapeProto) -> list[int]:
    """Return sizes: none for an unknown rank, and 1 for a scalar."""
    if not shape.dim and not shape.unknown_rank:
        return [1]
    return [dim.size for dim in shape.dim]
