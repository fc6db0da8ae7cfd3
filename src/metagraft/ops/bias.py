"""Adding a bias to every channel; twin of `kernels/bias.py`.

Source: tensorflow core/framework/common_shape_fns.cc BiasAddShape,
BiasAddGradShape; python/ops/nn_grad.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from metagraft.graph.build import array
from metagraft.graph.build.math import number_range
from metagraft.graph.build.reductions import reduce_tensor
from metagraft.graph.op_spec import GradientBuilder, OpSpec, Shapes
from metagraft.graph.shape_checks import merge_dim, with_rank, with_rank_at_least
from metagraft.graph.shapes import Dims

if TYPE_CHECKING:
    from metagraft.graph.operation import Operation
    from metagraft.graph.tensor import Tensor

__all__ = ["OPS"]


def _is_channels_first(attrs: Any) -> bool:
    return bool(attrs.get("data_format", b"NHWC") == b"NCHW")


def bias_add_shape(attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """The value's shape; the bias has as many elements as there are channels."""
    value = with_rank_at_least(inputs[0], 3 if _is_channels_first(attrs) else 2)
    bias = with_rank(inputs[1], 1)
    if value is None:
        return (None,)
    axis = 1 if _is_channels_first(attrs) else len(value) - 1
    out = list(value)
    out[axis] = merge_dim(value[axis], bias[0])
    return (tuple(out),)


def bias_add_grad_shape(attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """A vector with one element for every channel."""
    value = with_rank_at_least(inputs[0], 3 if _is_channels_first(attrs) else 2)
    if value is None:
        return ((None,),)
    return ((value[1 if _is_channels_first(attrs) else len(value) - 1],),)


def bias_add_gradient(
    g: GradientBuilder, op: Operation, dy: Tensor
) -> Sequence[Tensor]:
    """The bias collects the sum over all other axes."""
    data_format = op.get_attr("data_format")
    return dy, g.op("BiasAddGrad", out_backprop=dy, data_format=data_format)


def bias_add_v1_gradient(
    _g: GradientBuilder, _op: Operation, dy: Tensor
) -> Sequence[Tensor]:
    """As `bias_add_gradient`, with the sum written out."""
    axes = number_range(array.rank(dy) - 1)
    return dy, reduce_tensor("Sum", dy, axes)


def bias_add_grad_gradient(
    g: GradientBuilder, op: Operation, dy: Tensor
) -> Sequence[Tensor]:
    """Spreads a vector over the axes that were summed."""
    shape = array.shape(op.inputs[0])
    bias_shape = array.shape(dy)
    if op.get_attr("data_format") == b"NCHW":
        leading = array.ones_like(shape[:1])
        trailing = array.ones_like(shape[2:])
        expanded = array.concat([leading, bias_shape, trailing], 0)
        multiples = array.concat([shape[:1], [1], shape[2:]], 0)
    else:
        expanded = array.concat([array.ones_like(shape[:-1]), bias_shape], 0)
        multiples = array.concat([shape[:-1], [1]], 0)
    rows = array.reshape(dy, expanded)
    return (g.op("Tile", input=rows, multiples=multiples),)


OPS = (
    OpSpec(
        name="BiasAdd",
        shape=bias_add_shape,
        gradient=bias_add_gradient,
        source="tensorflow core/ops/nn_ops.cc",
    ),
    OpSpec(
        name="BiasAddV1",
        shape=bias_add_shape,
        gradient=bias_add_v1_gradient,
        source="tensorflow core/ops/nn_ops.cc",
    ),
    OpSpec(
        name="BiasAddGrad",
        shape=bias_add_grad_shape,
        gradient=bias_add_grad_gradient,
        source="tensorflow core/ops/nn_ops.cc",
    ),
)
