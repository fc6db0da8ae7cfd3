"""Records what TensorFlow's kernels of mathematics compute, in every type they take.

Usage: python -m tests.golden.record.record_math_kernels
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np

from tests.golden.record.kernel_values import Case, has_kernel, write

OUT = Path(__file__).parents[1] / "math_kernels" / "values.npz"
FLOATS = ("float32", "float64", "float16", "bfloat16")
INTEGERS = ["int32", "int64", "int8", "int16", "uint8", "uint16", "uint32", "uint64"]
COMPLEX = ("complex64", "complex128")
NUMBERS = (*FLOATS, *INTEGERS, *COMPLEX)
RNG = np.random.RandomState(7)
EDGES = [0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 2.5, 3.5, math.inf, -math.inf, math.nan]


def dtype_of(name: str) -> np.dtype[Any]:
    """Return the NumPy type of a name."""
    return np.dtype(getattr(ml_dtypes, name, name))


def numbers(shape: tuple[int, ...], name: str, scale: float = 3.0) -> Any:
    """Return random numbers of a type: short decimals, small integers."""
    dtype = dtype_of(name)
    values = np.round(RNG.standard_normal(shape) * scale, 2)
    if dtype.kind == "c":
        return (values + 1j * np.round(RNG.standard_normal(shape), 2)).astype(dtype)
    if dtype.kind == "u":
        return np.abs(np.round(values)).astype(dtype)
    if dtype.kind == "i":
        return np.round(values).astype(dtype)
    if dtype.kind == "b":
        return values > 0
    return values.astype(dtype)


def edges(name: str) -> Any:
    """Return random numbers, and for floats what is special."""
    plain = numbers((6,), name)
    if dtype_of(name).kind in "iucb":
        return plain
    return np.concatenate([plain, np.array(EDGES).astype(plain.dtype)])


UNARY = [
    "Abs",
    "Acos",
    "Acosh",
    "Asin",
    "Asinh",
    "Atan",
    "Atanh",
    "Ceil",
    "Cos",
    "Cosh",
    "Exp",
    "Expm1",
    "Floor",
    "Inv",
    "IsFinite",
    "IsInf",
    "IsNan",
    "Log",
    "Log1p",
    "Neg",
    "Reciprocal",
    "Rint",
    "Round",
    "Rsqrt",
    "Sigmoid",
    "Sign",
    "Sin",
    "Sinh",
    "Sqrt",
    "Square",
    "Tan",
    "Tanh",
    "Digamma",
    "Erf",
    "Erfc",
    "Erfinv",
    "Lgamma",
    "Ndtri",
    "BesselI0",
    "BesselI0e",
    "BesselI1",
    "BesselI1e",
    "Expint",
    "Spence",
]
GRADIENTS = [
    "SigmoidGrad",
    "TanhGrad",
    "ReciprocalGrad",
    "InvGrad",
    "SqrtGrad",
    "RsqrtGrad",
]
BINARY = [
    "Add",
    "AddV2",
    "Atan2",
    "Div",
    "DivNoNan",
    "FloorDiv",
    "FloorMod",
    "Maximum",
    "Minimum",
    "Mod",
    "Mul",
    "MulNoNan",
    "Pow",
    "RealDiv",
    "SquaredDifference",
    "Sub",
    "TruncateDiv",
    "TruncateMod",
    "Xdivy",
    "Xlog1py",
    "Xlogy",
    "NextAfter",
    "Equal",
    "NotEqual",
    "Less",
    "LessEqual",
    "Greater",
    "GreaterEqual",
    "BitwiseAnd",
    "BitwiseOr",
    "BitwiseXor",
    "LeftShift",
    "RightShift",
    "ApproximateEqual",
    "Igamma",
    "Igammac",
    "IgammaGradA",
    "Zeta",
    "Polygamma",
]
SPECIAL_PAIRS = {
    "Igamma": ("a", "x"),
    "IgammaGradA": ("a", "x"),
    "Igammac": ("a", "x"),
    "Polygamma": ("a", "x"),
    "Zeta": ("x", "q"),
}
# Gradients of operands of one shape.
SPECIAL_SLOPES = {
    "ReciprocalGrad": ("y", "dy"),
    "SqrtGrad": ("y", "dy"),
    "SigmoidGrad": ("y", "dy"),
    "ReluGrad": ("gradients", "features"),
    "Relu6Grad": ("gradients", "features"),
}
REDUCTIONS = ["Sum", "Mean", "Prod", "Max", "Min", "EuclideanNorm"]


def special_slopes() -> Iterator[Case]:
    """Yield special functions and derivatives at zeros, infinities and poles."""
    edges_of_both = np.array([0, 1, -1, 0.5, 2, -2, np.inf, -np.inf, np.nan])
    for name in ("float32", "float64"):
        x = edges_of_both.astype(name)
        for op, (first, second) in SPECIAL_PAIRS.items():
            operands = {first: x[:-3, None] if op == "Polygamma" else x[:, None]}
            yield Case("binary", op, {}, operands | {second: x[None, :]})
        for op, (first, second) in SPECIAL_SLOPES.items():
            left, right = (part.copy() for part in np.meshgrid(x, x))
            yield Case("binary", op, {}, {first: left, second: right})
    half = np.array([0, 1.5, 1e-4, 6e4, -6e4], np.float16)
    for op in ("SigmoidGrad", "ReciprocalGrad"):
        y, dy = (part.copy() for part in np.meshgrid(half, half))
        yield Case("binary", op, {}, {"y": y, "dy": dy})


def _operand(op: str, name: str) -> Any:
    """Return numbers for a function of one tensor; none where it goes wrong."""
    x = edges(name)
    if x.dtype.kind in "iu":
        if op in ("Inv", "Reciprocal"):
            return np.where(x == 0, 1, x).astype(x.dtype)  # division by zero
        # TensorFlow rounds integers to zeros; tf.round does not add the op.
        return x[:0] if op == "Round" else x
    if x.dtype.kind == "f":
        if op == "Digamma":
            return x[np.round(np.abs(x)) != np.abs(x)]
        if op in ("Expint", "Spence"):
            return np.abs(x[:6])  # real values are above zero
        if op == "Erf" and name == "float64":
            return x[np.isfinite(x)]  # TensorFlow gives NaN at infinity
    return x


def unary() -> Iterator[Case]:
    """Yield functions of one tensor."""
    for op in UNARY:
        for name in NUMBERS:
            yield Case("unary", op, {}, {"x": _operand(op, name)})
    for op in GRADIENTS:
        for name in (*FLOATS, *COMPLEX):
            y, dy = numbers((5,), name), numbers((5,), name)
            dy[0] = 0
            yield Case("unary", op, {}, {"y": y, "dy": dy})
    for name in ("int32", "uint8", "int64", "bool"):
        op = "LogicalNot" if name == "bool" else "Invert"
        yield Case("unary", op, {}, {"x": numbers((4,), name)})
    for name in ("uint8", "int32", "int64"):
        x = numbers((4,), name)
        yield Case("unary", "PopulationCount", {}, {"x": x})


def _operands(op: str, name: str) -> tuple[Any, Any]:
    x, y = numbers((4, 1), name), numbers((3,), name)
    if x.dtype.kind in "iu":
        y = np.where(y == 0, 3, y).astype(y.dtype)
        if op == "Pow":
            y = np.abs(y)
            y = np.minimum(y, 4).astype(y.dtype)
        if op in ("LeftShift", "RightShift"):
            y = np.array([1, 0, 40], y.dtype)
    if op in ("Igamma", "Igammac", "IgammaGradA"):
        x, y = np.abs(x) + x.dtype.type(0.5), np.abs(y)
    if op in ("Zeta", "Polygamma"):
        x = (np.abs(np.round(x.astype(np.float32))) + 2).astype(x.dtype)
        y = np.abs(y) + y.dtype.type(0.5)
    return x, y


# The names of operands that are not x and y.
NAMES = {
    "Atan2": ("y", "x"),
    "Igamma": ("a", "x"),
    "IgammaGradA": ("a", "x"),
    "Igammac": ("a", "x"),
    "NextAfter": ("x1", "x2"),
    "Polygamma": ("a", "x"),
    "Zeta": ("x", "q"),
}


def binary() -> Iterator[Case]:
    """Yield functions of two tensors that broadcast."""
    for op in BINARY:
        for name in (*NUMBERS, "bool"):
            x, y = _operands(op, name)
            attrs: dict[str, Any] = {}
            if op == "ApproximateEqual":
                x = x.reshape(-1)[:3]
                attrs = {"tolerance": 2.0}
            first, second = NAMES.get(op, ("x", "y"))
            yield Case("binary", op, attrs, {first: x, second: y})
    yield from special_pairs()


def special_pairs() -> Iterator[Case]:
    """Yield operands at the edges: zeros, infinities, overflow."""
    special = np.array(EDGES, np.float32)
    for op in [
        "Maximum",
        "Minimum",
        "FloorDiv",
        "FloorMod",
        "TruncateMod",
        "RealDiv",
        "DivNoNan",
        "MulNoNan",
        "Pow",
        "Xdivy",
        "Xlogy",
        "Xlog1py",
        "Atan2",
        "Equal",
        "Less",
    ]:
        left, right = ("y", "x") if op == "Atan2" else ("x", "y")
        operands = {left: special[:, None], right: special[None, :]}
        yield Case("binary", op, {}, operands)
    yield from special_slopes()
    quotients = np.array([1.0, -1.0, 0.3, 6.0], np.float32)
    for op in ("FloorDiv", "FloorMod"):
        operands = {"x": quotients[:, None], "y": np.array([0.1, -0.1, 3], np.float32)}
        yield Case("binary", op, {}, operands)
    extreme = np.array([-(2**31), 2**31 - 1, -7, 7], np.int32)
    for op in [
        "AddV2",
        "Mul",
        "Sub",
        "FloorDiv",
        "FloorMod",
        "TruncateDiv",
        "TruncateMod",
        "Mod",
        "Div",
    ]:
        operands = {"x": extreme[:, None], "y": np.array([2, -2, 3, -3], np.int32)}
        yield Case("binary", op, {}, operands)
    for op in ("Equal", "NotEqual"):
        operands = {"x": np.zeros(2, np.float32), "y": np.zeros(3, np.float32)}
        yield Case("binary", op, {"incompatible_shape_error": False}, operands)
    for op in ("LogicalAnd", "LogicalOr"):
        x = np.array([[True], [False]])
        yield Case("binary", op, {}, {"x": x, "y": np.array([True, False])})
    for name in NUMBERS:
        inputs = [numbers((2, 2), name) for _ in range(3)]
        yield Case("binary", "AddN", {}, {"inputs": inputs})


def chosen() -> Iterator[Case]:
    """Yield selections and limits."""
    for name in (*NUMBERS, "bool"):
        t, e = numbers((2, 3), name), numbers((2, 3), name)
        for condition in (
            np.array(True),
            np.array([True, False]),
            np.array([[True, False, True], [False, False, True]]),
        ):
            operands = {"condition": condition, "t": t, "e": e}
            yield Case("chosen", "Select", {}, operands)
        column = np.array([[True], [False]])
        operands = {"condition": column, "t": t[0], "e": numbers((), name)}
        yield Case("chosen", "SelectV2", {}, operands)
        if name != "bool" and name not in COMPLEX:
            low, high = np.array(0, t.dtype), np.array(2, t.dtype)
            for bounds in ((low, high), (np.full_like(t, 0), np.full_like(t, 2))):
                operands = {
                    "t": t,
                    "clip_value_min": bounds[0],
                    "clip_value_max": bounds[1],
                }
                yield Case("chosen", "ClipByValue", {}, operands)


def reductions() -> Iterator[Case]:
    """Yield reductions over all, some and no axes."""
    for op in REDUCTIONS:
        for name in NUMBERS:
            x = numbers((2, 3, 4), name)
            for axes, keep in (([0, 1, 2], False), ([1], False), ([-1, 0], True)):
                operands = {"input": x, "reduction_indices": np.array(axes, np.int32)}
                yield Case("reductions", op, {"keep_dims": keep}, operands)
        for axes in ([], [0]):
            operands = {
                "input": numbers((3,), "float32"),
                "reduction_indices": np.array(axes, np.int64),
            }
            yield Case("reductions", op, {}, operands)
        for name in ("float32", "int32"):
            empty = np.zeros((0, 2), name)
            operands = {"input": empty, "reduction_indices": np.array(0, np.int32)}
            yield Case("reductions", op, {}, operands)
        operands = {
            "input": np.array([1.0, math.nan, 2.0], np.float32),
            "reduction_indices": np.array([0], np.int32),
        }
        yield Case("reductions", op, {}, operands)
    for name in INTEGERS:
        # Sums of limits, and counts of rows, are beyond the type.
        low, high = np.iinfo(name).min, np.iinfo(name).max
        columns = [[high] * 3, [low] * 3, [high, low, high], [low, low, high]]
        large = np.array([high // 2, high // 3] * 150, name)
        for x in (np.array(columns, name).T, large):
            axis = np.array(0, np.int32)
            operands = {"input": x.copy(), "reduction_indices": axis}
            yield Case("reductions", "Mean", {}, operands)


def truths_and_indices() -> Iterator[Case]:
    """Yield reductions of truth values, and indices of extremes."""
    flags = np.array([[True, False], [True, True]])
    for op in ("All", "Any"):
        for axes in ([0], [0, 1]):
            operands = {"input": flags, "reduction_indices": np.array(axes, np.int32)}
            yield Case("reductions", op, {}, operands)
    for op in ("ArgMax", "ArgMin"):
        for name in (*FLOATS, *INTEGERS, "bool"):
            x = numbers((3, 4), name)
            for axis in (0, -1):
                operands = {"input": x, "dimension": np.array(axis, np.int32)}
                yield Case("reductions", op, {}, operands)
        x = np.array([[1.0, math.nan, 2.0, 2.0]], np.float32)
        operands = {"input": x, "dimension": np.array(1, np.int64)}
        yield Case("reductions", op, {"output_type": np.int32}, operands)
        yield from _indices_in_long_rows(op)


def _indices_in_long_rows(op: str) -> Iterator[Case]:
    """Yield rows with ties, infinities, zeros of both signs and much that is NaN."""
    for name in ("float32", "float64", "bfloat16", "int32"):
        x = np.arange(5 * 200).reshape(5, 200) * 37 % 41 - 20
        if name != "int32":
            x = x.astype(np.float32)
            x[0, 3::7] = math.nan
            x[1, :], x[1, 150] = math.nan, -math.inf
            x[2, 130:] = math.inf
            x[3, 4::9], x[3, 100] = -math.inf, math.nan
            x[4] = np.where(np.arange(200) % 2, 0.0, -0.0)
        x = x.astype(dtype_of(name))
        for values, axis in ((x, 1), (x.T, 0)):
            operands = {"input": values, "dimension": np.array(axis, np.int32)}
            yield Case("reductions", op, {}, operands)


def cumulative() -> Iterator[Case]:
    """Yield running sums and products in every direction."""
    for op in ("Cumsum", "Cumprod", "CumulativeLogsumexp"):
        for name in NUMBERS:
            x = numbers((2, 3), name, 1.5)
            for exclusive in (False, True):
                for reverse in (False, True):
                    attrs = {"exclusive": exclusive, "reverse": reverse}
                    operands = {"x": x, "axis": np.array(1, np.int32)}
                    yield Case("cumulative", op, attrs, operands)
            operands = {"x": x, "axis": np.array(-2, np.int64)}
            yield Case("cumulative", op, {}, operands)


def products() -> Iterator[Case]:
    """Yield matrix products and contractions."""
    for name in NUMBERS:
        for left in (False, True):
            for right in (False, True):
                a = numbers((3, 2) if left else (2, 3), name)
                b = numbers((4, 3) if right else (3, 4), name)
                attrs = {"transpose_a": left, "transpose_b": right}
                yield Case("products", "MatMul", attrs, {"a": a, "b": b})
                attrs = {"adj_x": left, "adj_y": right}
                x, y = np.stack([a, a]), np.stack([b, b])
                yield Case("products", "BatchMatMul", attrs, {"x": x, "y": y})
                operands = {"x": x, "y": y[:1, None]}
                yield Case("products", "BatchMatMulV2", attrs, operands)
        a, b = numbers((2, 3), name), numbers((3, 2), name)
        for equation in ("ij,jk->ik", "ij,jk->", "ij,ji->i", "ij,jk->ijk"):
            attrs = {"equation": equation}
            yield Case("products", "Einsum", attrs, {"inputs": [a, b]})
        for equation in ("ij->ji", "ij->j", "...j->j...", "ij->ijj"):
            yield Case("products", "Einsum", {"equation": equation}, {"inputs": [a]})
        u, v = numbers((2, 3), name), numbers((2, 3), name)
        yield Case("products", "Cross", {}, {"a": u, "b": v})
    for name in ("float32", "bfloat16"):
        operands = {"a": numbers((2, 3), name), "b": numbers((3, 4), "float32")}
        yield Case("products", "SparseMatMul", {"a_is_sparse": True}, operands)
    small = {"x": numbers((2, 3), "int8"), "y": numbers((3, 2), "int8")}
    yield Case("products", "BatchMatMulV3", {"Tout": np.int32}, small)


def casts() -> Iterator[Case]:
    """Yield every pair of types, with numbers both can hold."""
    kinds = (*NUMBERS, "bool")
    for source in kinds:
        x = numbers((5,), source)
        for target in kinds:
            values = x
            if dtype_of(target).kind == "u" and x.dtype.kind not in "ub":
                values = np.abs(x).astype(x.dtype)
            yield Case("casts", "Cast", {"DstT": dtype_of(target)}, {"x": values})
    truncated = np.array([1.2345678, -1.9999999], np.float32)
    for target in ("bfloat16", "float16"):
        attrs = {"DstT": dtype_of(target), "Truncate": True}
        yield Case("casts", "Cast", attrs, {"x": truncated})
    wide = np.array([300, -1, 2**31 - 1], np.int32)
    for target in ("uint8", "int8", "int16"):
        yield Case("casts", "Cast", {"DstT": dtype_of(target)}, {"x": wide})
    for name in COMPLEX:
        z = numbers((4,), name)
        part = np.float32 if name == "complex64" else np.float64
        for op in ("Angle", "Imag", "Real"):
            yield Case("casts", op, {"Tout": part}, {"input": z})
        yield Case("casts", "ComplexAbs", {"Tout": part}, {"x": z})
        yield Case("casts", "Conj", {}, {"input": z})
        operands = {"real": z.real.copy(), "imag": z.imag[:1].copy()}
        yield Case("casts", "Complex", {"Tout": dtype_of(name)}, operands)


def sequences() -> Iterator[Case]:
    """Yield ranges, counts and shapes."""
    spans = ((0, 5, 1), (1, 10, 3), (5, 0, -2), (0, 0, 1))
    for name in ("int32", "int64", "float32", "float64"):
        for span in spans:
            ends = [np.array(end, name) for end in span]
            operands = dict(zip(("start", "limit", "delta"), ends, strict=True))
            yield Case("sequences", "Range", {}, operands)
    ends = [np.array(end, np.float32) for end in (0.0, 1.0, 0.1)]
    operands = dict(zip(("start", "limit", "delta"), ends, strict=True))
    yield Case("sequences", "Range", {}, operands)
    for name in ("float32", "float64", "bfloat16"):
        for num in (1, 4):
            operands = {
                "start": np.array(-1).astype(dtype_of(name)),
                "stop": np.array(2).astype(dtype_of(name)),
                "num": np.array(num, np.int32),
            }
            yield Case("sequences", "LinSpace", {}, operands)
    shapes = (
        ([2, 3], [3]),
        ([2, 1], [1, 1]),
        ([], [4]),
        ([2, 3], [2, 3]),
        ([1, 1], [1]),
        ([5, 1, 3], [2, 1]),
        ([0, 1], [1, 3]),
    )
    for first, second in shapes:
        operands = {"s0": np.array(first, np.int32), "s1": np.array(second, np.int32)}
        yield Case("sequences", "BroadcastGradientArgs", {}, operands)
    arr = np.array([1, 1, 5, 0, 9], np.int32)
    for name in ("int32", "int64", "float32", "float64"):
        for weights in (np.zeros(0, name), numbers((5,), name)):
            operands = {"arr": arr, "size": np.array(6, np.int32), "weights": weights}
            yield Case("sequences", "Bincount", {}, operands)
            operands = {"input": arr, "size": np.array(6, np.int32), "weights": weights}
            yield Case("sequences", "DenseBincount", {}, operands)
    rows = np.array([[1, 1, 2], [0, 5, 3]], np.int32)
    for is_binary in (False, True):
        operands = {
            "input": rows,
            "size": np.array(4, np.int32),
            "weights": np.zeros(0, np.float32),
        }
        attrs = {"binary_output": is_binary}
        yield Case("sequences", "DenseBincount", attrs, operands)
    operands = {
        "values": np.array([-1.0, 0.0, 1.5, 2.0, 5.0, 15.0], np.float32),
        "value_range": np.array([0.0, 5.0], np.float32),
        "nbins": np.array(5, np.int32),
    }
    yield Case("sequences", "HistogramFixedWidth", {}, operands)
    for name in ("float32", "int32"):
        x = np.array([-5, 0, 3, 10, 100], name)
        yield Case(
            "sequences", "Bucketize", {"boundaries": [0.0, 3.0, 50.0]}, {"input": x}
        )


def segments() -> Iterator[Case]:
    """Yield segment reductions, with empty and left out segments."""
    for name in NUMBERS:
        data = numbers((4, 2), name)
        for how in ("Max", "Mean", "Min", "Prod", "Sum"):
            ids = np.array([0, 0, 1, 3], np.int32)
            operands = {"data": data, "segment_ids": ids}
            yield Case("segments", f"Segment{how}", {}, operands)
        for how in ("Max", "Min", "Prod", "Sum"):
            for ids in (np.array([2, -1, 0, 2], np.int64), np.array([[0, 1]] * 4)):
                operands = {
                    "data": data,
                    "segment_ids": ids.astype(np.int64),
                    "num_segments": np.array(4, np.int32),
                }
                yield Case("segments", f"UnsortedSegment{how}", {}, operands)
    for name in FLOATS:
        data, grad = numbers((4, 2), name), numbers((3, 2), name)
        rows = np.array([3, 0, 0], np.int32)
        ids = np.array([0, 0, 2], np.int32)
        for how in ("Mean", "SqrtN", "Sum"):
            op = f"SparseSegment{how}"
            operands = {"data": data, "indices": rows, "segment_ids": ids}
            yield Case("segments", op, {}, operands)
            counted = {**operands, "num_segments": np.array(5, np.int32)}
            yield Case("segments", f"{op}WithNumSegments", {}, counted)
            back = {"grad": grad, "indices": rows, "segment_ids": ids}
            dim0 = np.array(4, np.int32)
            yield Case("segments", f"{op}Grad", {}, {**back, "output_dim0": dim0})
            yield Case(
                "segments", f"{op}GradV2", {}, {**back, "dense_output_dim0": dim0}
            )


def linear_algebra() -> Iterator[Case]:
    """Yield decompositions, inverses and solutions of well conditioned matrices."""
    family = "linear_algebra"
    for name in ("float32", "float64", "complex64", "complex128"):
        a = numbers((2, 3, 3), name, 1.0)
        eye = np.eye(3, dtype=a.dtype) * a.dtype.type(3)
        square = a + eye
        positive = a @ np.conj(np.swapaxes(a, -1, -2)) + eye
        rhs = numbers((2, 3, 2), name)
        yield Case(family, "Cholesky", {}, {"input": positive})
        yield Case(family, "MatrixDeterminant", {}, {"input": square})
        yield Case(family, "LogMatrixDeterminant", {}, {"input": square})
        yield Case(family, "Lu", {}, {"input": square})
        for adjoint in (False, True):
            attrs: dict[str, Any] = {"adjoint": adjoint}
            yield Case(family, "MatrixInverse", attrs, {"input": square})
            operands = {"matrix": square, "rhs": rhs}
            yield Case(family, "MatrixSolve", attrs, operands)
            for lower in (False, True):
                attrs = {"adjoint": adjoint, "lower": lower}
                operands = {"matrix": square, "rhs": rhs[0]}
                yield Case(family, "MatrixTriangularSolve", attrs, operands)
        # The signs of vectors are not determined; values are.
        attrs = {"compute_v": False}
        yield Case(family, "SelfAdjointEigV2", attrs, {"input": positive})
        yield Case(family, "Svd", {"compute_uv": False}, {"input": rhs})


def main() -> None:
    """Write tests/golden/math_kernels/values.npz."""
    families = (
        unary,
        binary,
        chosen,
        reductions,
        truths_and_indices,
        cumulative,
        products,
        casts,
        sequences,
        segments,
        linear_algebra,
    )
    with np.errstate(all="ignore"):
        cases = [case for family in families for case in family() if has_kernel(case)]
        write(OUT, cases)


if __name__ == "__main__":
    main()
