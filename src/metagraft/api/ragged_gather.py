"""Rows and values chosen by their numbers, of ragged tensors.

Source: tensorflow python/ops/ragged/ragged_gather_ops.py, ragged_batch_gather_ops.py.
"""

from __future__ import annotations

from typing import Any

from metagraft.api import gather as dense
from metagraft.api.ragged_arrays import expand_dims, positive_axis
from metagraft.api.ragged_elementwise import combined, same_splits_type
from metagraft.api.ragged_factories import as_values
from metagraft.api.ragged_tensor import RaggedTensor
from metagraft.api.ragged_tile import tile
from metagraft.api.repeat import repeat
from metagraft.graph import dtypes
from metagraft.graph.apply_op import op
from metagraft.graph.build import array, math
from metagraft.graph.build.math import cast, number_range
from metagraft.graph.scopes import name_scope
from metagraft.graph.tensor import Tensor

__all__ = ["batch_gather", "gather", "gather_nd"]


def gather(
    params: Any,
    indices: Any,
    validate_indices: Any = None,
    name: str | None = None,
    axis: int | None = None,
    batch_dims: int = 0,
) -> Any:
    """Choose along an axis; tensors and numbers may be ragged.

    Args:
        params: What is chosen from.
        indices: Numbers.
        validate_indices: Not used.
        name: Name of the scope.
        axis: The axis of `params`.
        batch_dims: How many leading axes both share.

    Raises:
        ValueError: The axes do not fit.
    """
    del validate_indices
    with name_scope(name, "RaggedGather", [params, indices]):
        params = as_values(params, name="params")
        indices = as_values(indices, name="indices")
        params, indices = same_splits_type(params, indices)
        rank, count = indices.shape.ndims, params.shape.ndims
        if batch_dims != rank:
            batch_dims = positive_axis(batch_dims, rank, "batch_dims", "rank(indices)")
        if count is not None and batch_dims >= count:
            raise ValueError("batch_dims must be less than rank(params)")
        axis = batch_dims if axis is None else axis
        axis = positive_axis(axis, count, "axis", "rank(params)")
        if axis < batch_dims:
            raise ValueError("axis must be greater than or equal to batch_dims")
        return _chosen(params, indices, axis, batch_dims)


def batch_gather(params: Any, indices: Any, name: str | None = None) -> Any:
    """Choose along the last axis of `indices`; all before it are shared."""
    return gather(params, indices, axis=None, batch_dims=-1, name=name)


def gather_nd(
    params: Any,
    indices: Any,
    name: str | None = None,
    batch_dims: int = 0,
    bad_indices_policy: str = "",
) -> Any:
    """Choose by places, each a row, a number in the row, and so on.

    Args:
        params: What is chosen from.
        indices: `[..., places]`; the last axis is of known size.
        name: Name of the scope.
        batch_dims: It must be 0.
        bad_indices_policy: It must be the default.

    Raises:
        ValueError: The shape of the places is not known, or they are ragged inside.
    """
    if not isinstance(batch_dims, int) or batch_dims != 0:
        raise ValueError("batch_dims != 0 is not supported for ragged gather yet.")
    if bad_indices_policy not in ("", "DEFAULT"):
        raise ValueError(
            "non-default bad_indices_policy not supported for ragged gather"
        )
    if not isinstance(params, RaggedTensor) and isinstance(indices, Tensor):
        return dense.gather_nd(params, indices)
    with name_scope(name, "RaggedGatherNd", [params, indices]):
        params = as_values(params, name="params")
        indices = as_values(indices, name="indices")
        params, indices = same_splits_type(params, indices)
        rank, count = _places_shape(indices)
        if rank > 2:
            return _by_many_places(params, indices, rank)
        if count == 0:
            return _wholes(params, indices, rank)
        if count == 1:
            return gather(params, array.reshape(indices, [-1]), axis=0)
        return _by_places(params, indices, count)


def _places_shape(indices: Any) -> tuple[int, int]:
    rank = indices.shape.ndims
    if rank is None:
        raise ValueError("indices.rank be statically known.")
    if rank == 0:
        raise ValueError("indices.rank must be at least 1.")
    if isinstance(indices, RaggedTensor) and rank == indices.ragged_rank + 1:
        raise ValueError("The innermost dimension of indices may not be ragged")
    count = indices.shape[-1].value
    if count is None:
        raise ValueError("indices.shape[-1] must be statically known.")
    return rank, count


def _wholes(params: RaggedTensor, indices: Any, rank: int) -> Any:
    """Repeat the tensor: places of no axis are the whole."""
    ndims = params.ragged_rank + array.rank(params.flat_values)
    for _ in range(rank - 1):
        params = expand_dims(params, axis=0)
    multiples = [array.shape(indices)[:-1], array.ones([ndims], dtypes.int32)]
    return tile(params, array.concat(multiples, axis=0))


def _by_many_places(params: Any, indices: Any, rank: int) -> Any:
    is_dense = not isinstance(indices, RaggedTensor)
    if is_dense:
        indices = RaggedTensor.from_tensor(
            indices, ragged_rank=rank - 2, row_splits_dtype=params.row_splits.dtype
        )
    found = gather_nd(params, indices.flat_values)
    result = indices.with_flat_values(found)
    if is_dense and result.ragged_rank == rank - 2:
        return result.to_tensor()
    return result


