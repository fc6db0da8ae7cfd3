"""Boxes within tensors: which part of a tensor a stored slice holds."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, TypeAlias

_MAX_STEPS: Final = 1 << 20
_MAX_ELEMENTS: Final = 1 << 62
_MAX_RANK: Final = 64  # of NumPy's arrays
_MAX_ARRAY_BYTES: Final = 1 << 63
_LARGEST_ELEMENT_BYTES: Final = 16


@dataclass(frozen=True, slots=True)
class Extent:
    """A range of one dimension.

    Attributes:
        start: The first index.
        length: How many there are, or None for the whole dimension.
    """

    start: int
    length: int | None


TensorSlice: TypeAlias = tuple[Extent, ...]


@dataclass(frozen=True, slots=True)
class Box:
    """A part of a tensor of known shape.

    Attributes:
        starts: The first index of each dimension.
        lengths: The size of each dimension.
    """

    starts: tuple[int, ...]
    lengths: tuple[int, ...]

    def intersection(self, other: Box) -> Box | None:
        """Return what both boxes hold, or None if that is nothing."""
        starts, lengths = [], []
        for start, length, other_start, other_length in zip(
            self.starts, self.lengths, other.starts, other.lengths, strict=True
        ):
            first = max(start, other_start)
            size = min(start + length, other_start + other_length) - first
            if size <= 0:
                return None
            starts.append(first)
            lengths.append(size)
        return Box(tuple(starts), tuple(lengths))

    def within(self, outer: Box) -> tuple[slice, ...]:
        """Return the index of this box in an array that holds `outer`."""
        return tuple(
            slice(start - origin, start - origin + length)
            for start, length, origin in zip(
                self.starts, self.lengths, outer.starts, strict=True
            )
        )


def resolve(tensor_slice: TensorSlice, shape: Sequence[int]) -> Box:
    """Return the box that a slice of a tensor of `shape` holds.

    Raises:
        ValueError: The ranks differ, or the slice reaches outside of the tensor.
    """
    if len(tensor_slice) != len(shape):
        raise ValueError(
            f"a slice of rank {len(tensor_slice)} of a tensor of rank {len(shape)}"
        )
    starts, lengths = [], []
    for axis, (extent, size) in enumerate(zip(tensor_slice, shape, strict=True)):
        if extent.length is None:
            start, length = 0, size
        else:
            start, length = extent.start, extent.length
        if start < 0 or length < 0 or start + length > size:
            raise ValueError(
                f"a slice takes {length} from {start} of axis {axis}, which has {size}"
            )
        starts.append(start)
        lengths.append(length)
    return Box(tuple(starts), tuple(lengths))


def format_slice(tensor_slice: TensorSlice) -> str:
    """Format as TensorFlow does: `0,2:-`."""
    return ":".join(
        "-" if extent.length is None else f"{extent.start},{extent.length}"
        for extent in tensor_slice
    )


def whole(shape: Sequence[int]) -> Box:
    """Return the box that is all of a tensor."""
    return Box((0,) * len(shape), tuple(shape))


def check_shape(shape: Sequence[int]) -> None:
    """Check that a tensor can have a shape.

    Raises:
        ValueError: None can, or no array.
    """
    if shape and min(shape) < 0:
        raise ValueError(f"a negative dimension in shape {tuple(shape)}")
    if math.prod(shape) > _MAX_ELEMENTS:
        raise ValueError(f"more than 2**62 elements in shape {tuple(shape)}")
    if len(shape) > _MAX_RANK:
        raise ValueError(f"{len(shape)} dimensions; arrays have at most {_MAX_RANK}")
    strides = math.prod(size or 1 for size in shape)
    if 0 in shape and strides * _LARGEST_ELEMENT_BYTES >= _MAX_ARRAY_BYTES:
        raise ValueError(f"no array has shape {tuple(shape)}")


def gap(boxes: Sequence[Box], whole: Box) -> str | None:
    """Say what slices leave of a box that holds them; None if they make it up."""
    try:
        steps = [_MAX_STEPS]
        filled = [box for box in boxes if 0 not in box.lengths]
        covered = _union_size(filled, 0, len(whole.lengths), steps)
    except ValueError as error:
        return str(error)
    total = math.prod(whole.lengths)
    if covered == total:
        return None
    return f"the stored slices leave {total - covered} of {total} elements unset"


def _union_size(boxes: Sequence[Box], axis: int, rank: int, steps: list[int]) -> int:
    """Return how many elements the union of boxes has, from a dimension on."""
    if len(boxes) < 2 or axis == rank:
        return math.prod(boxes[0].lengths[axis:]) if boxes else 0
    starting = sorted(boxes, key=lambda box: -box.starts[axis])
    ends = {box.starts[axis] + box.lengths[axis] for box in boxes}
    cuts = sorted(ends.union(box.starts[axis] for box in boxes))
    active: list[Box] = []
    size = 0
    for cut, next_cut in pairwise(cuts):
        active = [box for box in active if box.starts[axis] + box.lengths[axis] > cut]
        while starting and starting[-1].starts[axis] == cut:
            active.append(starting.pop())
        steps[0] -= len(active) + 1
        if steps[0] < 0:
            raise ValueError(f"{len(boxes)} slices overlap too much to be checked")
        size += (next_cut - cut) * _union_size(active, axis + 1, rank, steps)
    return size
