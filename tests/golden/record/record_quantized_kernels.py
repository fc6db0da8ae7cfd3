"""Records what TensorFlow's kernels of quantised numbers compute.

Usage: python -m tests.golden.record.record_quantized_kernels
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from tests.golden.record.kernel_values import Case, has_kernel, write

# The kernels of quantised numbers, not those of another library.
os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"

OUT = Path(__file__).parents[1] / "network_kernels" / "quantized.npz"
RNG = np.random.RandomState(29)
KINDS = ("quint8", "qint8", "quint16", "qint16", "qint32")
FLOAT = np.float32


def normal(*shape: int, dtype: Any = FLOAT) -> Any:
    """Return rounded normal numbers, some of them halves."""
    return np.round(RNG.standard_normal(shape) * 4, 1).astype(dtype)


def as_quantized(values: Any, kind: str) -> Any:
    """Return whole numbers as TensorFlow's Python takes quantised ones."""
    plain = np.asarray(values, kind.replace("q", "", 1))
    return plain.view([(kind, plain.dtype)])


def levels(kind: str, *shape: int) -> Any:
    """Return numbers of a quantised type, the lowest and the highest among them."""
    limits = np.iinfo(kind.replace("q", "", 1))
    found = RNG.randint(int(limits.min), int(limits.max) + 1, shape, np.int64)
    if kind != "qint32":  # TensorFlow takes the highest one for the lowest
        found.reshape(-1)[:2] = limits.min, limits.max
    return as_quantized(found, kind)


def conversions() -> Iterator[Case]:
    """To quantised numbers and back, in every mode."""
    x = np.concatenate([normal(20), [0.5, -0.5, 2.5, -1e6, 1e6, -0.0]]).astype(FLOAT)
    ranges = ((-6.0, 6.0), (0.0, 4.0), (-1.0, 9.5), (-3.0, -2.0), (0.25, 0.25))
    modes: list[dict[str, Any]] = [
        {"mode": "MIN_COMBINED"},
        {"mode": "MIN_FIRST"},
        {"mode": "SCALED"},
        {"mode": "SCALED", "round_mode": "HALF_TO_EVEN"},
        {"mode": "SCALED", "narrow_range": True},
    ]
    for kind, mode in itertools.product(KINDS, modes):
        if kind[1] == "u" and "narrow_range" in mode:
            continue
        for low, high in ranges if kind in KINDS[:2] else ranges[:2]:
            attrs = {**mode, "T": kind}
            given = {"input": x, "min_range": FLOAT(low), "max_range": FLOAT(high)}
            yield Case("quantize", "QuantizeV2", attrs, given)
            if "round_mode" not in mode:
                given = {
                    "input": levels(kind, 12),
                    "min_range": FLOAT(low),
                    "max_range": FLOAT(high),
                }
                yield Case("quantize", "Dequantize", mode, given)
    odd = np.array([np.nan, np.inf, -np.inf, 0, -0.0, 1e30, -1e30, 1.5], FLOAT)
    eighths = (np.arange(-40, 40) / 8).astype(FLOAT)
    for kind, mode in itertools.product(KINDS, modes[:4]):
        for x in (odd, eighths):
            given = {"input": x, "min_range": FLOAT(-4), "max_range": FLOAT(5)}
            yield Case("quantize", "QuantizeV2", {**mode, "T": kind}, given)
    slices = {
        "min_range": np.array([-1, -2, 0], FLOAT),
        "max_range": np.array([1, 3, 2.5], FLOAT),
    }
    for mode in modes:
        more = {**mode, "axis": 1}
        given = {"input": normal(2, 3, 4), **slices}
        yield Case("quantize", "QuantizeV2", {**more, "T": "qint8"}, given)
        if "round_mode" not in mode and mode["mode"] != "MIN_FIRST":
            given = {"input": levels("qint8", 2, 3, 4), **slices}
            yield Case("quantize", "Dequantize", more, given)


def there_and_back() -> Iterator[Case]:
    """Rounding to what quantised numbers stand for."""
    choices = itertools.product((True, False), (True, False), (4, 8), (True, False))
    for is_signed, is_given, bits, narrow in choices:
        for dtype in ("float32", "float64", "float16") if bits == 8 else ("float32",):
            x = normal(3, 5, dtype=dtype)
            limits = {
                "input_min": np.asarray(-2.5, dtype),
                "input_max": np.asarray(3.0, dtype),
            }
            common = {"signed_input": is_signed, "range_given": is_given}
            attrs = {**common, "num_bits": bits, "narrow_range": narrow}
            given = {"input": x, **limits}
            yield Case("back", "QuantizeAndDequantizeV2", attrs, given)
            up = {**attrs, "round_mode": "HALF_UP"}
            yield Case("back", "QuantizeAndDequantizeV4", up, given)
            counted = {**given, "num_bits": np.int32(bits)}
            third = {**common, "narrow_range": narrow}
            yield Case("back", "QuantizeAndDequantizeV3", third, counted)
            old = {**common, "num_bits": bits, "input_min": -2.5, "input_max": 3.0}
            if narrow:
                yield Case("back", "QuantizeAndDequantize", old, {"input": x})
                dy = {"gradients": normal(3, 5, dtype=dtype)}
                op = "QuantizeAndDequantizeV4Grad"
                yield Case("back", op, {}, {**dy, **given})
    slices = {
        "input_min": np.array([-1, -2, -0.5], FLOAT),
        "input_max": np.array([1, 3, 2.5], FLOAT),
    }
    given = {"input": normal(2, 3, 4), **slices}
    yield Case("back", "QuantizeAndDequantizeV2", {"axis": 1}, given)
    dy = {"gradients": normal(2, 3, 4)}
    op = "QuantizeAndDequantizeV4Grad"
    yield Case("back", op, {"axis": 1}, {**dy, **given})


