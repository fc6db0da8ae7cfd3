"""Probabilities and their logarithms, and what `validate_args` adds to a graph.

Source: tensorflow python/ops/distributions/util.py.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from metagraft.api.checks import (
    assert_equal,
    assert_greater_equal,
    assert_less_equal,
    assert_near,
    assert_non_negative,
    assert_positive,
)
from metagraft.api.math import log, log1p, sigmoid
from metagraft.api.nn_softmax import softmax
from metagraft.api.shape_checks import assert_rank_at_least
from metagraft.graph import dtypes
from metagraft.graph.build import array
from metagraft.graph.build.control_flow import no_op, with_dependencies
from metagraft.graph.build.math import cast
from metagraft.graph.build.reductions import reduce_tensor
from metagraft.graph.conversion import constant, convert_to_tensor
from metagraft.graph.dtypes import DType
from metagraft.graph.operation import Operation
from metagraft.graph.scopes import name_scope
from metagraft.graph.tensor import Tensor

__all__ = [
    "assert_integer_form",
    "checked_class_parameter",
    "checked_counts",
    "checked_integer_cast",
    "logits_and_probabilities",
    "positive_concentration",
]

_INTEGERS_LIKE = {
    dtypes.float16: dtypes.int16,
    dtypes.float32: dtypes.int32,
    dtypes.float64: dtypes.int64,
}
_KNOWN = (
    *(dtypes.float16, dtypes.float32, dtypes.float64),
    *(dtypes.int8, dtypes.int16, dtypes.int32, dtypes.int64),
    *(dtypes.bool, dtypes.uint8, dtypes.uint16),
)


def assert_integer_form(
    x: Any,
    message: str | None = None,
    int_dtype: DType | None = None,
    name: str = "assert_integer_form",
) -> Operation:
    """Add a check that `x` holds integers, whatever its type.

    Args:
        x: A tensor.
        message: What the error begins with.
        int_dtype: The integer type that must hold them; if None, one as wide as `x`.
        name: Name of the scope.

    Raises:
        TypeError: The type of `x` is no number's.
    """
    with name_scope(name, values=[x, None]):
        x = convert_to_tensor(x, name="x")
        if x.dtype.is_integer:
            return no_op()
        message = message or f"{x} has non-integer components"
        if int_dtype is None:
            if x.dtype.base_dtype not in _INTEGERS_LIKE:
                raise TypeError(f"Unrecognized type {x.dtype.name}")
            int_dtype = _INTEGERS_LIKE[x.dtype.base_dtype]
        rounded = cast(cast(x, int_dtype), x.dtype)
        return assert_equal(x, rounded, message=message, name=name)


def checked_counts(
    x: Any, name: str = "embed_check_nonnegative_integer_form"
) -> Tensor:
    """`x` after a check that it holds non-negative integers."""
    with name_scope(name, values=[x]):
        x = convert_to_tensor(x, name="x")
        checks = [assert_non_negative(x, message=f"'{x}' must be non-negative.")]
        if not x.dtype.is_integer:
            text = f"'{x}' cannot contain fractional components."
            checks.append(assert_integer_form(x, message=text))
        checked: Tensor = with_dependencies(checks, x)
        return checked


def logits_and_probabilities(
    logits: Any = None,
    probs: Any = None,
    multidimensional: bool = False,
    validate_args: bool = False,
    name: str = "get_logits_and_probs",
) -> tuple[Tensor, Tensor]:
    """Make probabilities of their log-odds, or the other way round.

    Args:
        logits: Log-odds, or unnormalized log-probabilities.
        probs: Probabilities.
        multidimensional: Whether the last axis lists the probabilities of classes.
        validate_args: Whether runs check the probabilities.
        name: Name of the scope.

    Raises:
        ValueError: Both or none are given.
        TypeError: What is given is not of a floating-point type.
    """
    with name_scope(name, values=[probs, logits]):
        if (probs is None) == (logits is None):
            raise ValueError("Must pass probs or logits, but not both.")
        if probs is None:
            given = _floating(logits, "logits")
            if not multidimensional:
                return given, sigmoid(given, name="probs")
            if validate_args:
                given = checked_class_parameter(given)
            return given, softmax(given, name="probs")
        given = _floating(probs, "probs")
        if validate_args:
            given = _checked_probabilities(given, multidimensional)
        with name_scope("logits"):
            if multidimensional:
                return log(given), given
            return log(given) - log1p(-1.0 * given), given


def _floating(value: Any, name: str) -> Tensor:
    tensor = convert_to_tensor(value, name=name)
    if not tensor.dtype.is_floating:
        raise TypeError(f"{name} must having floating type.")
    return tensor


def _checked_probabilities(probs: Tensor, multidimensional: bool) -> Tensor:
    with name_scope("validate_probs"):
        one = constant(1.0, probs.dtype)
        checks = [assert_non_negative(probs)]
        if multidimensional:
            probs = checked_class_parameter(probs)
            total = reduce_tensor("Sum", probs, -1)
            checks.append(assert_near(total, one, message="probs does not sum to 1."))
        else:
            text = "probs has components greater than 1."
            checks.append(assert_less_equal(probs, one, message=text))
        checked: Tensor = with_dependencies(checks, probs)
        return checked


def _check_is_known(dtype: DType) -> None:
    if dtype.base_dtype not in _KNOWN:
        raise TypeError(f"Unrecognized dtype: {dtype.name}")


def _largest_integer(dtype: DType) -> int:
    """The largest integer up to which a type has all."""
    _check_is_known(dtype)
    if dtype.is_floating:
        return int(2 ** (np.finfo(dtype.as_numpy_dtype).nmant + 1))
    if dtype.is_integer:
        return int(np.iinfo(dtype.as_numpy_dtype).max)
    return 1


def _is_like_integer(dtype: DType) -> bool:
    _check_is_known(dtype)
    return bool(dtype.is_integer) or dtype.base_dtype == dtypes.bool


def checked_class_parameter(
    categorical_param: Any, name: str = "embed_check_categorical_event_shape"
) -> Tensor:
    """A parameter with an entry for each class, after a check of their number.

    Raises:
        TypeError: It is not of a floating-point type.
        ValueError: The number of classes is known and too small or too large.
    """
    with name_scope(name, values=[categorical_param]):
        x = convert_to_tensor(categorical_param, name="categorical_param")
        dtype = x.dtype.base_dtype
        most = _largest_integer(dtype) if dtype.is_floating else 0
        if not most:
            raise TypeError(
                f"Unable to validate size of unrecognized dtype ({dtype.name})."
            )
        has_axis = (
            "A categorical-distribution parameter must have at least 1 dimension."
        )
        has_classes = (
            "A categorical-distribution parameter must have at least 2 events."
        )
        if x.shape.ndims == 0:
            raise ValueError(has_axis)
        if x.dims is None or x.dims[-1] is None:
            count = array.shape(x, name="x_shape")[-1]
            text = (
                f"Number of classes exceeds `dtype` precision, i.e., {dtype.name} dtype"
                f" cannot exceed {most} shape."
            )
            checks = [
                assert_rank_at_least(x, 1, message=has_axis),
                assert_greater_equal(array.shape(x)[-1], 2, message=has_classes),
                assert_less_equal(count, most, message=text),
            ]
            checked: Tensor = with_dependencies(checks, x)
            return checked
        known = x.dims[-1]
        if known < 2:
            raise ValueError(has_classes)
        if known > most:
            raise ValueError(
                f"Number of classes exceeds `dtype` precision, i.e., {dtype.name}"
                f" implies shape ({known}) cannot exceed {most}."
            )
        return x


def checked_integer_cast(
    x: Any, target_dtype: DType, name: str = "embed_check_casting_closed"
) -> Tensor:
    """`x` after a check that it holds non-negative integers that a type can hold.

    Raises:
        TypeError: One of the types is neither of floating-point numbers nor integers,
            or none is of integers.
    """
    with name_scope(name, values=[x]):
        x = convert_to_tensor(x, name="x")
        _check_castable(x, target_dtype)
        checks = [assert_non_negative(x, message="Elements must be non-negative.")]
        if x.dtype.is_floating:
            text = f"Elements must be {target_dtype.name}-equivalent."
            checks.append(assert_integer_form(x, int_dtype=target_dtype, message=text))
        elif _largest_integer(x.dtype) > (most := _largest_integer(target_dtype)):
            text = f"Elements cannot exceed {most}."
            checks.append(assert_less_equal(x, most, message=text))
        checked: Tensor = with_dependencies(checks, x)
        return checked


def _check_castable(x: Tensor, target: DType) -> None:
    if not _is_like_integer(x.dtype) and not x.dtype.is_floating:
        raise TypeError(f"{x.dtype.name}.dtype must be floating- or integer-type.")
    if not _is_like_integer(target) and not target.is_floating:
        raise TypeError(
            f"target_dtype ({target.name}) must be floating- or integer-type."
        )
    if not _is_like_integer(x.dtype) and not _is_like_integer(target):
        raise TypeError(
            f"At least one of {x}.dtype ({x.dtype.name}) and target_dtype"
            f" ({target.name}) must be integer-type."
        )


def positive_concentration(concentration: Tensor, validate_args: bool) -> Tensor:
    """`concentration`, if wanted after a check that it is positive."""
    if not validate_args:
        return concentration
    text = "Concentration parameter must be positive."
    checks = [assert_positive(concentration, message=text)]
    checked: Tensor = with_dependencies(checks, concentration)
    return checked
