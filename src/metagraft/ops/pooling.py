"""Pooling: the largest or the average value of every window; twin of the kernels.

Source: tensorflow core/ops/nn_ops.cc, core/framework/common_shape_fns.cc
MaxPoolShape; python/ops/nn_grad.py.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from metagraft.graph.build import array
from metagraft.graph.dtypes import DType
from metagraft.graph.op_spec import (
    NO_RULE_YET,
    AttrReader,
    GradientBuilder,
    OpSpec,
    Shapes,
)
from metagraft.graph.shape_checks import merged, with_rank, with_size
from metagraft.graph.shapes import Dims
from metagraft.ops.windows import (
    WindowAttrs,
    Words,
    windows_of,
    windows_of_gradient,
)

if TYPE_CHECKING:
    from metagraft.graph.operation import Operation
    from metagraft.graph.tensor import Tensor

__all__ = ["OPS", "ArgmaxAttrs"]

_SOURCE = "tensorflow core/ops/nn_ops.cc"
_MAX_WORDS = Words.of("MaxPool")
_VOLUME_WORDS = Words(
    "Pool3D ops require the stride attribute",
    "",
    "Pool3D requires the ksize attribute",
)
_of_images = windows_of(_MAX_WORDS)


def _without_unused_paddings(
    read: Callable[[Mapping[str, Any]], WindowAttrs],
) -> Callable[[Mapping[str, Any]], WindowAttrs]:
    """Return a reader that leaves out explicit paddings where others are asked for."""

    def read_used(attrs: Mapping[str, Any]) -> WindowAttrs:
        is_used = attrs["padding"] == b"EXPLICIT"
        return read(attrs if is_used else {**attrs, "explicit_paddings": ()})

    return read_used


_of_averages = windows_of(Words.of("AvgPool"))
_of_volumes = windows_of(_VOLUME_WORDS)
_of_gradient = _without_unused_paddings(windows_of_gradient(_MAX_WORDS))
_of_average_gradient = windows_of_gradient(Words.of("AvgPool"))
_of_volume_gradient = windows_of_gradient(_VOLUME_WORDS)


@dataclass(frozen=True, slots=True)
class ArgmaxAttrs:
    """Attributes of max pooling that remembers places.

    Attributes:
        windows: As of any pooling.
        index_dtype: Type of the places.
        includes_batch: Whether places are counted over the batch, not in one image.
    """

    windows: WindowAttrs
    index_dtype: DType
    includes_batch: bool

    @classmethod
    def read(cls, attrs: Mapping[str, Any]) -> ArgmaxAttrs:
        """Read the attributes."""
        return cls._with(_of_images(attrs), attrs)

    @classmethod
    def read_of_gradient(cls, attrs: Mapping[str, Any]) -> ArgmaxAttrs:
        """Read those of a gradient, which are looked at when it runs."""
        return cls._with(_of_gradient(attrs), attrs)

    @classmethod
    def _with(cls, windows: WindowAttrs, attrs: Mapping[str, Any]) -> ArgmaxAttrs:
        return cls(windows, attrs["Targmax"], attrs["include_batch_in_index"])


def _pooled(attrs: WindowAttrs, dims: Dims) -> Dims:
    image = with_rank(dims, attrs.rank)
    pooled_axes = (*attrs.spatial, attrs.channels)
    if attrs.strides[attrs.channels] <= 0:
        raise ValueError(f"Stride must be > 0, but got {attrs.strides[attrs.channels]}")
    return tuple(
        attrs.output_size(axis, size, attrs.window[axis])
        if axis in pooled_axes
        else size
        for axis, size in enumerate(image)
    )


def max_pool_shape(attrs: WindowAttrs, inputs: Shapes) -> Sequence[Dims]:
    """Windows along every axis but the batch; channels may be pooled too."""
    return (_pooled(attrs, inputs[0]),)


def average_pool_shape(attrs: WindowAttrs, inputs: Shapes) -> Sequence[Dims]:
    """Windows along the spatial axes."""
    image = with_rank(inputs[0], attrs.rank)
    out = list(image)
    for axis in attrs.spatial:
        out[axis] = attrs.output_size(axis, image[axis], attrs.window[axis])
    return (tuple(out),)


def max_pool_with_argmax_shape(attrs: ArgmaxAttrs, inputs: Shapes) -> Sequence[Dims]:
    """Values and their places have the same shape."""
    for size in attrs.windows.window:
        if size <= 0:
            raise ValueError(f"ksize must be a positive int32 value, got:{size}")
    dims = _pooled(attrs.windows, inputs[0])
    return (dims, dims)


def max_pool_v2_shape(attrs: WindowAttrs, inputs: Shapes) -> Sequence[Dims]:
    """As `max_pool_shape`, with sizes that are operands."""
    window, strides = inputs.value(1), inputs.value(2)
    for place in (1, 2):
        _one_for_each_axis(inputs[place], attrs.rank)
    with_rank(inputs[0], attrs.rank)
    if window is None or strides is None:
        return (None,)
    return (_pooled(attrs.with_window(window, strides), inputs[0]),)


def first_shape(attrs: WindowAttrs, inputs: Shapes) -> Sequence[Dims]:
    """The gradient has the shape of the image."""
    return (with_rank(inputs[0], attrs.rank),)


def grad_with_argmax_shape(attrs: ArgmaxAttrs, inputs: Shapes) -> Sequence[Dims]:
    """The gradient has the shape of the image."""
    return (with_rank(inputs[0], attrs.windows.rank),)


def second_order_shape(attrs: WindowAttrs, inputs: Shapes) -> Sequence[Dims]:
    """The gradient of the gradient has the shape of the pooled image."""
    rule = max_pool_shape if attrs.rank == 4 else average_pool_shape
    (pooled,) = rule(attrs, inputs)
    return _second_order(attrs, inputs, pooled)


def _one_for_each_axis(sizes: Dims, rank: int) -> None:
    """Demand a vector of so many sizes.

    Raises:
        ValueError: It has others.
    """
    (count,) = with_rank(sizes, 1)
    with_size(count, rank)


def second_order_v2_shape(attrs: WindowAttrs, inputs: Shapes) -> Sequence[Dims]:
    """As `second_order_shape`, with sizes that are operands."""
    window, strides = inputs.value(3), inputs.value(4)
    for place in (3, 4):
        _one_for_each_axis(inputs[place], attrs.rank)
    if window is None or strides is None:
        return _second_order(attrs, inputs, None)
    return second_order_shape(attrs.with_window(window, strides), inputs)


def _second_order(attrs: WindowAttrs, inputs: Shapes, pooled: Dims) -> Sequence[Dims]:
    with_rank(inputs[0], attrs.rank)
    merged(inputs[0], inputs[2])
    merged(inputs[1], pooled)
    return (pooled,)


def pooled_with_argmax_shape(attrs: ArgmaxAttrs, inputs: Shapes) -> Sequence[Dims]:
    """The gradient of the gradient has the shape of the pooled image."""
    pooled = _pooled(attrs.windows, inputs[0])
    merged(inputs[0], inputs[1])
    merged(inputs[2], pooled)
    return (pooled,)


def average_pool_grad_shape(attrs: WindowAttrs, inputs: Shapes) -> Sequence[Dims]:
    """The shape is the value of `orig_input_shape`."""
    return (with_rank(inputs.as_dims(0), attrs.rank),)


_FORWARD_ATTRS = ("ksize", "strides", "padding", "data_format")


def _attrs_of(op: Operation, *names: str) -> dict[str, Any]:
    return {name: op.get_attr(name) for name in names}


def max_pool_gradient(
    g: GradientBuilder, op: Operation, dy: Tensor
) -> Sequence[Tensor]:
    """The gradient goes where the largest value came from."""
    explicit = ("explicit_paddings",) if op.type == "MaxPool" else ()
    return (
        g.op(
            f"{op.type}Grad",
            orig_input=op.inputs[0],
            orig_output=op.outputs[0],
            grad=dy,
            **_attrs_of(op, *_FORWARD_ATTRS, *explicit),
        ),
    )


def max_pool_grad_gradient(
    g: GradientBuilder, op: Operation, dy: Tensor
) -> Sequence[Tensor]:
    """Picks from `dy` the places the gradient went to."""
    image, pooled = op.inputs[:2]
    return (
        array.zeros_like(image),
        array.zeros_like(pooled),
        g.op(
            f"{op.type}Grad",
            orig_input=image,
            orig_output=pooled,
            grad=dy,
            **_attrs_of(op, *_FORWARD_ATTRS),
        ),
    )


def max_pool_grad_grad_gradient(
    g: GradientBuilder, op: Operation, dy: Tensor
) -> Sequence[Tensor]:
    """The transpose of picking is the first gradient again."""
    image, pooled = op.inputs[:2]
    return (
        array.zeros_like(image),
        array.zeros_like(pooled),
        g.op(
            op.type.removesuffix("Grad"),
            orig_input=image,
            orig_output=pooled,
            grad=dy,
            **_attrs_of(op, *_FORWARD_ATTRS),
        ),
    )


def max_pool_v2_gradient(
    g: GradientBuilder, op: Operation, dy: Tensor
) -> Sequence[Tensor | None]:
    """As `max_pool_gradient`, with sizes that are operands."""
    image, window, strides = op.inputs
    d_image = g.op(
        "MaxPoolGradV2",
        orig_input=image,
        orig_output=op.outputs[0],
        grad=dy,
        ksize=window,
        strides=strides,
        **_attrs_of(op, "padding", "data_format"),
    )
    return d_image, None, None


def max_pool_grad_v2_gradient(
    g: GradientBuilder, op: Operation, dy: Tensor
) -> Sequence[Tensor | None]:
    """As `max_pool_grad_gradient`, with sizes that are operands."""
    image, pooled, _, window, strides = op.inputs
    return (
        array.zeros_like(image),
        array.zeros_like(pooled),
        g.op(
            "MaxPoolGradGradV2",
            orig_input=image,
            orig_output=pooled,
            grad=dy,
            ksize=window,
            strides=strides,
            **_attrs_of(op, "padding", "data_format"),
        ),
        None,
        None,
    )


def max_pool_with_argmax_gradient(
    g: GradientBuilder, op: Operation, dy: Tensor, _d_argmax: Tensor | None
) -> Sequence[Tensor]:
    """The places were remembered."""
    return (
        g.op(
            "MaxPoolGradWithArgmax",
            input=op.inputs[0],
            grad=dy,
            argmax=op.outputs[1],
            **_attrs_of(op, "ksize", "strides", "padding", "include_batch_in_index"),
        ),
    )


def average_pool_gradient(
    g: GradientBuilder, op: Operation, dy: Tensor
) -> Sequence[Tensor]:
    """Every value of a window gets an equal part."""
    return (
        g.op(
            f"{op.type}Grad",
            orig_input_shape=array.shape(op.inputs[0]),
            grad=dy,
            **_attrs_of(op, *_FORWARD_ATTRS),
        ),
    )


def average_pool_grad_gradient(
    g: GradientBuilder, op: Operation, dy: Tensor
) -> Sequence[Tensor]:
    """The transpose of spreading is averaging."""
    operand = "input" if op.type == "AvgPool3DGrad" else "value"
    arguments: dict[str, Any] = {operand: dy, **_attrs_of(op, *_FORWARD_ATTRS)}
    return (
        g.op("StopGradient", input=op.inputs[0]),
        g.op(op.type.removesuffix("Grad"), **arguments),
    )


def _row(name: str, shape: Any, gradient: Any, attrs: AttrReader) -> OpSpec:
    return OpSpec(
        name=name,
        attrs=attrs,
        shape=shape,
        gradient=gradient,
        source=_SOURCE,
    )


OPS = (
    _row("MaxPool", max_pool_shape, max_pool_gradient, _of_images),
    _row("MaxPoolGrad", first_shape, max_pool_grad_gradient, _of_gradient),
    _row(
        "MaxPoolGradGrad", second_order_shape, max_pool_grad_grad_gradient, _of_images
    ),
    _row("MaxPool3D", average_pool_shape, max_pool_gradient, _of_volumes),
    _row("MaxPool3DGrad", first_shape, max_pool_grad_gradient, _of_volume_gradient),
    _row(
        "MaxPool3DGradGrad",
        second_order_shape,
        max_pool_grad_grad_gradient,
        _of_volumes,
    ),
    _row("MaxPoolV2", max_pool_v2_shape, max_pool_v2_gradient, _of_images),
    _row("MaxPoolGradV2", first_shape, max_pool_grad_v2_gradient, _of_images),
    _row("MaxPoolGradGradV2", second_order_v2_shape, NO_RULE_YET, _of_images),
    _row(
        "MaxPoolWithArgmax",
        max_pool_with_argmax_shape,
        max_pool_with_argmax_gradient,
        ArgmaxAttrs.read,
    ),
    _row(
        "MaxPoolGradWithArgmax",
        grad_with_argmax_shape,
        NO_RULE_YET,
        ArgmaxAttrs.read_of_gradient,
    ),
    _row(
        "MaxPoolGradGradWithArgmax",
        pooled_with_argmax_shape,
        NO_RULE_YET,
        ArgmaxAttrs.read,
    ),
    _row("AvgPool", average_pool_shape, average_pool_gradient, _of_averages),
    _row(
        "AvgPoolGrad",
        average_pool_grad_shape,
        average_pool_grad_gradient,
        _of_average_gradient,
    ),
    _row("AvgPool3D", average_pool_shape, average_pool_gradient, _of_volumes),
    _row(
        "AvgPool3DGrad",
        average_pool_grad_shape,
        average_pool_grad_gradient,
        _of_volume_gradient,
    ),
)
