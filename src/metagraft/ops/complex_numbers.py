"""Parts of complex numbers; twin of `kernels/complex_numbers.py`.

Source: tensorflow core/ops/math_ops.cc, python/ops/math_grad.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from metagraft.graph.build import array
from metagraft.graph.build.broadcast_gradient import reduce_gradient_args
from metagraft.graph.build.math import complex_number, conj, div_no_nan, imag, real
from metagraft.graph.op_spec import GradientBuilder, OpSpec, Shapes
from metagraft.graph.operation import Operation
from metagraft.graph.scopes import control_dependencies
from metagraft.graph.shapes import Dims, broadcast_dims
from metagraft.graph.tensor import Tensor

__all__ = ["OPS"]


def unchanged_shape(_attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """The output has the shape of the input."""
    return (inputs[0],)


def complex_shape(_attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """Both parts broadcast."""
    return (broadcast_dims(inputs[0], inputs[1]),)


def complex_gradient(_g: GradientBuilder, op: Operation, dy: Tensor) -> Sequence[Any]:
    """The real and the imaginary part of `dy`."""
    x, y = op.inputs
    dx = real(dy)
    return reduce_gradient_args(x, y, dx, imag(dy))


def real_gradient(_g: GradientBuilder, _op: Operation, dy: Tensor) -> Sequence[Tensor]:
    """`dy` as the real part."""
    zero = array.constant(0, dtype=dy.dtype)
    return (complex_number(dy, zero),)


def imag_gradient(_g: GradientBuilder, _op: Operation, dy: Tensor) -> Sequence[Tensor]:
    """`dy` as the imaginary part."""
    zero = array.constant(0, dtype=dy.dtype)
    return (complex_number(zero, dy),)


def angle_gradient(g: GradientBuilder, op: Operation, dy: Tensor) -> Sequence[Tensor]:
    """`-dy / (imag(x) + i real(x))`."""
    x = op.inputs[0]
    with control_dependencies([dy]):
        real_part = real(x)
        imaginary_part = imag(x)
        inverse = g.op("Reciprocal", x=complex_number(imaginary_part, real_part))
        zero = array.constant(0, dtype=dy.dtype)
        return (-complex_number(dy, zero) * inverse,)


def conj_gradient(_g: GradientBuilder, _op: Operation, dy: Tensor) -> Sequence[Tensor]:
    """The conjugate of `dy`."""
    return (conj(dy),)


def complex_abs_gradient(
    _g: GradientBuilder, op: Operation, dy: Tensor
) -> Sequence[Tensor]:
    """`dy * x / y`, without NaN."""
    x, y = op.inputs[0], op.outputs[0]
    numerator = complex_number(dy, array.zeros_like(dy)) * x
    return (div_no_nan(numerator, complex_number(y, array.zeros_like(y))),)


OPS = (
    OpSpec(
        name="Angle",
        shape=unchanged_shape,
        gradient=angle_gradient,
        source="tensorflow core/ops/math_ops.cc",
    ),
    OpSpec(
        name="Complex",
        shape=complex_shape,
        gradient=complex_gradient,
        source="tensorflow core/ops/math_ops.cc",
    ),
    OpSpec(
        name="ComplexAbs",
        shape=unchanged_shape,
        gradient=complex_abs_gradient,
        source="tensorflow core/ops/math_ops.cc",
    ),
    OpSpec(
        name="Conj",
        shape=unchanged_shape,
        gradient=conj_gradient,
        source="tensorflow core/ops/math_ops.cc",
    ),
    OpSpec(
        name="Imag",
        shape=unchanged_shape,
        gradient=imag_gradient,
        source="tensorflow core/ops/math_ops.cc",
    ),
    OpSpec(
        name="Real",
        shape=unchanged_shape,
        gradient=real_gradient,
        source="tensorflow core/ops/math_ops.cc",
    ),
)
