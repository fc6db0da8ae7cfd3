"""Fused quantised layers, where TensorFlow itself ends with a crash.

What is expected is what ops of their own give, which are held against TensorFlow.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import metagraft.compat.v1 as tf
from metagraft.graph.apply_op import op
from metagraft.kernels.quantized_numbers import whole_product

RNG = np.random.RandomState(5)
WINDOWS: dict[str, Any] = {"strides": [1, 1, 1, 1], "padding": "SAME"}


def _quantized(kind: str, *shape: int) -> Any:
    values = RNG.randint(0, 256, shape).astype(np.uint8)
    return tf.bitcast(tf.constant(values.view(kind.removeprefix("q"))), kind)


@pytest.mark.parametrize("summand", ["quint8", "qint8", "float32"])
def test_sums(summand: str) -> None:
    """A fused layer adds an image as the op does that adds one."""
    narrow = summand != "float32"
    out = "quint8" if narrow else "qint32"
    with tf.Graph().as_default(), tf.Session() as session:
        image, taps = _quantized("quint8", 1, 3, 4, 2), _quantized("qint8", 2, 2, 2, 3)
        bias = tf.constant([1.0, -2.0, 30.0])
        if narrow:
            other = _quantized(summand, 1, 3, 4, 3)
        else:
            other = tf.constant(RNG.randn(1, 3, 4, 3).astype(np.float32) * 9)
        limits = [tf.constant(x) for x in (-1.0, 3.0, -2.0, 1.5)]
        given: dict[str, Any] = {
            "input": image,
            "filter": taps,
            "bias": bias,
            "summand": other,
            **dict(
                zip(
                    ("min_input", "max_input", "min_filter", "max_filter"),
                    limits,
                    strict=True,
                )
            ),
        }
        follows = ["BiasAdd", "Sum", "Relu"]
        name = "QuantizedConv2DWithBiasSumAndRelu"
        if narrow:
            more = [tf.constant(x) for x in (-4.0, 25.0, -3.0, 9.0)]
            limits += more
            follows.append("Requantize")
            signed = "Signed" if summand == "qint8" else ""
            name = f"QuantizedConv2DWithBias{signed}SumAndReluAndRequantize"
            places = ("freezed_output", "summand")
            names = [f"{end}_{place}" for place in places for end in ("min", "max")]
            given |= dict(zip(names, more, strict=True))
        fused = op(
            "_FusedQuantizedConv2D",
            name="fused",
            device_inputs=[image, taps, bias, other],
            host_inputs=limits,
            Tbias="float32",
            Tsummand=summand,
            out_type=out,
            Tdevice_outputs=[out],
            Thost_outputs=["float32", "float32"],
            fused_ops=follows,
            **WINDOWS,
        )
        alone = op(name, **given, out_type=out, **WINDOWS)
        found, expected = session.run([_flat(fused), _flat(alone)])
    for one, wanted in zip(found, expected, strict=True):
        np.testing.assert_array_equal(one, wanted)


def _flat(outputs: Any) -> list[Any]:
    return [
        one
        for part in outputs
        for one in (part if isinstance(part, list | tuple) else [part])
    ]


@pytest.mark.parametrize("transposed", ["a", "b"])
def test_transposed_products(transposed: str) -> None:
    """A product transposes as it says; TensorFlow does not."""
    with tf.Graph().as_default(), tf.Session() as session:
        a, b = _quantized("quint8", 3, 4), _quantized("qint8", 4, 5)
        attrs: dict[str, Any] = {
            "bias": tf.zeros([5]),
            "min_a": 0.0,
            "max_a": 6.0,
            "min_b": -1.0,
        }
        attrs["max_b"] = 1.0
        plain = tf.raw_ops.QuantizedMatMulWithBias(a=a, b=b, **attrs)
        turned = tf.raw_ops.QuantizedMatMulWithBias(
            a=tf.transpose(a) if transposed == "a" else a,
            b=tf.transpose(b) if transposed == "b" else b,
            transpose_a=transposed == "a",
            transpose_b=transposed == "b",
            **attrs,
        )
        found, expected = session.run([list(turned), list(plain)])
    for one, wanted in zip(found, expected, strict=True):
        np.testing.assert_array_equal(one, wanted)


@pytest.mark.parametrize("bits", [8, 20, 32])
def test_sums_wrap_whether_or_not_doubles_hold_them(bits: int) -> None:
    """As those of whole numbers do, modulo 2**32."""
    numbers = np.random.default_rng(bits)
    low, high = -(2 ** (bits - 1)), 2 ** (bits - 1)
    a = numbers.integers(low, high, (20, 5000), np.int32)
    b = numbers.integers(low, high, (5000, 3), np.int32)
    exact = a.astype(object) @ b.astype(object)
    expected = (exact % 2**32).astype(np.uint32).view(np.int32)
    np.testing.assert_array_equal(whole_product(a, b), expected, strict=True)
