"""Features of sounds for small devices, in fixed point.

Twin of `ops/audio_features.py`.

Source: tensorflow lite/experimental/microfrontend/ops/audio_microfrontend_op.cc and
lib/*.c.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import numpy as np

from metagraft.errors import InternalError, InvalidArgumentError
from metagraft.kernels.fixed_point_fourier import real_transform
from metagraft.kernels.kernel import Array, Kernel

_FLOAT: Final = np.float32
_WORD: Final = np.uint64(0xFFFFFFFF)
_WINDOW_BITS: Final = 12
_WEIGHT_BITS: Final = 12
_NOISE_BITS: Final = 14
_RATIO_BITS: Final = 12
_GAIN_BITS: Final = 6  # of what gain control returns
_LOG_BITS: Final = 16
_SEGMENT_BITS: Final = 7  # of numbers between two powers of two
_NATURAL: Final = 45426  # log(2), with 16 bits
_LARGEST: Final = 0xFFFF


def _whole_bits(x: Any) -> Array:
    """Return how many bits whole numbers have."""
    return np.frexp(np.asarray(x, np.float64))[1]


def audio_microfrontend(attrs: Any, audio: Array) -> tuple[Array]:
    """Return features of frames, each with those around it."""
    if audio.ndim != 1:
        raise InvalidArgumentError(None, None, "audio is not a vector")
    rate = attrs["sample_rate"]
    size = attrs["window_size"] * rate // 1000
    step = attrs["window_step"] * rate // 1000
    count = (len(audio) - size) // step + 1 if len(audio) >= size else 0
    channels = attrs["num_channels"]
    dtype = np.dtype(attrs["out_type"].as_numpy_dtype)
    around = 1 + attrs["left_context"] + attrs["right_context"]
    length = 1 << (size - 1).bit_length()
    bank = _filter_bank(
        channels, rate, length, attrs["lower_band_limit"], attrs["upper_band_limit"]
    )
    if not count:
        return (np.zeros((0, channels * around), dtype),)
    frames = np.lib.stride_tricks.sliding_window_view(audio, size)[::step][:count]
    signal, shift = _spectrum(frames, length, bank)
    signal, noise = _without_noise(attrs, signal >> shift[:, None])
    correction = int(_whole_bits(length)) - 1 - _WEIGHT_BITS // 2
    if attrs["enable_pcan"]:
        signal = _controlled(attrs, signal, noise, correction)
    if attrs["enable_log"]:
        signal = _logarithms(signal, correction, attrs["scale_shift"])
    features = np.minimum(signal, _LARGEST).astype(dtype)
    scale = attrs["out_scale"]
    features = features // dtype.type(scale) if dtype.kind == "u" else features / scale
    return (_with_context(attrs, features.astype(dtype)),)


def _with_context(attrs: Any, features: Array) -> Array:
    before, after = attrs["left_context"], attrs["right_context"]
    mode: Any = "constant" if attrs["zero_padding"] else "edge"
    padded = np.pad(features, [(before, after), (0, 0)], mode=mode)
    anchors = np.arange(0, len(features), attrs["frame_stride"])
    places = anchors[:, None] + np.arange(before + 1 + after)
    return padded[places].reshape(len(anchors), -1)


# -- energy of channels ----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Bank:
    """Which frequencies count for which channel.

    Attributes:
        weights: `int64[frequencies, channels]`, with 12 bits after the point.
        start: The first frequency that counts.
        end: The one after the last.
    """

    weights: Array
    start: int
    end: int


@lru_cache(maxsize=16)
def _filter_bank(
    channels: int, rate: int, length: int, lower: float, upper: float
) -> _Bank:
    """Return triangles over the mel scale.

    Raises:
        InternalError: The highest frequencies are not there.
    """
    low = _mel(_FLOAT(lower))
    spacing = (_mel(_FLOAT(upper)) - low) / _FLOAT(channels + 1)
    centers = low + spacing * np.arange(1, channels + 2, dtype=_FLOAT)
    spectrum = length // 2 + 1
    width = _FLOAT(0.5 * rate / float(_FLOAT(spectrum) - _FLOAT(1)))
    start = int(1.5 + float(_FLOAT(lower) / width))
    mels = _mel(np.arange(spectrum, dtype=_FLOAT) * width)
    # The channel below whose center each frequency lies, and its place there.
    owner = np.searchsorted(centers, mels, side="left")
    inside = (np.arange(spectrum) >= start) & (owner <= channels)
    if inside[-1]:
        raise InternalError(None, None, "failed to populate frontend state")
    places = np.flatnonzero(inside)
    owner = owner[places]
    below = np.concatenate([[low], centers])[owner].astype(_FLOAT)
    share = (centers[owner] - mels[places]) / (centers[owner] - below)
    scale = 1 << _WEIGHT_BITS
    own = np.floor((share * _FLOAT(scale)).astype(np.float64) + 0.5)
    rest = np.floor((1.0 - share.astype(np.float64)) * scale + 0.5)
    # What a channel leaves of a frequency goes to the next one; the first is no output.
    weights = np.zeros((len(places), channels + 2), np.int64)
    weights[np.arange(len(places)), owner] = own
    weights[np.arange(len(places)), owner + 1] = rest
    end = int(places[-1]) + 1 if len(places) else start
    return _Bank(weights[:, 1 : channels + 1], start, end)


def _mel(frequency: Any) -> Any:
    return (1127.0 * np.log1p(np.asarray(frequency, np.float64) / 700.0)).astype(_FLOAT)


@lru_cache(maxsize=16)
def _window(size: int) -> Array:
    turn = float(_FLOAT(np.pi * 2.0 / size))
    value = (0.5 - 0.5 * np.cos(turn * (np.arange(size) + 0.5))).astype(_FLOAT)
    scaled = (value * _FLOAT(1 << _WINDOW_BITS)).astype(np.float64)
    return np.floor(scaled + 0.5).astype(np.int32)


def _spectrum(frames: Array, length: int, bank: _Bank) -> tuple[Array, Array]:
    """Return amplitudes of channels, and by how many bits those of a frame are up."""
    size = frames.shape[1]
    shown = (frames.astype(np.int32) * _window(size) >> _WINDOW_BITS).astype(np.int16)
    shift = 15 - _whole_bits(np.abs(shown).max(axis=1, initial=0))
    scaled = np.zeros((len(frames), length), np.int16)
    scaled[:, :size] = (shown.astype(np.int32) << shift[:, None]).astype(np.int16)
    real, imaginary = real_transform(scaled)
    part = slice(bank.start, bank.end)
    squares = real[:, part].astype(np.int64) ** 2
    squares += imaginary[:, part].astype(np.int64) ** 2
    energy = (squares.astype(np.int32).astype(np.int64) @ bank.weights).view(np.uint64)
    return _roots(energy), shift.astype(np.uint64)


def _roots(x: Array) -> Array:
    """Return square roots, rounded."""
    root = np.sqrt(x.astype(np.float64)).astype(np.uint64)
    root -= root * root > x  # what a float cannot tell
    one = np.uint64(1)
    root += (root + one) * (root + one) <= x
    rest = x - root * root
    top = np.where(x >> np.uint64(32) == 0, np.uint64(_LARGEST), _WORD)
    return root + ((rest > root) & (root != top))


# -- noise, gain, logarithms -----------------------------------------------------------


def _without_noise(attrs: Any, signal: Array) -> tuple[Array, Array]:
    """Take an average of the past off; return the rest, and the averages."""
    bits = np.uint64(attrs["smoothing_bits"])
    least, *shares = (
        np.uint64(int(_FLOAT(attrs[name]) * _FLOAT(1 << _NOISE_BITS)))
        for name in ("min_signal_remaining", "even_smoothing", "odd_smoothing")
    )
    smoothing = np.resize(np.array(shares), signal.shape[1])
    kept = np.uint64(1 << _NOISE_BITS) - smoothing
    scaled = signal << bits & _WORD
    noise = np.empty_like(signal)
    average = np.zeros(signal.shape[1], np.uint64)
    shift = np.uint64(_NOISE_BITS)
    for place, frame in enumerate(scaled):
        average = (frame * smoothing + average * kept >> shift) & _WORD
        noise[place] = average
    rest = (scaled - np.minimum(noise, scaled)) >> bits
    return np.maximum(rest, signal * least >> shift), noise


def _controlled(attrs: Any, signal: Array, noise: Array, correction: int) -> Array:
    """Divide by a power of the noise."""
    table = _gains(
        attrs["smoothing_bits"] - correction,
        attrs["gain_bits"],
        attrs["pcan_strength"],
        attrs["pcan_offset"],
    )
    shift = np.uint64(attrs["gain_bits"] - correction - _RATIO_BITS)
    ratio = (signal * _gain(noise.astype(np.int64), table) >> shift) & _WORD
    near = (ratio * ratio & _WORD) >> np.uint64(2 + 2 * _RATIO_BITS - _GAIN_BITS)
    far = (ratio >> np.uint64(_RATIO_BITS - _GAIN_BITS)) - np.uint64(1 << _GAIN_BITS)
    return np.where(ratio < 2 << _RATIO_BITS, near, far & _WORD)


def _gain(noise: Array, table: Array) -> Array:
    """Interpolate between powers of two."""
    bits = _whole_bits(noise).astype(np.int64)
    start = np.maximum(4 * bits - 6, 0)
    wide = np.where(
        bits < 11,
        noise << np.maximum(11 - bits, 0),
        noise >> np.maximum(bits - 11, 0),
    )
    share = wide & 0x3FF
    padded = np.concatenate([table, np.zeros(8, np.int64)])
    result = (padded[start + 2] * share >> 5) + (padded[start + 1] << 5)
    result = (result * share).astype(np.int32).astype(np.int64)
    result = (result + (1 << 14) >> 15) + padded[start]
    found = np.where(noise <= 2, padded[np.minimum(noise, 2)], result.astype(np.int16))
    return found.astype(np.int32).astype(np.uint32).astype(np.uint64)


@lru_cache(maxsize=16)
def _gains(bits: int, gain_bits: int, strength: float, offset: float) -> Array:
    def gain(x: int) -> int:
        shown = _FLOAT(x) / _FLOAT(1 << bits)
        power = np.power(shown + _FLOAT(offset), -_FLOAT(strength))
        found = _FLOAT(1 << gain_bits) * power
        return min(int(found + _FLOAT(0.5)), 0x7FFF) if found <= 0x7FFF else 0x7FFF

    table = np.zeros(4 * 32, np.int64)
    table[0], table[1] = gain(0), gain(1)
    for interval in range(2, 33):
        start = 1 << (interval - 1)
        end = 2 * start - (interval == 32)
        first, middle, last = (gain(x) for x in (start, start + (start >> 1), end))
        slope = 4 * (middle - first) - (last - first)
        place = 4 * interval - 6
        table[place : place + 3] = first, slope, last - first - slope
    return table


def _logarithms(signal: Array, correction: int, scale_shift: int) -> Array:
    """Return natural logarithms with some bits after the point; 0 up to 1."""
    up, down = max(correction, 0), max(-correction, 0)
    x = (signal << np.uint64(up) & _WORD) >> np.uint64(down)
    x = np.maximum(x, np.uint64(1)).astype(np.int64)
    whole = _whole_bits(x).astype(np.int64) - 1
    rest = x - (1 << whole)
    rest = np.where(
        whole < _LOG_BITS,
        rest << np.maximum(_LOG_BITS - whole, 0),
        rest >> np.maximum(whole - _LOG_BITS, 0),
    )
    place = rest >> _LOG_BITS - _SEGMENT_BITS
    table = _log_table()
    within = rest - (place << _LOG_BITS - _SEGMENT_BITS)
    change = (table[place + 1] - table[place]) * within >> _LOG_BITS
    log2 = (whole << _LOG_BITS) + rest + table[place] + change
    half = 1 << _LOG_BITS - 1
    natural = _NATURAL * log2 + half >> _LOG_BITS
    shown = ((natural << scale_shift) + half & 0xFFFFFFFF) >> _LOG_BITS
    return np.where(x > 1, shown, 0)


@lru_cache(maxsize=1)
def _log_table() -> Array:
    """Return how far logarithms are above the line between two powers of two."""
    share = np.arange((1 << _SEGMENT_BITS) + 1) / (1 << _SEGMENT_BITS)
    above = np.log2(1 + share) - share
    return np.append(np.round(above * (1 << _LOG_BITS)).astype(np.int64), 0)


KERNELS = {"AudioMicrofrontend": Kernel(audio_microfrontend, host=True)}
