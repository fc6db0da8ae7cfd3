"""Convolution, and its gradients as ops of their own; twin of the kernels of it.

Images are `[n, spatial..., c]` or `[n, c, spatial...]`, filters
`[spatial..., c / groups, o]`.

Source: tensorflow core/ops/nn_ops.cc, core/framework/common_shape_fns.cc
Conv2DShapeImpl; python/ops/nn_grad.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from metagraft.graph.build.array import shape
from metagraft.graph.narrow_attrs import INT32
from metagraft.graph.op_spec import GradientBuilder, OpSpec, ShapeFunction, Shapes
from metagraft.graph.shape_checks import merge_dim, with_rank
from metagraft.graph.shapes import Dims
from metagraft.ops.windows import (
    CONV2D_WORDS,
    DEPTHWISE_WORDS,
    WindowAttrs,
    Words,
    windows_of,
    windows_of_gradient,
)

if TYPE_CHECKING:
    from metagraft.graph.operation import Operation
    from metagraft.graph.tensor import Tensor

__all__ = ["OPS", "ConvAttrs"]

_SOURCE = "tensorflow core/ops/nn_ops.cc"


def convolution_shape(attrs: WindowAttrs, inputs: Shapes) -> Sequence[Dims]:
    """Windows along the spatial axes, the filter's outputs as channels."""
    image = with_rank(inputs[0], attrs.rank)
    kernel = with_rank(inputs[1], attrs.rank)
    _check_groups(image[attrs.channels], kernel[-2], kernel[-1])
    out = list(image)
    # TF: leaves out the dilations of volumes, which makes their sizes too large.
    for place, axis in enumerate(attrs.spatial):
        out[axis] = attrs.output_size(axis, image[axis], kernel[place])
    out[attrs.channels] = kernel[-1]
    return (tuple(out),)


def _check_groups(
    channels: int | None, filter_channels: int | None, outputs: int | None
) -> None:
    if channels is None or filter_channels is None:
        return
    if filter_channels == 0 or channels % filter_channels:
        raise ValueError(
            f"Depth of input ({channels}) is not a multiple of input depth of filter"
            f" ({filter_channels})"
        )
    groups = channels // filter_channels
    if groups == 0:
        raise ValueError("Number of groups must not be 0")
    if outputs is not None and outputs % groups:
        raise ValueError(
            f"Depth of output ({outputs}) is not a multiple of the number of groups"
            f" ({groups})"
        )


def depthwise_shape(attrs: WindowAttrs, inputs: Shapes) -> Sequence[Dims]:
    """Each of c channels has filters of its own: `[h, w, c, m]` gives c * m."""
    image = with_rank(inputs[0], attrs.rank)
    kernel = with_rank(inputs[1], attrs.rank)
    channels = merge_dim(image[attrs.channels], kernel[2])
    out = list(image)
    for place, axis in enumerate(attrs.spatial):
        out[axis] = attrs.output_size(axis, image[axis], kernel[place])
    known = channels is not None and kernel[3] is not None
    out[attrs.channels] = channels * kernel[3] if known else None  # type: ignore[operator] # known
    return (tuple(out),)


def backprop_input_shape(attrs: WindowAttrs, inputs: Shapes) -> Sequence[Dims]:
    """The shape is the value of `input_sizes`."""
    return (with_rank(inputs.as_dims(0), attrs.rank),)


def conv_2d_backprop_input_shape(attrs: WindowAttrs, inputs: Shapes) -> Sequence[Dims]:
    """As `backprop_input_shape`; `input_sizes` may be only the spatial part."""
    sizes = inputs.as_dims(0)
    dy = with_rank(inputs[2], attrs.rank)
    kernel = with_rank(inputs[1], attrs.rank)
    merge_dim(dy[attrs.channels], kernel[-1])
    if sizes is not None and len(sizes) == attrs.rank - 2:
        out: list[int | None] = [None] * attrs.rank
        out[attrs.channels] = kernel[-2]
        for axis, size in zip(attrs.spatial, sizes, strict=True):
            out[axis] = size
    else:
        out = list(with_rank(sizes, attrs.rank))
        merge_dim(out[0], dy[0])
    # TF: takes the batch from the gradient even where only the sizes know it.
    out[0] = dy[0]
    return (tuple(out),)


def backprop_filter_shape(attrs: WindowAttrs, inputs: Shapes) -> Sequence[Dims]:
    """The shape is the value of `filter_sizes`."""
    return (with_rank(inputs.as_dims(1), attrs.rank),)


def like_image_shape(attrs: WindowAttrs, inputs: Shapes) -> Sequence[Dims]:
    """The gradient has the shape of the image, which is an operand."""
    return (with_rank(inputs[0], attrs.rank),)


def like_filter_shape(attrs: WindowAttrs, inputs: Shapes) -> Sequence[Dims]:
    """The gradient has the shape of the filter, which is an operand."""
    return (with_rank(inputs[1], attrs.rank),)


