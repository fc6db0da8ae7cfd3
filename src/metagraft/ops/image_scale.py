"""Scaling and shifting of images with a filter; kernels in `kernels/image_scale.py`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from metagraft.graph.op_spec import GradientBuilder, NoGradient, OpSpec, Shapes
from metagraft.graph.operation import Operation
from metagraft.graph.shapes import Dims
from metagraft.ops.image_size import resized_shape


@dataclass(frozen=True, slots=True)
class SamplingAttrs:
    """Attributes of ScaleAndTranslate.

    Attributes:
        kernel_type: Name of the filter, in small letters.
        antialias: Whether the filter grows where the image shrinks.
    """

    kernel_type: str
    antialias: bool

    @classmethod
    def read(cls, attrs: Mapping[str, Any]) -> SamplingAttrs:
        """Read the attributes of a node."""
        return cls(attrs["kernel_type"].decode().lower(), bool(attrs["antialias"]))


def scale_and_translate_gradient(
    g: GradientBuilder, op: Operation, dy: Any
) -> Sequence[Any]:
    """Each pixel gets what it gave, with the same weights."""
    image, _, scale, translation = op.inputs
    return (
        g.op(
            "ScaleAndTranslateGrad",
            grads=dy,
            original_image=image,
            scale=scale,
            translation=translation,
            kernel_type=op.attrs["kernel_type"],
            antialias=op.attrs["antialias"],
        ),
        None,
        None,
        None,
    )


def like_original_shape(_attrs: SamplingAttrs, inputs: Shapes) -> Sequence[Dims]:
    """The shape of the image before it was scaled."""
    return (inputs[1],)


_SOURCE = "tensorflow core/ops/image_ops.cc"

OPS = (
    OpSpec(
        name="ScaleAndTranslate",
        attrs=SamplingAttrs.read,
        shape=resized_shape,
        gradient=scale_and_translate_gradient,
        source=_SOURCE,
    ),
    OpSpec(
        name="ScaleAndTranslateGrad",
        attrs=SamplingAttrs.read,
        shape=like_original_shape,
        gradient=NoGradient("TensorFlow registers none"),
        source=_SOURCE,
    ),
)
