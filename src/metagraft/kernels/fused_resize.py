"""Images padded and convolved at once; twin of `ops/fused_resize.py`.

XLA fuses what is done here one after the other.

Source: tensorflow core/kernels/conv_ops_fused_image_transform.cc.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from metagraft.errors import InvalidArgumentError
from metagraft.graph.shapes import show
from metagraft.kernels.convolution import KERNELS as CONVOLUTIONS
from metagraft.kernels.convolution_checks import check_strides
from metagraft.kernels.image_resize import resize_bilinear_in_type
from metagraft.kernels.kernel import Array, Kernel
from metagraft.kernels.pad import mirror_pad
from metagraft.ops.fused_resize import FusedPadAttrs
from metagraft.ops.image_resize import ResizeAttrs


def fused_pad_conv_2d(
    attrs: FusedPadAttrs, image: Array, paddings: Array, kernel: Array
) -> tuple[Array, ...]:
    _check_image(attrs, image)
    return _convolved(attrs, image, paddings, kernel)


def fused_resize_and_pad_conv_2d(
    attrs: FusedPadAttrs, image: Array, size: Array, paddings: Array, kernel: Array
) -> tuple[Array, ...]:
    _check_image(attrs, image)
    conventions = ResizeAttrs(attrs.align_corners, False, None)
    resized = resize_bilinear_in_type(conventions, image, size)
    return _convolved(attrs, resized, paddings, kernel)


def _check_image(attrs: FusedPadAttrs, image: Array) -> None:
    check_strides(attrs.windows, may_be_built=False)
    if not image.size:
        raise _invalid("Input tensor can't be empty")


def _convolved(
    attrs: FusedPadAttrs, image: Array, paddings: Array, kernel: Array
) -> tuple[Array, ...]:
    mode: Any = {"mode": attrs.mode}
    (padded,) = mirror_pad(mode, image, paddings)
    for axis, name in ((0, "batches"), (3, "channels")):
        if np.any(paddings[axis]):
            raise _invalid(
                f"Fused mirror padding only support spatial padding, not {name}:"
                f" Tensor<{paddings.tolist()}>"
            )
    if kernel.ndim != 4:
        raise _invalid(f"filter must be 4-dimensional: {show(kernel.shape)}")
    if padded.shape[3] != kernel.shape[2]:
        raise _invalid(
            f"input and filter must have the same depth: {padded.shape[3]} vs"
            f" {kernel.shape[2]}"
        )
    result: tuple[Array, ...]
    result = CONVOLUTIONS["Conv2D"].fn(attrs.windows, padded, kernel)
    if not result[0].size:
        raise _invalid("Output tensor can't be empty")
    return result


def _invalid(text: str) -> InvalidArgumentError:
    return InvalidArgumentError(None, None, text)


KERNELS = {
    "FusedPadConv2D": Kernel(fused_pad_conv_2d, static=("paddings",)),
    "FusedResizeAndPadConv2D": Kernel(
        fused_resize_and_pad_conv_2d, static=("size", "paddings")
    ),
}
