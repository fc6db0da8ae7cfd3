"""What poolings and their gradients refuse, in TensorFlow's words; see `pooling.py`.

Source: tensorflow core/kernels/pooling_ops_common.cc, pooling_ops_3d.cc,
maxpooling_op.cc, avgpooling_op.cc.
"""

from __future__ import annotations

from collections.abc import Sequence

from metagraft.errors import InvalidArgumentError, UnimplementedError
from metagraft.graph.shapes import show
from metagraft.kernels.window_places import Places
from metagraft.ops.windows import WindowAttrs

__all__ = [
    "check_average_gradient",
    "check_average_pooling",
    "check_gradient",
    "check_pooling",
    "check_second_gradient",
    "check_shape",
    "check_volume_pooling",
]


def check_pooling(attrs: WindowAttrs, dims: Sequence[int]) -> None:
    """Refuse windows that TensorFlow does not put on images.

    Raises:
        InvalidArgumentError: A window has no size, or is no larger than its padding.
        UnimplementedError: It goes over the batch, or over channels that it does not
            divide.
    """
    attrs.require_fit()
    _check_sizes(attrs)
    _check_batch(attrs)
    _check_explicit_pads(attrs)
    window, stride = attrs.window[attrs.channels], attrs.strides[attrs.channels]
    if window == 1:
        return
    if any(attrs.window[axis] != 1 for axis in attrs.spatial):
        raise _unsupported(
            "MaxPooling supports exactly one of pooling across depth or pooling across"
            " width/height."
        )
    if dims[attrs.channels] % window:
        raise _unsupported(
            "Depthwise max pooling requires the depth window to evenly divide the input"
            " depth"
        )
    if stride != window:
        raise _unsupported(
            "Depthwise max pooling requires the depth window to equal the depth stride."
        )


def check_average_pooling(attrs: WindowAttrs, dims: Sequence[int]) -> None:
    """Refuse windows that TensorFlow does not average.

    Raises:
        InvalidArgumentError: A window has no size.
        UnimplementedError: It goes over the batch or over channels.
    """
    if attrs.rank == 5:
        check_volume_pooling(attrs)
        return
    _check_batch(attrs)
    for size in attrs.window:
        if size <= 0:
            raise _unfit(f"ksize must be a positive int32 value, got:{size}")
    check_pooling(attrs, dims)
    _check_only_space(attrs)


def check_average_gradient(
    attrs: WindowAttrs, image: Sequence[int], dy: Sequence[int]
) -> None:
    """Refuse what is no gradient of averages, but as many as there may be.

    Raises:
        InvalidArgumentError: A window begins behind the image, there is more of the
            batch or the channels, or a window of volumes has no size.
        UnimplementedError: The window goes over the batch or over channels.
    """
    attrs.require_fit()
    if attrs.rank == 5:
        check_volume_pooling(attrs)
    else:
        _check_batch(attrs)
        _check_only_space(attrs)
    for axis, name in ((0, "first"), (attrs.channels, "last")):
        # TF: of images, writes more than there is room for where there is too much.
        if image[axis] < dy[axis] or (attrs.rank == 5 and image[axis] != dy[axis]):
            raise _unfit(
                f"Expected {name} dimension of tensor_in_shape and out_backprop to"
                f" match, got {image[axis]} and {dy[axis]}"
            )
    for axis in attrs.spatial:
        attrs.count(axis, image[axis], attrs.window[axis])
        last = dy[axis] - 1
        if last * attrs.strides[axis] > image[axis]:
            raise _unfit("index * stride must be less than or equal to input size")


def _check_only_space(attrs: WindowAttrs) -> None:
    if attrs.window[attrs.channels] != 1:
        raise _unsupported("Non-spatial pooling is not yet supported.")


