"""What to count, show and write: options of profiles, built and checked.

Source: tensorflow python/profiler/option_builder.py, model_analyzer.py,
core/profiler/tfprof_options.cc.
"""

from __future__ import annotations

import copy
import functools
import re
import sys
from collections.abc import Iterable, Mapping
from typing import Any, Final

from metagraft.api.profiler.op_log import TRAINABLE_VARIABLES
from metagraft.errors import InvalidArgumentError, OpError
from metagraft.kernels import re2_syntax
from metagraft.proto import OptionsProto

__all__ = ["OUTPUTS", "Options", "ProfileOptionBuilder"]

OUTPUTS: Final = ("timeline", "stdout", "file", "pprof", "none")
_OUTFILE: Final = "outfile"
_NEED_FILE: Final = frozenset({"timeline", "file", "pprof"})
# Names of numeric options, in the order in which they are shown.
_NUMERIC: Final = (
    "max_depth",
    "min_bytes",
    "min_peak_bytes",
    "min_residual_bytes",
    "min_output_bytes",
    "min_micros",
    "min_accelerator_micros",
    "min_cpu_micros",
    "min_params",
    "min_float_ops",
    "min_occurrence",
    "step",
)
_REGEXES: Final = (
    "account_type_regexes",
    "start_name_regexes",
    "trim_name_regexes",
    "show_name_regexes",
    "hide_name_regexes",
)
_DEFAULTS: Final = {"max_depth": 10, "step": -1}
_ALL: Final = [".*"]


class Options:
    """Options of one profile, checked.

    Attributes:
        proto: The options as a message.
        select: What to show, by name.
        output: What to write: one of `OUTPUTS`.
        outfile: The file to write.
    """

    def __init__(self, options: Mapping[str, Any]) -> None:
        """Take options by name; what they do not name has its default.

        Raises:
            InvalidArgumentError: The output is not one of `OUTPUTS`, or it lacks the
                file.
            TypeError: A value has the wrong type.
        """
        proto = OptionsProto()
        for name in _NUMERIC:
            setattr(proto, name, options.get(name, _DEFAULTS.get(name, 0)))
        for name in (*_REGEXES, "select"):
            for value in options.get(name, []):
                getattr(proto, name).append(value)
        proto.order_by = options.get("order_by", "name")
        proto.account_displayed_op_only = options.get(
            "account_displayed_op_only", False
        )
        proto.output = options.get("output", "stdout")
        proto.dump_to_file = options.get("dump_to_file", "")
        self.proto = proto
        self.select = frozenset(proto.select)
        self.output, self.outfile = _output(proto.output)
        if proto.dump_to_file:
            self._dump(proto)

    def _dump(self, proto: OptionsProto) -> None:
        sys.stderr.write(
            "-dump_to_file option is deprecated. "
            "Please use -output file:outfile=<filename>\n"
            f"-output {proto.output} is overwritten with "
            f"-output file:outfile={proto.dump_to_file}\n"
        )
        self.output, self.outfile = "file", proto.dump_to_file

    def __str__(self) -> str:
        """Show all of them, one to a line."""
        proto = self.proto
        shown = [(name, str(getattr(proto, name))) for name in _NUMERIC]
        shown.append(("order_by", proto.order_by))
        shown.extend((name, ",".join(getattr(proto, name))) for name in _REGEXES)
        is_displayed_only = str(proto.account_displayed_op_only).lower()
        shown.append(("account_displayed_op_only", is_displayed_only))
        shown.append(("select", ",".join(sorted(self.select))))
        outfile = f"{_OUTFILE}={self.outfile}" if self.outfile is not None else ""
        shown.append(("output", f"{self.output}:{outfile}"))
        return "".join(f"{f'-{name}':<28}{value}\n" for name, value in shown)


