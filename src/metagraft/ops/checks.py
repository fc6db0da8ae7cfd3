"""Assert and the checks for numbers; kernels in `kernels/checks.py`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from metagraft.graph.attrs import Attrs
from metagraft.graph.op_spec import (
    NOT_DIFFERENTIABLE,
    GradientBuilder,
    OpSpec,
    Shapes,
)
from metagraft.graph.operation import Operation
from metagraft.graph.shapes import Dims


def no_outputs(attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """Nothing comes out."""
    del attrs, inputs
    return ()


def unchanged_shape(attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """The shape of the first operand."""
    del attrs
    return (inputs[0],)


def check_numerics_gradient(
    g: GradientBuilder, op: Operation, dy: Any
) -> Sequence[Any]:
    """The gradient is checked, too."""
    # TF: the bytes are put into the text as Python shows them, with b and quotes.
    message = repr(op.attrs["message"])
    checked = g.op(
        op.type,
        tensor=dy,
        message=(
            "Not a number (NaN) or infinity (Inf) values detected in gradient."
            f" {message}"
        ),
    )
    return (checked,)


_LOGGING = "tensorflow core/ops/logging_ops.cc"
_ARRAY = "tensorflow core/ops/array_ops.cc"

OPS = (
    OpSpec(
        name="Abort",
        shape=no_outputs,
        gradient=NOT_DIFFERENTIABLE,
        source="tensorflow core/ops/control_flow_ops.cc",
    ),
    OpSpec(
        name="Assert", shape=no_outputs, gradient=NOT_DIFFERENTIABLE, source=_LOGGING
    ),
    *(
        OpSpec(
            name=name,
            shape=unchanged_shape,
            gradient=check_numerics_gradient,
            source=_ARRAY,
        )
        for name in ("CheckNumerics", "CheckNumericsV2")
    ),
)
