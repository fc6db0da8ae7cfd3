"""Bytes read as numbers or decompressed, on the host; twin of `ops/decode_raw.py`.

Source: tensorflow core/kernels/decode_raw_op.cc, decode_padded_raw_op.cc,
decode_compressed_op.cc.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from functools import partial
from typing import Any, Final

import numpy as np

from metagraft.errors import DataLossError, InvalidArgumentError
from metagraft.formats import compressors
from metagraft.graph.attrs import Attrs
from metagraft.graph.dtypes import DType, as_dtype
from metagraft.graph.shapes import show
from metagraft.kernels.kernel import Array, Kernel


def decode_raw(attrs: Attrs, bytes: Array) -> tuple[Array]:
    dtype = as_dtype(attrs["out_type"])
    texts: list[Any] = np.ravel(bytes).tolist()
    if not texts:
        return (np.zeros((*np.shape(bytes), 0), dtype.as_numpy_dtype),)
    size = len(texts[0])
    if len(texts) > 1 and len(sizes := set(map(len, texts))) > 1:
        sizes.remove(size)
        place, other = next(
            (i, len(text)) for i, text in enumerate(texts) if len(text) in sizes
        )
        raise _invalid(
            "DecodeRaw requires input strings to all be the same size, but "
            f"element {place} has size {size} != {other}"
        )
    if size % dtype.size:
        raise _invalid(
            f"Input to DecodeRaw has length {size} that is not a multiple of "
            f"{dtype.size}, the size of {dtype.name}"
        )
    content = b"".join(texts) if len(texts) > 1 else texts[0]
    numbers = _numbers(content, dtype, little=attrs["little_endian"])
    return (numbers.reshape(*np.shape(bytes), size // dtype.size),)


def decode_padded_raw(
    attrs: Attrs, input_bytes: Array, fixed_length: Array
) -> tuple[Array]:
    dtype = as_dtype(attrs["out_type"])
    if np.ndim(fixed_length):
        raise _invalid(f"k must be scalar, got shape {show(fixed_length.shape)}")
    size = int(fixed_length)
    if size <= 0:
        raise _invalid(f"fixed_length ({size}) must be greater than zero.")
    if size % dtype.size:
        raise _invalid(
            f"fixed_length ({size}) must be a multiple of the size of out_type "
            f"({dtype.size})"
        )
    texts = np.ravel(input_bytes).tolist()
    # It cuts what is longer and fills up what is shorter with zeros.
    padded = struct.pack(f"{size}s" * len(texts), *texts)
    numbers = _numbers(padded, dtype, little=attrs["little_endian"])
    return (numbers.reshape(*np.shape(input_bytes), size // dtype.size),)


def decode_compressed(attrs: Attrs, bytes: Array) -> tuple[Array]:
    kind: str = attrs["compression_type"].decode()
    if not kind:
        return (bytes,)
    if kind not in _DECOMPRESSIONS:
        raise _invalid("Only ZLIB, ZSTD, GZIP or NONE are supported compressions")
    plain = np.empty(np.size(bytes), object)
    plain[:] = [_DECOMPRESSIONS[kind](text) for text in np.ravel(bytes)]
    return (plain.reshape(np.shape(bytes)),)


def _zstandard(text: bytes) -> bytes:
    """Decompress one frame that says how long its content is."""
    zstandard = compressors.zstandard()
    try:
        size = zstandard.frame_content_size(text)
    except zstandard.ZstdError:
        size = -1
    if size < 0:
        raise _invalid("Failed to determine decompressed size")
    try:
        decompressed: bytes = zstandard.ZstdDecompressor().decompress(
            text, allow_extra_data=False
        )
    except zstandard.ZstdError as error:
        # The text is cut, or something follows, which libraries tell in other words.
        raise _invalid(
            "Failed to decompress zstd input: Src size is incorrect"
        ) from error
    return decompressed


def _inflated(text: bytes, window_bits: int) -> bytes:
    """Decompress as much as there is: a text that ends too early is no error."""
    parts = []
    while text:
        stream = zlib.decompressobj(window_bits)
        try:
            parts.append(stream.decompress(text))
        except zlib.error as error:
            reason = str(error).replace(" while decompressing data", "")
            raise DataLossError(
                None, None, f"inflate() failed with e{reason[1:]}"
            ) from error
        # What follows the end is of interest in GZIP only, where more may be appended.
        text = stream.unused_data if window_bits > zlib.MAX_WBITS else b""
    return b"".join(parts)


# How the formats are read; zlib is told which by the bits of its window.
_DECOMPRESSIONS: Final[dict[str, Callable[[bytes], bytes]]] = {
    "ZLIB": partial(_inflated, window_bits=zlib.MAX_WBITS),
    "GZIP": partial(_inflated, window_bits=zlib.MAX_WBITS + 16),
    "ZSTD": _zstandard,
}


def _numbers(content: bytes, dtype: DType, *, little: bool) -> Array:
    """Read numbers; those of a complex number are reversed one by one."""
    if dtype.is_bool:
        return np.frombuffer(content, np.uint8) != 0
    parts = dtype.size // 2 if dtype.is_complex else dtype.size
    order = "<" if little else ">"
    whole = np.frombuffer(content, f"{order}u{parts}").astype(f"u{parts}")
    return whole.view(dtype.as_numpy_dtype)


def _invalid(message: str) -> InvalidArgumentError:
    return InvalidArgumentError(None, None, message)


KERNELS = {
    "DecodeCompressed": Kernel(decode_compressed, host=True),
    "DecodePaddedRaw": Kernel(decode_padded_raw, host=True),
    "DecodeRaw": Kernel(decode_raw, host=True),
}
