"""Quantisation imitated in floating point; kernels in `kernels/fake_quant.py`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from metagraft.graph.op_spec import (
    NOT_DIFFERENTIABLE,
    GradientBuilder,
    OpSpec,
    Shapes,
)
from metagraft.graph.operation import Operation
from metagraft.graph.shape_checks import (
    merge_dim,
    merged,
    with_rank,
    with_rank_at_least,
    with_rank_at_most,
)
from metagraft.graph.shapes import Dims


@dataclass(frozen=True, slots=True)
class FakeQuantAttrs:
    """How values are quantised.

    Attributes:
        num_bits: Bits of a quantised value.
        narrow_range: Whether the lowest quantised value stays unused.
        range: The values that are represented, if they are attributes.
    """

    num_bits: int
    narrow_range: bool
    range: tuple[float, float] | None

    @classmethod
    def read(cls, attrs: Mapping[str, Any]) -> FakeQuantAttrs:
        """Read the attributes of a node."""
        has_range = "min" in attrs
        limits = (float(attrs["min"]), float(attrs["max"])) if has_range else None
        return cls(int(attrs["num_bits"]), bool(attrs["narrow_range"]), limits)

    @property
    def limits(self) -> tuple[int, int]:
        """The lowest and highest quantised value."""
        return int(self.narrow_range), (1 << self.num_bits) - 1


def unchanged_shape(attrs: FakeQuantAttrs, inputs: Shapes) -> Sequence[Dims]:
    """The shape of the first operand."""
    del attrs
    return (inputs[0],)


def args_gradient_shape(attrs: FakeQuantAttrs, inputs: Shapes) -> Sequence[Dims]:
    """The shape of both operands. TF: only a run compares them."""
    del attrs
    return (inputs[0],)


def vars_shape(attrs: FakeQuantAttrs, inputs: Shapes) -> Sequence[Dims]:
    """Unchanged; the range is two scalars."""
    del attrs
    with_rank(inputs[1], 0)
    with_rank(inputs[2], 0)
    return (inputs[0],)


def vars_gradient_shape(attrs: FakeQuantAttrs, inputs: Shapes) -> Sequence[Dims]:
    """As the operand, and two scalars."""
    del attrs
    dims = merged(inputs[0], inputs[1])
    range_dims = merged(with_rank(inputs[2], 0), inputs[3])
    return (dims, range_dims, range_dims)


def per_channel_shape(attrs: FakeQuantAttrs, inputs: Shapes) -> Sequence[Dims]:
    """Unchanged; the range is two values per channel."""
    del attrs
    dims = with_rank_at_least(inputs[0], 1)
    last = None if dims is None else dims[-1]
    (low,), (high,) = (with_rank(inputs[place], 1) for place in (1, 2))
    for one, other in ((last, low), (last, high), (low, high)):
        merge_dim(one, other)
    return (dims,)


def per_channel_gradient_shape(attrs: FakeQuantAttrs, inputs: Shapes) -> Sequence[Dims]:
    """As the operand, and two values per channel."""
    del attrs
    dims = with_rank_at_most(with_rank_at_least(inputs[0], 1), 4)
    dims = merged(dims, inputs[1])
    last = None if dims is None else dims[-1]
    channels = merged(inputs[3], merged(with_rank(inputs[2], 1), (last,)))
    return (dims, channels, channels)


def _options(op: Operation, *names: str) -> dict[str, Any]:
    return {name: op.attrs[name] for name in (*names, "num_bits", "narrow_range")}


def args_gradient(g: GradientBuilder, op: Operation, dy: Any) -> Sequence[Any]:
    """What lies in the range gets the gradient."""
    gradient = g.op(
        "FakeQuantWithMinMaxArgsGradient",
        gradients=dy,
        inputs=op.inputs[0],
        **_options(op, "min", "max"),
    )
    return (gradient,)


def _vars_gradient(g: GradientBuilder, op: Operation, dy: Any) -> Sequence[Any]:
    inputs, minimum, maximum = op.inputs
    found: Sequence[Any] = g.op(
        f"{op.type}Gradient",
        gradients=dy,
        inputs=inputs,
        min=minimum,
        max=maximum,
        **_options(op),
    )
    return found


def vars_gradient(g: GradientBuilder, op: Operation, dy: Any) -> Sequence[Any]:
    """What lies in the range gets the gradient, its ends get the rest."""
    return _vars_gradient(g, op, dy)


def per_channel_gradient(g: GradientBuilder, op: Operation, dy: Any) -> Sequence[Any]:
    """What lies in the range gets the gradient, its ends get the rest."""
    return _vars_gradient(g, op, dy)


_SOURCE = "tensorflow core/ops/array_ops.cc"
_PREFIX = "FakeQuantWithMinMax"
_RULES: dict[str, tuple[Any, Any]] = {
    "Args": (unchanged_shape, args_gradient),
    "ArgsGradient": (args_gradient_shape, NOT_DIFFERENTIABLE),
    "Vars": (vars_shape, vars_gradient),
    "VarsGradient": (vars_gradient_shape, NOT_DIFFERENTIABLE),
    "VarsPerChannel": (per_channel_shape, per_channel_gradient),
    "VarsPerChannelGradient": (per_channel_gradient_shape, NOT_DIFFERENTIABLE),
}

OPS = tuple(
    OpSpec(
        name=_PREFIX + name,
        attrs=FakeQuantAttrs.read,
        shape=shape,
        gradient=gradient,
        source=_SOURCE,
    )
    for name, (shape, gradient) in _RULES.items()
)
