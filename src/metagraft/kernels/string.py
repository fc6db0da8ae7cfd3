"""Single strings, on the host; twin of `ops/string.py`."""

from __future__ import annotations

import base64
import re
import string
from collections.abc import Callable
from functools import cache
from typing import Any, Final

import numpy as np

from metagraft.errors import InvalidArgumentError
from metagraft.graph.attrs import Attrs
from metagraft.kernels.kernel import Array, Kernel

_WEB_SAFE: Final = re.compile(rb"[A-Za-z0-9_-]*")
_NO_PAIR: Final = 0xFFFF
_AT_ONCE: Final = 2**16
# What fills texts up, by how many characters are left over; one is too few.
_FILLING: Final = (b"", b"***", b"AA", b"A")


def string_length(attrs: Attrs, input: Array) -> tuple[Array]:
    texts = np.ravel(input).tolist()
    lengths = np.fromiter(map(len, texts), np.int32, len(texts))
    joined = b"" if attrs["unit"] == b"BYTE" else b"".join(texts)
    if not joined.isascii():
        # Every byte but those that continue a character of UTF-8.
        counted = (np.frombuffer(joined, np.int8) >= -0x40).cumsum(dtype=np.int64)
        ends = lengths.cumsum(dtype=np.int64)
        lengths = np.diff(np.append(0, counted)[ends], prepend=0).astype(np.int32)
    return (lengths.reshape(np.shape(input)),)


def string_lower(attrs: Attrs, input: Array) -> tuple[Array]:
    return (_changed(input, _case(attrs, bytes.lower, str.lower)),)


def string_upper(attrs: Attrs, input: Array) -> tuple[Array]:
    return (_changed(input, _case(attrs, bytes.upper, str.upper)),)


def _case(
    attrs: Attrs, of_bytes: Callable[[bytes], bytes], of_text: Callable[[str], str]
) -> Callable[[bytes], bytes]:
    encoding: bytes = attrs["encoding"]
    if not encoding:
        return of_bytes
    if encoding != b"utf-8":
        raise _invalid(
            "only utf-8 or '' (no encoding) is supported, received "
            + encoding.decode("utf-8", "backslashreplace")
        )
    # Text ends with its first zero byte, as it does in TensorFlow.
    return lambda text: of_text(
        text.split(b"\0", 1)[0].decode("utf-8", "replace")
    ).encode()


def string_strip(_: Attrs, input: Array) -> tuple[Array]:
    return (_changed(input, bytes.strip),)


def encode_base64(attrs: Attrs, input: Array) -> tuple[Array]:
    padding = b"" if attrs["pad"] else b"="
    return (
        _changed(input, lambda text: base64.urlsafe_b64encode(text).rstrip(padding)),
    )


def decode_base64(_: Attrs, input: Array) -> tuple[Array]:
    texts = np.ravel(input).tolist()
    results = np.empty(len(texts), object)
    # So many at a time that what is computed of them stays in the cache.
    step = max(_AT_ONCE * len(texts) // (sum(map(len, texts)) + 1), 1)
    for start in range(0, len(texts), step):
        part = texts[start : start + step]
        found = _decoded_at_once(part) or list(map(_decoded, part))
        results[start : start + step] = found
    return (results.reshape(np.shape(input)),)


def _decoded_at_once(texts: list[bytes]) -> list[bytes] | None:
    """Decode texts as one, each filled up to whole groups of four characters."""
    texts = [_unpadded(text) if text[-1:] == b"=" else text for text in texts]
    whole = b"".join([text + _FILLING[len(text) % 4] for text in texts])
    pairs = _values_of_pairs()[np.frombuffer(whole, "<u2")]
    if (pairs == _NO_PAIR).any():
        return None
    groups = np.empty((pairs.size // 2, 3), np.uint8)
    first, second = pairs[::2], pairs[1::2]
    groups[:, 0] = first >> 4
    groups[:, 1] = (first << 4 | second >> 8) & 0xFF
    groups[:, 2] = second & 0xFF
    content = groups.tobytes()
    place, found = 0, []
    for size in map(len, texts):
        found.append(content[place : place + size * 3 // 4])
        place += (size + 3) // 4 * 3
    return found


@cache
def _values_of_pairs() -> Array:
    """Return the twelve bits that each two characters stand for."""
    characters = string.ascii_uppercase + string.ascii_lowercase + string.digits + "-_"
    codes = np.frombuffer(characters.encode(), np.uint8).astype(np.int64)
    values = np.full((256, 256), _NO_PAIR, np.uint16)
    bits = np.arange(64, dtype=np.uint16)
    # The second character is the higher byte of a pair.
    values[codes[:, None], codes] = bits[:, None] | bits << 6
    return values.reshape(-1)


def _unpadded(text: bytes) -> bytes:
    if len(text) % 4 == 0:
        return text.removesuffix(b"=").removesuffix(b"=")
    return text


def _decoded(text: bytes) -> bytes:
    text = _unpadded(text)
    left_over = len(text) % 4 == 1
    if _WEB_SAFE.fullmatch(text[: len(text) - left_over]) is None:
        raise _invalid("Invalid character found in base64.")
    if left_over:
        raise _invalid("Base64 string length cannot be 1 modulo 4.")
    return base64.urlsafe_b64decode(text + b"=" * (-len(text) % 4))


def _changed(strings: Array, change: Callable[[bytes], bytes]) -> Array:
    results: np.ndarray[Any, Any] = np.empty(np.size(strings), dtype=object)
    results[:] = list(map(change, np.ravel(strings).tolist()))
    return results.reshape(np.shape(strings))


def _invalid(message: str) -> InvalidArgumentError:
    return InvalidArgumentError(None, None, message)


KERNELS = {
    "DecodeBase64": Kernel(decode_base64, host=True),
    "EncodeBase64": Kernel(encode_base64, host=True),
    "StringLength": Kernel(string_length, host=True),
    "StringLower": Kernel(string_lower, host=True),
    "StringStrip": Kernel(string_strip, host=True),
    "StringUpper": Kernel(string_upper, host=True),
}
