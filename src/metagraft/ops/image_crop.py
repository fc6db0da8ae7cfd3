"""Cutting boxes out of images; kernels in `kernels/image_crop.py`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from metagraft.graph import dtypes
from metagraft.graph.attrs import Attrs
from metagraft.graph.build import array
from metagraft.graph.op_spec import (
    NOT_DIFFERENTIABLE,
    GradientBuilder,
    NoGradient,
    OpSpec,
    Shapes,
)
from metagraft.graph.operation import Operation
from metagraft.graph.shape_checks import merge_dim, with_rank, with_size
from metagraft.graph.shapes import Dims
from metagraft.ops.image_size import size_dims


@dataclass(frozen=True, slots=True)
class CropAttrs:
    """Attributes of CropAndResize and its gradients.

    Attributes:
        is_nearest: Take the nearest pixel instead of interpolating.
        extrapolation_value: What stands outside of the image.
        dtype: Element type of the image, as NumPy calls it.
    """

    is_nearest: bool
    extrapolation_value: float
    dtype: Any

    @classmethod
    def read(cls, attrs: Mapping[str, Any]) -> CropAttrs:
        """Read the attributes of a node."""
        has_value = "extrapolation_value" in attrs
        value = attrs["extrapolation_value"] if has_value else 0.0
        return cls(attrs["method"] == b"nearest", value, attrs["T"].numpy_dtype)


def _box_count(boxes: Dims, box_index: Dims) -> int | None:
    count, four = with_rank(boxes, 2)
    (other,) = with_rank(box_index, 1)
    count = merge_dim(count, other)
    _check_four(four)
    return count


def _check_four(size: int | None) -> None:
    with_size(size, 4)


def crop_and_resize_shape(_attrs: CropAttrs, inputs: Shapes) -> Sequence[Dims]:
    """`[boxes, *crop_size, c]`."""
    _, _, _, c = with_rank(inputs[0], 4)
    count = _box_count(inputs[1], inputs[2])
    return ((count, *size_dims(inputs, 3), c),)


def gradient_image_shape(_attrs: CropAttrs, inputs: Shapes) -> Sequence[Dims]:
    """What `image_size` says."""
    return (with_rank(inputs.as_dims(3), 4),)


def gradient_boxes_shape(_attrs: CropAttrs, inputs: Shapes) -> Sequence[Dims]:
    """The shape of the boxes."""
    return (inputs[2],)


def crop_and_resize_gradient(
    g: GradientBuilder, op: Operation, dy: Any
) -> Sequence[Any]:
    """To the pixels, if they are floating, and to the boxes."""
    image, boxes, box_index, _ = op.inputs
    size = image.get_shape()
    image_size = size.as_list() if size.is_fully_defined() else array.shape(image)
    to_image = None
    if image.dtype in (dtypes.float16, dtypes.float32, dtypes.float64):
        to_image = g.op(
            "CropAndResizeGradImage",
            grads=dy,
            boxes=boxes,
            box_ind=box_index,
            image_size=image_size,
            T=op.attrs["T"],
            method=op.attrs["method"],
        )
    to_boxes = g.op(
        "CropAndResizeGradBoxes",
        grads=dy,
        image=image,
        boxes=boxes,
        box_ind=box_index,
    )
    return (to_image, to_boxes, None, None)


def extract_glimpse_shape(attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """`[n, *size, c]`."""
    n, _, _, c = with_rank(inputs[0], 4)
    count, two = with_rank(inputs[2], 2)
    n = merge_dim(n, count)
    with_size(two, 2)
    if attrs["uniform_noise"] and attrs["noise"] not in (b"", b"uniform"):
        raise ValueError(
            "The uniform_noise should not be True when noise is not uniform"
        )
    return ((n, *size_dims(inputs, 1), c),)


def random_crop_shape(_attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """`[*size, c]`."""
    _, _, c = with_rank(inputs[0], 3)
    return ((*size_dims(inputs, 1), c),)


_SOURCE = "tensorflow core/ops/image_ops.cc"
_NOT_REGISTERED = NoGradient("TensorFlow registers none")

OPS = (
    OpSpec(
        name="CropAndResize",
        attrs=CropAttrs.read,
        shape=crop_and_resize_shape,
        gradient=crop_and_resize_gradient,
        source=_SOURCE,
    ),
    OpSpec(
        name="CropAndResizeGradBoxes",
        attrs=CropAttrs.read,
        shape=gradient_boxes_shape,
        gradient=_NOT_REGISTERED,
        source=_SOURCE,
    ),
    OpSpec(
        name="CropAndResizeGradImage",
        attrs=CropAttrs.read,
        shape=gradient_image_shape,
        gradient=_NOT_REGISTERED,
        source=_SOURCE,
    ),
    OpSpec(
        name="ExtractGlimpse",
        shape=extract_glimpse_shape,
        gradient=NOT_DIFFERENTIABLE,
        source=_SOURCE,
    ),
    OpSpec(
        name="ExtractGlimpseV2",
        shape=extract_glimpse_shape,
        gradient=_NOT_REGISTERED,
        source=_SOURCE,
    ),
    OpSpec(
        name="RandomCrop",
        shape=random_crop_shape,
        gradient=NOT_DIFFERENTIABLE,
        source=_SOURCE,
    ),
)
