"""Picking slices by index; twin of `ops/gather.py`.

On the host an index out of bounds raises, as in TensorFlow on the CPU. In a compiled
program it yields zeros, as in TensorFlow on a GPU.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from metagraft.errors import InvalidArgumentError
from metagraft.graph.attrs import Attrs
from metagraft.graph.shapes import show
from metagraft.kernels.index_bounds import bad_index_vectors, check_indices
from metagraft.kernels.kernel import Array, Kernel
from metagraft.kernels.namespace import lax, namespace


def gather(attrs: Attrs, params: Array, indices: Array) -> tuple[Array]:
    del attrs  # validate_indices: always validated where that is possible
    if not np.ndim(params):
        raise InvalidArgumentError(None, None, "params must be at least 1 dimensional")
    return (gather_slices(params, indices, 0, 0),)


def gather_v2(attrs: Attrs, params: Array, indices: Array, axis: Array) -> tuple[Array]:
    rank, index_rank = len(np.shape(params)), len(np.shape(indices))
    if np.shape(axis):
        raise InvalidArgumentError(None, None, "axis must be scalar")
    position = int(axis)
    if not -rank <= position < rank:
        raise InvalidArgumentError(
            None,
            None,
            f"Expected axis in the range [{-rank}, {rank}), but got {position}",
        )
    position %= rank
    batch_dims = int(attrs["batch_dims"])
    batch_dims += index_rank if batch_dims < 0 else 0
    if not 0 <= batch_dims <= min(index_rank, position):
        raise InvalidArgumentError(
            None,
            None,
            f"batch_dims ({batch_dims}) must be at most rank(indices) ({index_rank})"
            f" and axis ({position})",
        )
    return (gather_slices(params, indices, position, batch_dims),)


def gather_slices(params: Array, indices: Array, axis: int, batch_dims: int) -> Array:
    """Take `indices` along `axis`, pairing the first `batch_dims` axes of both."""
    if namespace(params, indices) is np:
        return _gather_on_host(params, np.asarray(indices), axis, batch_dims)
    jax_lax: Any = lax()
    rank = len(params.shape) - 1 + len(np.shape(indices)) - batch_dims
    after = axis + len(np.shape(indices)) - batch_dims
    batch = tuple(range(batch_dims))
    sizes = [1 if i in batch or i == axis else d for i, d in enumerate(params.shape)]
    return jax_lax.gather(
        params,
        namespace(params, indices).expand_dims(indices, -1),
        jax_lax.GatherDimensionNumbers(
            offset_dims=(*range(batch_dims, axis), *range(after, rank)),
            collapsed_slice_dims=(axis,),
            start_index_map=(axis,),
            operand_batching_dims=batch,
            start_indices_batching_dims=batch,
        ),
        slice_sizes=sizes,
        mode=jax_lax.GatherScatterMode.FILL_OR_DROP,
        fill_value=0,
    )


def _gather_on_host(params: Array, indices: Array, axis: int, batch_dims: int) -> Array:
    params = np.asarray(params)
    dims = (
        *params.shape[:axis],
        *indices.shape[batch_dims:],
        *params.shape[axis + 1 :],
    )
    if not math.prod(dims):
        return np.empty(dims, params.dtype)  # nothing is looked at
    check_indices(indices, params.shape[axis])
    if not batch_dims:
        return params.take(indices, axis=axis)
    count = math.prod(params.shape[:batch_dims])
    rows = params.reshape(count, *params.shape[batch_dims:])
    picks = indices.reshape(count, *indices.shape[batch_dims:])
    # Texts that are taken one by one would become an array of another type.
    taken = np.empty((count, *dims[batch_dims:]), params.dtype)
    for place, (row, pick) in enumerate(zip(rows, picks, strict=True)):
        taken[place] = np.take(row, pick, axis=axis - batch_dims)
    return taken.reshape(dims)


def gather_nd(attrs: Attrs, params: Array, indices: Array) -> tuple[Array]:
    depth = np.shape(indices)[-1]
    if not np.shape(params):
        raise InvalidArgumentError(None, None, "params must be at least a vector")
    if depth > len(np.shape(params)):
        raise InvalidArgumentError(
            None,
            None,
            "index innermost dimension length must be <= params rank; saw:"
            f" {depth} vs. {len(np.shape(params))}",
        )
    wanted = math.prod(np.shape(indices)[:-1])
    if wanted and not math.prod(np.shape(params)):
        raise InvalidArgumentError(
            None,
            None,
            "Requested more than 0 entries, but params is empty.  Params shape:"
            f" {show(np.shape(params))}",
        )
    if namespace(params, indices) is np:
        return (_gather_nd_on_host(attrs, np.asarray(params), np.asarray(indices)),)
    jax_lax: Any = lax()
    outer = len(np.shape(indices)) - 1
    inner = len(params.shape) - depth
    picked = jax_lax.gather(
        params,
        indices,
        jax_lax.GatherDimensionNumbers(
            offset_dims=tuple(range(outer, outer + inner)),
            collapsed_slice_dims=tuple(range(depth)),
            start_index_map=tuple(range(depth)),
        ),
        slice_sizes=(1,) * depth + tuple(params.shape[depth:]),
        mode=jax_lax.GatherScatterMode.FILL_OR_DROP,
        fill_value=0,
    )
    return (picked,)


def _gather_nd_on_host(attrs: Attrs, params: Array, indices: Array) -> Array:
    depth = indices.shape[-1]
    outer = indices.shape[:-1]
    if not depth:
        return np.broadcast_to(params, outer + params.shape).copy()
    ignore = attrs["bad_indices_policy"] == b"IGNORE"
    bad = bad_index_vectors(indices, params.shape, ignore=ignore, owner=attrs.node_name)
    if not np.any(bad):
        return params[tuple(np.moveaxis(indices, -1, 0))]
    picked = np.zeros(outer + params.shape[depth:], params.dtype)
    picked[~bad] = params[tuple(np.moveaxis(indices[~bad], -1, 0))]
    return picked


KERNELS = {
    "Gather": Kernel(gather),
    "GatherV2": Kernel(gather_v2, static=("axis",)),
    "GatherNd": Kernel(gather_nd),
}
