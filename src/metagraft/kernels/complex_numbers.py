"""Parts of complex numbers; twin of `ops/complex_numbers.py`."""

from __future__ import annotations

from metagraft.errors import InvalidArgumentError
from metagraft.graph.attrs import Attrs
from metagraft.kernels.complex_functions import joined, magnitude
from metagraft.kernels.kernel import Array, Kernel
from metagraft.kernels.namespace import namespace
from metagraft.kernels.sparse_matrix import conjugated, is_matrix

__all__ = ["KERNELS"]


def _checked(attrs: Attrs, value: Array) -> tuple[Array]:
    """Return a result whose type is half, or twice, that of the operand.

    Raises:
        InvalidArgumentError: The graph asks for another one.
    """
    wanted = attrs["Tout"]
    if value.dtype != wanted.numpy_dtype:
        raise InvalidArgumentError(
            None,
            None,
            f"No kernel has T={attrs['T'].name} and Tout={wanted.name}.",
        )
    return (value,)


def complex_abs(attrs: Attrs, x: Array) -> tuple[Array]:
    return _checked(attrs, magnitude(x))


def angle(attrs: Attrs, x: Array) -> tuple[Array]:
    return _checked(attrs, namespace(x).angle(x))


def real(attrs: Attrs, x: Array) -> tuple[Array]:
    return _checked(attrs, namespace(x).real(x))


def imag(attrs: Attrs, x: Array) -> tuple[Array]:
    return _checked(attrs, namespace(x).imag(x))


def conj(_attrs: Attrs, x: Array) -> tuple[Array]:
    if is_matrix(x):
        return (conjugated(x),)
    return (namespace(x).conj(x),)


def make_complex(attrs: Attrs, real_part: Array, imaginary_part: Array) -> tuple[Array]:
    xp = namespace(real_part, imaginary_part)
    return _checked(attrs, joined(*xp.broadcast_arrays(real_part, imaginary_part)))


KERNELS = {
    "Angle": Kernel(angle),
    "Complex": Kernel(make_complex),
    "ComplexAbs": Kernel(complex_abs),
    "Conj": Kernel(conj),
    "Imag": Kernel(imag),
    "Real": Kernel(real),
}
