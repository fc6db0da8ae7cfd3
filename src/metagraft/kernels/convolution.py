"""Convolution and its gradients; twin of `ops/convolution.py`.

XLA convolves; its transposes (JAX derives them) are the gradients. There is no NumPy
side: host arrays are convolved by XLA too and come back as host arrays.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from metagraft.errors import InvalidArgumentError, UnimplementedError
from metagraft.kernels.kernel import Array, Kernel
from metagraft.kernels.namespace import lax, namespace
from metagraft.ops.windows import WindowAttrs

__all__ = ["KERNELS"]

_LETTERS = "DHW"


def _convolve(attrs: WindowAttrs, image: Array, kernel: Array) -> Array:
    """Convolve; groups follow from how many channels a filter takes."""
    _check_strides(attrs)
    letters = _LETTERS[-(attrs.rank - 2) :]
    data = f"NC{letters}" if attrs.channels_first else f"N{letters}C"
    pads = [
        attrs.pads(axis, image.shape[axis], kernel.shape[place])
        for place, axis in enumerate(attrs.spatial)
    ]
    return lax().conv_general_dilated(
        image,
        kernel,
        window_strides=[attrs.strides[axis] for axis in attrs.spatial],
        padding=pads,
        rhs_dilation=[attrs.dilations[axis] for axis in attrs.spatial],
        dimension_numbers=(data, f"{letters}IO", data),
        feature_group_count=_groups(attrs, image, kernel),
    )


def _check_strides(attrs: WindowAttrs) -> None:
    for name, values in (("strides", attrs.strides), ("dilations", attrs.dilations)):
        if values[0] != 1 or values[attrs.channels] != 1:
            raise UnimplementedError(
                None,
                None,
                f"Convolution does not support {name} in the batch and depth"
                f" dimensions, got {list(values)}",
            )


def _groups(attrs: WindowAttrs, image: Array, kernel: Array) -> int:
    channels, taken = image.shape[attrs.channels], kernel.shape[-2]
    if taken == 0 or channels % taken:
        raise InvalidArgumentError(
            None,
            None,
            f"input depth must be evenly divisible by filter depth: {channels} vs"
            f" {taken}",
        )
    return max(int(channels // taken), 1)


def _by_channel(image: Array, kernel: Array, channels_axis: int) -> Array:
    """Lay out a depthwise filter `[h, w, c, m]` as `[h, w, 1, c * m]`."""
    height, width, channels, multiplier = kernel.shape
    if image.shape[channels_axis] != channels:
        raise InvalidArgumentError(
            None,
            None,
            f"input and filter must have the same depth: {image.shape[channels_axis]}"
            f" vs {channels}",
        )
    return kernel.reshape(height, width, 1, channels * multiplier)


def _convolve_depthwise(attrs: WindowAttrs, image: Array, kernel: Array) -> Array:
    return _convolve(attrs, image, _by_channel(image, kernel, attrs.channels))


Convolve = Callable[[WindowAttrs, Array, Array], Array]


def _transposed(
    linear: Callable[[Array], Array], dims: Sequence[int], dy: Array
) -> Array:
    """Apply the transpose of a function that is linear in an array of shape `dims`."""
    import jax

    sizes = tuple(int(dim) for dim in dims)
    operand = jax.ShapeDtypeStruct(sizes, dy.dtype)  # type: ignore[no-untyped-call]
    expected = jax.eval_shape(linear, operand).shape
    if expected != dy.shape:
        raise InvalidArgumentError(
            None,
            None,
            f"Conv backprop: out_backprop should have shape {list(expected)}, but has"
            f" {list(dy.shape)}",
        )
    (gradient,) = jax.linear_transpose(linear, operand)(dy)
    return gradient


def _like_operands(result: Array, *operands: Array) -> tuple[Array]:
    """Return a host array if all operands are."""
    return (np.asarray(result) if namespace(*operands) is np else result,)


def _forward(convolve: Convolve) -> Any:
    def forward(attrs: WindowAttrs, image: Array, kernel: Array) -> tuple[Array]:
        return _like_operands(convolve(attrs, image, kernel), image, kernel)

    return forward


def _backprop_input(convolve: Convolve) -> Any:
    def backprop_input(
        attrs: WindowAttrs, sizes: np.ndarray, kernel: Array, dy: Array
    ) -> tuple[Array]:
        dims = _whole_sizes(attrs, sizes, kernel, dy)
        gradient = _transposed(lambda image: convolve(attrs, image, kernel), dims, dy)
        return _like_operands(gradient, kernel, dy)

    return backprop_input


def _whole_sizes(
    attrs: WindowAttrs, sizes: np.ndarray, kernel: Array, dy: Array
) -> list[int]:
    given = [int(size) for size in sizes]
    if len(given) == attrs.rank:
        return given
    whole = [int(dy.shape[0])] * attrs.rank
    whole[attrs.channels] = int(kernel.shape[-2])
    for axis, size in zip(attrs.spatial, given, strict=True):
        whole[axis] = size
    return whole


def _backprop_filter(convolve: Convolve) -> Any:
    def backprop_filter(
        attrs: WindowAttrs, image: Array, sizes: np.ndarray, dy: Array
    ) -> tuple[Array]:
        gradient = _transposed(
            lambda kernel: convolve(attrs, image, kernel), list(sizes), dy
        )
        return _like_operands(gradient, image, dy)

    return backprop_filter


KERNELS = {
    "Conv2D": Kernel(_forward(_convolve)),
    "Conv2DBackpropInput": Kernel(_backprop_input(_convolve), static=("input_sizes",)),
    "Conv2DBackpropFilter": Kernel(
        _backprop_filter(_convolve), static=("filter_sizes",)
    ),
    "Conv3D": Kernel(_forward(_convolve)),
    "Conv3DBackpropInputV2": Kernel(
        _backprop_input(_convolve), static=("input_sizes",)
    ),
    "Conv3DBackpropFilterV2": Kernel(
        _backprop_filter(_convolve), static=("filter_sizes",)
    ),
    "DepthwiseConv2dNative": Kernel(_forward(_convolve_depthwise)),
    "DepthwiseConv2dNativeBackpropInput": Kernel(
        _backprop_input(_convolve_depthwise), static=("input_sizes",)
    ),
    "DepthwiseConv2dNativeBackpropFilter": Kernel(
        _backprop_filter(_convolve_depthwise), static=("filter_sizes",)
    ),
}
