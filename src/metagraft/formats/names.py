"""Names in files: bytes that are nearly always, but need not be, UTF-8.

Bytes that are no text become text and come back as they were.
"""

from __future__ import annotations

from collections.abc import Sequence


def decode_name(content: bytes) -> str:
    """Return a stored name as text."""
    return content.decode("utf-8", "surrogateescape")


def encode_name(name: str) -> bytes:
    """Return a name as it is stored; the inverse of `decode_name`."""
    return name.encode("utf-8", "surrogateescape")


def decode_names(contents: Sequence[bytes]) -> list[str]:
    """Return stored names as text, faster than one by one."""
    try:
        return list(map(bytes.decode, contents))
    except UnicodeDecodeError:
        return list(map(decode_name, contents))


def encode_names(names: Sequence[str]) -> list[bytes]:
    """Return names as they are stored, faster than one by one."""
    try:
        return list(map(str.encode, names))
    except UnicodeEncodeError:
        return list(map(encode_name, names))


def as_text(name: str | bytes) -> str:
    """Return a name that a program gives, as text or as UTF-8, as text."""
    return name.decode() if isinstance(name, bytes) else name
