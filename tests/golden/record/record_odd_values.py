"""Records what TensorFlow makes of NaN, infinities and zeros of both signs.

Where it compares such numbers the result depends on their order, on the type, and on
whether elements are compared one by one or in vectors.

Usage: python -m tests.golden.record.record_odd_values
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np

from tests.golden.record.kernel_errors import write_errors
from tests.golden.record.kernel_values import Case, write

# Its other kernels treat NaN in another way, and round less often.
os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"

FOLDER = Path(__file__).parents[1] / "odd_values"
FLOATS = (np.float32, np.float64, np.float16, ml_dtypes.bfloat16)
_RANDOM = np.random.RandomState(0)


def odd(shape: tuple[int, ...], dtype: Any, nan: float = 0.25) -> Any:
    """Return halves with NaN, infinities and zeros of both signs among them."""
    values = _RANDOM.randint(-8, 8, shape) / 2
    for number, share in ((np.inf, 0.05), (-np.inf, 0.05), (-0.0, 0.1), (np.nan, nan)):
        values[_RANDOM.rand(*shape) < share] = number
    return values.astype(dtype)


def segments() -> Iterator[Case]:
    """Rows of few columns, and of as many as are compared in vectors."""
    for dtype in FLOATS:
        for inner in ((), (17,)) if dtype == np.float32 else ((17,),):
            ids = _RANDOM.randint(0, 9, 40).astype(np.int32)
            data = odd((40, *inner), dtype)
            both: dict[str, Any] = {"data": data, "segment_ids": np.sort(ids)}
            for how in ("Max", "Min", "Sum", "Mean"):
                yield Case("segments", f"Segment{how}", {}, both)
            both = {"data": data, "segment_ids": ids, "num_segments": np.int32(10)}
            for how in ("Max", "Min"):
                yield Case("segments", f"UnsortedSegment{how}", {}, both)


def pictures() -> Iterator[Case]:
    """Parts of images that begin nowhere, and summaries of images."""
    image = np.arange(40, dtype=np.float32).reshape(2, 4, 5, 1)
    size = np.array([2, 3], np.int32)
    for op in ("ExtractGlimpse", "ExtractGlimpseV2"):
        for offset in ([np.nan, 0], [0, np.inf], [-np.inf, 0], [1e10, 0], [0.3, -0.4]):
            offsets = np.array([[0.1, 0.2], offset], np.float32)
            attrs = {"noise": "zero", "uniform_noise": False}
            operands = {"input": image, "size": size, "offsets": offsets}
            yield Case("pictures", op, attrs, operands)
    sizes = np.array([5, 5], np.int32), np.array([3, 2], np.int32)
    for dtype in (np.float32, np.float64, np.float16):
        zeros = -np.zeros((1, 5, 5, 1), dtype)
        for size in sizes:
            yield Case("pictures", "ResizeArea", {}, {"images": zeros, "size": size})
    tag = np.array(b"t", object)
    for dtype in (np.float32, np.float64, np.float16):
        for nan in (0.0, 0.2):
            numbers = _RANDOM.randn(2, 5, 6, 3)
            numbers[_RANDOM.rand(*numbers.shape) < nan] = np.nan
            for pixels in (numbers, abs(numbers)):
                operands = {"tag": tag, "tensor": pixels.astype(dtype)}
                yield Case("pictures", "ImageSummary", {}, operands)


def tags() -> Iterator[Case]:
    """Tags that are no UTF-8."""
    tag, one = np.array(b"\xff\xc3", object), np.float32(1)
    yield Case("tags", "ScalarSummary", {}, {"tags": tag, "values": one})
    yield Case("tags", "HistogramSummary", {}, {"tag": tag, "values": one})
    pixels = np.ones((2, 1, 1, 1), np.float32)
    yield Case("tags", "ImageSummary", {}, {"tag": tag, "tensor": pixels})
    sound = {"tensor": np.zeros((1, 4), np.float32), "sample_rate": np.float32(8000)}
    yield Case("tags", "AudioSummaryV2", {}, {"tag": tag, **sound})


def regressions() -> Iterator[Case]:
    """Rows along the last of any number of axes, and numbers in no order."""
    for shape in ((6,), (0,), (1,), (2, 5), (0, 4), (3, 0), (2, 2, 3), ()):
        numbers = np.asarray(_RANDOM.randint(0, 6, shape), np.float32)
        yield Case("regressions", "IsotonicRegression", {}, {"input": numbers})


def functions() -> Iterator[Case]:
    """Functions whose zeros have TensorFlow's signs, and sums of powers below zero."""
    for dtype in (np.float32, np.float64):
        points = [0.0, -0.0, 0.5, -0.5, 3.0, -3.0, 2e9, -2e9, np.inf, -np.inf, np.nan]
        x = np.array(points, dtype)
        for op in ("BesselI0", "BesselI1", "BesselI1e", "Dawsn", "Erfinv", "Spence"):
            given = x if op != "Erfinv" else x[:4]
            yield Case("functions", op, {}, {"x": given})
        yield Case("functions", "Expint", {}, {"x": x[2:]})
        tiny, near = np.array([1e-9, -1e-7, 1e-4], dtype), np.array([1e-4, 1e-7, 6e-8])
        given = np.concatenate([tiny, (1 - near).astype(dtype), x[:1] + 1])
        yield Case("functions", "Erfinv", {}, {"x": given})
        a = np.array([0.001, 0.003, 0.01, 0.02, 0.05, 0.1, 0.3, 0.5, 12], dtype)
        below = np.array([0.7, 0.05, 0.5, 0.9, 1, 0.02, 0.1, 0.4, 40], dtype)
        for op in ("Igamma", "Igammac"):
            yield Case("functions", op, {}, {"a": a, "x": below})
        a, far = np.array([1e-30, 0.5, 20, 3], dtype), np.array([90, 1e20, 200, 0])
        yield Case("functions", "IgammaGradA", {}, {"a": a, "x": far.astype(dtype)})
        orders = [0, 1, 2, 3, 7, 10, 30, 100, 200, 1e10, np.inf, np.nan, 2.5, -1]
        starts = [0.5, 2.5, 30, 1e20, 0, -1, -0.5, -1.5, -7.5, -8.5, -9.25, -30.5]
        starts += [-100.25, -1000.75, np.inf, -np.inf, np.nan, 1, 1e-30, -1e-30]
        grid = [g.reshape(-1) for g in np.meshgrid(orders, starts, indexing="ij")]
        n, q = (g.astype(dtype) for g in grid)
        yield Case("functions", "Polygamma", {}, {"a": n, "x": q})
        yield Case("functions", "Zeta", {}, {"x": n + 1, "q": q})
        steep = np.array([5000, 5001, 9000.5, 1e5 + 1], dtype)
        grid = [g.reshape(-1) for g in np.meshgrid(steep, [*starts, 0.999, 1.001])]
        yield Case("functions", "Zeta", {}, {"x": grid[0], "q": grid[1].astype(dtype)})
        small = np.array([1e-30, -1e-30, 1e-30, 7], dtype)
        large = np.array([1e10, 1e10, -1e10, -2], dtype)
        yield Case("functions", "FloorDiv", {}, {"x": small, "y": large})


