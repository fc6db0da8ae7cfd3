"""Arrays of repeated values; kernels in `kernels/fill.py`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from metagraft.graph.attrs import Attrs
from metagraft.graph.build import array
from metagraft.graph.build.reductions import reduce_tensor
from metagraft.graph.composite import IndexedSlices
from metagraft.graph.folding import folded_value
from metagraft.graph.op_spec import (
    NOT_DIFFERENTIABLE,
    GradientBuilder,
    OpSpec,
    Shapes,
)
from metagraft.graph.operation import Operation
from metagraft.graph.shape_checks import merge_dim, with_rank, with_rank_at_most
from metagraft.graph.shapes import Dims


def fill_shape(attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """The first operand."""
    del attrs
    with_rank(inputs[0], 1)
    with_rank(inputs[1], 0)
    value = inputs.value(0)
    if value is not None and (value < 0).any():
        raise ValueError("Fill dimensions must be >= 0")
    return (inputs.as_dims(0),)


def fill_gradient(g: GradientBuilder, op: Operation, dy: Any) -> Sequence[Any]:
    """The value is everywhere, so its gradient is the sum."""
    del g, op
    return (None, reduce_tensor("Sum", dy))


def unchanged_shape(attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """The shape of the operand."""
    del attrs
    return (inputs[0],)


def empty_shape(attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """The operand's value."""
    del attrs
    with_rank(inputs[0], 1)
    return (inputs.as_dims(0),)


def tile_shape(attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """Every dimension times its multiple."""
    del attrs
    dims, count = inputs[0], with_rank(inputs[1], 1)[0]
    multiples = inputs.as_dims(1)
    if dims is None:
        rank = count if multiples is None else len(multiples)
        dims = None if rank is None else (None,) * rank
    if dims is None:
        return (None,)
    if count is not None and count != len(dims):
        raise ValueError(f"Shape must be rank {len(dims)} but is rank {count}")
    if multiples is None:
        multiples = (None,) * len(dims)
    return (
        tuple(
            0 if 0 in (d, m) else None if d is None or m is None else d * m
            for d, m in zip(dims, multiples, strict=True)
        ),
    )


def tile_gradient(g: GradientBuilder, op: Operation, dy: Any) -> Sequence[Any]:
    """Split every axis in (repetitions, size) and sum over the repetitions."""
    x, multiples = op.inputs
    input_shape = array.shape(x, out_type=multiples.dtype)
    stacked = array.stack([multiples, input_shape])
    split_shape = array.reshape(array.transpose(stacked), [-1])
    axes = _even_numbers(split_shape)
    if isinstance(dy, IndexedSlices):
        from metagraft.graph.build.math import cast, mod

        rows = cast(input_shape[0], dy.indices.dtype)
        dy = g.op(
            "UnsortedSegmentSum",
            data=dy.values,
            segment_ids=mod(dy.indices, rows),
            num_segments=rows,
        )
        split_shape = array.concat([[1], split_shape[1:]], axis=0)
    gradient = reduce_tensor("Sum", array.reshape(dy, split_shape), axes)
    gradient.set_shape(x.shape)
    return (gradient, None)


def _even_numbers(vector: Any) -> Any:
    from metagraft.graph.build.math import number_range

    return number_range(0, array.size(vector), 2)


def tile_gradient_shape(attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """Every dimension divided by its multiple."""
    del attrs
    dims, multiples = inputs[0], inputs.as_dims(1)
    if dims is None:
        return (None if multiples is None else (None,) * len(multiples),)
    if multiples is None:
        return ((None,) * len(dims),)
    return (
        tuple(
            None if d is None or not m else d // m
            for d, m in zip(dims, multiples, strict=True)
        ),
    )


def broadcast_to_shape(attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """The requested shape."""
    del attrs
    with_rank(inputs[1], 1)
    wanted = inputs.as_dims(1)
    dims = inputs[0]
    if dims is None or wanted is None:
        return (wanted,)
    with_rank_at_most(dims, len(wanted))
    padded = (1,) * (len(wanted) - len(dims)) + dims
    # Only a dimension of 1 is repeated: any other is that of the result.
    pairs = zip(padded, wanted, strict=True)
    return (tuple(merge_dim(d, w) if d is not None and d > 1 else w for d, w in pairs),)


def broadcast_to_gradient(g: GradientBuilder, op: Operation, dy: Any) -> Sequence[Any]:
    """The sum over the axes that were repeated."""
    x, wanted = op.inputs
    x_shape = array.shape(x, out_type=wanted.dtype)
    known = folded_value(wanted)
    if known is not None:
        wanted = array.constant([int(v) for v in known], dtype=wanted.dtype)
    _, axes = g.op("BroadcastGradientArgs", s0=wanted, s1=x_shape)
    summed = reduce_tensor("Sum", dy, axes, keepdims=True)
    return (array.reshape(summed, x_shape), None)


def one_hot_shape(attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """A dimension of `depth` at the axis."""
    dims = inputs[0]
    axis: int = attrs["axis"]
    if axis < -1:
        raise ValueError("axis must be >= -1")
    value = inputs.value(1)
    if value is not None and inputs[1]:
        raise ValueError(f"Input must be scalar but has rank {len(inputs[1])}")
    if dims is None:
        return (None,)
    depth = None if value is None else int(value)
    if depth is not None and depth < 0:
        raise ValueError(
            f"Dimension size, given by scalar input 1, must be non-negative but is"
            f" {depth}"
        )
    # An axis that there is not is counted round; only a run refuses it.
    position = axis % (len(dims) + 1)
    return ((*dims[:position], depth, *dims[position:]),)


_SOURCE = "tensorflow core/ops/array_ops.cc"

OPS = (
    OpSpec(name="Fill", shape=fill_shape, gradient=fill_gradient, source=_SOURCE),
    OpSpec(
        name="ZerosLike",
        shape=unchanged_shape,
        gradient=NOT_DIFFERENTIABLE,
        source=_SOURCE,
    ),
    OpSpec(
        name="OnesLike",
        shape=unchanged_shape,
        gradient=NOT_DIFFERENTIABLE,
        source=_SOURCE,
    ),
    OpSpec(name="Empty", shape=empty_shape, source=_SOURCE),
    OpSpec(name="Tile", shape=tile_shape, gradient=tile_gradient, source=_SOURCE),
    OpSpec(name="TileGrad", shape=tile_gradient_shape, source=_SOURCE),
    OpSpec(
        name="BroadcastTo",
        shape=broadcast_to_shape,
        gradient=broadcast_to_gradient,
        source=_SOURCE,
    ),
    OpSpec(
        name="OneHot",
        shape=one_hot_shape,
        gradient=NOT_DIFFERENTIABLE,
        source=_SOURCE,
    ),
)
