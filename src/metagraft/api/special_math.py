"""Special functions (`tf.math`, `tf.math.special`).

Source: tensorflow python/ops/math_ops.py, python/ops/special_math_ops.py.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from metagraft.api.sparse_values import of_sparse_values
from metagraft.graph.apply_op import op
from metagraft.graph.build.reductions import reduce_tensor
from metagraft.graph.conversion import convert_to_tensor
from metagraft.graph.scopes import name_scope
from metagraft.graph.tensor import Tensor

__all__ = [
    "bessel_i0",
    "bessel_i0e",
    "bessel_i1",
    "bessel_i1e",
    "bessel_j0",
    "bessel_j1",
    "bessel_k0",
    "bessel_k0e",
    "bessel_k1",
    "bessel_k1e",
    "bessel_y0",
    "bessel_y1",
    "betainc",
    "dawsn",
    "digamma",
    "erf",
    "erfc",
    "erfcinv",
    "erfinv",
    "expint",
    "fresnel_cos",
    "fresnel_sin",
    "igamma",
    "igammac",
    "lbeta",
    "lgamma",
    "ndtri",
    "polygamma",
    "spence",
    "zeta",
]


def digamma(x: Any, name: str | None = None) -> Tensor:
    """The derivative of `lgamma`."""
    return op("Digamma", x=x, name=name)


@of_sparse_values("Erf")
def erf(x: Any, name: str | None = None) -> Tensor:
    """The error function."""
    return op("Erf", x=x, name=name)


def erfc(x: Any, name: str | None = None) -> Tensor:
    """`1 - erf(x)`, exact for large `x`."""
    return op("Erfc", x=x, name=name)


def lgamma(x: Any, name: str | None = None) -> Tensor:
    """The logarithm of the absolute value of the gamma function."""
    return op("Lgamma", x=x, name=name)


def igamma(a: Any, x: Any, name: str | None = None) -> Tensor:
    """The lower regularised incomplete gamma function."""
    return op("Igamma", a=a, x=x, name=name)


def igammac(a: Any, x: Any, name: str | None = None) -> Tensor:
    """The upper regularised incomplete gamma function."""
    return op("Igammac", a=a, x=x, name=name)


def polygamma(a: Any, x: Any, name: str | None = None) -> Tensor:
    """Derivative `a` of `digamma`."""
    return op("Polygamma", a=a, x=x, name=name)


def zeta(x: Any, q: Any, name: str | None = None) -> Tensor:
    """The Hurwitz zeta function."""
    return op("Zeta", x=x, q=q, name=name)


def betainc(a: Any, b: Any, x: Any, name: str | None = None) -> Tensor:
    """The regularised incomplete beta function."""
    return op("Betainc", a=a, b=b, x=x, name=name)


def erfinv(x: Any, name: str | None = None) -> Tensor:
    """The inverse of `erf`."""
    return _scoped("Erfinv", "erfinv", x, name)


def ndtri(x: Any, name: str | None = None) -> Tensor:
    """The quantile function of the normal distribution."""
    return _scoped("Ndtri", "ndtri", x, name)


def bessel_i0(x: Any, name: str | None = None) -> Tensor:
    """The Bessel function i0."""
    return _scoped("BesselI0", "bessel_i0", x, name)


@of_sparse_values("bessel_i0e")
def bessel_i0e(x: Any, name: str | None = None) -> Tensor:
    """The Bessel function i0e."""
    return _scoped("BesselI0e", "bessel_i0e", x, name)


def bessel_i1(x: Any, name: str | None = None) -> Tensor:
    """The Bessel function i1."""
    return _scoped("BesselI1", "bessel_i1", x, name)


@of_sparse_values("bessel_i1e")
def bessel_i1e(x: Any, name: str | None = None) -> Tensor:
    """The Bessel function i1e."""
    return _scoped("BesselI1e", "bessel_i1e", x, name)


def bessel_j0(x: Any, name: str | None = None) -> Tensor:
    """The Bessel function j0."""
    return _scoped("BesselJ0", "bessel_j0", x, name)


def bessel_j1(x: Any, name: str | None = None) -> Tensor:
    """The Bessel function j1."""
    return _scoped("BesselJ1", "bessel_j1", x, name)


def bessel_k0(x: Any, name: str | None = None) -> Tensor:
    """The Bessel function k0."""
    return _scoped("BesselK0", "bessel_k0", x, name)


def bessel_k0e(x: Any, name: str | None = None) -> Tensor:
    """The Bessel function k0e."""
    return _scoped("BesselK0e", "bessel_k0e", x, name)


def bessel_k1(x: Any, name: str | None = None) -> Tensor:
    """The Bessel function k1."""
    return _scoped("BesselK1", "bessel_k1", x, name)


def bessel_k1e(x: Any, name: str | None = None) -> Tensor:
    """The Bessel function k1e."""
    return _scoped("BesselK1e", "bessel_k1e", x, name)


def bessel_y0(x: Any, name: str | None = None) -> Tensor:
    """The Bessel function y0."""
    return _scoped("BesselY0", "bessel_y0", x, name)


def bessel_y1(x: Any, name: str | None = None) -> Tensor:
    """The Bessel function y1."""
    return _scoped("BesselY1", "bessel_y1", x, name)


def dawsn(x: Any, name: str | None = None) -> Tensor:
    """Dawson's integral."""
    return _scoped("Dawsn", "dawsn", x, name)


def expint(x: Any, name: str | None = None) -> Tensor:
    """The exponential integral Ei."""
    return _scoped("Expint", "expint", x, name)


def fresnel_cos(x: Any, name: str | None = None) -> Tensor:
    """The Fresnel cosine integral."""
    return _scoped("FresnelCos", "fresnel_cos", x, name)


def fresnel_sin(x: Any, name: str | None = None) -> Tensor:
    """The Fresnel sine integral."""
    return _scoped("FresnelSin", "fresnel_sin", x, name)


def spence(x: Any, name: str | None = None) -> Tensor:
    """Spence's integral, the dilogarithm of `1 - x`."""
    return _scoped("Spence", "spence", x, name)


def _scoped(op_type: str, scope: str, x: Any, name: str | None) -> Tensor:
    """Add an op inside a scope of its own, as TensorFlow does for these."""
    with name_scope(name, scope, [x]):
        return op(op_type, x=x)


def erfcinv(x: Any, name: str | None = None) -> Tensor:
    """The inverse of `erfc`."""
    with name_scope(name, "erfcinv", [x]):
        x = convert_to_tensor(x, name="start")
        result: Tensor = -ndtri(0.5 * x) * np.sqrt(0.5)
        return result


def lbeta(x: Any, name: str | None = None) -> Tensor:
    """The logarithm of the absolute value of the beta function, along the last axis."""
    with name_scope(name, "lbeta", [x]):
        x = convert_to_tensor(x, name="x")
        sum_of_logs = reduce_tensor("Sum", lgamma(x), axis=[-1])
        log_of_sum = lgamma(reduce_tensor("Sum", x, axis=[-1]))
        result: Tensor = sum_of_logs - log_of_sum
        return result
