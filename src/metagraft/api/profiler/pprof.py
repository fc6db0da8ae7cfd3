"""Profiles of lines of Python in the format of the tool pprof.

Source: tensorflow core/profiler/internal/tfprof_code.cc PprofProfileImpl.
"""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, Final

from metagraft.api.file_io import GFile
from metagraft.api.profiler.shown import Shown
from metagraft.api.profiler.shown_groups import group
from metagraft.proto import Profile
from metagraft.proto.pprof_pb2 import Function, Label, Location, Sample, ValueType

if TYPE_CHECKING:
    from metagraft.api.profiler.code_view import CodeTree, Line
    from metagraft.api.profiler.options import Options

__all__ = ["PPROF_NUMBERS", "write_pprof"]

# What can be selected -> (the number, its unit, what it is).
PPROF_NUMBERS: Final[Mapping[str, tuple[str, str, str]]] = {
    "micros": (
        "exec_micros",
        "microseconds",
        "Sum of accelerator execution time and cpu execution time.",
    ),
    "accelerator_micros": (
        "accelerator_exec_micros",
        "microseconds",
        "Accelerator execution time.",
    ),
    "cpu_micros": ("cpu_exec_micros", "microseconds", "CPU execution time."),
    "bytes": (
        "requested_bytes",
        "bytes",
        "Sum of operation total memory requests, excluding deallocations.",
    ),
    "peak_bytes": ("peak_bytes", "bytes", "Sum of operation peak memory usage."),
    "residual_bytes": (
        "residual_bytes",
        "bytes",
        "Sum of operation allocated memory after finish.",
    ),
    "output_bytes": ("output_bytes", "bytes", "Sum of operation output size."),
    "params": ("parameters", "count", "Model parameters."),
    "float_ops": (
        "float_ops",
        "count",
        "Model float operations (Only available if defined).",
    ),
}


def write_pprof(tree: CodeTree, options: Options) -> None:
    """Write what a view shows as a compressed profile, and say how to look at it."""
    assert options.outfile is not None
    profile = _Pprof(tree, options).profile()
    with GFile(options.outfile, "wb") as file:
        file.write(gzip.compress(profile.SerializeToString(), mtime=0))
    print(  # noqa: T201 - TensorFlow's
        f"\nRun pprof -png --nodecount=100 --sample_index=1 <{options.outfile}>"
    )


class _Pprof:
    """Tables of strings, functions and places, and the samples that use them."""

    def __init__(self, tree: CodeTree, options: Options) -> None:
        self._tree = tree
        self._options = options
        (self._select,) = options.select
        self._strings = {"": 0}
        self._functions: dict[tuple[str, str, int], Function] = {}
        self._locations: dict[tuple[str, str, int], Location] = {}
        self._samples: dict[str, Sample] = {}

    def profile(self) -> Profile:
        """Return all of it as a message."""
        self._visit(self._tree.root, [])
        number = self._string
        _, unit, explanation = PPROF_NUMBERS[self._select]
        profile = Profile(
            sample_type=[
                ValueType(type=number("count"), unit=number("count")),
                ValueType(type=number(self._select), unit=number(unit)),
            ],
            comment=[number(explanation)],
        )
        profile.string_table.extend(self._strings)
        for field, rows in (
            (profile.sample, self._samples),
            (profile.function, self._functions),
            (profile.location, self._locations),
        ):
            table: dict[Any, Any] = rows  # each of its own kind
            field.extend(table[key] for key in sorted(table))
        return profile

    def _string(self, text: str) -> int:
        return self._strings.setdefault(text, len(self._strings))

    def _visit(self, place: Shown, calls: list[int]) -> None:
        line = self._tree.lines.get(id(place))
        if line is not None and not place.visible:
            self._sample(place, calls)
        for below in place.visible:
            if line is None:
                self._visit(below, calls)
            else:
                called = self._tree.lines[id(below)]
                self._visit(below, [*calls, self._location(line, called)])

    def _location(self, line: Line, called: Line) -> int:
        key = (line.file, called.function, line.number)
        if key not in self._locations:
            location = Location(id=len(self._locations) + 1)
            location.line.add(function_id=self._function(called), line=line.number)
            self._locations[key] = location
        return self._locations[key].id

    def _function(self, called: Line) -> int:
        # The line where a function starts is unsigned, and -1 when it is not known.
        start = called.function_start % 2**64
        key = (called.file, called.function, start)
        if key not in self._functions:
            module = PurePosixPath(called.file).name.rpartition(".")[0]
            self._functions[key] = Function(
                id=len(self._functions) + 1,
                name=self._string(f"{module}:{called.function}"),
                filename=self._string(called.file),
                start_line=called.function_start,
            )
        return self._functions[key].id

    def _sample(self, place: Shown, calls: list[int]) -> None:
        """Add the nodes that the lines at the end of a way have made."""
        leaves = [place]
        while leaves:
            leaf = leaves.pop(0)
            leaves = [*leaf.children, *leaves]
            if leaf.children:
                continue
            for one in group(leaf).shown_members():
                name = one.name
                while name in self._samples:
                    name += "@"
                label = Label(
                    key=self._string("graph node:"), str=self._string(one.name)
                )
                value = one.own[PPROF_NUMBERS[self._select][0]]
                self._samples[name] = Sample(
                    location_id=reversed(calls), value=[1, value], label=[label]
                )
