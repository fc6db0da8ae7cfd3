"""Programs that return the static shapes of what takes its shape from values.

A size that is not known is -1. Each takes the module it calls `tf`.
"""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any


def _sizes(tensor: Any) -> list[int]:
    return [-1 if size is None else size for size in tensor.shape.as_list()]


def _filled(tf: ModuleType, dims: Any) -> list[int]:
    return _sizes(tf.raw_ops.Fill(dims=dims, value=0.0))


def entering_loops(tf: ModuleType) -> list[list[int]]:
    """Parts of a shape that enter a loop, or one loop inside of another."""
    found: list[list[int]] = []
    sizes, deeper = tf.constant([3, 4]), tf.constant([3, 4])
    shifted = sizes + 1
    partly = tf.shape(tf.placeholder(tf.float32, [3, None]))

    def inner(i: Any) -> Any:
        found.append(_filled(tf, tf.concat([[5], deeper], 0)))
        return i + 1

    def body(i: Any) -> Any:
        found.extend(
            _filled(tf, dims)
            for dims in (
                tf.concat([[5], sizes], 0),
                tf.concat([shifted, [5]], 0),
                tf.concat([[5], partly], 0),
                tf.stack([tf.constant(7), 2]),
                tf.cast(sizes, tf.int64),
                shifted[:1],
            )
        )
        return i + tf.while_loop(lambda j: j < 2, inner, [0])

    tf.while_loop(lambda i: i < 3, body, [0])
    return found


def computed_in_loops(tf: ModuleType) -> list[list[int]]:
    """What is computed from something that entered is not known."""
    found: list[list[int]] = []
    copied, added = tf.constant([3, 4]), tf.constant([3, 4])

    def body(i: Any) -> Any:
        found.append(_filled(tf, tf.identity(copied)))
        found.append(_filled(tf, added + 1))
        return i + 1

    tf.while_loop(lambda i: i < 3, body, [0])
    return found


def captured_by_functions(tf: ModuleType) -> list[list[int]]:
    """Functions narrow what Python knows from outside, raw operations do not."""
    found: list[list[int]] = []
    outside = tf.constant([3, 4])
    count = tf.constant(6)

    @tf.function  # type: ignore[untyped-decorator]
    def traced() -> Any:
        inside = tf.constant([3, 4])
        longer = tf.concat([[5], outside], 0)

        def branch() -> Any:
            found.append(_sizes(tf.zeros(tf.concat([[5], inside], 0))))
            found.append(_filled(tf, tf.concat([[5], inside], 0)))
            found.append(_sizes(tf.reshape(tf.range(12), inside)))
            return tf.constant(0)

        seed = tf.constant([1, 2])
        found.extend(
            _sizes(tensor)
            for tensor in (
                tf.ones(longer),
                tf.reshape(tf.zeros([60]), longer),
                tf.fill(tf.stack([count, 2]), 1.0),
                tf.zeros(longer[1:]),
                tf.zeros(tf.cast(outside, tf.int64)),
                tf.random.normal(longer),
                tf.random.uniform(longer),
                tf.random.uniform(longer, 1, 9, tf.int32),
                tf.random.truncated_normal(longer),
                tf.random.stateless_normal(longer, seed),
                tf.random.stateless_uniform(longer, seed),
                tf.zeros(outside + 1),
            )
        )
        found.append(_filled(tf, longer))
        return tf.cond(tf.constant(True), branch, lambda: tf.constant(1))

    traced()
    return found


def partly_known(tf: ModuleType) -> list[list[int]]:
    """What other operands tell where the first one tells little."""

    def fed(*sizes: int | None, kind: Any = tf.float32) -> Any:
        return tf.placeholder(kind, sizes)

    def unknown(kind: Any = tf.float32) -> Any:
        return tf.placeholder(kind)

    raw = tf.raw_ops
    moments = {"scale": unknown(), "offset": unknown(), "variance": unknown()}
    blended = raw.FusedBatchNormV3(
        x=unknown(), mean=fed(5), exponential_avg_factor=0.25, **moments
    )
    gradients = raw.FusedBatchNormGrad(
        y_backprop=unknown(),
        x=fed(2, 3, 4, 5),
        scale=unknown(),
        reserve_space_1=unknown(),
        reserve_space_2=unknown(),
    )
    options = {"minlength": -1, "maxlength": -1, "binary_output": False}
    counted = raw.DenseCountSparseOutput(
        values=unknown(tf.int32), weights=fed(6, kind=tf.int64), **options
    )
    ranges = raw.RaggedRange(starts=unknown(), limits=fed(3), deltas=fed())
    quantized = raw.QuantizeAndDequantizeV4Grad(
        gradients=unknown(), input=fed(3, 5), input_min=fed(), input_max=fed()
    )
    windows = {"ksize": [1, 3, 1, 1], "strides": [1, 1, 2, 1], "padding": "SAME"}
    twice = raw.MaxPoolGradGrad(
        orig_input=fed(2, 7, 8, 2), orig_output=unknown(), grad=unknown(), **windows
    )
    image = tf.placeholder(tf.quint8, [2, None, None])
    limits = {name: fed() for name in ("min_input", "max_input")}
    limits |= {name: fed() for name in ("min_bias", "max_bias")}
    bias = tf.placeholder(tf.quint8, [4])
    biased = raw.QuantizedBiasAdd(input=image, bias=bias, out_type=tf.qint32, **limits)
    tensors = (
        *(blended[:5], gradients[:3], counted, [ranges[0]]),
        *([quantized[0]], [biased[0]], [twice]),
    )
    return [_sizes(tensor) for some in tensors for tensor in some]


def repeated(tf: ModuleType) -> list[list[int]]:
    """Tiles, some of which are none."""
    known = ([2, 0], [0, 2], [0, 0], [3, 2])
    images = [tf.placeholder(tf.float32, sizes) for sizes in (None, [None, 3], [2, 3])]
    tiles = [tf.tile(image, times) for image in images for times in known]
    times = tf.stack([tf.placeholder(tf.int32, []), 0])
    return [_sizes(each) for each in (*tiles, *(tf.tile(i, times) for i in images))]


PROGRAMS: dict[str, Callable[[ModuleType], list[list[int]]]] = {
    program.__name__: program
    for program in (
        entering_loops,
        computed_in_loops,
        captured_by_functions,
        partly_known,
        repeated,
    )
}
