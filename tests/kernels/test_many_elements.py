"""Kernels that take another way where there is much to do.

Against plain Python, and against recorded values of TensorFlow's.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from metagraft.kernels.top_k import largest
from tests.kernel_cases import Recorded, difference, load, run_on_host

CASES = load(Path(__file__).parents[1] / "golden" / "many_elements" / "values.npz")
_NUMBERS = np.random.default_rng(0)


@pytest.mark.parametrize("dtype", [np.float32, np.int8, np.uint8, np.int64])
@pytest.mark.parametrize("k", [1, 2, 5])
def test_few_of_many_with_equal_ones(dtype: Any, k: int) -> None:
    """Of equal values those that come first are taken, in their order."""
    values = _NUMBERS.integers(0, 9, (3, 4, 100)).astype(dtype)
    found, places = largest(values, k, np.int32)
    for row, chosen in zip(values.reshape(12, 100), places.reshape(12, k), strict=True):
        order = sorted(range(100), key=lambda i, row=row: -int(row[i]))  # type: ignore[misc]
        assert chosen.tolist() == order[:k]
    assert np.array_equal(found, np.take_along_axis(values, places, axis=-1))


@pytest.mark.parametrize("kind", ["near", "far", "floats", "texts"])
def test_unique_in_the_order_of_the_first(kind: str) -> None:
    """Values, places and counts, whichever way they are found."""
    near = _NUMBERS.integers(-20, 30, 300)
    x = {
        "near": near,
        "far": near * 2**50,
        "floats": near / 8,
        "texts": np.array([b"%d" % n for n in near.tolist()], object),
    }[kind]
    attrs = {"T": "string" if kind == "texts" else x.dtype.name, "out_idx": "int64"}
    case = Recorded(0, "", "UniqueWithCounts", attrs, {"x": x}, [])
    values, places, counts = run_on_host(case)
    expected = list(dict.fromkeys(x.tolist()))
    assert values.tolist() == expected
    assert places.tolist() == [expected.index(value) for value in x.tolist()]
    assert counts.tolist() == [x.tolist().count(value) for value in expected]


@pytest.mark.golden
@pytest.mark.parametrize("op", sorted({case.op for case in CASES}))
def test_recorded_values(op: str) -> None:
    """Where the way differs, the values are TensorFlow's."""
    found = [difference(c, run_on_host(c)) for c in CASES if c.op == op]
    assert not list(filter(None, found)), "\n".join(filter(None, found))