def general_shape(attrs: ConvAttrs, inputs: Shapes) -> Sequence[Dims]:
    """As `convolution_shape`, with any number of batch and one to three other axes."""
    image, kernel = inputs[0], inputs[1]
    if image is None or kernel is None:
        return (None,)
    attrs.check_rank(len(image), len(kernel))
    windows = attrs.windows(len(kernel))
    batch = image[: attrs.batch_dims]
    image = (None, *image[attrs.batch_dims :])
    attrs.check_groups(image[windows.channels], kernel)
    (out,) = convolution_shape(windows, Shapes((image, kernel)))
    assert out is not None
    return ((*batch, *out[1:]),)


@dataclass(frozen=True, slots=True)
class ConvAttrs:
    """Attributes of `Conv`, whose rank the filter tells.

    Attributes:
        channels_first: Whether the channels come before the other axes.
        strides: Steps, for every axis with one batch.
        dilations: The same; empty for none.
        padding: `SAME`, `VALID` or `EXPLICIT`.
        explicit: Paddings, in pairs, for `EXPLICIT`.
        batch_dims: How many batch axes there are.
        groups: How many groups of channels.
    """

    channels_first: bool
    strides: tuple[int, ...]
    dilations: tuple[int, ...]
    padding: bytes
    explicit: tuple[int, ...]
    batch_dims: int
    groups: int

    @classmethod
    def read(cls, attrs: Mapping[str, Any]) -> ConvAttrs:
        """Read the attributes."""
        return cls(
            channels_first=attrs["data_format"] == b"CHANNELS_FIRST",
            strides=tuple(attrs["strides"]),
            dilations=tuple(attrs["dilations"]),
            padding=attrs["padding"],
            explicit=tuple(attrs["explicit_paddings"]),
            batch_dims=attrs["batch_dims"],
            groups=attrs["groups"],
        )

    def check_rank(self, rank: int, kernel_rank: int) -> None:
        """Refuse attributes and filters that do not fit images of `rank` axes.

        Raises:
            ValueError: There are too few or too many axes, strides or dilations.
        """
        axes = rank - self.batch_dims + 1
        if axes not in (4, 5):
            raise ValueError(
                "Input tensor must be rank 4 or 5, excluding extra batch dimensions,"
                f" but got: {axes}"
            )
        if kernel_rank != axes:
            raise ValueError("Input tensor rank must be the same as filter rank.")
        if len(self.strides) != axes:
            raise ValueError(
                f"Stride attribute should contain {axes} values, but got:"
                f" {len(self.strides)}"
            )
        if self.dilations and len(self.dilations) != axes:
            raise ValueError(
                f"Conv requires the dilation attribute to contain {axes} values, but"
                f" got: {len(self.dilations)}"
            )

    def check_groups(self, channels: int | None, kernel: Sequence[int | None]) -> None:
        """Refuse groups that do not divide the channels as the filter has them.

        Raises:
            ValueError: They do not.
        """
        if self.groups <= 0:
            raise ValueError("Groups attribute should be a positive integer")
        taken, filters = kernel[-2:]
        for name, depth in (("input", channels), ("output", filters)):
            if depth is not None and depth % self.groups:
                raise ValueError(f"Number of groups should divide {name} depth")
        if channels is None or not taken:
            return
        if channels // taken != self.groups:
            raise ValueError(
                "Input depth divided by filter input depth does not match with groups"
                f" parameter ({self.groups})"
            )

    def windows(self, rank: int) -> WindowAttrs:
        """Return the attributes for a filter of `rank` axes.

        Raises:
            ValueError: They do not fit its rank.
        """
        letters = "DHW"[-(rank - 2) :]
        data_format = f"NC{letters}" if self.channels_first else f"N{letters}C"
        return WindowAttrs.read(
            {
                "data_format": data_format.encode(),
                "strides": self.strides,
                "dilations": self.dilations or (1,) * rank,
                "padding": self.padding,
                "explicit_paddings": self.explicit,
            }
        )


_PASSED_ON = {
    "Conv2D": ("strides", "padding", "explicit_paddings", "use_cudnn_on_gpu"),
    "DepthwiseConv2dNative": ("strides", "padding", "explicit_paddings"),
    "Conv3D": ("strides", "padding"),
}


