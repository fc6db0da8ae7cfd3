"""Records what TensorFlow's kernels of linear algebra compute.

Usage: python -m tests.golden.record.record_matrix_kernels
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from tests.golden.record.kernel_values import Case, has_kernel, write
from tests.golden.record.record_math_kernels import numbers

OUT = Path(__file__).parents[1] / "matrix_kernels" / "values.npz"
TYPES = ("float32", "float64", "complex64", "complex128")
NARROW = ("float16", *TYPES)


def square(name: str, *batch: int, size: int = 3) -> Any:
    """Return matrices that are far from singular."""
    a = numbers((*batch, size, size), name, 1.0)
    return a + np.eye(size, dtype=a.dtype) * a.dtype.type(3)


def positive(name: str, *batch: int, size: int = 3) -> Any:
    """Return matrices that have a Cholesky factor."""
    a = square(name, *batch, size=size)
    return a @ np.conj(np.swapaxes(a, -1, -2))


def decompositions() -> Iterator[Case]:
    """Yield values and factors; vectors have signs of their own."""
    family = "decompositions"
    for name in NARROW:
        for a in (positive(name, 2), positive(name, 0), np.zeros((2, 0, 0), name)):
            yield Case(family, "BatchCholesky", {}, {"input": a})
            attrs: dict[str, Any] = {"compute_v": False}
            yield Case(family, "BatchSelfAdjointEigV2", attrs, {"input": a})
            yield Case(family, "Cholesky", {}, {"input": a})
            factor = np.tril(a)
            grad = numbers(a.shape, name)
            yield Case(family, "CholeskyGrad", {}, {"l": factor, "grad": grad})
            yield Case(family, "BatchCholeskyGrad", {}, {"l": factor, "grad": grad})
        # Only the lower triangle is read.
        attrs = {"compute_v": False}
        yield Case(family, "SelfAdjointEigV2", attrs, {"input": square(name, 2)})
        for dims in ((2, 4, 3), (3, 5), (0, 2, 3), (2, 0, 3)):
            attrs = {"compute_uv": False}
            yield Case(family, "BatchSvd", attrs, {"input": numbers(dims, name)})
            yield Case(family, "Svd", attrs, {"input": numbers(dims, name)})
        yield Case(family, "Lu", {}, {"input": square(name, 2, size=4)})
        wide: dict[str, Any] = {"output_idx_type": np.int64}
        yield Case(family, "Lu", wide, {"input": numbers((3, 3), name)})
        diagonal = np.diag(np.array([3, 1, 2])).astype(name)
        out = np.complex64 if name in ("float32", "complex64") else np.complex128
        attrs = {"compute_v": False, "Tout": out}
        yield Case(family, "Eig", attrs, {"input": np.sort(diagonal) * 0 + diagonal})


def solutions() -> Iterator[Case]:
    """Yield determinants, inverses and solutions."""
    family = "solutions"
    for name in NARROW:
        a = square(name, 2)
        rhs = numbers((2, 3, 2), name)
        for batch in ("", "Batch"):
            yield Case(family, f"{batch}MatrixDeterminant", {}, {"input": a})
            for adjoint in (False, True):
                attrs: dict[str, Any] = {"adjoint": adjoint}
                yield Case(family, f"{batch}MatrixInverse", attrs, {"input": a})
                operands = {"matrix": a, "rhs": rhs}
                yield Case(family, f"{batch}MatrixSolve", attrs, operands)
                attrs = {"adjoint": adjoint, "lower": adjoint}
                yield Case(family, f"{batch}MatrixTriangularSolve", attrs, operands)
        for fast in (True, False):
            for weight in (0.0, 0.5):
                for rows, columns in ((4, 3), (2, 3), (0, 3)):
                    operands = {
                        "matrix": numbers((2, rows, columns), name),
                        "rhs": numbers((2, rows, 2), name),
                        "l2_regularizer": np.array(weight),
                    }
                    attrs = {"fast": fast}
                    yield Case(family, "MatrixSolveLs", attrs, operands)
                    yield Case(family, "BatchMatrixSolveLs", attrs, operands)
        empty = np.zeros((2, 0, 0), name)
        nothing = np.zeros((2, 0, 3), name)
        for op in ("MatrixDeterminant", "LogMatrixDeterminant", "MatrixInverse"):
            yield Case(family, op, {}, {"input": empty})
        yield Case(family, "MatrixSolve", {}, {"matrix": empty, "rhs": nothing})
        singular = np.ones((2, 2), name)
        for op in ("MatrixDeterminant", "LogMatrixDeterminant"):
            yield Case(family, op, {}, {"input": singular})


def functions() -> Iterator[Case]:
    """Yield exponentials, logarithms and roots."""
    for name in NARROW:
        for a in (positive(name, 2) / 8, np.zeros((2, 0, 0), name)):
            matrix = a.astype(name)
            for op in ("MatrixExponential", "MatrixLogarithm", "MatrixSquareRoot"):
                yield Case("functions", op, {}, {"input": matrix})


def bands() -> Iterator[Case]:
    """Yield products and solutions with few diagonals."""
    family = "bands"
    for name in TYPES:
        diagonals = numbers((2, 3, 5), name)
        rhs = numbers((2, 5, 2), name)
        parts = {
            "superdiag": diagonals[:, :1],
            "maindiag": diagonals[:, 1:2],
            "subdiag": diagonals[:, 2:],
        }
        yield Case(family, "TridiagonalMatMul", {}, {**parts, "rhs": rhs})
        steady = diagonals.copy()
        steady[:, 1] += 9
        singular = np.zeros((3, 4), name)
        for pivoting, perturb in ((True, False), (False, False), (True, True)):
            attrs = {"partial_pivoting": pivoting, "perturb_singular": perturb}
            for matrix in (diagonals, steady, diagonals[:, :, :1], diagonals[:, :, :2]):
                operands = {"diagonals": matrix, "rhs": rhs[:, : matrix.shape[-1]]}
                yield Case(family, "TridiagonalSolve", attrs, operands)
            if not perturb:
                operands = {"diagonals": singular, "rhs": rhs[0, :4]}
                yield Case(family, "TridiagonalSolve", attrs, operands)
        for lower in (False, True):
            for adjoint in (False, True):
                if name not in ("float32", "complex128"):
                    continue  # each is slow to compile
                attrs = {"lower": lower, "adjoint": adjoint}
                operands = {"matrix": steady[:, 1:], "rhs": rhs}
                yield Case(family, "BandedTriangularSolve", attrs, operands)
                operands = {"matrix": steady[:1] + 20, "rhs": rhs}
                yield Case(family, "BandedTriangularSolve", attrs, operands)


def main() -> None:
    """Write tests/golden/matrix_kernels/values.npz."""
    families = (decompositions, solutions, functions, bands)
    with np.errstate(all="ignore"):
        cases = [case for family in families for case in family() if has_kernel(case)]
        write(OUT, cases)


if __name__ == "__main__":
    main()
