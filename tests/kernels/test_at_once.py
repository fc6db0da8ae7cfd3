"""What is done to many texts, sequences or boxes at once, against each by itself."""

from __future__ import annotations

import random
import re
from itertools import product
from typing import Any

import numpy as np
import pytest

from metagraft.kernels import non_max_suppression, soft_suppression
from tests.kernel_cases import Recorded, run_on_host

_PIECES = ["a", "b", " ", ",", "ab", "\t", "7", "é", "漢", "X", "\n"]


def _texts(count: int, odd: str = "") -> list[bytes]:
    chance = random.Random(5)
    pieces = [*_PIECES, *odd]
    return [
        "".join(chance.choices(pieces, k=chance.randrange(9))).encode()
        for _ in range(count)
    ]


def _listed(texts: list[bytes]) -> Any:
    return np.fromiter(texts, object, len(texts))


def _run(op: str, attrs: dict[str, Any], **operands: Any) -> tuple[Any, ...]:
    return run_on_host(Recorded(0, "", op, attrs, operands, []))


@pytest.mark.parametrize("odd", ["", "\0\1"], ids=["plain", "odd"])
@pytest.mark.parametrize(
    ("op", "name", "separator", "attrs"),
    [
        ("StringSplit", "delimiter", b" ", {"skip_empty": True}),
        ("StringSplit", "delimiter", b" ,", {"skip_empty": False}),
        ("StringSplit", "delimiter", b"", {"skip_empty": True}),
        ("StringSplitV2", "sep", b"", {"maxsplit": -1}),
        ("StringSplitV2", "sep", b"ab", {"maxsplit": -1}),
        ("StringSplitV2", "sep", b"", {"maxsplit": 2}),
    ],
)
def test_splits(
    op: str, name: str, separator: bytes, attrs: dict[str, Any], odd: str
) -> None:
    """Empty texts and parts among them, and bytes that mean something to the kernel."""
    texts = [*_texts(40, odd), b"", b" ", b""]
    other = {name: np.array(separator, object)}
    places, values, shape = _run(op, attrs, input=_listed(texts), **other)
    rows: list[list[bytes]] = [[] for _ in texts]
    for (row, column), value in zip(places.tolist(), values.tolist(), strict=True):
        assert column == len(rows[row])
        rows[row].append(value)
    each = [_run(op, attrs, input=_listed([t]), **other)[1].tolist() for t in texts]
    assert rows == each
    assert shape.tolist() == [len(texts), max(map(len, each))]


@pytest.mark.parametrize("odd", ["", "\0"], ids=["plain", "odd"])
@pytest.mark.parametrize(
    ("op", "attrs"),
    [
        ("EncodeBase64", {"pad": True}),
        ("EncodeBase64", {"pad": False}),
        (
            "StaticRegexReplace",
            {"pattern": b"[ab]+", "rewrite": b"<\\0>", "replace_global": True},
        ),
        (
            "StaticRegexReplace",
            {"pattern": b"a*", "rewrite": b"-", "replace_global": True},
        ),
        ("StaticRegexFullMatch", {"pattern": b"[a-z]*"}),
        ("StringLower", {"encoding": b"utf-8"}),
    ],
)
def test_texts(op: str, attrs: dict[str, Any], odd: str) -> None:
    """Texts that are done to at once are those done to one by one."""
    texts = _texts(40, odd)
    (many,) = _run(op, attrs, input=_listed(texts))
    assert many.tolist() == [
        _run(op, attrs, input=_listed([text]))[0].item() for text in texts
    ]


@pytest.mark.parametrize("pattern", [b"(a)(.)", b"(a)|(b)", b"(a)([^b])", b"(a)(b?)"])
@pytest.mark.parametrize("without", ["\n", "\0", ""])
def test_groups_of_matches_at_the_ends_of_texts(pattern: bytes, without: str) -> None:
    """They take nothing of the next text, whatever may be between them."""
    attrs = {"pattern": pattern, "rewrite": rb"<\2%s\1>", "replace_global": True}
    texts = [text.replace(without.encode() or b"-", b"b") for text in _texts(200, "\0")]
    (many,) = _run("StaticRegexReplace", attrs, input=_listed(texts))
    assert many.tolist() == [
        _run("StaticRegexReplace", attrs, input=_listed([text]))[0].item()
        for text in texts
    ]
    search = re.compile(pattern, re.NOFLAG if b"." in pattern else re.DOTALL)
    expected = [
        search.sub(lambda m: b"<%b%%s%b>" % (m[2] or b"", m[1] or b""), text)
        for text in texts
    ]
    if pattern != b"(a)([^b])":  # takes a byte of a longer character
        assert [text for text in many if text.isascii()] == [
            text for text in expected if text.isascii()
        ]


