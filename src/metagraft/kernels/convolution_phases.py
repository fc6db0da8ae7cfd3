"""The gradient of a strided convolution's image on the CPU, without spreading `dy`.

XLA spreads `dy` by the strides, with zeros between, and convolves that: with strides of
two, three of four products are with zeros. But the places of the image that lie equally
far behind a position of the filter, a phase, see the same taps of it: of all phases the
gradients come from one convolution of `dy` as it is, with a filter for each phase, and
are then dealt out.
"""

from __future__ import annotations

from collections.abc import Sequence

from metagraft.kernels.kernel import Array
from metagraft.kernels.namespace import jax_numpy, lax
from metagraft.ops.windows import WindowAttrs

__all__ = ["gradient_by_phases", "is_by_phases"]

# Taps that phases lack are zeros; so many times the products that count are allowed.
_WASTE_MAX = 2.0


def is_by_phases(
    attrs: WindowAttrs, dims: Sequence[int], kernel: Sequence[int], dy: Sequence[int]
) -> bool:
    """Whether `gradient_by_phases` can do it, and with fewer products."""
    strides = [attrs.strides[axis] for axis in attrs.spatial]
    is_plain = all(attrs.dilations[axis] == 1 for axis in attrs.spatial)
    if attrs.rank != 4 or not is_plain or max(strides) == 1:
        return False
    if dims[attrs.channels] != kernel[2] or 0 in (*dims, *kernel, *dy):
        return False
    waste = 1.0
    for taps, stride in zip(kernel[:2], strides, strict=True):
        waste *= -(-taps // stride) * min(taps, stride) / taps
    return waste <= _WASTE_MAX


def gradient_by_phases(
    attrs: WindowAttrs, dims: Sequence[int], kernel: Array, dy: Array
) -> Array:
    """Return the gradient of an image of shape `dims`.

    Speed as a share of TensorFlow's, as XLA convolves and so: 3x3 by two, 4 images of
    56x56x64 from 128 channels 0.5 and 0.7; 2x2 by two, 4 of 128x128x16 from 32 channels
    1.1 and 1.4.
    """
    if attrs.channels_first:
        last = (0, 2, 3, 1)
        sizes = [dims[axis] for axis in last]
        found = _of_images(attrs, sizes, kernel, dy.transpose(last))
        return found.transpose(0, 3, 1, 2)
    return _of_images(attrs, dims, kernel, dy)


def _of_images(
    attrs: WindowAttrs, dims: Sequence[int], kernel: Array, dy: Array
) -> Array:
    """Return the gradient of images with their channels last."""
    strides = [attrs.strides[axis] for axis in attrs.spatial]
    before = [
        attrs.pads(axis, dims[1 + place], kernel.shape[place])[0]
        for place, axis in enumerate(attrs.spatial)
    ]
    # How often each phase occurs, and how many taps it has.
    counts = [
        (dims[1 + place] - 1 + before[place]) // strides[place] + 1 for place in (0, 1)
    ]
    taps = [-(-kernel.shape[place] // strides[place]) for place in (0, 1)]
    dy = dy[:, : counts[0], : counts[1]]  # others lie in padding alone
    convolved = lax().conv_general_dilated(
        dy,
        _filters_of_phases(kernel, taps, strides),
        window_strides=(1, 1),
        padding=[
            (taps[place] - 1, counts[place] - dy.shape[1 + place]) for place in (0, 1)
        ],
        dimension_numbers=("NHWC", "HWIO", "NHWC"),
    )
    return _dealt_out(convolved, dims, strides, before, kernel.shape)


def _filters_of_phases(
    kernel: Array, taps: Sequence[int], strides: Sequence[int]
) -> Array:
    """Lay out `[h, w, c, o]` as `[u, v, o, a * b * c]`, the last tap first."""
    height, width, channels, filters = kernel.shape
    phases = [
        min(size, step) for size, step in zip((height, width), strides, strict=True)
    ]
    missing = [taps[0] * phases[0] - height, taps[1] * phases[1] - width]
    pads = [(0, missing[0], 0), (0, missing[1], 0), (0, 0, 0), (0, 0, 0)]
    whole = lax().pad(kernel, kernel.dtype.type(0), pads)
    split = whole.reshape(taps[0], phases[0], taps[1], phases[1], channels, filters)
    ordered = lax().rev(split, (0, 2)).transpose(0, 2, 5, 1, 3, 4)
    return ordered.reshape(*taps, filters, phases[0] * phases[1] * channels)


def _dealt_out(
    convolved: Array,
    dims: Sequence[int],
    strides: Sequence[int],
    before: Sequence[int],
    kernel: Sequence[int],
) -> Array:
    """Deal out `[n, h, w, a * b * c]` to the places of the image."""
    n, *counts, _ = convolved.shape
    rows, columns = (min(kernel[place], strides[place]) for place in (0, 1))
    split = convolved.reshape(n, *counts, rows, columns, dims[3])
    absent = (strides[0] - rows, strides[1] - columns)
    if any(absent):  # phases that no tap reaches
        pads = [(0, 0, 0)] * 3 + [(0, absent[0], 0), (0, absent[1], 0), (0, 0, 0)]
        split = lax().pad(split, split.dtype.type(0), pads)
    spread = jax_numpy().transpose(split, (0, 1, 3, 2, 4, 5))
    whole = spread.reshape(n, counts[0] * strides[0], counts[1] * strides[1], dims[3])
    return whole[:, before[0] : before[0] + dims[1], before[1] : before[1] + dims[2]]
