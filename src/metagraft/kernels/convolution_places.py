"""Convolution with few weights on the CPU, a weight of each filter after the other.

XLA's CPU backend lays out what is under every place of the filter and multiplies
matrices, which for one or three channels are too narrow to be fast. Here the results
are sums of slices of the padded image, each multiplied by a vector of weights, as in
`depthwise_places.py`. (Time of 2 cores, XLA's and so, 32 images of 64x64: 3x3 from 3 to
16 channels 3.7 and 1.4 ms, 1 to 32 3.2 and 0.6 ms; 5x5 / 2 from 3 to 64 2.6 and 5.6.)
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from metagraft.kernels.depthwise_places import along_channels, padded_for, place_of
from metagraft.kernels.kernel import Array
from metagraft.kernels.namespace import lax
from metagraft.kernels.rounding import computed_once, summed_from_zero
from metagraft.ops.windows import WindowAttrs

__all__ = ["convolve_few_weights", "is_of_few_weights"]

_WEIGHTS_MAX = 27  # of one filter
_WORK_MAX = 27 * 40  # weights of all filters; beyond it products of matrices win


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
