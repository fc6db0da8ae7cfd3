"""Convolutions and products with what follows them in one op; twin of the kernels.

Graph optimizers put these in the place of several nodes, and graphs that were saved
after that have them.

Source: tensorflow core/ops/nn_ops.cc, math_ops.cc;
core/grappler/optimizers/remapper.cc.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from metagraft.graph.op_spec import OpSpec, Shapes
from metagraft.graph.shape_checks import merge_dim, with_rank
from metagraft.graph.shapes import Dims
from metagraft.ops.windows import WindowAttrs

__all__ = ["OPS", "FusedAttrs", "FusedNormAttrs"]

_SOURCE = "tensorflow core/ops/nn_ops.cc"


@dataclass(frozen=True, slots=True)
class FusedAttrs:
    """Attributes of these ops.

    Attributes:
        windows: Of a convolution; None for products.
        follows: The ops that follow, in order.
        epsilon: Of a normalization among them.
        alpha: The slope of a leaky activation among them.
        transposes: Which factors of a product are transposed.
        filter_format: The order of the filter's axes.
    """

    windows: WindowAttrs | None
    follows: tuple[str, ...]
    epsilon: float
    alpha: float
    transposes: tuple[bool, bool]
    filter_format: str

    @classmethod
    def read(cls, attrs: Mapping[str, Any]) -> FusedAttrs:
        """Read the attributes."""
        return cls(
            windows=WindowAttrs.read(attrs) if "strides" in attrs else None,
            follows=tuple(name.decode() for name in attrs.get("fused_ops", ())),
            epsilon=attrs.get("epsilon", 1e-4),
            alpha=attrs.get("leakyrelu_alpha", 0.2),
            transposes=(
                attrs.get("transpose_a", False),
                attrs.get("transpose_b", False),
            ),
            filter_format=attrs.get("filter_format", b"HWIO").decode(),
        )


@dataclass(frozen=True, slots=True)
class FusedNormAttrs:
    """Attributes of a normalization with what follows it.

    Attributes:
        normalization: Those of the normalization.
        activation: `Identity` or `Relu`.
    """

    normalization: Mapping[str, Any]
    activation: str

    @classmethod
    def read(cls, attrs: Mapping[str, Any]) -> FusedNormAttrs:
        """Read the attributes."""
        return cls(attrs, attrs["activation_mode"].decode())


def convolution_shape(attrs: FusedAttrs, inputs: Shapes) -> Sequence[Dims]:
    """Windows along the spatial axes, the filter's outputs as channels."""
    windows = attrs.windows
    assert windows is not None
    image = with_rank(inputs[0], windows.rank)
    kernel = with_rank(inputs[1], windows.rank)
    if attrs.filter_format == "OIHW":
        kernel = (*kernel[2:], kernel[1], kernel[0])
    return (_windowed(windows, image, kernel, kernel[-1]),)


def _windowed(
    windows: WindowAttrs, image: Any, kernel: Any, outputs: int | None
) -> Dims:
    out = list(image)
    for place, axis in enumerate(windows.spatial):
        out[axis] = windows.output_size(axis, image[axis], kernel[place])
    out[windows.channels] = outputs
    return tuple(out)


def depthwise_shape(attrs: FusedAttrs, inputs: Shapes) -> Sequence[Dims]:
    """Each channel has filters of its own."""
    windows = attrs.windows
    assert windows is not None
    image, kernel = with_rank(inputs[0], 4), with_rank(inputs[1], 4)
    channels = merge_dim(image[windows.channels], kernel[2])
    known = channels is not None and kernel[3] is not None
    outputs = channels * kernel[3] if known else None  # type: ignore[operator] # known
    return (_windowed(windows, image, kernel, outputs),)


def product_shape(attrs: FusedAttrs, inputs: Shapes) -> Sequence[Dims]:
    """Rows of one factor, columns of the other."""
    a, b = with_rank(inputs[0], 2), with_rank(inputs[1], 2)
    a = a[::-1] if attrs.transposes[0] else a
    b = b[::-1] if attrs.transposes[1] else b
    merge_dim(a[1], b[0])
    return ((a[0], b[1]),)


def normalization_shape(_attrs: FusedNormAttrs, inputs: Shapes) -> Sequence[Dims]:
    """The image, and vectors as long as the scale."""
    vector = with_rank(inputs[1], 1)
    return (inputs[0], vector, vector, vector, vector, None)


def _row(name: str, shape: Any, attrs: Any = FusedAttrs.read) -> OpSpec:
    return OpSpec(name=name, attrs=attrs, shape=shape, source=_SOURCE)


OPS = (
    _row("_FusedConv2D", convolution_shape),
    _row("_FusedConv3D", convolution_shape),
    _row("_FusedDepthwiseConv2dNative", depthwise_shape),
    _row("_FusedMatMul", product_shape),
    _row("_FusedBatchNormEx", normalization_shape, FusedNormAttrs.read),
)
