"""Records what TensorFlow's kernels of characters compute.

Usage: python -m tests.golden.record.record_unicode_kernels
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from tests.golden.record.kernel_errors import write_errors
from tests.golden.record.kernel_values import Case, write
from tests.golden.record.record_string_kernels import texts

FOLDER = Path(__file__).parents[1] / "unicode_kernels"
GOOD = ["hello", "héllo wörld", "日本語", "😀a", "", "a\0b\x1f\t", "\ufeffx", "\ufffd"]
DAMAGED = [
    b"\xff",
    b"a\xffb",
    b"\xe6\x97",
    b"\xe6\x97a",
    b"\xed\xa0\x80",
    b"\xf0\x9f\x98",
    b"\xf5\x80\x80\x80",
    b"\xc0\x80",
    b"\xc3",
    b"\x80\x80a",
    b"\xf4\x90\x80\x80",
    b"\xe0\x80\x80",
    b"\xf0\x80\x80\x80a\xc3\xa9\xff",
    b"\xe2\x82\xff",
]
OUTPUTS = ("UTF-8", "UTF-16-BE", "UTF-32-BE")
POLICIES: list[dict[str, Any]] = [
    {},
    {"errors": "ignore"},
    {"replace_control_characters": True, "replacement_char": 63},
    {"errors": "ignore", "replace_control_characters": True},
]


def encoded(encoding: str) -> list[bytes]:
    """Return texts in an encoding."""
    return [text.encode(encoding) for text in GOOD]


def inputs() -> Iterator[tuple[str, Any]]:
    """Strings and their encodings."""
    yield "UTF-8", texts(*encoded("utf-8"))
    yield "UTF-8", texts(*DAMAGED)
    yield "UTF-16-BE", texts(*encoded("utf-16-be"), b"\xd8\0\0a", b"\xdc\0\0b")
    yield "UTF-32-BE", texts(*encoded("utf-32-be"), b"\0\x11\1\1\0\0\0a")
    yield "ISO-8859-1", texts(b"a\xe9\x80")
    yield "US-ASCII", texts(b"a\xe9b")
    yield "SHIFT-JIS", texts("日本a".encode("shift-jis"))
    yield "UTF-8", texts()
    yield "UTF-8", texts(b"a", b"b\xc3\xa9").reshape(2, 1)
    yield "UTF-8", np.array("é".encode(), object)


def characters() -> Iterator[Case]:
    """Strings to characters and back."""
    for encoding, strings in inputs():
        for policy in POLICIES:
            attrs = {"input_encoding": encoding, **policy}
            given = {"input": strings}
            yield Case("unicode", "UnicodeDecodeWithOffsets", attrs, given)
            attrs = {**attrs, "Tsplits": "int32"}
            yield Case("unicode", "UnicodeDecode", attrs, given)
        for output in OUTPUTS:
            attrs = {"input_encoding": encoding, "output_encoding": output}
            yield Case("unicode", "UnicodeTranscode", attrs, {"input": strings})
    for output in OUTPUTS:
        for errors in ("replace", "ignore"):
            attrs = {"output_encoding": output, "errors": errors}
            values = [104, 233, 0x65E5, 0x1F601, -1, 0x110000, 0xD83D, 0xDE00, 98]
            operands = {
                "input_values": np.array(values, np.int32),
                "input_splits": np.array([0, 2, 2, 5, 9]),
            }
            yield Case("unicode", "UnicodeEncode", attrs, operands)
    some = np.concatenate([np.arange(0, 0x110000, 997), [-1, 0x110000, 2**31 - 1]])
    given = {"input": some.astype(np.int32)}
    yield Case("unicode", "UnicodeScript", {}, given)


def ngrams(splits: Any, widths: list[int], **attrs: Any) -> Case:
    """Return a case of StringNGrams."""
    every = {
        "separator": " ",
        "ngram_widths": widths,
        "left_pad": "<",
        "right_pad": ">",
        "pad_width": 0,
        "preserve_short_sequences": False,
        **attrs,
    }
    operands = {"data": texts(*b"a b c d e".split()), "data_splits": np.array(splits)}
    return Case("ngrams", "StringNGrams", every, operands)


def neighbours() -> Iterator[Case]:
    """Widths and paddings of all kinds."""
    rows = [0, 3, 3, 4, 5]
    for widths, padding, keeps_short in (
        ([2], 0, False),
        ([1, 2, 3], 0, False),
        ([3], -1, False),
        ([3], 1, False),
        ([4], 5, False),
        ([5], 0, True),
        ([5], -1, True),
        ([2, 6], 0, True),
        ([7], 1, True),
        ([], 0, False),
    ):
        attrs = {"pad_width": padding, "preserve_short_sequences": keeps_short}
        yield ngrams(rows, widths, **attrs)
        yield ngrams(np.array(rows, np.int32), widths, **attrs)
    yield ngrams(np.zeros(0, np.int64), [2])


def refused() -> Iterator[Case]:
    """Damaged strings where that is an error, and rows that are none."""
    given = {"input": texts(b"ok", b"\xff")}
    strict = {"input_encoding": "UTF-8", "errors": "strict"}
    yield Case("unicode", "UnicodeDecode", strict, given)
    attrs = {**strict, "output_encoding": "UTF-8"}
    yield Case("unicode", "UnicodeTranscode", attrs, given)
    attrs = {"input_encoding": "no such encoding"}
    yield Case("unicode", "UnicodeDecode", attrs, given)
    wide: dict[str, Any] = {"input_encoding": "UTF-8", "replacement_char": 0x110000}
    yield Case("unicode", "UnicodeDecode", wide, given)
    values = np.array([1, 0xD800], np.int32)
    for splits, errors in (
        ([0, 2], "strict"),
        ([0, 3], "replace"),
        ([1, 2], "replace"),
        ([0, 3, 2], "replace"),
    ):
        operands = {"input_values": values, "input_splits": np.array(splits, np.int64)}
        attrs = {"output_encoding": "UTF-8", "errors": errors}
        yield Case("unicode", "UnicodeEncode", attrs, operands)
    for splits in ([1, 5], [0, 6], [0, 3, 2, 5], [0, 3]):
        yield ngrams(splits, [2])


def main() -> None:
    """Write tests/golden/unicode_kernels/."""
    write(FOLDER / "values.npz", [*characters(), *neighbours()])
    write_errors(FOLDER / "errors.json", refused())


if __name__ == "__main__":
    main()