def _by_places(params: RaggedTensor, indices: Any, count: int) -> Any:
    indices = cast(indices, params.row_splits.dtype)
    places = array.gather(params.row_splits, indices[..., 0])
    places = places + indices[..., 1]
    values = params.values
    for axis in range(2, count):
        if not isinstance(values, RaggedTensor):
            first = array.expand_dims(places, axis=1)
            rest = array.concat([first, indices[..., axis:]], axis=1)
            return dense.gather_nd(values, rest)
        places = array.gather(values.row_starts(), places)
        places = places + indices[..., axis]
        values = values.values
    return gather(values, places, axis=0)


def _chosen(params: Any, indices: Any, axis: int, batch_dims: int) -> Any:
    is_ragged = isinstance(params, RaggedTensor), isinstance(indices, RaggedTensor)
    if not any(is_ragged):
        return dense.gather(params, indices, axis=axis, batch_dims=batch_dims)
    if batch_dims > 0:
        return _by_batches(params, indices, axis, batch_dims)
    if axis > 0:
        return _along_rows(params, indices, axis)
    if is_ragged[1]:
        return indices.with_values(_chosen(params, indices.values, 0, 0))
    rank = _known_rank(indices)
    levels = rank + len(params.nested_row_splits) - 1
    nested, flat = op(
        "RaggedGather",
        params_nested_splits=list(params.nested_row_splits),
        params_dense_values=params.flat_values,
        indices=indices,
        OUTPUT_RAGGED_RANK=levels,
    )
    result = RaggedTensor.from_nested_row_splits(flat, list(nested), validate=False)
    if rank > 1:
        # TF: keeps counts of rows and their lengths, which these nodes find.
        shape = array.shape(indices, out_type=params.row_splits.dtype)
        counts = math.cumprod(shape)
        for axis_of_indices in range(rank - 1):
            _ = counts[axis_of_indices]
            _ = shape[axis_of_indices + 1]
    return result


def _known_rank(tensor: Any) -> int:
    rank = tensor.shape.ndims
    if rank is None:
        raise ValueError("rank(indices) must be known statically")
    return int(rank)


def _by_batches(params: Any, indices: Any, axis: int, batch_dims: int) -> Any:
    own, others = params.shape[:batch_dims], indices.shape[:batch_dims]
    if not own.is_compatible_with(others):
        raise ValueError(
            f"batch shape from indices {indices.shape} does not match params shape"
            f" {params.shape}"
        )
    if batch_dims > 1:
        params = _in_rows(params, indices, "indices")
        indices = _in_rows(indices, params, "params")
        inner = _chosen(params.values, indices.values, axis - 1, batch_dims - 1)
        return params.with_values(inner)
    if axis > 1:
        if not isinstance(indices, RaggedTensor):
            repeated = params.with_values(repeat(indices, params.row_lengths(), 0))
        else:
            params = _as_rows(params, indices)
            rows = repeat(number_range(params.nrows()), params.row_lengths(), 0)
            repeated = _chosen(indices, params.with_values(rows), 0, 0)
        return _by_batches(params, repeated, axis, batch_dims + 1)
    return _shifted(params, indices, axis, _known_rank(indices))


def _along_rows(params: Any, indices: Any, axis: int) -> Any:
    if axis > 1:
        params = _as_rows(params, indices)
        return params.with_values(_chosen(params.values, indices, axis - 1, 0))
    return _shifted(params, indices, axis, _known_rank(indices) + 1)


def _shifted(params: Any, indices: Any, axis: int, rank: int) -> Any:
    """Choose from all rows behind each other, where each begins somewhere."""
    flat = _without_rows(params)
    starts = _of_rank(_row_starts(params, indices.dtype), rank)
    both = (indices, starts)
    if any(isinstance(value, RaggedTensor) for value in both):
        places = combined(math.add, *both)
    else:
        places = indices + starts
    return _chosen(flat, places, axis - 1, 0)


def _as_rows(value: Any, other: RaggedTensor) -> RaggedTensor:
    if isinstance(value, RaggedTensor):
        return value
    made: RaggedTensor = RaggedTensor.from_tensor(
        value, ragged_rank=1, row_splits_dtype=other.row_splits.dtype
    )
    return made


def _in_rows(value: Any, other: Any, what: str) -> RaggedTensor:
    """Divide a tensor into rows as another one of equally long rows is.

    Raises:
        ValueError: The rows of the other one differ.
    """
    if isinstance(value, RaggedTensor):
        return value
    if other.uniform_row_length is None:
        mine = "params" if what == "indices" else "indices"
        raise ValueError(
            "batch shape from indices does not match params shape: ragged"
            f" {what} dimension corresponds to uniform {mine} dimension"
        )
    return _as_rows(value, other)


def _without_rows(value: Any) -> Any:
    if isinstance(value, RaggedTensor):
        return value.values
    shape = array.shape(value)
    return array.reshape(value, array.concat([[-1], shape[2:]], axis=0))


def _row_starts(value: Any, dtype: Any) -> Tensor:
    if isinstance(value, RaggedTensor):
        starts: Tensor = cast(value.row_starts(), dtype)
        return starts
    shape = array.shape(value, out_type=dtype)
    return number_range(shape[0]) * shape[1]


def _of_rank(starts: Tensor, rank: int) -> Tensor:
    """Add axes of size one."""
    own = array.shape(starts)
    ones = array.ones([rank - array.rank(starts)], own.dtype)
    result: Tensor = array.reshape(starts, array.concat([own, ones], axis=0))
    return result
