"""The gradient of a filter of one point on the CPU: a product of two matrices.

XLA convolves the image with `dy`, as it does for filters of any size. Which of the two
it multiplies first decides what it has to lay out anew: that had better be the one of
fewer channels. (Time of 2 cores, by convolution and so: 32 images of 56x56 from 24 to
144 channels 16 and 4.5 ms, 8 of 28x28 from 512 to 128 5.6 and 4.7 ms.)
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from metagraft.kernels.kernel import Array
from metagraft.kernels.namespace import lax
from metagraft.ops.windows import WindowAttrs

__all__ = ["filter_of_points", "is_of_points"]


def is_of_points(attrs: WindowAttrs, dims: Sequence[int], image: Array) -> bool:
    """Whether `filter_of_points` gives the gradient of a filter of shape `dims`."""
    *taps, taken, _ = dims
    pads = [attrs.pads(axis, image.shape[axis], 1) for axis in attrs.spatial]
    return (
        set(taps) == {1}
        and not attrs.channels_first
        and image.shape[-1] == taken
        and not any(map(any, pads))
        and np.dtype(image.dtype) in (np.float32, np.float64)
    )


def filter_of_points(
    attrs: WindowAttrs, dims: Sequence[int], image: Array, dy: Array
) -> Array:
    """Return the gradient of a filter of shape `dims`."""
    rows = lax().slice(image, [0] * attrs.rank, image.shape, attrs.strides)
    rows, changes = (x.reshape(-1, x.shape[-1]) for x in (rows, dy))
    if rows.shape[1] <= changes.shape[1]:
        return (rows.T @ changes).reshape(dims)
    # Without a barrier XLA would exchange them again.
    return lax().optimization_barrier(changes.T @ rows).T.reshape(dims)
