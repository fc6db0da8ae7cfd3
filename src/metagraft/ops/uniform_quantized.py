"""Numbers quantised with scales and zero points; twin of the kernels.

A number q stands for `(q - zero_point) * scale`. Scale and zero point are scalars, or
vectors along one axis.

Source: tensorflow core/ops/uniform_quant_ops.cc.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from metagraft.graph.op_spec import OpSpec, Shapes
from metagraft.graph.shape_checks import (
    merge_dim,
    with_rank,
    with_rank_at_least,
    with_rank_at_most,
)
from metagraft.graph.shapes import Dims, broadcast_dims
from metagraft.ops.uniform_windows import UniformWindows

__all__ = ["OPS", "UniformConvolution"]


class UniformConvolution:
    """Attributes of a convolution.

    Attributes:
        attrs: All of them.
        windows: Those of the windows.
    """

    __slots__ = ("attrs", "windows")

    def __init__(self, attrs: Mapping[str, Any]) -> None:
        """Read the attributes."""
        self.attrs = attrs
        self.windows = UniformWindows.read(attrs)


def first_shape(_attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """Like the first operand."""
    return (inputs[0],)


def add_shape(_attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """Operands broadcast."""
    return (broadcast_dims(inputs[0], inputs[1]),)


def _check_scales(outputs: int | None, scales: Dims, zero_points: Dims) -> None:
    """Demand a scale and a zero point, or one of each for every output channel."""
    if scales is None or zero_points is None:
        return
    if len(scales) != len(zero_points):
        raise ValueError("scales and zero_points must have same rank.")
    for dims in (scales, zero_points):
        if dims:
            merge_dim(dims[0], outputs)


def _dot_shape(inputs: Shapes, ranks: Sequence[int]) -> Sequence[Dims]:
    a, b = with_rank(inputs[0], 2), with_rank(inputs[1], 2)
    vectors = [
        with_rank_at_most(inputs[2 + i], rank)
        for i, rank in enumerate(rank for rank in ranks for _ in range(2))
    ]
    merge_dim(a[1], b[0])
    for i, rank in enumerate(ranks):
        if rank:
            _check_scales(b[1], *vectors[2 * i : 2 * i + 2])
    return ((a[0], b[1]),)


def dot_shape(_attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """Rows of one factor, columns of the other."""
    return _dot_shape(inputs, (0, 1, 1))


def dot_hybrid_shape(_attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """Rows of one factor, columns of the other."""
    return _dot_shape(inputs, (1,))


def _convolution_shape(
    attrs: UniformConvolution, inputs: Shapes, ranks: Sequence[int]
) -> Sequence[Dims]:
    image, kernel = (with_rank_at_least(inputs[i], 2) for i in (0, 1))
    vectors = [
        with_rank_at_most(inputs[2 + i], rank)
        for i, rank in enumerate(rank for rank in ranks for _ in range(2))
    ]
    if image is None or kernel is None:
        known = kernel if image is None else image
        return (None if known is None else (None,) * len(known),)
    if len(image) != len(kernel):
        raise ValueError("lhs and rhs must have same rank.")
    if None in image or None in kernel:
        return ((None,) * len(image),)
    whole = attrs.windows.placed(image, kernel)  # type: ignore[arg-type] # known
    outputs = kernel[whole.kernel[0]]
    for i, rank in enumerate(ranks):
        if rank:
            _check_scales(outputs, *vectors[2 * i : 2 * i + 2])
    return (whole.output_shape,)


def convolution_shape(attrs: UniformConvolution, inputs: Shapes) -> Sequence[Dims]:
    """Windows along the spatial axes, the filter's outputs as channels."""
    return _convolution_shape(attrs, inputs, (0, 1, 1))


def convolution_hybrid_shape(
    attrs: UniformConvolution, inputs: Shapes
) -> Sequence[Dims]:
    """Windows along the spatial axes, the filter's outputs as channels."""
    return _convolution_shape(attrs, inputs, (1,))


def _row(name: str, shape: Any, attrs: Any = None) -> OpSpec:
    return OpSpec(
        name=name,
        attrs=attrs,
        shape=shape,
        source="tensorflow core/ops/uniform_quant_ops.cc",
    )


OPS = (
    _row("UniformQuantize", first_shape),
    _row("UniformDequantize", first_shape),
    _row("UniformRequantize", first_shape),
    _row("UniformQuantizedClipByValue", first_shape),
    _row("UniformQuantizedAdd", add_shape),
    _row("UniformQuantizedDot", dot_shape),
    _row("UniformQuantizedDotHybrid", dot_hybrid_shape),
    _row("UniformQuantizedConvolution", convolution_shape, UniformConvolution),
    _row(
        "UniformQuantizedConvolutionHybrid",
        convolution_hybrid_shape,
        UniformConvolution,
    ),
)
