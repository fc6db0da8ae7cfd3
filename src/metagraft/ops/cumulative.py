"""Running sums and products along an axis; twin of `kernels/cumulative.py`.

Source: tensorflow core/ops/math_ops.cc, python/ops/math_grad.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from metagraft.graph.build.math import (
    cumprod,
    cumsum,
    cumulative_logsumexp,
    div_no_nan,
)
from metagraft.graph.op_spec import GradientBuilder, GradientRule, OpSpec, Shapes
from metagraft.graph.operation import Operation
from metagraft.graph.shapes import Dims
from metagraft.graph.tensor import Tensor

__all__ = ["OPS"]


def unchanged_shape(_attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """The output has the shape of the first operand."""
    return (inputs[0],)


def _directions(op: Operation) -> tuple[bool, bool]:
    return op.get_attr("exclusive"), op.get_attr("reverse")


def cumsum_gradient(_g: GradientBuilder, op: Operation, dy: Tensor) -> Sequence[Any]:
    """The running sum of `dy` from the other end."""
    exclusive, reverse = _directions(op)
    dx = cumsum(dy, op.inputs[1], exclusive=exclusive, reverse=not reverse)
    return dx, None


def cumprod_gradient(_g: GradientBuilder, op: Operation, dy: Tensor) -> Sequence[Any]:
    """The running sum of `dy * y` from the other end, divided by `x`."""
    x, axis = op.inputs
    exclusive, reverse = _directions(op)
    product = cumprod(x, axis, exclusive=exclusive, reverse=reverse)
    summed = cumsum(product * dy, axis, exclusive=exclusive, reverse=not reverse)
    return div_no_nan(summed, x), None


def cumulative_logsumexp_gradient(
    g: GradientBuilder, op: Operation, dy: Tensor
) -> Sequence[Any]:
    """Split `dy` by sign, so that both parts have a logarithm."""
    x, axis = op.inputs
    y = op.outputs[0]
    exclusive, reverse = _directions(op)
    lowest = dy.dtype.min
    log_positive = g.op(
        "SelectV2",
        condition=g.op("Greater", x=dy, y=0),
        t=g.op("Log", x=dy),
        e=lowest,
    )
    log_negative = g.op(
        "SelectV2",
        condition=g.op("Less", x=dy, y=0),
        t=g.op("Log", x=-dy),
        e=lowest,
    )
    parts = []
    for log_part in (log_positive, log_negative):
        running = cumulative_logsumexp(
            log_part - y, axis=axis, reverse=not reverse, exclusive=exclusive
        )
        parts.append(g.op("Exp", x=running + x))
    return parts[0] - parts[1], None


def _row(name: str, gradient: GradientRule) -> OpSpec:
    return OpSpec(
        name=name,
        shape=unchanged_shape,
        gradient=gradient,
        source="tensorflow core/ops/math_ops.cc",
    )


OPS = (
    _row("Cumprod", cumprod_gradient),
    _row("Cumsum", cumsum_gradient),
    _row("CumulativeLogsumexp", cumulative_logsumexp_gradient),
)