def limits(**pairs: tuple[float, float]) -> dict[str, Any]:
    """Return the ranges of operands, `min_x` and `max_x` for each `x`."""
    return {
        f"{end}_{name}": FLOAT(pair[i])
        for name, pair in pairs.items()
        for i, end in enumerate(("min", "max"))
    }


def ranges() -> Iterator[Case]:
    """From one range and type to another."""
    wide = RNG.randint(-(2**20), 2**24, (3, 6))
    for kind, values in (("qint32", wide),):
        x = {
            "input": as_quantized(values, kind),
            "input_min": FLOAT(-300.0),
            "input_max": FLOAT(500.0),
        }
        for out in ("quint8", "qint8"):
            attrs = {"out_type": out}
            wanted = {
                "requested_output_min": FLOAT(-1.0),
                "requested_output_max": FLOAT(3.0),
            }
            yield Case("range", "Requantize", attrs, {**x, **wanted})
            yield Case("range", "QuantizeDownAndShrinkRange", attrs, x)
        yield Case("range", "RequantizationRange", {}, x)


def networks() -> Iterator[Case]:
    """Convolution, products, pooling and so on of quantised numbers."""
    conv = {"strides": [1, 2, 2, 1], "padding": "SAME"}
    given = {
        "input": levels("quint8", 1, 5, 6, 2),
        "filter": levels("quint8", 3, 2, 2, 3),
        **limits(input=(-1.0, 3.0), filter=(-2.0, 2.5)),
    }
    yield Case("network", "QuantizedConv2D", conv, given)
    yield Case("network", "QuantizedConv2D", {**conv, "padding": "VALID"}, given)
    for transposed in (False, True):
        given = {
            "a": levels("quint8", 3, 4),
            "b": levels("quint8", 5, 4) if transposed else levels("quint8", 4, 5),
            **limits(a=(-1.0, 3.0), b=(0.0, 2.5)),
        }
        attrs = {"transpose_b": transposed}
        yield Case("network", "QuantizedMatMul", attrs, given)
    for kind in ("quint8", "qint8"):
        given = {
            "input": levels(kind, 2, 3, 4),
            "bias": levels(kind, 4),
            **limits(input=(-1.0, 3.0), bias=(-0.5, 2.0)),
        }
        yield Case("network", "QuantizedBiasAdd", {"out_type": "qint32"}, given)
    for op in ("QuantizedRelu", "QuantizedRelu6"):
        for pair in ((-3.0, 9.0), (1.0, 2.0), (-5.0, 3.0)):
            given = {"features": levels("quint8", 9), **limits(features=pair)}
            yield Case("network", op, {"out_type": "quint8"}, given)
    for op in ("QuantizedAvgPool", "QuantizedMaxPool"):
        attrs = {"ksize": [1, 2, 3, 1], "strides": [1, 1, 2, 1], "padding": "SAME"}
        given = {"input": levels("quint8", 1, 4, 5, 2), **limits(input=(-1.0, 2.0))}
        yield Case("network", op, attrs, given)
    for op in ("QuantizedAdd", "QuantizedMul"):
        for second in ((2, 3, 4), (4,), (1,)):
            given = {
                "x": levels("quint8", 2, 3, 4),
                "y": levels("quint8", *(2, *second))
                if second == (1,)
                else levels("quint8", *second),
                **limits(x=(-1.0, 3.0), y=(-2.0, 0.5)),
            }
            if second == (1,):
                given["y"] = given["y"].reshape(-1)[:1]
            yield Case("network", op, {}, given)
    parts = [levels("quint8", 2, 3), levels("quint8", 2, 2)]
    mins, maxes = [FLOAT(-1.0), FLOAT(-2.0)], [FLOAT(2.0), FLOAT(1.0)]
    both = {"input_mins": mins, "input_maxes": maxes}
    given = {"concat_dim": np.int32(1), "values": parts, **both}
    yield Case("network", "QuantizedConcat", {}, given)
    given = {"values": parts, "axis": np.int32(-1), **both}
    yield Case("network", "QuantizedConcatV2", {}, given)
    yield Case(
        "network",
        "QuantizedReshape",
        {},
        {
            "tensor": levels("quint8", 2, 3),
            "shape": np.array([3, -1], np.int32),
            "input_min": FLOAT(-1.0),
            "input_max": FLOAT(2.0),
        },
    )
    for attrs in (
        {},
        {"output_range_given": True, "given_y_min": -1.0, "given_y_max": 1.5},
    ):
        given = {
            "x": levels("quint8", 2, 3, 4, 2),
            "x_min": FLOAT(-1.0),
            "x_max": FLOAT(2.0),
        }
        yield Case("network", "QuantizedInstanceNorm", attrs, given)


def cases() -> Iterator[Case]:
    """Return all cases."""
    yield from conversions()
    yield from there_and_back()
    yield from ranges()
    yield from networks()


if __name__ == "__main__":
    write(OUT, (case for case in cases() if has_kernel(case)))
