"""Images padded and convolved at once; kernels in `kernels/fused_resize.py`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from metagraft.graph.op_spec import NoGradient, OpSpec, Shapes
from metagraft.graph.shape_checks import merge_dim, merged, with_rank
from metagraft.graph.shapes import Dims
from metagraft.ops.windows import WindowAttrs, Words


@dataclass(frozen=True, slots=True)
class FusedPadAttrs:
    """Attributes of FusedPadConv2D and FusedResizeAndPadConv2D.

    Attributes:
        align_corners: Of the resizing, if there is any.
        mode: `REFLECT` or `SYMMETRIC`, of the padding.
        strides: Steps of the convolution, for every axis.
        padding: `SAME` or `VALID`, of the convolution.
    """

    align_corners: bool
    mode: bytes
    strides: tuple[int, ...]
    padding: bytes

    @classmethod
    def read(cls, attrs: Mapping[str, Any]) -> FusedPadAttrs:
        """Read the attributes of a node."""
        return cls(
            align_corners=bool(attrs.get("resize_align_corners")),
            mode=attrs["mode"],
            strides=tuple(attrs["strides"] or ()),
            padding=attrs["padding"],
        )

    @property
    def windows(self) -> WindowAttrs:
        """The windows of the convolution.

        Raises:
            ValueError: The strides are none.
        """
        return WindowAttrs.read(
            {"strides": self.strides, "padding": self.padding}, _WORDS
        )


_WORDS = Words.of("Operation")


def pad_shape(attrs: FusedPadAttrs, inputs: Shapes) -> Sequence[Dims]:
    """The shape of the convolution of the image that is padded."""
    return _convolved(attrs, inputs, with_rank(inputs[0], 4))


def resize_shape(attrs: FusedPadAttrs, inputs: Shapes) -> Sequence[Dims]:
    """The shape of the convolution of the image that is resized and padded."""
    n, _, _, c = with_rank(inputs[0], 4)
    merged(inputs[1], (2,))
    sizes = inputs.value(1)
    # TF: takes a size of -1 for what is not known.
    known = (None, None) if sizes is None else tuple(int(s) for s in sizes)
    height, width = (None if size == -1 else size for size in known)
    return _convolved(attrs, inputs, (n, height, width, c))


def _convolved(
    attrs: FusedPadAttrs, inputs: Shapes, image: tuple[int | None, ...]
) -> Sequence[Dims]:
    """Pad by the operand before the filter, which is the last one, and convolve."""
    rows, columns = with_rank(inputs[-2], 2)
    # TF: also refuses paddings of which not even the number is known.
    if rows != len(image):
        rank = -1 if rows is None else rows
        raise ValueError(f"Shape must be rank {rank} but is rank {len(image)}")
    merged((rows, columns), (len(image), 2))
    widths = inputs.value(len(inputs) - 2)
    if widths is None:
        padded: tuple[int | None, ...] = (None,) * len(image)
    elif (widths < 0).any():
        raise ValueError("Paddings must be non-negative")
    else:
        padded = tuple(
            None if size is None else size + int(pair.sum(dtype="int64"))
            for size, pair in zip(image, widths, strict=True)
        )
    *taps, depth, outputs = with_rank(inputs[-1], 4)
    windows = attrs.windows
    merge_dim(padded[3], depth)
    height, width = (
        windows.output_size(axis, padded[axis], taps[place])
        for place, axis in enumerate(windows.spatial)
    )
    return ((padded[0], height, width, outputs),)


OPS = tuple(
    OpSpec(
        name=name,
        attrs=FusedPadAttrs.read,
        shape=rule,
        gradient=NoGradient("TensorFlow registers none"),
        source="tensorflow core/ops/nn_ops.cc CommonFusedConvCalculations",
    )
    for name, rule in (
        ("FusedPadConv2D", pad_shape),
        ("FusedResizeAndPadConv2D", resize_shape),
    )
)
