"""Records what TensorFlow computes where our kernels take another way for many.

Usage: python -m tests.golden.record.record_many_elements
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from tests.golden.record.kernel_values import Case, write
from tests.golden.record.record_string_kernels import texts

OUT = Path(__file__).parents[1] / "many_elements" / "values.npz"
RNG = np.random.RandomState(31)


def _sparse(prefix: str, places: list[list[int]], values: list[float]) -> Any:
    return {
        f"{prefix}_indices": np.array(places, np.int64),
        f"{prefix}_values": np.array(values, np.float32),
        f"{prefix}_shape": np.array([2**40, 2**40], np.int64),
    }


def sparse_tensors() -> Iterator[Case]:
    """Repeated and unordered places, far ones, and zeros with a sign."""
    near = [[0, 1], [0, 1], [1, 0], [3, 3]]
    pairs = [
        (near, [[0, 1], [0, 1], [0, 1], [2, 2]]),
        (near[::-1], [[3, 3], [0, 1], [9, 9], [1, 0]]),
        (
            [[0, 0], [2**39, 1], [2**40 - 1, 7]],
            [[2**39, 1], [2**39, 2], [2**40 - 1, 7]],
        ),
    ]
    for first, second in pairs:
        a = _sparse("a", first, [-0.0, 2, np.nan, -1][: len(first)])
        b = _sparse("b", second, [3, -2, -0.0, 5][: len(second)])
        for op in ("SparseSparseMaximum", "SparseSparseMinimum"):
            yield Case("sparse", op, {}, {**a, **b})
        for limit in (0, 2):
            yield Case(
                "sparse", "SparseAdd", {}, {**a, **b, "thresh": np.float32(limit)}
            )


def counts() -> Iterator[Case]:
    """Values that are near each other, far from each other, and too far for that."""
    for factor in (1, 10**6, 2**60):
        values = RNG.randint(0, 7, (3, 9)) * factor
        for weights in (np.zeros(0, np.float32), RNG.rand(3, 9).astype(np.float32)):
            given = {"values": values, "weights": weights}
            attrs = {"binary_output": False}
            yield Case("count", "DenseCountSparseOutput", attrs, given)


def parts() -> Iterator[Case]:
    """Places before the end, where a length below zero is refused for characters."""
    strings = texts(b"abc", "éé€".encode(), b"\x80\x80a\xff", b"")
    for unit in ("BYTE", "UTF8_CHAR"):
        for given, start, length in [(strings, 0, 2), (strings[:3], -2, 1)]:
            for one in (np.int32, np.int64):
                operands = {"input": given, "pos": one(start), "len": one(length)}
                yield Case("part", "Substr", {"unit": unit}, operands)
        operands = {"input": strings, "pos": np.int32(0), "len": np.int32(-1)}
        yield Case("part", "Substr", {"unit": unit}, operands)


def characters() -> Iterator[Case]:
    """Strings that are damaged only where one ends and the next begins."""
    whole = "😀aé€".encode()
    given = [texts(whole, b"", whole), texts(whole[:2], whole[2:], b"\xf0\x9f", b"z")]
    for strings in given:
        for errors in ("replace", "ignore"):
            attrs = {"input_encoding": "UTF-8", "errors": errors}
            operands = {"input": strings}
            yield Case("characters", "UnicodeDecodeWithOffsets", attrs, operands)
            attrs = {**attrs, "output_encoding": "UTF-16-BE"}
            yield Case("characters", "UnicodeTranscode", attrs, operands)


def boxes() -> Iterator[Case]:
    """Many boxes whose scores are lowered, in both precisions, some scores equal."""
    corners = RNG.rand(300, 2)
    sizes = RNG.rand(300, 2) * 0.4
    both = np.concatenate([corners, corners + sizes], axis=1)
    scores = RNG.rand(300).round(2)
    for dtype in (np.float16, np.float32):
        for sigma in (0.1, 0.5):
            given = {
                "boxes": both.astype(dtype),
                "scores": scores.astype(dtype),
                "max_output_size": np.int32(60),
                "iou_threshold": dtype(0.5),
                "score_threshold": dtype(0.1),
                "soft_nms_sigma": dtype(sigma),
            }
            yield Case("boxes", "NonMaxSuppressionV5", {}, given)


def equal_scores() -> Iterator[Case]:
    """Many boxes of equal scores, and those that fade until nothing is left."""
    for count, classes, levels in ((70, 4, 3), (40, 9, 1), (90, 2, 12)):
        corners = RNG.uniform(0, 3, [1, count, 1, 2])
        sizes = RNG.uniform(0.1, 0.6, [1, count, 1, 2])
        scores = RNG.randint(0, levels, [1, count, classes]) / 7 + 0.1
        given = {
            "boxes": np.concatenate([corners, corners + sizes], 3).astype(np.float32),
            "scores": scores.astype(np.float32),
            "max_output_size_per_class": np.int32(25),
            "max_total_size": np.int32(40),
            "iou_threshold": np.float32(0.3),
            "score_threshold": np.float32(0.05),
        }
        yield Case("boxes", "CombinedNonMaxSuppression", {"clip_boxes": False}, given)
    for sigma in (0.02, 0.3):
        corners = RNG.uniform(0, 0.3, [120, 2])
        sizes = RNG.uniform(0.3, 0.6, [120, 2])
        given = {
            "boxes": np.concatenate([corners, corners + sizes], 1).astype(np.float32),
            "scores": RNG.uniform(0, 1, [120]).astype(np.float32),
            "max_output_size": np.int32(120),
            "iou_threshold": np.float32(0.5),
            "score_threshold": np.float32(-1),
            "soft_nms_sigma": np.float32(sigma),
        }
        yield Case("boxes", "NonMaxSuppressionV5", {}, given)


def many_texts() -> Iterator[Case]:
    """Texts that are handled as one, and some that cannot be."""
    short = [b"%x" % (n * 7919) for n in range(40, 140)]
    for some in ([], [b""], [b"a\0bc", "é€".encode()], [b"z" * 20_000]):
        given = {"input": texts(*short, *some)}
        for unit in ("BYTE", "UTF8_CHAR"):
            yield Case("texts", "StringLength", {"unit": unit}, given)
            where = {"pos": np.int32(1), "len": np.int32(2)}
            if b"" not in some:
                yield Case("texts", "Substr", {"unit": unit}, {**given, **where})
        yield Case("texts", "StringToHashBucketFast", {"num_buckets": 997}, given)


def patterns() -> Iterator[Case]:
    """Matches that would go on into the next text, and all that is told by its end."""
    pages = [b"<b", b">x</b>", b"a.b  c", b"", "<é>€<".encode(), b"ab\\ab", b" \t x"]
    searches = ["<[^>]*>", "[^a-c ]", r"\s+", "a|b", "x*", "^a|b$", r"\ba", "(a)(b)?"]
    for strings in (texts(*pages), texts(*pages, b"a\0bc")):
        for pattern in searches:
            for rewrite in ("", r"-\\", r"<\0>", r"\0\0"):
                attrs = {"pattern": pattern, "rewrite": rewrite}
                for every in (True, False):
                    given = {**attrs, "replace_global": every}
                    yield Case(
                        "patterns", "StaticRegexReplace", given, {"input": strings}
                    )


def rows_and_lists() -> Iterator[Case]:
    """Rows whose numbers are few and those that are too many, and long lists."""
    near = RNG.randint(-3, 3, (200, 3))
    for rows in (near, near.astype(np.int8) * 40, near * 2**61, near > 0):
        for axis in (0, 1):
            given = {"x": rows, "axis": np.array([axis], np.int32)}
            yield Case("rows", "UniqueWithCountsV2", {"out_idx": "int64"}, given)
    numbers = RNG.randint(0, 99, 300)
    for one in (np.int32, np.int64, np.uint8, np.float16, np.float32):
        x = numbers.astype(one)
        if x.dtype.kind == "f":
            x[::7] = np.nan
            x[::9] = -0.0
        given = {"x": x, "y": x[: 30 if x.dtype.kind == "f" else 90]}
        yield Case("lists", "ListDiff", {"out_idx": "int32"}, given)


def cases() -> Iterator[Case]:
    """Return all cases."""
    yield from sparse_tensors()
    yield from counts()
    yield from parts()
    yield from characters()
    yield from boxes()
    yield from equal_scores()
    yield from many_texts()
    yield from patterns()
    yield from rows_and_lists()


if __name__ == "__main__":
    write(OUT, cases())
