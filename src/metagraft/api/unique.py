"""Distinct elements, differences of lists, partitions, and scattering by index."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from metagraft.graph import dtypes
from metagraft.graph.apply_op import op
from metagraft.graph.tensor import Tensor

__all__ = [
    "dynamic_partition",
    "dynamic_stitch",
    "parallel_dynamic_stitch",
    "scatter_nd",
    "setdiff1d",
    "tensor_scatter_nd_add",
    "tensor_scatter_nd_max",
    "tensor_scatter_nd_min",
    "tensor_scatter_nd_sub",
    "tensor_scatter_nd_update",
    "unique",
    "unique_with_counts",
]


class Unique(NamedTuple):
    """Distinct elements, and for each element where its value is among them."""

    y: Tensor
    idx: Tensor


class UniqueWithCounts(NamedTuple):
    """The same, and how often each value occurs."""

    y: Tensor
    idx: Tensor
    count: Tensor  # type: ignore[assignment] # TensorFlow's name, also a method


class ListDiff(NamedTuple):
    """Elements of the first list that are not in the second, and their positions."""

    out: Tensor
    idx: Tensor


def unique(x: Any, out_idx: Any = dtypes.int32, name: str | None = None) -> Unique:
    """Return the distinct elements of a vector in order of appearance."""
    return Unique(*op("Unique", x=x, out_idx=out_idx, name=name))


def unique_with_counts(
    x: Any, out_idx: Any = dtypes.int32, name: str | None = None
) -> UniqueWithCounts:
    """Return the distinct elements of a vector and how often they occur."""
    return UniqueWithCounts(*op("UniqueWithCounts", x=x, out_idx=out_idx, name=name))


def setdiff1d(
    x: Any, y: Any, index_dtype: Any = dtypes.int32, name: str | None = None
) -> ListDiff:
    """Return the elements of `x` that are not in `y`."""
    return ListDiff(*op("ListDiff", x=x, y=y, out_idx=index_dtype, name=name))


def dynamic_partition(
    data: Any, partitions: Any, num_partitions: int, name: str | None = None
) -> list[Tensor]:
    """Sort slices into `num_partitions` tensors by their numbers in `partitions`."""
    parts: list[Tensor] = op(
        "DynamicPartition",
        data=data,
        partitions=partitions,
        num_partitions=num_partitions,
        name=name,
    )
    return parts


def dynamic_stitch(
    indices: Sequence[Any], data: Sequence[Any], name: str | None = None
) -> Tensor:
    """Put slices together at the given positions; later ones win."""
    result: Tensor = op("DynamicStitch", indices=indices, data=data, name=name)
    return result


def parallel_dynamic_stitch(
    indices: Sequence[Any], data: Sequence[Any], name: str | None = None
) -> Tensor:
    """Put slices together at the given positions, which differ."""
    result: Tensor = op("ParallelDynamicStitch", indices=indices, data=data, name=name)
    return result


def scatter_nd(
    indices: Any,
    updates: Any,
    shape: Any,
    bad_indices_policy: str = "",
    name: str | None = None,
) -> Tensor:
    """Add slices at index vectors into zeros of the given shape.

    Args:
        indices: Index vectors.
        updates: Slices.
        shape: The shape of the result.
        bad_indices_policy: What becomes of vectors outside: `ERROR` or `IGNORE`.
        name: Name of the operation.
    """
    result: Tensor = op(
        "ScatterNd",
        indices=indices,
        updates=updates,
        shape=shape,
        bad_indices_policy=bad_indices_policy,
        name=name,
    )
    return result


def tensor_scatter_nd_update(
    tensor: Any, indices: Any, updates: Any, name: str | None = None
) -> Tensor:
    """Return a copy of `tensor` with slices at index vectors replaced."""
    return _scattered("TensorScatterUpdate", tensor, indices, updates, name)


def tensor_scatter_nd_add(
    tensor: Any,
    indices: Any,
    updates: Any,
    bad_indices_policy: str = "",
    name: str | None = None,
) -> Tensor:
    """Return a copy of `tensor` with slices added at index vectors."""
    return _scattered(
        "TensorScatterAdd", tensor, indices, updates, name, bad_indices_policy
    )


def tensor_scatter_nd_sub(
    tensor: Any,
    indices: Any,
    updates: Any,
    bad_indices_policy: str = "",
    name: str | None = None,
) -> Tensor:
    """Return a copy of `tensor` with slices subtracted at index vectors."""
    return _scattered(
        "TensorScatterSub", tensor, indices, updates, name, bad_indices_policy
    )


def tensor_scatter_nd_min(
    tensor: Any,
    indices: Any,
    updates: Any,
    bad_indices_policy: str = "",
    name: str | None = None,
) -> Tensor:
    """Return a copy of `tensor` with the minimum taken at index vectors."""
    return _scattered(
        "TensorScatterMin", tensor, indices, updates, name, bad_indices_policy
    )


def tensor_scatter_nd_max(
    tensor: Any,
    indices: Any,
    updates: Any,
    bad_indices_policy: str = "",
    name: str | None = None,
) -> Tensor:
    """Return a copy of `tensor` with the maximum taken at index vectors."""
    return _scattered(
        "TensorScatterMax", tensor, indices, updates, name, bad_indices_policy
    )


def _scattered(
    op_type: str,
    tensor: Any,
    indices: Any,
    updates: Any,
    name: str | None,
    bad_indices_policy: str = "",
) -> Tensor:
    result: Tensor = op(
        op_type,
        tensor=tensor,
        indices=indices,
        updates=updates,
        bad_indices_policy=bad_indices_policy,
        name=name,
    )
    return result
