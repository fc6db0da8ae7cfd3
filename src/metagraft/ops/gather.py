"""Picking slices by index; kernels in `kernels/gather.py`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from metagraft.graph.attrs import Attrs
from metagraft.graph.build import array
from metagraft.graph.build.indexed_slices import as_dense
from metagraft.graph.build.math import cast, number_range
from metagraft.graph.composite import IndexedSlices
from metagraft.graph.constant_value import constant_value
from metagraft.graph.op_spec import GradientBuilder, OpSpec, Shapes
from metagraft.graph.operation import Operation
from metagraft.graph.scopes import colocate_with
from metagraft.graph.shape_checks import merged, with_rank, with_rank_at_least
from metagraft.graph.shapes import Dims, show
from metagraft.graph.tensor import Tensor


def gather_shape(attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """The indices' shape, then the rows'."""
    del attrs
    params = with_rank_at_least(inputs[0], 1)
    indices = inputs[1]
    if params is None or indices is None:
        return (None,)
    return (indices + params[1:],)


def _check_axis(axis: int, rank: int) -> None:
    if not -rank <= axis < rank:
        raise ValueError(
            f"Shape must be at least rank {axis + 1 if axis >= 0 else -axis} but is"
            f" rank {rank}"
        )


def gather_v2_shape(attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """The axis is replaced by the indices' shape, less the batch axes."""
    params, indices = with_rank_at_least(inputs[0], 1), inputs[1]
    with_rank(inputs[2], 0)
    value = inputs.value(2)
    batch_dims: int = attrs["batch_dims"]
    if value is not None and params is not None:
        _check_axis(int(value), len(params))
    if params is None or indices is None:
        return (None,)
    if value is None:
        rank = len(params) + len(indices) - 1 - batch_dims
        return ((None,) * rank if batch_dims >= 0 else None,)
    axis = int(value) % len(params)
    batch_dims += len(indices) if batch_dims < 0 else 0
    if not 0 <= batch_dims <= len(indices):
        raise ValueError(
            f"batch_dims {attrs['batch_dims']} must be at most the rank"
            f" {len(indices)} of indices"
        )
    if axis < batch_dims:
        raise ValueError(
            f"axis {axis} must not be smaller than batch_dims {batch_dims}"
        )
    batch = merged(params[:batch_dims], indices[:batch_dims])
    assert batch is not None
    middle = params[batch_dims:axis]
    return (batch + middle + indices[batch_dims:] + params[axis + 1 :],)


