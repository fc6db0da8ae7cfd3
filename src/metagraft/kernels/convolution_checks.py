"""What convolutions refuse, in TensorFlow's words; see `convolution.py`.

Source: tensorflow core/kernels/conv_ops.cc, conv_grad_shape_utils.cc,
depthwise_conv_grad_op.cc.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from metagraft.errors import InvalidArgumentError, UnimplementedError
from metagraft.ops.convolution import ConvAttrs
from metagraft.ops.windows import WindowAttrs

__all__ = [
    "FILTER",
    "INPUT",
    "Gradient",
    "check_channels",
    "check_depthwise",
    "check_strides",
    "general_windows",
]


def check_strides(attrs: WindowAttrs, *, may_be_built: bool = True) -> None:
    """Refuse windows that step over images or channels.

    Args:
        attrs: The windows.
        may_be_built: Whether TensorFlow says of images that this is only not built.

    Raises:
        UnimplementedError: It says so.
        InvalidArgumentError: Volumes are convolved so, each channel is, or the gradient
            is one of the filter.
    """
    is_unbuilt = attrs.rank == 4 and may_be_built
    error = UnimplementedError if is_unbuilt else InvalidArgumentError
    dilations = "dilation rates" if attrs.rank == 5 else "dilations"
    for name, steps in (("strides", attrs.strides), (dilations, attrs.dilations)):
        if steps[0] != 1 or steps[attrs.channels] != 1:
            raise error(
                None,
                None,
                f"Current implementation does not yet support {name} in the batch and"
                " depth dimensions.",
            )


def check_depthwise_steps(attrs: WindowAttrs) -> None:
    """Refuse windows of each channel that step over images or channels.

    Raises:
        InvalidArgumentError: The strides do.
        UnimplementedError: The dilations do.
    """
    check_strides(replace(attrs, dilations=(1,) * attrs.rank), may_be_built=False)
    dilations = attrs.dilations
    if dilations[0] != 1 or dilations[attrs.channels] != 1:
        raise UnimplementedError(
            None,
            None,
            "Current kernel implementation does not support dilations, received"
            f" [{' '.join(map(str, dilations))}]",
        )


def general_windows(attrs: ConvAttrs, rank: int, kernel_rank: int) -> WindowAttrs:
    """Return the windows of a `Conv`.

    Args:
        attrs: Its attributes.
        rank: How many axes the images have, with all of the batch.
        kernel_rank: How many axes the filter has.

    Raises:
        InvalidArgumentError: There are too few or too many axes, or the windows step
            over images or channels.
    """
    axes = rank - attrs.batch_dims - 1
    if axes not in (2, 3):
        raise _unfit(f"The input must have 2 or 3 spatial dimensions but got {axes}")
    if kernel_rank not in (4, 5):
        raise _unfit(f"The filter must be rank 4 or 5 but got {kernel_rank}")
    attrs.check_rank(rank, kernel_rank)
    windows = attrs.windows(kernel_rank)
    for name, steps in (
        ("strides", windows.strides),
        ("dilation rates", windows.dilations),
    ):
        if steps[0] != 1 or steps[windows.channels] != 1:
            raise _unfit(
                f"Current implementation does not support {name} in the batch and depth"
                " dimensions."
            )
    return windows


class Gradient(NamedTuple):
    """A gradient op of convolutions, by the names that TensorFlow gives it.

    Attributes:
        image: Of images
        volume: and of volumes.
        is_of_image: Whether it is the gradient of what is convolved, not of the filter.
    """

    image: str
    volume: str
    is_of_image: bool

    def check(
        self,
        attrs: WindowAttrs,
        image: Sequence[int],
        kernel: Sequence[int],
        dy: Sequence[int],
    ) -> None:
        """Refuse a gradient that is not one of what the shapes convolve to.

        Raises:
            InvalidArgumentError: It is not.
        """
        attrs.require_fit()
        check_strides(attrs, may_be_built=self.is_of_image)
        name = self.volume if attrs.rank == 5 else self.image
        _check_rank(name, attrs, image)
        if image[0] != dy[0]:
            raise _unfit(
                f"{name}: input and out_backprop must have the same batch size. Input"
                f" batch: {image[0]}, outbackprop batch: {dy[0]}, batch_dim: 0"
            )
        check_channels(attrs, image)
        if not kernel[-2] or image[attrs.channels] % kernel[-2]:
            raise _unfit(
                f"{name}: input depth must be evenly divisible by filter depth"
            )
        if kernel[-1] != dy[attrs.channels]:
            raise _unfit(
                f"{name}: filter and out_backprop must have the same out_depth"
            )
        for place, axis in enumerate(attrs.spatial):
            size, taps = image[axis], kernel[place]
            count = attrs.count(axis, size, taps)
            if count != dy[axis]:
                raise _unfit(
                    f"{name}: Size of out_backprop doesn't match computed: actual ="
                    f" {dy[axis]}, computed = {count} spatial_dim: {axis} input:"
                    f" {size} filter: {taps} output: {dy[axis]} stride:"
                    f" {attrs.strides[axis]} dilation: {attrs.dilations[axis]}"
                )


INPUT = Gradient("Conv2DCustomBackpropInput", "Conv3DBackpropInputOp", is_of_image=True)
FILTER = Gradient(
    "Conv2DCustomBackpropFilter", "Conv3DBackpropFilterOp", is_of_image=False
)


def check_depthwise(
    name: str,
    attrs: WindowAttrs,
    image: Sequence[int],
    kernel: Sequence[int],
    dy: Sequence[int],
) -> WindowAttrs:
    """Refuse a gradient that is not one of a depthwise convolution.

    TF: gradients have no dilations, whatever their attribute says. Here those that
    fit the numbers of windows are taken: TensorFlow does not convolve with dilations.

    Returns:
        The windows as they slide.

    Raises:
        InvalidArgumentError: It is not.
    """
    attrs.require_fit()
    check_strides(attrs, may_be_built=False)
    _check_rank(name, attrs, image)
    channels = image[attrs.channels]
    if image[0] != dy[0]:
        raise _unfit(f"{name}: input and out_backprop must have the same batch size")
    if channels != kernel[2]:
        raise _unfit(f"{name}: input and filter must have the same in_depth")
    if channels * kernel[3] != dy[attrs.channels]:
        raise _unfit(f"{name}: depth_multiplier * in_depth not equal to out_depth")
    if not _fits(attrs, image, kernel, dy):
        attrs = replace(attrs, dilations=(1,) * attrs.rank)
    for place, what in enumerate(("rows", "cols")):
        axis = attrs.spatial[place]
        count = attrs.count(axis, image[axis], kernel[place])
        if count != dy[axis]:
            raise _unfit(
                f"{name}: Number of {what} of out_backprop doesn't match computed:"
                f" actual = {dy[axis]}, computed = {count}"
            )
    return attrs


def _fits(
    attrs: WindowAttrs, image: Sequence[int], kernel: Sequence[int], dy: Sequence[int]
) -> bool:
    """Whether there are as many windows as `dy` has values."""
    try:
        return all(
            attrs.count(axis, image[axis], kernel[place]) == dy[axis]
            for place, axis in enumerate(attrs.spatial)
        )
    except InvalidArgumentError:
        return False


def check_channels(attrs: WindowAttrs, image: Sequence[int]) -> None:
    """Refuse images without channels.

    Raises:
        InvalidArgumentError: They have none.
    """
    if not image[attrs.channels]:
        raise _unfit("Number of channels must not be 0")


def _check_rank(name: str, attrs: WindowAttrs, image: Sequence[int]) -> None:
    if len(image) != attrs.rank:
        raise _unfit(f"{name}: input must be {attrs.rank}-dimensional")


def _unfit(message: str) -> InvalidArgumentError:
    return InvalidArgumentError(None, None, message)
