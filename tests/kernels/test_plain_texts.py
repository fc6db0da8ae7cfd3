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


def _shown(value: Any, count: int = -1) -> bytes:
    attrs = {"template": b"%s", "placeholder": b"%s", "summarize": count}
    (text,) = run_on_host(
        Recorded(0, "", "StringFormat", attrs, {"inputs": [value]}, [])
    )
    return text.item()


_NUMBERS = [0.1, 1 / 3, -0.0, 1e30, np.nan, -np.inf, 12345678.0, 1e-42]


@pytest.mark.parametrize(
    "array",
    [
        np.array(_NUMBERS, np.float32),
        np.array(_NUMBERS, np.float64),
        np.array([3, -5, 255], np.int64),
        np.array([b"plain", b"", "é☃".encode(), b"\xff"], object),
        np.array([b'"', b"a\nb", b"\\", b"plain", b"\0"], object),
    ],
)
def test_elements_are_shown_together_as_they_are_alone(array: Any) -> None:
    """Many are made text at once."""
    alone = [_shown(item) for item in np.split(array, len(array))]
    assert _shown(array) == b"[" + b" ".join(text[1:-1] for text in alone) + b"]"
    pair = np.stack([array, array[::-1]])
    ends = [alone[0][1:-1], b"...", alone[-1][1:-1]]
    rows = [b"[" + b" ".join(row) + b"]" for row in (ends, ends[::-1])]
    assert _shown(pair, 1) == b"[" + b"\n ".join(rows) + b"]"
