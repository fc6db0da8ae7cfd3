"""Convolutions and what stands beside them in image models, forward and backward."""

from __future__ import annotations

import time
from types import ModuleType
from typing import Any

import numpy as np

from benchmarks.side_by_side import Benchmark, Budget

_REPEATS = 20


def measure(tf: ModuleType) -> dict[str, float]:
    """Return seconds per run."""
    found = {}
    for name, sizes, layer in _CASES:
        with tf.Graph().as_default(), tf.Session() as session:
            tf.set_random_seed(1)
            # The image is a variable: only the layer is measured, not a feed.
            image = tf.get_variable(
                "image", initializer=np.ones(sizes, np.float32), trainable=False
            )
            y = _layer(tf, layer, image)
            weights = tf.trainable_variables()
            forward = _kept(tf, [y])
            backward = _kept(tf, tf.gradients(y, [image, *weights], grad_ys=[y + 1.0]))
            session.run(tf.global_variables_initializer())
            found[name] = _seconds(session, forward)
            found[f"{name}, gradients"] = _seconds(session, backward)
    return found


def _kept(tf: ModuleType, tensors: list[Any]) -> Any:
    """Store results, so that all are computed, and fetch no more than a number."""
    stored = []
    for tensor in tensors:
        kept = tf.Variable(np.zeros(tensor.shape, np.float32), trainable=False)
        stored.append(tf.assign(kept, tensor))
    with tf.control_dependencies(stored):
        return tf.reshape(stored[0], [-1])[0]


def _layer(tf: ModuleType, layer: tuple[Any, ...], image: Any) -> Any:
    kind, *rest = layer
    if kind == "max":
        return tf.nn.max_pool(image, rest[0], rest[1], "SAME")
    if kind == "average":
        return tf.nn.avg_pool(image, rest[0], rest[1], "SAME")
    if kind == "normalize":
        return tf.layers.batch_normalization(image, training=True)
    shape, stride = rest
    kernel = tf.get_variable("kernel", shape)
    strides = [1, stride, stride, 1]
    if kind == "depthwise":
        return tf.nn.depthwise_conv2d(image, kernel, strides, "SAME")
    return tf.nn.conv2d(image, kernel, strides, "SAME")


def _seconds(session: Any, fetch: Any) -> float:
    for _ in range(3):
        session.run(fetch)
    best = float("inf")
    for _ in range(_REPEATS):
        start = time.perf_counter()
        session.run(fetch)
        best = min(best, time.perf_counter() - start)
    return best


_CASES: tuple[tuple[str, list[int], tuple[Any, ...]], ...] = (
    ("3x3, 64x32x32x3 to 32", [64, 32, 32, 3], ("full", [3, 3, 3, 32], 1)),
    ("3x3, 64x16x16x32 to 64", [64, 16, 16, 32], ("full", [3, 3, 32, 64], 1)),
    ("3x3, 16x14x14x128 to 128", [16, 14, 14, 128], ("full", [3, 3, 128, 128], 1)),
    ("3x3 / 2, 8x224x224x3 to 32", [8, 224, 224, 3], ("full", [3, 3, 3, 32], 2)),
    ("5x5, 64x28x28x1 to 32", [64, 28, 28, 1], ("full", [5, 5, 1, 32], 1)),
    ("7x7 / 2, 1x224x224x3 to 64", [1, 224, 224, 3], ("full", [7, 7, 3, 64], 2)),
    ("3x3 / 2, 8x56x56x64 to 128", [8, 56, 56, 64], ("full", [3, 3, 64, 128], 2)),
    ("1x1, 16x28x28x128 to 64", [16, 28, 28, 128], ("full", [1, 1, 128, 64], 1)),
    ("1x1, 32x56x56x24 to 144", [32, 56, 56, 24], ("full", [1, 1, 24, 144], 1)),
    ("1x1 / 2, 8x56x56x64 to 128", [8, 56, 56, 64], ("full", [1, 1, 64, 128], 2)),
    ("depthwise 3x3, 16x28x28x64", [16, 28, 28, 64], ("depthwise", [3, 3, 64, 1], 1)),
    (
        "depthwise 3x3 / 2, 16x56x56x32",
        [16, 56, 56, 32],
        ("depthwise", [3, 3, 32, 1], 2),
    ),
    ("maxima 2x2 / 2, 64x32x32x32", [64, 32, 32, 32], ("max", 2, 2)),
    ("maxima 3x3 / 2, 8x56x56x64", [8, 56, 56, 64], ("max", 3, 2)),
    ("averages 3x3 / 1, 16x28x28x64", [16, 28, 28, 64], ("average", 3, 1)),
    ("batch normalization, 64x32x32x32", [64, 32, 32, 32], ("normalize",)),
)

# No operation more than about three times as slow as TensorFlow's.
BENCHMARK = Benchmark(
    title="Convolution, pooling and normalization on the CPU",
    measure=measure,
    budgets={
        f"{name}{what}": Budget(ratio=0.3)
        for name, _, _ in _CASES
        for what in ("", ", gradients")
    },
    repeats=2,
)
