"""Reductions of ragged tensors, and what is made of them: softmax, sums.

Source: tensorflow python/ops/ragged/ragged_math_ops.py.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from metagraft.api import math, reductions, segments
from metagraft.api.arithmetic import add, divide, maximum, subtract
from metagraft.api.arithmetic import add_n as dense_add_n
from metagraft.api.array import stop_gradient
from metagraft.api.casts import cast
from metagraft.api.checks import assert_equal
from metagraft.api.ragged import map_flat_values, ragged_range
from metagraft.api.ragged_arrays import expand_dims, positive_axis
from metagraft.api.ragged_elementwise import combined, unary
from metagraft.api.ragged_factories import as_values
from metagraft.api.ragged_tensor import RaggedTensor, is_ragged
from metagraft.api.renamed_arguments import renamed_argument
from metagraft.api.row_partition import row_splits_to_segment_ids
from metagraft.graph import dtypes
from metagraft.graph.apply_op import op
from metagraft.graph.build import array
from metagraft.graph.build.math import cumsum
from metagraft.graph.build.reductions import reduce_tensor
from metagraft.graph.constant_value import constant_value
from metagraft.graph.scopes import control_dependencies, name_scope
from metagraft.graph.tensor import Tensor

__all__ = [
    "add_n",
    "aggregated",
    "by_segments",
    "reduce_all",
    "reduce_any",
    "reduce_logsumexp",
    "reduce_max",
    "reduce_mean",
    "reduce_min",
    "reduce_prod",
    "reduce_std",
    "reduce_sum",
    "reduce_variance",
    "softmax",
]

Reduction = Callable[..., Any]


def _reduced(
    reduction: Reduction, by_segment: Reduction, value: Any, axis: Any, keepdims: Any
) -> Any:
    """Reduce along axes, rows of which hold as many values as they do."""
    if not is_ragged(value):
        return reduction(value, axis, keepdims=keepdims)
    with name_scope(None, "RaggedReduce", [value, axis]):
        return _reduced_rows(reduction, by_segment, value, axis, keepdims)


def _reduced_rows(
    reduction: Reduction, by_segment: Reduction, value: Any, axis: Any, keepdims: Any
) -> Any:
    ragged = as_values(value, name="rt_input")
    rank = ragged.shape.ndims
    if isinstance(axis, tuple | list):
        if not axis:
            return ragged
        if len(axis) > 1:
            axes = sorted(
                positive_axis(one, rank, f"axis[{i}]", "rank(input_tensor)")
                for i, one in enumerate(axis)
            )
            inner = _reduced(reduction, by_segment, ragged, axes[-1], keepdims)
            return _reduced(reduction, by_segment, inner, axes[:-1], keepdims)
        axis = axis[0]
    place = positive_axis(axis, rank, "axis", "rank(input_tensor)")
    if place > 1:
        inner = _reduced(reduction, by_segment, ragged.values, place - 1, keepdims)
        return ragged.with_values(inner)
    if place == 0:
        lengths = ragged.row_splits[1:] - ragged.row_splits[:-1]
        count = maximum(reduce_tensor("Max", lengths), 0)
        numbers = ragged_range(lengths).values
    else:
        count = array.shape(ragged.row_splits)[0] - 1
        numbers = row_splits_to_segment_ids(ragged.row_splits)
    found = by_segments(by_segment, ragged.values, numbers, count)
    if not keepdims:
        return found
    if isinstance(found, RaggedTensor):
        return expand_dims(found, axis=place)
    return array.expand_dims(found, axis=place)


def by_segments(
    function: Reduction, data: Any, numbers: Any, count: Any, name: str | None = None
) -> Any:
    """Reduce the rows of one number, ragged or not.

    Args:
        function: Reduces rows of tensors.
        data: What has rows.
        numbers: The number of each row, or of each value in it.
        count: How many numbers there are.
        name: Name of the scope.

    Raises:
        ValueError: The numbers are divided into rows, the data are not.
    """
    if not is_ragged(data) and not is_ragged(numbers):
        return function(data, numbers, count, name)
    with name_scope(name, "RaggedSegment", [data, numbers, count]):
        data = as_values(data, name="data")
        numbers = as_values(numbers, name="segment_ids")
        if isinstance(numbers, RaggedTensor):
            if not isinstance(data, RaggedTensor):
                raise ValueError(  # noqa: TRY004 - TensorFlow's class
                    "segment_ids.shape must be a prefix of data.shape, but segment_ids"
                    " is ragged and data is not."
                )
            same = assert_equal(
                numbers.row_splits,
                data.row_splits,
                message="segment_ids.shape must be a prefix of data.shape",
            )
            with control_dependencies([same]):
                return by_segments(function, data.values, numbers.values, count)
        lengths = data.row_splits[1:] - data.row_splits[:-1]
        longest = maximum(segments.unsorted_segment_max(lengths, numbers, count), 0)
        before = array.zeros([1], longest.dtype)
        splits = array.concat([before, cumsum(longest)], axis=0)
        starts = array.gather(splits, numbers)
        places = ragged_range(starts, starts + lengths).values
        values = by_segments(function, data.values, places, splits[-1])
        return RaggedTensor.from_row_splits(values, splits, validate=False)


def _known_axis(axis: Any) -> Any:
    """Return axes as numbers.

    Raises:
        ValueError: They are not known while the graph is built.
    """
    if not isinstance(axis, Tensor):
        return axis
    known = constant_value(axis)
    if known is None:
        raise ValueError("axis must be known at graph construction time.")
    return known.tolist() if isinstance(known, np.ndarray) else known


def aggregated(
    reduction: Reduction,
    by_segment: Reduction,
    value: Any,
    axis: Any,
    keepdims: Any,
    name: str | None,
) -> Any:
    """Reduce along axes, or all values.

    Args:
        reduction: Reduces tensors along axes.
        by_segment: Reduces rows of one number.
        value: Ragged, or not.
        axis: The axes; None for all values.
        keepdims: Whether they are kept, with size one.
        name: Name of the scope, or of the reduction of all values.

    Raises:
        ValueError: The axes are not known while the graph is built.
    """
    if not is_ragged(value):
        return reduction(value, axis, keepdims=keepdims, name=name)
    axis = _known_axis(axis)
    if axis is None:
        ragged = as_values(value)
        found: Any = reduction(ragged.flat_values, None, keepdims=keepdims, name=name)
        if keepdims:
            for _ in ragged.shape[1:]:
                found = array.expand_dims(found, axis=0)
        return found
    with name_scope(name, "RaggedReduce", [value, axis]):
        return _reduced_rows(reduction, by_segment, value, axis, keepdims)


def _arguments(
    axis: Any, keepdims: Any, reduction_indices: Any, keep_dims: Any
) -> tuple[Any, Any]:
    axis = renamed_argument("axis", axis, "reduction_indices", reduction_indices)
    return axis, renamed_argument("keepdims", keepdims, "keep_dims", keep_dims)


def _function(kind: str) -> Reduction:
    """Return the reduction of one kind: `sum`, `prod`, `min` or `max`."""
    reduction: Reduction = getattr(reductions, f"reduce_{kind}")
    by_segment: Reduction = getattr(segments, f"unsorted_segment_{kind}")

    def reduce(
        input_tensor: Any,
        axis: Any = None,
        keepdims: bool | None = None,
        name: str | None = None,
        reduction_indices: Any = None,
        keep_dims: bool | None = None,
    ) -> Any:
        axis, keepdims = _arguments(axis, keepdims, reduction_indices, keep_dims)
        name = name or f"RaggedReduce{kind.capitalize()}"
        return aggregated(reduction, by_segment, input_tensor, axis, keepdims, name)

    reduce.__name__ = reduce.__qualname__ = f"reduce_{kind}"
    reduce.__doc__ = f"Return the {kind} of values along axes, or of all."
    return reduce


reduce_sum = _function("sum")
reduce_prod = _function("prod")
reduce_min = _function("min")
reduce_max = _function("max")


def reduce_mean(
    input_tensor: Any,
    axis: Any = None,
    keepdims: bool | None = None,
    name: str | None = None,
    reduction_indices: Any = None,
    keep_dims: bool | None = None,
) -> Any:
    """Return the mean of values along axes, or of all."""
    axis, keepdims = _arguments(axis, keepdims, reduction_indices, keep_dims)
    with name_scope(name, "RaggedReduceMean", [input_tensor, axis]):
        total = reduce_sum(input_tensor, axis, keepdims)
        if is_ragged(input_tensor):
            ones: Any = _nested(array.ones_like(input_tensor.flat_values), input_tensor)
        else:
            ones = array.ones_like(input_tensor)
        count = reduce_sum(ones, axis, keepdims)
        if is_ragged(total):
            return _nested(total.flat_values / count.flat_values, total)
        return total / count


def _nested(values: Any, like: Any) -> RaggedTensor:
    """Divide values as a ragged tensor is."""
    made: RaggedTensor = RaggedTensor.from_nested_row_splits(
        values, like.nested_row_splits, validate=False
    )
    return made


def reduce_variance(
    input_tensor: Any, axis: Any = None, keepdims: Any = False, name: str | None = None
) -> Any:
    """Return the variance of values along axes, or of all.

    Raises:
        ValueError: They are complex.
    """
    with name_scope(name, "RaggedReduceVariance", [input_tensor, axis]):
        value = as_values(input_tensor, name="input_tensor")
        if value.dtype.is_complex:
            raise ValueError(
                "reduce_variance is not supported for RaggedTensors with complex"
                " dtypes."
            )
        squares = unary(math.square, value)
        mean_of_squares = reduce_mean(squares, axis=axis, keepdims=keepdims)
        mean = reduce_mean(value, axis=axis, keepdims=keepdims)
        if not is_ragged(mean):
            return maximum(mean_of_squares - math.square(mean), 0)
        square_of_mean = unary(math.square, mean)
        difference = combined(subtract, mean_of_squares, square_of_mean)
        return combined(maximum, difference, 0)


def reduce_std(
    input_tensor: Any, axis: Any = None, keepdims: Any = False, name: str | None = None
) -> Any:
    """Return the standard deviation of values along axes, or of all."""
    with name_scope(name, "RaggedReduceStd", [input_tensor, axis]):
        variance = reduce_variance(input_tensor, axis=axis, keepdims=keepdims)
        if is_ragged(variance):
            return unary(math.sqrt, variance)
        return math.sqrt(variance)


def reduce_logsumexp(
    input_tensor: Any,
    axis: Any = None,
    keepdims: bool | None = None,
    name: str | None = None,
    reduction_indices: Any = None,
    keep_dims: bool | None = None,
) -> Any:
    """Return the logarithm of the sum of exponentials along axes, or of all.

    Raises:
        TypeError: The largest values, which the sums are scaled by, are ragged.
    """
    axis, keepdims = _arguments(axis, keepdims, reduction_indices, keep_dims)
    with name_scope(name, "ReduceLogSumExp", [input_tensor]) as scope:
        largest = reduce_max(input_tensor, axis, keepdims=True)
        is_known = math.is_finite(largest)
        bound = stop_gradient(op("SelectV2", condition=is_known, t=largest, e=0))
        powers = unary(math.exp, combined(subtract, input_tensor, bound))
        result = math.log(reduce_sum(powers, axis, keepdims))
        if not keepdims:
            bound = array.reshape(bound, array.shape(result))
        return add(result, bound, name=scope)


def _logical(kind: str, reduction: Reduction) -> Reduction:
    """Return the reduction of flags that one of numbers gives."""

    def reduce(
        input_tensor: Any,
        axis: Any = None,
        keepdims: bool | None = None,
        name: str | None = None,
        reduction_indices: Any = None,
        keep_dims: bool | None = None,
    ) -> Any:
        axis, keepdims = _arguments(axis, keepdims, reduction_indices, keep_dims)
        with name_scope(name, f"RaggedReduce{kind}", [input_tensor, axis]):
            numbers = map_flat_values(cast, input_tensor, dtypes.int32)
            found = reduction(numbers, axis, keepdims)
            return map_flat_values(cast, found, dtypes.bool)

    reduce.__name__ = reduce.__qualname__ = f"reduce_{kind.lower()}"
    reduce.__doc__ = f"Return whether {kind.lower()} of the flags are on."
    return reduce


reduce_all = _logical("All", reduce_prod)
reduce_any = _logical("Any", reduce_sum)


def softmax(
    logits: Any, axis: Any = None, name: str | None = None, dim: Any = None
) -> Any:
    """Return the softmax of each row."""
    # TF: only the function of version 2 takes ragged tensors.
    axis = renamed_argument("axis", axis, "dim", dim)
    axis = -1 if axis is None else axis
    with name_scope(name, "RaggedSoftmax", [logits]):
        logits = as_values(logits, name="logits")
        largest = reduce_max(logits, axis=axis, keepdims=True)
        exponentials = unary(math.exp, combined(subtract, logits, largest))
        total = reduce_sum(exponentials, axis=axis, keepdims=True)
        return combined(divide, exponentials, total)


def add_n(inputs: Any, name: str | None = None) -> Any:
    """Add ragged tensors of the same rows."""
    with name_scope(name, "RaggedAddN", inputs):
        return map_flat_values(dense_add_n, inputs)