def gather_nd_shape(attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """An index vector picks a slice."""
    del attrs
    params = inputs[0]
    indices = with_rank_at_least(inputs[1], 1)
    if params is None or indices is None or indices[-1] is None:
        return (None,)
    if indices[-1] > len(params):
        raise ValueError(
            "indices.shape[-1] must be <= params.rank, but saw indices shape:"
            f" {show(indices)} and params shape: {show(params)}"
        )
    return (indices[:-1] + params[indices[-1] :],)


def gather_gradient(g: GradientBuilder, op: Operation, dy: Any) -> Sequence[Any]:
    """The rows' gradients with their indices."""
    del g
    params, indices = op.inputs
    with colocate_with(params):
        params_shape = array.shape(params)
    size = array.expand_dims(array.size(indices), 0)
    values_shape = array.concat([size, params_shape[1:]], 0)
    values = array.reshape(as_dense(dy), values_shape)
    flat = array.reshape(indices, size)
    return (IndexedSlices(values, flat, params_shape), None)


def gather_v2_gradient(g: GradientBuilder, op: Operation, dy: Any) -> Sequence[Any]:
    """Rows with their indices along axis 0, else a dense array."""
    params, indices, axis = op.inputs
    with colocate_with(params):
        params_shape = array.shape(params)
    size = array.expand_dims(array.size(indices), 0)
    batch_dims: int = op.attrs["batch_dims"]
    if batch_dims < 0:
        if indices.dims is None:
            raise ValueError(
                "Currently, it is unsupported to take the gradient of tf.gather when"
                " batch_dims < 0 and the rank of the indices is unknown. Please pass a"
                " positive batch_dims or use tf.ensure_shape to update the shape of"
                " indices when calling tf.gather. Got"
                f" batch_dims={batch_dims} and indices={indices}"
            )
        batch_dims += len(indices.dims)
    known = constant_value(axis)
    if known is not None and int(known) == 0:
        values_shape = array.concat([size, params_shape[1:]], 0)
        values = array.reshape(as_dense(dy), values_shape)
        flat = array.reshape(indices, size)
        return (IndexedSlices(values, flat, params_shape), None, None)
    dense = _axis_gradient(g, params_shape, indices, axis, batch_dims, dy)
    return (array.reshape(dense, array.shape(params)), None, None)


def _axis_gradient(
    g: GradientBuilder,
    params_shape: Tensor,
    indices: Tensor,
    axis: Tensor,
    batch_dims: int,
    dy: Any,
) -> Tensor:
    """Bring the axis to the front, add up, and bring it back."""
    outer = params_shape[:axis]
    inner = params_shape[axis:][1:]
    values_shape = array.concat([outer, [-1], inner], 0)
    rank = array.size(values_shape)
    axis_rank = array.size(outer)
    batch = number_range(batch_dims)
    between = number_range(batch_dims, axis_rank)
    after = number_range(axis_rank + 1, rank)
    values = array.reshape(as_dense(dy), values_shape)
    forward = array.concat([batch, [axis_rank], between, after], 0)
    moved = array.transpose(values, forward)
    moved_shape = array.gather(params_shape, forward)
    summed = _batch_gradient(
        g, moved_shape, moved, indices, batch_dims, params_shape[axis]
    )
    back = array.concat([batch, between + 1, [batch_dims], after], 0)
    return array.transpose(summed, back)


def _batch_gradient(
    g: GradientBuilder,
    params_shape: Tensor,
    values: Any,
    indices: Tensor,
    batch_dims: int,
    count: Any,
) -> Tensor:
    size = array.expand_dims(array.size(indices), 0)
    outer: Any = None
    flat_shape: Any = None
    if batch_dims:
        values_shape = array.shape(values)
        outer = values_shape[:batch_dims]
        inner = values_shape[batch_dims:][1:]
        batch_size = g.op("Prod", input=outer, reduction_indices=[0], keep_dims=False)
        flat_shape = array.concat([[-1], inner], 0)
        count *= batch_size
        indices = _batch_indices(g, params_shape, indices, batch_dims)
        values = array.reshape(as_dense(values), flat_shape)
    indices = array.reshape(indices, size)
    summed: Tensor = g.op(
        "UnsortedSegmentSum", data=values, segment_ids=indices, num_segments=count
    )
    if batch_dims:
        summed = array.reshape(summed, array.concat([outer, flat_shape], 0))
    return summed


def _batch_indices(
    g: GradientBuilder, params_shape: Tensor, indices: Tensor, batch_dims: int
) -> Tensor:
    """Indices into the rows of all batches one after the other."""
    found = indices
    dtype = indices.dtype.base_dtype
    sizes = cast(params_shape, dtype)
    stride = array.ones((), dtype=dtype)
    for dim in range(batch_dims, 0, -1):
        size = sizes[dim - 1]
        stride *= sizes[dim]
        start, step = array.zeros((), dtype=dtype), array.ones((), dtype=dtype)
        offsets = number_range(start, size, step)
        offsets *= stride
        dims = array.concat(
            [
                g.op("Tile", input=[1], multiples=[dim - 1]),
                [size],
                g.op("Tile", input=[1], multiples=[array.rank(indices) - dim]),
            ],
            axis=0,
        )
        found += array.reshape(offsets, dims)
    return found


def gather_nd_gradient(g: GradientBuilder, op: Operation, dy: Any) -> Sequence[Any]:
    """The slices with their indices, or scattered into zeros."""
    params, indices = op.inputs
    params_shape = array.shape(params, out_type=indices.dtype)
    dims = indices.dims
    if dims is not None and len(dims) == 2 and dims[-1] == 1:
        rows = array.squeeze(indices, axis=-1)
        return (IndexedSlices(dy, rows, params_shape), None)
    scattered = g.op(
        "ScatterNd",
        indices=indices,
        updates=dy,
        shape=params_shape,
        bad_indices_policy=op.attrs["bad_indices_policy"],
    )
    return (scattered, None)


_SOURCE = "tensorflow core/ops/array_ops.cc"

OPS = (
    OpSpec(name="Gather", shape=gather_shape, gradient=gather_gradient, source=_SOURCE),
    OpSpec(
        name="GatherV2",
        shape=gather_v2_shape,
        gradient=gather_v2_gradient,
        source=_SOURCE,
    ),
    OpSpec(
        name="GatherNd",
        shape=gather_nd_shape,
        gradient=gather_nd_gradient,
        source=_SOURCE,
    ),
)