def _output(text: str) -> tuple[str, str | None]:
    """Return what to write, and the file."""
    if not text:
        return "stdout", None
    kind, _, rest = text.partition(":")
    if kind not in OUTPUTS:
        valid = ",".join(sorted(OUTPUTS))
        raise InvalidArgumentError(
            None, None, f"E.g. Unknown output type: {kind}, Valid types: {valid}\n"
        )
    given: dict[str, str] = {}
    for pair in filter(None, rest.split(",")):
        parts = [part for part in pair.split("=") if part]
        if len(parts) <= 1:
            raise InvalidArgumentError(
                None,
                None,
                "Visualize format: -output timeline:key=value,key=value,...",
            )
        if kind not in _NEED_FILE or parts[0] != _OUTFILE:
            raise InvalidArgumentError(
                None,
                None,
                f"Unrecognized options {parts[0]} for output_type: {kind}\n",
            )
        given[_OUTFILE] = "=".join(parts[1:])
    if kind in _NEED_FILE and _OUTFILE not in given:
        raise InvalidArgumentError(
            None,
            None,
            f"Missing required output_options for {kind}\n"
            f"E.g. -output {kind}:{_OUTFILE}=...\n",
        )
    return kind, given.get(_OUTFILE)


def matches(name: str, regexes: Iterable[str]) -> bool:
    """Whether one of some regular expressions matches a whole name."""
    return any(_matches(regex, name) for regex in regexes)


def is_all(regexes: Iterable[str]) -> bool:
    """Whether regular expressions are written to match every name."""
    return list(regexes) == _ALL


def _matches(regex: str, name: str) -> bool:
    pattern = _compiled(regex)
    return pattern is not None and pattern.fullmatch(name) is not None


@functools.lru_cache(maxsize=256)
def _compiled(regex: str) -> re.Pattern[str] | None:
    try:
        return re2_syntax.compiled(regex.encode())
    except OpError as error:  # it matches nothing, then
        sys.stderr.write(f"{error.message}\n")
        return None


