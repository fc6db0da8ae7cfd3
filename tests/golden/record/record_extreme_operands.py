"""Records TensorFlow at infinities, NaN, signed zeros and limits of types.

Its vectors and the numbers left over beside them are computed by different code, which
disagrees at some of these operands: only what both say is kept.

Of casts and of orders of NaN all is kept: it depends on the place of a number.

Usage: python -m tests.golden.record.record_extreme_operands [FILE...]
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np

from tests.golden.record.kernel_values import Case, has_kernel, run, write
from tests.golden.record.tensorflow_v1 import load

FOLDER = Path(__file__).parents[1] / "extreme_operands"
PARTS = (0.0, -0.0, 1.0, -1.0, np.inf, -np.inf, np.nan, 2.5, -0.75)
HUGE = (0.0, 1.0, -2.5, 1e-3, -1e20, 89.0, 710.0)
PAIRS = 500
NARROW = {
    "float16": np.float16,
    "bfloat16": ml_dtypes.bfloat16,
    "float8_e5m2": ml_dtypes.float8_e5m2,
    "float8_e4m3fn": ml_dtypes.float8_e4m3fn,
}
INTEGERS = ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")
BEYOND = (
    *(0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 2.5, -2.5, 127.0, 128.0, -128.0, -129.0, 255.0),
    *(256.0, 300.0, -300.0, 32767.0, 32768.0, -32769.0, 65535.0, 65537.0, -65537.0),
    *(2.0**31 - 1, 2.0**31, -(2.0**31), -(2.0**31) - 1, -(2.0**31) - 256, 5e9, -5e9),
    *(2.0**32 - 1, 2.0**32, 2.0**32 + 1, 9.2e18, 2.0**63, -(2.0**63), 9.3e18, -9.3e18),
    *(1.8e19, 2.0**64, 1e20, -1e20, 1e30, -1e30, np.inf, -np.inf, np.nan, 448.0, 3.7),
)
# Four times what is cast at once, and some left over.
CASTS = 4 * 32 + 7
ROWS = (*range(1, 9), 9, 12, 16, 17, 18, 20, 24, 33, 40, 48, 70, 100)
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
GAMMAS = (
    *(0.0, -1.0, 1e-30, 1e-5, 0.5, 1.0, 2.5, 10.0, 100.0, 1e3, 1e4, 1e20),
    *(1e38, np.inf, np.nan),
)
CHANCES = (
    *(0.0, -0.0, 1.0, -1.0, 2.0, np.nan, np.inf, 1e-300, 1e-37, 1e-20, 1e-10, 1e-5),
    *(0.01, 0.1, 0.5, 0.9, 0.99, 1 - 1e-7, 1 - 1e-12),
)
POWERS = (
    *(1.0, 0.5, 0.0, -1.0, 1.0001, 1.5, 2.0, 10.0, 100.0, 1e3, 1e5, 1e20),
    *(np.inf, np.nan, -np.inf),
)
STARTS = (
    *(1.0, 0.5, 0.0, -1.0, -0.5, -2.5, 1e-30, 1e-5, 2.0, 10.0, 1e3, 1e10, 1e30),
    *(np.inf, np.nan, -np.inf),
)
REALS = (
    *(0.0, 1.0, -1.0, 0.5, -0.5, -2.0, -2.5, 1e-300, 1e-30, -1e-10, 1e-4, 0.99),
    *(1 - 1e-7, 8.0, 20.0, -20.0, 88.0, -88.0, 100.0, 700.0, -700.0, 1e4, -1e4),
    *(1e10, 1e30, -1e30, 1e300, np.inf, -np.inf, np.nan),
)
OF_REAL = (
    *("BesselI0", "BesselI0e", "BesselI1", "BesselI1e", "BesselJ0", "BesselJ1"),
    *("BesselK0", "BesselK0e", "BesselK1", "BesselK1e", "BesselY0", "BesselY1"),
    *("Dawsn", "Digamma", "Erfc", "Expint", "FresnelCos"),
    *("Lgamma", "Spence"),
)


def _pairs(first: Sequence[float], second: Sequence[float], dtype: str) -> list[Any]:
    grids = np.meshgrid(first, second, indexing="ij")
    return [grid.reshape(-1).astype(dtype) for grid in grids]


def special_cases() -> Iterator[Case]:
    """Yield special functions of the largest and smallest numbers.

    In single precision, some of TensorFlow's have no right digit there.
    """
    a, x = _pairs(GAMMAS, GAMMAS, "float64")
    # On the diagonal a logarithm of gamma loses its last digits, at last all.
    kept = (a != x) | ~(a >= 1e4) | np.isinf(a)
    for op in ("Igamma", "Igammac", "IgammaGradA"):
        yield Case("special", op, {}, {"a": a[kept], "x": x[kept]})
    for dtype in ("float32", "float64"):
        x, q = _pairs(POWERS, STARTS, dtype)
        yield Case("special", "Zeta", {}, {"x": x, "q": q})
        yield Case("special", "Ndtri", {}, {"x": np.array(CHANCES, dtype)})
    for op in OF_REAL:
        yield Case("special", op, {}, {"x": np.array(REALS, "float64")})


def whole_number_cases() -> Iterator[Case]:
    """Yield arithmetic of integers at the limits of their types."""
    for dtype in ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32"):
        limits = np.iinfo(dtype)
        some = {limits.min, limits.min + 1, 0, 1, 2, 3, 7, 64, 127, limits.max}
        some |= {-1, -2, -7} if limits.min else set()
        numbers = np.array(sorted(some), dtype)
        x, y = (g.reshape(-1) for g in np.meshgrid(numbers, numbers))
        is_power = y >= 0
        powers = {"x": x[is_power], "y": y[is_power]}
        if dtype not in {"uint8", "uint16", "uint32"}:
            yield Case("whole", "Pow", {}, powers)
        divided = {"x": x[y != 0], "y": y[y != 0]}
        for op in ("Div", "FloorDiv", "TruncateDiv", "FloorMod", "TruncateMod"):
            yield Case("whole", op, {}, divided)
        for op in ("LeftShift", "RightShift", "SquaredDifference"):
            yield Case("whole", op, {}, {"x": x, "y": y})
        for op in ("Abs", "Neg", "Sign") if limits.min else ("Neg",):
            yield Case("whole", op, {}, {"x": numbers})


def _grid(dtype: Any, parts: Sequence[float] = PARTS) -> Any:
    real, imag = np.meshgrid(parts, parts)
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


def huge_cases() -> Iterator[Case]:
    """Yield functions of complex numbers of which something overflows, or nearly."""
    for dtype, of_parts in (("complex64", "float32"), ("complex128", "float64")):
        largest = float(np.finfo(of_parts).max)
        grid = _grid(dtype, (*HUGE, largest, largest**0.5 * 2))
        grid.imag *= 0.7  # so that few parts of products cancel out
        # Roots, as documented, overflow in TensorFlow only.
        for op in ("Exp", "Log", "Log1p", "Sigmoid", "Square"):
            yield Case("huge", op, {}, {"x": grid})
        chosen = np.random.RandomState(5).permutation(grid.size**2)[:PAIRS]
        first, second = grid[chosen // grid.size], grid[chosen % grid.size]
        for op in ("Mul", "MulNoNan", "Xlog1py", "Xlogy"):
            yield Case("huge", op, {}, {"x": first, "y": second})
        tiny = np.full(5, float(np.finfo(of_parts).tiny) ** 0.5 / 9, dtype)
        operands = {"x": tiny, "y": tiny * np.array([1, 1j, -2, 1 + 1j, 200], dtype)}
        yield Case("huge", "DivNoNan", {}, operands)
        for op in ("RsqrtGrad", "SigmoidGrad", "TanhGrad"):
            yield Case("huge", op, {}, {"y": first, "dy": second})


def apart_cases() -> Iterator[Case]:
    """Yield complex numbers of which a part cancels, or is tiny beside the other."""
    for dtype, of_parts in (("complex64", "float32"), ("complex128", "float64")):
        random = np.random.RandomState(6)
        parts = random.randn(2, 24) * 10.0 ** random.uniform(-3, 3, 24)
        z = np.array(parts[0] + 1j * parts[1], dtype)
        others = (np.conj(z), z, 1j * z, 1j * np.conj(z))
        pairs = {"x": np.tile(z, 4), "y": np.array(others, dtype).reshape(-1)}
        for op in ("Mul", "MulNoNan"):
            yield Case("apart", op, {}, pairs)
        yield Case("apart", "Square", {}, {"x": z * (1 + 1j)})
        steps = 10.0 ** random.uniform(-12, -6, 24)
        near = (1 + 1j * steps, -1 + 1j * steps, 1j + steps, -1j - steps)
        yield Case("apart", "Log", {}, {"x": np.array(near, dtype).reshape(-1)})
        tiny = np.finfo(of_parts).tiny * 4.0 ** np.arange(12)
        for sign in (1, -1):
            z = np.array((sign + 1j * tiny, sign - 1j * tiny), dtype).reshape(-1)
            for op in ("Acos", "Acosh", "Asin", "Atanh"):
                yield Case("apart", op, {}, {"x": z})
            for op in ("Asinh", "Atan"):
                yield Case("apart", op, {}, {"x": z * 1j})


def cast_cases() -> Iterator[Case]:
    """Yield numbers in and beyond the range of integers, and cut fractions."""
    reals = {**NARROW, "float32": np.float32, "float64": np.float64}
    for source in (*reals, "complex64", "complex128"):
        numbers = np.resize(BEYOND, CASTS).astype(reals.get(source, source))
        for target in INTEGERS:
            yield Case("casts", "Cast", {"DstT": target}, {"x": numbers})
        random = np.random.RandomState(2)
        scale = 10.0 ** random.randint(-6, 6, 60)
        fractions = np.concatenate([random.randn(60) * scale, [np.inf, np.nan, -0.0]])
        x = fractions.astype(reals.get(source, source))
        for target in (*reals, "complex64", "complex128"):
            if target != source and not (source[0] == "c" and "8" in target[:6]):
                attrs = {"DstT": target, "Truncate": True}
                yield Case("casts", "Cast", attrs, {"x": x})


def order_cases() -> Iterator[Case]:
    """Yield choices from rows that all have NaN."""
    random = np.random.RandomState(3)
    types = {"float32": np.float32, "float64": np.float64, **NARROW}
    for name, size in zip([*list(types)[:4]] * 5, ROWS, strict=True):
        rows = random.randint(-9, 10, (6, size)) * 0.5
        rows[random.rand(6, size) < random.choice([0.1, 0.4, 0.8])] = np.nan
        rows[random.rand(6, size) < 0.1] = -np.inf
        rows[np.arange(6), random.randint(0, size, 6)] = np.nan
        values = rows.astype(types[name])
        for k in sorted({1, min(2, size), size // 2, size - 1, size} - {0}):
            for in_order in (True, False) if k > 1 else (True,):
                operands = {"input": values, "k": np.array(k, np.int32)}
                yield Case("order", "TopKV2", {"sorted": in_order}, operands)
            operands = {"input": values, "n": np.array(k - 1, np.int32)}
            yield Case("order", "NthElement", {}, operands)


def row_cases() -> Iterator[Case]:
    """Yield signs of zeros, and what running sums make of infinities and NaN."""
    describe: Any = ml_dtypes.finfo
    for dtype in ("float16", "bfloat16", "float32", "float64"):
        kind = NARROW.get(dtype, dtype)
        numbers = np.array([*PARTS, 7.0], kind)
        yield Case("rows", "Sign", {}, {"x": numbers})
        if dtype in NARROW:
            x, y = (g.reshape(-1) for g in np.meshgrid(numbers, numbers))
            for op in ("Maximum", "Minimum"):
                yield Case("rows", op, {}, {"x": x, "y": y})
            for op in ("Relu", "Relu6"):
                yield Case("rows", op, {}, {"features": numbers})
        large = np.array([float(describe(kind).max) / 2], kind)
        operands = {"y": np.array([1.5], kind), "dy": large}
        yield Case("rows", "RsqrtGrad", {}, operands)
        yield from _negative_zero_cases(kind)
        column = {"a": numbers[:2, None], "b": numbers[None, :4]}
        yield Case("rows", "MatMul", {}, column)
        yield from _running_cases(kind)
    for dtype in ("complex64", "complex128"):  # whole vectors
        large = np.sqrt(np.finfo(dtype).max) * 2
        operands = {"y": np.full(32, 1 + large * 1j, dtype), "dy": np.ones(32, dtype)}
        yield Case("rows", "RsqrtGrad", {}, operands)
        largest = np.finfo(dtype).max * np.array([1, -1, 0.8 + 0.6j, 1j], dtype)
        yield Case("rows", "Sign", {}, {"x": np.repeat(largest, 32)})
    for op in ("Sum", "Mean", "Prod"):
        for x in (numbers[:, None], _grid("complex64")[:, None]):
            operands = {"input": x, "reduction_indices": np.array(1, np.int32)}
            yield Case("rows", op, {}, operands)


def _negative_zero_cases(kind: Any) -> Iterator[Case]:
    zeros = np.full((4, 3), -0.0, kind)
    mixed = np.resize(np.array([0.0, -0.0, -0.0], kind), (4, 3))
    ids = np.array([0, 2, 2], np.int32)
    for x in (zeros, mixed, zeros[:, :1], zeros[:1]):
        name = f"{'Mean' if x.size < 12 else 'Sum'}"
        operands = {"data": x, "indices": ids * 0, "segment_ids": ids}
        yield Case("rows", f"SparseSegment{name}", {}, operands)
        yield Case("rows", "BiasAddGrad", {}, {"out_backprop": x})
        yield Case("rows", "Einsum", {"equation": "ij->i"}, {"inputs": [x]})
        attrs = {"shape": list(x.shape)}
        yield Case("rows", "AccumulateNV2", attrs, {"inputs": [x, x]})
        if len(x) == 1:
            continue
        paddings = np.array([[1, 0], [0, 0]], np.int32)
        operands = {"input": x, "paddings": paddings}
        yield Case("rows", "MirrorPadGrad", {"mode": "REFLECT"}, operands)
        places = np.array([[0], [2]], np.int32)
        for op in ("TensorScatterMax", "TensorScatterMin"):
            operands = {"tensor": x, "indices": places, "updates": -x[:2]}
            yield Case("rows", op, {}, operands)
    image = zeros.reshape(1, 2, 2, 3)
    operands = {"input": image, "filter": np.ones((2, 2, 3, 1), kind)}
    attrs = {"strides": [1, 1, 1, 1], "padding": "SAME"}
    yield Case("rows", "DepthwiseConv2dNative", attrs, operands)
    names = ("input_grads", "input_image", "output_image")
    operands = dict.fromkeys(names, image)
    yield Case("rows", "LRNGrad", {}, operands)
    end, count = np.array(-0.0, kind), np.array(3, np.int32)
    operands = {"start": end, "stop": end, "num": count}
    yield Case("rows", "LinSpace", {}, operands)


def _running_cases(kind: Any) -> Iterator[Case]:
    random = np.random.RandomState(4)
    for size in (1, 9):
        rows = random.choice(PARTS, (5, size)).astype(kind)
        rows[random.rand(5, size) < 0.6] = 1.5
        for op in ("Cumsum", "Cumprod", "CumulativeLogsumexp"):
            for axis in (0, 1):
                operands = {"x": rows, "axis": np.array(axis, np.int32)}
                yield Case("rows", op, {}, operands)
    rows = random.randn(3, 40).astype(kind)
    for op in ("Cumsum", "Cumprod"):
        operands = {"x": rows, "axis": np.array(1, np.int32)}
        yield Case("rows", op, {"reverse": True}, operands)


def limit_cases() -> Iterator[Case]:
    """Yield what is decided by a comparison with a limit, or by the last bit."""
    for kind in ("float32", "float64"):
        x, y = _pairs((0.0, 1.0, 1.25, 1.5), (0.0, 1.0, 1.5, np.inf, np.nan), kind)
        yield Case("limits", "ApproximateEqual", {"tolerance": 0.5}, {"x": x, "y": y})
        shapes = (0.0, -1.0, 0.5, 1.0, 2.0, 50.0, np.inf, np.nan)
        a, b = _pairs(shapes, shapes, kind)
        for chance in (0.0, 0.25, 1.0, 1.5):
            operands = {"a": a, "b": b, "x": np.full_like(a, chance)}
            yield Case("limits", "Betainc", {}, operands)
        operands = {
            "sorted_inputs": np.array([[-np.inf, -1, 0, 0, 1, np.inf]], kind),
            "values": np.array([PARTS], kind),
        }
        for op in ("LowerBound", "UpperBound"):
            yield Case("limits", op, {}, operands)
    for dtype in ("float16", "bfloat16", "float32"):
        x = np.array([*PARTS, *PARTS], NARROW.get(dtype, dtype))
        yield Case("limits", "Unique", {}, {"x": x})
        yield Case("limits", "ListDiff", {}, {"x": x, "y": x[[0, 2, 6]]})
    yield from _fake_quant_cases()
    yield from _place_cases()


def _place_cases() -> Iterator[Case]:
    """Yield numbers on the borders of buckets, of steps and of pictures."""
    for kind in ("float32", "float64"):
        x = (np.arange(-400, 400) * 0.1).astype(kind)
        for step in (0.1, 0.2, 0.3, -0.7):
            operands = {"x": x, "y": np.array(step, kind)}
            yield Case("limits", "FloorDiv", {}, operands)
        tenths = {"x": x.reshape(-1, 8), "y": np.full((1, 8), 0.1, kind)}
        yield Case("limits", "FloorDiv", {}, tenths)
        for low, high in ((-0.1, 0.1), (-1.0, 1.0), (-0.5, 0.49)):
            operands = {
                "values": np.linspace(low * 1.1, high * 1.1, 301).astype(kind),
                "value_range": np.array([low, high], kind),
                "nbins": np.array(10, np.int32),
            }
            yield Case("limits", "HistogramFixedWidth", {}, operands)
    boxes = [[0, 0, 1, 1], [0.1, 0.2, 0.7, 0.9], [0.9, 0.9, 0.1, 0.1]]
    for size in (8, 13):
        operands = {
            "image": np.arange(77, dtype=np.float32).reshape(1, 7, 11, 1),
            "boxes": np.array(boxes, np.float32),
            "box_ind": np.zeros(3, np.int32),
            "crop_size": np.array([size, size + 5], np.int32),
        }
        for method in ("nearest", "bilinear"):
            yield Case("limits", "CropAndResize", {"method": method}, operands)


def _fake_quant_cases() -> Iterator[Case]:
    """Yield ranges in which zero lies in the middle between two steps."""
    inputs = np.array([*np.linspace(-7, 7, 57), *PARTS], "float32")
    for bits, is_narrow in ((8, False), (8, True), (4, False)):
        attrs = {"num_bits": bits, "narrow_range": is_narrow}
        for low, high in ((-0.1, 0.1), (-1.0, 5.0), (-3.0, 3.0), (-6.0, 6.0)):
            limits = {"min": np.float32(low), "max": np.float32(high)}
            given = {"inputs": inputs, **limits}
            op = "FakeQuantWithMinMaxVars"
            yield Case("limits", op, attrs, given)
            each = {name: np.full(2, limit) for name, limit in limits.items()}
            given = {"inputs": inputs.reshape(-1, 2), **each}
            yield Case("limits", f"{op}PerChannel", attrs, given)
            given = {"gradients": inputs[::-1].copy(), "inputs": inputs, **limits}
            yield Case("limits", f"{op}Gradient", attrs, given)
            span = {"min": low, "max": high}
            op = "FakeQuantWithMinMaxArgs"
            yield Case("limits", op, {**attrs, **span}, {"inputs": inputs})


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


def _has_digits(parts: Any) -> Any:
    """Tell where neither part is what rounding has left of the other."""
    sizes = np.sort(np.abs(parts), axis=1)  # NaN is last
    is_near = sizes[:, 0] > 0.01 * np.where(np.isnan(sizes[:, 1]), 0, sizes[:, 1])
    return is_near | ~np.isfinite(parts).any(axis=1)


def _agreed(case: Case) -> Case:
    """Return a case without the operands of which TensorFlow says two things."""
    (whole,) = run(case)
    left, right = _parts(whole), _parts(_one_by_one(case))
    same = np.isclose(left, right, rtol=1e-5, atol=0, equal_nan=True)
    kept = same.reshape(len(whole), -1).all(axis=1)
    if case.family == "huge" and case.op != "DivNoNan":
        kept &= _has_digits(left.reshape(len(whole), 2))
    return case._replace(operands={n: x[kept] for n, x in case.operands.items()})


def main() -> None:
    """Write the files of tests/golden/extreme_operands that are named, or all."""
    files = {
        "apart": apart_cases,
        "casts": cast_cases,
        "complex": complex_cases,
        "huge": huge_cases,
        "limits": limit_cases,
        "order": order_cases,
        "rows": row_cases,
        "special": special_cases,
        "whole": whole_number_cases,
    }
    for name in sys.argv[1:] or files:
        with np.errstate(all="ignore"):
            cases = [case for case in files[name]() if has_kernel(case)]
            is_agreed = name in {"apart", "complex", "huge", "special"}
            agreed = [_agreed(case) for case in cases] if is_agreed else cases
            write(FOLDER / f"{name}.npz", agreed)


if __name__ == "__main__":
    main()
