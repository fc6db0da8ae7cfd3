"""Programs about layers of quantised numbers."""

from __future__ import annotations

from types import ModuleType


def quantized_layers(tf: ModuleType) -> None:
    """Layers with what follows them in one op."""
    x = tf.placeholder(tf.float32, [None, 6, 5, 3], name="x")
    image, low, high = tf.quantization.quantize(x, 0.0, 3.0, tf.quint8, mode="SCALED")
    weights = tf.placeholder(tf.qint8, [3, 3, 3, 4], name="weights")
    bias = tf.placeholder(tf.float32, [4], name="bias")
    limits = {"min_input": low, "max_input": high}
    vectors = {
        "min_filter": tf.placeholder(tf.float32, [4], name="min_filter"),
        "max_filter": tf.placeholder(tf.float32, [4], name="max_filter"),
    }
    windows = {"strides": [1, 2, 2, 1], "padding": "SAME"}
    frozen = {"min_freezed_output": 0.0, "max_freezed_output": 20.0}
    ops = tf.raw_ops
    layer = {"input": image, "filter": weights, **limits, **vectors, **windows}
    wide, *pair = ops.QuantizedConv2DPerChannel(**layer)
    ops.RequantizationRangePerChannel(
        input=wide, input_min=pair[0], input_max=pair[1], clip_value_max=6.0
    )
    ops.RequantizePerChannel(
        input=wide,
        input_min=pair[0],
        input_max=pair[1],
        requested_output_min=-1.0,
        requested_output_max=1.0,
    )
    narrow, least, most = ops.QuantizedConv2DWithBiasAndReluAndRequantize(
        bias=bias, **layer, **frozen
    )
    ops.QuantizedConv2DWithBiasSumAndReluAndRequantize(
        bias=bias,
        **layer,
        **frozen,
        summand=narrow,
        min_summand=least,
        max_summand=most,
        name="with_sum",
    )
    depthwise = {**layer, "filter": tf.placeholder(tf.qint8, [3, 3, 3, 2])}
    ops.QuantizedDepthwiseConv2D(**depthwise, name="depthwise")
    rows = tf.placeholder(tf.quint8, [None, 7], name="rows")
    ops.QuantizedMatMulWithBias(
        a=rows,
        b=tf.placeholder(tf.qint8, [7, 4]),
        bias=bias,
        min_a=0.0,
        max_a=1.0,
        min_b=-1.0,
        max_b=1.0,
        name="product",
    )


def uniformly_quantized(tf: ModuleType) -> None:
    """Numbers with scales and zero points."""
    x = tf.placeholder(tf.float32, [2, 3, 5, 6], name="x")
    span = {"quantization_min_val": -128, "quantization_max_val": 127}
    spans = {
        f"{side}_{name}": value
        for side in ("lhs", "rhs", "output")
        for name, value in span.items()
    }
    ops = tf.raw_ops
    image = ops.UniformQuantize(
        input=x, scales=0.5, zero_points=3, Tout=tf.qint8, **span
    )
    kernel = tf.placeholder(tf.qint8, [4, 3, 2, 2], name="kernel")
    scales = tf.placeholder(tf.float32, [4], name="scales")
    points = tf.placeholder(tf.int32, [4], name="points")
    y = ops.UniformQuantizedConvolution(
        lhs=image,
        rhs=kernel,
        lhs_scales=0.5,
        lhs_zero_points=3,
        rhs_scales=scales,
        rhs_zero_points=points,
        output_scales=0.25,
        output_zero_points=0,
        Tout=tf.qint32,
        padding="SAME",
        window_strides=[2, 1],
        rhs_quantization_axis=0,
        **spans,
    )
    ops.UniformRequantize(
        input=y,
        input_scales=0.25,
        input_zero_points=0,
        output_scales=1.0,
        output_zero_points=0,
        Tout=tf.qint8,
        **{f"{s}_{n}": v for s in ("input", "output") for n, v in span.items()},
    )
    ops.UniformDequantize(input=y, scales=0.25, zero_points=0, Tout=tf.float32, **span)
    ops.UniformQuantizedDotHybrid(
        lhs=tf.placeholder(tf.float32, [None, 7]),
        rhs=tf.placeholder(tf.qint8, [7, 4]),
        rhs_scales=scales,
        rhs_zero_points=points,
        Tout=tf.float32,
        rhs_quantization_axis=1,
        rhs_quantization_min_val=-128,
        rhs_quantization_max_val=127,
    )


PROGRAMS = (quantized_layers, uniformly_quantized)
