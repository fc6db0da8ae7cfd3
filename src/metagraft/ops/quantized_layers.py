"""Layers of quantised numbers with what follows them in one op; twin of the kernels.

Intel's quantizers put these in the place of several nodes. The range of a filter is a
pair of scalars, or of vectors with a range for each output channel.

Source: tensorflow core/ops/nn_ops.cc, array_ops.cc, math_ops.cc.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from metagraft.graph.op_spec import OpSpec, Shapes
from metagraft.graph.shape_checks import check_ranks, merge_dim, with_rank
from metagraft.graph.shapes import Dims
from metagraft.ops.windows import (
    CONV2D_WORDS,
    DEPTHWISE_WORDS,
    EXPLICIT,
    WindowAttrs,
    explicit_pairs,
)

__all__ = ["OPS", "Layer", "QuantizedLayer"]

_SOURCE = "tensorflow core/ops/nn_ops.cc"


@dataclass(frozen=True, slots=True)
class Layer:
    """What an op does besides its products.

    Attributes:
        has_bias: A bias is added.
        has_summand: Another image is added.
        has_relu: What is negative becomes 0.
        is_requantized: The result has fewer bits, for a range that is given.
        is_depthwise: Each channel has filters of its own.
        per_channel: The filter may have a range for each output channel.
    """

    has_bias: bool = False
    has_summand: bool = False
    has_relu: bool = False
    is_requantized: bool = False
    is_depthwise: bool = False
    per_channel: bool = True

    @property
    def limits(self) -> int:
        """The place of the smallest number of the image among the operands."""
        return 3 if self.has_bias else 2


@dataclass(frozen=True, slots=True)
class QuantizedLayer:
    """Attributes of a layer.

    Attributes:
        layer: What the op does.
        windows: As of any window; None for products of matrices.
        attrs: All attributes.
        follows: What follows, in order, where an attribute says it.
    """

    layer: Layer
    windows: WindowAttrs | None
    attrs: Mapping[str, Any]
    follows: tuple[str, ...] = ()


def _reader(layer: Layer) -> Callable[[Mapping[str, Any]], QuantizedLayer]:
    def read(attrs: Mapping[str, Any]) -> QuantizedLayer:
        return QuantizedLayer(layer, _windows(attrs, layer), attrs)

    return read


def _windows(attrs: Mapping[str, Any], layer: Layer) -> WindowAttrs | None:
    """Read how a window slides; `padding_list` counts for more than `padding`."""
    if "strides" not in attrs:
        return None
    words = DEPTHWISE_WORDS if layer.is_depthwise else CONV2D_WORDS
    windows = WindowAttrs.read(attrs, words)
    sizes: Sequence[int] = attrs.get("padding_list", ())
    if not sizes:
        return windows
    pairs = explicit_pairs(sizes, EXPLICIT, "NHWC")
    return replace(windows, padding=EXPLICIT, explicit=pairs)


def _fused_reader(
    *, is_depthwise: bool = False
) -> Callable[[Mapping[str, Any]], QuantizedLayer]:
    def read(attrs: Mapping[str, Any]) -> QuantizedLayer:
        follows = tuple(name.decode() for name in attrs["fused_ops"])
        layer = Layer(
            has_bias="BiasAdd" in follows,
            has_summand="Sum" in follows,
            has_relu="Relu" in follows,
            is_requantized="Requantize" in follows,
            is_depthwise=is_depthwise,
        )
        return QuantizedLayer(layer, _windows(attrs, layer), attrs, follows)

    return read


def convolution_shape(attrs: QuantizedLayer, inputs: Shapes) -> Sequence[Dims]:
    """Windows along the spatial axes, the filter's outputs as channels."""
    return (_convolved(attrs, inputs), *_range_shape(attrs.layer, inputs))


def _convolved(attrs: QuantizedLayer, inputs: Shapes) -> Dims:
    windows, layer = attrs.windows, attrs.layer
    assert windows is not None
    image, kernel = with_rank(inputs[0], 4), with_rank(inputs[1], 4)
    depth, taken, outputs = image[3], kernel[2], kernel[3]
    if layer.is_depthwise:
        depth = merge_dim(depth, taken)
        outputs = None if None in (depth, outputs) else depth * outputs  # type: ignore[operator] # known
    elif None not in (depth, taken) and (not taken or depth % taken):  # type: ignore[operator] # known
        raise ValueError(
            f"Depth of input ({depth}) is not a multiple of input depth of filter"
            f" ({taken})"
        )
    rows, columns = (
        windows.output_size(axis, image[axis], kernel[axis - 1]) for axis in (1, 2)
    )
    return (image[0], rows, columns, outputs)


def _range_shape(layer: Layer, inputs: Shapes) -> tuple[Dims, Dims]:
    """Return the shapes of the range of a result."""
    start = layer.limits
    if layer.is_depthwise:
        return (None, None)
    bias, filters = "1" * layer.has_bias, "vv" if layer.per_channel else "00"
    frozen = "00" * layer.is_requantized
    check_ranks(f"--{bias}00{filters}{frozen}", inputs)
    if layer.is_requantized or not layer.per_channel:
        return ((), ())
    return (inputs[start + 2], inputs[start + 3])


def fused_convolution_shape(attrs: QuantizedLayer, inputs: Shapes) -> Sequence[Dims]:
    """As `convolution_shape`; what has fewer bits has one range."""
    first = len(attrs.attrs["Tdevice_inputs"])
    is_one = attrs.layer.is_requantized
    limits = ((), ()) if is_one else tuple(inputs[first + 2 : first + 4])
    return (_convolved(attrs, inputs), *limits)


