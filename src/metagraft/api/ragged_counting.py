"""How often numbers occur, in ragged tensors.

Source: tensorflow python/ops/ragged/ragged_bincount_ops.py.
"""

from __future__ import annotations

from typing import Any

from metagraft.api.casts import cast
from metagraft.api.checks import assert_equal
from metagraft.api.ragged_factories import as_values
from metagraft.api.ragged_reductions import reduce_max
from metagraft.api.ragged_tensor import RaggedTensor, is_ragged
from metagraft.api.sparse_counting import check_axis, dense_weights, sparse_weights
from metagraft.graph import dtypes
from metagraft.graph.apply_op import op
from metagraft.graph.build import array
from metagraft.graph.composite import SparseTensor
from metagraft.graph.conversion import convert_to_tensor
from metagraft.graph.scopes import control_dependencies, name_scope
from metagraft.graph.tensor import Tensor

__all__ = ["bincount", "sparse_bincount"]


def bincount(
    arr: Any,
    weights: Any = None,
    minlength: Any = None,
    maxlength: Any = None,
    dtype: Any = dtypes.int32,
) -> Tensor:
    """How often each number from 0 up occurs.

    Args:
        arr: Non-negative integers, ragged.
        weights: What each occurrence counts, divided into the same rows.
        minlength: The least number of counts.
        maxlength: The largest number of counts; larger numbers are left out.
        dtype: The type of the counts if there are no weights.

    Raises:
        ValueError: The weights are not ragged.
    """
    with name_scope("bincount"):
        numbers = as_values(arr, name="arr")
        if weights is not None and not isinstance(weights, SparseTensor):
            weights = as_values(weights, name="weights")
        if not numbers.dtype.is_integer:
            numbers = numbers.with_flat_values(cast(numbers.flat_values, dtypes.int32))
        is_not_empty = array.size(numbers.flat_values) > 0
        size = cast(is_not_empty, numbers.dtype) * (reduce_max(numbers) + 1)
        for length, name, limit in (
            (minlength, "minlength", "Maximum"),
            (maxlength, "maxlength", "Minimum"),
        ):
            if length is not None:
                given = convert_to_tensor(length, name=name, dtype=numbers.dtype)
                size = op(limit, x=given, y=size)
        while isinstance(numbers, RaggedTensor):
            if weights is not None:
                weights = _weights_of_rows(numbers, weights)
            numbers = numbers.values
        weights = dense_weights(numbers, weights, dtype)
        found: Tensor = op("DenseBincount", input=numbers, size=size, weights=weights)
        return found


def sparse_bincount(
    values: Any,
    weights: Any = None,
    axis: int | None = 0,
    minlength: int | None = None,
    maxlength: int | None = None,
    binary_output: bool = False,
    name: str | None = None,
) -> SparseTensor:
    """How often each number from 0 up occurs, as a sparse tensor.

    Args:
        values: Numbers, ragged.
        weights: What each counts, divided into the same rows.
        axis: 0 to count all, -1 to count each row.
        minlength: The least number of counts.
        maxlength: The largest number of counts; larger numbers are left out.
        binary_output: Whether to note only that a number occurs.
        name: Name of the scope.

    Raises:
        ValueError: The arguments do not go together.
    """
    with name_scope(name, "count", [values, weights]):
        if isinstance(values, SparseTensor):
            sparse_weights(values, weights)  # refuses them: they are ragged
        numbers = as_values(values, name="values")
        if weights is not None and not isinstance(weights, SparseTensor):
            weights = as_values(weights, name="weights")
        axis = check_axis(axis, weights, binary_output)
        attrs: dict[str, Any] = {
            "minlength": -1 if minlength is None else minlength,
            "maxlength": -1 if maxlength is None else maxlength,
            "binary_output": binary_output,
        }
        if axis == 0:
            if weights is not None:
                weights = _weights_of_rows(numbers, weights)
            numbers = numbers.values
        if isinstance(numbers, RaggedTensor):
            if weights is None:
                weights = array.constant([], dtype=numbers.values.dtype)
            else:
                weights = _weights_of_rows(numbers, weights)
            parts = op(
                "RaggedCountSparseOutput",
                splits=numbers.row_splits,
                values=numbers.values,
                weights=weights,
                **attrs,
            )
        else:
            weights = dense_weights(numbers, weights)
            parts = op(
                "DenseCountSparseOutput", values=numbers, weights=weights, **attrs
            )
        return SparseTensor(*parts)


def _weights_of_rows(numbers: RaggedTensor, weights: Any) -> Any:
    """Return the values of weights, after a check that their rows are the same.

    Raises:
        ValueError: They are not ragged.
    """
    if not is_ragged(weights):
        raise ValueError(
            "`weights` must be a RaggedTensor if `values` is a RaggedTensor. Received"
            f" argument weights={weights} of type: {type(weights).__name__}."
        )
    if weights.row_splits is numbers.row_splits:
        return weights.values
    check = assert_equal(
        weights.row_splits,
        numbers.row_splits,
        message="'weights' and 'values' must have the same row splits.",
    )
    with control_dependencies([check]):
        return array.identity(weights.values)
