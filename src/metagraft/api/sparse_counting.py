"""Counts of values as sparse tensors (`tf.sparse.bincount`).

Source: tensorflow python/ops/sparse_ops.py.
"""

from __future__ import annotations

from typing import Any

from metagraft.api.checks import assert_equal
from metagraft.graph.apply_op import op
from metagraft.graph.build import array
from metagraft.graph.composite import SparseTensor
from metagraft.graph.conversion import convert_to_tensor
from metagraft.graph.scopes import control_dependencies, name_scope
from metagraft.graph.tensor import Tensor

__all__ = ["check_axis", "dense_weights", "sparse_bincount", "sparse_weights"]


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
        values: Numbers, dense or sparse.
        weights: What each counts, in the same form.
        axis: 0 to count all, -1 to count each row.
        minlength: The least number of counts.
        maxlength: The largest number of counts; larger numbers are left out.
        binary_output: Whether to note only that a number occurs.
        name: Name of the scope.

    Raises:
        ValueError: The arguments do not go together.
    """
    with name_scope(name, "count", [values, weights]):
        if not isinstance(values, SparseTensor):
            values = convert_to_tensor(values, name="values")
        if weights is not None and not isinstance(weights, SparseTensor):
            weights = convert_to_tensor(weights, name="weights")
        axis = check_axis(axis, weights, binary_output)
        if axis == 0:
            values, weights = _flattened(values, weights)
        attrs: dict[str, Any] = {
            "minlength": -1 if minlength is None else minlength,
            "maxlength": -1 if maxlength is None else maxlength,
            "binary_output": binary_output,
        }
        if isinstance(values, SparseTensor):
            return SparseTensor(
                *op(
                    "SparseCountSparseOutput",
                    indices=values.indices,
                    values=values.values,
                    dense_shape=values.dense_shape,
                    weights=sparse_weights(values, weights),
                    **attrs,
                )
            )
        weights = dense_weights(values, weights)
        return SparseTensor(
            *op("DenseCountSparseOutput", values=values, weights=weights, **attrs)
        )


def check_axis(axis: int | None, weights: Any, binary_output: bool) -> int:
    """Return the axis that is counted along.

    Raises:
        ValueError: There is no such axis, or weights would have no use.
    """
    if weights is not None and binary_output:
        raise ValueError(
            "Arguments `binary_output` and `weights` are mutually exclusive. Please"
            " specify only one."
        )
    axis = 0 if axis is None else axis
    if axis not in (0, -1):
        raise ValueError(
            f"Unsupported value for argument axis={axis}. Only 0 and -1 are"
            " currently supported."
        )
    return axis


def _flattened(values: Any, weights: Any) -> tuple[Any, Any]:
    if isinstance(values, SparseTensor):
        if weights is not None:
            weights = sparse_weights(values, weights)
        return values.values, weights
    if weights is not None:
        weights = array.reshape(weights, [-1])
    return array.reshape(values, [-1]), weights


def dense_weights(values: Tensor, weights: Any, dtype: Any = None) -> Tensor:
    """Return the weights of values, none if none are given.

    Args:
        values: What is counted.
        weights: Their weights.
        dtype: The type of none; that of the values by default.

    Raises:
        ValueError: They are no tensor.
    """
    if weights is None:
        return array.constant([], dtype=dtype or values.dtype)
    if not isinstance(weights, Tensor):
        raise ValueError(  # noqa: TRY004 - TensorFlow's class
            "Argument `weights` must be a tf.Tensor if `values` is a tf.Tensor."
            f" Received weights={weights} of type: {type(weights).__name__}"
        )
    return weights


def sparse_weights(values: SparseTensor, weights: Any) -> Tensor:
    """Return the weights of sparse values, none if none are given.

    Raises:
        ValueError: They are not sparse.
    """
    if weights is None:
        return array.constant([], dtype=values.values.dtype)
    if not isinstance(weights, SparseTensor):
        raise ValueError(  # noqa: TRY004 - TensorFlow's class
            "Argument `weights` must be a SparseTensor if `values` is a SparseTensor."
            f" Received weights={weights} of type: {type(weights).__name__}"
        )
    checks = []
    if weights.dense_shape is not values.dense_shape:
        checks.append(
            assert_equal(
                weights.dense_shape,
                values.dense_shape,
                message="'weights' and 'values' must have the same dense shape.",
            )
        )
    if weights.indices is not values.indices:
        checks.append(
            assert_equal(
                weights.indices,
                values.indices,
                message="'weights' and 'values' must have the same indices.",
            )
        )
    if not checks:
        return weights.values
    with control_dependencies(checks):
        same: Tensor = array.identity(weights.values)
        return same
