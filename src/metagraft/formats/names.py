"""Names in files: bytes that are nearly always, but need not be, UTF-8.

Bytes that are no text become text and come back as they were.
"""

from __future__ import annotations


def decode_name(content: bytes) -> str:
    """Return a stored name as text."""
    return content.decode("utf-8", "surrogateescape")


def encode_name(name: str) -> bytes:
    """Return a name as it is stored; the inverse of `decode_name`."""
    return name.encode("utf-8", "surrogateescape")


def as_text(name: str | bytes) -> str:
    """Return a name that a program gives, as text or as UTF-8, as text."""
    return name.decode() if isinstance(name, bytes) else name
