"""Assertions about values: `tf.assert_equal` and its like.

What is known while the graph is built fails at once; the rest fails in the run.

Source: tensorflow python/ops/check_ops.py.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from metagraft.api.assertion import assert_
from metagraft.api.cond import cond
from metagraft.api.shape_checks import is_numeric_tensor, message_prefix
from metagraft.errors import InvalidArgumentError
from metagraft.graph.apply_op import op
from metagraft.graph.build import array
from metagraft.graph.build.control_flow import no_op
from metagraft.graph.build.math import absolute, equal
from metagraft.graph.build.reductions import reduce_tensor
from metagraft.graph.constant_value import constant_value
from metagraft.graph.conversion import convert_to_tensor
from metagraft.graph.operation import Operation
from metagraft.graph.scopes import name_scope
from metagraft.graph.tensor import Tensor

__all__ = [
    "assert_equal",
    "assert_greater",
    "assert_greater_equal",
    "assert_less",
    "assert_less_equal",
    "assert_near",
    "assert_negative",
    "assert_non_negative",
    "assert_non_positive",
    "assert_none_equal",
    "assert_positive",
    "is_non_decreasing",
    "is_strictly_increasing",
]

Comparison = Callable[[Any, Any], Tensor]


def _comparison(op_type: str) -> Comparison:
    def compare(x: Any, y: Any) -> Tensor:
        result: Tensor = op(op_type, x=x, y=y)
        return result

    return compare


def _shown(value: Any) -> Any:
    """What an error that is raised at once shows of a value."""
    if not isinstance(value, Tensor):
        return str(value)
    known = constant_value(value)
    return str(value if known is None else known)


def _compared(
    symbol: str,
    name: str | None,
    default_name: str,
    functions: tuple[Comparison, Callable[[Any, Any], Any]],
    operands: tuple[Any, Any],
    data: Sequence[Any] | None,
    summarize: int | None,
    message: str | None,
) -> Operation:
    build, compute = functions
    with name_scope(name, default_name, [*operands, data]):
        x = convert_to_tensor(operands[0], name="x")
        y = convert_to_tensor(operands[1], name="y")
        if data is None:
            data = [
                f"Condition x {symbol} y did not hold element-wise:",
                f"x ({x.name}) = ",
                x,
                f"y ({y.name}) = ",
                y,
            ]
        if message is not None:
            data = [message, *data]
        condition = reduce_tensor("All", build(x, y))
        known_x, known_y = constant_value(x), constant_value(y)
        is_known = known_x is not None and known_y is not None
        if is_known and not np.all(compute(known_x, known_y)):
            raise InvalidArgumentError(None, None, "\n".join(map(_shown, data)))
        return assert_(condition, data, summarize=summarize)


def assert_equal(
    x: Any,
    y: Any,
    data: Sequence[Any] | None = None,
    summarize: int | None = None,
    message: str | None = None,
    name: str | None = None,
) -> Operation:
    """Add a check that `x == y` everywhere.

    Args:
        x: A tensor.
        y: A tensor that broadcasts with `x`.
        data: What the error shows; by default both tensors.
        summarize: How many elements of each tensor the error shows.
        message: What the error begins with.
        name: Name of the scope.

    Raises:
        InvalidArgumentError: It is known to be false.
    """
    with name_scope(name, "assert_equal", [x, y, data]):
        if x is y:
            return no_op()
    return _compared(
        "==",
        name,
        "assert_equal",
        (equal, np.equal),
        (x, y),
        data,
        summarize,
        message,
    )


def _assertion(
    function_name: str,
    symbol: str,
    functions: tuple[Comparison, Callable[[Any, Any], Any]],
) -> Callable[..., Operation]:
    def check(
        x: Any,
        y: Any,
        data: Sequence[Any] | None = None,
        summarize: int | None = None,
        message: str | None = None,
        name: str | None = None,
    ) -> Operation:
        return _compared(
            symbol, name, function_name, functions, (x, y), data, summarize, message
        )

    check.__name__ = check.__qualname__ = function_name
    check.__doc__ = f"""Add a check that `x {symbol} y` everywhere; see `assert_equal`.

    Raises:
        InvalidArgumentError: It is known to be false.
    """
    return check


assert_none_equal = _assertion(
    "assert_none_equal", "!=", (_comparison("NotEqual"), np.not_equal)
)
assert_less = _assertion("assert_less", "<", (_comparison("Less"), np.less))
assert_less_equal = _assertion(
    "assert_less_equal", "<=", (_comparison("LessEqual"), np.less_equal)
)
assert_greater = _assertion("assert_greater", ">", (_comparison("Greater"), np.greater))
assert_greater_equal = _assertion(
    "assert_greater_equal", ">=", (_comparison("GreaterEqual"), np.greater_equal)
)


def _sign_assertion(
    function_name: str,
    symbol: str,
    check: Callable[..., Operation],
    *,
    zero_first: bool,
) -> Callable[..., Operation]:
    def check_sign(
        x: Any,
        data: Sequence[Any] | None = None,
        summarize: int | None = None,
        message: str | None = None,
        name: str | None = None,
    ) -> Operation:
        prefix = message_prefix(message)
        with name_scope(name, function_name, [x, data]):
            tensor = convert_to_tensor(x, name="x")
            if data is None:
                data = _sign_data(symbol, prefix, tensor)
            zero = convert_to_tensor(0, dtype=tensor.dtype)
            operands = (zero, tensor) if zero_first else (tensor, zero)
            return check(*operands, data=data, summarize=summarize)

    check_sign.__name__ = check_sign.__qualname__ = function_name
    check_sign.__doc__ = f"""Add a check that `x {symbol} 0` everywhere.

    The arguments are those of `assert_equal`.

    Raises:
        InvalidArgumentError: It is known to be false.
    """
    return check_sign


def _sign_data(symbol: str, prefix: str, tensor: Tensor) -> list[Any]:
    text = f"Condition x {symbol} 0 did not hold element-wise:"
    shown = f"x ({tensor.name}) = "
    if symbol == "<=":
        # TF: one string here, where the other checks have two.
        return [prefix, text + shown, tensor]
    return [prefix, text, shown, tensor]


assert_negative = _sign_assertion("assert_negative", "<", assert_less, zero_first=False)
assert_positive = _sign_assertion("assert_positive", ">", assert_less, zero_first=True)
assert_non_negative = _sign_assertion(
    "assert_non_negative", ">=", assert_less_equal, zero_first=True
)
assert_non_positive = _sign_assertion(
    "assert_non_positive", "<=", assert_less_equal, zero_first=False
)


def assert_near(
    x: Any,
    y: Any,
    rtol: Any = None,
    atol: Any = None,
    data: Sequence[Any] | None = None,
    summarize: int | None = None,
    message: str | None = None,
    name: str | None = None,
) -> Operation:
    """Add a check that `|x - y| < atol + rtol * |y|` everywhere.

    Args:
        x: A tensor.
        y: A tensor of the same type.
        rtol: Relative tolerance; by default ten times the type's precision.
        atol: Absolute tolerance, likewise.
        data: What the error shows; by default both tensors.
        summarize: How many elements of each tensor the error shows.
        message: What the error begins with.
        name: Name of the scope.
    """
    prefix = message_prefix(message)
    with name_scope(name, "assert_near", [x, y, rtol, atol, data]):
        x = convert_to_tensor(x, name="x")
        y = convert_to_tensor(y, name="y", dtype=x.dtype)
        dtype = x.dtype.real_dtype if x.dtype.is_complex else x.dtype
        default = 10 * np.finfo(dtype.as_numpy_dtype).eps
        rtol = convert_to_tensor(
            default if rtol is None else rtol, name="rtol", dtype=dtype
        )
        atol = convert_to_tensor(
            default if atol is None else atol, name="atol", dtype=dtype
        )
        if data is None:
            data = [
                prefix,
                f"x and y not equal to tolerance rtol = {rtol}, atol = {atol}",
                f"x ({x.name}) = ",
                x,
                f"y ({y.name}) = ",
                y,
            ]
        tolerance = atol + rtol * absolute(y)
        difference = absolute(x - y)
        near = op("Less", x=difference, y=tolerance)
        return assert_(reduce_tensor("All", near), data, summarize=summarize)


def _neighbours_compare(x: Any, op_type: str) -> Tensor:
    """Whether a comparison holds between every element and the one before."""
    flat = array.reshape(x, [-1])
    if not is_numeric_tensor(flat):
        raise TypeError(f"Expected x to be numeric, instead found: {flat}")
    is_short = op("Less", x=array.size(flat), y=2)
    count = array.shape(flat) - 1
    result: Tensor = cond(
        is_short,
        lambda: convert_to_tensor([], dtype="bool"),
        lambda: op(
            op_type,
            x=array.strided_slice(flat, [1], [1] + count),  # noqa: RUF005 - a sum
            y=array.strided_slice(flat, [0], count),
        ),
    )
    return result


def is_non_decreasing(x: Any, name: str | None = None) -> Tensor:
    """Return whether no element is smaller than the one before.

    Raises:
        TypeError: They are no numbers.
    """
    with name_scope(name, "is_non_decreasing", [x]):
        return reduce_tensor("All", _neighbours_compare(x, "GreaterEqual"))


def is_strictly_increasing(x: Any, name: str | None = None) -> Tensor:
    """Return whether every element is larger than the one before.

    Raises:
        TypeError: They are no numbers.
    """
    with name_scope(name, "is_strictly_increasing", [x]):
        return reduce_tensor("All", _neighbours_compare(x, "Greater"))
