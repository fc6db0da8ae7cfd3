"""Records what TensorFlow's kernels of uniformly quantised numbers compute.

Usage: python -m tests.golden.record.record_uniform_quantized_kernels
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from tests.golden.record.kernel_errors import write_errors
from tests.golden.record.kernel_values import Case, write
from tests.golden.record.record_quantized_kernels import as_quantized

OUT = Path(__file__).parents[1] / "network_kernels" / "uniform_quantized.npz"
RNG = np.random.RandomState(31)
FLOAT = np.float32
BOUNDS = {"qint8": (-128, 127), "quint8": (0, 255), "qint32": (-(2**31), 2**31 - 1)}


def levels(kind: str, *shape: int, spread: int = 2**31) -> Any:
    """Return numbers of a quantised type, no larger than `spread`."""
    low, high = BOUNDS[kind]
    found = RNG.randint(max(low, -spread), min(high, spread) + 1, shape, np.int64)
    return as_quantized(found, kind)


def scaled(prefix: str, size: int | None, *, largest: int = 9) -> dict[str, Any]:
    """Return scales and zero points: scalars, or `size` of each."""
    shape = () if size is None else (size,)
    return {
        f"{prefix}scales": np.asarray(RNG.uniform(0.05, 2, shape), FLOAT),
        f"{prefix}zero_points": np.asarray(
            RNG.randint(-largest, largest + 1, shape), np.int32
        ),
    }


def within(low: int, high: int, *prefixes: str) -> dict[str, Any]:
    """Return the attributes with the lowest and highest quantised numbers."""
    return {
        f"{prefix}quantization_{end}_val": value
        for prefix in prefixes or ("",)
        for end, value in (("min", low), ("max", high))
    }


def conversions() -> Iterator[Case]:
    """To quantised numbers, back, to others and held in limits."""
    odd = [0.5, -0.5, 1.5, -1.5, 1e9, -1e9, 1e12, -1e12, np.inf, -np.inf, np.nan, -0.0]
    x = np.concatenate([RNG.standard_normal(12) * 20, odd]).reshape(2, 3, 4)
    for kind, (low, high) in BOUNDS.items():
        for axis, size in ((-1, None), (0, 2), (1, 3), (2, 4)):
            attrs = {"quantization_axis": axis, **within(low, high)}
            given = {"input": x.astype(FLOAT), **scaled("", size)}
            more = {**attrs, "Tout": kind}
            yield Case("convert", "UniformQuantize", more, given)
            given = {"input": levels(kind, 2, 3, 4), **scaled("", size)}
            more = {**attrs, "Tout": FLOAT}
            yield Case("convert", "UniformDequantize", more, given)
    half = {"scales": FLOAT(0.5), "zero_points": np.int32(-3)}
    for value in (x[0].astype(FLOAT), FLOAT(2.25), np.zeros((0, 3), FLOAT)):
        attrs = {**within(-20, 15), "Tout": "qint8"}
        yield Case("convert", "UniformQuantize", attrs, {"input": value, **half})
    for kind, spread in (("qint8", 127), ("qint32", 500), ("qint32", 2**31)):
        for axis, other in ((-1, -1), (1, 1), (1, -1), (-1, 2)):
            attrs = {
                "input_quantization_axis": axis,
                "output_quantization_axis": other,
                "Tout": "qint8",
                **within(-127, 127, "input_", "output_"),
            }
            shape = (2, 3, 4)
            given = {
                "input": levels(kind, *shape, spread=spread),
                **scaled("input_", None if axis < 0 else shape[axis]),
                **scaled("output_", None if other < 0 else shape[other]),
            }
            yield Case("convert", "UniformRequantize", attrs, given)
    for old, new in ((1e-9, 2.0), (1e-12, 3.0), (3e10, 1.0), (1.0, 1.0), (1.0, 3.0)):
        attrs = {"Tout": "qint8", **within(-128, 127, "input_", "output_")}
        given = {
            "input": levels("qint32", 20),
            "input_scales": FLOAT(old),
            "input_zero_points": np.int32(5),
            "output_scales": FLOAT(new),
            "output_zero_points": np.int32(-7),
        }
        yield Case("convert", "UniformRequantize", attrs, given)
    for axis, size in ((-1, None), (1, 3)):
        limit = () if size is None else (size,)
        given = {
            "operand": levels("qint32", 2, 3, 4, spread=50),
            "min": as_quantized(RNG.randint(-30, 0, limit), "qint32"),
            "max": as_quantized(RNG.randint(0, 30, limit), "qint32"),
            **scaled("", size),
        }
        attrs = {"quantization_axis": axis, **within(-40, 40)}
        yield Case("convert", "UniformQuantizedClipByValue", attrs, given)


def sums() -> Iterator[Case]:
    """Sums of numbers with scales of their own."""
    for shapes, axes in (
        (((2, 3), (2, 3)), (-1, -1, -1)),
        (((2, 3), (3,)), (-1, -1, -1)),
        (((3,), (2, 1)), (-1, -1, -1)),
        (((), (2, 3)), (-1, -1, -1)),
        (((2, 3), (2, 3)), (1, 1, 1)),
        (((2, 3), (3,)), (1, 0, 1)),
        (((2, 3), (2, 3)), (0, 1, -1)),
        (((0, 3), (3,)), (-1, -1, -1)),
    ):
        for spread in (300, 2**31):
            attrs = {
                "lhs_quantization_axis": axes[0],
                "rhs_quantization_axis": axes[1],
                "output_quantization_axis": axes[2],
                **within(-400, 500, "lhs_", "rhs_", "output_"),
            }
            a, b = shapes
            out = np.broadcast_shapes(a, b)
            given = {
                "lhs": levels("qint32", *a, spread=spread),
                "rhs": levels("qint32", *b, spread=spread),
                **scaled("lhs_", None if axes[0] < 0 else a[axes[0]]),
                **scaled("rhs_", None if axes[1] < 0 else b[axes[1]]),
                **scaled("output_", None if axes[2] < 0 else out[axes[2]]),
            }
            yield Case("sum", "UniformQuantizedAdd", attrs, given)


def products() -> Iterator[Case]:
    """Products of matrices."""
    whole = within(-(2**31), 2**31 - 1, "lhs_", "rhs_", "output_")
    for axis, other in ((-1, -1), (1, -1), (1, 1)):
        for rows, depth in ((3, 7), (0, 7), (3, 0)):
            b = {
                "rhs": levels("qint8", depth, 5),
                **scaled("rhs_", None if axis < 0 else 5),
            }
            attrs = {
                **whole,
                "Tout": "qint32",
                "rhs_quantization_axis": axis,
                "output_quantization_axis": other,
            }
            given = {
                "lhs": levels("qint8", rows, depth),
                **scaled("lhs_", None),
                **b,
                **scaled("output_", None if other < 0 else 5),
            }
            ordered = ["lhs", "rhs", *(n for n in given if n not in ("lhs", "rhs"))]
            given = {name: given[name] for name in ordered}
            yield Case("product", "UniformQuantizedDot", attrs, given)
            a = (RNG.standard_normal((rows, depth)) * 3).astype(FLOAT)
            if rows and depth:
                a[0], a[1] = 0, np.abs(a[1])
            attrs = {
                "Tout": FLOAT,
                "rhs_quantization_axis": axis,
                **within(-128, 127, "rhs_"),
            }
            yield Case("product", "UniformQuantizedDotHybrid", attrs, {"lhs": a, **b})


def numbers(image: str, kernel: str, output: str) -> str:
    """Return the message that says in which order axes are: b, f, o, i, 0, 1."""
    from tensorflow.core.util.quantization import uniform_quant_ops_attr_pb2 as messages

    places: dict[str, Any] = {
        "input_batch_dimension": image.index("b"),
        "input_feature_dimension": image.index("f"),
        "input_spatial_dimensions": [image.index("0"), image.index("1")],
        "kernel_input_feature_dimension": kernel.index("i"),
        "kernel_output_feature_dimension": kernel.index("o"),
        "kernel_spatial_dimensions": [kernel.index("0"), kernel.index("1")],
        "output_batch_dimension": output.index("b"),
        "output_feature_dimension": output.index("f"),
        "output_spatial_dimensions": [output.index("0"), output.index("1")],
    }
    message = messages.UniformQuantizedConvolutionDimensionNumbersAttr(**places)
    return message.SerializeToString().decode("ascii")


def windows() -> Iterator[tuple[dict[str, Any], tuple[int, ...], tuple[int, ...]]]:
    """Attributes of convolutions with the shapes of image and filter."""
    yield {"padding": "VALID"}, (2, 3, 5, 6), (4, 3, 2, 3)
    yield {"padding": "SAME", "window_strides": [2, 3]}, (2, 3, 5, 6), (4, 3, 2, 3)
    yield (
        {"padding": "EXPLICIT", "explicit_padding": [1, 0, 2, 3]},
        (1, 3, 4, 4),
        (2, 3, 2, 3),
    )
    yield (
        {"padding": "SAME", "lhs_dilation": [1, 2], "rhs_dilation": [2, 1]},
        (1, 2, 5, 4),
        (2, 2, 2, 3),
    )
    yield {"padding": "VALID", "feature_group_count": 2}, (1, 4, 4, 4), (6, 2, 2, 2)
    yield {"padding": "SAME", "batch_group_count": 2}, (4, 3, 4, 4), (6, 3, 2, 2)
    yield {"padding": "SAME"}, (2, 3, 6), (4, 3, 3)
    yield {"padding": "VALID"}, (1, 2, 3, 4, 3), (2, 2, 2, 2, 2)
    axes = numbers("b01f", "01io", "b01f")
    yield {"padding": "SAME", "dimension_numbers": axes}, (2, 5, 4, 3), (3, 2, 3, 4)
    axes = numbers("f0b1", "o1i0", "1fb0")
    yield {"padding": "VALID", "dimension_numbers": axes}, (3, 5, 2, 4), (4, 2, 3, 3)


def convolutions() -> Iterator[Case]:
    """Convolutions of quantised numbers, and of floats with such filters."""
    whole = within(-(2**31), 2**31 - 1, "lhs_", "rhs_", "output_")
    for attrs, image, kernel in windows():
        kernel_axis, axis = 0, 1
        if "dimension_numbers" in attrs:
            kernel_axis, axis = (3, 3) if image[0] == 2 else (0, 1)
        outputs = kernel[kernel_axis]
        for per_kernel, per_output in ((False, False), (True, False), (True, True)):
            filter_ = {
                "rhs": levels("qint8", *kernel),
                **scaled("rhs_", outputs if per_kernel else None),
            }
            rhs_axis = kernel_axis if per_kernel else -1
            given = {
                "lhs": levels("qint8", *image),
                "rhs": filter_["rhs"],
                **scaled("lhs_", None),
                **{n: v for n, v in filter_.items() if n != "rhs"},
                **scaled("output_", outputs if per_output else None),
            }
            more = {
                **attrs,
                **whole,
                "Tout": "qint32",
                "rhs_quantization_axis": rhs_axis,
                "output_quantization_axis": axis if per_output else -1,
            }
            yield Case("convolve", "UniformQuantizedConvolution", more, given)
            if per_output:
                continue
            x = (RNG.standard_normal(image) * 2).astype(FLOAT)
            more = {
                **attrs,
                **within(-128, 127, "rhs_"),
                "Tout": FLOAT,
                "rhs_quantization_axis": rhs_axis,
            }
            op = "UniformQuantizedConvolutionHybrid"
            yield Case("convolve", op, more, {"lhs": x, **filter_})


def cases() -> Iterator[Case]:
    """Return all cases."""
    yield from conversions()
    yield from sums()
    yield from products()
    yield from convolutions()


def failures() -> Iterator[Case]:
    """What kernels refuse that the graph took."""
    x = np.zeros((2, 3), FLOAT)
    one, zero = FLOAT(1), np.int32(0)
    ones, zeros = np.ones(3, FLOAT), np.zeros(3, np.int32)
    limits = within(-5, 5)
    for axis, scales, points in (
        (-2, one, zero),
        (2, ones, zeros),
        (-1, ones, zeros),
        (0, ones, zeros),
        (1, one, zero),
        (1, ones, zero),
    ):
        attrs = {"quantization_axis": axis, "Tout": "qint8", **limits}
        given = {"input": x, "scales": scales, "zero_points": points}
        yield Case("", "UniformQuantize", attrs, given)
    attrs = {"Tout": "float32", **limits}
    given = {"input": as_quantized(x, "qint8"), "scales": FLOAT(0), "zero_points": zero}
    yield Case("", "UniformDequantize", attrs, given)
    pairs = {
        "input_scales": ones,
        "input_zero_points": zeros,
        "output_scales": ones,
        "output_zero_points": zeros,
    }
    for axes, changed in (
        ((1, 0), {}),
        ((-3, -1), {}),
        ((1, 1), {"output_scales": -ones}),
        ((1, 1), {"output_scales": ones * np.inf}),
    ):
        attrs = {
            "Tout": "qint8",
            "input_quantization_axis": axes[0],
            "output_quantization_axis": axes[1],
            **within(-5, 5, "input_", "output_"),
        }
        given = {"input": as_quantized(x, "qint8"), **pairs, **changed}
        yield Case("", "UniformRequantize", attrs, given)
    attrs = {"quantization_axis": 1, **limits}
    given = {
        "operand": as_quantized(x, "qint32"),
        "min": as_quantized(0, "qint32"),
        "max": as_quantized([1, 1, 1], "qint32"),
        "scales": ones,
        "zero_points": zeros,
    }
    yield Case("", "UniformQuantizedClipByValue", attrs, given)
    for axes in ((-2, -1, -1), (0, 1, 1), (1, 0, 1)):
        attrs = {
            f"{name}_quantization_axis": axis
            for name, axis in zip(("lhs", "rhs", "output"), axes, strict=True)
        }
        attrs |= within(-5, 5, "lhs_", "rhs_", "output_")
        given = {
            name: as_quantized(np.zeros((3, 3)), "qint32") for name in ("lhs", "rhs")
        }
        for name in ("lhs", "rhs", "output"):
            given |= {f"{name}_scales": ones, f"{name}_zero_points": zeros}
        yield Case("", "UniformQuantizedAdd", attrs, given)
    for axes, changed in (
        ((0, -1, -1), {}),
        ((-1, 0, -1), {}),
        ((-1, -1, 0), {}),
        ((-1, -1, -1), {"rhs_scales": FLOAT(0)}),
        ((-1, -1, -1), {"output_scales": ones, "output_zero_points": zeros}),
    ):
        attrs = {
            f"{name}_quantization_axis": axis
            for name, axis in zip(("lhs", "rhs", "output"), axes, strict=True)
        }
        attrs |= {"Tout": "qint32", **within(-5, 5, "lhs_", "rhs_", "output_")}
        given = {
            name: as_quantized(np.zeros((3, 3)), "qint8") for name in ("lhs", "rhs")
        }
        for name in ("lhs", "rhs", "output"):
            given |= {f"{name}_scales": one, f"{name}_zero_points": zero}
        yield Case("", "UniformQuantizedDot", attrs, {**given, **changed})
        if "output_scales" in changed:
            continue  # TensorFlow crashes
        given = {
            name: as_quantized(np.zeros((3, 3, 3)), "qint8") for name in ("lhs", "rhs")
        }
        for name in ("lhs", "rhs", "output"):
            given |= {f"{name}_scales": one, f"{name}_zero_points": zero}
        attrs = {**attrs, "padding": "SAME"}
        if axes == (-1, 0, -1):
            attrs["rhs_quantization_axis"] = 1
        yield Case("", "UniformQuantizedConvolution", attrs, {**given, **changed})


if __name__ == "__main__":
    write(OUT, cases())
    write_errors(OUT.with_name("uniform_quantized_errors.json"), failures())
