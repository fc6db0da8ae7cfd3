"""Convolution and its gradients; twin of `ops/convolution.py`.

XLA convolves; its transposes (JAX derives them) are the gradients. There is no NumPy
side: host arrays are convolved by XLA too and come back as host arrays.
"""

from __future__ import annotations

import functools
import math
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
    if not _is_slow_on_cpu(attrs, image, kernel):
        return _convolve_directly(attrs, image, kernel)
    return lax().platform_dependent(
        image,
        kernel,
        cpu=functools.partial(_convolve_more_channels, attrs),
        default=functools.partial(_convolve_directly, attrs),
    )


def _is_slow_on_cpu(attrs: WindowAttrs, image: Array, kernel: Array) -> bool:
    """Whether XLA's CPU backend takes one thread and no vectors for these channels.

    A 3x3 filter from 3 to 32 channels takes 4.8 ms for a batch of 64 images of 32x32
    (2 cores), and 1.4 ms when the channels are filled up to 4.
    """
    channels, outputs = kernel.shape[-2:]
    return bool(
        attrs.rank == 4
        and channels == image.shape[attrs.channels]
        and channels in (3, 5, 7)
        and outputs <= 32
        and math.prod(kernel.shape[:-2]) <= 9
    )


def _convolve_more_channels(attrs: WindowAttrs, image: Array, kernel: Array) -> Array:
    """Convolve with channels of zeros added, up to a multiple of four."""
    xp = namespace(image, kernel)
    more = -kernel.shape[-2] % 4
    fill = [(0, 0)] * 4
    fill[attrs.channels] = (0, more)
    wider = xp.pad(kernel, [(0, 0), (0, 0), (0, more), (0, 0)])
    return _convolve_directly(attrs, xp.pad(image, fill), wider)


def _convolve_directly(attrs: WindowAttrs, image: Array, kernel: Array) -> Array:
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
        dims = [int(size) for size in sizes]
        transposed = functools.partial(_transposed_filter, convolve, attrs, dims)
        is_plain = convolve is _convolve_directly
        if is_plain and _is_sum_of_products(attrs, image, dims, dy):
            gradient = lax().platform_dependent(
                image,
                dy,
                cpu=functools.partial(_filter_by_products, attrs, dims),
                default=transposed,
            )
        else:
            gradient = transposed(image, dy)
        return _like_operands(gradient, image, dy)

    return backprop_filter


def _transposed_filter(
    convolve: Convolve, attrs: WindowAttrs, dims: list[int], image: Array, dy: Array
) -> Array:
    return _transposed(lambda kernel: convolve(attrs, image, kernel), dims, dy)


def _is_sum_of_products(
    attrs: WindowAttrs, image: Array, dims: list[int], dy: Array
) -> bool:
    """Whether the CPU is faster with matrix products than with XLA's transpose.

    For a batch of 64 images of 16x16, 3x3 filters from 32 to 64 channels, the
    products take 5.5 ms and the transpose 17.6 ms (2 cores); from 128 to 128 channels
    it is 44 and 38 ms.
    """
    channels = dims[-2]
    return (
        attrs.rank == 4
        and channels == image.shape[attrs.channels]
        and np.dtype(image.dtype) in (np.dtype(np.float32), np.dtype(np.float64))
        and (channels < 96 or math.prod(dims[:-2]) == 1)
        and bool(dy.size)
    )


def _filter_by_products(
    attrs: WindowAttrs, dims: list[int], image: Array, dy: Array
) -> Array:
    """The gradient of a filter: a matrix product for each of its rows.

    The columns under a row of the filter lie beside each other in one array, made
    once; for each row of the filter a strided part of it is multiplied by `dy`.
    """
    xp = namespace(image, dy)
    # Each is taken several times: without this XLA would also compute it that often.
    image, dy = lax().optimization_barrier((image, dy))
    if attrs.channels_first:
        image, dy = (xp.transpose(x, (0, 2, 3, 1)) for x in (image, dy))
    height, width, channels, outputs = dims
    pads, steps, gaps = [], [], []
    for axis, size, taps in zip(attrs.spatial, image.shape[1:3], dims, strict=False):
        pads.append(attrs.pads(axis, size, taps))
        steps.append(attrs.strides[axis])
        gaps.append(attrs.dilations[axis])
    rows, columns = dy.shape[1:3]
    padded = xp.pad(image, [(0, 0), *pads, (0, 0)])
    taken = [
        padded[
            :, :, j * gaps[1] : j * gaps[1] + (columns - 1) * steps[1] + 1 : steps[1]
        ]
        for j in range(width)
    ]
    beside = lax().optimization_barrier(xp.concatenate(taken, axis=-1))
    flat = dy.reshape(-1, outputs)
    products = []
    for i in range(height):
        start = i * gaps[0]
        part = beside[:, start : start + (rows - 1) * steps[0] + 1 : steps[0]]
        product = lax().dot_general(
            flat, part.reshape(-1, width * channels), (((0,), (0,)), ((), ()))
        )
        products.append(product.T)
    return xp.stack(products).reshape(dims)


KERNELS = {
    "Conv2D": Kernel(_forward(_convolve)),
    "Conv2DBackpropInput": Kernel(
        _backprop_input(_convolve_directly), static=("input_sizes",)
    ),
    "Conv2DBackpropFilter": Kernel(
        _backprop_filter(_convolve_directly), static=("filter_sizes",)
    ),
    "Conv3D": Kernel(_forward(_convolve)),
    "Conv3DBackpropInputV2": Kernel(
        _backprop_input(_convolve_directly), static=("input_sizes",)
    ),
    "Conv3DBackpropFilterV2": Kernel(
        _backprop_filter(_convolve_directly), static=("filter_sizes",)
    ),
    "DepthwiseConv2dNative": Kernel(_forward(_convolve_depthwise)),
    "DepthwiseConv2dNativeBackpropInput": Kernel(
        _backprop_input(_convolve_depthwise), static=("input_sizes",)
    ),
    "DepthwiseConv2dNativeBackpropFilter": Kernel(
        _backprop_filter(_convolve_depthwise), static=("filter_sizes",)
    ),
}
