"""Batch normalization and local response normalization; twin of the kernels.

Source: tensorflow core/ops/nn_ops.cc, core/framework/common_shape_fns.cc
FusedBatchNormShape; python/ops/nn_grad.py, nn_fused_batch_norm_grad.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from metagraft.graph.build import array
from metagraft.graph.op_spec import NO_RULE_YET, GradientBuilder, OpSpec, Shapes
from metagraft.graph.shape_checks import merge_dim, merged, with_rank
from metagraft.graph.shapes import Dims
from metagraft.ops.normalization_gradient import fused_batch_norm_grad_gradient

if TYPE_CHECKING:
    from metagraft.graph.operation import Operation
    from metagraft.graph.tensor import Tensor

__all__ = ["OPS", "FusedBatchNormAttrs"]

_SOURCE = "tensorflow core/ops/nn_ops.cc"


@dataclass(frozen=True, slots=True)
class FusedBatchNormAttrs:
    """Attributes of FusedBatchNorm and its gradient, in all their versions."""

    epsilon: float
    exponential_avg_factor: float
    is_training: bool
    rank: int
    channels: int

    @classmethod
    def read(cls, attrs: Mapping[str, Any]) -> FusedBatchNormAttrs:
        """Read the attributes."""
        data_format = attrs.get("data_format", b"NHWC")
        return cls(
            epsilon=attrs["epsilon"],
            exponential_avg_factor=attrs.get("exponential_avg_factor", 1.0),
            is_training=attrs["is_training"],
            rank=len(data_format),
            channels=data_format.index(b"C"),
        )


def _normalized_dims(
    attrs: FusedBatchNormAttrs, inputs: Shapes, vectors: Sequence[int]
) -> tuple[tuple[int | None, ...], int | None]:
    """Return the shape of the image and the number of its channels."""
    image = with_rank(inputs[0], attrs.rank)
    return _with_channels(attrs, inputs, image, image[attrs.channels], vectors)


def _with_channels(
    attrs: FusedBatchNormAttrs,
    inputs: Shapes,
    image: Sequence[int | None],
    channels: int | None,
    vectors: Sequence[int],
) -> tuple[tuple[int | None, ...], int | None]:
    for index in vectors:
        channels = merge_dim(channels, with_rank(inputs[index], 1)[0])
    out = list(image)
    out[attrs.channels] = channels
    return tuple(out), channels


def fused_batch_norm_shape(
    attrs: FusedBatchNormAttrs, inputs: Shapes
) -> Sequence[Dims]:
    """The image, and four vectors of one value for every channel."""
    is_fresh = attrs.is_training and attrs.exponential_avg_factor == 1.0
    vectors = (1, 2) if is_fresh else (1, 2, 3, 4)
    image, channels = _normalized_dims(attrs, inputs, vectors)
    return (image, *((channels,),) * 4)


def fused_batch_norm_v3_shape(
    attrs: FusedBatchNormAttrs, inputs: Shapes
) -> Sequence[Dims]:
    """As the older versions, and reserved space of unknown shape."""
    return (*fused_batch_norm_shape(attrs, inputs), None)


def fused_batch_norm_grad_shape(
    attrs: FusedBatchNormAttrs, inputs: Shapes
) -> Sequence[Dims]:
    """Gradients of image, scale and offset, and two empty vectors."""
    dy = with_rank(inputs[0], attrs.rank)
    image = with_rank(inputs[1], attrs.rank)
    channels = merge_dim(dy[attrs.channels], image[attrs.channels])
    image, channels = _with_channels(attrs, inputs, dy, channels, (2, 3, 4))
    return (image, (channels,), (channels,), (0,), (0,))


_PERMUTATIONS = {
    b"NCHW": ([0, 2, 3, 1], [0, 3, 1, 2]),
    b"NCDHW": ([0, 2, 3, 4, 1], [0, 4, 1, 2, 3]),
}


def fused_batch_norm_gradient(
    g: GradientBuilder, op: Operation, dy: Tensor, *_rest: Tensor | None
) -> Sequence[Tensor | None]:
    """In training from the saved moments; else with channels last, as TensorFlow."""
    image, scale, _, mean, variance = op.inputs
    data_format = op.get_attr("data_format")
    is_training = op.get_attr("is_training")
    back = None
    if is_training:
        mean, variance = op.outputs[3], op.outputs[4]
    else:
        if data_format in _PERMUTATIONS:
            to_last, back = _PERMUTATIONS[data_format]
            image = array.transpose(image, to_last)
            dy = array.transpose(dy, to_last)
        data_format = "NHWC" if len(data_format) == 4 else "NDHWC"
    reserved: dict[str, Any] = {"reserve_space_1": mean, "reserve_space_2": variance}
    if op.type.endswith("V3"):
        reserved["reserve_space_3"] = op.outputs[5]
    d_image, d_scale, d_offset, _, _ = g.op(
        op.type.replace("Norm", "NormGrad"),
        y_backprop=dy,
        x=image,
        scale=scale,
        **reserved,
        epsilon=op.get_attr("epsilon"),
        data_format=data_format,
        is_training=is_training,
    )
    if back is not None:
        d_image = array.transpose(d_image, back)
    return d_image, d_scale, d_offset, None, None


def global_normalization_shape(_attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """An image `[n, h, w, c]` and vectors `[c]`."""
    image = with_rank(inputs[0], 4)
    channels = image[3]
    for vector in inputs[1:]:
        channels = merge_dim(channels, with_rank(vector, 1)[0])
    return ((*image[:3], channels),)


def global_normalization_grad_shape(_attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """Gradients of the image and of four vectors."""
    image = with_rank(inputs[0], 4)
    channels = image[3]
    for vector in inputs[1:4]:
        channels = merge_dim(channels, with_rank(vector, 1)[0])
    return ((*image[:3], channels), *((channels,),) * 4)


def global_normalization_gradient(
    g: GradientBuilder, op: Operation, dy: Tensor
) -> Sequence[Tensor]:
    """One op gives the gradients of all five operands."""
    image, mean, variance, _, gamma = op.inputs
    gradients: Sequence[Tensor] = g.op(
        "BatchNormWithGlobalNormalizationGrad",
        t=image,
        m=mean,
        v=variance,
        gamma=gamma,
        backprop=dy,
        variance_epsilon=op.get_attr("variance_epsilon"),
        scale_after_normalization=op.get_attr("scale_after_normalization"),
    )
    return tuple(gradients)


def lrn_shape(_attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """An image `[n, h, w, c]`."""
    return (with_rank(inputs[0], 4),)


def lrn_grad_shape(_attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """Three images of one shape."""
    dims = merged(with_rank(inputs[0], 4), with_rank(inputs[1], 4))
    return (merged(dims, with_rank(inputs[2], 4)),)


def lrn_gradient(g: GradientBuilder, op: Operation, dy: Tensor) -> Sequence[Tensor]:
    """Needs the image before and after."""
    attrs = ("depth_radius", "bias", "alpha", "beta")
    return (
        g.op(
            "LRNGrad",
            input_grads=dy,
            input_image=op.inputs[0],
            output_image=op.outputs[0],
            **{name: op.get_attr(name) for name in attrs},
        ),
    )


OPS = (
    *(
        OpSpec(
            name=f"FusedBatchNorm{version}",
            attrs=FusedBatchNormAttrs.read,
            shape=shape,
            gradient=fused_batch_norm_gradient,
            source=_SOURCE,
        )
        for version, shape in (
            ("", fused_batch_norm_shape),
            ("V2", fused_batch_norm_shape),
            ("V3", fused_batch_norm_v3_shape),
        )
    ),
    *(
        OpSpec(
            name=f"FusedBatchNormGrad{version}",
            attrs=FusedBatchNormAttrs.read,
            shape=fused_batch_norm_grad_shape,
            gradient=fused_batch_norm_grad_gradient,
            source=_SOURCE,
        )
        for version in ("", "V2", "V3")
    ),
    OpSpec(
        name="BatchNormWithGlobalNormalization",
        shape=global_normalization_shape,
        gradient=global_normalization_gradient,
        source=_SOURCE,
    ),
    OpSpec(
        name="BatchNormWithGlobalNormalizationGrad",
        shape=global_normalization_grad_shape,
        gradient=NO_RULE_YET,
        source=_SOURCE,
    ),
    OpSpec(name="LRN", shape=lrn_shape, gradient=lrn_gradient, source=_SOURCE),
    OpSpec(name="LRNGrad", shape=lrn_grad_shape, gradient=NO_RULE_YET, source=_SOURCE),
)