def test_base64_is_read_back() -> None:
    """Padded or not."""
    texts = _texts(40)
    for pad in (True, False):
        (written,) = _run("EncodeBase64", {"pad": pad}, input=_listed(texts))
        (read,) = _run("DecodeBase64", {}, input=written)
        assert read.tolist() == texts


@pytest.mark.parametrize(
    ("form", "dtype"),
    [
        ("%d", "int64"),
        *product(["%d", "%.4f", "%.17g", "%.6e"], ["float32", "float64"]),
    ],
)
def test_numbers(form: str, dtype: str) -> None:
    """Of any length, with and without exponents, as NumPy reads them one by one."""
    chance = random.Random(form)
    numbers = [
        chance.uniform(-1, 1) * 10 ** chance.randrange(-25, 19) for _ in "x" * 99
    ]
    texts = [(form % number).encode() for number in numbers]
    operand = {"string_tensor": _listed(texts)}
    (found,) = _run("StringToNumber", {"out_type": dtype}, **operand)
    read = int if dtype == "int64" else float
    expected = np.array([read(text) for text in texts]).astype(dtype)
    np.testing.assert_array_equal(found, expected)


def test_quoted_fields() -> None:
    """Quotes, delimiters and ends of lines in fields; columns of two types."""
    fields = [b'"a""b"', b"plain", b'"x,y"', b'"\n"', b'""', b'""""', b""]
    rows = [field + b',"%d",2.5' % place for place, field in enumerate(fields * 6)]
    attrs = {
        "OUT_TYPE": ["string", "int32", "float32"],
        "field_delim": b",",
        "use_quote_delim": True,
        "na_value": b"",
        "select_cols": [],
    }
    defaults = (np.array([b"-"], object), np.array([1], "i4"), np.array([1], "f4"))
    many = _run("DecodeCSV", attrs, records=_listed(rows), record_defaults=defaults)
    texts = [b'a"b', b"plain", b"x,y", b"\n", b"-", b'"', b"-"] * 6
    assert [column.tolist() for column in many] == [
        texts,
        list(range(len(rows))),
        [2.5] * len(rows),
    ]


@pytest.mark.parametrize("merges", [True, False])
def test_greedy_paths(*, merges: bool) -> None:
    """Sequences of different lengths, one of them empty."""
    inputs = np.random.default_rng(2).normal(size=(7, 4, 3)).astype(np.float32)
    lengths = np.array([7, 0, 3, 5], np.int32)
    attrs = {"merge_repeated": merges, "blank_index": -1}
    places, values, _, scores = _run(
        "CTCGreedyDecoder", attrs, inputs=inputs, sequence_length=lengths
    )
    for row in range(4):
        one = slice(row, row + 1)
        _, path, _, score = _run(
            "CTCGreedyDecoder",
            attrs,
            inputs=inputs[:, one],
            sequence_length=lengths[one],
        )
        assert values[places[:, 0] == row].tolist() == path.tolist()
        assert scores[row] == score[0]


@pytest.mark.parametrize("is_odd", [False, True])
def test_soft_suppression_of_few_and_many(
    monkeypatch: pytest.MonkeyPatch, is_odd: bool
) -> None:
    """Scores are the same whether all pairs of boxes are worked out, some, or few."""
    chance = np.random.default_rng(4)
    corners = np.sort(chance.uniform(0, 60, (300, 2, 2)), axis=1)
    if is_odd:  # equal boxes and scores, empty boxes, and what is no number
        corners = corners.round(-1)
        corners[3], corners[7, 0, 1] = np.inf, np.nan
    operands = {
        "boxes": corners.reshape(300, 4).astype(np.float32),
        "scores": chance.uniform(size=300).astype(np.float32).round(1 if is_odd else 7),
        "max_output_size": np.array(60, np.int32),
        "iou_threshold": np.float32(1),
        "score_threshold": np.float32(0.01),
        "soft_nms_sigma": np.float32(0.5),
    }
    attrs = {"pad_to_max_output_size": False}
    few = _run("NonMaxSuppressionV5", attrs, **operands)
    monkeypatch.setattr(non_max_suppression, "_MOST_PAIRED", 0)
    many = _run("NonMaxSuppressionV5", attrs, **operands)
    monkeypatch.setattr(soft_suppression, "_CHOICE_NS", 1e9)
    looped = _run("NonMaxSuppressionV5", attrs, **operands)
    for a, b, c in zip(few, many, looped, strict=True):
        np.testing.assert_array_equal(a, b)
        np.testing.assert_array_equal(a, c, strict=True)
