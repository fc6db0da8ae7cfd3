"""Functions that say into how many pieces a variable is cut.

Each returns a partitioner for `get_variable`: a function from shape and type to the
number of pieces along every axis.

Source: tensorflow python/ops/partitioned_variables.py.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from metagraft.api.partitioned_variable import partitioned_variable
from metagraft.api.variable_scope import (
    Reuse,
    default_variable_store,
    variable_scope,
)
from metagraft.api.variable_store import VariableRequest
from metagraft.api.variables import Variable
from metagraft.graph import dtypes
from metagraft.graph.dtypes import as_dtype
from metagraft.graph.scopes import name_scope
from metagraft.graph.shapes import TensorShape

Partitioner = Callable[..., list[int]]


def variable_axis_size_partitioner(
    max_shard_bytes: int,
    axis: int = 0,
    bytes_per_string_element: int = 16,
    max_shards: int | None = None,
) -> Partitioner:
    """Cut an axis so that no piece is larger than `max_shard_bytes`, if possible.

    Raises:
        ValueError: An argument is not positive.
    """
    if max_shard_bytes < 1 or bytes_per_string_element < 1:
        raise ValueError(
            "Both max_shard_bytes and bytes_per_string_element must be positive. "
            f"Currently, max_shard_bytes is {max_shard_bytes} and"
            f"bytes_per_string_element is {bytes_per_string_element}"
        )
    if max_shards is not None and max_shards < 0:
        raise ValueError("max_shards must be positive.")

    def partitioner(shape: Any, dtype: Any) -> list[int]:
        sizes = _sizes(shape)
        slice_bytes = (
            math.prod(sizes)
            / sizes[axis]
            * _element_bytes(dtype, bytes_per_string_element)
        )
        slices_in_piece = max(1, math.floor(max_shard_bytes / slice_bytes))
        count = math.ceil(sizes[axis] / slices_in_piece)
        if max_shards:
            count = min(max_shards, count)
        return _along(axis, count, len(sizes))

    return partitioner


def min_max_variable_partitioner(
    max_partitions: int = 1,
    axis: int = 0,
    min_slice_size: int = 256 << 10,
    bytes_per_string_element: int = 16,
) -> Partitioner:
    """Cut an axis into as many pieces of at least `min_slice_size` bytes as allowed."""

    def partitioner(shape: Any, dtype: Any) -> list[int]:
        if axis >= len(shape):
            raise ValueError(
                f"Cannot partition variable along axis {axis} when shape is only "
                f"{shape}"
            )
        sizes = _sizes(shape)
        total = math.prod(sizes) * _element_bytes(dtype, bytes_per_string_element)
        wanted = math.ceil(total / min_slice_size)
        count = max(1, min(sizes[axis], max_partitions, wanted))
        return _along(axis, count, len(sizes))

    return partitioner


def fixed_size_partitioner(num_shards: int, axis: int = 0) -> Partitioner:
    """Cut an axis into `num_shards` pieces, or fewer if it is shorter."""

    def partitioner(shape: Any, dtype: Any = None) -> list[int]:
        del dtype  # the number of pieces does not depend on it
        sizes = _sizes(shape)
        return _along(axis, min(num_shards, sizes[axis]), len(sizes))

    return partitioner


def _sizes(shape: Any) -> list[int]:
    known = TensorShape(shape)
    if not known.is_fully_defined():
        raise ValueError(f"shape is not fully defined: {known}")
    return [int(size) for size in known]


def _element_bytes(dtype: Any, string_bytes: int) -> int:
    kind = as_dtype(dtype).base_dtype
    return string_bytes if kind == dtypes.string else kind.size


def _along(axis: int, count: int, rank: int) -> list[int]:
    counts = [1] * rank
    counts[axis] = count
    return counts


def create_partitioned_variables(
    shape: Sequence[int],
    slicing: Sequence[int],
    initializer: Any,
    dtype: Any = dtypes.float32,
    trainable: bool = True,
    collections: Sequence[Any] | None = None,
    name: str | None = None,
    reuse: Reuse = None,
) -> list[Variable]:
    """Return the pieces of a variable cut by `slicing`; the older way to get them.

    Raises:
        ValueError: The lengths do not fit.
    """
    if len(shape) != len(slicing):
        raise ValueError(
            "The 'shape' and 'slicing' of a partitioned Variable must have the length: "
            f"shape: {shape}, slicing: {slicing}"
        )
    if len(shape) < 1:
        raise ValueError(
            f"A partitioned Variable must have rank at least 1: shape: {shape}"
        )

    def partitioner(**_: Any) -> Sequence[int]:
        return slicing

    with variable_scope(name, "PartitionedVariable", reuse=reuse) as scope:
        request = VariableRequest(
            # The pieces are inside the scope itself.
            name=scope.name,
            shape=shape,
            dtype=as_dtype(dtype),
            initializer=scope.initializer if initializer is None else initializer,
            regularizer=scope.regularizer,
            reuse=scope.reuse,
            trainable=trainable,
            collections=collections,
            caching_device=scope.caching_device,
            partitioner=partitioner,
            use_resource=scope.use_resource,
            constraint=scope.constraint,
        )
        with name_scope(None):
            return list(partitioned_variable(default_variable_store(), request))