def narrow() -> Iterator[Case]:
    """Sums and products of narrow types, along axes in different places."""
    random = np.random.RandomState(4)
    shapes = {
        (5, 33): (0, 1),
        (17, 24): (0, 1),
        (2, 1700): (1,),
        (3, 1001): (1,),
        (300, 9): (0,),
        (30, 1): (0,),
        (6, 7, 8): ((0, 2), 1, (1, 2)),
        (4, 5, 6, 7): ((0, 2), (1, 3)),
        (300,): (0,),
        (1, 1): (0,),
    }
    for dtype in (np.float16, ml_dtypes.bfloat16):
        for shape, choices in shapes.items():
            numbers = random.randn(*shape)
            for axes in choices:
                indices = np.atleast_1d(np.array(axes, np.int32))
                for op in ("EuclideanNorm", "Mean", "Prod", "Sum"):
                    x = (1 + numbers / 16 if op == "Prod" else numbers).astype(dtype)
                    operands = {"input": x, "reduction_indices": indices}
                    yield Case("narrow", op, {"keep_dims": len(shape) == 3}, operands)
            values = numbers.astype(dtype)
            yield Case("narrow", "L2Loss", {}, {"t": values})
            if len(shape) > 1:
                yield Case("narrow", "BiasAddGrad", {}, {"out_backprop": values})
                yield Case("narrow", "LogSoftmax", {}, {"logits": values})
                yield Case("narrow", "Softmax", {}, {"logits": values})


