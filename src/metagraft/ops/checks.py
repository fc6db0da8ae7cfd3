"""Assert, Print and the check for numbers; kernels in `kernels/checks.py`."""

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
from metagraft.graph.shape_checks import with_rank
from metagraft.graph.shapes import Dims


def no_outputs(attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """Nothing comes out."""
    del attrs, inputs
    return ()


def print_v2_shape(attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """Nothing comes out; what is printed is one string."""
    del attrs
    with_rank(inputs[0], 0)
    return ()


def unchanged_shape(attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """The shape of the first operand."""
    del attrs
    return (inputs[0],)


def print_gradient(g: GradientBuilder, op: Operation, dy: Any) -> Sequence[Any]:
    """Unchanged; what is printed gets none."""
    del g
    return (dy, *[None] * (len(op.inputs) - 1))


def check_numerics_gradient(
    g: GradientBuilder, op: Operation, dy: Any
) -> Sequence[Any]:
    """The gradient is checked, too."""
    message = op.attrs["message"].decode("utf-8", "surrogateescape")
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
        name="Assert", shape=no_outputs, gradient=NOT_DIFFERENTIABLE, source=_LOGGING
    ),
    OpSpec(
        name="Print", shape=unchanged_shape, gradient=print_gradient, source=_LOGGING
    ),
    OpSpec(name="PrintV2", shape=print_v2_shape, source=_LOGGING),
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
