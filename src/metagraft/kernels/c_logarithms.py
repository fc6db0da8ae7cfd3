"""Logarithms in single precision as the C library has them.

They are not always what the exact value rounds to. What choices are made by must be
the same to the last bit.

Source: glibc 2.28 to 2.38, sysdeps/ieee754/flt-32/e_logf.c, e_logf_data.c, s_log1pf.c.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from metagraft.kernels.kernel import Array

__all__ = ["log1p_of_c", "log_of_c"]

# A number is 2^k z, with z near one of 16 numbers, of which these are the inverses and
# the logarithms. What is left is a polynomial of degree 3.
_INVERSES: Final = (
    "0x1.661ec79f8f3bep+0 0x1.571ed4aaf883dp+0 0x1.49539f0f010bp+0"
    " 0x1.3c995b0b80385p+0 0x1.30d190c8864a5p+0 0x1.25e227b0b8eap+0"
    " 0x1.1bb4a4a1a343fp+0 0x1.12358f08ae5bap+0 0x1.0953f419900a7p+0 0x1p+0"
    " 0x1.e608cfd9a47acp-1 0x1.ca4b31f026aap-1 0x1.b2036576afce6p-1"
    " 0x1.9c2d163a1aa2dp-1 0x1.886e6037841edp-1 0x1.767dcf5534862p-1"
)
_LOGARITHMS: Final = (
    "-0x1.57bf7808caadep-2 -0x1.2bef0a7c06ddbp-2 -0x1.01eae7f513a67p-2"
    " -0x1.b31d8a68224e9p-3 -0x1.6574f0ac07758p-3 -0x1.1aa2bc79c81p-3"
    " -0x1.a4e76ce8c0e5ep-4 -0x1.1973c5a611cccp-4 -0x1.252f438e10c1ep-5 0x0p+0"
    " 0x1.aa5aa5df25984p-5 0x1.c5e53aa362eb4p-4 0x1.526e57720db08p-3"
    " 0x1.bc2860d22477p-3 0x1.1058bc8a07ee1p-2 0x1.4043057b6ee09p-2"
)
_INVERSE: Final = np.array([float.fromhex(text) for text in _INVERSES.split()])
_LOG: Final = np.array([float.fromhex(text) for text in _LOGARITHMS.split()])
_CUBE: Final = float.fromhex("-0x1.00ea348b88334p-2")
_SQUARE: Final = float.fromhex("0x1.5575b0be00b6ap-2")
_LINE: Final = float.fromhex("-0x1.ffffef20a4123p-2")
_LOG_2: Final = float.fromhex("0x1.62e42fefa39efp-1")
# The bits from which on the sixteenths are counted.
_FIRST_BITS: Final = 0x3F330000


def log_of_c(values: Array) -> Array:
    """Return the `float32` logarithms of positive normal `float32`, and NaN of NaN."""
    offset = values.view(np.int32) - _FIRST_BITS
    part = (offset >> 19) & 15
    exponent = offset >> 23
    near = (values.view(np.int32) - (exponent << 23)).view(np.float32)
    rest = near.astype(np.float64) * _INVERSE[part] - 1
    start = _LOG[part] + exponent * _LOG_2
    square = rest * rest
    found = (_SQUARE * rest + _LINE) + _CUBE * square
    single = (found * square + (start + rest)).astype(np.float32)
    return np.where(np.isnan(values), values, single)


_F = np.float32
# From here on the sum is halved first: it is the square root of 2, less 1.
_HALVED: Final = np.int32(0x3ED413D7).view(_F)
# With 1 it is rounded up to 2, and what that adds is not seen as lost.
_NEXT_TO_1: Final = np.nextafter(_F(1), _F(0))
_HIGH: Final = _F(6.9313812256e-01)
_LOW: Final = _F(9.0580006145e-06)
_SERIES: Final = (
    _F(1.4798198640e-01),
    _F(1.5313838422e-01),
    _F(1.8183572590e-01),
    _F(2.2222198546e-01),
    _F(2.8571429849e-01),
    _F(4.0000000596e-01),
    _F(6.6666668653e-01),
)


def log1p_of_c(values: Array) -> Array:
    """Return the `float32` logarithms of 1 and `float32` from 0 to 1 more."""
    halved = values >= _HALVED
    total = values + _F(1)
    lost = values - (total - _F(1))
    lost[values == _NEXT_TO_1] = 0
    lost /= total
    lost += _LOW
    rest = np.where(halved, total * _F(0.5) - _F(1), values)
    half_square = _F(0.5) * rest
    half_square *= rest
    share = rest / (rest + _F(2))
    square = share * share
    series = square * _SERIES[0]
    for term in _SERIES[1:]:
        series += term
        series *= square
    series += half_square
    series *= share
    half_square -= np.where(halved, series + lost, series)
    found = rest - half_square
    return np.where(halved, _HIGH + found, found)
