"""`tf.signal`: spectra of short pieces of signals.

Source: tensorflow python/ops/signal/spectral_ops.py.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from metagraft.api.array import reverse, tile
from metagraft.api.comparison import where
from metagraft.api.math import ceil, log, square
from metagraft.api.signal_cosine import dct
from metagraft.api.signal_fourier import irfft, rfft
from metagraft.api.signal_frames import frame, overlap_and_add
from metagraft.api.signal_windows import hann_window, vorbis_window
from metagraft.graph import dtypes
from metagraft.graph.apply_op import op
from metagraft.graph.build import array
from metagraft.graph.build.math import cast, equal, power
from metagraft.graph.build.pad import pad
from metagraft.graph.build.reductions import reduce_tensor
from metagraft.graph.constant_value import constant_value
from metagraft.graph.conversion import convert_to_tensor
from metagraft.graph.scopes import name_scope
from metagraft.graph.tensor import Tensor

__all__ = ["inverse_mdct", "inverse_stft", "inverse_stft_window_fn", "mdct", "stft"]

Window = Callable[..., Any]


def stft(
    signals: Any,
    frame_length: Any,
    frame_step: Any,
    fft_length: Any = None,
    window_fn: Window | None = hann_window,
    pad_end: bool = False,
    name: str | None = None,
) -> Tensor:
    """Return the spectra of overlapping frames.

    Args:
        signals: `[..., samples]` of `float32` or `float64`.
        frame_length: How many samples a frame has.
        frame_step: How far apart frames start.
        fft_length: The length of the transform; by default the next power of two.
        window_fn: Returns the window, for a length and a `dtype`; None for none.
        pad_end: Whether frames that reach past the end are kept, and filled up.
        name: Name scope of the nodes.

    Returns:
        `[..., frames, fft_length // 2 + 1]`, complex.
    """
    with name_scope(name, "stft", [signals, frame_length, frame_step]):
        signals = convert_to_tensor(signals, name="signals")
        signals.shape.with_rank_at_least(1)
        length = _scalar(frame_length, "frame_length")
        step = _scalar(frame_step, "frame_step")
        if fft_length is None:
            fft_length = _enclosing_power_of_two(length)
        else:
            fft_length = convert_to_tensor(fft_length, name="fft_length")
        frames = frame(signals, length, step, pad_end=pad_end)
        if window_fn is not None:
            frames *= window_fn(length, dtype=frames.dtype)
        return rfft(frames, [fft_length])


def _scalar(value: Any, name: str) -> Tensor:
    tensor = convert_to_tensor(value, name=name)
    tensor.shape.assert_has_rank(0)
    return tensor


def _enclosing_power_of_two(length: Tensor) -> Tensor:
    known = constant_value(length)
    if known is not None:
        enclosing = int(2 ** np.ceil(np.log(known) / np.log(2.0)))
        return convert_to_tensor(enclosing, length.dtype, name="Const")
    exponent = ceil(log(cast(length, dtypes.float32)) / log(2.0))
    result: Tensor = cast(power(2.0, exponent), length.dtype)
    return result


def inverse_stft_window_fn(
    frame_step: Any, forward_window_fn: Window = hann_window, name: str | None = None
) -> Window:
    """Return the function of a window with which `inverse_stft` undoes `stft`.

    Args:
        frame_step: How far apart frames start.
        forward_window_fn: The window that `stft` had.
        name: Name scope of the nodes.
    """

    def window(frame_length: Any, dtype: Any) -> Tensor:
        with name_scope(name, "inverse_stft_window_fn", [forward_window_fn]):
            step = _scalar(frame_step, "frame_step")
            length = _scalar(frame_length, "frame_length")
            forward = forward_window_fn(length, dtype=dtype)
            squares = square(forward)
            overlaps = -(-length // step)
            squares = pad(squares, [(0, overlaps * step - length)])
            rows = array.reshape(squares, [overlaps, step])
            sums = reduce_tensor("Sum", rows, 0, keepdims=True)
            sums = tile(sums, [overlaps, 1])
            sums = array.reshape(sums, [overlaps * step])
            sums = sums[:length]
            return where(equal(sums, 0.0), array.zeros_like(forward), forward / sums)

    return window


def inverse_stft(
    stfts: Any,
    frame_length: Any,
    frame_step: Any,
    fft_length: Any = None,
    window_fn: Window | None = hann_window,
    name: str | None = None,
) -> Tensor:
    """Return signals of spectra of overlapping frames.

    Args:
        stfts: `[..., frames, fft_length // 2 + 1]`, complex.
        frame_length: How many samples a frame has.
        frame_step: How far apart frames start.
        fft_length: The length of the transform; by default the next power of two.
        window_fn: Returns the window, for a length and a `dtype`; None for none.
        name: Name scope of the nodes.

    Returns:
        `[..., samples]`.
    """
    with name_scope(name, "inverse_stft", [stfts]):
        stfts = convert_to_tensor(stfts, name="stfts")
        stfts.shape.with_rank_at_least(2)
        length = _scalar(frame_length, "frame_length")
        step = _scalar(frame_step, "frame_step")
        if fft_length is None:
            fft_length = _enclosing_power_of_two(length)
        else:
            fft_length = _scalar(fft_length, "fft_length")
        frames = _of_length(irfft(stfts, [fft_length]), length)
        if window_fn is not None:
            frames *= window_fn(length, dtype=stfts.dtype.real_dtype)
        return overlap_and_add(frames, step)


def _of_length(frames: Tensor, length: Tensor) -> Tensor:
    """Cut frames, or fill them up, to a length."""
    known = constant_value(length)
    dims = frames.dims
    size = dims[-1] if dims else None
    if known is None or dims is None or size is None:
        frames = frames[..., :length]
        rank = array.rank(frames)
        sizes = array.shape(frames)
        outer = array.zeros([rank - 1, 2], dtype=length.dtype)
        missing = op("Maximum", x=0, y=length - sizes[-1])
        frames = pad(frames, array.concat([outer, [[0, missing]]], 0))
    elif size > known:
        frames = frames[..., :known]
    elif size < known:
        frames = pad(frames, [[0, 0]] * (len(dims) - 1) + [[0, known - size]])
    if known is not None and frames.dims is not None:
        frames.set_shape([None] * (len(frames.dims) - 1) + [known])
    return frames


def mdct(
    signals: Any,
    frame_length: Any,
    window_fn: Window | None = vorbis_window,
    pad_end: bool = False,
    norm: str | None = None,
    name: str | None = None,
) -> Tensor:
    """Return the modified cosine transform of frames that overlap by half.

    Args:
        signals: `[..., samples]`.
        frame_length: How many samples a frame has, a multiple of four.
        window_fn: Returns the window, for a length and a `dtype`; None for none.
        pad_end: Whether frames that reach past the end are kept, and filled up.
        norm: None, or `ortho` to scale so that it is orthogonal.
        name: Name scope of the nodes.

    Returns:
        `[..., frames, frame_length // 2]`.

    Raises:
        ValueError: The length is no multiple of four.
    """
    with name_scope(name, "mdct", [signals, frame_length]):
        signals = convert_to_tensor(signals, name="signals")
        signals.shape.with_rank_at_least(1)
        length = _scalar(frame_length, "frame_length")
        known = constant_value(length)
        if known is None:
            step = length // 2
        else:
            if known % 4 != 0:
                raise ValueError("The frame length must be a multiple of 4.")
            step = convert_to_tensor(known // 2, dtype=length.dtype)
        frames = frame(signals, length, step, pad_end=pad_end)
        frames *= _window_or_scale(window_fn, length, frames)
        a, b, c, d = array.split(frames, 4, axis=-1)
        first = -reverse(c, [-1]) - d
        second = a - reverse(b, [-1])
        return dct(array.concat((first, second), axis=-1), type=4, norm=norm)


def _window_or_scale(window_fn: Window | None, length: Any, frames: Tensor) -> Any:
    if window_fn is None:
        return 1.0 / np.sqrt(2)
    return window_fn(length, dtype=frames.dtype)


def inverse_mdct(
    mdcts: Any,
    window_fn: Window | None = vorbis_window,
    norm: str | None = None,
    name: str | None = None,
) -> Tensor:
    """Return signals of modified cosine transforms.

    Args:
        mdcts: `[..., frames, frame_length // 2]`.
        window_fn: Returns the window, for a length and a `dtype`; None for none.
        norm: What `mdct` had.
        name: Name scope of the nodes.

    Returns:
        `[..., samples]`.

    Raises:
        ValueError: `norm` is unknown.
    """
    with name_scope(name, "inverse_mdct", [mdcts]):
        mdcts = convert_to_tensor(mdcts, name="mdcts")
        mdcts.shape.with_rank_at_least(2)
        half = cast(mdcts.shape[-1], dtypes.int32)
        if norm is None:
            count = cast(half, mdcts.dtype)
            found = (0.5 / count) * dct(mdcts, type=4)
        else:
            found = dct(mdcts, type=4, norm=norm)
        first, second = array.split(found, 2, axis=-1)
        parts = (second, -reverse(second, [-1]), -reverse(first, [-1]), -first)
        frames = array.concat(parts, axis=-1)
        if window_fn is None:
            frames *= 1.0 / np.sqrt(2)
        else:
            frames *= window_fn(2 * half, dtype=mdcts.dtype)
        return overlap_and_add(frames, half)
