"""What `begin`, `end`, `strides` and the five masks of a strided slice select.

The shape function, the kernels and the gradient of StridedSlice, its update and its
assignments all ask here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class SliceMasks:
    """The mask attributes; bit i speaks of the i-th entry of the specification."""

    begin: int = 0
    end: int = 0
    ellipsis: int = 0
    new_axis: int = 0
    shrink_axis: int = 0

    @classmethod
    def read(cls, attrs: Mapping[str, Any]) -> SliceMasks:
        """Read the attributes of a node."""
        return cls(
            begin=attrs["begin_mask"],
            end=attrs["end_mask"],
            ellipsis=attrs["ellipsis_mask"],
            new_axis=attrs["new_axis_mask"],
            shrink_axis=attrs["shrink_axis_mask"],
        )


@dataclass(frozen=True, slots=True)
class AxisSlice:
    """What is taken of one axis of the operand.

    Attributes:
        begin: First index taken, counted from 0; None if not known.
        end: Where to stop (-1: go on to and with index 0); None if not known.
        stride: Step, not 0.
        size: How many are taken; None if not known.
        shrinks: Whether the axis vanishes (it was an index, not a range).
        entry: Position in the specification, None for an axis it does not name.
    """

    begin: int | None
    end: int | None
    stride: int
    size: int | None
    shrinks: bool
    entry: int | None


@dataclass(frozen=True, slots=True)
class StridedSliceSpec:
    """A strided slice of an operand of known rank.

    Attributes:
        axes: One per axis of the operand.
        final: The shape of the result.
    """

    axes: tuple[AxisSlice, ...]
    final: tuple[int | None, ...]

    @property
    def taken(self) -> tuple[int | None, ...]:
        """The shape before axes vanish and new ones appear."""
        return tuple(axis.size for axis in self.axes)


@dataclass(slots=True)
class _Dense:
    """The specification with one entry for each axis of the operand."""

    entries: list[int | None] = field(default_factory=list)
    # For every axis of the result: an axis of the operand, or None for a new one.
    result: list[int | None] = field(default_factory=list)
    shrinks: set[int] = field(default_factory=set)


def resolve_strided_slice(
    dims: tuple[int | None, ...],
    begin: Sequence[int] | None,
    end: Sequence[int] | None,
    strides: Sequence[int],
    masks: SliceMasks,
) -> StridedSliceSpec:
    """Work out a strided slice.

    Args:
        dims: The operand's shape; dimensions may be unknown.
        begin: First indices, or None when not known yet.
        end: Last indices, or None when not known yet.
        strides: Steps.
        masks: The mask attributes.

    Raises:
        ValueError: The specification does not fit the shape, in TensorFlow's words.

    Source: tensorflow core/util/strided_slice_op.cc ValidateStridedSliceOp.
    """
    dense = _make_dense(len(dims), len(strides), masks)
    axes = tuple(
        _resolve_axis(
            i,
            size,
            entry,
            None if begin is None or entry is None else int(begin[entry]),
            None if end is None or entry is None else int(end[entry]),
            1 if entry is None else int(strides[entry]),
            masks,
        )
        for i, (size, entry) in enumerate(zip(dims, dense.entries, strict=True))
    )
    final = tuple(
        1 if axis is None else axes[axis].size
        for axis in dense.result
        if axis is None or axis not in dense.shrinks
    )
    return StridedSliceSpec(axes, final)


def _make_dense(rank: int, count: int, masks: SliceMasks) -> _Dense:
    ellipses = [i for i in range(count) if masks.ellipsis >> i & 1]
    if len(ellipses) > 1:
        raise ValueError("Multiple ellipses in slice spec not allowed")
    ellipsis = ellipses[0] if ellipses else count
    length = count if ellipses else count + 1
    new_after = sum(1 for i in range(ellipsis + 1, count) if masks.new_axis >> i & 1)
    dense = _Dense()
    for i in range(length):
        if i == ellipsis:
            stop = min(rank - (length - i) + 1 + new_after, rank)
            while len(dense.entries) < stop:
                dense.result.append(len(dense.entries))
                dense.entries.append(None)
        elif masks.new_axis >> i & 1:
            dense.result.append(None)
        else:
            _add_entry(dense, i, rank, masks)
    return dense


def _add_entry(dense: _Dense, i: int, rank: int, masks: SliceMasks) -> None:
    axis = len(dense.entries)
    if axis == rank == 0:
        raise ValueError("Attempting to slice scalar input.")
    if axis == rank:
        raise ValueError(
            f"Index out of range using input dim {axis}; input has only {rank} dims"
        )
    dense.entries.append(i)
    dense.result.append(axis)
    if masks.shrink_axis >> i & 1:
        dense.shrinks.add(axis)


def _resolve_axis(
    axis: int,
    size: int | None,
    entry: int | None,
    begin: int | None,
    end: int | None,
    stride: int,
    masks: SliceMasks,
) -> AxisSlice:
    if stride == 0:
        raise ValueError(f"strides[{axis}] must be non-zero")
    bit = 0 if entry is None else 1 << entry
    shrinks = bool(masks.shrink_axis & bit)
    if shrinks and stride < 0:
        raise ValueError("only stride 1 allowed on non-range indexing.")
    open_begin = entry is None or bool(masks.begin & bit)
    open_end = entry is None or bool(masks.end & bit)
    if shrinks:
        begin = _index(axis, size, begin)
        stop = None if begin is None else begin + 1
        return AxisSlice(begin, stop, 1, 1, shrinks, entry)
    if size is None:
        return AxisSlice(None, None, stride, None, shrinks, entry)
    first, last = (0, size) if stride > 0 else (size - 1, -1)
    begin = first if open_begin else _clamp(begin, size, stride)
    end = last if open_end else _clamp(end, size, stride)
    if begin is None or end is None:
        return AxisSlice(begin, end, stride, None, shrinks, entry)
    return AxisSlice(begin, end, stride, len(range(begin, end, stride)), shrinks, entry)


def _index(axis: int, size: int | None, begin: int | None) -> int | None:
    if begin is None or (size is None and begin < 0):
        return None
    if size is None:
        return begin
    index = begin + size if begin < 0 else begin
    if not 0 <= index < size:
        raise ValueError(f"slice index {index} of dimension {axis} out of bounds.")
    return index


def _clamp(value: int | None, size: int, stride: int) -> int | None:
    if value is None:
        return None
    forward = value + size if value < 0 else value
    low, high = (0, size) if stride > 0 else (-1, size - 1)
    return max(low, min(high, forward))
