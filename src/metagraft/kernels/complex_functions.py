"""Functions of complex numbers, with C's results at infinities, NaN and signed zeros.

TensorFlow's CPU kernels call the C library, one number at a time, or formulas of
Eigen's. NumPy calls the C library too; XLA's functions are others at the points where
C's standard (annex G) says what comes out. Products and quotients of Eigen's vectors
differ there from those of the numbers that are left over, so either is right.

Source: ISO C annex G; Eigen MathFunctions.h, MathFunctionsImpl.h, UnaryFunctors.h.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

import numpy as np

from metagraft.kernels.arctangents import arctan2
from metagraft.kernels.kernel import Array
from metagraft.kernels.namespace import lax, namespace

__all__ = [
    "FUNCTIONS",
    "joined",
    "log1p",
    "log_of_distance",
    "magnitude",
    "multiplied",
    "power",
    "product",
    "quotient",
    "squared_magnitude",
]

Function = Callable[[Array], Array]
# Of more numbers NumPy's products are ten times faster than those of the parts.
_APART_MAX: Final = 8192
# Below, the square of a part beside 1 is lost.
_TINY: Final = 1e-12


def joined(real: Array, imag: Array) -> Array:
    """Put parts of one shape together: 1j times infinity would spoil the other part."""
    if namespace(real, imag) is not np:
        return lax().complex(real, imag)
    result = np.empty(np.shape(real), np.result_type(real.dtype, np.complex64))
    result.real, result.imag = real, imag
    return result


def _parts(z: Array) -> tuple[Any, Array, Array]:
    xp = namespace(z)
    return xp, xp.real(z), xp.imag(z)


def _with_signs(xp: Any, value: Array, x: Array, y: Array) -> tuple[Array, Array]:
    """Return the parts of an odd function's value, with signs of their own."""
    _, real, imag = _parts(value)
    return xp.copysign(xp.abs(real), x), xp.copysign(xp.abs(imag), y)


def _turned(z: Array) -> Array:
    """Return `i z`."""
    _, x, y = _parts(z)
    return joined(-y, x)


def _turned_back(z: Array) -> Array:
    """Return `-i z`."""
    _, x, y = _parts(z)
    return joined(y, -x)


def magnitude(z: Array) -> Array:
    """The distance from zero, infinite if a part is."""
    xp, x, y = _parts(z)
    if xp is np:
        with np.errstate(all="ignore"):
            return np.hypot(x, y)  # of complex numbers `abs` is rougher
    value = xp.abs(z)
    return xp.where(xp.isinf(x) | xp.isinf(y), value.dtype.type(np.inf), value)


def squared_magnitude(z: Array) -> Array:
    """The product with the conjugate, whose imaginary part is a difference."""
    xp, x, y = _parts(z)
    crossed = x * y
    if xp is not np:
        crossed = lax().optimization_barrier(crossed)
    return joined(x * x + y * y, crossed - crossed)


# Products and quotients.


def _boxed(xp: Any, x: Array, y: Array, is_far: Array) -> tuple[Array, Array]:
    """Return the parts of an infinity as 0 and 1, of other numbers without NaN."""
    kind = x.dtype.type
    found = []
    for part in (x, y):
        unit = xp.copysign(xp.where(xp.isinf(part), kind(1), kind(0)), part)
        number = xp.where(xp.isnan(part), xp.copysign(kind(0), part), part)
        found.append((unit, number, part))
    return tuple(xp.where(is_far, unit, number) for unit, number, _ in found)


def _far(xp: Any, x: Array, y: Array) -> Array:
    return xp.isinf(x) | xp.isinf(y)


def multiplied(z: Array, w: Array) -> Array:
    """Multiply part by part; a difference of two infinities is NaN.

    NumPy's products are fused: a difference of equal ones leaves an error of rounding,
    and of infinite ones, as XLA's, an infinity.
    """
    xp = namespace(z, w)
    with np.errstate(all="ignore"):
        (_, a, b), (_, c, d) = _parts(z), _parts(w)
        is_short = max(np.size(z), np.size(w)) <= _APART_MAX
        if xp is np and is_short:
            return joined(a * c - b * d, a * d + b * c)
        value = z * w
        if xp is np and np.isfinite(value.sum()):
            return value
        _, real, imag = _parts(value)
        ac, bd, ad, bc = a * c, b * d, a * d, b * c
        nan = real.dtype.type(np.nan)
        real = xp.where(xp.isinf(ac) & (ac == bd), nan, real)
        imag = xp.where(xp.isinf(ad) & (ad == -bc), nan, imag)
    return joined(real, imag)


