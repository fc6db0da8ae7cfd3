"""Images resized, padded and convolved at once; kernel in `kernels/fused_resize.py`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from metagraft.graph.op_spec import NoGradient, OpSpec, Shapes
from metagraft.graph.shape_checks import merge_dim, with_rank
from metagraft.graph.shapes import Dims
from metagraft.ops.image_size import size_dims
from metagraft.ops.windows import WindowAttrs


@dataclass(frozen=True, slots=True)
class FusedResizeAttrs:
    """Attributes of FusedResizeAndPadConv2D.

    Attributes:
        align_corners: Of the resizing.
        mode: `REFLECT` or `SYMMETRIC`, of the padding.
        windows: Strides and padding of the convolution.
    """

    align_corners: bool
    mode: bytes
    windows: WindowAttrs

    @classmethod
    def read(cls, attrs: Mapping[str, Any]) -> FusedResizeAttrs:
        """Read the attributes of a node."""
        windows = WindowAttrs.read(
            {"strides": attrs["strides"], "padding": attrs["padding"]}
        )
        return cls(bool(attrs["resize_align_corners"]), attrs["mode"], windows)


def fused_shape(attrs: FusedResizeAttrs, inputs: Shapes) -> Sequence[Dims]:
    """The shape of the convolution of the image that is resized and padded."""
    n, _, _, c = with_rank(inputs[0], 4)
    dims = (n, *size_dims(inputs, 1), c)
    rows, two = with_rank(inputs[2], 2)
    merge_dim(rows, 4)
    merge_dim(two, 2)
    paddings = inputs.value(2)
    height, width, depth, outputs = with_rank(inputs[3], 4)
    if paddings is None:
        return ((None, None, None, outputs),)
    if (paddings < 0).any():
        raise ValueError("Paddings must be non-negative")
    padded = tuple(
        None if size is None else size + int(pair.sum())
        for size, pair in zip(dims, paddings, strict=True)
    )
    merge_dim(padded[3], depth)
    sizes = (
        attrs.windows.output_size(1, padded[1], height),
        attrs.windows.output_size(2, padded[2], width),
    )
    return ((padded[0], *sizes, outputs),)


OPS = (
    OpSpec(
        name="FusedResizeAndPadConv2D",
        attrs=FusedResizeAttrs.read,
        shape=fused_shape,
        gradient=NoGradient("TensorFlow registers none"),
        source="tensorflow core/ops/nn_ops.cc",
    ),
)
