"""Functions of whole matrices (`tf.linalg.expm`, `logm`, `sqrtm`).

Source: tensorflow python/ops/linalg/linalg_impl.py; Al-Mohy and Higham 2009.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from metagraft.api.cond import cond
from metagraft.api.while_loop import while_loop
from metagraft.graph import dtypes
from metagraft.graph.apply_op import op
from metagraft.graph.build import array
from metagraft.graph.build.eye import eye
from metagraft.graph.build.math import absolute, cast, power, select_v2
from metagraft.graph.build.matmul import matmul
from metagraft.graph.build.reductions import reduce_tensor
from metagraft.graph.conversion import convert_to_tensor
from metagraft.graph.scopes import name_scope
from metagraft.graph.tensor import Tensor

__all__ = ["logm", "matrix_exponential", "sqrtm"]

# Coefficients of Pade approximants, from the constant term on, but the last, 1.
_PADE = {
    3: (120.0, 60.0, 12.0),
    5: (30240.0, 15120.0, 3360.0, 420.0, 30.0),
    7: (17297280.0, 8648640.0, 1995840.0, 277200.0, 25200.0, 1512.0, 56.0),
    9: (
        17643225600.0,
        8821612800.0,
        2075673600.0,
        302702400.0,
        30270240.0,
        2162160.0,
        110880.0,
        3960.0,
        90.0,
    ),
    13: (
        64764752532480000.0,
        32382376266240000.0,
        7771770303897600.0,
        1187353796428800.0,
        129060195264000.0,
        10559470521600.0,
        670442572800.0,
        33522128640.0,
        1323241920.0,
        40840800.0,
        960960.0,
        16380.0,
        182.0,
    ),
}
# Up to which norm each approximant serves; the last one takes scaled matrices.
_SINGLE_LIMITS = (4.258730016922831e-001, 1.880152677804762e000)
_SINGLE_LARGEST = 3.925724783138660
_DOUBLE_LIMITS = (
    1.495585217958292e-002,
    2.539398330063230e-001,
    9.504178996162932e-001,
    2.097847961257068e000,
)
_DOUBLE_LARGEST = 5.371920351148152
_SINGLE = (dtypes.float16, dtypes.float32, dtypes.complex64)
_DOUBLE = (dtypes.float64, dtypes.complex128)

Parts = tuple[Tensor, Tensor]


def logm(input: Any, name: str | None = None) -> Tensor:
    """The principal logarithms of complex matrices `[..., n, n]`."""
    result: Tensor = op("MatrixLogarithm", input=input, name=name)
    return result


def sqrtm(input: Any, name: str | None = None) -> Tensor:
    """The square roots of matrices `[..., n, n]`."""
    result: Tensor = op("MatrixSquareRoot", input=input, name=name)
    return result


def _low_order(matrix: Tensor, order: int) -> Parts:
    """The odd and the even part of an approximant of order 3 to 9."""
    b = [convert_to_tensor(x, dtype=matrix.dtype) for x in _PADE[order]]
    identity = eye(
        array.shape(matrix)[-2],
        batch_shape=array.shape(matrix)[:-2],
        dtype=matrix.dtype,
    )
    powers = {2: matmul(matrix, matrix)}
    if order > 3:
        powers[4] = matmul(powers[2], powers[2])
    for exponent in range(6, order, 2):
        powers[exponent] = matmul(powers[exponent - 2], powers[2])
    odd = powers[order - 1]
    for exponent in range(order - 3, 0, -2):
        odd = odd + b[exponent + 1] * powers[exponent]
    odd = odd + b[1] * identity
    odd = matmul(matrix, odd)
    even = b[order - 1] * powers[order - 1]
    for exponent in range(order - 3, 0, -2):
        even = even + b[exponent] * powers[exponent]
    return odd, even + b[0] * identity


def _order_13(matrix: Tensor) -> Parts:
    b = [convert_to_tensor(x, dtype=matrix.dtype) for x in _PADE[13]]
    identity = eye(
        array.shape(matrix)[-2],
        batch_shape=array.shape(matrix)[:-2],
        dtype=matrix.dtype,
    )
    second = matmul(matrix, matrix)
    fourth = matmul(second, second)
    sixth = matmul(fourth, second)
    odd = (
        matmul(sixth, sixth + b[11] * fourth + b[9] * second)
        + b[7] * sixth
        + b[5] * fourth
        + b[3] * second
        + b[1] * identity
    )
    odd = matmul(matrix, odd)
    high = b[12] * sixth + b[10] * fourth + b[8] * second
    even = (
        matmul(sixth, high)
        + b[6] * sixth
        + b[4] * fourth
        + b[2] * second
        + b[0] * identity
    )
    return odd, even


def matrix_exponential(input: Any, name: str | None = None) -> Tensor:
    """The exponentials of matrices `[..., n, n]`, by scaling and squaring.

    Raises:
        ValueError: They are not of floating-point or complex numbers.
    """
    with name_scope(name, "matrix_exponential", [input]):
        matrix: Tensor = convert_to_tensor(input, name="input")
        if matrix.shape[-2:] == [0, 0]:
            return matrix
        batch: Any = matrix.shape[:-2]
        if not batch.is_fully_defined():
            batch = array.shape(matrix)[:-2]
        matrix = array.reshape(
            matrix, array.concat(([-1], array.shape(matrix)[-2:]), axis=0)
        )
        sizes = absolute(matrix)
        rows = array.size(array.shape(matrix)) - 2
        sums = reduce_tensor("Sum", sizes, rows)
        norm = reduce_tensor("Max", sums, -1)[..., None, None]
        numerator, denominator, squarings = _approximated(matrix, norm)
        result = _squared(matrix, norm, squarings, numerator, denominator)
        if not matrix.shape.is_fully_defined():
            return array.reshape(
                result, array.concat((batch, array.shape(result)[-2:]), axis=0)
            )
        return array.reshape(result, batch.concatenate(result.shape[-2:]))


def _approximated(matrix: Tensor, norm: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Choose an approximant for each matrix by its norm.

    Returns:
        The odd and the even part, and how often the result is to be squared.
    """
    if matrix.dtype in _SINGLE:
        limits: tuple[float, ...] = _SINGLE_LIMITS
        orders: tuple[int, ...] = (3, 5)
        largest = _SINGLE_LARGEST
        last: Callable[[Tensor], Parts] = lambda x: _low_order(x, 7)  # noqa: E731
    elif matrix.dtype in _DOUBLE:
        limits, largest = _DOUBLE_LIMITS, _DOUBLE_LARGEST
        orders = (3, 5, 7, 9)
        last = _order_13
    else:
        raise ValueError(
            f"tf.linalg.expm does not support matrices of type {matrix.dtype}"
        )
    most = convert_to_tensor(largest, dtype=norm.dtype)
    logarithm = op("Log", x=norm / most)
    base = op("Log", x=convert_to_tensor(2.0, dtype=norm.dtype))
    squarings = op("Maximum", x=op("Floor", x=logarithm / base), y=0)
    parts = [_low_order(matrix, order) for order in orders]
    two = convert_to_tensor(2.0, dtype=norm.dtype)
    parts.append(last(matrix / cast(power(two, squarings), matrix.dtype)))
    odd, even = zip(*parts, strict=True)
    return (
        _by_norm(norm, limits, odd),
        _by_norm(norm, limits, even),
        squarings,
    )


