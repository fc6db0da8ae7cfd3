"""Names in files, which need not be text."""

from __future__ import annotations

import pytest

from metagraft.formats.names import decode_name, encode_name


@pytest.mark.parametrize("content", [b"", b"weights", "größe".encode(), b"\xff\xfe/a"])
def test_bytes_come_back(content: bytes) -> None:
    """Bytes become text and come back as they were, also where they are no UTF-8."""
    assert encode_name(decode_name(content)) == content


def test_text_is_utf_8() -> None:
    """Names are stored as UTF-8."""
    assert encode_name("größe") == b"gr\xc3\xb6\xc3\x9fe"
    assert decode_name(b"gr\xc3\xb6\xc3\x9fe") == "größe"
