"""Records what TensorFlow's neural network kernels compute.

Run in the interop environment: python -m tests.golden.record.record_nn_kernels
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np

from tests.golden.record.kernel_values import Case, run, write
from tests.golden.record.tensorflow_v1 import load

OUT = Path(__file__).parents[1] / "nn_kernels" / "values.npz"
FLOATS = ("float32", "float64", "float16", "bfloat16")
RNG = np.random.RandomState(11)

Given = tuple[str, dict[str, Any], dict[str, Any]]


def normal(shape: list[int], dtype: str = "float32", scale: float = 1.0) -> Any:
    """Return rounded normal numbers."""
    values = RNG.standard_normal(shape) * scale
    return np.round(values, 2).astype(np.dtype(getattr(ml_dtypes, dtype, dtype)))


def integers(shape: list[int], high: int, dtype: str = "int32") -> Any:
    """Return integers below `high`."""
    return RNG.randint(0, high, shape).astype(dtype)


def activations() -> Iterator[Given]:
    """Yield activation functions and their slopes."""
    for dtype in FLOATS:
        x = np.concatenate([normal([20], dtype), normal([4], dtype, 20.0)])
        dy = normal([24], dtype)
        for op in ("Relu", "Relu6", "Elu", "Selu", "Softplus", "Softsign"):
            yield op, {}, {"features": x}
        for op in ("ReluGrad", "Relu6Grad", "SoftplusGrad", "SoftsignGrad"):
            yield op, {}, {"gradients": dy, "features": x}
        for op in ("EluGrad", "SeluGrad"):
            yield op, {}, {"gradients": dy, "outputs": x}
        for alpha in (0.2, 1.5):
            yield "LeakyRelu", {"alpha": alpha}, {"features": x}
            yield (
                "LeakyReluGrad",
                {"alpha": alpha},
                {"gradients": dy, "features": x},
            )
    for dtype in ("int32", "int64", "uint8", "int8"):
        x = RNG.randint(0, 9, 6).astype(dtype)
        yield "Relu", {}, {"features": x}
        yield "Relu6", {}, {"features": x}


def softmaxes() -> Iterator[Given]:
    """Yield softmax and the cross entropies."""
    for dtype in FLOATS:
        logits = normal([4, 5], dtype, 3.0)
        yield "Softmax", {}, {"logits": normal([2, 3, 4], dtype, 3.0)}
        yield "LogSoftmax", {}, {"logits": logits}
        for rows in (4, 1):
            labels = np.abs(normal([rows, 5], dtype))
            yield (
                "SoftmaxCrossEntropyWithLogits",
                {},
                {"features": logits, "labels": labels},
            )
        for kind in ("int32", "int64"):
            yield (
                "SparseSoftmaxCrossEntropyWithLogits",
                {},
                {"features": logits, "labels": integers([4], 5, kind)},
            )
    yield "Softmax", {}, {"logits": normal([3], scale=100.0)}


CONVOLUTIONS: list[tuple[list[int], list[int], dict[str, Any]]] = [
    ([2, 6, 7, 3], [3, 3, 3, 4], {"strides": [1, 1, 1, 1], "padding": "SAME"}),
    ([2, 6, 7, 3], [3, 2, 3, 4], {"strides": [1, 2, 2, 1], "padding": "SAME"}),
    ([2, 6, 7, 3], [2, 3, 3, 4], {"strides": [1, 2, 3, 1], "padding": "VALID"}),
    ([1, 5, 5, 2], [1, 1, 2, 3], {"strides": [1, 2, 2, 1], "padding": "VALID"}),
    (
        [1, 6, 6, 2],
        [3, 3, 2, 3],
        {
            "strides": [1, 2, 1, 1],
            "padding": "EXPLICIT",
            "explicit_paddings": [0, 0, 1, 2, 0, 1, 0, 0],
        },
    ),
    (
        [1, 8, 8, 2],
        [3, 3, 2, 3],
        {"strides": [1, 1, 1, 1], "padding": "SAME", "dilations": [1, 2, 3, 1]},
    ),
]


def convolutions() -> Iterator[Given]:
    """Yield convolutions and their gradients."""
    for number, (image_shape, kernel_shape, attrs) in enumerate(CONVOLUTIONS):
        kinds = FLOATS if number == 1 else ("float32",)
        yield from _convolution("Conv2D", image_shape, kernel_shape, attrs, kinds)
        if "dilations" not in attrs:
            yield from _convolution(
                "DepthwiseConv2dNative",
                image_shape,
                [*kernel_shape[:3], 2],
                _square(attrs),
                ("float32",),
            )
    # Groups: the filter takes half of the channels.
    yield (
        "Conv2D",
        {"strides": [1, 1, 1, 1], "padding": "SAME"},
        {"input": normal([1, 4, 4, 4]), "filter": normal([2, 2, 2, 6])},
    )
    for padding in ("SAME", "VALID"):
        attrs = {"strides": [1, 1, 2, 2, 1], "padding": padding}
        yield from _convolution(
            "Conv3D", [1, 3, 4, 5, 2], [2, 2, 3, 2, 3], attrs, ("float32",)
        )


def _square(attrs: dict[str, Any]) -> dict[str, Any]:
    """Depthwise convolution wants the same stride both ways."""
    stride = attrs["strides"][1]
    return {**attrs, "strides": [1, stride, stride, 1]}


def _convolution(
    op: str,
    image_shape: list[int],
    kernel_shape: list[int],
    attrs: dict[str, Any],
    kinds: tuple[str, ...],
) -> Iterator[Given]:
    version = "V2" if op == "Conv3D" else ""
    out_shape = _output_shape(op, image_shape, kernel_shape, attrs)
    for dtype in kinds:
        image, kernel = normal(image_shape, dtype), normal(kernel_shape, dtype)
        dy = normal(out_shape, dtype)
        yield op, attrs, {"input": image, "filter": kernel}
        if "dilations" in attrs:
            continue  # TensorFlow's CPU kernels have no gradients with dilations
        yield (
            f"{op}BackpropInput{version}",
            attrs,
            {
                "input_sizes": np.array(image_shape, np.int32),
                "filter": kernel,
                "out_backprop": dy,
            },
        )
        yield (
            f"{op}BackpropFilter{version}",
            attrs,
            {
                "input": image,
                "filter_sizes": np.array(kernel_shape, np.int32),
                "out_backprop": dy,
            },
        )


def _output_shape(
    op: str, image: list[int], kernel: list[int], attrs: dict[str, Any]
) -> list[int]:
    tf = load()
    with tf.Graph().as_default():
        x = tf.placeholder(tf.float32, image)
        f = tf.placeholder(tf.float32, kernel)
        result = getattr(tf.raw_ops, op)(input=x, filter=f, **attrs)
        return [int(d) for d in result.shape.as_list()]


POOLINGS: list[tuple[list[int], dict[str, Any]]] = [
    (
        [2, 6, 7, 3],
        {"ksize": [1, 2, 2, 1], "strides": [1, 2, 2, 1], "padding": "SAME"},
    ),
    (
        [2, 6, 7, 3],
        {"ksize": [1, 3, 3, 1], "strides": [1, 2, 2, 1], "padding": "VALID"},
    ),
    (
        [1, 6, 7, 2],
        {"ksize": [1, 3, 2, 1], "strides": [1, 1, 1, 1], "padding": "SAME"},
    ),
    (
        [1, 7, 7, 2],
        {"ksize": [1, 2, 2, 1], "strides": [1, 3, 3, 1], "padding": "VALID"},
    ),
]


def poolings() -> Iterator[Given]:
    """Yield poolings and their gradients."""
    for number, (shape, attrs) in enumerate(POOLINGS):
        for dtype in FLOATS if number == 2 else ("float32",):
            # Few different values: several places of a window hold the largest.
            image = np.round(normal(shape, dtype).astype(np.float32)).astype(
                normal([1], dtype).dtype
            )
            yield "MaxPool", attrs, {"input": image}
            yield "AvgPool", attrs, {"value": image}
            pooled = _run("MaxPool", attrs, {"input": image})[0]
            dy = normal(list(pooled.shape), dtype)
            operands = {"orig_input": image, "orig_output": pooled}
            yield "MaxPoolGrad", attrs, {**operands, "grad": dy}
            if dtype == "float32":
                yield (
                    "MaxPoolGradGrad",
                    attrs,
                    {**operands, "grad": normal(shape, dtype)},
                )
                yield from _with_argmax(attrs, image, dy)
            yield (
                "AvgPoolGrad",
                attrs,
                {"orig_input_shape": np.array(shape, np.int32), "grad": dy},
            )
    explicit = {
        "ksize": [1, 3, 3, 1],
        "strides": [1, 2, 2, 1],
        "padding": "EXPLICIT",
        "explicit_paddings": [0, 0, 1, 0, 2, 1, 0, 0],
    }
    yield "MaxPool", explicit, {"input": normal([1, 6, 6, 2])}
    channels = {"ksize": [1, 1, 1, 2], "strides": [1, 1, 1, 2], "padding": "SAME"}
    yield "MaxPool", channels, {"input": normal([1, 3, 3, 4])}
    yield "MaxPool", POOLINGS[0][1], {"input": integers([1, 4, 4, 2], 9)}
    volume = {
        "ksize": [1, 2, 2, 2, 1],
        "strides": [1, 2, 2, 2, 1],
        "padding": "SAME",
    }
    image = normal([1, 4, 5, 4, 2])
    yield "MaxPool3D", volume, {"input": image}
    yield "AvgPool3D", volume, {"input": image}
    pooled = _run("MaxPool3D", volume, {"input": image})[0]
    dy = normal(list(pooled.shape))
    yield (
        "MaxPool3DGrad",
        volume,
        {"orig_input": image, "orig_output": pooled, "grad": dy},
    )
    yield (
        "AvgPool3DGrad",
        volume,
        {"orig_input_shape": np.array(image.shape, np.int32), "grad": dy},
    )


def _with_argmax(attrs: dict[str, Any], image: Any, dy: Any) -> Iterator[Given]:
    for includes in (False, True):
        more = {**attrs, "include_batch_in_index": includes}
        yield "MaxPoolWithArgmax", more, {"input": image}
        argmax = _run("MaxPoolWithArgmax", more, {"input": image})[1]
        yield (
            "MaxPoolGradWithArgmax",
            more,
            {"input": image, "grad": dy, "argmax": argmax},
        )


def normalizations() -> Iterator[Given]:
    """Yield normalizations and their gradients."""
    image = normal([2, 3, 4, 5])
    scale, offset = np.abs(normal([5])) + 0.5, normal([5])
    mean, variance = normal([5]), np.abs(normal([5])) + 0.25
    empty = np.zeros(0, np.float32)
    dy = normal([2, 3, 4, 5])
    vectors = {"scale": scale.astype(np.float32), "offset": offset}
    given = {"mean": mean, "variance": variance.astype(np.float32)}
    none = {"mean": empty, "variance": empty}
    saved = {
        "reserve_space_1": mean,
        "reserve_space_2": variance.astype(np.float32),
    }
    for version in ("", "V2", "V3"):
        third = {"reserve_space_3": empty} if version == "V3" else {}
        op = f"FusedBatchNorm{version}"
        yield op, {"epsilon": 0.01}, {"x": image, **vectors, **none}
        if version:
            blend = {"epsilon": 0.01, "exponential_avg_factor": 0.25}
            yield op, blend, {"x": image, **vectors, **given}
        fixed = {"epsilon": 0.01, "is_training": False}
        yield op, fixed, {"x": image, **vectors, **given}
        for attrs in ({"epsilon": 0.01}, fixed):
            yield (
                f"FusedBatchNormGrad{version}",
                attrs,
                {
                    "y_backprop": dy,
                    "x": image,
                    "scale": vectors["scale"],
                    **saved,
                    **third,
                },
            )
    for dtype in ("float16", "bfloat16"):
        half = normal([2, 3, 4, 5], dtype)
        yield "FusedBatchNormV3", {}, {"x": half, **vectors, **none}
    for depth_radius in (1, 5):
        attrs = {
            "depth_radius": depth_radius,
            "bias": 2.0,
            "alpha": 0.1,
            "beta": 0.75,
        }
        for dtype in ("float32", "float16"):
            x = normal([1, 2, 3, 7], dtype)
            yield "LRN", attrs, {"input": x}
            output = _run("LRN", attrs, {"input": x})[0]
            yield (
                "LRNGrad",
                attrs,
                {
                    "input_grads": normal([1, 2, 3, 7], dtype),
                    "input_image": x,
                    "output_image": output,
                },
            )


def others() -> Iterator[Given]:
    """Yield biases, losses and largest values."""
    for dtype in (*FLOATS, "int32"):
        value = normal([2, 3, 4], dtype, 3.0)
        yield "BiasAdd", {}, {"value": value, "bias": normal([4], dtype, 3.0)}
        yield (
            "BiasAdd",
            {"data_format": "NCHW"},
            {"value": value, "bias": normal([3], dtype, 3.0)},
        )
        yield "BiasAddGrad", {}, {"out_backprop": value}
        yield "BiasAddGrad", {"data_format": "NCHW"}, {"out_backprop": value}
        if dtype != "int32":
            yield "L2Loss", {}, {"t": value}
        ties = np.round(value.astype(np.float32)).astype(value.dtype)
        yield "TopKV2", {}, {"input": ties, "k": np.array(3, np.int32)}
    predictions = normal([4, 5])
    predictions[1, 2] = np.inf
    predictions[2] = 1.0
    targets = np.array([0, 1, 3, 7], np.int32)
    for k in (1, 3):
        yield (
            "InTopKV2",
            {},
            {
                "predictions": predictions,
                "targets": targets,
                "k": np.array(k, np.int32),
            },
        )


def _run(op: str, attrs: dict[str, Any], operands: dict[str, Any]) -> list[Any]:
    return run(Case("", op, attrs, operands))


FAMILIES = (activations, softmaxes, convolutions, poolings, normalizations, others)


def cases() -> Iterator[Case]:
    """Yield the cases of all families."""
    for family in FAMILIES:
        for op, attrs, operands in family():
            yield Case(family.__name__, op, attrs, operands)


if __name__ == "__main__":
    write(OUT, cases())