def _by_norm(norm: Tensor, limits: Sequence[float], cases: Sequence[Tensor]) -> Tensor:
    limit = convert_to_tensor(limits[0], dtype=norm.dtype)
    is_small = op("Less", x=norm, y=limit)
    rest = cases[1] if len(limits) == 1 else _by_norm(norm, limits[1:], cases[1:])
    return select_v2(is_small, cases[0], rest)


def _squared(
    matrix: Tensor, norm: Tensor, squarings: Tensor, odd: Tensor, even: Tensor
) -> Tensor:
    is_finite = op("IsFinite", x=reduce_tensor("Max", norm))
    nan = convert_to_tensor(np.nan, dtype=matrix.dtype)
    start = cond(
        is_finite,
        lambda: op("MatrixSolve", matrix=-odd + even, rhs=odd + even),
        lambda: array.fill(array.shape(matrix), nan),
    )
    most = reduce_tensor("Max", squarings)
    first = convert_to_tensor(0.0, dtype=norm.dtype)

    def goes_on(i: Tensor, _: Tensor) -> Any:
        return cond(
            is_finite,
            lambda: op("Less", x=i, y=most),
            lambda: convert_to_tensor(False),
        )

    def square(i: Tensor, r: Tensor) -> tuple[Tensor, Tensor]:
        following = i + 1
        is_due = op("Less", x=i, y=squarings)
        return following, select_v2(is_due, matmul(r, r), r)

    _, result = while_loop(goes_on, square, [first, start])
    squared: Tensor = result
    return squared