def fused_product_shape(attrs: QuantizedLayer, inputs: Shapes) -> Sequence[Dims]:
    """Rows of one factor, columns of the other; TensorFlow tells no more."""
    return (_multiplied(attrs, inputs), *(None,) * len(attrs.attrs["Thost_outputs"]))


def product_shape(attrs: QuantizedLayer, inputs: Shapes) -> Sequence[Dims]:
    """Rows of one factor, columns of the other."""
    dims = _multiplied(attrs, inputs)
    with_rank(inputs[2], 1)
    for place in range(3, len(inputs)):
        with_rank(inputs[place], 0)
    return (dims, (), ())


def _multiplied(attrs: QuantizedLayer, inputs: Shapes) -> Dims:
    a, b = with_rank(inputs[0], 2), with_rank(inputs[1], 2)
    a = a[::-1] if attrs.attrs["transpose_a"] else a
    b = b[::-1] if attrs.attrs["transpose_b"] else b
    merge_dim(a[1], b[0])
    return (a[0], b[1])


def dequantized_product_shape(attrs: QuantizedLayer, inputs: Shapes) -> Sequence[Dims]:
    """As `product_shape`; floats have no range."""
    return product_shape(attrs, inputs)[:1]


def requantize_shape(_attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """Like the input, and a range."""
    for place, rank in ((1, 1), (2, 1), (3, 0), (4, 0)):
        with_rank(inputs[place], rank)
    return (inputs[0], (), ())


def range_shape(_attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """Two numbers."""
    for place in (1, 2):
        with_rank(inputs[place], 1)
    return ((), ())


def normalization_shape(_attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """Like the image; its channels are as many as there are means and so on."""
    image = with_rank(inputs[0], 4)
    channels = image[3]
    for place in (3, 6, 9, 12):
        channels = merge_dim(channels, with_rank(inputs[place], 1)[0])
    return ((*image[:3], channels), (), ())


_LAYERS = {
    "Conv2DAndRelu": Layer(has_relu=True),
    "Conv2DAndRequantize": Layer(is_requantized=True, per_channel=False),
    "Conv2DAndReluAndRequantize": Layer(has_relu=True, is_requantized=True),
    "Conv2DPerChannel": Layer(),
    "Conv2DWithBias": Layer(has_bias=True),
    "Conv2DWithBiasAndRelu": Layer(has_bias=True, has_relu=True),
    "Conv2DWithBiasAndRequantize": Layer(has_bias=True, is_requantized=True),
    "Conv2DWithBiasAndReluAndRequantize": Layer(
        has_bias=True, has_relu=True, is_requantized=True
    ),
    "Conv2DWithBiasSumAndRelu": Layer(has_bias=True, has_summand=True, has_relu=True),
    "Conv2DWithBiasSumAndReluAndRequantize": Layer(
        has_bias=True, has_summand=True, has_relu=True, is_requantized=True
    ),
    "Conv2DWithBiasSignedSumAndReluAndRequantize": Layer(
        has_bias=True, has_summand=True, has_relu=True, is_requantized=True
    ),
    "DepthwiseConv2D": Layer(is_depthwise=True),
    "DepthwiseConv2DWithBias": Layer(is_depthwise=True, has_bias=True),
    "DepthwiseConv2DWithBiasAndRelu": Layer(
        is_depthwise=True, has_bias=True, has_relu=True
    ),
    "DepthwiseConv2DWithBiasAndReluAndRequantize": Layer(
        is_depthwise=True, has_bias=True, has_relu=True, is_requantized=True
    ),
    "MatMulWithBias": Layer(has_bias=True),
    "MatMulWithBiasAndRelu": Layer(has_bias=True, has_relu=True),
    "MatMulWithBiasAndRequantize": Layer(has_bias=True, is_requantized=True),
    "MatMulWithBiasAndReluAndRequantize": Layer(
        has_bias=True, has_relu=True, is_requantized=True
    ),
    "MatMulWithBiasAndDequantize": Layer(has_bias=True, is_requantized=True),
}


def _shape(name: str) -> Any:
    if name.endswith("Dequantize"):
        return dequantized_product_shape
    return product_shape if name.startswith("MatMul") else convolution_shape


OPS = (
    *(
        OpSpec(
            name=f"Quantized{name}",
            attrs=_reader(layer),
            shape=_shape(name),
            source=_SOURCE,
        )
        for name, layer in _LAYERS.items()
    ),
    OpSpec(
        name="_FusedQuantizedConv2D",
        attrs=_fused_reader(),
        shape=fused_convolution_shape,
        source=_SOURCE,
    ),
    OpSpec(
        name="_FusedQuantizedDepthwiseConv2D",
        attrs=_fused_reader(is_depthwise=True),
        shape=fused_convolution_shape,
        source=_SOURCE,
    ),
    OpSpec(
        name="_QuantizedMatMul",
        attrs=_fused_reader(),
        shape=fused_product_shape,
        source=_SOURCE,
    ),
    OpSpec(name="RequantizePerChannel", shape=requantize_shape, source=_SOURCE),
    OpSpec(name="RequantizationRangePerChannel", shape=range_shape, source=_SOURCE),
    OpSpec(
        name="QuantizedBatchNormWithGlobalNormalization",
        shape=normalization_shape,
        source=_SOURCE,
    ),
)
