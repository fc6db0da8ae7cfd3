"""Parts of complex numbers; twin of `ops/complex_numbers.py`."""

from __future__ import annotations

from typing import Any

from metagraft.kernels.complex_functions import joined, magnitude
from metagraft.kernels.kernel import Array, Kernel
from metagraft.kernels.namespace import namespace
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


def make_complex(_attrs: Any, real_part: Array, imaginary_part: Array) -> tuple[Array]:
    xp = namespace(real_part, imaginary_part)
    return (joined(*xp.broadcast_arrays(real_part, imaginary_part)),)


KERNELS = {
    "Angle": Kernel(angle),
    "Complex": Kernel(make_complex),
    "ComplexAbs": Kernel(complex_abs),
    "Conj": Kernel(conj),
    "Imag": Kernel(imag),
    "Real": Kernel(real),
}
