"""Functions that work within the rows of ragged tensors, and on their values.

Source: tensorflow python/ops/ragged/ragged_array_ops.py, ragged_math_ops.py,
ragged_embedding_ops.py, ragged_string_ops.py, ragged_check_ops.py.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from metagraft.api import (
    nn_activation,
    nn_embedding,
    segments,
    shape_checks,
    strings,
)
from metagraft.api.math import sqrt
from metagraft.api.ragged import map_flat_values
from metagraft.api.ragged_arrays import positive_axis
from metagraft.api.ragged_factories import as_values
from metagraft.api.ragged_reductions import by_segments
from metagraft.api.ragged_stack import stack_dynamic_partitions
from metagraft.api.ragged_tensor import RaggedTensor
from metagraft.graph import dtypes
from metagraft.graph.build import array
from metagraft.graph.build.math import cumsum as dense_cumsum
from metagraft.graph.constant_value import constant_value
from metagraft.graph.operation import Operation
from metagraft.graph.scopes import name_scope
from metagraft.graph.tensor import Tensor

__all__ = [
    "assert_type",
    "cumsum",
    "dropout",
    "dynamic_partition",
    "embedding_lookup",
    "reverse",
    "stateless_dropout",
    "string_join",
    "unsorted_segment_max",
    "unsorted_segment_mean",
    "unsorted_segment_min",
    "unsorted_segment_prod",
    "unsorted_segment_sqrt_n",
    "unsorted_segment_sum",
]


def reverse(tensor: Any, axis: Any, name: str | None = None) -> Any:
    """Reverse the order of rows, or of what is in each.

    Raises:
        TypeError: The axes are no list of integers that are known.
    """
    with name_scope(name, "Reverse", [tensor, axis]):
        axes = constant_value(axis) if isinstance(axis, Tensor) else axis
        if isinstance(axis, Tensor) and axes is not None:
            axes = [int(one) for one in axes]
        if not isinstance(axes, list | tuple) or not all(
            isinstance(one, int) for one in axes
        ):
            raise TypeError(
                "`axis` must be a list of int or a constant tensor when reversing axes"
                " in a ragged tensor"
            )
        ragged = as_values(tensor, name="tensor")
        found = [
            positive_axis(one, ragged.shape.ndims, f"axis[{i}]", "rank(tensor)")
            for i, one in enumerate(axes)
        ]
        slices = [slice(None)] * (max(found) + 1 if found else 0)
        for one in found:
            slices[one] = slice(None, None, -1)
        return ragged[tuple(slices)]


def cumsum(
    x: Any,
    axis: int = 0,
    exclusive: bool = False,
    reverse: bool = False,
    name: str | None = None,
) -> Any:
    """Add up the values along an axis."""
    with name_scope(name, "RaggedCumSum", [x, axis, exclusive, reverse]):
        ragged = as_values(x)
        place = positive_axis(axis, ragged.shape.ndims, "axis", "rank")
        levels = ragged.ragged_rank
        if place > levels:
            return map_flat_values(
                dense_cumsum,
                ragged,
                axis=place - levels,
                exclusive=exclusive,
                reverse=reverse,
            )
        if place == levels:
            partition = ragged.levels()[-1]
            flat = _sums_of_rows(partition, exclusive=exclusive, reverse=reverse)
            return ragged.with_flat_values(flat)
        found = dense_cumsum(ragged.to_tensor(), place, exclusive, reverse, name)
        lengths = ragged.nested_row_lengths()
        return RaggedTensor.from_tensor(found, lengths=lengths)


def _sums_of_rows(rows: RaggedTensor, *, exclusive: bool, reverse: bool) -> Any:
    if not exclusive:
        return _sums_of_rows(rows, exclusive=True, reverse=reverse) + rows.values
    splits, numbers = rows.row_splits, rows.row_partition.value_rowids()
    if reverse:
        first = array.gather(splits, numbers + 1) - 1
    else:
        first = array.gather(splits, numbers)
    sums = dense_cumsum(rows.values, exclusive=True, reverse=reverse)
    return sums - array.gather(sums, first)


def embedding_lookup(
    params: Any,
    ids: Any,
    partition_strategy: str = "mod",
    name: str | None = None,
    validate_indices: bool = True,
    max_norm: float | None = None,
) -> Any:
    """Return a row of a table for each number.

    Raises:
        ValueError: There is no table, or the numbers are no integers.
    """
    del validate_indices
    if params is None:
        raise ValueError("params must be specified.")
    if isinstance(params, list | tuple) and not params:
        raise ValueError("params should not be empty.")
    if ids.dtype not in (dtypes.int32, dtypes.int64):
        raise ValueError(
            f"The values contained by the inputs have type {ids.dtype} and cannot be"
            " processed. All values should be indices, either of type `int32` or"
            " `int64`."
        )
    with name_scope(name, "embedding_lookup_ragged"):
        return map_flat_values(
            nn_embedding.embedding_lookup,
            params=params,
            ids=ids,
            partition_strategy=partition_strategy,
            max_norm=max_norm,
        )


def dynamic_partition(
    data: Any, partitions: Any, num_partitions: int, name: str | None = None
) -> list[Any]:
    """Return the rows of each number.

    Raises:
        TypeError: The count of numbers is no integer, or negative.
    """
    if not isinstance(num_partitions, int) or num_partitions < 0:
        raise TypeError("num_partitions must be a non-negative integer")
    found = stack_dynamic_partitions(data, partitions, num_partitions, name)
    return [found[i] for i in range(num_partitions)]


def dropout(
    x: Any,
    keep_prob: Any = None,
    noise_shape: Any = None,
    seed: Any = None,
    name: str | None = None,
    rate: Any = None,
) -> RaggedTensor:
    """Set some values to zero and scale the others up.

    Raises:
        ValueError: The zeros are to have a shape of their own.
    """
    drop = partial(nn_activation.dropout, keep_prob=keep_prob, seed=seed, rate=rate)
    with name_scope(name, "RaggedNNDropout", [x, rate]):
        return _dropped(x, noise_shape, drop)


def stateless_dropout(
    x: Any,
    rate: Any,
    seed: Any,
    rng_alg: Any = None,
    noise_shape: Any = None,
    name: str | None = None,
) -> RaggedTensor:
    """Set some values to zero and scale the others up; the same seed, the same values.

    Raises:
        ValueError: The zeros are to have a shape of their own.
    """
    drop = partial(
        nn_activation.stateless_dropout, rate=rate, seed=seed, rng_alg=rng_alg
    )
    with name_scope(name, "RaggedNNStatelessDropout", [x, rate]):
        return _dropped(x, noise_shape, drop)


def _dropped(x: Any, noise_shape: Any, drop: Callable[[Any], Any]) -> RaggedTensor:
    if noise_shape is not None:
        raise ValueError("noise_shape is not supported yet for RaggedTensor x")
    ragged = as_values(x, name="x")
    return ragged.with_flat_values(drop(ragged.flat_values))


def string_join(inputs: Any, separator: str = "", name: str | None = None) -> Any:
    """Join the strings at each place of ragged tensors of the same rows, or scalars."""
    with name_scope(name, "RaggedStringJoin", inputs):
        return map_flat_values(strings.string_join, inputs, separator)


def assert_type(
    tensor: Any, tf_type: Any, message: str | None = None, name: str | None = None
) -> Operation:
    """Check that the values are of the given type."""
    return shape_checks.assert_type(tensor.flat_values, tf_type, message, name)


def _segments(kind: str) -> Any:
    """Return the function that reduces rows of one number: `sum`, `max` and so on."""
    function = getattr(segments, f"unsorted_segment_{kind}")

    def reduce(
        data: Any, segment_ids: Any, num_segments: Any, name: str | None = None
    ) -> Any:
        scope = name or f"RaggedSegment{kind.capitalize()}"
        return by_segments(function, data, segment_ids, num_segments, scope)

    reduce.__name__ = reduce.__qualname__ = f"unsorted_segment_{kind}"
    reduce.__doc__ = f"Return the {kind} of all rows of each number."
    return reduce


unsorted_segment_sum = _segments("sum")
unsorted_segment_prod = _segments("prod")
unsorted_segment_min = _segments("min")
unsorted_segment_max = _segments("max")


def unsorted_segment_mean(
    data: Any, segment_ids: Any, num_segments: Any, name: str | None = None
) -> Any:
    """Return the mean of all rows of each number."""
    with name_scope(name, "RaggedSegmentMean", [data, segment_ids, num_segments]):
        total, count = _total_and_count(data, segment_ids, num_segments)
        if isinstance(total, RaggedTensor):
            return total.with_flat_values(total.flat_values / count.flat_values)
        return total / count


def unsorted_segment_sqrt_n(
    data: Any, segment_ids: Any, num_segments: Any, name: str | None = None
) -> Any:
    """Return the sum of all rows of each number by the root of their count."""
    with name_scope(name, "RaggedSegmentSqrtN", [data, segment_ids, num_segments]):
        total, count = _total_and_count(data, segment_ids, num_segments)
        if isinstance(total, RaggedTensor):
            return total.with_flat_values(total.flat_values / sqrt(count.flat_values))
        return total / sqrt(count)


def _total_and_count(data: Any, segment_ids: Any, num_segments: Any) -> Any:
    total = unsorted_segment_sum(data, segment_ids, num_segments)
    ones = RaggedTensor.from_nested_row_splits(
        array.ones_like(data.flat_values), data.nested_row_splits, validate=False
    )
    return total, unsorted_segment_sum(ones, segment_ids, num_segments)
