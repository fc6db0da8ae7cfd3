"""Gathering within the elements of a batch, with the nodes TensorFlow adds.

Source: tensorflow python/ops/array_ops.py batch_gather, batch_gather_nd.
"""

from __future__ import annotations

from typing import Any

from metagraft.graph import dtypes
from metagraft.graph.apply_op import op
from metagraft.graph.build import array
from metagraft.graph.conversion import convert_to_tensor
from metagraft.graph.scopes import name_scope
from metagraft.graph.tensor import Tensor

__all__ = ["batch_gather", "batch_gather_nd"]


def batch_gather(params: Any, indices: Any, name: str | None = None) -> Tensor:
    """Return elements along the last axis of `indices`, batch by batch.

    Raises:
        ValueError: The rank of `indices` is not known.
    """
    with name_scope(name, "BatchGather", [params, indices]):
        indices = convert_to_tensor(indices, name="indices")
        params = convert_to_tensor(params, name="params")
        if indices.dims is None:
            raise ValueError("batch_gather does not allow indices with unknown shape.")
        return _batch_gather(params, indices, len(indices.dims) - 1)


def _batch_gather(params: Tensor, indices: Tensor, batch_dims: int) -> Tensor:
    assert indices.dims is not None
    rank = len(indices.dims)
    if batch_dims < 0 or batch_dims >= rank:
        raise ValueError(
            f"Argument `batch_dims` = {batch_dims} must be less than rank(`indices`) ="
            f" {rank}"
        )
    if params.dims is not None and batch_dims >= len(params.dims):
        raise ValueError(
            f"Argument `batch_dims` = {batch_dims} must be less than rank(`params`) ="
            f" {len(params.dims)}"
        )
    indices_shape = array.shape(indices)
    params_shape = array.shape(params)
    flat_positions = _flat_positions(params_shape, indices, batch_dims)
    flat_indices = array.reshape(flat_positions, [-1])
    outer = params_shape[batch_dims + 1 :]
    inner = op(
        "Prod",
        input=params_shape[: batch_dims + 1],
        reduction_indices=[0],
        keep_dims=False,
    )
    flat_params = array.reshape(params, array.concat([[inner], outer], axis=0))
    flat_result = array.gather(flat_params, flat_indices)
    result = array.reshape(flat_result, array.concat([indices_shape, outer], axis=0))
    batch = indices.shape[:batch_dims].merge_with(params.shape[:batch_dims])
    known = batch.concatenate(indices.shape[batch_dims:])
    result.set_shape(known.concatenate(params.shape[batch_dims + 1 :]))
    return result


def _flat_positions(params_shape: Tensor, indices: Tensor, batch_dims: int) -> Tensor:
    assert indices.dims is not None
    dtype = indices.dtype.base_dtype
    rank = len(indices.dims)
    positions = indices
    stride = array.ones((), dtype=dtype)
    sizes = op("Cast", x=params_shape, DstT=dtype)
    for dim in range(batch_dims, 0, -1):
        size = sizes[dim - 1]
        stride *= sizes[dim]
        start, step = array.zeros((), dtype=dtype), array.ones((), dtype=dtype)
        offsets = op("Range", start=start, limit=size, delta=step)
        offsets *= stride
        dims = array.stack([1] * (dim - 1) + [size] + [1] * (rank - dim), axis=0)
        positions += array.reshape(offsets, dims)
    return positions


def batch_gather_nd(
    params: Any,
    indices: Any,
    batch_dims: Any,
    name: str | None = None,
    bad_indices_policy: str = "",
) -> Tensor:
    """Return the elements or slices at index vectors, batch by batch.

    Raises:
        TypeError: `batch_dims` is no integer.
        ValueError: It is negative or too large.
    """
    with name_scope(name, "BatchGatherND", [params, indices]):
        indices = convert_to_tensor(indices, name="indices")
        params = convert_to_tensor(params, name="params")
        _check_batch_dims(params, indices, batch_dims)
        params_shape = array.shape(params)
        indices_shape = array.shape(indices)
        batch_shape = params_shape[:batch_dims]
        batch_size = op("Prod", input=batch_shape, reduction_indices=[0])
        inner_rank = array.rank(indices) - batch_dims - 1
        inner_shape = indices_shape[batch_dims:-1]
        grid = _batch_positions(batch_shape, indices)
        grid_shape = array.shape(grid)
        wide = [
            grid_shape[:1],
            array.ones(inner_rank, dtype=grid_shape.dtype),
            grid_shape[1:],
        ]
        grid = array.reshape(grid, array.concat(wide, axis=0))
        repeats = array.concat(((1,), inner_shape, (1,)), axis=0)
        grid = op("Tile", input=grid, multiples=repeats)
        flat_shape = array.concat(([batch_size], indices_shape[batch_dims:]), axis=0)
        flat_indices = array.reshape(indices, flat_shape)
        picked = op(
            "GatherNd",
            params=params,
            indices=array.concat((grid, flat_indices), axis=-1),
            bad_indices_policy=bad_indices_policy,
        )
        picked_shape = array.shape(picked)
        whole = array.concat((batch_shape, picked_shape[1:]), axis=0)
        return array.reshape(picked, whole)


def _check_batch_dims(params: Tensor, indices: Tensor, batch_dims: Any) -> None:
    if not isinstance(batch_dims, int):
        raise TypeError(f"Argument `batch_dims` must be an int; got {batch_dims}")
    if batch_dims < 0:
        raise ValueError("tf.gather_nd does not allow negative batch_dims.")
    for name, tensor in (("indices", indices), ("params", params)):
        if tensor.dims is not None and batch_dims >= len(tensor.dims):
            raise ValueError(
                f"Argument `batch_dims` = {batch_dims} must be less than rank(`{name}`)"
                f" = {len(tensor.dims)}"
            )


def _batch_positions(batch_shape: Tensor, indices: Tensor) -> Tensor:
    """The index vectors of all elements of the batch, `[count, batch_dims]`."""
    from metagraft.api.array import meshgrid

    ranges = [
        op(
            "Cast",
            x=op(
                "Range", start=0, limit=op("Cast", x=size, DstT=dtypes.int32), delta=1
            ),
            DstT=indices.dtype,
        )
        for size in array.unstack(batch_shape, axis=0)
    ]
    mesh = meshgrid(*ranges, indexing="ij") if ranges else []
    flat = [array.reshape(x, (-1,)) for x in mesh]
    return array.transpose(array.stack(flat, axis=0))
