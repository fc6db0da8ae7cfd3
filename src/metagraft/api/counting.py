"""Counting values (`tf.bincount`, `tf.histogram_fixed_width`).

Source: tensorflow python/ops/bincount_ops.py, python/ops/histogram_ops.py.
"""

from __future__ import annotations

from typing import Any

from metagraft.api.arithmetic import maximum
from metagraft.api.assertion import assert_
from metagraft.api.clip import clip_by_value
from metagraft.api.sparse_counting import dense_weights, sparse_weights
from metagraft.graph import dtypes
from metagraft.graph.apply_op import op
from metagraft.graph.build import array
from metagraft.graph.build.control_flow import with_dependencies
from metagraft.graph.build.math import cast, truediv
from metagraft.graph.build.reductions import reduce_tensor
from metagraft.graph.composite import SparseTensor
from metagraft.graph.conversion import convert_to_tensor
from metagraft.graph.scopes import name_scope
from metagraft.graph.tensor import Tensor

__all__ = ["bincount", "histogram_fixed_width", "histogram_fixed_width_bins"]


def bincount(
    arr: Any,
    weights: Any = None,
    minlength: Any = None,
    maxlength: Any = None,
    dtype: Any = dtypes.int32,
) -> Tensor:
    """How often each number from 0 up occurs.

    Args:
        arr: Non-negative integers of any shape, or sparse ones; what is not there does
            not count.
        weights: What each occurrence counts, instead of 1, in the same form.
        minlength: The least number of counts.
        maxlength: The largest number of counts; larger numbers are left out.
        dtype: The type of the counts if there are no weights.
    """
    with name_scope("bincount"):
        if isinstance(arr, SparseTensor):
            return _sparse_counts(arr, weights, minlength, maxlength, dtype)
        arr = convert_to_tensor(arr, name="arr")
        if weights is not None:
            weights = convert_to_tensor(weights, name="weights")
        if not arr.dtype.is_integer:
            arr = cast(arr, dtypes.int32)
        is_not_empty = array.size(arr) > 0
        size = cast(is_not_empty, arr.dtype) * (reduce_tensor("Max", arr) + 1)
        size = _limited(size, minlength, maxlength)
        if weights is not None:
            weights = array.reshape(weights, [-1])
        arr = array.reshape(arr, [-1])
        if weights is None:
            weights = array.constant([], dtype=dtype or arr.dtype)
        return op("DenseBincount", input=arr, size=size, weights=weights)


def _limited(size: Tensor, minlength: Any, maxlength: Any) -> Tensor:
    """Return how many counts there are, within the limits that are given."""
    if minlength is not None:
        least = convert_to_tensor(minlength, name="minlength", dtype=size.dtype)
        size = op("Maximum", x=least, y=size)
    if maxlength is not None:
        most = convert_to_tensor(maxlength, name="maxlength", dtype=size.dtype)
        size = op("Minimum", x=most, y=size)
    return size


def _sparse_counts(
    arr: SparseTensor, weights: Any, minlength: Any, maxlength: Any, dtype: Any
) -> Tensor:
    if not arr.dtype.is_integer:
        values = cast(arr.values, dtypes.int32)
        arr = SparseTensor(arr.indices, values, arr.dense_shape)
    is_not_empty = array.size(arr) > 0
    largest = maximum(reduce_tensor("Max", arr.values), -1)
    size = cast(is_not_empty, arr.dtype) * (largest + 1)
    size = _limited(size, minlength, maxlength)
    if weights is not None:
        weights = sparse_weights(arr, weights)
    weights = dense_weights(arr.values, weights, dtype)
    counts: Tensor = op("DenseBincount", input=arr.values, size=size, weights=weights)
    return counts


def histogram_fixed_width(
    values: Any,
    value_range: Any,
    nbins: Any = 100,
    dtype: Any = dtypes.int32,
    name: str | None = None,
) -> Tensor:
    """How many values fall into each of `nbins` equal parts of a range.

    Values below and above the range count in the first and the last part.
    """
    with name_scope(
        name, "histogram_fixed_width", [values, value_range, nbins]
    ) as scope:
        return op(
            "HistogramFixedWidth",
            values=values,
            value_range=value_range,
            nbins=nbins,
            dtype=dtype,
            name=scope,
        )


def histogram_fixed_width_bins(
    values: Any,
    value_range: Any,
    nbins: Any = 100,
    dtype: Any = dtypes.int32,
    name: str | None = None,
) -> Tensor:
    """Which of `nbins` equal parts of a range each value falls into.

    Values below and above the range fall into the first and the last part.
    """
    del dtype  # TF: has no use for it, the numbers are int32
    with name_scope(name, "histogram_fixed_width_bins", [values, value_range, nbins]):
        values = convert_to_tensor(values, name="values")
        shape = array.shape(values)
        values = array.reshape(values, [-1])
        value_range = convert_to_tensor(value_range, name="value_range")
        nbins = convert_to_tensor(nbins, dtype=dtypes.int32, name="nbins")
        is_positive = op("Greater", x=nbins, y=0)
        check = assert_(is_positive, [f"nbins {nbins} must > 0"])
        nbins = with_dependencies([check], nbins)
        count = cast(nbins, values.dtype)
        above_start = values - value_range[0]
        width = value_range[1] - value_range[0]
        scaled = truediv(above_start, width, name="scaled_values")
        indices = op("Floor", x=count * scaled, name="indices")
        clipped = clip_by_value(indices, 0, count - 1)
        return array.reshape(cast(clipped, dtypes.int32), shape)