class ProfileOptionBuilder:
    """Builds options of a profile step by step; each method returns the builder."""

    def __init__(self, options: dict[str, Any] | None = None) -> None:
        """Start with options, or with those that show the time of all nodes."""
        if options is not None:
            self._options = copy.deepcopy(options)
        else:
            self._options = _options(max_depth=100, select=["micros"])

    @staticmethod
    def trainable_variables_parameter() -> dict[str, Any]:
        """Return options that count the parameters of trainable variables."""
        return _options(
            account_type_regexes=[TRAINABLE_VARIABLES],
            account_displayed_op_only=True,
            select=["params"],
        )

    @staticmethod
    def float_operation() -> dict[str, Any]:
        """Return options that count float operations."""
        return _options(
            min_float_ops=1,
            order_by="float_ops",
            account_displayed_op_only=True,
            select=["float_ops"],
        )

    @staticmethod
    def time_and_memory(
        min_micros: int = 1,
        min_bytes: int = 1,
        min_accelerator_micros: int = 0,
        min_cpu_micros: int = 0,
        min_peak_bytes: int = 0,
        min_residual_bytes: int = 0,
        min_output_bytes: int = 0,
    ) -> dict[str, Any]:
        """Return options that show time and memory, of nodes that need some."""
        return _options(
            min_bytes=min_bytes,
            min_peak_bytes=min_peak_bytes,
            min_residual_bytes=min_residual_bytes,
            min_output_bytes=min_output_bytes,
            min_micros=min_micros,
            min_accelerator_micros=min_accelerator_micros,
            min_cpu_micros=min_cpu_micros,
            order_by="micros",
            account_displayed_op_only=True,
            select=["micros", "bytes"],
        )

    def build(self) -> dict[str, Any]:
        """Return the options."""
        return copy.deepcopy(self._options)

    def _with(self, **options: Any) -> ProfileOptionBuilder:
        self._options.update(options)
        return self

    def with_max_depth(self, max_depth: int) -> ProfileOptionBuilder:
        """Show nodes down to a depth."""
        return self._with(max_depth=max_depth)

    def with_min_memory(
        self,
        min_bytes: int = 0,
        min_peak_bytes: int = 0,
        min_residual_bytes: int = 0,
        min_output_bytes: int = 0,
    ) -> ProfileOptionBuilder:
        """Show nodes that ask for, hold, keep and give at least so many bytes."""
        return self._with(
            min_bytes=min_bytes,
            min_peak_bytes=min_peak_bytes,
            min_residual_bytes=min_residual_bytes,
            min_output_bytes=min_output_bytes,
        )

    def with_min_execution_time(
        self,
        min_micros: int = 0,
        min_accelerator_micros: int = 0,
        min_cpu_micros: int = 0,
    ) -> ProfileOptionBuilder:
        """Show nodes that take at least so many microseconds."""
        return self._with(
            min_micros=min_micros,
            min_accelerator_micros=min_accelerator_micros,
            min_cpu_micros=min_cpu_micros,
        )

    def with_min_parameters(self, min_params: int) -> ProfileOptionBuilder:
        """Show nodes with at least so many parameters."""
        return self._with(min_params=min_params)

    def with_min_occurrence(self, min_occurrence: int) -> ProfileOptionBuilder:
        """Show what stands for at least so many nodes of the graph."""
        return self._with(min_occurrence=min_occurrence)

    def with_min_float_operations(self, min_float_ops: int) -> ProfileOptionBuilder:
        """Show nodes that take at least so many float operations."""
        return self._with(min_float_ops=min_float_ops)

    def with_accounted_types(
        self, account_type_regexes: list[str]
    ) -> ProfileOptionBuilder:
        """Count nodes of some kinds: op types, devices, kinds of a log."""
        return self._with(account_type_regexes=copy.copy(account_type_regexes))

    def with_node_names(
        self,
        start_name_regexes: list[str] | None = None,
        show_name_regexes: list[str] | None = None,
        hide_name_regexes: list[str] | None = None,
        trim_name_regexes: list[str] | None = None,
    ) -> ProfileOptionBuilder:
        """Say which names to start with, to show, to hide and to end with."""
        given = {
            "start_name_regexes": start_name_regexes,
            "show_name_regexes": show_name_regexes,
            "hide_name_regexes": hide_name_regexes,
            "trim_name_regexes": trim_name_regexes,
        }
        return self._with(
            **{name: copy.copy(v) for name, v in given.items() if v is not None}
        )

    def account_displayed_op_only(self, is_true: bool) -> ProfileOptionBuilder:
        """Say whether what is not shown is not counted either."""
        return self._with(account_displayed_op_only=is_true)

    def with_empty_output(self) -> ProfileOptionBuilder:
        """Write nothing."""
        return self._with(output="none")

    def with_stdout_output(self) -> ProfileOptionBuilder:
        """Print the profile."""
        return self._with(output="stdout")

    def with_file_output(self, outfile: str) -> ProfileOptionBuilder:
        """Write the profile into a file."""
        return self._with(output=f"file:{_OUTFILE}={outfile}")

    def with_timeline_output(self, timeline_file: str) -> ProfileOptionBuilder:
        """Write a file for chrome://tracing."""
        return self._with(output=f"timeline:{_OUTFILE}={timeline_file}")

    def with_pprof_output(self, pprof_file: str) -> ProfileOptionBuilder:
        """Write a file for pprof."""
        return self._with(output=f"pprof:{_OUTFILE}={pprof_file}")

    def order_by(self, attribute: str) -> ProfileOptionBuilder:
        """Say by which number nodes are ordered."""
        return self._with(order_by=attribute)

    def select(self, attributes: list[str]) -> ProfileOptionBuilder:
        """Say what is shown of nodes."""
        return self._with(select=copy.copy(attributes))

    def with_step(self, step: int) -> ProfileOptionBuilder:
        """Say of which step, or with -1 the average of all."""
        return self._with(step=step)


def _options(**others: Any) -> dict[str, Any]:
    """Return options that show every node, with some changed."""
    return {
        "max_depth": 10000,
        "min_bytes": 0,
        "min_micros": 0,
        "min_params": 0,
        "min_float_ops": 0,
        "min_occurrence": 0,
        "order_by": "name",
        "account_type_regexes": [".*"],
        "start_name_regexes": [".*"],
        "trim_name_regexes": [],
        "show_name_regexes": [".*"],
        "hide_name_regexes": [],
        "account_displayed_op_only": False,
        "step": -1,
        "output": "stdout",
        **others,
    }
