"""Sound: files, spectra, cepstral coefficients; twin of `ops/audio.py`.

Source: tensorflow core/lib/wav/wav_io.cc, core/kernels/spectrogram.cc,
core/kernels/mfcc_mel_filterbank.cc, core/kernels/mfcc_dct.cc.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

import numpy as np

from metagraft.errors import InvalidArgumentError
from metagraft.graph.attrs import Attrs
from metagraft.graph.shapes import show
from metagraft.kernels.kernel import Array, Kernel
from metagraft.kernels.namespace import namespace
from metagraft.ops.audio import fft_length

_FULL_SCALE = 1 << 15
_LARGEST_CHUNK = 2**31 - 1
# Logarithms are of no less than this.
_FLOOR = 1e-12


def decode_wav(attrs: Attrs, contents: Array) -> tuple[Array, Array]:
    if np.ndim(contents):
        raise _invalid(f"contents must be scalar, got shape {show(contents.shape)}")
    rate, samples = _WavFile(contents.item()).read()
    count, channels = attrs["desired_samples"], attrs["desired_channels"]
    if channels != -1:
        # The last channel stands for all that are missing.
        chosen = np.minimum(np.arange(channels), samples.shape[1] - 1)
        samples = samples[:, chosen]
    if count != -1:
        missing = max(count - samples.shape[0], 0)
        samples = np.pad(samples[:count], ((0, missing), (0, 0)))
    audio = samples.astype(np.float32) / np.float32(_FULL_SCALE)
    return audio, np.array(rate, np.uint32).astype(np.int32)


class _WavFile:
    """A file of 16-bit samples, read from its start."""

    def __init__(self, content: bytes) -> None:
        """Start at the first byte."""
        self._content = content
        self._offset = 0

    def read(self) -> tuple[int, Array]:
        """Return the rate and the samples, `int16[samples, channels]`.

        Raises:
            InvalidArgumentError: The file is damaged or of another kind.
        """
        self._expect(b"RIFF")
        self._number(4)
        self._expect(b"WAVE")
        self._expect(b"fmt ")
        channels, rate = self._format()
        samples = None
        while self._offset < len(self._content):
            name, size = self._bytes(4), self._number(4)
            if size > _LARGEST_CHUNK:
                raise _invalid(
                    f"WAV data chunk '{_shown(name)}' is too large: {size} bytes, but "
                    f"the limit is {_LARGEST_CHUNK}"
                )
            if name != b"data":
                self._offset += size
                continue
            if samples is not None:
                raise _invalid("More than one data chunk found in WAV")
            content = self._bytes(size // (2 * channels) * 2 * channels)
            samples = np.frombuffer(content, "<i2").reshape(-1, channels)
        if samples is None:
            raise _invalid("No data chunk found in WAV")
        return rate, samples

    def _format(self) -> tuple[int, int]:
        """Read and check the format; return the number of channels and the rate."""
        size = self._number(4)
        if size not in (16, 18):
            raise _invalid(
                f"Bad format chunk size for WAV: Expected 16 or 18, but got{size}"
            )
        kind = self._number(2)
        if kind != 1:
            raise _invalid(f"Bad audio format for WAV: Expected 1 (PCM), but got{kind}")
        channels = self._number(2)
        if channels < 1:
            raise _invalid(
                "Bad number of channels for WAV: Expected at least 1, but got "
                f"{channels}"
            )
        rate, rate_in_bytes = self._number(4), self._number(4)
        sample_in_bytes, bits = self._number(2), self._number(2)
        if bits != 16:
            raise _invalid(f"Can only read 16-bit WAV files, but received {bits}")
        if sample_in_bytes != 2 * channels:
            raise _invalid(
                f"Bad bytes per sample in WAV header: Expected {2 * channels} but got "
                f"{sample_in_bytes}"
            )
        if rate_in_bytes != (sample_in_bytes * rate) & 0xFFFFFFFF:
            raise _invalid(
                "Bad bytes per second in WAV header: Expected "
                f"{sample_in_bytes * rate} but got {rate_in_bytes} "
                f"(sample_rate={rate}, bytes_per_sample={sample_in_bytes})"
            )
        self._offset += size - 16
        return channels, rate

    def _expect(self, text: bytes) -> None:
        found = self._bytes(len(text))
        if found != text:
            raise _invalid(
                f"Header mismatch: Expected {_shown(text)} but found {_shown(found)}"
            )

    def _number(self, size: int) -> int:
        return int.from_bytes(self._bytes(size), "little")

    def _bytes(self, size: int) -> bytes:
        if self._offset > len(self._content):
            raise _invalid(f"Initial offset is outside data range: {self._offset}")
        end = self._offset + size
        if end > len(self._content):
            raise _invalid("Data too short when trying to read string")
        found = self._content[self._offset : end]
        self._offset = end
        return found


def encode_wav(_attrs: Attrs, audio: Array, sample_rate: Array) -> tuple[Array]:
    if np.ndim(audio) != 2:
        raise _invalid(f"audio must be 2-dimensional{show(np.shape(audio))}")
    rate = _scalar_rate(sample_rate)
    channels = audio.shape[1]
    if rate <= 0:
        # TF: tells the number without its sign, as one of 64 bits.
        raise _invalid(f"sample_rate must be in (0, 2^32), got: {rate % 2**64}")
    if not 0 < channels < 2**16:
        raise _invalid(f"num_channels must be in (0, 2^16), got: {channels}")
    scaled = audio.astype(np.float64) * _FULL_SCALE
    # Halves are rounded away from zero.
    rounded = np.trunc(scaled + np.copysign(0.5, scaled))
    samples = np.clip(rounded, -_FULL_SCALE, _FULL_SCALE - 1).astype("<i2").tobytes()
    frame = 2 * channels
    form = struct.pack("<HHIIHH", 1, channels, rate, rate * frame, frame, 16)
    header = b"RIFF" + struct.pack("<I", 36 + len(samples)) + b"WAVEfmt "
    chunk = b"data" + struct.pack("<I", len(samples))
    text = np.empty((), object)
    text[()] = header + struct.pack("<I", len(form)) + form + chunk + samples
    return (text,)


def _scalar_rate(sample_rate: Array) -> int:
    if np.ndim(sample_rate):
        raise _invalid(
            "Input sample_rate should be a scalar tensor, got "
            f"{show(sample_rate.shape)} instead."
        )
    return int(sample_rate)


def audio_spectrogram(attrs: Attrs, input: Array) -> tuple[Array]:
    size, stride = attrs["window_size"], attrs["stride"]
    if np.ndim(input) != 2:
        raise _invalid(f"input must be 2-dimensional{show(np.shape(input))}")
    if size < 2 or stride < 1:
        raise _invalid(
            f"Spectrogram initialization failed for window size {size} and stride "
            f"{stride}"
        )
    xp = namespace(input)
    samples, channels = input.shape
    length = fft_length(size)
    count = 0 if samples < size else 1 + (samples - size) // stride
    if not count * channels:
        return (xp.zeros((channels, count, 1 + length // 2), np.float32),)
    places = np.arange(count)[:, None] * stride + np.arange(size)
    frames = input.T.astype(np.float64)[:, places]
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(size) / size)
    spectrum = xp.fft.rfft(frames * window, n=length, axis=-1)
    squares = (spectrum.real**2 + spectrum.imag**2).astype(np.float32)
    return (squares if attrs["magnitude_squared"] else xp.sqrt(squares),)


@dataclass(frozen=True, slots=True)
class _Filters:
    """Overlapping triangles on the mel scale.

    Attributes:
        first: The first frequency that is in any.
        weights: `[frequencies, filters]`, from that one on.
        fits: Whether the spectrum reaches as far as the filters.
    """

    first: int
    weights: Array
    fits: bool


def _mel(frequency: Array) -> Array:
    return 1127.0 * np.log1p(frequency / 700.0)


def _filters(
    length: int, rate: int, count: int, lower: float, upper: float
) -> _Filters:
    """Return the filters for spectra of a length."""
    low, high = _mel(np.float64(lower)), _mel(np.float64(upper))
    spacing = (high - low) / (count + 1)
    # The ends of triangles: the first begins, and the last ends, at a limit.
    edges = low + spacing * np.arange(count + 2)
    width = 0.5 * rate / (length - 1)
    first = int(1.5 + lower / width)
    last = int(upper / width)
    places = _mel(np.arange(first, last + 1) * width)
    weights = np.zeros((places.size, count))
    if last >= length:
        return _Filters(first, weights, fits=False)
    # The triangle that falls there, and the one that rises while that falls.
    falling = np.searchsorted(edges[1:-1], places, "left") - 1
    falling = np.minimum(falling, count - 1)
    part = (edges[falling + 2] - places) / (edges[falling + 2] - edges[falling + 1])
    rows = np.arange(places.size)
    has_falling = falling >= 0
    weights[rows[has_falling], falling[has_falling]] += part[has_falling]
    has_rising = falling + 1 < count
    rising = (falling + 1)[has_rising]
    weights[rows[has_rising], rising] += 1.0 - part[has_rising]
    return _Filters(first, weights, fits=True)


def mfcc(attrs: Attrs, spectrogram: Array, sample_rate: Array) -> tuple[Array]:
    if np.ndim(spectrogram) != 3:
        raise _invalid(f"spectrogram must be 3-dimensional{show(spectrogram.shape)}")
    rate = _scalar_rate(sample_rate)
    channels, windows, length = spectrogram.shape
    bands, count = attrs["filterbank_channel_count"], attrs["dct_coefficient_count"]
    lower, upper = attrs["lower_frequency_limit"], attrs["upper_frequency_limit"]
    is_valid = bands >= 1 and rate > 0 and length >= 2 and 0 <= lower < upper
    if not is_valid or not 1 <= count <= bands:
        raise _invalid(
            f"Mfcc initialization failed for channel count {length}, sample rate "
            f"{rate} and filterbank_channel_count {bands}"
        )
    xp = namespace(spectrogram)
    filters = _filters(length, rate, bands, lower, upper)
    if not filters.fits:
        return (xp.zeros((channels, windows, count), np.float32),)
    last = filters.first + filters.weights.shape[0]
    used = spectrogram[..., filters.first : last].astype(np.float64)
    energies = xp.matmul(xp.sqrt(used), filters.weights)
    logarithms = xp.log(xp.maximum(energies, _FLOOR))
    angles = np.arange(count)[:, None] * (np.pi / bands) * (np.arange(bands) + 0.5)
    cosines = np.sqrt(2.0 / bands) * np.cos(angles)
    return (xp.matmul(logarithms, cosines.T).astype(np.float32),)


def _shown(text: bytes) -> str:
    return text.decode("utf-8", "backslashreplace")


def _invalid(message: str) -> InvalidArgumentError:
    return InvalidArgumentError(None, None, message)


KERNELS = {
    "AudioSpectrogram": Kernel(audio_spectrogram),
    "DecodeWav": Kernel(decode_wav, host=True),
    "EncodeWav": Kernel(encode_wav, host=True),
    "Mfcc": Kernel(mfcc, static=("sample_rate",)),
}
