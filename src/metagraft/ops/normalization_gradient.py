"""The gradient of the gradient of batch normalization; see `ops/normalization.py`.

The first gradient is written down with simpler ops, and these are differentiated.

Source: tensorflow python/ops/nn_fused_batch_norm_grad.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import Any

from metagraft.graph import dtypes
from metagraft.graph.build import array
from metagraft.graph.build.math import cast
from metagraft.graph.build.reductions import reduce_tensor
from metagraft.graph.op_spec import GradientBuilder
from metagraft.graph.operation import Operation
from metagraft.graph.tensor import Tensor

__all__ = ["fused_batch_norm_grad_gradient"]

_Three = tuple[Tensor, Tensor, Tensor]


def fused_batch_norm_grad_gradient(
    g: GradientBuilder, op: Operation, *dys: Tensor
) -> Sequence[Tensor | None]:
    """For the gradient of the result, the image and the scale."""
    watched = op.inputs[:3]
    # `gradients` lies above `ops`, so it is looked up when needed, not imported.
    tape = import_module("metagraft.gradients.tape").Tape(op.graph)
    tape.start()
    for tensor in watched:
        tape.watch(tensor)
    first = _Gradient(g, op)
    made = first.in_training() if op.get_attr("is_training") else first.in_use()
    tape.stop()
    found: list[Tensor | None] = tape.gradient(made, watched, list(dys[:3]))
    return [*found, *(None for _ in op.inputs[3:])]


class _Gradient:
    """The gradient of batch normalization, of simple ops."""

    def __init__(self, g: GradientBuilder, op: Operation) -> None:
        self._g = g
        self._dy, self._x, self._scale, self._mean, self._variance = op.inputs[:5]
        self._epsilon = op.get_attr("epsilon")
        data_format = op.get_attr("data_format").decode()
        self._channels_first = data_format[1] == "C"
        channels = data_format.index("C")
        self._axes = [i for i in range(len(data_format)) if i != channels]
        self._dtype = self._x.dtype.base_dtype
        if self._dtype in (dtypes.float16, dtypes.bfloat16):
            self._x = cast(self._x, dtypes.float32)
            self._dy = cast(self._dy, dtypes.float32)

    def _vector_shape(self, vector: Tensor) -> list[Any]:
        return [1, array.size(vector), *[1] * (len(self._axes) - 1)]

    def _reduced(self, op_type: str, x: Tensor, *, keeps: bool) -> Tensor:
        return reduce_tensor(op_type, x, self._axes, keepdims=keeps)

    def in_training(self) -> _Three:
        g, x, dy, keeps = self._g, self._x, self._dy, self._channels_first
        scale = self._scale
        if keeps:
            scale = array.reshape(scale, self._vector_shape(scale))
        mean_dy = self._reduced("Mean", dy, keeps=keeps)
        mean_x = self._reduced("Mean", x, keeps=keeps)
        constant = g.op("StopGradient", input=mean_x)
        squares = g.op("SquaredDifference", x=x, y=constant)
        variance = self._reduced("Mean", squares, keeps=keeps)
        dy_offset = dy - mean_dy
        x_offset = x - mean_x
        mean = self._reduced("Mean", dy * x_offset, keeps=keeps)
        factor = scale * g.op("Rsqrt", x=variance + self._epsilon)
        inverse = g.op("Reciprocal", x=variance + self._epsilon)
        dx = factor * (dy_offset - inverse * mean * x_offset)
        root = g.op("Rsqrt", x=variance + self._epsilon)
        d_scale = root * self._reduced("Sum", dy * x_offset, keeps=keeps)
        if keeps:
            d_scale = array.squeeze(d_scale)
        d_offset = self._reduced("Sum", dy, keeps=False)
        return cast(dx, self._dtype), d_scale, d_offset

    def in_use(self) -> _Three:
        g, x, dy = self._g, self._x, self._dy
        scale, mean, variance = self._scale, self._mean, self._variance
        if self._channels_first:
            shape = self._vector_shape(mean)
            mean = array.reshape(mean, shape)
            variance = array.reshape(variance, shape)
            scale = array.reshape(scale, shape)
        d_offset = self._reduced("Sum", dy, keeps=False)
        root = g.op("Rsqrt", x=variance + self._epsilon)
        d_scale = self._reduced("Sum", dy * (x - mean) * root, keeps=False)
        dx = dy * scale * root
        return cast(dx, self._dtype), d_scale, d_offset
