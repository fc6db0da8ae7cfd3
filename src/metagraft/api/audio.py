"""`tf.audio`: sound as files.

Source: tensorflow python/ops/gen_audio_ops.py.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from metagraft.graph.apply_op import op
from metagraft.graph.tensor import Tensor

__all__ = ["decode_wav", "encode_wav"]


class DecodeWav(NamedTuple):
    """Samples, `float32[samples, channels]`, and their rate, an `int32` scalar."""

    audio: Tensor
    sample_rate: Tensor


def decode_wav(
    contents: Any,
    desired_channels: int = -1,
    desired_samples: int = -1,
    name: str | None = None,
) -> DecodeWav:
    """Read a WAV file of 16-bit samples.

    Args:
        contents: The file, a scalar string.
        desired_channels: How many channels to return; those of the file by default.
        desired_samples: How many samples to return; those of the file by default.
        name: Name of the operation.

    Returns:
        The samples, `float32[samples, channels]` between -1 and 1, and their rate.
    """
    found = op(
        "DecodeWav",
        contents=contents,
        desired_channels=desired_channels,
        desired_samples=desired_samples,
        name=name,
    )
    return DecodeWav(*found)


def encode_wav(audio: Any, sample_rate: Any, name: str | None = None) -> Tensor:
    """Write samples, `float32[samples, channels]` between -1 and 1, as a WAV file."""
    result: Tensor = op("EncodeWav", audio=audio, sample_rate=sample_rate, name=name)
    return result
