"""Records what TensorFlow's kernels of signals and sound compute.

Usage: python -m tests.golden.record.record_signal_kernels
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from tests.golden.record.kernel_errors import write_errors
from tests.golden.record.kernel_values import Case, write

FOLDER = Path(__file__).parents[1] / "signal_kernels"
RNG = np.random.RandomState(5)
REAL = {"complex64": np.float32, "complex128": np.float64}
# Two outer sizes, an even and an odd length, none at all.
SHAPES = [(3, 5, 4), (2, 2, 3, 5), (1, 1, 1), (0, 4, 4), (2, 2, 7)]


def noise(shape: tuple[int, ...], dtype: Any) -> Any:
    """Return random numbers, complex if the type is."""
    real = RNG.randn(*shape)
    if np.dtype(dtype).kind == "c":
        return (real + 1j * RNG.randn(*shape)).astype(dtype)
    return real.astype(dtype)


def transforms() -> Iterator[Case]:
    """Every transform of every type, cut and whole."""
    for end, rank in (("", 1), ("2D", 2), ("3D", 3)):
        for name in ("complex64", "complex128"):
            for shape in SHAPES:
                x = noise(shape, name)
                for kind in (f"FFT{end}", f"IFFT{end}"):
                    yield Case("transform", kind, {}, {"input": x})
                yield from real_transforms(end, rank, name, shape)


def real_transforms(
    end: str, rank: int, name: str, shape: tuple[int, ...]
) -> Iterator[Case]:
    """Transforms of real numbers and back, of the whole and of a part.

    Not of length zero, which ends TensorFlow's process.
    """
    sizes = shape[-rank:]
    for lengths in (sizes, tuple(size - (size > 1) for size in sizes)):
        operands = {
            "input": noise(shape, REAL[name]),
            "fft_length": np.array(lengths, np.int32),
        }
        attrs = {"Tcomplex": name}
        yield Case("real transform", f"RFFT{end}", attrs, operands)
    last = sizes[-1]
    for length in (2 * (last - 1), 2 * last - 1, last):
        operands = {
            "input": noise(shape, name),
            "fft_length": np.array([*sizes[:-1], max(length, 1)], np.int32),
        }
        attrs = {"Treal": np.dtype(REAL[name]).name}
        yield Case("inverse real transform", f"IRFFT{end}", attrs, operands)


def refused_transforms() -> Iterator[Case]:
    """Inputs that are too short, and negative lengths."""
    x = np.ones([2, 4], np.float32)
    for lengths in ([5], [-1]):
        operands = {"input": x, "fft_length": np.array(lengths, np.int32)}
        yield Case("transform", "RFFT", {}, operands)
    z = np.ones([2, 4], np.complex64)
    operands = {"input": z, "fft_length": np.array([8], np.int32)}
    yield Case("transform", "IRFFT", {}, operands)
    operands = {"input": z, "fft_length": np.array([3, 6], np.int32)}
    yield Case("transform", "IRFFT2D", {}, operands)


def wav(samples: Any, rate: int = 8000, extra: bytes = b"", size: int = 16) -> Any:
    """Return a WAV file of 16-bit samples, `[samples, channels]`."""
    content = samples.astype("<i2").tobytes()
    frame = 2 * samples.shape[1]
    form = struct.pack(
        "<HHIIHH", 1, samples.shape[1], rate, rate * frame, frame, 16
    ).ljust(size, b"\0")
    parts = b"fmt " + struct.pack("<I", size) + form + extra
    data = b"data" + struct.pack("<I", len(content)) + content
    head = b"RIFF" + struct.pack("<I", 4 + len(parts) + len(data)) + b"WAVE"
    return np.array(head + parts + data, object)


def sounds() -> Iterator[Case]:
    """Files, spectra and coefficients."""
    samples = np.array([[1, -2], [32767, -32768], [300, 257]])
    extra = b"LIST" + struct.pack("<I", 3) + b"abc"
    for content in (
        wav(samples),
        wav(samples[:, :1], rate=44100, extra=extra),
        wav(samples, size=18),
    ):
        for attrs in ({}, {"desired_channels": 3}, {"desired_samples": 2}):
            yield Case("wav", "DecodeWav", attrs, {"contents": content})
        attrs = {"desired_samples": 5, "desired_channels": 1}
        yield Case("wav", "DecodeWav", attrs, {"contents": content})
    for audio in (
        np.array([[0.5, -0.25], [1.0, -1.0], [2.0, -3.0], [0.1, 0.9]]),
        np.array([[1.5 / 32768], [-0.5 / 32768], [2.5 / 32768], [0.9]]),
    ):
        operands = {"audio": audio.astype(np.float32), "sample_rate": np.int32(16000)}
        yield Case("wav", "EncodeWav", {}, operands)
    yield from spectra()


def spectra() -> Iterator[Case]:
    """Spectra of windows and their coefficients."""
    for shape, size, stride in (
        ((100, 1), 16, 4),
        ((100, 1), 25, 30),
        ((10, 1), 16, 1),
        ((64, 1), 64, 7),
        ((0, 1), 4, 4),
        ((40, 0), 8, 4),
    ):
        for squared in (False, True):
            attrs = {
                "window_size": size,
                "stride": stride,
                "magnitude_squared": squared,
            }
            operands = {"input": noise(shape, np.float32)}
            yield Case("sound", "AudioSpectrogram", attrs, operands)
    for length, rate, attrs in (
        (257, 16000, {}),
        (129, 8000, {"upper_frequency_limit": 4000.0}),
        (129, 16000, {"lower_frequency_limit": 100.0, "filterbank_channel_count": 20}),
        (65, 8000, {"filterbank_channel_count": 60, "dct_coefficient_count": 60}),
        (513, 44100, {"dct_coefficient_count": 1}),
        (129, 8000, {"upper_frequency_limit": 5000.0}),
    ):
        spectrogram = np.abs(noise((2, 3, length), np.float32))
        spectrogram[0, 0] = 0
        operands = {"spectrogram": spectrogram, "sample_rate": np.int32(rate)}
        yield Case("sound", "Mfcc", attrs, operands)


def refused_sounds() -> Iterator[Case]:
    """Files of another kind or cut off, and attributes that make no sense."""
    whole = wav(np.array([[1, 2], [3, 4]])).item()
    header = b"RIFF\0\0\0\0WAVE"
    for content in (
        b"",
        b"RIFX" + whole[4:],
        whole[:-1],
        whole[:30],
        header + b"fmt \x11\0\0\0",
        whole[:20] + b"\3" + whole[21:],
        whole[:22] + b"\0" + whole[23:],
        whole[:34] + b"\x08" + whole[35:],
        whole[:32] + b"\2" + whole[33:],
        whole[:28] + b"\1" + whole[29:],
        whole[:36],
        whole + whole[36:],
    ):
        yield Case("wav", "DecodeWav", {}, {"contents": np.array(content, object)})
    audio = np.zeros([2, 2], np.float32)
    for given, rate in ((audio, 0), (audio, -5), (audio[:, :0], 8000)):
        operands = {"audio": given, "sample_rate": np.int32(rate)}
        yield Case("wav", "EncodeWav", {}, operands)
    operands = {
        "spectrogram": np.ones([1, 1, 9], np.float32),
        "sample_rate": np.int32(8000),
    }
    attrs: dict[str, Any] = {"dct_coefficient_count": 50}
    yield Case("sound", "Mfcc", attrs, operands)


def main() -> None:
    """Write tests/golden/signal_kernels/."""
    write(FOLDER / "values.npz", [*transforms(), *sounds()])
    refused = [*refused_transforms(), *refused_sounds()]
    write_errors(FOLDER / "errors.json", refused)


if __name__ == "__main__":
    main()