def check_volume_pooling(attrs: WindowAttrs) -> None:
    """Refuse windows that TensorFlow does not put on volumes.

    Raises:
        InvalidArgumentError: A window has no size.
        UnimplementedError: It goes over the batch or over channels.
    """
    if min(attrs.window) <= 0:
        raise _unfit("Sliding window ksize field must have non-negative dimensions")
    _check_batch(attrs)
    _check_channels(attrs, "Pooling")


def check_gradient(
    attrs: WindowAttrs, image: Sequence[int], pooled: Sequence[int], dy: Sequence[int]
) -> None:
    """Refuse a gradient that is not one of the largest values of an image.

    Raises:
        InvalidArgumentError: The shapes do not fit.
        UnimplementedError: The window goes over the batch or over channels.
    """
    attrs.require_fit()
    _check_batch(attrs)
    _check_channels(attrs, "MaxPoolingGrad" if attrs.rank == 4 else "Pooling")
    expected = Places.of(attrs, tuple(image)).outputs
    check_shape("orig_output", expected, pooled)
    check_shape("grad", expected, dy)


def check_second_gradient(
    attrs: WindowAttrs,
    image: Sequence[int],
    pooled: Sequence[int],
    d_gradient: Sequence[int],
) -> None:
    """Refuse a gradient that is not one of `check_gradient`'s gradient.

    Raises:
        InvalidArgumentError: The shapes do not fit.
        UnimplementedError: The window goes over the batch or over channels.
    """
    for operand, given in (("tensor_out", pooled), ("out_grad_backprop", d_gradient)):
        if len(given) != attrs.rank:
            raise _unfit(f"{operand} must be {attrs.rank}-dimensional")
    _check_batch(attrs)
    name = "MaxPoolingGradGrad" if attrs.rank == 4 else "MaxPooling3dGradGrad"
    _check_channels(attrs, name)
    check_shape("orig_output", Places.of(attrs, tuple(image)).outputs, pooled)
    check_shape("grad", image, d_gradient)
    if attrs.rank == 5 and 0 in image:
        raise _unfit(
            "received empty tensor tensor_in: Tensor<type: float shape:"
            f" {show(tuple(image))} values: >"
        )


def check_shape(name: str, expected: Sequence[int], given: Sequence[int]) -> None:
    """Refuse an operand of another shape.

    Raises:
        InvalidArgumentError: It has one.
    """
    if tuple(given) != tuple(expected):
        raise _unfit(
            f"Expected {name} shape to be {show(tuple(expected))}, but got"
            f" {show(tuple(given))}"
        )


def _check_sizes(attrs: WindowAttrs) -> None:
    if min(attrs.window) <= 0:
        sizes = ",".join(map(str, attrs.window))
        raise _unfit(
            "Sliding window ksize must be positive. The specified or inferred ksize"
            f" is: {sizes}"
        )


def _check_batch(attrs: WindowAttrs) -> None:
    if attrs.window[0] != 1 or attrs.strides[0] != 1:
        raise _unsupported("Pooling is not yet supported on the batch dimension.")


def _check_explicit_pads(attrs: WindowAttrs) -> None:
    """Refuse windows that would see nothing but padding."""
    if not attrs.explicit:
        return
    sides = (("Top", "Bottom"), ("Left", "Right"))
    for axis, names in zip(attrs.spatial, sides, strict=False):
        for name, pad in zip(names, attrs.explicit[axis], strict=True):
            if pad >= attrs.window[axis]:
                raise _unfit(
                    f"{name} padding {pad} needs to be smaller than the window size"
                    f" {attrs.window[axis]}"
                )


def _check_channels(attrs: WindowAttrs, what: str) -> None:
    axis = attrs.channels
    if attrs.window[axis] != 1 or attrs.strides[axis] != 1:
        raise _unsupported(f"{what} is not yet supported on the depth dimension.")


def _unfit(message: str) -> InvalidArgumentError:
    return InvalidArgumentError(None, None, message)


def _unsupported(message: str) -> UnimplementedError:
    return UnimplementedError(None, None, message)
