"""Quantised numbers: to them, back, and there and back; twin of the kernels.

Source: tensorflow core/ops/array_ops.cc, math_ops.cc, python/ops/array_grad.py,
array_ops.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from metagraft.graph.op_spec import GradientBuilder, OpSpec, Shapes
from metagraft.graph.shape_checks import (
    merge_dim,
    merged,
    with_rank,
    with_rank_at_least,
)
from metagraft.graph.shapes import Dims

if TYPE_CHECKING:
    from metagraft.graph.operation import Operation
    from metagraft.graph.tensor import Tensor

__all__ = ["OPS"]

_SOURCE = "tensorflow core/ops/array_ops.cc"
_LARGEST = (1 << 31) - 1


def _range_rank(axis: int) -> int:
    """Return 0 for one range, 1 for one for each slice along an axis."""
    return 0 if axis == -1 else 1


def _check_axis(axis: int) -> None:
    if axis < -1:
        raise ValueError(f"axis should be at least -1, got {axis}")


def _check_count(axis: int, dims: Dims, ranges: Dims) -> None:
    """Demand a range for each slice along an axis."""
    if axis == -1:
        return
    if axis >= _LARGEST:
        raise ValueError("Rank cannot exceed kint32max")
    known = with_rank_at_least(dims, axis + 1)
    (count,) = with_rank(ranges, 1)
    merge_dim(count, None if known is None else known[axis])


def _ranges(axis: int, dims: Dims, lowest: Dims, highest: Dims) -> Dims:
    """Return the shape of ranges of both limits, which fit each other."""
    ranges = merged(highest, with_rank(lowest, _range_rank(axis)))
    _check_axis(axis)
    if axis >= _LARGEST:
        raise ValueError(f"Axis cannot be >= kint32max value, got {axis}")
    _check_count(axis, dims, ranges)
    return ranges


def quantize_shape(attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """Like the input; ranges are scalars or vectors."""
    axis = attrs["axis"]
    _check_axis(axis)
    with_rank(inputs[1], _range_rank(axis))
    ranges = with_rank(inputs[2], _range_rank(axis))
    _check_count(axis, inputs[0], ranges)
    return (inputs[0], ranges, ranges)


def dequantize_shape(attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """Like the input."""
    axis = attrs["axis"]
    _check_axis(axis)
    # TF: also refuses axes of what has an unknown rank.
    rank = -1 if inputs[0] is None else len(inputs[0])
    if axis > rank:
        raise ValueError(f"Axis must be less than input dimension({rank}), got {axis}")
    return quantize_shape(attrs, inputs)[:1]


def there_and_back_shape(attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """Like the input."""
    _ranges(attrs["axis"], inputs[0], inputs[1], inputs[2])
    if len(inputs) > 3:
        with_rank(inputs[3], 0)  # the number of bits
    return (inputs[0],)


def first_shape(_attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """Like the input."""
    return (inputs[0],)


def there_and_back_gradient_shape(attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """Each gradient has the shape of its operand."""
    ranges = _ranges(attrs["axis"], inputs[0], inputs[2], inputs[3])
    return (merged(inputs[0], inputs[1]), ranges, ranges)


def with_range_shape(_attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """Like the input, and a range."""
    return (inputs[0], *range_shape(_attrs, inputs))


def range_shape(_attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """Two numbers."""
    for limit in inputs[1:]:
        with_rank(limit, 0)
    return ((), ())


def straight_through_gradient(
    _g: GradientBuilder, op: Operation, dy: Tensor
) -> Sequence[Any]:
    """The gradient passes as if nothing were rounded."""
    return (dy, *[None] * (len(op.inputs) - 1))


def there_and_back_gradient(
    g: GradientBuilder, op: Operation, dy: Tensor
) -> Sequence[Any]:
    """The gradient passes inside of the range."""
    return tuple(
        g.op(
            "QuantizeAndDequantizeV4Grad",
            gradients=dy,
            input=op.inputs[0],
            input_min=op.inputs[1],
            input_max=op.inputs[2],
            axis=op.get_attr("axis"),
        )
    )


def _row(name: str, shape: Any, gradient: Any = None) -> OpSpec:
    if gradient is None:
        return OpSpec(name=name, shape=shape, source=_SOURCE)
    return OpSpec(name=name, shape=shape, gradient=gradient, source=_SOURCE)


OPS = (
    _row("QuantizeV2", quantize_shape),
    _row("Dequantize", dequantize_shape),
    _row("QuantizeAndDequantize", first_shape, straight_through_gradient),
    _row("QuantizeAndDequantizeV2", there_and_back_shape, straight_through_gradient),
    _row("QuantizeAndDequantizeV3", there_and_back_shape, straight_through_gradient),
    _row("QuantizeAndDequantizeV4", there_and_back_shape, there_and_back_gradient),
    # TF: it gives three gradients for four operands, so asking for them ends there.
    _row(
        "QuantizeAndDequantizeV4Grad",
        there_and_back_gradient_shape,
        there_and_back_gradient,
    ),
    _row("Requantize", with_range_shape),
    _row("RequantizationRange", range_shape),
    _row("QuantizeDownAndShrinkRange", with_range_shape),
)
