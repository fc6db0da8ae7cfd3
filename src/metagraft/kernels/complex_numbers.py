"""Parts of complex numbers; twin of `ops/complex_numbers.py`."""

from __future__ import annotations

from typing import Any

import numpy as np

from metagraft.kernels.complex_functions import magnitude
from metagraft.kernels.kernel import Array, Kernel
from metagraft.kernels.namespace import lax, namespace
from metagraft.kernels.sparse_matrix import conjugated, is_matrix

__all__ = ["KERNELS"]


def complex_abs(_attrs: Any, x: Array) -> tuple[Array]:
    return (magnitude(x),)


def angle(_attrs: Any, x: Array) -> tuple[Array]:
    return (namespace(x).angle(x),)


def real(_attrs: Any, x: Array) -> tuple[Array]:
    return (namespace(x).real(x),)


def imag(_attrs: Any, x: Array) -> tuple[Array]:
    return (namespace(x).imag(x),)


def conj(_attrs: Any, x: Array) -> tuple[Array]:
    if is_matrix(x):
        return (conjugated(x),)
    return (namespace(x).conj(x),)


def make_complex(attrs: Any, real_part: Array, imaginary_part: Array) -> tuple[Array]:
    xp = namespace(real_part, imaginary_part)
    parts = xp.broadcast_arrays(real_part, imaginary_part)
    if xp is not np:
        return (lax().complex(*parts),)
    # Set, not computed: inf + 1j * 0 would be nan.
    result = np.empty(parts[0].shape, attrs["Tout"].numpy_dtype)
    result.real, result.imag = parts
    return (result,)


KERNELS = {
    "Angle": Kernel(angle),
    "Complex": Kernel(make_complex),
    "ComplexAbs": Kernel(complex_abs),
    "Conj": Kernel(conj),
    "Imag": Kernel(imag),
    "Real": Kernel(real),
}
