"""Records TensorFlow at infinities, NaN, signed zeros and limits of types.

Its vectors and the numbers left over beside them are computed by different code, which
disagrees at some of these operands: only what both say is kept.

Usage: python -m tests.golden.record.record_extreme_operands
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from tests.golden.record.kernel_values import Case, run, write
from tests.golden.record.tensorflow_v1 import load

FOLDER = Path(__file__).parents[1] / "extreme_operands"
PARTS = (0.0, -0.0, 1.0, -1.0, np.inf, -np.inf, np.nan, 2.5, -0.75)
PAIRS = 500
OF_ONE = (
    *("Acos", "Acosh", "Asin", "Asinh", "Atan", "Atanh", "Cos", "Cosh", "Exp", "Expm1"),
    *("Log", "Log1p", "Reciprocal", "Rsqrt", "Sigmoid", "Sign", "Sin", "Sinh"),
    *("Sqrt", "Square", "Tan", "Tanh"),
)
OF_TWO = (
    *("Div", "DivNoNan", "Mul", "MulNoNan", "Pow", "RealDiv", "SquaredDifference"),
    *("Xdivy", "Xlog1py", "Xlogy"),
)
OF_RESULT = ("InvGrad", "RsqrtGrad", "SigmoidGrad", "SqrtGrad", "TanhGrad")


def _grid(dtype: Any) -> Any:
    real, imag = np.meshgrid(PARTS, PARTS)
    numbers = np.empty(real.size, dtype)
    numbers.real, numbers.imag = real.reshape(-1), imag.reshape(-1)
    return numbers


def complex_cases() -> Iterator[Case]:
    """Yield functions of complex numbers whose parts are all kinds of numbers."""
    for dtype, of_parts in (("complex64", "float32"), ("complex128", "float64")):
        grid = _grid(dtype)
        for op in OF_ONE:
            yield Case("complex", op, {}, {"x": grid})
        yield Case("complex", "ComplexAbs", {"Tout": np.dtype(of_parts)}, {"x": grid})
        yield Case("complex", "Angle", {"Tout": np.dtype(of_parts)}, {"input": grid})
        chosen = np.random.RandomState(1).permutation(grid.size**2)[:PAIRS]
        first, second = grid[chosen // grid.size], grid[chosen % grid.size]
        for op in OF_TWO:
            yield Case("complex", op, {}, {"x": first, "y": second})
        for op in OF_RESULT:
            yield Case("complex", op, {}, {"y": first, "dy": second})


def _parts(values: Any) -> Any:
    wide = np.complex128 if values.dtype.kind == "c" else np.float64
    return np.atleast_1d(values.astype(wide)).view(np.float64)


def _one_by_one(case: Case) -> Any:
    """Return the results of an op that gets one number at a time."""
    tf = load()
    operands = case.operands
    with tf.Graph().as_default(), tf.Session() as session:
        fed = {n: tf.placeholder(x.dtype, [1]) for n, x in operands.items()}
        result = getattr(tf.raw_ops, case.op)(**fed, **case.attrs)
        function = session.make_callable(result, list(fed.values()))
        count = len(next(iter(operands.values())))
        found = [
            function(*(x[i : i + 1] for x in operands.values())) for i in range(count)
        ]
    return np.concatenate(found)


def _agreed(case: Case) -> Case:
    """Return a case without the operands of which TensorFlow says two things."""
    (whole,) = run(case)
    left, right = _parts(whole), _parts(_one_by_one(case))
    same = np.isclose(left, right, rtol=1e-5, atol=0, equal_nan=True)
    kept = same.reshape(len(whole), -1).all(axis=1)
    return case._replace(operands={n: x[kept] for n, x in case.operands.items()})


def main() -> None:
    """Write tests/golden/extreme_operands/complex.npz."""
    with np.errstate(all="ignore"):
        write(FOLDER / "complex.npz", [_agreed(case) for case in complex_cases()])


if __name__ == "__main__":
    main()
