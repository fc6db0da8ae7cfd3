"""Records what TensorFlow's kernels of strings compute.

Usage: python -m tests.golden.record.record_string_kernels
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np

from tests.golden.record.kernel_values import Case, has_kernel, write

OUT = Path(__file__).parents[1] / "string_kernels" / "values.npz"
RNG = np.random.RandomState(11)


def texts(*items: bytes) -> Any:
    """Return strings as an array; none may end with a zero byte, which NumPy drops."""
    array = np.empty(len(items), dtype=object)
    array[:] = items
    return array


def hashes() -> Iterator[Case]:
    """Every length up to 200 bytes, and some that are longer."""
    lengths = [*range(201), 255, 256, 257, 1000]
    strings = texts(
        *(RNG.randint(1, 256, n).astype(np.uint8).tobytes() for n in lengths)
    )
    for count in (1, 10, 2**31 - 1, 2**62):
        buckets = {"num_buckets": count}
        given = {"input": strings}
        yield Case("hash", "StringToHashBucketFast", buckets, given)
        named = {"string_tensor": strings}
        yield Case("hash", "StringToHashBucket", buckets, named)
        for key in ([0, 0], [1, 2], [-1, 2**62]):
            keyed = {**buckets, "key": key}
            yield Case("hash", "StringToHashBucketStrong", keyed, given)


FLOATS = [1.5, -0.0, math.nan, -math.nan, math.inf, -math.inf, 1e20, 1e-7, 123456.789]
FLOAT_FORMATS: list[dict[str, Any]] = [
    {},
    {"precision": 0},
    {"precision": 2, "width": 12},
    {"scientific": True},
    {"shortest": True, "precision": 3},
    {"shortest": True, "fill": "#"},
    {"width": 12, "fill": "0"},
    {"width": 12, "fill": "-"},
    {"width": 9, "fill": "+"},
    {"fill": " "},
    {"fill": "#", "precision": 0},
    {"width": 0, "fill": "0"},
    {"precision": -5},
]
INTEGER_FORMATS: list[dict[str, Any]] = [
    {},
    {"width": 5},
    *({"width": 5, "fill": fill} for fill in ("0", "-", "+", " ", "#")),
]


def numbers_as_text() -> Iterator[Case]:
    """Every type and every attribute."""
    for name in (
        "float32",
        "float64",
        "float16",
        "bfloat16",
        "complex64",
        "complex128",
    ):
        dtype = np.dtype(getattr(ml_dtypes, name, name))
        with np.errstate(over="ignore"):
            values = np.array(FLOATS).astype(dtype)
        for attrs in FLOAT_FORMATS:
            yield Case("as_string", "AsString", attrs, {"input": values})
    for bits in (8, 16, 32, 64):
        for kind in ("int", "uint"):
            dtype = np.dtype(f"{kind}{bits}")
            limits = np.iinfo(dtype)
            values = np.array([[0, 7], [limits.min, limits.max]], dtype)
            for attrs in INTEGER_FORMATS:
                yield Case("as_string", "AsString", attrs, {"input": values})
    words = texts(b"ab\0cd", b"100%d", b"\xff", b"")
    for attrs in (
        {},
        {"width": 6},
        {"width": 6, "fill": "-"},
        {"width": 6, "fill": "0"},
    ):
        yield Case("as_string", "AsString", attrs, {"input": words})
    for attrs in ({}, {"width": 8, "fill": "0"}):
        flags = np.array([True, False])
        yield Case("as_string", "AsString", attrs, {"input": flags})


INTEGERS = texts(b"1", b" 1", b"1 ", b"\t\v1\n", b"+1", b"007", b"2147483647")
DECIMALS = texts(
    *b"1.5 1e3 1E3 1e400 1e-400 -1e400 inf Inf +inf -inf infinity nan NaN -nan".split(),
    *b"0x1F 0x1p3 0X1.8p1 -0x.8 1. .5 nan(1) 0.1 16777217 3.4028236e38 1e-46".split(),
    *b"1e-40 -0 99999999999999999999 9007199254740993 1.00000005960464477540".split(),
    *b"1.00000005960464477539 1.000000059604644775390625".split(),
)


SHOWN = ("%r", "%.3f", "%.9e", "%d", "%.17g", "%e")


def many_numbers() -> Any:
    """Return so many decimals that they are read at once, with and without spaces."""
    rng = np.random.RandomState(7)
    given = rng.standard_normal(60) * 10.0 ** rng.randint(-20, 20, 60)
    shown = [
        *(SHOWN[i % len(SHOWN)] % x for i, x in enumerate(given.tolist())),
        *("0", "-0", "-0.0", ".5", "5.", "+1.25e+3", "nan", "-inf", "0x1p3", "1e23"),
        "9007199254740993",
        "123456789012345678901234567890",
        "0.000000000000000000000012345",
    ]
    return texts(*(f"{' ' * (i % 3)}{x}".encode() for i, x in enumerate(shown)))


def text_as_numbers() -> Iterator[Case]:
    """What each type takes."""
    whole = texts(*(str(3**i % 2**31 * (-1) ** i).encode() for i in range(40)))
    for name in ("float32", "float64", "int32", "int64"):
        attrs = {"out_type": np.dtype(name).type}
        many = many_numbers() if name.startswith("f") else whole
        yield Case("to_number", "StringToNumber", attrs, {"string_tensor": many})
    for name in ("float32", "float64", "int32", "int64", "uint32", "uint64"):
        attrs = {"out_type": np.dtype(name).type}
        given = {"string_tensor": INTEGERS}
        yield Case("to_number", "StringToNumber", attrs, given)
    for name in ("float32", "float64"):
        attrs = {"out_type": np.dtype(name).type}
        given = {"string_tensor": DECIMALS}
        yield Case("to_number", "StringToNumber", attrs, given)
    for name in ("int32", "int64"):
        limits = np.iinfo(name)
        edges = texts(str(limits.min).encode(), str(limits.max).encode(), b"-0")
        attrs = {"out_type": np.dtype(name).type}
        yield Case("to_number", "StringToNumber", attrs, {"string_tensor": edges})


def single_strings() -> Iterator[Case]:
    """Length, case, white space, base 64."""
    words = texts(
        "ÀÉa ß ǆ İI ﬀ Σς".encode(),
        b"\xffAb",
        b" \t\v\f\r\n x \0y ",
        b"\x1c a",
        b"",
        b"  ",
    )
    for op in ("StringLower", "StringUpper"):
        for encoding in ("", "utf-8"):
            yield Case("string", op, {"encoding": encoding}, {"input": words})
    yield Case("string", "StringStrip", {}, {"input": words})
    for unit in ("BYTE", "UTF8_CHAR"):
        yield Case("string", "StringLength", {"unit": unit}, {"input": words})
    plain = texts(b"", b"a", b"ab", b"abc", b"\xff\xfe\xfd", bytes(range(1, 256)))
    for pad in (False, True):
        yield Case("string", "EncodeBase64", {"pad": pad}, {"input": plain})
    coded = texts(*b"YQ YQ== YWI YWI= YWJj __79 YR YWJ= YWJjYWJj".split(), b"")
    yield Case("string", "DecodeBase64", {}, {"input": coded})
    padded = texts(*(b"YWJjZGVm"[:size] for size in (4, 7, 2, 8, 3, 6)))
    yield Case("string", "DecodeBase64", {}, {"input": padded})
    numbers = np.arange(40, dtype=np.int32).reshape(5, 8)
    for summarize in (3, 1, -1):
        attrs = {"template": "a %s b %s", "summarize": summarize}
        yield Case("string", "StringFormat", attrs, {"inputs": [numbers, words[3:]]})
    letters = texts("😊é".encode(), b"\xff\xf0\x9f", b"\x01'\"\x7f\x80", b"\xc3")
    attrs = {"template": "%s", "summarize": 3}
    yield Case("string", "StringFormat", attrs, {"inputs": [letters]})


def joins() -> Iterator[Case]:
    """Strings put together."""
    pairs = texts(b"a", b"b", b"c", b"d", b"e", b"f").reshape(3, 2)
    for operands in ([pairs, pairs], [pairs[0], texts(b"z").reshape(())]):
        attrs = {"separator": "-"}
        yield Case("join", "StringJoin", attrs, {"inputs": operands})
    cube = texts(*(f"{i}".encode() for i in range(24))).reshape(2, 3, 4)
    for axes in (0, -1, [0, 1], [2, 0], [-1, 1, 0], []):
        for keep in (False, True):
            attrs = {"separator": ".", "keep_dims": keep}
            operands = {"inputs": cube, "reduction_indices": np.array(axes, np.int32)}
            yield Case("join", "ReduceJoin", attrs, operands)
    for ids, count in (([0, 1, 0], 2), ([2, 2, 0], 4), ([[0, 1], [1, 0], [0, 0]], 2)):
        operands = {
            "inputs": pairs,
            "segment_ids": np.array(ids, np.int64),
            "num_segments": np.array(count, np.int32),
        }
        yield Case("join", "UnsortedSegmentJoin", {"separator": ":"}, operands)


def parts() -> Iterator[Case]:
    """Strings cut into pieces."""
    words = texts(b"hello world", b"", b" a  b ", b"a,b;c", b"\t x\n y", b"<>a<>b<><>")
    for delimiter in (b" ", b",;", b"", b"ab", b"]^-"):
        for skip in (True, False):
            operands = {"input": words, "delimiter": texts(delimiter).reshape(())}
            yield Case("split", "StringSplit", {"skip_empty": skip}, operands)
    for sep in (b"", b" ", b",", b"<>"):
        for limit in (-1, 0, 1, 2, -5):
            operands = {"input": words, "sep": texts(sep).reshape(())}
            yield Case("split", "StringSplitV2", {"maxsplit": limit}, operands)
    word = texts("aé€😀z".encode(), b"\x80\x80abc")
    for unit in ("BYTE", "UTF8_CHAR"):
        for pos, size in ((0, 2), (1, 3), (-1, 1), (-3, 2), (-3, 9), (3, 1), (1, -1)):
            operands = {
                "input": word,
                "pos": np.array(pos, np.int32),
                "len": np.array(size, np.int32),
            }
            yield Case("split", "Substr", {"unit": unit}, operands)
    operands = {
        "input": texts(b"hello", b"world"),
        "pos": np.array([[0], [1], [2]], np.int64),
        "len": np.array([[1], [2], [3]], np.int64),
    }
    yield Case("split", "Substr", {}, operands)


TYPES = ("float16", "float32", "float64", "bfloat16", "int8", "uint8")
TYPES += ("int16", "uint16", "int32", "int64")


def raw_numbers() -> Iterator[Case]:
    """Bytes of every type, in both orders."""
    rows = texts(bytes(range(1, 33)), bytes(range(33, 65))).reshape(2, 1)
    ragged = texts(b"abcd", b"abcdefghi", b"a", b"")
    for name in TYPES:
        dtype = np.dtype(getattr(ml_dtypes, name, name)).type
        for little in (True, False):
            attrs = {"out_type": dtype, "little_endian": little}
            yield Case("raw", "DecodeRaw", attrs, {"bytes": rows})
            operands = {"input_bytes": ragged, "fixed_length": np.array(8, np.int32)}
            yield Case("raw", "DecodePaddedRaw", attrs, operands)
    for name in ("complex64", "complex128"):
        for little in (True, False):
            attrs = {"out_type": np.dtype(name).type, "little_endian": little}
            yield Case("raw", "DecodeRaw", attrs, {"bytes": rows})
    empty = {"bytes": texts(b"", b"")}
    yield Case("raw", "DecodeRaw", {"out_type": np.int32}, empty)
    flags = {"bytes": texts(b"\1\0\1")}
    yield Case("raw", "DecodeRaw", {"out_type": np.bool_}, flags)


REWRITES = [
    (r"a(.)", r"<\1\0>"),
    ("", "-"),
    ("b*", "-"),
    ("(a)|(b)", r"\2"),
    ("a", r"\1"),
    ("a", "\\"),
    ("a", r"y\x"),
    ("a", r"\\"),
    (r"\pL+", "L"),
    (r"\P{Lu}", "n"),
    (r"[\p{^L}]", "n"),
    ("[[:alpha:]]+", "W"),
    ("[[:^alpha:]x]", "W"),
    ("(?P<n>a)(?P<o>b)", r"\2\1"),
    ("(?i)A|B(?-i)C", "x"),
    ("a(?i:B)", "x"),
    (".", "x"),
    ("(?s).", "x"),
    (r"\d+", "N"),
    (r"[^\d\s]", "N"),
    (r"[\D]", "N"),
    (r"\W", "N"),
    ("$", "e"),
    ("(?m)$", "e"),
    ("^", "s"),
    ("(?m)^.", "s"),
    ("a{1,2}?", "z"),
    ("(?U)a.*b", "z"),
    ("(?U)a.*?b", "z"),
    (r"\Qa.\E*", "z"),
    (r"\x61\x{62}|\062", "z"),
    (r"\bx|x\b", "z"),
    (r"\Aa|b\z", "z"),
    (r"[]a]|[b-]|[\]^]", "z"),
    ("a{,2}", "z"),
    ("(|a)*", "z"),
    ("(?i)É", "z"),
    ("(?i)[^a]", "z"),
]


def patterns() -> Iterator[Case]:
    """Patterns of RE2."""
    words = texts(
        b"abcabab",
        b"",
        b"x1\n22\nx",
        b"\xc3\xa9a\xff",
        "Éé€Ab x_".encode(),
        b"a.b[]^a{,2}-",
    )
    for pattern, rewrite in REWRITES:
        for every in (True, False):
            attrs = {"pattern": pattern, "rewrite": rewrite, "replace_global": every}
            yield Case("regex", "StaticRegexReplace", attrs, {"input": words})
        yield Case(
            "regex", "StaticRegexFullMatch", {"pattern": pattern}, {"input": words}
        )
    scalars = {"pattern": texts(b"b|.").reshape(()), "rewrite": texts(b"c").reshape(())}
    yield Case("regex", "RegexReplace", {}, {"input": words, **scalars})
    pattern = {"pattern": scalars["pattern"]}
    yield Case("regex", "RegexFullMatch", {}, {"input": words, **pattern})


def cases() -> Iterator[Case]:
    """Return all cases."""
    yield from hashes()
    yield from numbers_as_text()
    yield from text_as_numbers()
    yield from single_strings()
    yield from joins()
    yield from parts()
    yield from raw_numbers()
    yield from patterns()


if __name__ == "__main__":
    write(OUT, (case for case in cases() if has_kernel(case)))
