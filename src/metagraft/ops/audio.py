"""Sound: files, spectra, cepstral coefficients; twin of `kernels/audio.py`.

Source: tensorflow core/ops/audio_ops.cc.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from metagraft.graph.attrs import Attrs
from metagraft.graph.op_spec import OpSpec, Shapes
from metagraft.graph.shape_checks import with_rank
from metagraft.graph.shapes import Dims

__all__ = ["OPS", "fft_length"]

_SOURCE = "tensorflow core/ops/audio_ops.cc"


def fft_length(window_size: int) -> int:
    """Return the power of two that a window is filled up to."""
    return 1 << max(window_size - 1, 0).bit_length()


def decode_wav_shape(attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """`[samples, channels]`, of which the attributes may tell both; and a rate."""
    with_rank(inputs[0], 0)
    sizes = []
    for name in ("channels", "samples"):
        size: int = attrs[f"desired_{name}"]
        if size < -1:
            raise ValueError(f"{name} must be non-negative, got {size}")
        sizes.append(None if size == -1 else size)
    channels, samples = sizes
    return ((samples, channels), ())


def encode_wav_shape(_attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """`[samples, channels]` and a rate become one string."""
    with_rank(inputs[0], 2)
    with_rank(inputs[1], 0)
    return ((),)


def audio_spectrogram_shape(attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """`[samples, channels]` -> `[channels, windows, frequencies]`."""
    samples, channels = with_rank(inputs[0], 2)
    size, stride = attrs["window_size"], attrs["stride"]
    if size <= 1:
        raise ValueError(f"window size must be > 1, got {size}")
    if stride <= 0:
        raise ValueError(f"stride must be strictly positive, got {stride}")
    count = None
    if samples is not None:
        count = 0 if samples < size else 1 + (samples - size) // stride
    return ((channels, count, 1 + fft_length(size) // 2),)


def mfcc_shape(attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """`[channels, windows, frequencies]` -> `[channels, windows, coefficients]`."""
    channels, windows, _ = with_rank(inputs[0], 3)
    with_rank(inputs[1], 0)
    return ((channels, windows, attrs["dct_coefficient_count"]),)


OPS = (
    OpSpec(name="AudioSpectrogram", shape=audio_spectrogram_shape, source=_SOURCE),
    OpSpec(name="DecodeWav", shape=decode_wav_shape, source=_SOURCE),
    OpSpec(name="EncodeWav", shape=encode_wav_shape, source=_SOURCE),
    OpSpec(name="Mfcc", shape=mfcc_shape, source=_SOURCE),
)
