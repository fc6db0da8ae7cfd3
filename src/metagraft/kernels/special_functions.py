"""Special functions, element by element; twin of `ops/special_functions.py`.

NumPy has none of them, so both array kinds go through JAX, or on the host through
SciPy where JAX has none.
"""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np

from metagraft.errors import InvalidArgumentError
from metagraft.graph.shapes import show
from metagraft.kernels.kernel import Array, Kernel, KernelFunction
from metagraft.kernels.namespace import jax_numpy, lax
from metagraft.kernels.zeta import polygamma, zeta

__all__ = ["KERNELS"]

# From such numbers on, Dawson's integral is a half over them.
_FAR = 1e9
# From such numbers on, Fresnel integrals are a half.
_FLAT = 1e20


def _jax_special() -> ModuleType:
    import jax.scipy.special

    jax_numpy()  # 64-bit types stay 64-bit

    return jax.scipy.special


def _special(name: str) -> KernelFunction:
    """Return the kernel that calls `jax.scipy.special`'s function `name`."""

    def call(_attrs: Any, *operands: Array) -> tuple[Array]:
        return (getattr(_jax_special(), name)(*operands),)

    return call


def _in_double(name: str) -> KernelFunction:
    """Return the kernel that calls `jax.lax`'s function `name` in double precision.

    In single precision it loses all digits where the function is near zero.
    """

    def call(_attrs: Any, x: Array) -> tuple[Array]:
        function = getattr(lax(), name)  # keeps 64 bits from here on
        return (function(x.astype(np.float64)).astype(x.dtype),)

    return call


def erf(_attrs: Any, x: Array) -> tuple[Array]:
    return (lax().erf(x),)


def erfc(_attrs: Any, x: Array) -> tuple[Array]:
    return (lax().erfc(x),)


def _of_positive_zero(value: Array, x: Array) -> tuple[Array]:
    """Return a value that is 0 of -0, too, as TensorFlow's is."""
    return (jax_numpy().where(x == 0, x.dtype.type(0), value),)


def _bessel_i1(name: str) -> KernelFunction:
    """Return the kernel of a function that TensorFlow turns round below zero."""

    def call(_attrs: Any, x: Array) -> tuple[Array]:
        return _of_positive_zero(getattr(_jax_special(), name)(x), x)

    return call


def dawsn(attrs: Any, x: Array) -> tuple[Array]:
    (value,) = _of_scipy("dawsn").fn(attrs, x)
    # TensorFlow's is turned round twice where it is very negative.
    return (np.where((x == 0) | (x <= -_FAR), np.abs(value), value),)


def ndtri(_attrs: Any, p: Array) -> tuple[Array]:
    where = jax_numpy().where
    wide = np.float64 if p.dtype == np.float64 else np.float32
    number = p.dtype.type
    # JAX's wants a probability strictly inside (0, 1).
    is_inside = (p > 0) & (p < 1)
    inside = where(is_inside, p, number(0.5)).astype(wide)
    value = _jax_special().ndtri(inside).astype(p.dtype)
    edge = where(p == 0, number(-np.inf), where(p == 1, number(np.inf), number(np.nan)))
    return (where(is_inside, value, edge),)


def erfinv(attrs: Any, x: Array) -> tuple[Array]:
    half = x.dtype.type(0.5)
    # Probabilities next to 1 and tiny numbers lose the digits that TensorFlow's lose.
    (value,) = ndtri(attrs, x * half + half)
    return (value * x.dtype.type(np.sqrt(0.5)),)


