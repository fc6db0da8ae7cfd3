"""Single strings, on the host; twin of `ops/string.py`."""

from __future__ import annotations

import base64
import binascii
import re
import string
from collections.abc import Callable, Iterable
from functools import cache
from typing import Final

import numpy as np

from metagraft.errors import InvalidArgumentError
from metagraft.graph.attrs import Attrs
from metagraft.kernels.joined_texts import joined, sizes_of
from metagraft.kernels.kernel import Array, Kernel

_TO_WEB: Final = bytes.maketrans(b"+/", b"-_")
_FROM_WEB: Final = bytes.maketrans(b"-_", b"+/")
_WEB_BYTES: Final = (string.ascii_letters + string.digits + "-_\n").encode()
# Texts that are not longer are decoded one after the other, others by NumPy.
_SHORT: Final = 64
_WEB_SAFE: Final = re.compile(rb"[A-Za-z0-9_-]*")
_NO_PAIR: Final = 0xFFFF
_AT_ONCE: Final = 2**16
# What fills texts up, by how many characters are left over; one is too few.
_FILLING: Final = (b"", b"***", b"AA", b"A")


def string_length(attrs: Attrs, input: Array) -> tuple[Array]:
    texts = np.ravel(input).tolist()
    if attrs["unit"] == b"BYTE":
        lengths = sizes_of(texts)
    else:
        whole, begins, lengths = joined(texts)
        if not whole.isascii():
            # Every byte but those that continue a character of UTF-8.
            counted = np.empty(len(whole) + 1, np.int64)
            counted[0] = 0
            (np.frombuffer(whole, np.int8) >= -0x40).cumsum(out=counted[1:])
            lengths = counted[begins + lengths] - counted[begins]
    return (lengths.astype(np.int32).reshape(np.shape(input)),)


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
    texts = np.ravel(input).tolist()
    if len(texts) == 1:
        found = base64.urlsafe_b64encode(texts[0])
        return (_listed([found if attrs["pad"] else found.rstrip(b"=")], input),)
    # What is to be done to all of them is done at once, line by line.
    lines = b"".join(map(binascii.b2a_base64, texts)).translate(_TO_WEB)
    if not attrs["pad"]:
        lines = lines.replace(b"=", b"")
    return (_listed(lines.split(b"\n")[:-1], input),)


def decode_base64(_: Attrs, input: Array) -> tuple[Array]:
    texts = np.ravel(input).tolist()
    found: list[bytes] = []
    # So many at a time that what is computed of them stays in the cache.
    step = max(_AT_ONCE * len(texts) // (sum(map(len, texts)) + 1), 1)
    for start in range(0, len(texts), step):
        part = texts[start : start + step]
        found += _decoded_at_once(part) or list(map(_decoded, part))
    return (_listed(found, input),)


def _decoded_at_once(texts: list[bytes]) -> list[bytes] | None:
    """Decode texts as one, each filled up to whole groups of four characters."""
    if b"=" in b"".join(texts):
        texts = [_unpadded(text) if text[-1:] == b"=" else text for text in texts]
    if len(texts) * _SHORT > sum(map(len, texts)):
        return _decoded_lines(texts)
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


def _decoded_lines(texts: list[bytes]) -> list[bytes] | None:
    lines = b"\n".join(texts)
    if lines.translate(None, _WEB_BYTES) or lines.count(b"\n") >= len(texts):
        return None
    if any(size % 4 == 1 for size in set(map(len, texts))):
        return None
    # Missing characters at the end may be filled up with too many.
    filled = lines.translate(_FROM_WEB).replace(b"\n", b"==\n") + b"=="
    return list(map(binascii.a2b_base64, filled.split(b"\n")))


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
    return _listed(map(change, np.ravel(strings).tolist()), strings)


def _listed(texts: Iterable[bytes], like: Array) -> Array:
    """Return as many texts as an array has, in its shape."""
    listed: Array = np.fromiter(texts, object, np.size(like))
    return listed.reshape(np.shape(like))


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
