"""Neural network kernels against recorded values of TensorFlow's."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from metagraft.errors import InvalidArgumentError
from tests import kernel_cases
from tests.kernel_cases import Recorded

VALUES = Path(__file__).parents[1] / "golden" / "nn_kernels" / "values.npz"
CASES = kernel_cases.load(VALUES)
OPS = sorted({case.op for case in CASES})
# One compilation for each family; the formulas are the same for all types.
NOT_COMPILED = {"float64", "float16", "bfloat16"}


@pytest.mark.golden
@pytest.mark.parametrize("op", OPS)
def test_host_arrays(op: str) -> None:
    """On NumPy arrays every kernel gives TensorFlow's values in TensorFlow's types."""
    kernel_cases.check_on_host([case for case in CASES if case.op == op])


@pytest.mark.golden
@pytest.mark.parametrize("family", sorted({case.family for case in CASES}))
def test_compiled_programs(family: str) -> None:
    """Compiled, the kernels of a family give TensorFlow's values."""
    kernel_cases.check_compiled(
        [c for c in CASES if c.family == family and _is_compiled(c)]
    )


def _is_compiled(case: Recorded) -> bool:
    return not NOT_COMPILED & {array.dtype.name for array in case.operands.values()}


def _case(op: str, attrs: dict[str, object], operands: dict[str, object]) -> Recorded:
    return Recorded(0, "", op, attrs, operands, [])


def test_a_gradient_of_the_wrong_shape_is_refused() -> None:
    """The error names the size expected and the size found."""
    attrs = {"strides": [1, 1, 1, 1], "padding": "SAME"}
    operands = {
        "input_sizes": np.array([1, 3, 3, 1], np.int32),
        "filter": np.ones((2, 2, 1, 1), np.float32),
        "out_backprop": np.ones((1, 4, 3, 1), np.float32),
    }
    with pytest.raises(InvalidArgumentError, match="actual = 4, computed = 3"):
        kernel_cases.run_on_host(_case("Conv2DBackpropInput", attrs, operands))


def test_a_label_that_is_no_class_is_refused_or_nan() -> None:
    """It raises where values are seen and gives NaN in a compiled program."""
    operands = {
        "features": np.zeros((2, 3), np.float32),
        "labels": np.array([1, 3], np.int32),
    }
    case = _case("SparseSoftmaxCrossEntropyWithLogits", {}, operands)
    with pytest.raises(InvalidArgumentError, match=r"value of 3 .*\[0, 3\)"):
        kernel_cases.run_on_host(case)
    ((loss, backprop),) = kernel_cases.run_compiled([case])
    assert np.isnan(loss).tolist() == [False, True]
    assert np.isnan(backprop).all(axis=1).tolist() == [False, True]


@pytest.mark.parametrize(
    ("pads", "side"),
    [((2, 1, 0, 1), "Top"), ((0, 2, 0, 1), "Bottom"), ((1, 1, 3, 1), "Left")],
)
def test_padding_that_a_window_does_not_look_beyond_is_refused(
    pads: tuple[int, ...], side: str
) -> None:
    """A window must hold more than padding."""
    window = [1, 2, 2, 1]
    attrs = {
        "ksize": window,
        "strides": window,
        "padding": "EXPLICIT",
        "explicit_paddings": [0, 0, *pads, 0, 0],
    }
    case = _case("MaxPool", attrs, {"input": np.ones((1, 3, 3, 1), np.float32)})
    with pytest.raises(InvalidArgumentError, match=f"{side} padding .* window size 2"):
        kernel_cases.run_on_host(case)
