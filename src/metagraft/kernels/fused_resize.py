"""Images resized, padded and convolved at once; twin of `ops/fused_resize.py`.

XLA fuses what is done here one after the other.

Source: tensorflow core/kernels/conv_ops_fused_image_transform.cc.
"""

from __future__ import annotations

from typing import Any

from metagraft.kernels.convolution import KERNELS as CONVOLUTIONS
from metagraft.kernels.image_resize import resize_bilinear_in_type
from metagraft.kernels.kernel import Array, Kernel
from metagraft.kernels.pad import mirror_pad
from metagraft.ops.fused_resize import FusedResizeAttrs
from metagraft.ops.image_resize import ResizeAttrs


def fused_resize_and_pad_conv_2d(
    attrs: FusedResizeAttrs, image: Array, size: Array, paddings: Array, kernel: Array
) -> tuple[Array, ...]:
    conventions = ResizeAttrs(attrs.align_corners, False, None)
    resized = resize_bilinear_in_type(conventions, image, size)
    mode: Any = {"mode": attrs.mode}
    (padded,) = mirror_pad(mode, resized, paddings)
    return CONVOLUTIONS["Conv2D"].fn(attrs.windows, padded, kernel)


KERNELS = {
    "FusedResizeAndPadConv2D": Kernel(
        fused_resize_and_pad_conv_2d, static=("size", "paddings")
    ),
}
