"""Records what TensorFlow's layers of quantised numbers with what follows compute.

Usage: python -m tests.golden.record.record_quantized_layers

These are kernels of oneDNN, unlike those of `record_quantized_kernels.py`, and want
to see constants.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from tests.golden.record.kernel_values import Case, write
from tests.golden.record.record_uniform_quantized_kernels import as_quantized, levels

# What this module takes from others switches them off.
os.environ["TF_ENABLE_ONEDNN_OPTS"] = "1"

OUT = Path(__file__).parents[1] / "network_kernels" / "quantized_layers.npz"
RNG = np.random.RandomState(37)
FLOAT = np.float32
FED = ("input", "a", "summand")


def case(op: str, attrs: dict[str, Any], operands: dict[str, Any]) -> Case:
    """Return a case whose operands are constants but for the image."""
    constants = tuple(name for name in operands if name not in FED)
    return Case("layer", op, attrs, operands, constants, ("summand",))


def filter_range(outputs: int, *, per_channel: bool) -> dict[str, Any]:
    """Return the range of a filter, or one for each output channel."""
    shape = (outputs,) if per_channel else ()
    return {
        "min_filter": np.asarray(-RNG.uniform(0.5, 3, shape), FLOAT),
        "max_filter": np.asarray(RNG.uniform(0.5, 3, shape), FLOAT),
    }


def bias_of(kind: str, size: int) -> Any:
    """Return a bias of floats or of 32-bit numbers."""
    if kind == "float32":
        return (RNG.standard_normal(size) * 4).astype(FLOAT)
    return as_quantized(RNG.randint(-20000, 20000, size), kind)


# What each op adds to its name, the types of its image, and those of its bias.
CONVOLUTIONS = {
    "": (("quint8",), ()),
    "AndRelu": (("quint8",), ()),
    "AndRequantize": (("quint8",), ()),
    "AndReluAndRequantize": (("quint8",), ()),
    "PerChannel": (("quint8",), ()),
    "WithBias": (("quint8", "qint8"), ("float32",)),
    "WithBiasAndRelu": (("quint8", "qint8"), ("float32",)),
    "WithBiasAndRequantize": (("quint8", "qint8"), ("float32", "qint32")),
    "WithBiasAndReluAndRequantize": (("quint8", "qint8"), ("float32", "qint32")),
    "WithBiasSumAndRelu": (("quint8",), ("float32",)),
    "WithBiasSumAndReluAndRequantize": (("quint8",), ("float32", "qint32")),
    "WithBiasSignedSumAndReluAndRequantize": (("quint8",), ("float32", "qint32")),
}
DEPTHWISE = {
    "": (("quint8",), ()),
    "WithBias": (("quint8",), ("float32",)),
    "WithBiasAndRelu": (("quint8",), ("float32",)),
    "WithBiasAndReluAndRequantize": (("quint8",), ("float32", "qint32")),
}
WINDOWS: tuple[dict[str, Any], ...] = (
    {"strides": [1, 1, 1, 1], "padding": "SAME"},
    {"strides": [1, 2, 2, 1], "padding": "VALID"},
)


def convolved(op: str, rest: str, kind: str, bias: str | None) -> Iterator[Case]:
    """Convolutions of one type, with one range and with one for each channel."""
    is_depthwise = "Depthwise" in op
    for attrs in WINDOWS:
        for per_channel in (False, True):
            if per_channel and not is_depthwise and rest in ("", "AndRequantize"):
                continue
            outputs = 2 if is_depthwise else 3
            taps = (2, 2, 2, 1) if is_depthwise else (2, 2, 2, 3)
            given = {
                "input": levels(kind, 2, 3, 4, 2),
                "filter": levels("qint8", *taps),
            }
            if bias:
                given["bias"] = bias_of(bias, outputs)
            given |= {"min_input": FLOAT(-1.0), "max_input": FLOAT(3.0)}
            given |= filter_range(outputs, per_channel=per_channel)
            if "Requantize" in rest:
                given |= {
                    "min_freezed_output": FLOAT(-4.0),
                    "max_freezed_output": FLOAT(25.0),
                }
            size = (2, 3, 4, 3) if attrs["padding"] == "SAME" else (2, 1, 2, 3)
            if "SumAndReluAndRequantize" in rest:
                signed = "Signed" in rest
                given |= {
                    "summand": levels("qint8" if signed else "quint8", *size),
                    "min_summand": FLOAT(-3.0),
                    "max_summand": FLOAT(9.0),
                }
            elif "Sum" in rest:
                given["summand"] = (RNG.standard_normal(size) * 9).astype(FLOAT)
            yield case(op + rest, attrs, given)


def convolutions() -> Iterator[Case]:
    """Convolutions of every kind."""
    for op, table in (
        ("QuantizedConv2D", CONVOLUTIONS),
        ("QuantizedDepthwiseConv2D", DEPTHWISE),
    ):
        for rest, (kinds, biases) in table.items():
            for kind in kinds:
                for bias in biases or (None,):
                    yield from convolved(op, rest, kind, bias)
    given = {
        "input": levels("quint8", 1, 2, 2, 64),
        "filter": levels("qint8", 2, 2, 64, 3),
        "min_input": FLOAT(0.0),
        "max_input": FLOAT(3.0),
        **filter_range(3, per_channel=False),
    }
    yield case("QuantizedConv2DPerChannel", WINDOWS[0], given)


def products() -> Iterator[Case]:
    """Products of matrices of every kind."""
    for rest, biases in (
        ("", ("float32", "qint32")),
        ("AndRelu", ("float32",)),
        ("AndRequantize", ("float32", "qint32")),
        ("AndReluAndRequantize", ("float32", "qint32")),
        ("AndDequantize", ("float32", "qint32")),
    ):
        for bias in biases:
            for mode, low in (
                ("MIN_FIRST", 0.0),
                ("MIN_FIRST", -1.0),
                ("SCALED", -1.0),
            ):
                given = {
                    "a": levels("quint8", 3, 4),
                    "b": levels("qint8", 4, 5),
                    "bias": bias_of(bias, 5),
                    "min_a": FLOAT(low),
                    "max_a": FLOAT(3.0),
                    "min_b": FLOAT(-2.0),
                    "max_b": FLOAT(1.5),
                }
                if rest.endswith("quantize"):
                    given |= {
                        "min_freezed_output": FLOAT(-4.0),
                        "max_freezed_output": FLOAT(25.0 if low == 0 else 15000.0),
                    }
                attrs: dict[str, Any] = {"input_quant_mode": mode}
                if rest == "AndDequantize":
                    attrs["Toutput"] = FLOAT
                yield case("QuantizedMatMulWithBias" + rest, attrs, given)


def fused_case(
    op: str, attrs: dict[str, Any], device: list[Any], host: list[float]
) -> Case:
    """Return a case of an op with lists of operands: an image, and constants."""
    operands = {"device_inputs": device, "host_inputs": [FLOAT(x) for x in host]}
    constants = (
        *(f"device_inputs.{i}" for i in range(1, len(device))),
        *(f"host_inputs.{i}" for i in range(len(host))),
    )
    return Case("fused", op, attrs, operands, constants)


def fused_layers() -> Iterator[Case]:
    """Layers whose attributes say what follows."""
    for op, taps, outputs in (
        ("_FusedQuantizedConv2D", (2, 2, 2, 3), 3),
        ("_FusedQuantizedDepthwiseConv2D", (2, 2, 2, 1), 2),
    ):
        for follows in (
            [],
            ["BiasAdd"],
            ["BiasAdd", "Relu"],
            ["Requantize"],
            ["BiasAdd", "Requantize"],
            ["BiasAdd", "Relu", "Requantize"],
        ):
            is_narrow = "Requantize" in follows
            for out in ("quint8", "qint8") if is_narrow else ("qint32",):
                device = [levels("quint8", 1, 3, 4, 2), levels("qint8", *taps)]
                if "BiasAdd" in follows:
                    device.append(bias_of("float32", outputs))
                attrs = {
                    **WINDOWS[0],
                    "Tbias": "float32",
                    "Tsummand": out,
                    "out_type": out,
                    "Tdevice_outputs": [out],
                    "Thost_outputs": ["float32"] * 2,
                    "fused_ops": follows,
                }
                host = [-1.0, 3.0, -2.0, 1.5, *([-4.0, 25.0] if is_narrow else [])]
                yield fused_case(op, attrs, device, host)
    for mode, other in (("SCALED", "SCALED"), ("MIN_FIRST", "MIN_FIRST")):
        for follows, out in (
            (["BiasAdd"], "qint32"),
            (["BiasAdd", "Relu"], "qint32"),
            (["BiasAdd", "Requantize"], "quint8"),
            (["BiasAdd", "Relu", "Requantize"], "qint8"),
            (["BiasAdd", "Dequantize"], "float32"),
            (["BiasAdd", "LeakyRelu", "Dequantize"], "float32"),
            (["BiasAdd", "GeluExact", "Dequantize"], "float32"),
        ):
            if mode == "MIN_FIRST" and out == "qint8":
                continue
            for bias in ("float32", "qint32"):
                device = [levels("quint8", 3, 4), levels("qint8", 5, 4)]
                device.append(bias_of(bias, 5))
                attrs = {
                    "T1": "quint8",
                    "T2": "qint8",
                    "Tbias": bias,
                    "Tout": out,
                    "Tdevice_outputs": [out],
                    "Thost_outputs": [] if out == "float32" else ["float32"] * 2,
                    "fused_ops": follows,
                    "transpose_b": True,
                    "input_quant_mode": mode,
                    "output_quant_mode": other,
                }
                host = [-1.0, 3.0, -2.0, 1.5]
                host += [-4.0, 25.0] if "Requantize" in follows else []
                yield fused_case("_QuantizedMatMul", attrs, device, host)


def pools() -> Iterator[Case]:
    """Pools that only oneDNN has."""
    span = {"min_input": FLOAT(-1.0), "max_input": FLOAT(2.0)}
    for padding in ("SAME", "VALID"):
        attrs = {"ksize": [1, 2, 3, 1], "strides": [1, 1, 2, 1], "padding": padding}
        for op in ("QuantizedMaxPool", "QuantizedAvgPool"):
            given = {"input": levels("qint8", 1, 4, 5, 2), **span}
            yield Case("layer", op, attrs, given)
        attrs = {"ksize": [1, 2, 3, 2, 1], "strides": [1, 1, 2, 2, 1]}
        for kind in ("quint8", "qint8"):
            given = {"input": levels(kind, 1, 4, 5, 3, 2), **span}
            more = {**attrs, "padding": padding, "data_format": "NDHWC"}
            yield Case("layer", "_QuantizedMaxPool3D", more, given)


def others() -> Iterator[Case]:
    """Ranges for each channel, and normalization."""
    wide = levels("qint32", 2, 3, 4, 2, spread=2**30)
    for values in (wide, as_quantized(np.abs(wide.view(np.int32)), "qint32")):
        given = {
            "input": values,
            "input_min": np.array([-1, -2], FLOAT),
            "input_max": np.array([3, 2], FLOAT),
        }
        for clip in (0.5, 100.0):
            attrs = {"clip_value_max": clip}
            yield Case("layer", "RequantizationRangePerChannel", attrs, given)
        for out in ("quint8", "qint8"):
            wanted = {
                "requested_output_min": FLOAT(-1.0),
                "requested_output_max": FLOAT(0.8),
            }
            op = "RequantizePerChannel"
            yield Case("layer", op, {"out_type": out}, {**given, **wanted})
    for scaled in (True, False):
        attrs = {
            "out_type": "qint32",
            "variance_epsilon": 0.01,
            "scale_after_normalization": scaled,
        }
        ranges = {"m": (-2, 2), "v": (0, 4), "beta": (-1, 1), "gamma": (-3, 2)}
        given = {
            "t": levels("quint8", 2, 3, 2, 2),
            "t_min": FLOAT(-1),
            "t_max": FLOAT(3),
        }
        for name, (low, high) in ranges.items():
            given[name] = as_quantized(RNG.randint(100, 256, 2), "quint8")
            given |= {f"{name}_min": FLOAT(low), f"{name}_max": FLOAT(high)}
        op = "QuantizedBatchNormWithGlobalNormalization"
        yield Case("layer", op, attrs, given)


def later() -> Iterator[Case]:
    """Convolutions whose padding is given."""
    for padding_list in ([0, 0, 1, 1, 1, 0, 0, 0], [0, 0, 2, 0, 0, 1, 0, 0]):
        for op, outputs in (("QuantizedConv2D", 3), ("QuantizedDepthwiseConv2D", 2)):
            given = {
                "input": levels("quint8", 1, 3, 4, 2),
                "filter": levels("qint8", 2, 2, 2, 1 if outputs == 2 else 3),
                "bias": bias_of("float32", outputs),
                "min_input": FLOAT(-1.0),
                "max_input": FLOAT(3.0),
                **filter_range(outputs, per_channel=False),
            }
            attrs = {**WINDOWS[1], "padding_list": padding_list}
            yield case(f"{op}WithBiasAndRelu", attrs, given)


def cases() -> Iterator[Case]:
    """Return all cases."""
    yield from convolutions()
    yield from products()
    yield from fused_layers()
    yield from pools()
    yield from others()
    yield from later()


if __name__ == "__main__":
    write(OUT, cases())
