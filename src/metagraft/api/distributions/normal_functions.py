"""The normal distribution's function, its logarithm and its inverse.

Source: tensorflow python/ops/distributions/special_math.py; the inverse is that of
Cephes, ndtri.c.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from metagraft.api.arithmetic import maximum, minimum
from metagraft.api.comparison import greater, less
from metagraft.api.math import exp, log, log1p, sqrt, square
from metagraft.api.special_math import erf, erfc
from metagraft.graph.build import array
from metagraft.graph.build.math import absolute, select_v2
from metagraft.graph.conversion import constant, convert_to_tensor
from metagraft.graph.scopes import name_scope
from metagraft.graph.tensor import Tensor

__all__ = ["log_cdf_laplace", "log_ndtr", "ndtr", "ndtri"]

# Below the first the asymptotic series is used, above the second `-ndtr(-x)`.
_SEGMENTS = {
    np.float32: (np.array(-10, np.float32), np.array(5, np.float32)),
    np.float64: (np.array(-20, np.float64), np.array(8, np.float64)),
}
_MOST_TERMS = 30

# Quotients of polynomials, from the constant term on: for the middle, for the tails,
# and for the far tails.
_MIDDLE = (
    (
        -1.23916583867381258016e0,
        1.39312609387279679503e1,
        -5.66762857469070293439e1,
        9.80010754185999661536e1,
        -5.99633501014107895267e1,
    ),
    (
        -1.18331621121330003142e0,
        1.59056225126211695515e1,
        -8.20372256168333339912e1,
        2.00260212380060660359e2,
        -2.25462687854119370527e2,
        8.63602421390890590575e1,
        4.67627912898881538453e0,
        1.95448858338141759834e0,
        1.0,
    ),
)
_TAIL = (
    (
        -8.57456785154685413611e-4,
        -3.50424626827848203418e-2,
        -1.40256079171354495875e-1,
        2.18663306850790267539e0,
        1.46849561928858024014e1,
        4.40805073893200834700e1,
        5.71628192246421288162e1,
        3.15251094599893866154e1,
        4.05544892305962419923e0,
    ),
    (
        -9.33259480895457427372e-4,
        -3.80806407691578277194e-2,
        -1.42182922854787788574e-1,
        2.50464946208309415979e0,
        1.50425385692907503408e1,
        4.13172038254672030440e1,
        4.53907635128879210584e1,
        1.57799883256466749731e1,
        1.0,
    ),
)
_FAR_TAIL = (
    (
        6.23974539184983293730e-9,
        2.65806974686737550832e-6,
        3.01581553508235416007e-4,
        1.23716634817820021358e-2,
        2.01485389549179081538e-1,
        1.33303460815807542389e0,
        3.93881025292474443415e0,
        6.91522889068984211695e0,
        3.23774891776946035970e0,
    ),
    (
        6.79019408009981274425e-9,
        2.89247864745380683936e-6,
        3.28014464682127739104e-4,
        1.34204006088543189037e-2,
        2.16236993594496635890e-1,
        1.37702099489081330271e0,
        3.67983563856160859403e0,
        6.02427039364742014255e0,
        1.0,
    ),
)


def _floats(value: Any, name: str) -> Tensor:
    """`value` as a tensor of float32 or float64.

    Raises:
        TypeError: It has another type.
    """
    tensor = convert_to_tensor(value, name=name)
    if tensor.dtype.as_numpy_dtype not in _SEGMENTS:
        raise TypeError(
            f"{name}.dtype={tensor.dtype} is not handled, see docstring for supported"
            " types."
        )
    return tensor


def ndtr(x: Any, name: str = "ndtr") -> Tensor:
    """The area under the standard normal density up to `x`, float32 or float64."""
    with name_scope(name, values=[x]):
        return _ndtr(_floats(x, "x"))


def _ndtr(x: Tensor) -> Tensor:
    half_sqrt_2 = constant(0.5 * np.sqrt(2.0), dtype=x.dtype, name="half_sqrt_2")
    w = x * half_sqrt_2
    z = absolute(w)
    is_middle, middle = less(z, half_sqrt_2), 1.0 + erf(w)
    is_right, right = greater(w, 0.0), 2.0 - erfc(z)
    result: Tensor = 0.5 * select_v2(
        is_middle, middle, select_v2(is_right, right, erfc(z))
    )
    return result


def ndtri(p: Any, name: str = "ndtri") -> Tensor:
    """The number up to which the area under the standard normal density is `p`."""
    with name_scope(name, values=[p]):
        return _ndtri(_floats(p, "p"))


def _polynomial(variable: Tensor, coefficients: Any) -> Any:
    rounded = np.array(coefficients, variable.dtype.as_numpy_dtype)
    if not rounded.size:
        return array.zeros_like(variable)
    return rounded[0] + _polynomial(variable, rounded[1:]) * variable


def _quotient(variable: Tensor, parts: tuple[Sequence[float], Sequence[float]]) -> Any:
    return _polynomial(variable, parts[0]) / _polynomial(variable, parts[1])


def _ndtri(p: Tensor) -> Tensor:
    folded = select_v2(p > -np.expm1(-2.0), 1.0 - p, p)
    # What is no probability does not reach the logarithm, for the gradient's sake.
    is_none = folded <= 0.0
    half = np.array(0.5, p.dtype.as_numpy_dtype)
    safe = select_v2(is_none, array.fill(array.shape(p), half), folded)
    w = safe - 0.5
    ww = w**2
    middle = w + w * ww * _quotient(ww, _MIDDLE)
    middle *= -np.sqrt(2.0 * np.pi)
    z = sqrt(-2.0 * log(safe))
    first = z - log(z) / z
    far = _tail_term(z, _FAR_TAIL)
    near = _tail_term(z, _TAIL)
    far, near = first - far, first - near
    is_middle = safe > np.exp(-2.0)
    x = select_v2(is_middle, middle, select_v2(z >= 8.0, far, near))
    x = select_v2(p > 1.0 - np.exp(-2.0), x, -x)
    infinity = constant(np.inf, dtype=p.dtype)
    infinities = array.fill(array.shape(p), infinity)
    is_none, below = p <= 0.0, -infinities
    return select_v2(is_none, below, select_v2(p >= 1.0, infinities, x))


def _tail_term(z: Tensor, parts: tuple[Sequence[float], Sequence[float]]) -> Any:
    above = _polynomial(1.0 / z, parts[0])
    return above / _polynomial(1.0 / z, parts[1]) / z


def log_ndtr(x: Any, series_order: int = 3, name: str = "log_ndtr") -> Tensor:
    """The logarithm of `ndtr(x)`, precise far to the left too.

    Args:
        x: A tensor of float32 or float64.
        series_order: How many terms the asymptotic series has, at most 30.
        name: Name of the scope.

    Raises:
        TypeError: `series_order` is no integer, or `x` has another type.
        ValueError: `series_order` is out of range.
    """
    if not isinstance(series_order, int):
        raise TypeError("series_order must be a Python integer.")
    if series_order < 0:
        raise ValueError("series_order must be non-negative.")
    if series_order > _MOST_TERMS:
        raise ValueError(f"series_order must be <= {_MOST_TERMS}.")
    with name_scope(name, values=[x]):
        x = convert_to_tensor(x, name="x")
        if x.dtype.as_numpy_dtype not in _SEGMENTS:
            raise TypeError(f"x.dtype={x.dtype} is not supported.")
        lower, upper = _SEGMENTS[x.dtype.as_numpy_dtype]
        is_right, right = greater(x, upper), -_ndtr(-x)
        is_middle, middle = greater(x, lower), log(_ndtr(maximum(x, lower)))
        left = _log_ndtr_lower(minimum(x, lower), series_order)
        return select_v2(is_right, right, select_v2(is_middle, middle, left))


def _log_ndtr_lower(x: Tensor, series_order: int) -> Tensor:
    scale = -0.5 * square(x) - log(-x) - 0.5 * np.log(2.0 * np.pi)
    result: Tensor = scale + log(_asymptotic_series(x, series_order))
    return result


def _asymptotic_series(x: Tensor, series_order: int) -> Any:
    dtype = x.dtype.as_numpy_dtype
    if series_order <= 0:
        return np.array(1, dtype)
    squared = square(x)
    sums = [array.zeros_like(x), array.zeros_like(x)]  # of even and of odd terms
    power: Any = squared
    for n in range(1, series_order + 1):
        double_factorial = np.prod(np.arange(2 * n - 1, 1, -2))
        sums[n % 2] += np.array(double_factorial, dtype) / power
        power *= squared
    return 1.0 + sums[0] - sums[1]


def log_cdf_laplace(x: Any, name: str = "log_cdf_laplace") -> Tensor:
    """The logarithm of the area under the standard Laplace density up to `x`."""
    with name_scope(name, values=[x]):
        x = convert_to_tensor(x, name="x")
        lower = -np.log(2.0) + x
        upper = log1p(-0.5 * exp(-absolute(x)))
        return select_v2(x < 0.0, lower, upper)
