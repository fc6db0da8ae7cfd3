"""Single strings, on the host; twin of `ops/string.py`."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from typing import Any, Final

import numpy as np

from metagraft.errors import InvalidArgumentError
from metagraft.graph.attrs import Attrs
from metagraft.kernels.kernel import Array, Kernel

_CONTINUED: Final = bytes(range(0x80, 0xC0))
_WEB_SAFE: Final = re.compile(rb"[A-Za-z0-9_-]*")


def string_length(attrs: Attrs, input: Array) -> tuple[Array]:
    texts = np.ravel(input).tolist()
    if attrs["unit"] != b"BYTE":
        # Every byte but those that continue a character of UTF-8.
        texts = [text.translate(None, _CONTINUED) for text in texts]
    lengths = np.fromiter(map(len, texts), np.int32, len(texts))
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
    return (_changed(input, _decoded),)


def _decoded(text: bytes) -> bytes:
    if len(text) % 4 == 1:
        raise _invalid("Base64 string length cannot be 1 modulo 4.")
    if len(text) % 4 == 0:
        text = text.removesuffix(b"=").removesuffix(b"=")
    if _WEB_SAFE.fullmatch(text) is None:
        raise _invalid("Invalid character found in base64.")
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