class _Gradients:
    """The gradient rules of one kind of convolution and of its two gradient ops."""

    def __init__(self, forward: str, backprop_input: str, backprop_filter: str) -> None:
        """Name the three ops."""
        self.forward = forward
        self.backprop_input = backprop_input
        self.backprop_filter = backprop_filter

    def _attrs(self, op: Operation) -> dict[str, Any]:
        names = ("dilations", *_PASSED_ON[self.forward], "data_format")
        return {name: op.get_attr(name) for name in names}

    def of_convolution(
        self, g: GradientBuilder, op: Operation, dy: Tensor
    ) -> Sequence[Any]:
        """Both gradients are ops that take the shape of what they give."""
        image, kernel = op.inputs
        if self.forward == "DepthwiseConv2dNative":
            image_shape = shape(image)
        else:
            image_shape, kernel_shape = g.op("ShapeN", input=[image, kernel])
        d_image = g.op(
            self.backprop_input,
            input_sizes=image_shape,
            filter=kernel,
            out_backprop=dy,
            **self._attrs(op),
        )
        if self.forward == "DepthwiseConv2dNative":
            kernel_shape = shape(kernel)
        d_kernel = g.op(
            self.backprop_filter,
            input=image,
            filter_sizes=kernel_shape,
            out_backprop=dy,
            **self._attrs(op),
        )
        return d_image, d_kernel

    def of_backprop_input(
        self, g: GradientBuilder, op: Operation, dy: Tensor
    ) -> Sequence[Any]:
        """It is linear in the filter and in the gradient that it takes."""
        _, kernel, dz = op.inputs
        attrs = self._attrs(op)
        d_kernel = g.op(
            self.backprop_filter,
            input=dy,
            filter_sizes=shape(kernel),
            out_backprop=dz,
            **attrs,
        )
        return None, d_kernel, g.op(self.forward, input=dy, filter=kernel, **attrs)

    def of_backprop_filter(
        self, g: GradientBuilder, op: Operation, dy: Tensor
    ) -> Sequence[Any]:
        """It is linear in the image and in the gradient that it takes."""
        image, _, dz = op.inputs
        attrs = self._attrs(op)
        d_image = g.op(
            self.backprop_input,
            input_sizes=shape(image),
            filter=dy,
            out_backprop=dz,
            **attrs,
        )
        return d_image, None, g.op(self.forward, input=image, filter=dy, **attrs)


def _family(
    forward: str,
    backprop_input: str,
    backprop_filter: str,
    forward_shape: ShapeFunction,
    input_shape: ShapeFunction = backprop_input_shape,
    *,
    words: Words,
) -> tuple[OpSpec, OpSpec, OpSpec]:
    rules = _Gradients(forward, backprop_input, backprop_filter)
    of_forward, of_gradient = windows_of(words), windows_of_gradient(words)
    if words is DEPTHWISE_WORDS:
        of_forward, of_gradient = _without_wide_dilations, _without_odd_dilations
    rows = (
        (forward, forward_shape, rules.of_convolution),
        (backprop_input, input_shape, rules.of_backprop_input),
        (backprop_filter, backprop_filter_shape, rules.of_backprop_filter),
    )
    first, second, third = (
        OpSpec(
            name=name,
            attrs=of_forward if name == forward else of_gradient,
            shape=shape_rule,
            gradient=gradient,
            source=_SOURCE,
            ranks="144" if name == "Conv2DBackpropInput" else "",
        )
        for name, shape_rule, gradient in rows
    )
    return first, second, third


def _without_wide_dilations(attrs: Mapping[str, Any]) -> WindowAttrs:
    """Read the attributes of depthwise convolutions.

    TF: takes dilations of more than 32 bits for none, until they are to be used.
    """
    is_wide = any(number not in INT32 for number in attrs["dilations"])
    read = windows_of(DEPTHWISE_WORDS)
    return read({**attrs, "dilations": None}) if is_wide else read(attrs)


def _without_odd_dilations(attrs: Mapping[str, Any]) -> WindowAttrs:
    """Read the attributes of gradients of depthwise convolutions.

    TF: does not look at their dilations.
    """
    read = windows_of_gradient(DEPTHWISE_WORDS)
    record = read(attrs)
    ends = (0, record.channels)
    is_odd = record.unfit or any(record.dilations[axis] != 1 for axis in ends)
    return read({**attrs, "dilations": None}) if is_odd else record


def _volumes(attrs: Mapping[str, Any]) -> WindowAttrs:
    """Read the attributes of the first ops for volumes, whose channels are last."""
    names = ("strides", "dilations", "padding")
    given = {name: attrs[name] for name in names}
    return _of_gradient({**given, "data_format": b"NDHWC"})


_of_gradient = windows_of_gradient(Words.of("Conv"))


OPS = (
    *_family(
        "Conv2D",
        "Conv2DBackpropInput",
        "Conv2DBackpropFilter",
        convolution_shape,
        conv_2d_backprop_input_shape,
        words=CONV2D_WORDS,
    ),
    *_family(
        "Conv3D",
        "Conv3DBackpropInputV2",
        "Conv3DBackpropFilterV2",
        convolution_shape,
        words=Words.of("Conv3D"),
    ),
    *_family(
        "DepthwiseConv2dNative",
        "DepthwiseConv2dNativeBackpropInput",
        "DepthwiseConv2dNativeBackpropFilter",
        depthwise_shape,
        words=DEPTHWISE_WORDS,
    ),
    *(
        OpSpec(name=name, attrs=read, shape=shape_rule, source=_SOURCE)
        for name, shape_rule, read in (
            ("Conv2DBackpropInputV2", like_image_shape, _of_gradient),
            ("Conv2DBackpropFilterV2", like_filter_shape, _of_gradient),
            ("Conv3DBackpropInput", like_image_shape, _volumes),
            ("Conv3DBackpropFilter", like_filter_shape, _volumes),
        )
    ),
    OpSpec(name="Conv", attrs=ConvAttrs.read, shape=general_shape, source=_SOURCE),
)
