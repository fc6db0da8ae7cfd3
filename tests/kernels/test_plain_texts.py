"""Texts of ASCII, which are read together, against the same texts beside others."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from tests.kernel_cases import Recorded, run_on_host

_PLAIN = [b"", b"abc", b"a\tb\0c\x1f", b"\x7f", b"", b"xyz"]


def _decoded(texts: list[bytes], errors: str, *, replaces_controls: bool) -> list[Any]:
    """Return the characters and offsets of every text."""
    given = np.empty(len(texts), object)
    given[:] = texts
    attrs = {
        "input_encoding": "UTF-8",
        "errors": errors,
        "replacement_char": 63,
        "replace_control_characters": replaces_controls,
        "Tsplits": "int64",
    }
    case = Recorded(0, "", "UnicodeDecodeWithOffsets", attrs, {"input": given}, [])
    splits, characters, starts = run_on_host(case)
    return [
        (characters[start:end].tolist(), starts[start:end].tolist())
        for start, end in pairwise(splits)
    ]


@pytest.mark.parametrize("errors", ["strict", "replace", "ignore"])
@pytest.mark.parametrize("replaces_controls", [True, False])
def test_plain_texts_are_read_alike(errors: str, *, replaces_controls: bool) -> None:
    """A text that is not plain makes all be read one by one."""
    alone = _decoded(_PLAIN, errors, replaces_controls=replaces_controls)
    others = [*_PLAIN, "é".encode()]
    assert alone == _decoded(others, errors, replaces_controls=replaces_controls)[:-1]
    assert alone[1] == ([97, 98, 99], [0, 1, 2])
