"""Boxes within tensors: which part of a tensor a stored slice holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias


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
