"""Summing the gradient of a broadcasting op down to the shapes of its operands.

Source: tensorflow python/ops/math_grad.py SmartBroadcastGradientArgs.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from metagraft.graph.apply_op import op
from metagraft.graph.build import array
from metagraft.graph.build.reductions import reduce_tensor
from metagraft.graph.shapes import Dims
from metagraft.graph.tensor import Tensor

__all__ = ["has_equal_static_shapes", "reduce_gradient_args"]


class _Reduction(NamedTuple):
    """How one operand's gradient gets the operand's shape."""

    shape: Tensor
    axes: Any
    is_needed: bool


def has_equal_static_shapes(x: Tensor, y: Tensor, dy: Any) -> bool:
    """Whether operands and gradient have one and the same fully known shape."""
    if not isinstance(dy, Tensor):
        return False
    dims = x.shape.dims_tuple
    if dims is None or None in dims:
        return False
    return dims == y.shape.dims_tuple and dims == dy.shape.dims_tuple


def reduce_gradient_args(x: Tensor, y: Tensor, dx: Any, dy: Any) -> tuple[Any, Any]:
    """Sum the gradients of both operands over the axes that were broadcast.

    Args:
        x: The first operand.
        y: The second operand.
        dx: The gradient for `x` in the shape of the output, or None.
        dy: The gradient for `y`, likewise.
    """
    if dx is None and dy is None:
        return None, None
    x_reduction, y_reduction = _reductions(x, y)
    return _reduced(dx, x_reduction), _reduced(dy, y_reduction)


def _reductions(x: Tensor, y: Tensor) -> tuple[_Reduction, _Reduction]:
    x_shape = array.shape(x)
    y_shape = array.shape(y)
    x_dims, y_dims = x.shape.dims_tuple, y.shape.dims_tuple
    axes = _static_axes(x_dims, y_dims)
    if axes is None:
        x_axes, y_axes = op("BroadcastGradientArgs", s0=x_shape, s1=y_shape)
        return _Reduction(x_shape, x_axes, True), _Reduction(y_shape, y_axes, True)
    assert x_dims is not None
    assert y_dims is not None
    return (
        _Reduction(x_shape, axes[0], bool(axes[0]) or len(x_dims) < len(y_dims)),
        _Reduction(y_shape, axes[1], bool(axes[1]) or len(y_dims) < len(x_dims)),
    )


def _static_axes(x: Dims, y: Dims) -> tuple[list[int], list[int]] | None:
    """Return the broadcast axes of both, or None if only a run knows them."""
    if x is None or y is None:
        return None
    rank = max(len(x), len(y))
    padded_x = (1,) * (rank - len(x)) + x
    padded_y = (1,) * (rank - len(y)) + y
    x_axes: list[int] = []
    y_axes: list[int] = []
    for axis, (a, b) in enumerate(zip(padded_x, padded_y, strict=True)):
        if a == 1 and b != 1:
            x_axes.append(axis)
        elif b == 1 and a != 1:
            y_axes.append(axis)
        elif a is None or b is None:
            return None
    return x_axes, y_axes


def _reduced(gradient: Any, reduction: _Reduction) -> Any:
    if gradient is None or not reduction.is_needed:
        return gradient
    summed = reduce_tensor("Sum", gradient, reduction.axes, keepdims=True)
    return array.reshape(summed, reduction.shape)
