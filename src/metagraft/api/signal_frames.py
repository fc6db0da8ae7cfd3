"""`tf.signal`: signals cut into frames, and frames put together.

Source: tensorflow python/ops/signal/shape_ops.py, reconstruction_ops.py, util_ops.py.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from metagraft.api.while_loop import while_loop
from metagraft.graph import dtypes
from metagraft.graph.apply_op import op
from metagraft.graph.build import array
from metagraft.graph.build.math import mod, number_range
from metagraft.graph.build.pad import pad
from metagraft.graph.build.reductions import reduce_tensor
from metagraft.graph.constant_value import constant_value
from metagraft.graph.conversion import convert_to_tensor
from metagraft.graph.scopes import name_scope
from metagraft.graph.tensor import Tensor

__all__ = ["frame", "overlap_and_add"]


def frame(
    signal: Any,
    frame_length: Any,
    frame_step: Any,
    pad_end: bool = False,
    pad_value: Any = 0,
    axis: Any = -1,
    name: str | None = None,
) -> Tensor:
    """Cut an axis into frames, which may overlap.

    Args:
        signal: `[..., samples, ...]`.
        frame_length: How many samples a frame has.
        frame_step: How far apart frames start.
        pad_end: Whether frames that reach past the end are kept, and filled up.
        pad_value: What they are filled with.
        axis: The axis of the samples.
        name: Name scope of the nodes.

    Returns:
        `[..., frames, frame_length, ...]`.

    Raises:
        ValueError: The signal is a scalar, or another argument is none.
    """
    with name_scope(name, "frame", [signal, frame_length, frame_step, pad_value]):
        signal = convert_to_tensor(signal, name="signal")
        length = convert_to_tensor(frame_length, name="frame_length")
        step = convert_to_tensor(frame_step, name="frame_step")
        place = convert_to_tensor(axis, name="axis")
        signal.shape.with_rank_at_least(1)
        for scalar in (length, step, place):
            scalar.shape.assert_has_rank(0)
        shape = _shape_of_frames(signal, length, step, pad_end, place)
        frames = _frames(signal, length, step, place, (pad_end, pad_value))
        if shape:
            frames.set_shape(shape)
        return frames


def _shape_of_frames(
    signal: Tensor, length: Tensor, step: Tensor, pad_end: bool, axis: Tensor
) -> list[int | None] | None:
    frame_length, frame_step = constant_value(length), constant_value(step)
    place = constant_value(axis)
    if signal.shape.ndims is None:
        return None
    if place is None:
        return [None] * (signal.shape.ndims + 1)
    sizes = signal.shape.as_list()
    samples = sizes[place]
    count = None
    if samples is not None and frame_step is not None:
        if pad_end:
            count = max(0, -(-samples // frame_step))
        elif frame_length is not None:
            count = max(0, (samples - frame_length + frame_step) // frame_step)
    return [*sizes[:place], count, frame_length, *sizes[place:][1:]]


def _parts(signal: Tensor, place: Tensor) -> tuple[Any, Any, Any, Any, Any]:
    """Return the shape, the axis, and the sizes before it, of it and after it."""
    shape: Any = array.shape(signal)
    known, axis = constant_value(shape), constant_value(place)
    shape = shape if known is None else known
    if known is not None and axis is not None:
        axis = range(len(known))[axis]
        before, size, after = np.split(known, [axis, axis + 1])
        return shape, axis, before, size.item(), after
    rank = array.rank(signal)
    axis = number_range(rank)[place if axis is None else axis]
    sizes = [axis, 1, rank - 1 - axis]
    outer, samples, inner = array.split(shape, sizes)
    return shape, axis, outer, array.reshape(samples, []), inner


def _frames(
    signal: Tensor,
    length: Tensor,
    step: Tensor,
    place: Tensor,
    padding: tuple[bool, Any],
) -> Tensor:
    shape, axis, outer, samples, inner = _parts(signal, place)
    outer_count = array.size(outer)
    inner_count = array.size(inner)
    if padding[0]:
        filling = convert_to_tensor(padding[1], signal.dtype)
        filling.shape.assert_has_rank(0)
        count = -(-samples // step)
        missing = op("Maximum", x=0, y=length + step * (count - 1) - samples)
        paddings = array.concat(
            [
                array.zeros([outer_count, 2], dtype=missing.dtype),
                convert_to_tensor([[0, missing]]),
                array.zeros([inner_count, 2], dtype=missing.dtype),
            ],
            0,
        )
        signal = pad(signal, paddings, constant_values=filling)
        shape = array.shape(signal)
        samples = shape[axis]
    else:
        zero = convert_to_tensor(0, dtype=length.dtype, name="Const")
        count = op("Maximum", x=zero, y=1 + (samples - length) // step)
    frames = _Frames(length, step, count)
    return _gathered(signal, frames, _Sizes(shape, axis, outer, samples, inner))


@dataclass(frozen=True, slots=True)
class _Frames:
    """How long frames are, how far apart they start, and how many there are."""

    length: Tensor
    step: Tensor
    count: Tensor


@dataclass(frozen=True, slots=True)
class _Sizes:
    """The sizes of a signal: all, and those before, of and after the axis of samples.

    Each is known, as a number or an array, or a tensor.
    """

    all: Any
    axis: Any
    outer: Any
    samples: Any
    inner: Any


def _gathered(signal: Tensor, frames: _Frames, sizes: _Sizes) -> Tensor:
    """Gather frames out of pieces, of which both length and step are multiples."""
    common = _greatest_common_divisor(frames.length, frames.step)
    known = constant_value(common)
    piece = common if known is None else known
    pieces_of_frame = frames.length // piece
    pieces_of_step = frames.step // piece
    count = sizes.samples // piece
    cut = array.concat([sizes.outer, [count * piece], sizes.inner], 0)
    divided = array.concat([sizes.outer, [count, piece], sizes.inner], 0)
    whole = array.strided_slice(signal, array.zeros_like(sizes.all), cut)
    pieces = array.reshape(whole, divided)
    dtype = frames.length.dtype
    starts = number_range(frames.count, dtype=dtype) * pieces_of_step
    starts = array.reshape(starts, [frames.count, 1])
    places = number_range(pieces_of_frame, dtype=dtype)
    places = array.reshape(places, [1, pieces_of_frame])
    selector = starts + places
    outer = convert_to_tensor(sizes.outer)
    inner = convert_to_tensor(sizes.inner, dtype=outer.dtype)
    middle = convert_to_tensor([frames.count, frames.length], dtype=outer.dtype)
    gathered = array.gather(pieces, selector, axis=sizes.axis)
    return array.reshape(gathered, array.concat([outer, middle, inner], 0))


def _greatest_common_divisor(a: Tensor, b: Tensor) -> Tensor:
    """Return it, known if both numbers are, else computed by a loop."""
    with name_scope(None, "gcd", [a, b]):
        for name, tensor in (("a", a), ("b", b)):
            if not tensor.dtype.is_integer:
                raise ValueError(f"{name} must be an integer type. Got: {tensor.dtype}")
        known = constant_value(a), constant_value(b)
        if None not in known:
            return convert_to_tensor(math.gcd(*map(int, known)))

        def goes_on(_: Tensor, b: Tensor) -> Tensor:
            result: Tensor = op("Greater", x=b, y=array.zeros_like(b))
            return result

        def step(a: Tensor, b: Tensor) -> list[Tensor]:
            return [b, mod(a, b)]

        divisor, _ = while_loop(goes_on, step, [a, b], back_prop=False)
        result: Tensor = divisor
        return result


def overlap_and_add(signal: Any, frame_step: Any, name: str | None = None) -> Tensor:
    """Put frames together: where they overlap they are added.

    Args:
        signal: `[..., frames, frame_length]`.
        frame_step: How far apart frames start.
        name: Name scope of the nodes.

    Returns:
        `[..., frame_length + frame_step * (frames - 1)]`.

    Raises:
        ValueError: `signal` has fewer than two axes, or `frame_step` is no integer.
    """
    with name_scope(name, "overlap_and_add", [signal, frame_step]):
        signal = convert_to_tensor(signal, name="signal")
        signal.shape.with_rank_at_least(2)
        step_tensor = convert_to_tensor(frame_step, name="frame_step")
        step_tensor.shape.assert_has_rank(0)
        if not step_tensor.dtype.is_integer:
            raise ValueError(f"frame_step must be an integer. Got {step_tensor.dtype}")
        step = _known_or(step_tensor)
        shape = _known_or(array.shape(signal))
        outer = shape[:-2]
        outer_rank = _known_or(array.size(outer))
        if not isinstance(outer_rank, Tensor):
            outer_rank = int(outer_rank)
        length, count = shape[-1], shape[-2]
        total = length + step * (count - 1)
        dims = signal.dims
        if step is not step_tensor and dims is not None and step == dims[-1]:
            joined = array.concat([outer, [total]], 0)
            return array.reshape(signal, joined, name="fast_path")
        return _added(signal, (outer, outer_rank), (count, length), step)[..., :total]


def _known_or(tensor: Any) -> Any:
    value = constant_value(tensor)
    return tensor if value is None else value


def _added(
    signal: Tensor, outer: tuple[Any, Any], frames: tuple[Any, Any], step: Any
) -> Tensor:
    """Shift each segment of the frames to where it belongs, and add the segments.

    Padding every frame by as many segments as it has, and cutting the rows elsewhere,
    moves the segment i of each frame by i steps.
    """
    outer_sizes, outer_rank = outer
    count, length = frames

    def full(inner: list[Any]) -> Any:
        return array.concat([outer_sizes, inner], 0)

    segments = -(-length // step)
    paddings = [[0, segments], [0, segments * step - length]]
    outer_paddings = array.zeros([outer_rank, 2], dtypes.int32)
    signal = pad(signal, array.concat([outer_paddings, paddings], 0))
    signal = array.reshape(signal, full([count + segments, segments, step]))
    outer_order = number_range(outer_rank)
    inner_order = outer_rank + np.array([1, 0, 2], np.int32)
    order = array.concat([outer_order, inner_order], 0)
    signal = array.transpose(signal, _known_or(order))
    signal = array.reshape(signal, full([(count + segments) * segments, step]))
    signal = signal[..., : (count + segments - 1) * segments, :]
    signal = array.reshape(signal, full([segments, count + segments - 1, step]))
    signal = reduce_tensor("Sum", signal, -3)
    return array.reshape(signal, full([(count + segments - 1) * step]))
