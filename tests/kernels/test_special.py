"""Kernels of rarer mathematics against recorded values of TensorFlow's."""

from __future__ import annotations

import time
from pathlib import Path

import jax
import numpy as np
import pytest

from metagraft.errors import InvalidArgumentError
from metagraft.kernels import kernel_for
from tests import kernel_cases

VALUES = Path(__file__).parents[1] / "golden" / "special_kernels" / "values.npz"
CASES = kernel_cases.load(VALUES)


@pytest.mark.golden
@pytest.mark.parametrize("op", sorted({case.op for case in CASES}))
def test_host_arrays(op: str) -> None:
    """On NumPy arrays every kernel gives TensorFlow's values in TensorFlow's types."""
    kernel_cases.check_on_host([case for case in CASES if case.op == op])


@pytest.mark.parametrize("name", ["float16", "bfloat16", "int8", "uint32"])
def test_comparisons_fill_bytes_from_the_highest_bit(name: str) -> None:
    """Worked by hand: what is above the threshold is a 1."""
    kernel = kernel_for("CompareAndBitpack")
    assert kernel is not None
    dtype = kernel_cases.dtype_of(name)
    x = np.array([[1, 3, 2, 4, 0, 5, 2, 9], [0] * 8, [3] * 8]).astype(dtype)
    for operand in (x, jax.numpy.asarray(x)):
        (packed,) = kernel.fn(None, operand, np.array(2).astype(dtype))
        assert packed.dtype == np.uint8
        assert packed.tolist() == [[0b01010101], [0], [255]]
    truths = np.array([True, False] * 4)
    (packed,) = kernel.fn(None, truths, np.array(False))
    assert packed.tolist() == [0b10101010]
    with pytest.raises(InvalidArgumentError, match="divisible by 8"):
        kernel.fn(None, x[:, :5], x[0, 0])


@pytest.mark.parametrize("how", ["Max", "Min", "Prod", "Sum"])
def test_newer_segments_are_unsorted_ones(how: str) -> None:
    """TensorFlow has the newer reductions of sorted segments in XLA programs only."""
    newer, older = kernel_for(f"Segment{how}V2"), kernel_for(f"UnsortedSegment{how}")
    assert newer is not None
    assert older is not None
    data = np.arange(6.0).reshape(3, 2) + 1
    operands = data, np.array([0, 0, 2]), np.array(4)
    np.testing.assert_array_equal(
        newer.fn(None, *operands)[0], older.fn(None, *operands)[0]
    )


def test_the_time_is_told_in_seconds() -> None:
    """Since 1970, as the clock of the machine."""
    kernel = kernel_for("Timestamp")
    assert kernel is not None
    (seconds,) = kernel.fn(None)
    assert seconds.dtype == np.float64
    assert abs(seconds - time.time()) < 60