def product(z: Array, w: Array) -> Array:
    """Multiply; the product with an infinity is one, unless the other is zero."""
    xp = namespace(z, w)
    with np.errstate(all="ignore"):
        (_, a, b), (_, c, d) = _parts(z), _parts(w)
        ac, bd, ad, bc = a * c, b * d, a * d, b * c
        real, imag = ac - bd, ad + bc
        is_lost = xp.isnan(real) & xp.isnan(imag)
        if xp is np and not is_lost.any():
            return joined(real, imag)
        infinity = real.dtype.type(np.inf)
        is_far = _far(xp, a, b) | _far(xp, c, d) | _far(xp, ac, bd) | _far(xp, ad, bc)
        a, b = _boxed(xp, a, b, _far(xp, a, b))
        c, d = _boxed(xp, c, d, _far(xp, c, d))
        is_lost = is_lost & is_far
        real = xp.where(is_lost, infinity * (a * c - b * d), real)
        imag = xp.where(is_lost, infinity * (a * d + b * c), imag)
    return joined(real, imag)


def quotient(z: Array, w: Array) -> Array:
    """Divide; what is divided by zero is infinite, what by infinity zero."""
    value = z / w
    if namespace(z, w) is not np:
        return value  # XLA divides so
    is_odd = ~np.isfinite(value) | (w == 0)
    if not is_odd.any():
        return value
    value = np.array(value)
    value[is_odd] = _odd_quotient(*(x[is_odd] for x in np.broadcast_arrays(z, w)))
    return value


def _odd_quotient(z: np.ndarray, w: np.ndarray) -> np.ndarray:
    with np.errstate(all="ignore"):
        a, b, c, d = z.real, z.imag, w.real, w.imag
        kind = c.dtype.type
        infinity, zero = kind(np.inf), kind(0)
        # TF: a part that is less than normal beside the other is nothing.
        least = np.fmax(abs(c), abs(d)) * np.finfo(kind).tiny
        near = [np.where(abs(part) < least, zero * part, part) for part in (c, d)]
        value = z / joined(*near)
        is_lost = np.isnan(value.real) & np.isnan(value.imag)
        pole = np.copysign(infinity, c)
        is_pole = (c == 0) & (d == 0) & ~(np.isnan(a) & np.isnan(b))
        z_is_far, w_is_far = _far(np, a, b), _far(np, c, d)
        over = z_is_far & np.isfinite(c) & np.isfinite(d)
        under = w_is_far & np.isfinite(a) & np.isfinite(b)
        scale = np.where(over, infinity, zero)
        boxed_a, boxed_b = _boxed(np, a, b, over)
        boxed_c, boxed_d = _boxed(np, c, d, under)
        real = scale * (boxed_a * boxed_c + boxed_b * boxed_d)
        imag = scale * (boxed_b * boxed_c - boxed_a * boxed_d)
        is_boxed = is_lost & (over | under)
        real = np.where(is_pole, pole * a, np.where(is_boxed, real, value.real))
        imag = np.where(is_pole, pole * b, np.where(is_boxed, imag, value.imag))
    return joined(real, imag)


# Exponentials and logarithms.


def exp(z: Array) -> Array:
    xp, x, y = _parts(z)
    value = xp.exp(z)
    if xp is np:
        return value
    kind = x.dtype.type
    is_lost = xp.isinf(x) & ~xp.isfinite(y)
    grows = x > 0
    real = xp.where(grows, kind(np.inf), kind(0))
    imag = xp.where(grows, kind(np.nan), xp.copysign(kind(0), y))
    return xp.where(is_lost, joined(real, imag), value)


def _exact_log(z: Array) -> Array:
    """The logarithm of the C library, with all digits where the distance is 1."""
    xp, x, y = _parts(z)
    value = xp.log(z)
    if xp is np:
        return value
    _, real, imag = _parts(value)
    return joined(xp.where(_far(xp, x, y), x.dtype.type(np.inf), real), imag)


def log_of_distance(z: Array) -> Array:
    """The logarithm of the distance from zero, which may overflow, and the angle."""
    xp, x, y = _parts(z)
    with np.errstate(all="ignore"):
        return joined(xp.log(magnitude(z)), arctan2(y, x))


def log1p(z: Array) -> Array:
    xp, x, y = _parts(z)
    one = x.dtype.type(1)
    with np.errstate(all="ignore"):
        right = one + x  # not `one + z`: y may be -0.0
        if xp is not np:
            right = lax().optimization_barrier(right)  # XLA would take 1 off again
        moved = joined(right, y)
        logarithm = log_of_distance(moved)
        is_itself = (moved == z.dtype.type(1)) | (moved == logarithm)
        step = xp.where(is_itself, z.dtype.type(1), joined(right - one, y))
        slope = quotient(logarithm, step)
        # TF: less than normal is nothing.
        tiny, zero = np.finfo(x.dtype).tiny, x.dtype.type(0)
        _, *parts = _parts(slope)
        slope = joined(*(xp.where(abs(part) < tiny, zero, part) for part in parts))
        return xp.where(is_itself, z, product(z, slope))