def betainc(_attrs: Any, a: Array, b: Array, x: Array) -> tuple[Array]:
    jnp = jax_numpy()
    pairs = (("a", a), ("b", b)), (("b", b), ("x", x)), (("a", a), ("x", x))
    for (name, one), (other, two) in pairs:
        if one.shape and two.shape and one.shape != two.shape:
            raise InvalidArgumentError(
                None,
                None,
                f"Shapes of {name} and {other} are inconsistent: {show(one.shape)} vs."
                f" {show(two.shape)}",
            )
    a, b, x = jnp.broadcast_arrays(a, b, x)
    value = lax().betainc(a, b, x)
    nan = value.dtype.type(np.nan)
    value = jnp.where(jnp.isinf(a) | jnp.isinf(b), nan, value)
    value = jnp.where((x == 0) | (x == 1), x, value)
    return (jnp.where((a <= 0) | (b <= 0), nan, value),)


def _of_scipy(
    name: str, place: int | None = None, below: float | None = None
) -> Kernel:
    """Return the kernel that calls SciPy's function `name`, in double precision.

    Neither NumPy nor JAX has it, and JAX depends on SciPy.

    Args:
        name: Of a function of one array in `scipy.special`.
        place: Which of its results is meant, where there are several.
        below: What TensorFlow gives below zero, where SciPy has no value.
    """

    def call(_attrs: Any, x: Array) -> tuple[Array]:
        from scipy import special  # type: ignore[import-untyped]

        with np.errstate(all="ignore"):
            # Squares of larger numbers overflow in SciPy's Fresnel integrals.
            wide = x.astype(np.float64)
            wide = np.clip(wide, -_FLAT, _FLAT) if name == "fresnel" else wide
            value = getattr(special, name)(wide)
            value = value if place is None else value[place]
            value = value if below is None else np.where(x < 0, below, value)
            return (np.asarray(value).astype(x.dtype),)

    return Kernel(call, host=True)


def bessel_y1(attrs: Any, x: Array) -> tuple[Array]:
    (value,) = _of_scipy("y1", below=-np.inf).fn(attrs, x)
    # TensorFlow's in single precision takes the logarithm of zero times zero.
    pole = -np.inf if x.dtype == np.float64 else np.nan
    return (np.where(x == 0, x.dtype.type(pole), value),)


def expint(_attrs: Any, x: Array) -> tuple[Array]:
    jnp = jax_numpy()
    # TF: has no value below zero, and takes what is less than normal for zero.
    least = np.finfo(x.dtype).tiny
    found = _jax_special().expi(jnp.where(x >= least, x, jnp.ones_like(x)))
    is_below = (x <= -least) | (x != x)
    below = jnp.where(is_below, x.dtype.type(np.nan), x.dtype.type(-np.inf))
    return (jnp.where(x >= least, found, below),)


KERNELS = {
    "BesselI0": Kernel(_special("i0")),
    "BesselI0e": Kernel(_special("i0e")),
    "BesselI1": Kernel(_bessel_i1("i1")),
    "BesselI1e": Kernel(_bessel_i1("i1e")),
    "BesselJ0": _of_scipy("j0"),
    "BesselJ1": _of_scipy("j1"),
    "BesselK0": _of_scipy("k0", below=np.inf),
    "BesselK0e": _of_scipy("k0e", below=np.inf),
    "BesselK1": _of_scipy("k1", below=np.inf),
    "BesselK1e": _of_scipy("k1e", below=np.inf),
    "BesselY0": _of_scipy("y0", below=-np.inf),
    # TF: at zero NaN in single precision; here -inf in every type.
    "BesselY1": Kernel(bessel_y1, host=True),
    "Betainc": Kernel(betainc),
    "Dawsn": Kernel(dawsn, host=True),
    "Digamma": Kernel(_in_double("digamma")),
    "Erf": Kernel(erf),
    "Erfc": Kernel(erfc),
    "Erfinv": Kernel(erfinv),
    "Expint": Kernel(expint),
    "FresnelCos": _of_scipy("fresnel", 1),
    "FresnelSin": _of_scipy("fresnel", 0),
    "Lgamma": Kernel(_in_double("lgamma")),
    "Ndtri": Kernel(ndtri),
    "Polygamma": Kernel(polygamma),
    "Spence": Kernel(_special("spence")),
    "Zeta": Kernel(zeta),
}