def narrow_rows() -> Iterator[Case]:
    """Rows of narrow types: segments of one column and of vectors, losses, averages."""
    random = np.random.RandomState(5)
    for dtype in (np.float16, ml_dtypes.bfloat16):
        for rows, columns in ((90, 17), (200, 1), (30, 8), (6, 3)):
            numbers = random.randn(rows, columns)
            ids = np.sort(random.randint(0, rows // 15 + 2, rows)).astype(np.int32)
            for op in ("SegmentMean", "SegmentProd", "SegmentSum"):
                x = (1 + numbers / 16 if "Prod" in op else numbers).astype(dtype)
                both = {"data": x, "segment_ids": ids}
                yield Case("narrow_rows", op, {}, both)
                if "Mean" not in op:
                    both["segment_ids"] = random.permutation(ids) - 1
                    three = {**both, "num_segments": np.int32(rows)}
                    yield Case("narrow_rows", f"Unsorted{op}", {}, three)
            logits, labels = numbers.astype(dtype), random.rand(rows, columns)
            op = "SoftmaxCrossEntropyWithLogits"
            operands = {"features": logits, "labels": labels.astype(dtype)}
            yield Case("narrow_rows", op, {}, operands)
            operands["labels"] = random.randint(0, columns, rows).astype(np.int32)
            yield Case("narrow_rows", f"Sparse{op}", {}, operands)
        sizes, padding = np.array([2, 5, 6, 3], np.int32), {"padding": "SAME"}
        image, dy = (random.randn(2, n, 6, 3).astype(dtype) for n in (5, 3))
        pool = {"ksize": [1, 3, 4, 1], "strides": [1, 2, 1, 1], **padding}
        yield Case("narrow_rows", "AvgPool", pool, {"value": image})
        shares = {"orig_input_shape": sizes, "grad": dy}
        yield Case("narrow_rows", "AvgPoolGrad", pool, shares)
        if dtype == np.float16:
            continue  # its kernels of volumes have no halves
        sizes = np.array([1, 4, 5, 6, 3], np.int32)
        image, dy = (random.randn(1, 4, n, 6, 3).astype(dtype) for n in (5, 3))
        pool = {"ksize": [1, 2, 3, 4, 1], "strides": [1, 1, 2, 1, 1], **padding}
        yield Case("narrow_rows", "AvgPool3D", pool, {"input": image})
        shares = {"orig_input_shape": sizes, "grad": dy}
        yield Case("narrow_rows", "AvgPool3DGrad", pool, shares)
    random = np.random.RandomState(6)
    for dtype in (np.float16, ml_dtypes.bfloat16):
        for shape in ((9, 100), (30, 7), (1, 1)):
            x = random.randn(*shape).astype(dtype)
            yield Case("narrow_rows", "BiasAddGrad", {}, {"out_backprop": x})
            operands = {"x": x, "axis": np.int32(0)}
            yield Case("narrow_rows", "CumulativeLogsumexp", {}, operands)
            places = np.argwhere(random.rand(*shape) < 0.9).astype(np.int64)
            for axis in (0, 1):
                operands = {
                    "input_indices": places,
                    "input_values": random.randn(len(places)).astype(dtype),
                    "input_shape": np.array(shape, np.int64),
                    "reduction_axes": np.array([axis], np.int32),
                }
                yield Case("narrow_rows", "SparseReduceSum", {}, operands)


def rounded() -> Iterator[Case]:
    """What rounds narrow numbers where a compiled program can do so as well."""
    random = np.random.RandomState(6)
    for dtype in (np.float16, ml_dtypes.bfloat16):
        data = random.randn(20, 5).astype(dtype)
        places = random.randint(0, 20, 70).astype(np.int32)
        ids = np.sort(random.choice([0, 1, 1, 3, 3, 3, 4, 5, 6, 6], 70))
        both = {"indices": places, "segment_ids": ids.astype(np.int32)}
        rows = np.int32(20)
        for how in ("Mean", "SqrtN", "Sum"):
            op = f"SparseSegment{how}"
            yield Case("rounded", op, {}, {"data": data, **both})
            grads = {"grad": data[:7], **both}
            yield Case("rounded", f"{op}Grad", {}, {**grads, "output_dim0": rows})
            grads["dense_output_dim0"] = rows
            yield Case("rounded", f"{op}GradV2", {}, grads)
    nothing = {"data": np.zeros((0, 2), np.float32), "segment_ids": np.zeros(0, int)}
    for how in ("Max", "Min", "Prod", "Sum"):
        operands = {**nothing, "num_segments": np.int32(2)}
        yield Case("rounded", f"UnsortedSegment{how}", {}, operands)
    numbers = np.array([np.inf, 1 + 2j, 3], np.complex64)
    both = {"data": numbers, "segment_ids": np.array([0, 1, 1], np.int32)}
    yield Case("rounded", "SegmentMean", {}, both)


def pools() -> Iterator[Case]:
    """Largest values of volumes, and gradients of averages."""
    images, volumes = [1, 3, 2, 1], [1, 2, 3, 2, 1]
    for dtype in (np.float32, ml_dtypes.bfloat16):
        for steps in (1, 2):
            image = odd((1, 4, 4, 6, 2), dtype, 0.1)
            strides = [1, 1, steps, steps, 1]
            attrs = {"ksize": volumes, "strides": strides, "padding": "SAME"}
            yield Case("pools", "MaxPool3D", attrs, {"input": image})
            operands = {
                "orig_input_shape": np.array([2, 4, 6, 2], np.int32),
                "grad": odd((2, 4 // steps, 6 // steps, 2), dtype),
            }
            strides = [1, steps, steps, 1]
            attrs = {"ksize": images, "strides": strides, "padding": "SAME"}
            yield Case("pools", "AvgPoolGrad", attrs, operands)


def matrices() -> Iterator[Case]:
    """Decompositions and solutions of matrices with an infinity or NaN."""
    random = np.random.RandomState(1)
    for size in (1, 2, 3, 4):
        plain = random.randn(size, size)
        plain = (plain + plain.T).astype(np.float32)
        columns = random.randn(size, 2).astype(np.float32)
        for number in (np.inf, -np.inf, np.nan):
            for row in range(size):
                matrix = plain.copy()
                matrix[row, 0] = matrix[0, row] = number
                yield Case("matrices", "Qr", {}, {"input": matrix})
                for fast in (False, True):
                    operands = {
                        "matrix": matrix,
                        "rhs": columns,
                        "l2_regularizer": np.float64(0.5),
                    }
                    yield Case("matrices", "MatrixSolveLs", {"fast": fast}, operands)
            if size > 1:
                attrs = {"full_matrices": True}
                yield Case("matrices", "Qr", attrs, {"input": matrix[:, 1:]})
            matrix = plain.copy()
            matrix[0, 0] = number
            if size == 1 or number == number:
                yield Case("matrices", "SelfAdjointEigV2", {}, {"input": matrix})
    yield from _odd_functions()


def _odd_functions() -> Iterator[Case]:
    random = np.random.RandomState(2)
    for dtype in (np.float32, np.complex64):
        x = random.randn(3, 3, 2).astype(dtype)
        x[0, 0, 0], x[1, 2, 1] = np.inf, np.nan
        for attrs in ({"compute_uv": False}, {}):
            # What is plain has vectors of either sign.
            operands = {"input": x[:2] if not attrs else x}
            yield Case("matrices", "Svd", attrs, operands)
    for number in (np.inf, np.nan):
        odd_one = random.randn(3, 3).astype(np.complex64)
        odd_one[0, 0] = number  # elsewhere, TensorFlow may not come to an end
        for op in ("MatrixLogarithm", "MatrixSquareRoot"):
            yield Case("matrices", op, {}, {"input": odd_one})
    zero = np.zeros((1, 1), np.float32)
    yield Case("matrices", "CholeskyGrad", {}, {"l": zero, "grad": zero + 1})


def refused() -> Iterator[Case]:
    """Operands of the wrong rank, and counts that cannot be."""
    pair, one = np.array([1, 2], np.float32), np.int32(1)
    matrix = np.zeros((3, 2), np.float32)
    ids = np.zeros(3, np.int32)

    def wrong(op: str, operands: dict[str, Any], **attrs: Any) -> Case:
        return Case("refused", op, attrs, operands, shapeless=True)

    yield wrong("TopKV2", {"input": pair[0], "k": np.int32(0)})
    yield wrong("TopKV2", {"input": pair, "k": ids[:1]})
    yield wrong("TopKV2", {"input": pair, "k": np.int32(3)})
    yield wrong("TopKV2", {"input": pair, "k": -one})
    yield wrong("NthElement", {"input": pair, "n": ids[:1]})
    yield wrong("NthElement", {"input": pair, "n": -one})
    yield wrong("NthElement", {"input": pair[0], "n": np.int32(0)})
    yield wrong("InTopK", {"predictions": pair, "targets": ids}, k=2)
    yield wrong("InTopK", {"predictions": matrix, "targets": ids[None]}, k=2)
    yield wrong("InTopKV2", {"predictions": matrix, "targets": ids, "k": ids[:1]})
    yield wrong("SelfAdjointEigV2", {"input": matrix[:2] + np.float32(np.nan)})
    for op in ("ExtractGlimpse", "ExtractGlimpseV2"):
        yield wrong(
            op,
            {
                "input": np.zeros((1, 4, 4, 1), np.float32),
                "size": np.array([-1, 2], np.int32),
                "offsets": matrix[:1],
            },
            noise="zero",
            uniform_noise=False,
        )


def main() -> None:
    """Write the cases of each family."""
    write(FOLDER / "functions.npz", functions())
    write(FOLDER / "narrow.npz", narrow())
    write(FOLDER / "narrow_rows.npz", narrow_rows())
    write(FOLDER / "rounded.npz", rounded())
    write(FOLDER / "segments.npz", segments())
    write(FOLDER / "pictures.npz", pictures())
    write(FOLDER / "tags.npz", tags())
    write(FOLDER / "regressions.npz", regressions())
    write(FOLDER / "pools.npz", pools())
    write(FOLDER / "matrices.npz", matrices())
    write_errors(FOLDER / "errors.json", refused())


if __name__ == "__main__":
    main()
