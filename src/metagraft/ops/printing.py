"""Print, PrintV2 and StringFormat; kernels in `kernels/printing.py`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

from metagraft.graph.attrs import Attrs
from metagraft.graph.op_spec import GradientBuilder, OpSpec, Shapes
from metagraft.graph.operation import Operation
from metagraft.graph.shape_checks import with_rank
from metagraft.graph.shapes import Dims


@dataclass(slots=True)
class PrintAttrs:
    """Attributes of Print, and how often it has printed.

    Attributes:
        message: What is printed first.
        first_n: How many times it prints; always if negative.
        summarize: How many elements of each tensor.
    """

    message: str
    first_n: int
    summarize: int
    _printed: int = 0
    _lock: Lock = field(default_factory=Lock)

    @classmethod
    def read(cls, attrs: Mapping[str, Any]) -> PrintAttrs:
        """Read the attributes of a node."""
        message = attrs["message"].decode("utf-8", "backslashreplace")
        return cls(message, int(attrs["first_n"]), int(attrs["summarize"]))

    def may_print(self) -> bool:
        """Count one more run, and tell whether it prints."""
        if self.first_n < 0:
            return True
        with self._lock:
            self._printed += 1
            return self._printed <= self.first_n


def print_shape(attrs: PrintAttrs, inputs: Shapes) -> Sequence[Dims]:
    """The shape of the first operand."""
    del attrs
    return (inputs[0],)


def print_gradient(g: GradientBuilder, op: Operation, dy: Any) -> Sequence[Any]:
    """Unchanged; what is printed gets none."""
    del g
    return (dy, *[None] * (len(op.inputs) - 1))


def print_v2_shape(attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """Nothing comes out; what is printed is one string."""
    del attrs
    with_rank(inputs[0], 0)
    return ()


def string_format_shape(attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """One string."""
    template, placeholder = attrs["template"], attrs["placeholder"]
    count = template.count(placeholder)
    if count != len(inputs):
        raise ValueError(
            "num placeholders in template and num inputs must match:"
            f" {count} vs. {len(inputs)}"
        )
    return ((),)


_LOGGING = "tensorflow core/ops/logging_ops.cc"

OPS = (
    OpSpec(
        name="Print",
        attrs=PrintAttrs.read,
        shape=print_shape,
        gradient=print_gradient,
        source=_LOGGING,
    ),
    OpSpec(name="PrintV2", shape=print_v2_shape, source=_LOGGING),
    OpSpec(
        name="StringFormat",
        shape=string_format_shape,
        source="tensorflow core/ops/string_ops.cc",
    ),
)
