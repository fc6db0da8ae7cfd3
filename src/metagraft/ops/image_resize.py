"""Resizing of images; kernels in `kernels/image_resize.py`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from metagraft.graph import dtypes
from metagraft.graph.build import array
from metagraft.graph.op_spec import (
    NOT_DIFFERENTIABLE,
    GradientBuilder,
    GradientRule,
    NoGradient,
    OpSpec,
    ShapeFunction,
    Shapes,
)
from metagraft.graph.operation import Operation
from metagraft.graph.shape_checks import with_rank
from metagraft.graph.shapes import Dims
from metagraft.ops.image_size import resized_shape


@dataclass(frozen=True, slots=True)
class ResizeAttrs:
    """Where the pixels of the old and the new image lie.

    Attributes:
        align_corners: The centres of the corner pixels stay where they are.
        half_pixel_centers: Centres of pixels are at 0.5, 1.5, ..., else at 0, 1, ...
        out_type: Element type of the result of a gradient, else None.
    """

    align_corners: bool
    half_pixel_centers: bool
    out_type: Any

    @classmethod
    def read(cls, attrs: Mapping[str, Any]) -> ResizeAttrs:
        """Read the attributes of a node; ResizeArea knows no half pixels."""
        half = "half_pixel_centers" in attrs and attrs["half_pixel_centers"]
        return cls(bool(attrs["align_corners"]), bool(half), attrs["T"])


def quantized_resize_shape(attrs: ResizeAttrs, inputs: Shapes) -> Sequence[Dims]:
    """As `resized_shape`, and the two scalars of the range."""
    (resized,) = resized_shape(attrs, inputs)
    for index in (2, 3):
        with_rank(inputs[index], 0)
    return (resized, (), ())


def like_original_shape(_attrs: ResizeAttrs, inputs: Shapes) -> Sequence[Dims]:
    """The shape of the image before it was resized."""
    return (inputs[1],)


def _conventions(op: Operation) -> dict[str, Any]:
    return {name: op.attrs[name] for name in ("align_corners", "half_pixel_centers")}


def resize_nearest_neighbor_gradient(
    g: GradientBuilder, op: Operation, dy: Any
) -> Sequence[Any]:
    """Each pixel gets what its copies got."""
    image = op.inputs[0]
    size = image.get_shape()[1:3]
    if not size.is_fully_defined():
        size = array.shape(image)[1:3]
    return (
        g.op("ResizeNearestNeighborGrad", grads=dy, size=size, **_conventions(op)),
        None,
    )


def resize_bilinear_gradient(
    g: GradientBuilder, op: Operation, dy: Any
) -> Sequence[Any]:
    """Each pixel gets what it gave, with the same weights."""
    image = op.inputs[0]
    return (
        g.op("ResizeBilinearGrad", grads=dy, original_image=image, **_conventions(op)),
        None,
    )


def resize_bicubic_gradient(
    g: GradientBuilder, op: Operation, dy: Any
) -> Sequence[Any]:
    """As for bilinear resizing, for two types only."""
    image = op.inputs[0]
    if image.dtype not in (dtypes.float32, dtypes.float64):
        return (None, None)
    return (
        g.op("ResizeBicubicGrad", grads=dy, original_image=image, **_conventions(op)),
        None,
    )


_SOURCE = "tensorflow core/ops/image_ops.cc"
_NOT_REGISTERED = NoGradient("TensorFlow registers none")


def _resizing(
    name: str,
    shape: ShapeFunction,
    gradient: GradientRule | NoGradient = _NOT_REGISTERED,
) -> OpSpec:
    return OpSpec(
        name=name,
        attrs=ResizeAttrs.read,
        shape=shape,
        gradient=gradient,
        source=_SOURCE,
    )


OPS = (
    _resizing("QuantizedResizeBilinear", quantized_resize_shape),
    _resizing("ResizeArea", resized_shape),
    _resizing("ResizeBicubic", resized_shape, resize_bicubic_gradient),
    _resizing("ResizeBicubicGrad", like_original_shape),
    _resizing("ResizeBilinear", resized_shape, resize_bilinear_gradient),
    _resizing("ResizeBilinearGrad", like_original_shape, NOT_DIFFERENTIABLE),
    _resizing("ResizeNearestNeighbor", resized_shape, resize_nearest_neighbor_gradient),
    _resizing("ResizeNearestNeighborGrad", resized_shape),
)