def expm1(z: Array) -> Array:
    xp, x, y = _parts(z)
    kind = x.dtype.type
    with np.errstate(all="ignore"):
        grown = xp.expm1(x)
        raised = grown + kind(1)
        half = xp.sin(y / kind(2))
        return joined(grown - kind(2) * raised * (half * half), raised * xp.sin(y))


def power(z: Array, w: Array) -> Array:
    """The exponential of `w` times the logarithm of `z`, as the C library's."""
    with np.errstate(all="ignore"):
        return exp(product(w, _exact_log(z)))


def sigmoid(z: Array) -> Array:
    xp = namespace(z)
    one = z.dtype.type(1)
    with np.errstate(all="ignore"):
        raised = exp(z)
        is_far = xp.isinf(xp.real(raised))
        raised = xp.where(is_far, one, raised)
        return xp.where(is_far, one, raised / (one + raised))


def sign(z: Array) -> Array:
    xp, x, y = _parts(z)
    with np.errstate(all="ignore"):
        distance = xp.abs(z)
        is_zero = distance == 0
        # The inverse of the largest number would be lost in compiled programs.
        divisor = xp.where(is_zero, x.dtype.type(1), distance)
        value = joined(x / divisor, y / divisor)
        return xp.where(is_zero, z.dtype.type(0), value)


# Roots.


def sqrt(z: Array) -> Array:
    xp, x, y = _parts(z)
    kind = x.dtype.type
    value = xp.sqrt(z)
    if xp is np and np.isfinite(z).all():
        return value
    _, real, imag = _parts(value)
    infinity, zero = kind(np.inf), kind(0)
    is_right, is_left, is_far = x == np.inf, x == -np.inf, xp.isinf(y)
    nan_of_y = xp.where(xp.isnan(y), y, zero)
    real = xp.where(is_left, nan_of_y, xp.where(is_right | is_far, infinity, real))
    imag = xp.where(is_right, xp.copysign(nan_of_y, y), imag)
    imag = xp.where(is_left, xp.where(y < 0, -infinity, infinity), imag)
    real = xp.where(is_far, infinity, real)
    return joined(real, xp.where(is_far, y, imag))


def rsqrt(z: Array) -> Array:
    xp, x, y = _parts(z)
    kind = x.dtype.type
    infinity, zero = kind(np.inf), kind(0)
    with np.errstate(all="ignore"):
        distance = magnitude(z)
        is_zero = distance == 0
        distance = xp.where(is_zero, kind(1), distance)
        root = xp.sqrt((xp.abs(x) + distance) / kind(2))
        longer = root / distance
        shorter = xp.abs(y) / (kind(2) * root * distance)
        shorter = xp.where(x == 0, longer, shorter)
        is_left = x < 0
        real = xp.where(is_left, shorter, longer)
        down = xp.where(is_left, longer, shorter)
        imag = xp.where(xp.where(x > 0, xp.signbit(y), y < 0), down, -down)
        is_far = _far(xp, x, y)
        real = xp.where(is_zero, infinity, xp.where(is_far, zero, real))
        imag = xp.where(is_zero, kind(np.nan), xp.where(is_far, zero, imag))
    return joined(real, imag)


# Trigonometric and hyperbolic functions; NumPy's are the C library's.


def sinh(z: Array) -> Array:
    xp, x, y = _parts(z)
    if xp is np:
        return np.sinh(z)
    real, imag = xp.sinh(x) * xp.cos(y), xp.cosh(x) * xp.sin(y)
    is_lost = ~xp.isfinite(y)
    real = xp.where(is_lost & (x == 0), x, real)
    real = xp.where(is_lost & xp.isinf(x), x.dtype.type(np.inf), real)
    return joined(real, xp.where(y == 0, y, imag))


def cosh(z: Array) -> Array:
    xp, x, y = _parts(z)
    if xp is np:
        return np.cosh(z)
    kind = x.dtype.type
    real, imag = xp.cosh(x) * xp.cos(y), xp.sinh(x) * xp.sin(y)
    is_lost = ~xp.isfinite(y)
    real = xp.where(is_lost & xp.isinf(x), kind(np.inf), real)
    imag = xp.where(is_lost & (x == 0), kind(0), imag)
    flat = xp.where(xp.isnan(x), kind(0), y * xp.copysign(kind(1), x))
    return joined(real, xp.where(y == 0, flat, imag))


def tanh(z: Array) -> Array:
    xp, x, y = _parts(z)
    if xp is np:
        return np.tanh(z)
    _, real, imag = _parts(xp.tanh(z))
    real = xp.where((x == 0) & ~xp.isfinite(y), x, real)
    return joined(real, xp.where((y == 0) & ~xp.isfinite(x), y, imag))


