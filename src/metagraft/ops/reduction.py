"""Reductions over given axes; twin of `kernels/reduction.py`.

Source: tensorflow core/ops/math_ops.cc, python/ops/math_grad.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from metagraft.graph import dtypes
from metagraft.graph.build import array
from metagraft.graph.build.math import (
    cast,
    conj,
    cumprod,
    divide,
    number_range,
    truediv,
)
from metagraft.graph.build.reductions import reduce_tensor, reduced_shape
from metagraft.graph.constant_value import constant_value
from metagraft.graph.op_spec import (
    NO_RULE_YET,
    GradientBuilder,
    GradientRule,
    NoGradient,
    OpSpec,
    Shapes,
)
from metagraft.graph.operation import Operation
from metagraft.graph.scopes import colocate_with, device
from metagraft.graph.shape_checks import with_rank, with_rank_at_most
from metagraft.graph.shapes import Dims, num_elements
from metagraft.graph.tensor import Tensor

__all__ = ["OPS"]

Gradients = Sequence[Any]


def reduction_shape(attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """The reduced axes are left out, or become 1 with `keep_dims`."""
    with_rank_at_most(inputs[1], 1)
    dims = inputs[0]
    keep = attrs["keep_dims"]
    indices = inputs.value(1)
    if dims is None:
        return (None,)
    if indices is None:
        return ((None,) * len(dims) if keep else None,)
    axes = set(_axes(indices.reshape(-1).tolist(), len(dims)))
    if keep:
        return (tuple(1 if i in axes else d for i, d in enumerate(dims)),)
    return (tuple(d for i, d in enumerate(dims) if i not in axes),)


def _axes(indices: Iterable[int], rank: int) -> list[int]:
    axes = []
    for index in indices:
        if not -rank <= index < rank:
            raise ValueError(
                f"Invalid reduction dimension {index} for input with {rank} dimensions."
            )
        axes.append(index % rank)
    return axes


def arg_extreme_shape(_attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """The searched axis is left out."""
    with_rank(inputs[1], 0)
    dims = inputs[0]
    if dims is None:
        return (None,)
    if len(dims) <= 1:
        return ((),)
    dimension = inputs.value(1)
    if dimension is None:
        return ((None,) * (len(dims) - 1),)
    index, rank = int(dimension), len(dims)
    if not -rank <= index < rank:
        raise ValueError(
            f"Dimension ({index}) must be in the range [{-rank}, {rank}), where"
            f" {rank} is the number of dimensions in the input."
        )
    axis = index % rank
    return (dims[:axis] + dims[axis + 1 :],)


def sum_gradient(g: GradientBuilder, op: Operation, dy: Tensor) -> Gradients:
    """`dy` repeated along the reduced axes."""
    return _spread(g, op, dy), None


def _spread(g: GradientBuilder, op: Operation, dy: Tensor) -> Tensor:
    """Repeat the gradient of a sum along the reduced axes."""
    x, indices = op.inputs
    dims = x.dims
    known = constant_value(indices) if dims is not None else None
    if dims is not None and known is not None:
        if np.array_equal(known, np.arange(len(dims))):
            return _spread_scalar(g, x, dims, dy)
        if None not in dims:
            return _spread_static(g, op, np.asarray(known), dy)
    shape = array.shape(x)
    if not op.get_attr("keep_dims"):
        with colocate_with(shape):
            kept = reduced_shape(shape, indices)
        dy = array.reshape(dy, kept)
    spread: Tensor = g.op("BroadcastTo", input=dy, shape=shape)
    return spread


def _spread_scalar(
    g: GradientBuilder, x: Tensor, dims: tuple[int | None, ...], dy: Tensor
) -> Tensor:
    """The case of all axes: a reshape and a tile."""
    dy = array.reshape(dy, [1] * len(dims))
    is_known = None not in dims
    shape = array.constant(dims, dtype=dtypes.int32) if is_known else array.shape(x)
    tiled: Tensor = g.op("Tile", input=dy, multiples=shape)
    return tiled


def _spread_static(
    g: GradientBuilder, op: Operation, axes: np.ndarray[Any, Any], dy: Tensor
) -> Tensor:
    """The case of a fully known shape.

    TF: the first gradient of its kind in a graph leaves behind the nodes `Maximum` and
    `floordiv` with which the tile counts are computed; the numbers are then kept with
    the graph. Names of later nodes depend on it, so the nodes are added here as well.
    """
    dims = np.array(op.inputs[0].dims, dtype=np.int32)
    key = (tuple(dims.tolist()), tuple(axes.reshape(-1).tolist()))
    cache = op.graph.reduced_shapes
    if key not in cache:
        kept = reduced_shape(dims, axes.reshape(-1))
        divisor = g.op("Maximum", x=kept, y=1)
        tuple(dims.tolist()) // divisor  # adds floordiv
        counts = dims // np.maximum(kept, 1)
        cache[key] = (tuple(np.asarray(kept).tolist()), tuple(counts.tolist()))
    kept_dims, tile_counts = cache[key]
    dy = array.reshape(dy, kept_dims)
    tiled: Tensor = g.op("Tile", input=dy, multiples=tile_counts)
    return tiled


def mean_gradient(g: GradientBuilder, op: Operation, dy: Tensor) -> Gradients:
    """The gradient of the sum, divided by the number of elements."""
    spread = _spread(g, op, dy)
    x_size = num_elements(op.inputs[0].dims)
    z_size = num_elements(op.outputs[0].dims)
    factor: Any
    if x_size is not None and z_size is not None:
        factor = array.constant(x_size // max(z_size, 1), dtype=spread.dtype)
    else:
        shape = array.shape(op.inputs[0])
        rank = array.size(shape)
        axes = cast(op.inputs[1], rank.dtype)
        axes = (axes + rank) % rank
        factor = reduce_tensor("Prod", array.gather(shape, axes))
    return truediv(spread, cast(factor, spread.dtype)), None


def extreme_gradient(g: GradientBuilder, op: Operation, dy: Tensor) -> Gradients:
    """`dy` shared equally between all elements that reach the extreme."""
    x, indices = op.inputs
    shape = array.shape(x)
    y = op.outputs[0]
    kept: Any
    if op.get_attr("keep_dims"):
        kept = array.shape(y)
    else:
        kept = reduced_shape(shape, indices)
        y = array.reshape(y, kept)
        dy = array.reshape(dy, kept)
    reaches = cast(g.op("Equal", x=y, y=x), dy.dtype)
    count = array.reshape(reduce_tensor("Sum", reaches, indices), kept)
    return divide(reaches, count) * dy, None


def prod_gradient(g: GradientBuilder, op: Operation, dy: Tensor) -> Gradients:
    """`dy` times the product of all other elements, found without dividing.

    The reduced axes are moved to the front and flattened; the product of the others is
    an exclusive running product from both ends.
    """
    x = op.inputs[0]
    shape = array.shape(x)
    indices = array.reshape(op.inputs[1], [-1])
    if not op.get_attr("keep_dims"):
        kept = reduced_shape(shape, op.inputs[1])
        dy = array.reshape(dy, kept)
    dy = g.op("BroadcastTo", input=dy, shape=shape)
    with device("/cpu:0"):
        rank = array.rank(x)
        indices = cast(indices, rank.dtype)
        reduced = (indices + rank) % rank
        idx = number_range(0, rank)
        other, _ = g.op("ListDiff", x=idx, y=reduced, out_idx=reduced.dtype)
        perm = array.concat([reduced, other], 0)
        reduced_count = reduce_tensor("Prod", array.gather(shape, reduced))
        other_count = reduce_tensor("Prod", array.gather(shape, other))
    permuted = array.transpose(x, perm)
    permuted_shape = array.shape(permuted)
    flat = array.reshape(permuted, (reduced_count, other_count))
    left = cumprod(flat, axis=0, exclusive=True)
    right = cumprod(flat, axis=0, exclusive=True, reverse=True)
    y = array.reshape(conj(left) * conj(right), permuted_shape)
    inverse = g.op("InvertPermutation", x=perm)
    return array.reshape(dy * array.transpose(y, inverse), shape), None


def euclidean_norm_gradient(
    _g: GradientBuilder, op: Operation, dy: Tensor
) -> Gradients:
    """`x * dy / y`."""
    y = op.outputs[0]
    if not op.get_attr("keep_dims"):
        kept = reduced_shape(array.shape(op.inputs[0]), op.inputs[1])
        y = array.reshape(y, kept)
        dy = array.reshape(dy, kept)
    return truediv(op.inputs[0], y / dy), None


def no_gradients(_g: GradientBuilder, _op: Operation, _dy: Tensor) -> Gradients:
    """Nothing flows back through an index."""
    return None, None


def _row(name: str, gradient: GradientRule | NoGradient) -> OpSpec:
    return OpSpec(
        name=name,
        shape=reduction_shape,
        gradient=gradient,
        source="tensorflow core/ops/math_ops.cc",
    )


def _arg_row(name: str) -> OpSpec:
    return OpSpec(
        name=name,
        shape=arg_extreme_shape,
        gradient=no_gradients,
        source="tensorflow core/ops/math_ops.cc",
    )


OPS = (
    _row("All", NO_RULE_YET),
    _row("Any", NO_RULE_YET),
    _arg_row("ArgMax"),
    _arg_row("ArgMin"),
    _row("EuclideanNorm", euclidean_norm_gradient),
    _row("Max", extreme_gradient),
    _row("Mean", mean_gradient),
    _row("Min", extreme_gradient),
    _row("Prod", prod_gradient),
    _row("Sum", sum_gradient),
)
