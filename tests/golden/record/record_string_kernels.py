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

from tests.golden.record.kernel_values import Case, write

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


def text_as_numbers() -> Iterator[Case]:
    """What each type takes."""
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


def cases() -> Iterator[Case]:
    """Return all cases."""
    yield from hashes()
    yield from numbers_as_text()
    yield from text_as_numbers()


if __name__ == "__main__":
    write(OUT, cases())
