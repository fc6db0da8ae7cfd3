"""Patches of images and volumes; twin of `ops/patches.py`."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from metagraft.errors import InvalidArgumentError, OutOfRangeError, UnimplementedError
from metagraft.graph.shapes import show
from metagraft.kernels.kernel import Array, Kernel
from metagraft.kernels.namespace import namespace
from metagraft.ops.patches import PatchAttrs


def extract_patches(attrs: PatchAttrs, images: Array) -> tuple[Array]:
    """`[n, ..., c]` -> `[n, ..., kernel elements * c]`, kernel elements outermost."""
    if attrs.not_only_space:
        raise UnimplementedError(
            None, None, f"Only support {attrs.not_only_space} across space."
        )
    for name in ("ksizes", "strides", "rates"):
        if min(getattr(attrs, name)) <= 0:
            raise OutOfRangeError(None, None, f"{name} is out of range.")
    rank = len(attrs.ksizes) + 2
    if images.ndim != rank:
        raise InvalidArgumentError(
            None, None, f"input must be {rank}-dimensional{show(images.shape)}"
        )
    xp = namespace(images)
    spatial = images.shape[1:-1]
    sizes = attrs.output_sizes(spatial)
    widths = attrs.padding_widths(spatial, sizes)
    inner = (
        slice(max(-before, 0), size - max(-after, 0))
        for (before, after), size in zip(widths, spatial, strict=True)
    )
    added = [(max(before, 0), max(after, 0)) for before, after in widths]
    padded = xp.pad(images[(slice(None), *inner)], [(0, 0), *added, (0, 0)])
    taps = itertools.product(*(range(k) for k in attrs.ksizes))
    pieces = [_tap(padded, tap, sizes, attrs) for tap in taps]
    return (xp.concatenate(pieces, axis=-1),)


def _tap(
    padded: Array, tap: Sequence[int], sizes: Sequence[int], attrs: PatchAttrs
) -> Array:
    cuts = []
    for t, size, stride, rate in zip(
        tap, sizes, attrs.strides, attrs.rates, strict=True
    ):
        begin = t * rate
        cuts.append(
            slice(begin, begin + (size - 1) * stride + 1 if size else begin, stride)
        )
    return padded[(slice(None), *cuts)]


KERNELS = {
    "ExtractImagePatches": Kernel(extract_patches),
    "ExtractVolumePatches": Kernel(extract_patches),
}
