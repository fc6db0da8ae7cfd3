"""WebP files, read with Pillow.

Source: tensorflow core/kernels/image/decode_image_op.cc, core/lib/webp/webp_io.cc.
"""

from __future__ import annotations

import io
from typing import Final

import numpy as np

from metagraft.kernels.image_library import pillow
from metagraft.kernels.kernel import Array

__all__ = ["decoded", "is_webp"]

_LARGEST: Final = 1 << 29


def is_webp(contents: bytes) -> bool:
    """Whether a file begins like a WebP file."""
    return contents[:4] == b"RIFF" and contents[8:12] == b"WEBP"


def decoded(contents: bytes, channels: int) -> Array | str:
    """Return `uint8[frames, height, width, channels]`, or what is wrong.

    Args:
        contents: The file.
        channels: 3 or 4; 0 for those of the file.
    """
    try:
        with pillow().open(io.BytesIO(contents), formats=["WEBP"]) as image:
            count = len(image.getbands())
            if channels not in (0, count):
                return "Number of channels requested does not match input"
            if image.width * image.height * count >= _LARGEST:
                return "WebP size too large"
            mode = "RGB" if count == 3 else "RGBA"
            frames = []
            for number in range(getattr(image, "n_frames", 1)):
                image.seek(number)
                frames.append(np.asarray(image.convert(mode)))
    except (OSError, SyntaxError, ValueError):
        return "Failed to decode WebP header."
    return np.stack(frames)
