"""Weights of losses and metrics: may they be broadcast to the values?

Weights fit values if they are a scalar, or of the same rank with every size 1 or that
of the values.

Source: tensorflow python/ops/weights_broadcast_ops.py.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from metagraft.api.assertion import assert_
from metagraft.api.cond import cond
from metagraft.graph.apply_op import op
from metagraft.graph.build import array
from metagraft.graph.build.control_flow import no_op
from metagraft.graph.compiled_context import is_being_compiled
from metagraft.graph.conversion import convert_to_tensor
from metagraft.graph.operation import Operation
from metagraft.graph.scopes import control_dependencies, name_scope
from metagraft.graph.shapes import is_static
from metagraft.graph.tensor import Tensor

__all__ = ["assert_broadcastable", "broadcast_weights", "fitting_checks"]

_ERROR = "weights can not be broadcast to values."


def assert_broadcastable(weights: Any, values: Any) -> Operation:
    """Check, now or when the graph runs, that weights fit values.

    Raises:
        ValueError: They are known not to.
    """
    with name_scope(None, "assert_broadcastable", (weights, values)) as scope:
        weights, weights_shape, weights_rank = _measured("weights", weights)
        values, values_shape, values_rank = _measured("values", values)
        success = _known_to_fit(weights, values)
        if success is not None:
            return no_op(name=success)
        is_scalar = op("Equal", x=0, y=weights_rank, name="is_scalar")
        data = (
            _ERROR,
            "weights.shape=",
            weights.name,
            weights_shape,
            "values.shape=",
            values.name,
            values_shape,
            "is_scalar=",
            is_scalar,
        )
        is_valid = cond(
            is_scalar,
            lambda: is_scalar,
            lambda: _has_valid_shape(
                weights_rank, weights_shape, values_rank, values_shape
            ),
            name="is_valid_shape",
        )
        check: Operation = assert_(is_valid, data, name=scope)
        return check


def _measured(name: str, value: Any) -> tuple[Tensor, Tensor, Tensor]:
    with name_scope(None, name, (value,)) as scope:
        tensor = convert_to_tensor(value, name=scope)
        return (
            tensor,
            array.shape(tensor, name="shape"),
            array.rank(tensor, name="rank"),
        )


def _known_to_fit(weights: Tensor, values: Tensor) -> str | None:
    """Return the name of the node that says so, or None if it is not known yet."""
    if weights.dims is None or values.dims is None:
        return None
    if not weights.dims:
        return "static_scalar_check_success"
    if len(weights.dims) != len(values.dims):
        raise ValueError(
            f"{_ERROR} values.rank={len(values.dims)}. weights.rank="
            f"{len(weights.dims)}. values.shape={values.shape}. weights.shape="
            f"{weights.shape}. Received weights={weights}, values={values}"
        )
    if not (is_static(weights.dims) and is_static(values.dims)):
        return None
    for axis, sizes in enumerate(zip(weights.dims, values.dims, strict=True)):
        if sizes[0] not in (1, sizes[1]):
            shapes = [np.array(given.dims) for given in (values, weights)]
            raise ValueError(
                f"{_ERROR} Mismatch at dim {axis}. values.shape={shapes[0]},"
                f" weights.shape={shapes[1]}. Received weights={weights},"
                f" values={values}"
            )
    return "static_dims_check_success"


def _has_valid_shape(
    weights_rank: Tensor, weights_shape: Tensor, values_rank: Tensor, values_shape: Any
) -> Any:
    parts = (weights_rank, weights_shape, values_rank, values_shape)
    with name_scope(None, "has_valid_nonscalar_shape", parts) as scope:
        is_same_rank = op("Equal", x=values_rank, y=weights_rank, name="is_same_rank")
        return cond(
            is_same_rank,
            lambda: _has_valid_dims(weights_shape, values_shape),
            lambda: is_same_rank,
            name=scope,
        )


def _has_valid_dims(weights_shape: Tensor, values_shape: Tensor) -> Tensor:
    """Whether no size of the weights is neither 1 nor that of the values."""
    with name_scope(None, "has_invalid_dims", (weights_shape, values_shape)) as scope:
        sizes = array.expand_dims(values_shape, -1)
        valid = array.concat((sizes, array.ones_like(sizes)), axis=1)
        found = array.expand_dims(weights_shape, -1)
        _, invalid, _ = op(
            "DenseToDenseSetOperation", set1=found, set2=valid, set_operation="a-b"
        )
        count = array.size(invalid, name="num_invalid_dims")
        result: Tensor = op("Equal", x=0, y=count, name=scope)
        return result


def fitting_checks(weights: Any, values: Any) -> tuple[Operation, ...]:
    """Return what checks that weights fit; nothing where no checks can be compiled."""
    return () if is_being_compiled() else (assert_broadcastable(weights, values),)


def broadcast_weights(weights: Any, values: Any) -> Tensor:
    """Return weights in the shape of the values.

    Raises:
        ValueError: They do not fit.
    """
    with name_scope(None, "broadcast_weights", (weights, values)) as scope:
        values = convert_to_tensor(values, name="values")
        weights = convert_to_tensor(
            weights, dtype=values.dtype.base_dtype, name="weights"
        )
        if is_static(weights.dims) and weights.dims == values.dims:
            return weights
        with control_dependencies(fitting_checks(weights, values)):
            result: Tensor = op("Mul", x=weights, y=array.ones_like(values), name=scope)
            return result
