"""The ops that published models use most, one at a time at the sizes of models.

Operands are variables, so that nothing is computed beforehand, and results are stored
in variables, so that all of them are computed and no more than one number is copied
out. What a call of `Session.run` costs is part of every number, on both sides.

Of the hundred most used ops these are not here: `Const`, `Placeholder`,
`PlaceholderWithDefault`, `Identity`, `NoOp`, `ControlTrigger`, `VariableV2`,
`VarHandleOp` and `ReadVariableOp` compute nothing, and what saves and restores is in
`checkpoint_io.py`. `Enter`, `Exit`, `LoopCond`, `NextIteration`, `Switch`, `Merge` and
the ops of tensor arrays are measured as a loop and a condition. Beyond the hundred
there are convolutions of volumes, depthwise ones, what reads examples and images,
random numbers that are drawn until they are accepted, and ops on text, tables, paths
and boxes (`host_ops.py`).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any

import numpy as np

from benchmarks.host_ops import host_cases
from benchmarks.side_by_side import Benchmark, Budget

# Long enough for programs to be compiled that run on the host at first.
_WARM_UP_SECONDS, _WARM_UP_FEWEST, _WARM_UP_MOST = 0.5, 20, 300
_LEAST_SECONDS = 0.1
_FEWEST, _MOST = 5, 200

# Makes a variable of an array.
Operand = Callable[[Any], Any]
Case = Callable[[ModuleType, Operand], Any]


def measure(tf: ModuleType) -> dict[str, float]:
    """Return seconds per run."""
    return {name: _seconds_of(tf, case) for name, case in CASES.items()}


def _seconds_of(tf: ModuleType, case: Case) -> float:
    with tf.Graph().as_default(), tf.Session() as session:
        tf.set_random_seed(1)

        def operand(value: Any) -> Any:
            array = np.asarray(value)
            fed = tf.placeholder(tf.as_dtype(array.dtype), array.shape)
            variable = tf.Variable(fed, trainable=False)
            session.run(variable.initializer, {fed: array})
            return variable

        found = case(tf, operand)
        outputs = found if isinstance(found, list | tuple) else [found]
        stored = [_stored(tf, session, output) for output in outputs]
        if not isinstance(stored[0], tf.Tensor) or stored[0].dtype == tf.string:
            return _seconds(session, stored)
        # A number has to come out, or a run might end before its work is done.
        with tf.control_dependencies(stored):
            return _seconds(session, tf.reshape(stored[0], [-1])[0])


def _stored(tf: ModuleType, session: Any, output: Any) -> Any:
    """Store a result; text, and what is stored by itself, is left as it is."""
    is_tensor = isinstance(output, tf.Tensor) and output.dtype != tf.string
    if not is_tensor or output.dtype != output.dtype.base_dtype:
        return output
    dims = [dim.value or 0 for dim in output.shape.dims or ()]
    kept = tf.Variable(
        tf.zeros(dims, output.dtype), trainable=False, validate_shape=False
    )
    session.run(kept.initializer)
    return tf.assign(kept, output, validate_shape=False)


def _seconds(session: Any, fetch: Any) -> float:
    _repeat(session, fetch, _WARM_UP_SECONDS, _WARM_UP_FEWEST, _WARM_UP_MOST)
    return _repeat(session, fetch, _LEAST_SECONDS, _FEWEST, _MOST)


def _repeat(
    session: Any, fetch: Any, least_seconds: float, fewest: int, most: int
) -> float:
    """Run for some time and return the seconds of the fastest run."""
    best, total, count = float("inf"), 0.0, 0
    while count < fewest or (total < least_seconds and count < most):
        start = time.perf_counter()
        session.run(fetch)
        seconds = time.perf_counter() - start
        best, total, count = min(best, seconds), total + seconds, count + 1
    return best


# -- operands --------------------------------------------------------------------------

_NUMBERS = np.random.default_rng(0)
_IMAGE = (32, 28, 28, 64)
_HIDDEN = (256, 1024)


def _floats(*dims: int) -> Any:
    return _NUMBERS.uniform(0.1, 1.0, dims).astype(np.float32)


def _integers(most: int, *dims: int) -> Any:
    return _NUMBERS.integers(1, most, dims).astype(np.int32)


def _truths(*dims: int) -> Any:
    return _NUMBERS.integers(0, 2, dims).astype(bool)


# -- cases -----------------------------------------------------------------------------


def _raw(op: str, *operands: Any, **attrs: Any) -> Case:
    """Return the case of an op whose operands are variables, in their order."""

    def case(tf: ModuleType, operand: Operand) -> Any:
        names = _ARGUMENTS[op].split()
        given = dict(zip(names, map(operand, operands), strict=True))
        values = {
            name: [v.read_value() for v in value]
            if isinstance(value, list)
            else value.read_value()
            for name, value in given.items()
        }
        found = getattr(tf.raw_ops, op)(**values, **attrs)
        return list(found) if isinstance(found, tuple) else found

    return case


_ARGUMENTS = {
    **dict.fromkeys(
        [
            "Add",
            "AddV2",
            "Mul",
            "Sub",
            "RealDiv",
            "Maximum",
            "Minimum",
            "Pow",
            "FloorDiv",
        ],
        "x y",
    ),
    **dict.fromkeys(
        ["FloorMod", "Equal", "NotEqual", "Less", "LessEqual", "Greater"], "x y"
    ),
    **dict.fromkeys(["GreaterEqual", "LogicalAnd"], "x y"),
    **dict.fromkeys(
        [
            "Neg",
            "Square",
            "Exp",
            "Sqrt",
            "Log",
            "Floor",
            "Reciprocal",
            "Sigmoid",
            "Tanh",
        ],
        "x",
    ),
    **dict.fromkeys(["ZerosLike", "Cast"], "x"),
    "Relu": "features",
    "ReluGrad": "gradients features",
    **dict.fromkeys(["SigmoidGrad", "TanhGrad"], "y dy"),
    "Softmax": "logits",
    "L2Loss": "t",
    "BiasAdd": "value bias",
    "BiasAddGrad": "out_backprop",
    "Select": "condition x y",
    "MatMul": "a b",
}

_image = _floats(*_IMAGE)
_hidden = _floats(*_HIDDEN)


def _images() -> Any:
    return _floats(*_IMAGE)


def _elementwise() -> Mapping[str, Case]:
    pair = (_image, _images())
    few = (_integers(9, 256, 256), _integers(9, 256, 256))
    cases = {
        op: _raw(op, *pair)
        for op in [
            "Add",
            "AddV2",
            "Mul",
            "Sub",
            "RealDiv",
            "Maximum",
            "Minimum",
            "Pow",
            "Equal",
            "NotEqual",
            "Less",
            "LessEqual",
            "Greater",
            "GreaterEqual",
            "ReluGrad",
            "SigmoidGrad",
            "TanhGrad",
        ]
    }
    cases |= {
        op: _raw(op, _image)
        for op in [
            "Neg",
            "Square",
            "Exp",
            "Sqrt",
            "Log",
            "Floor",
            "Reciprocal",
            "Sigmoid",
            "Tanh",
            "Relu",
            "ZerosLike",
            "L2Loss",
        ]
    }
    return cases | {
        "Add, a vector to an image": _raw("Add", _image, _floats(64)),
        "Mul, by a number": _raw("Mul", _image, np.float32(3)),
        "FloorDiv, int32": _raw("FloorDiv", *few),
        "FloorMod, int32": _raw("FloorMod", *few),
        "FloorMod, float32": _raw("FloorMod", _hidden, _floats(*_HIDDEN)),
        "LogicalAnd": _raw("LogicalAnd", _truths(*_IMAGE), _truths(*_IMAGE)),
        "Select": _raw("Select", _truths(*_IMAGE), *pair),
        "Cast, float32 to int32": lambda tf, v: tf.cast(v(_image), tf.int32),
        "Cast, uint8 to float32": lambda tf, v: tf.cast(
            v(_integers(255, *_IMAGE).astype(np.uint8)), tf.float32
        ),
        "AddN, of 4": lambda tf, v: tf.add_n([v(_image) for _ in range(4)]),
        "Softmax, 256x1024": _raw("Softmax", _hidden),
        "BiasAdd": _raw("BiasAdd", _image, _floats(64)),
        "BiasAddGrad": _raw("BiasAddGrad", _image),
    }


def _reductions() -> Mapping[str, Case]:
    return {
        "Sum, of channels": lambda tf, v: tf.reduce_sum(v(_image), 3),
        "Sum, of all": lambda tf, v: tf.reduce_sum(v(_image)),
        "Mean, of places": lambda tf, v: tf.reduce_mean(v(_image), [1, 2]),
        "Mean, of a batch": lambda tf, v: tf.reduce_mean(v(_hidden), 0),
        "Max": lambda tf, v: tf.reduce_max(v(_hidden), 1),
        "Prod": lambda tf, v: tf.reduce_prod(v(_hidden), 1),
        "Prod, of a shape": lambda tf, v: tf.reduce_prod(v(_integers(9, 4))),
        "All": lambda tf, v: tf.reduce_all(v(_truths(*_IMAGE))),
        "ArgMax": lambda tf, v: tf.argmax(v(_hidden), 1),
        "TopKV2, of int32": lambda tf, v: list(
            tf.nn.top_k(v(_integers(9999, *_HIDDEN)), 5)
        ),
        "Cumsum, bfloat16": lambda tf, v: tf.cumsum(
            tf.cast(v(_hidden), tf.bfloat16), 1
        ),
    }


def _moving() -> Mapping[str, Case]:
    words, table = _integers(20_000, 64, 50), _floats(20_000, 128)
    order = _NUMBERS.permutation(4096).astype(np.int32)

    def stitch(tf: ModuleType, v: Operand) -> Any:
        halves = [v(order[:2048]), v(order[2048:])]
        return tf.dynamic_stitch(halves, [v(_floats(2048, 64)), v(_floats(2048, 64))])

    return {
        "Reshape": lambda tf, v: tf.reshape(v(_image), [32, -1]),
        "ExpandDims": lambda tf, v: tf.expand_dims(v(_hidden), 1),
        "Squeeze": lambda tf, v: tf.squeeze(v(_floats(256, 1, 1024)), [1]),
        "Transpose, to channels first": lambda tf, v: tf.transpose(
            v(_image), [0, 3, 1, 2]
        ),
        "Transpose, of a matrix": lambda tf, v: tf.transpose(v(_hidden)),
        "ConcatV2, of channels": lambda tf, v: tf.concat([v(_image), v(_image)], 3),
        "Pack, of 8": lambda tf, v: tf.stack([v(_hidden) for _ in range(8)]),
        "Split, in 4": lambda tf, v: tf.split(v(_hidden), 4, 1),
        "Slice": lambda tf, v: tf.slice(v(_image), [0, 2, 2, 0], [32, 24, 24, 64]),
        "StridedSlice": lambda tf, v: v(_image).read_value()[:, ::2, ::2],
        "StridedSlice, of a row": lambda tf, v: v(_hidden).read_value()[3],
        "Tile": lambda tf, v: tf.tile(v(_hidden), [4, 1]),
        "Fill": lambda tf, v: tf.fill([256, 4096], v(np.float32(1)).read_value()),
        "Pad": lambda tf, v: tf.pad(v(_image), [[0, 0], [1, 1], [1, 1], [0, 0]]),
        "Range": lambda tf, v: tf.range(v(np.int32(10_000))),
        "GatherV2, of words": lambda tf, v: tf.gather(v(table), v(words)),
        "Gather, of words": lambda tf, v: tf.raw_ops.Gather(
            params=v(table).read_value(), indices=v(words).read_value()
        ),
        "Where": lambda tf, v: tf.where(v(_truths(*_HIDDEN))),
        "DynamicStitch": stitch,
        "InvertPermutation": lambda tf, v: tf.invert_permutation(v(order)),
    }


def _shapes() -> Mapping[str, Case]:
    dims = np.array([32, 28, 28, 64], np.int32)
    return {
        "Shape": lambda tf, v: tf.shape(v(_hidden), name="s"),
        "Size and Rank": lambda tf, v: [
            tf.raw_ops.Size(input=v(_hidden).read_value()),
            tf.raw_ops.Rank(input=v(_hidden).read_value()),
        ],
        "ShapeN": lambda tf, v: tf.shape_n([v(_hidden), v(_hidden)]),
        "BroadcastGradientArgs": lambda tf, v: list(
            tf.raw_ops.BroadcastGradientArgs(s0=v(dims[3:]), s1=v(dims))
        ),
        "ConcatOffset": lambda tf, v: tf.raw_ops.ConcatOffset(
            concat_dim=1, shape=[v(dims).read_value(), v(dims).read_value()]
        ),
    }


def _products() -> Mapping[str, Case]:
    return {
        "MatMul, 256x1024 by 1024x1024": _raw("MatMul", _hidden, _floats(1024, 1024)),
        "MatMul, the first transposed": _raw(
            "MatMul", _hidden, _floats(*_HIDDEN), transpose_a=True
        ),
        "MatMul, int32": _raw("MatMul", _integers(9, 128, 256), _integers(9, 256, 128)),
        "MatMul, 64x50 by 50x10": _raw("MatMul", _floats(64, 50), _floats(50, 10)),
    }


def _windows() -> Mapping[str, Case]:
    kernel = _floats(3, 3, 64, 64)
    unit = {"strides": [1, 1, 1, 1], "padding": "SAME"}
    halves = {"ksize": [1, 2, 2, 1], "strides": [1, 2, 2, 1], "padding": "SAME"}
    small = _floats(32, 14, 14, 64)

    def pooled(tf: ModuleType, v: Operand) -> Any:
        image = v(_image).read_value()
        return tf.raw_ops.MaxPoolGrad(
            orig_input=image,
            orig_output=tf.raw_ops.MaxPool(input=image, **halves),
            grad=v(small).read_value(),
            **halves,
        )

    depthwise = _floats(3, 3, 64, 1)
    volume, block = (4, 8, 28, 28, 16), _floats(3, 3, 3, 16, 16)
    unit_3d = {"strides": [1, 1, 1, 1, 1], "padding": "SAME"}

    return {
        "DepthwiseConv2dNative": lambda tf, v: tf.raw_ops.DepthwiseConv2dNative(
            input=v(_image).read_value(), filter=v(depthwise).read_value(), **unit
        ),
        "DepthwiseConv2dNativeBackpropInput": lambda tf, v: (
            tf.raw_ops.DepthwiseConv2dNativeBackpropInput(
                input_sizes=_IMAGE,
                filter=v(depthwise).read_value(),
                out_backprop=v(_image).read_value(),
                **unit,
            )
        ),
        "DepthwiseConv2dNativeBackpropFilter": lambda tf, v: (
            tf.raw_ops.DepthwiseConv2dNativeBackpropFilter(
                input=v(_image).read_value(),
                filter_sizes=depthwise.shape,
                out_backprop=v(_images()).read_value(),
                **unit,
            )
        ),
        "Conv3D": lambda tf, v: tf.raw_ops.Conv3D(
            input=v(_floats(*volume)).read_value(),
            filter=v(block).read_value(),
            **unit_3d,
        ),
        "Conv3DBackpropInputV2": lambda tf, v: tf.raw_ops.Conv3DBackpropInputV2(
            input_sizes=volume,
            filter=v(block).read_value(),
            out_backprop=v(_floats(*volume)).read_value(),
            **unit_3d,
        ),
        "Conv3DBackpropFilterV2": lambda tf, v: tf.raw_ops.Conv3DBackpropFilterV2(
            input=v(_floats(*volume)).read_value(),
            filter_sizes=block.shape,
            out_backprop=v(_floats(*volume)).read_value(),
            **unit_3d,
        ),
        "Conv2D": lambda tf, v: tf.raw_ops.Conv2D(
            input=v(_image).read_value(), filter=v(kernel).read_value(), **unit
        ),
        "Conv2DBackpropInput": lambda tf, v: tf.raw_ops.Conv2DBackpropInput(
            input_sizes=_IMAGE,
            filter=v(kernel).read_value(),
            out_backprop=v(_image).read_value(),
            **unit,
        ),
        "Conv2DBackpropFilter": lambda tf, v: tf.raw_ops.Conv2DBackpropFilter(
            input=v(_image).read_value(),
            filter_sizes=kernel.shape,
            out_backprop=v(_images()).read_value(),
            **unit,
        ),
        "MaxPool": lambda tf, v: tf.raw_ops.MaxPool(
            input=v(_image).read_value(), **halves
        ),
        "MaxPool and MaxPoolGrad": pooled,
        "AvgPool": lambda tf, v: tf.raw_ops.AvgPool(
            value=v(_image).read_value(), **halves
        ),
        "AvgPoolGrad": lambda tf, v: tf.raw_ops.AvgPoolGrad(
            orig_input_shape=_IMAGE, grad=v(small).read_value(), **halves
        ),
    }


def _state() -> Mapping[str, Case]:
    weights = _floats(1024, 1024)

    def adam(tf: ModuleType, v: Operand) -> Any:
        graph, variable = tf.get_default_graph(), v(weights)
        optimizer = tf.train.AdamOptimizer()
        gradient = v(weights).read_value()
        optimizer.apply_gradients([(gradient, variable)])
        tf.get_default_session().run([v.initializer for v in optimizer.variables()])
        (update,) = [o for o in graph.get_operations() if o.type == "ApplyAdam"]
        return update.outputs[0]

    return {
        "Assign": lambda tf, v: tf.assign(v(weights), v(weights)),
        "AssignAdd": lambda tf, v: tf.assign_add(v(weights), v(weights)),
        "AssignSub": lambda tf, v: tf.assign_sub(v(weights), v(weights)),
        "ApplyAdam": adam,
    }


def _others() -> Mapping[str, Case]:
    def loop(tf: ModuleType, v: Operand) -> Any:
        inputs, weights = v(_floats(50, 32, 64)), v(_floats(64, 64) / 64)
        steps = tf.TensorArray(tf.float32, 50).unstack(inputs)
        states = tf.TensorArray(tf.float32, 50)

        def body(i: Any, state: Any, states: Any) -> Any:
            state = tf.tanh(tf.matmul(state, weights) + steps.read(i))
            return i + 1, state, states.write(i, state)

        start = (0, tf.zeros([32, 64]), states)
        _, state, states = tf.while_loop(lambda i, *_: i < 50, body, start)
        return [state, tf.ensure_shape(states.stack(), [50, 32, 64])]

    def condition(tf: ModuleType, v: Operand) -> Any:
        x = v(_hidden).read_value()
        return tf.cond(v(np.bool_(True)), lambda: x * 2.0, lambda: x + 1.0)

    def summaries(tf: ModuleType, v: Operand) -> Any:
        made = [tf.summary.scalar(f"s{i}", v(np.float32(i))) for i in range(20)]
        return tf.summary.merge(made)

    def asserted(tf: ModuleType, v: Operand) -> Any:
        x = v(_hidden).read_value()
        with tf.control_dependencies([tf.assert_less(x, 2.0)]):
            return tf.identity(x)

    def cells(tf: ModuleType, v: Operand) -> Any:
        peepholes = {
            name: v(_floats(64)).read_value() for name in ("wci", "wcf", "wco")
        }
        return tf.raw_ops.BlockLSTM(
            seq_len_max=v(np.int64(50)).read_value(),
            x=v(_floats(50, 32, 64)).read_value(),
            cs_prev=v(_floats(32, 64)).read_value(),
            h_prev=v(_floats(32, 64)).read_value(),
            w=v(_floats(128, 256)).read_value(),
            b=v(_floats(256)).read_value(),
            **peepholes,
        )[6]

    return {
        "BlockLSTM, 50 steps": cells,
        "RandomUniform, a million": lambda tf, v: tf.random_uniform([1024, 1024]),
        "RandomGamma, 100,000": lambda tf, v: tf.random_gamma([100_000], 2.5, seed=3),
        "RandomPoissonV2, 100,000": lambda tf, v: tf.random_poisson(
            3.0, [100_000], seed=3
        ),
        "TruncatedNormal, a million": lambda tf, v: tf.truncated_normal([1024, 1024]),
        "a loop over 50 steps": loop,
        "a condition": condition,
        "ScalarSummary, MergeSummary": summaries,
        "StringJoin": lambda tf, v: tf.string_join([tf.as_string(v(np.int32(3))), "b"]),
        "Assert": asserted,
    }


def _inputs() -> Mapping[str, Case]:
    picture = _integers(255, 256, 256, 3).astype(np.uint8)

    def encoded(tf: ModuleType, v: Operand, encode: Callable[[Any], Any]) -> Any:
        return v(tf.get_default_session().run(encode(picture))).read_value()

    def example(tf: ModuleType) -> bytes:
        def floats(*values: float) -> Any:
            return tf.train.Feature(float_list=tf.train.FloatList(value=values))

        words = tf.train.Feature(int64_list=tf.train.Int64List(value=range(20)))
        features = {"x": floats(*range(50)), "y": floats(1.0), "words": words}
        made = tf.train.Example(features=tf.train.Features(feature=features))
        return bytes(made.SerializeToString())

    def spec(tf: ModuleType) -> Any:
        return {
            "x": tf.FixedLenFeature([50], tf.float32),
            "y": tf.FixedLenFeature([], tf.float32),
            "words": tf.VarLenFeature(tf.int64),
        }

    def many(tf: ModuleType, v: Operand) -> Any:
        rows = np.array([example(tf)] * 128, object)
        found = tf.parse_example(v(rows).read_value(), spec(tf))
        return [found["x"], found["y"], found["words"].values]

    def single(tf: ModuleType, v: Operand) -> Any:
        row = np.array(example(tf), object)
        found = tf.parse_single_example(v(row).read_value(), spec(tf))
        return [found["x"], found["y"], found["words"].values]

    def resized(method: str) -> Case:
        return lambda tf, v: getattr(tf.image, method)(
            v(_floats(8, 128, 128, 3)).read_value(), [224, 224]
        )

    centers = _NUMBERS.uniform(0, 1, (300, 2))
    boxes = np.concatenate([centers - 0.1, centers + 0.1], 1).astype(np.float32)
    first = np.zeros(300, np.int32)

    return {
        "CropAndResize, of 300": lambda tf, v: tf.image.crop_and_resize(
            v(_floats(1, 38, 50, 64)).read_value(),
            v(boxes).read_value(),
            v(first).read_value(),
            [14, 14],
        ),
        "CropAndResizeGradImage, of 100": lambda tf, v: (
            tf.raw_ops.CropAndResizeGradImage(
                grads=v(_floats(100, 14, 14, 64)).read_value(),
                boxes=v(boxes[:100]).read_value(),
                box_ind=v(first[:100]).read_value(),
                image_size=[1, 38, 50, 64],
                T=tf.float32,
            )
        ),
        "DecodeJpeg": lambda tf, v: tf.image.decode_jpeg(
            encoded(tf, v, tf.image.encode_jpeg)
        ),
        "DecodePng": lambda tf, v: tf.image.decode_png(
            encoded(tf, v, tf.image.encode_png)
        ),
        "ResizeBilinear": resized("resize_bilinear"),
        "ResizeNearestNeighbor": resized("resize_nearest_neighbor"),
        "ResizeBicubic": resized("resize_bicubic"),
        "ParseExample, of 128": many,
        "ParseSingleExample": single,
    }


CASES: Mapping[str, Case] = {
    **_inputs(),
    **_elementwise(),
    **_reductions(),
    **_moving(),
    **_shapes(),
    **_products(),
    **_windows(),
    **_state(),
    **_others(),
    **host_cases(),
}

# No op falls to a path more than three times as slow as TensorFlow's.
BENCHMARK = Benchmark(
    title="The most used ops on the CPU",
    measure=measure,
    budgets={name: Budget(ratio=1 / 3) for name in CASES},
    repeats=2,
)
