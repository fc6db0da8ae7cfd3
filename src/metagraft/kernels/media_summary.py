"""Summaries of images and sounds, on the host; twin of `ops/media_summary.py`.

Source: tensorflow core/kernels/summary_image_op.cc, summary_audio_op.cc.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from metagraft.errors import InvalidArgumentError
from metagraft.graph.attrs import Attrs
from metagraft.graph.dtypes import from_enum, kernel_name
from metagraft.graph.tensor_values import make_ndarray
from metagraft.kernels.encoded_media import png, wav
from metagraft.kernels.kernel import Array, Kernel
from metagraft.kernels.summary import tagged
from metagraft.proto import Summary

_ZERO: Final = 1e-6
_RATES_HZ: Final = 2**32


def image_summary(attrs: Attrs, tag: Array, tensor: Array) -> tuple[Array]:
    bad_color = _bad_color(attrs)
    if np.shape(tag):
        raise _invalid("Tags must be a scalar")
    images = np.asarray(tensor)
    if images.ndim != 4 or images.shape[3] not in (1, 3, 4):
        raise _invalid(
            f"Tensor must be 4-D with last dim 1, 3, or 4, not {_shown(images)}"
        )
    if 0 in images.shape[1:]:
        shape = ", ".join(map(str, images.shape))
        raise _invalid(f"input tensor must have non-zero dims. Found: [{shape}].")
    shown = images[: attrs["max_images"]]
    names = _names(np.asarray(tag).item(), "image", len(shown), attrs["max_images"])
    _, height, width, channels = images.shape
    values = [Summary.Value() for _ in names]
    for message, image in zip(values, shown, strict=True):
        value = message.image
        value.height, value.width, value.colorspace = height, width, channels
        value.encoded_image_string = png(_as_bytes(image, bad_color))
    return tagged(zip(names, values, strict=True))


def _bad_color(attrs: Attrs) -> Array:
    color = make_ndarray(attrs["bad_color"])
    dtype = attrs["bad_color"].dtype
    if color.dtype != np.uint8:
        name = kernel_name(from_enum(dtype))
        raise _invalid(f"bad_color must be uint8, got {name}")
    if color.ndim != 1:
        raise _invalid(f"bad_color must be a vector, got shape {_shown(color)}")
    return color


def _as_bytes(image: Array, bad_color: Array) -> Array:
    """Scale numbers to bytes: from 0 up, or around 128 if some are negative."""
    if image.dtype == np.uint8:
        return image
    depth = image.shape[2]
    if len(bad_color) < depth:
        raise _invalid(
            f"expected depth <= bad_color.size, got depth = {depth}, "
            f"bad_color.size = {len(bad_color)}"
        )
    is_good = np.isfinite(image).all(axis=2)
    good = image[is_good]
    # Extremes and the scale are single, and only then of the image's type.
    with np.errstate(over="ignore"):
        good_singles = good.astype(np.float32)
    least = good_singles.min(initial=np.inf)
    most = good_singles.max(initial=-np.inf)
    if least < 0:
        largest, top, offset = max(abs(least), abs(most)), np.float32(127), 128
    else:
        largest, top, offset = most, np.float32(255), 0
    of_type = image.dtype.type
    scale = of_type(0 if largest < np.float32(_ZERO) else top / largest)
    result = np.empty(image.shape, np.uint8)
    result[is_good] = (good * scale + of_type(offset)).astype(np.uint8)
    result[~is_good] = bad_color[:depth]
    return result


def audio_summary(
    attrs: Attrs, tag: Array, tensor: Array, sample_rate: Array | None = None
) -> tuple[Array]:
    if sample_rate is None:
        sample_rate = np.float32(attrs["sample_rate"])
    if np.shape(tag):
        raise _invalid("Tag must be a scalar")
    sounds = np.asarray(tensor)
    if sounds.ndim not in (2, 3):
        raise _invalid(f"Tensor must be 3-D or 2-D, got: {_shown(sounds)}")
    if np.size(sample_rate) != 1:
        raise _invalid("sample_rate must be rank-0 or contain a single value")
    rate_hz = float(np.asarray(sample_rate).item())
    if not rate_hz > 0:
        raise _invalid("sample_rate must be > 0")
    sounds = sounds.reshape(*sounds.shape[:2], *(sounds.shape[2:] or (1,)))
    shown = sounds[: attrs["max_outputs"]]
    names = _names(np.asarray(tag).item(), "audio", len(shown), attrs["max_outputs"])
    values = [Summary.Value() for _ in names]
    for message, sound in zip(values, shown, strict=True):
        value = message.audio
        value.sample_rate = rate_hz
        value.length_frames, value.num_channels = sound.shape
        value.content_type = "audio/wav"
        value.encoded_audio_string = wav(sound, _whole_hz(rate_hz, sound))
    return tagged(zip(names, values, strict=True))


def _whole_hz(rate_hz: float, sound: Array) -> int:
    if not sound.shape[1]:
        raise _invalid("audio is null")
    whole = max(1, round(rate_hz))
    if whole >= _RATES_HZ:
        raise _invalid(f"sample_rate must be in (0, 2^32), got: {whole}")
    return whole


def _names(tag: bytes, kind: str, count: int, most: int) -> list[bytes]:
    base = b"%b/%b" % (tag, kind.encode())
    return [b"%b/%d" % (base, i) for i in range(count)] if most > 1 else [base] * count


def _shown(array: Array) -> str:
    return f"[{','.join(map(str, np.shape(array)))}]"


def _invalid(message: str) -> InvalidArgumentError:
    return InvalidArgumentError(None, None, message)


KERNELS = {
    "AudioSummary": Kernel(audio_summary, host=True),
    "AudioSummaryV2": Kernel(audio_summary, host=True),
    "ImageSummary": Kernel(image_summary, host=True),
}
