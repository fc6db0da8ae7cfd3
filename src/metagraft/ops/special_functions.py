"""Special functions, element by element; twin of `kernels/special_functions.py`.

Source: tensorflow core/ops/math_ops.cc, core/ops/special_math_ops.cc,
python/ops/math_grad.py.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from metagraft.graph.build import array
from metagraft.graph.build.math import cast, conj, div, sign
from metagraft.graph.build.reductions import reduce_tensor
from metagraft.graph.op_spec import (
    NO_RULE_YET,
    GradientBuilder,
    GradientRule,
    NoGradient,
    OpSpec,
    Shapes,
)
from metagraft.graph.operation import Operation
from metagraft.graph.scopes import control_dependencies, name_scope
from metagraft.graph.shape_checks import merged
from metagraft.graph.shapes import Dims, broadcast_dims
from metagraft.graph.tensor import Tensor

__all__ = ["OPS"]

Gradients = Sequence[Any]
# `(g, x, y) -> dy/dx` of `y = f(x)`.
Partial = Callable[[GradientBuilder, Tensor, Tensor], Tensor]


def unchanged_shape(_attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """The output has the shape of the operand."""
    return (inputs[0],)


def broadcast_shape(_attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """The operands broadcast against each other."""
    return (broadcast_dims(inputs[0], inputs[1]),)


def betainc_shape(_attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """All operands have one shape; scalars go with any."""
    shapes = [dims for dims in inputs if dims is not None and dims != ()]
    if not shapes:
        return (() if all(dims == () for dims in inputs) else None,)
    dims: Dims = None
    for other in shapes:
        dims = merged(dims, other)
    return (dims,)


def _times(partial: Partial) -> GradientRule:
    """Return the rule `dy * partial(g, x, y)`, computed once `dy` is there."""

    def gradient(g: GradientBuilder, op: Operation, dy: Tensor) -> Gradients:
        with control_dependencies([dy]):
            return (dy * partial(g, op.inputs[0], op.outputs[0]),)

    return gradient


def _gauss(factor: float) -> GradientRule:
    """Return the rule `dy * factor * exp(-x^2)`."""

    def gradient(g: GradientBuilder, op: Operation, dy: Tensor) -> Gradients:
        scale = array.constant(factor, dtype=dy.dtype)
        with control_dependencies([dy]):
            x = conj(op.inputs[0])
            return (dy * scale * g.op("Exp", x=-g.op("Square", x=x)),)

    return gradient


def erfinv_gradient(g: GradientBuilder, op: Operation, dy: Tensor) -> Gradients:
    """`dy * sqrt(pi) / 2 * exp(y^2)`."""
    scale = array.constant(np.sqrt(np.pi) / 2, dtype=dy.dtype)
    with control_dependencies([dy]):
        return (dy * scale * g.op("Exp", x=g.op("Square", x=op.outputs[0])),)


def ndtri_gradient(g: GradientBuilder, op: Operation, dy: Tensor) -> Gradients:
    """`dy * sqrt(2 * pi) * exp(y^2 / 2)`."""
    scale = array.constant(np.sqrt(2 * np.pi), dtype=dy.dtype)
    with control_dependencies([dy]):
        scaled = dy * scale
        half = g.op("Square", x=op.outputs[0]) / 2.0
        return (scaled * g.op("Exp", x=half),)


def lgamma_partial(g: GradientBuilder, x: Tensor, _y: Tensor) -> Tensor:
    """`digamma(x)`."""
    partial: Tensor = g.op("Digamma", x=conj(x))
    return partial


def digamma_partial(g: GradientBuilder, x: Tensor, _y: Tensor) -> Tensor:
    """`polygamma(1, x)`."""
    x = conj(x)
    partial: Tensor = g.op("Polygamma", a=array.constant(1, dtype=x.dtype), x=x)
    return partial


def dawsn_partial(_g: GradientBuilder, x: Tensor, y: Tensor) -> Tensor:
    """`1 - 2 x y`."""
    partial: Tensor = 1.0 - 2 * x * y
    return partial


def expint_gradient(g: GradientBuilder, op: Operation, dy: Tensor) -> Gradients:
    """`dy * exp(x) / x`."""
    x = op.inputs[0]
    with control_dependencies([dy]):
        return (dy * g.op("Exp", x=x) / x,)


def fresnel_cos_partial(g: GradientBuilder, x: Tensor, _y: Tensor) -> Tensor:
    """`cos(pi / 2 * x^2)`."""
    partial: Tensor = g.op("Cos", x=(np.pi / 2.0) * g.op("Square", x=x))
    return partial


def fresnel_sin_partial(g: GradientBuilder, x: Tensor, _y: Tensor) -> Tensor:
    """`sin(pi / 2 * x^2)`."""
    partial: Tensor = g.op("Sin", x=(np.pi / 2.0) * g.op("Square", x=x))
    return partial


def spence_partial(g: GradientBuilder, x: Tensor, _y: Tensor) -> Tensor:
    """`log(x) / (1 - x)`, and -1 at 1."""
    partial = g.op("Log", x=x) / (1 - x)
    is_one = g.op("Equal", x=x, y=1.0)
    chosen: Tensor = g.op("Select", condition=is_one, t=-array.ones_like(x), e=partial)
    return chosen


def _bessel(g: GradientBuilder, name: str, x: Tensor) -> Tensor:
    """Add a Bessel function inside the scope its Python function opens."""
    snake = name.replace("Bessel", "bessel_").lower()
    with name_scope(None, snake, [x]):
        value: Tensor = g.op(name, x=x)
    return value


def bessel_i0_partial(g: GradientBuilder, x: Tensor, _y: Tensor) -> Tensor:
    """`I1(x)`."""
    return _bessel(g, "BesselI1", x)


def bessel_i0e_partial(g: GradientBuilder, x: Tensor, y: Tensor) -> Tensor:
    """`I1e(x) - sign(x) y`."""
    partial: Tensor = _bessel(g, "BesselI1e", x) - sign(x) * y
    return partial


def bessel_i1_partial(g: GradientBuilder, x: Tensor, y: Tensor) -> Tensor:
    """`I0(x) - y / x`, and 1 at 0."""
    is_zero = g.op("Equal", x=x, y=0.0)
    one = cast(1.0, x.dtype)
    slope = _bessel(g, "BesselI0", x) - div(y, x)
    partial: Tensor = g.op("SelectV2", condition=is_zero, t=one, e=slope)
    return partial


def bessel_i1e_partial(g: GradientBuilder, x: Tensor, y: Tensor) -> Tensor:
    """`I0e(x) - y (sign(x) + 1 / x)`, and 1/2 at 0."""
    is_zero = g.op("Equal", x=x, y=0.0)
    half = cast(0.5, x.dtype)
    slope = _bessel(g, "BesselI0e", x) - y * (sign(x) + g.op("Reciprocal", x=x))
    partial: Tensor = g.op("SelectV2", condition=is_zero, t=half, e=slope)
    return partial


def bessel_k0_partial(g: GradientBuilder, x: Tensor, _y: Tensor) -> Tensor:
    """`-K1(x)`."""
    return -_bessel(g, "BesselK1", x)


def bessel_k0e_partial(g: GradientBuilder, x: Tensor, y: Tensor) -> Tensor:
    """`y - K1e(x)`."""
    partial: Tensor = y - _bessel(g, "BesselK1e", x)
    return partial


def bessel_k1_partial(g: GradientBuilder, x: Tensor, y: Tensor) -> Tensor:
    """`-K0(x) - y / x`."""
    partial: Tensor = -_bessel(g, "BesselK0", x) - div(y, x)
    return partial


def bessel_k1e_partial(g: GradientBuilder, x: Tensor, y: Tensor) -> Tensor:
    """`y (1 - 1 / x) - K0e(x)`."""
    factor = 1.0 - g.op("Reciprocal", x=x)
    partial: Tensor = y * factor - _bessel(g, "BesselK0e", x)
    return partial


def bessel_j0_partial(g: GradientBuilder, x: Tensor, _y: Tensor) -> Tensor:
    """`-J1(x)`."""
    return -_bessel(g, "BesselJ1", x)


def bessel_j1_partial(g: GradientBuilder, x: Tensor, y: Tensor) -> Tensor:
    """`J0(x) - y / x`, and 1/2 at 0."""
    is_zero = g.op("Equal", x=x, y=0.0)
    half = cast(0.5, x.dtype)
    slope = _bessel(g, "BesselJ0", x) - div(y, x)
    partial: Tensor = g.op("SelectV2", condition=is_zero, t=half, e=slope)
    return partial


def bessel_y0_partial(g: GradientBuilder, x: Tensor, _y: Tensor) -> Tensor:
    """`-Y1(x)`."""
    return -_bessel(g, "BesselY1", x)


def bessel_y1_partial(g: GradientBuilder, x: Tensor, y: Tensor) -> Tensor:
    """`Y0(x) - y / x`."""
    partial: Tensor = _bessel(g, "BesselY0", x) - div(y, x)
    return partial


def _summed(partial: Tensor, dy: Tensor, axes: Tensor, shape: Tensor) -> Tensor:
    return array.reshape(reduce_tensor("Sum", partial * dy, axes), shape)


def igamma_gradient(g: GradientBuilder, op: Operation, dy: Tensor) -> Gradients:
    """`IgammaGradA(a, x)` and `exp(-x + (a - 1) log(x) - lgamma(a))`."""
    a, x = op.inputs
    a_shape, x_shape = array.shape(a), array.shape(x)
    a_axes, x_axes = g.op("BroadcastGradientArgs", s0=a_shape, s1=x_shape)
    with control_dependencies([dy]):
        partial_a = g.op("IgammaGradA", a=a, x=x)
        exponent = -x + (a - 1) * g.op("Log", x=x) - g.op("Lgamma", x=a)
        partial_x = g.op("Exp", x=exponent)
        return (
            _summed(partial_a, dy, a_axes, a_shape),
            _summed(partial_x, dy, x_axes, x_shape),
        )


def igammac_gradient(g: GradientBuilder, op: Operation, dy: Tensor) -> Gradients:
    """The negative of the gradients of `Igamma`."""
    da, dx = igamma_gradient(g, op, dy)
    return -da, -dx


def betainc_gradient(g: GradientBuilder, op: Operation, dy: Tensor) -> Gradients:
    """For `x` alone: `exp((b-1) log1p(-x) + (a-1) log(x) - log B(a, b))`."""
    a, b, x = op.inputs
    a_shape, x_shape = array.shape(a), array.shape(x)
    _, axes = g.op("BroadcastGradientArgs", s0=a_shape, s1=x_shape)
    log_beta = g.op("Lgamma", x=a) + g.op("Lgamma", x=b) - g.op("Lgamma", x=a + b)
    partial = _betainc_partial(g, a, b, x, log_beta)
    return None, None, _summed(partial, dy, axes, x_shape)


def _betainc_partial(
    g: GradientBuilder, a: Tensor, b: Tensor, x: Tensor, log_beta: Tensor
) -> Tensor:
    b_less = b - 1
    negative_x = -x
    with name_scope(None, "xlog1py", [b_less]):
        first = g.op("Xlog1py", x=b_less, y=negative_x)
    exponent = first + g.op("Xlogy", x=a - 1, y=x) - log_beta
    partial: Tensor = g.op("Exp", x=exponent)
    return partial


def zeta_gradient(g: GradientBuilder, op: Operation, dy: Tensor) -> Gradients:
    """For `q` alone: `-x zeta(x + 1, q)`."""
    x, q = op.inputs
    x_shape, q_shape = array.shape(x), array.shape(q)
    _, axes = g.op("BroadcastGradientArgs", s0=x_shape, s1=q_shape)
    with control_dependencies([dy]):
        x, q = conj(x), conj(q)
        partial = -x * g.op("Zeta", x=x + 1, q=q)
        return None, _summed(partial, dy, axes, q_shape)


def polygamma_gradient(g: GradientBuilder, op: Operation, dy: Tensor) -> Gradients:
    """For `x` alone: `polygamma(n + 1, x)`."""
    n, x = op.inputs
    n_shape, x_shape = array.shape(n), array.shape(x)
    _, axes = g.op("BroadcastGradientArgs", s0=n_shape, s1=x_shape)
    with control_dependencies([dy]):
        n, x = conj(n), conj(x)
        partial = g.op("Polygamma", a=n + 1, x=x)
        return None, _summed(partial, dy, axes, x_shape)


def _row(name: str, gradient: GradientRule | NoGradient = NO_RULE_YET) -> OpSpec:
    return OpSpec(
        name=name,
        shape=unchanged_shape,
        gradient=gradient,
        source="tensorflow core/ops/math_ops.cc",
    )


def _binary(name: str, gradient: GradientRule | NoGradient = NO_RULE_YET) -> OpSpec:
    return OpSpec(
        name=name,
        shape=broadcast_shape,
        gradient=gradient,
        source="tensorflow core/ops/math_ops.cc",
    )


OPS = (
    _row("BesselI0", _times(bessel_i0_partial)),
    _row("BesselI0e", _times(bessel_i0e_partial)),
    _row("BesselI1", _times(bessel_i1_partial)),
    _row("BesselI1e", _times(bessel_i1e_partial)),
    _row("BesselJ0", _times(bessel_j0_partial)),
    _row("BesselJ1", _times(bessel_j1_partial)),
    _row("BesselK0", _times(bessel_k0_partial)),
    _row("BesselK0e", _times(bessel_k0e_partial)),
    _row("BesselK1", _times(bessel_k1_partial)),
    _row("BesselK1e", _times(bessel_k1e_partial)),
    _row("BesselY0", _times(bessel_y0_partial)),
    _row("BesselY1", _times(bessel_y1_partial)),
    OpSpec(
        name="Betainc",
        shape=betainc_shape,
        gradient=betainc_gradient,
        source="tensorflow core/ops/math_ops.cc",
    ),
    _row("Dawsn", _times(dawsn_partial)),
    _row("Digamma", _times(digamma_partial)),
    _row("Erf", _gauss(2 / np.sqrt(np.pi))),
    _row("Erfc", _gauss(-2 / np.sqrt(np.pi))),
    _row("Erfinv", erfinv_gradient),
    _row("Expint", expint_gradient),
    _row("FresnelCos", _times(fresnel_cos_partial)),
    _row("FresnelSin", _times(fresnel_sin_partial)),
    _binary("Igamma", igamma_gradient),
    _binary("IgammaGradA"),
    _binary("Igammac", igammac_gradient),
    _row("Lgamma", _times(lgamma_partial)),
    _row("Ndtri", ndtri_gradient),
    _binary("Polygamma", polygamma_gradient),
    _row("Spence", _times(spence_partial)),
    _binary("Zeta", zeta_gradient),
)
