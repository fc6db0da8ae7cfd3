"""Records what TensorFlow's kernels of images compute.

Usage: python -m tests.golden.record.record_image_kernels
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np

from tests.golden.record.kernel_values import Case, has_kernel, write

OUT = Path(__file__).parents[1] / "image_kernels" / "values.npz"
RNG = np.random.RandomState(13)
FLOATS = ("float32", "float64", "float16", "bfloat16")
INTEGERS = ("uint8", "int8", "uint16", "int16", "int32", "int64")


def pixels(shape: list[int], dtype: str = "float32", high: float = 100.0) -> Any:
    """Return numbers from 0 to `high`, rounded."""
    values = np.round(RNG.uniform(0, high, shape), 1)
    return values.astype(np.dtype(getattr(ml_dtypes, dtype, dtype)))


def signed(shape: list[int], dtype: str = "float32") -> Any:
    """Return rounded normal numbers."""
    values = np.round(RNG.standard_normal(shape), 2)
    return values.astype(np.dtype(getattr(ml_dtypes, dtype, dtype)))


def ints(*values: int) -> Any:
    """Return `int32` numbers."""
    return np.array(values, np.int32)


def floats(*values: float) -> Any:
    """Return `float32` numbers."""
    return np.array(values, np.float32)


CONVENTIONS: list[dict[str, Any]] = [
    {},
    {"align_corners": True},
    {"half_pixel_centers": True},
]
SIZES = [(5, 4), (10, 8), (3, 9), (1, 1), (11, 2), (2, 13)]
RESIZERS = ("ResizeBilinear", "ResizeNearestNeighbor", "ResizeBicubic", "ResizeArea")


def resizers() -> Iterator[Case]:
    """Yield every way to resize, in every type and convention."""
    for op, size in itertools.product(RESIZERS, SIZES):
        for attrs in CONVENTIONS:
            if op == "ResizeArea" and "half_pixel_centers" in attrs:
                continue
            given = {"images": pixels([1, 5, 4, 2]), "size": ints(*size)}
            yield Case("resize", op, attrs, given)
    for op, dtype in itertools.product(RESIZERS, (*FLOATS[1:], *INTEGERS)):
        given = {"images": pixels([2, 3, 4, 3], dtype), "size": ints(5, 3)}
        case = Case("resize", op, {}, given)
        if has_kernel(case):
            yield case
    for op in RESIZERS:
        empty = {"images": pixels([0, 3, 4, 3]), "size": ints(5, 3)}
        yield Case("resize", op, {}, empty)
        image = np.where(RNG.uniform(size=[1, 4, 4, 1]) < 0.8, 1.0, np.inf)
        image[0, 0, 0] = np.nan
        odd = {"images": image.astype(np.float32), "size": ints(7, 5)}
        yield Case("resize", op, {}, odd)


def resizer_gradients() -> Iterator[Case]:
    """Yield the gradients of resizing."""
    for size, attrs in itertools.product(SIZES, CONVENTIONS):
        grads = signed([1, *size, 2])
        for op in ("ResizeBilinearGrad", "ResizeBicubicGrad"):
            given = {"grads": grads, "original_image": pixels([1, 5, 4, 2])}
            yield Case("resize_gradient", op, attrs, given)
        nearest = {"grads": grads, "size": ints(5, 4)}
        yield Case("resize_gradient", "ResizeNearestNeighborGrad", attrs, nearest)
    for op in ("ResizeBilinearGrad", "ResizeBicubicGrad"):
        for dtype in FLOATS[1:]:
            given = {
                "grads": signed([2, 7, 3, 3]),
                "original_image": pixels([2, 4, 4, 3], dtype),
            }
            case = Case("resize_gradient", op, {}, given)
            if has_kernel(case):
                yield case
    for dtype in (*FLOATS[1:], *INTEGERS):
        given = {"grads": pixels([1, 7, 3, 2], dtype, 9.0), "size": ints(4, 4)}
        case = Case("resize_gradient", "ResizeNearestNeighborGrad", {}, given)
        if has_kernel(case):
            yield case


def quantized_resizers() -> Iterator[Case]:
    """Yield resizing in integers."""
    for dtype, size in itertools.product(("quint8", "qint32", "float32"), SIZES):
        for attrs in CONVENTIONS:
            high = 2**18 if dtype == "qint32" else 255
            given = {
                "images": Quantized(pixels([1, 5, 4, 3], "int32", high), dtype).array,
                "size": ints(*size),
                "min": np.float32(0.0),
                "max": np.float32(10.0),
            }
            yield Case("quantized", "QuantizedResizeBilinear", attrs, given)


class Quantized:
    """An array in one of TensorFlow's quantized types."""

    def __init__(self, values: Any, dtype: str) -> None:
        """Convert `values`."""
        from tests.golden.record.tensorflow_v1 import load

        self.array = values.astype(load().as_dtype(dtype).as_numpy_dtype)


SAMPLERS = (
    "lanczos1 lanczos3 lanczos5 gaussian box triangle keyscubic mitchellcubic"
).split()


def samplers() -> Iterator[Case]:
    """Yield scaling with each filter."""
    moves = [
        ((2.0, 1.5), (0.0, 0.0)),
        ((0.4, 0.6), (1.5, -0.5)),
        ((1.0, 0.3), (9.0, 0.2)),
    ]
    for kernel, antialias in itertools.product(SAMPLERS, (True, False)):
        attrs = {"kernel_type": kernel, "antialias": antialias}
        for size, (scale, shift) in zip(((8, 7), (3, 4), (6, 3)), moves, strict=True):
            move = {"scale": floats(*scale), "translation": floats(*shift)}
            given = {"images": pixels([1, 6, 5, 2]), "size": ints(*size), **move}
            yield Case("scale", "ScaleAndTranslate", attrs, given)
            back = {
                "grads": signed([1, *size, 2]),
                "original_image": pixels([1, 6, 5, 2]),
                **move,
            }
            yield Case("scale", "ScaleAndTranslateGrad", attrs, back)
    for dtype in (*FLOATS[1:], *INTEGERS):
        given = {
            "images": pixels([1, 4, 4, 1], dtype),
            "size": ints(3, 5),
            "scale": floats(0.75, 1.25),
            "translation": floats(0, 0),
        }
        case = Case("scale", "ScaleAndTranslate", {}, given)
        if has_kernel(case):
            yield case


def main() -> None:
    """Record every family."""
    families = (resizers, resizer_gradients, quantized_resizers, samplers)
    write(OUT, (case for family in families for case in family()))


if __name__ == "__main__":
    main()
