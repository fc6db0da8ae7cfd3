"""Convolution and its gradients; twin of `ops/convolution.py`.

XLA convolves; its transposes (JAX derives them) are the gradients. There is no NumPy
side: host arrays are convolved by XLA too and come back as host arrays.

XLA's CPU backend has nothing for depthwise convolutions but a loop over single values.
There they are sums over the places of the filter, of slices of the padded image that
are multiplied by a vector; XLA fuses these and vectorises them (3x3, 16 images of
28x28x64, 2 cores: 0.6 ms, and 17 ms as XLA's convolution). The same choice for other
convolutions, as matrix products, was measured and is not worth it with the options of
`runtime/compile.py` (64x16x16x32 to 64, gradient of the filter: 5.0 ms as it is, 5.5
to 20 as products).
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from metagraft.errors import InvalidArgumentError, UnimplementedError
from metagraft.kernels.kernel import Array, Kernel
from metagraft.kernels.namespace import lax, namespace
from metagraft.ops.convolution import ConvAttrs
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


def _convolve_groups(attrs: WindowAttrs, image: Array, kernel: Array) -> Array:
    return _convolve(attrs, image, _by_channel(image, kernel, attrs.channels))


Convolve = Callable[[WindowAttrs, Array, Array], Array]


def _transposed(
    linear: Callable[[Array], Array], dims: Sequence[int], dy: Array
) -> Array:
    """Apply the transpose of a function that is linear in an array of shape `dims`."""
    import jax

    operand = _described(dims, dy.dtype)
    _check_gradient(jax.eval_shape(linear, operand).shape, dy)
    (gradient,) = jax.linear_transpose(linear, operand)(dy)
    return gradient


def _described(shape: Sequence[int], dtype: Any) -> Any:
    import jax

    lax()  # on the host, lets 64-bit types be described as what they are
    sizes = tuple(int(dim) for dim in shape)
    return jax.ShapeDtypeStruct(sizes, dtype)  # type: ignore[no-untyped-call]


def _check_gradient(expected: tuple[int, ...], dy: Array) -> None:
    if expected != dy.shape:
        raise InvalidArgumentError(
            None,
            None,
            f"Conv backprop: out_backprop should have shape {list(expected)}, but has"
            f" {list(dy.shape)}",
        )


def _like_operands(result: Array, *operands: Array) -> tuple[Array]:
    """Return a host array if all operands are."""
    return (np.asarray(result) if namespace(*operands) is np else result,)


def _forward(convolve: Convolve) -> Any:
    def forward(attrs: WindowAttrs, image: Array, kernel: Array) -> tuple[Array]:
        return _like_operands(convolve(attrs, image, kernel), image, kernel)

    return forward


convolution = _forward(_convolve)


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


# Depthwise convolutions: a sum over the places of the filter.


def depthwise(attrs: WindowAttrs, image: Array, kernel: Array) -> tuple[Array]:
    _check_strides(attrs)
    _by_channel(image, kernel, attrs.channels)  # checks the channels
    result = lax().platform_dependent(
        image,
        kernel,
        cpu=functools.partial(_depthwise_by_places, attrs),
        default=functools.partial(_convolve_groups, attrs),
    )
    return _like_operands(result, image, kernel)


def depthwise_backprop_input(
    attrs: WindowAttrs, sizes: np.ndarray, kernel: Array, dy: Array
) -> tuple[Array]:
    dims = _whole_sizes(attrs, sizes, kernel, dy)
    _check_depthwise_gradient(attrs, dims, kernel.shape, dy)
    result = lax().platform_dependent(
        kernel,
        dy,
        cpu=functools.partial(_depthwise_input_by_places, attrs, dims),
        default=lambda kernel, dy: _transposed(
            lambda image: _convolve_groups(attrs, image, kernel), dims, dy
        ),
    )
    return _like_operands(result, kernel, dy)


def depthwise_backprop_filter(
    attrs: WindowAttrs, image: Array, sizes: np.ndarray, dy: Array
) -> tuple[Array]:
    dims = [int(size) for size in sizes]
    _check_depthwise_gradient(attrs, image.shape, dims, dy)
    result = lax().platform_dependent(
        image,
        dy,
        cpu=functools.partial(_depthwise_filter_by_places, attrs, dims),
        default=lambda image, dy: _transposed(
            lambda kernel: _convolve_groups(attrs, image, kernel), dims, dy
        ),
    )
    return _like_operands(result, image, dy)


def _check_depthwise_gradient(
    attrs: WindowAttrs, image: Sequence[int], kernel: Sequence[int], dy: Array
) -> None:
    import jax

    expected = jax.eval_shape(
        functools.partial(_convolve_groups, attrs),
        _described(image, dy.dtype),
        _described(kernel, dy.dtype),
    )
    _check_gradient(expected.shape, dy)


def _wide(x: Array) -> Array:
    """Sums of half precision are kept in single precision."""
    return x.astype(np.float32) if np.dtype(x.dtype).itemsize == 2 else x


def _split(attrs: WindowAttrs, x: Array, channels: int) -> Array:
    """Split the channels, `c * m` of them, along two axes."""
    sizes = list(x.shape)
    sizes[attrs.channels : attrs.channels + 1] = [channels, -1]
    return x.reshape(sizes)


def _laid_along(attrs: WindowAttrs, vectors: Array) -> Array:
    """Lay one place of a filter, `[c, m]`, along the split channels of an image."""
    sizes = [1] * (attrs.rank + 1)
    sizes[attrs.channels : attrs.channels + 2] = vectors.shape
    return vectors.reshape(sizes)


def _padded(attrs: WindowAttrs, image: Array, kernel: Sequence[int]) -> Array:
    pads = [(0, 0, 0)] * attrs.rank
    for place, axis in enumerate(attrs.spatial):
        pads[axis] = (*attrs.pads(axis, image.shape[axis], kernel[place]), 0)
    padded = lax().pad(image, image.dtype.type(0), pads)
    # Fused into the slices, XLA would ask of every value whether it is padding.
    return lax().optimization_barrier(padded)


def _place(
    attrs: WindowAttrs,
    padded: Array,
    offset: Sequence[int],
    counts: Sequence[int],
    strides: Sequence[int],
) -> Array:
    """What stands at one place of the filter, for all of its positions."""
    slices = [slice(None)] * attrs.rank
    steps = zip(attrs.spatial, offset, counts, strides, strict=True)
    for axis, index, count, stride in steps:
        start = index * attrs.dilations[axis]
        slices[axis] = slice(start, start + max((count - 1) * stride + 1, 0), stride)
    return padded[tuple(slices)]


def _depthwise_by_places(attrs: WindowAttrs, image: Array, kernel: Array) -> Array:
    padded = _padded(attrs, _wide(image), kernel.shape)
    strides = [attrs.strides[axis] for axis in attrs.spatial]
    counts = [
        (padded.shape[axis] - (size - 1) * attrs.dilations[axis] - 1) // stride + 1
        for axis, size, stride in zip(
            attrs.spatial, kernel.shape, strides, strict=False
        )
    ]
    channels = kernel.shape[2]
    total = None
    for offset in np.ndindex(*kernel.shape[:2]):
        values = _place(attrs, padded, offset, counts, strides)
        vectors = _laid_along(attrs, _wide(kernel[offset]))
        product = _split(attrs, values, channels) * vectors
        total = product if total is None else total + product
    assert total is not None
    return _joined(attrs, total).astype(image.dtype)


def _joined(attrs: WindowAttrs, x: Array) -> Array:
    """Join the two axes of channels again."""
    sizes = list(x.shape)
    pair = sizes[attrs.channels : attrs.channels + 2]
    sizes[attrs.channels : attrs.channels + 2] = [pair[0] * pair[1]]
    return x.reshape(sizes)


def _depthwise_input_by_places(
    attrs: WindowAttrs, dims: Sequence[int], kernel: Array, dy: Array
) -> Array:
    """Convolve `dy`, spread by the strides, with the mirrored filter."""
    pads = [(0, 0, 0)] * attrs.rank
    sizes = [dims[axis] for axis in attrs.spatial]
    for place, axis in enumerate(attrs.spatial):
        before, _ = attrs.pads(axis, dims[axis], kernel.shape[place])
        stride = attrs.strides[axis]
        span = (kernel.shape[place] - 1) * attrs.dilations[axis]
        spread = max((dy.shape[axis] - 1) * stride + 1, 0)
        low = span - before
        pads[axis] = (low, dims[axis] + span - low - spread, stride - 1)
    wide = _wide(dy)
    padded = lax().pad(wide, wide.dtype.type(0), pads)
    padded = lax().optimization_barrier(padded)
    height, width, channels, _ = kernel.shape
    total = None
    for i, j in np.ndindex(height, width):
        mirrored = (height - 1 - i, width - 1 - j)
        values = _place(attrs, padded, mirrored, sizes, (1, 1))
        vectors = _laid_along(attrs, _wide(kernel[i, j]))
        product = (_split(attrs, values, channels) * vectors).sum(attrs.channels + 1)
        total = product if total is None else total + product
    assert total is not None
    return total.astype(dy.dtype)


def _depthwise_filter_by_places(
    attrs: WindowAttrs, dims: Sequence[int], image: Array, dy: Array
) -> Array:
    padded = _padded(attrs, _wide(image), dims)
    strides = [attrs.strides[axis] for axis in attrs.spatial]
    counts = [dy.shape[axis] for axis in attrs.spatial]
    channels = dims[2]
    split_dy = _split(attrs, _wide(dy), channels)
    pair = (attrs.channels, attrs.channels + 1)
    others = tuple(axis for axis in range(attrs.rank + 1) if axis not in pair)
    sums = []
    for offset in np.ndindex(*dims[:2]):
        values = _place(attrs, padded, offset, counts, strides)
        product = _split(attrs, values, channels) * split_dy
        # Apart from the sum, the product is vectorised: 2.3 ms for 3.5.
        sums.append(lax().optimization_barrier(product).sum(others))
    return namespace(*sums).stack(sums).reshape(dims).astype(dy.dtype)


# Gradient ops that take an operand for its shape.


def backprop_input_like(
    attrs: WindowAttrs, image: Array, kernel: Array, dy: Array
) -> tuple[Array]:
    gradient = _transposed(lambda x: _convolve(attrs, x, kernel), image.shape, dy)
    return _like_operands(gradient, kernel, dy)


def backprop_filter_like(
    attrs: WindowAttrs, image: Array, kernel: Array, dy: Array
) -> tuple[Array]:
    gradient = _transposed(lambda k: _convolve(attrs, image, k), kernel.shape, dy)
    return _like_operands(gradient, image, dy)


def conv(attrs: ConvAttrs, image: Array, kernel: Array) -> tuple[Array]:
    """Convolve along one to three axes, with any number of batch axes."""
    windows = attrs.windows(kernel.ndim)
    batch = image.shape[: attrs.batch_dims]
    flat = image.reshape(-1, *image.shape[attrs.batch_dims :])
    result = _convolve(windows, flat, kernel)
    result = result.reshape(*batch, *result.shape[1:])
    return _like_operands(result, image, kernel)


KERNELS = {
    "Conv2D": Kernel(convolution),
    "Conv2DBackpropInput": Kernel(_backprop_input(_convolve), static=("input_sizes",)),
    "Conv2DBackpropFilter": Kernel(
        _backprop_filter(_convolve), static=("filter_sizes",)
    ),
    "Conv3D": Kernel(convolution),
    "Conv3DBackpropInputV2": Kernel(
        _backprop_input(_convolve), static=("input_sizes",)
    ),
    "Conv3DBackpropFilterV2": Kernel(
        _backprop_filter(_convolve), static=("filter_sizes",)
    ),
    "DepthwiseConv2dNative": Kernel(depthwise),
    "DepthwiseConv2dNativeBackpropInput": Kernel(
        depthwise_backprop_input, static=("input_sizes",)
    ),
    "DepthwiseConv2dNativeBackpropFilter": Kernel(
        depthwise_backprop_filter, static=("filter_sizes",)
    ),
    "Conv2DBackpropInputV2": Kernel(backprop_input_like),
    "Conv2DBackpropFilterV2": Kernel(backprop_filter_like),
    "Conv3DBackpropInput": Kernel(backprop_input_like),
    "Conv3DBackpropFilter": Kernel(backprop_filter_like),
    "Conv": Kernel(conv),
}
