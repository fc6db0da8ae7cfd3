"""Convolution on the CPU, a place of the filter after the other.

XLA's CPU backend lays out what is under every place of the filter and multiplies
matrices, which for one or three channels are too narrow to be fast. Here the results
of filters with few weights are sums of slices of the padded image, each multiplied by
a vector of weights, as in `depthwise_places.py`. (Time of 2 cores, XLA's and so, 32
images of 64x64: 3x3 from 3 to 16 channels 3.7 and 1.4 ms, 1 to 32 3.2 and 0.6 ms; 5x5
/ 2 from 3 to 64 2.6 and 5.6.) Those of double precision are sums of products of
matrices.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from metagraft.kernels.depthwise_places import along_channels, padded_for, place_of
from metagraft.kernels.kernel import Array
from metagraft.kernels.namespace import jax_numpy, lax
from metagraft.kernels.rounding import computed_once, summed_from_zero
from metagraft.ops.windows import WindowAttrs

__all__ = [
    "convolve_by_products",
    "convolve_few_weights",
    "is_by_products",
    "is_of_few_weights",
]

_WEIGHTS_MAX = 27  # of one filter
_WORK_MAX = 27 * 40  # weights of all filters; beyond it products of matrices win
_PRODUCTS_MAX = 49


def is_of_few_weights(attrs: WindowAttrs, image: Array, kernel: Array) -> bool:
    """Whether `convolve_few_weights` convolves these, and sooner."""
    weights = math.prod(kernel.shape[:-1])
    return (
        image.shape[attrs.channels] == kernel.shape[-2]
        and weights <= _WEIGHTS_MAX
        and weights * kernel.shape[-1] <= _WORK_MAX
        and weights > kernel.shape[-2]
        and np.dtype(image.dtype) in (np.float32, np.float64)
    )


def convolve_few_weights(
    attrs: WindowAttrs, dims: Sequence[int], image: Array, kernel: Array
) -> Array:
    """Return the convolved image, of shape `dims`."""
    padded = padded_for(attrs, image, kernel.shape)
    strides = [attrs.strides[axis] for axis in attrs.spatial]
    counts = [dims[axis] for axis in attrs.spatial]
    total = None
    for *offset, channel in np.ndindex(*kernel.shape[:-1]):
        values = place_of(attrs, padded, offset, counts, strides)
        one = lax().slice_in_dim(values, channel, channel + 1, axis=attrs.channels)
        product = one * along_channels(attrs, kernel[(*offset, channel)])
        total = product if total is None else total + product
    assert total is not None
    return computed_once(summed_from_zero(total))


def is_by_products(attrs: WindowAttrs, image: Array, kernel: Array) -> bool:
    """Whether `convolve_by_products` convolves these, and sooner."""
    return (
        np.dtype(image.dtype) == np.float64
        and image.shape[attrs.channels] == kernel.shape[-2]
        and math.prod(kernel.shape[:-2]) <= _PRODUCTS_MAX
    )


def convolve_by_products(
    attrs: WindowAttrs, dims: Sequence[int], image: Array, kernel: Array
) -> Array:
    """Return the convolved image, of shape `dims`, a product for each place.

    XLA has nothing but a loop over single values for double precision (3x3, 64 images
    of 16x16x32 to 64: 137 ms, so 27; the gradient of the filter 632 and 28 ms).
    """
    padded = padded_for(attrs, image, kernel.shape)
    strides = [attrs.strides[axis] for axis in attrs.spatial]
    counts = [dims[axis] for axis in attrs.spatial]
    total = None
    for offset in np.ndindex(*kernel.shape[:-2]):
        values = place_of(attrs, padded, offset, counts, strides)
        rows = jax_numpy().moveaxis(values, attrs.channels, -1)
        product = rows.reshape(-1, rows.shape[-1]) @ kernel[offset]
        total = product if total is None else total + product
    assert total is not None
    last = [size for axis, size in enumerate(dims) if axis != attrs.channels]
    return jax_numpy().moveaxis(total.reshape(*last, -1), -1, attrs.channels)