def _beside_one(part: Array, one: Array, tiny: Array) -> Array:
    """Return a part of an inverse sine; next to 1 its argument's square is lost."""
    xp = namespace(part)
    at_one = (xp.abs(one) == 1) & (xp.abs(tiny) < one.dtype.type(_TINY))
    return xp.where(at_one, xp.sqrt(xp.abs(tiny)), part)


def asinh(z: Array) -> Array:
    xp, x, y = _parts(z)
    if xp is np:
        return np.arcsinh(z)
    nan = x.dtype.type(np.nan)
    real, imag = _with_signs(xp, xp.arcsinh(z), x, y)
    real = xp.copysign(_beside_one(real, y, x), x)
    is_lost = xp.isnan(x) | xp.isnan(y)
    far = xp.where(xp.isinf(x), x, xp.where(xp.isinf(y), xp.abs(y), nan))
    imag = xp.where(is_lost, xp.where(y == 0, y, nan), imag)
    return joined(xp.where(is_lost, far, real), imag)


def acos(z: Array) -> Array:
    xp, x, y = _parts(z)
    if xp is np:
        return np.arccos(z)
    kind = x.dtype.type
    _, real, imag = _parts(xp.arccos(z))
    imag = _beside_one(imag, x, y)
    is_lost = xp.isnan(x) | xp.isnan(y)
    far = xp.where(xp.isinf(x) | xp.isinf(y), kind(np.inf), kind(np.nan))
    right = xp.where(x == 0, kind(math.pi / 2), kind(np.nan))
    real = xp.where(is_lost, right, real)
    imag = xp.where(is_lost, far, xp.abs(imag))
    return joined(real, xp.copysign(imag, -y))


def acosh(z: Array) -> Array:
    xp, _, y = _parts(z)
    if xp is np:
        return np.arccosh(z)
    _, real, imag = _parts(acos(z))
    return joined(xp.abs(imag), xp.copysign(real, y))


def atanh(z: Array) -> Array:
    xp, x, y = _parts(z)
    if xp is np:
        return np.arctanh(z)
    kind = x.dtype.type
    value = xp.arctanh(z)
    real, imag = _with_signs(xp, value, x, y)
    at_one = (xp.abs(x) == 1) & (y != 0) & (xp.abs(y) < kind(_TINY))
    steep = kind(0.5) * (kind(math.log(2)) - xp.log(xp.abs(y)))
    real = xp.where(at_one, xp.copysign(steep, x), real)
    is_lost = xp.isnan(x) | xp.isnan(y)
    is_flat = (x == 0) | xp.isinf(x) | xp.isinf(y)
    flat = xp.where(is_flat, xp.copysign(kind(0), x), kind(np.nan))
    right = xp.copysign(kind(math.pi / 2), y)
    real = xp.where(is_lost, flat, real)
    imag = xp.where(is_lost, xp.where(xp.isinf(y), right, kind(np.nan)), imag)
    return joined(real, imag)


def sin(z: Array) -> Array:
    xp, x, y = _parts(z)
    if xp is np:
        return np.sin(z)
    _, real, imag = _parts(_turned_back(sinh(_turned(z))))
    is_far = xp.isinf(y) & ~xp.isfinite(x)
    return joined(real, xp.where(is_far, x.dtype.type(np.inf), imag))


def cos(z: Array) -> Array:
    return np.cos(z) if namespace(z) is np else cosh(_turned(z))


def tan(z: Array) -> Array:
    return np.tan(z) if namespace(z) is np else _turned_back(tanh(_turned(z)))


def asin(z: Array) -> Array:
    xp, x, y = _parts(z)
    if xp is np:
        return np.arcsin(z)
    _, real, imag = _parts(_turned_back(asinh(_turned(z))))
    is_far = xp.isinf(x) & xp.isnan(y)
    return joined(real, xp.where(is_far, x.dtype.type(np.inf), imag))


def atan(z: Array) -> Array:
    return np.arctan(z) if namespace(z) is np else _turned_back(atanh(_turned(z)))


FUNCTIONS: Final[Mapping[str, Function]] = MappingProxyType(
    {
        "abs": magnitude,
        "arccos": acos,
        "arccosh": acosh,
        "arcsin": asin,
        "arcsinh": asinh,
        "arctan": atan,
        "arctanh": atanh,
        "cos": cos,
        "cosh": cosh,
        "exp": exp,
        "expm1": expm1,
        "log": log_of_distance,
        "log1p": log1p,
        "rsqrt": rsqrt,
        "sigmoid": sigmoid,
        "sign": sign,
        "sin": sin,
        "sinh": sinh,
        "sqrt": sqrt,
        "tan": tan,
        "tanh": tanh,
    }
)
