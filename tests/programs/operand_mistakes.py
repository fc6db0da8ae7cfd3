"""Programs with operands that do not fit, refused when they are built or run.

Operands of unknown shape (`hidden`) are those that only a kernel can refuse.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any, Final

import numpy as np

from tests.programs.argument_mistakes import (
    named_types,
    no_types,
    nothing_for_types,
    other_ranks,
    ranks,
)
from tests.programs.array_operand_mistakes import (
    arrays,
    bindings,
    fractional,
    maps,
    networks,
)
from tests.programs.late_mistakes import late
from tests.programs.window_mistakes import odd_windows, padded_convolutions

Mistake = Callable[[ModuleType], Any]

IMAGE: Final = np.ones((2, 4, 4, 1), np.float32)
KERNEL: Final = np.ones((2, 2, 1, 1), np.float32)
VOLUME: Final = np.ones((2, 4, 4, 4, 1), np.float32)
VOLUME_KERNEL: Final = np.ones((2, 2, 2, 1, 1), np.float32)
PREDICTIONS: Final = np.ones((3, 4), np.float32)
NO_IMAGE: Final = b"RIFF\x24\x00\x00\x00WEBPVP8 " + b"\0" * 30


def hidden(tf: ModuleType, value: Any) -> Any:
    """Return a tensor whose shape and value are not known before the run."""
    return tf.placeholder_with_default(np.asarray(value), None)


def _operands(tf: ModuleType, names: str, *values: Any) -> dict[str, Any]:
    pairs = zip(names.split(), values, strict=True)
    return {name: hidden(tf, value) for name, value in pairs}


def _of(op: str, names: str, *values: Any, **attrs: Any) -> Mistake:
    def build(tf: ModuleType) -> Any:
        return getattr(tf.raw_ops, op)(**_operands(tf, names, *values), **attrs)

    return build


def windows() -> Iterator[tuple[str, Mistake]]:
    """Windows over batches, of no size, or for operands of other shapes."""
    plain: dict[str, Any] = {"strides": [1] * 4, "padding": "SAME"}
    for step in ([2, 1, 1, 1], [1, 1, 1, 2]):
        word = f"{step[0]}{step[3]}"
        attrs = {**plain, "strides": step}
        yield f"conv_{word}", _of("Conv2D", "input filter", IMAGE, KERNEL, **attrs)
        yield f"conv_any_{word}", _of("Conv", "input filter", IMAGE, KERNEL, **attrs)
        attrs = {**plain, "dilations": step}
        name = f"conv_any_dilated_{word}"
        yield name, _of("Conv", "input filter", IMAGE, KERNEL, **attrs)
        attrs = {**plain, "strides": step}
        sized, images = np.array([2, 4, 4, 1]), "input_sizes filter out_backprop"
        yield (
            f"conv_input_{word}",
            _of(
                "Conv2DBackpropInput",
                images,
                sized.astype(np.int32),
                KERNEL,
                IMAGE,
                **attrs,
            ),
        )
        sized = np.array([2, 2, 1, 1], np.int32)
        yield (
            f"conv_filter_{word}",
            _of(
                "Conv2DBackpropFilter",
                "input filter_sizes out_backprop",
                IMAGE,
                sized,
                IMAGE,
                **attrs,
            ),
        )
    yield (
        "conv_input_rank",
        lambda tf: tf.raw_ops.Conv2DBackpropInput(
            input_sizes=[2, 4, 4, 1], filter=KERNEL[0], out_backprop=IMAGE, **plain
        ),
    )
    steps: dict[str, Any] = {"strides": [2, 1, 1, 1, 1], "padding": "SAME"}
    yield "conv_3d", _of("Conv3D", "input filter", VOLUME, VOLUME_KERNEL, **steps)
    for op, operand in (("MaxPool", "input"), ("AvgPool", "value")):
        for size in ([2, 1, 1, 1], [1, 0, 1, 1], [1, 1, 1, 2], [1, 2, 2, 2]):
            word = "".join(map(str, size))
            yield f"{op}_{word}", _of(op, operand, IMAGE, ksize=size, **plain)
            pool = _of(f"{op}3D", "input", VOLUME, ksize=[*size, 1], **_longer(plain))
            yield f"{op}3D_{word}", pool
    for name in ("ksizes", "strides", "rates"):
        ones = {key: [1, 1, 1, 1] for key in ("ksizes", "strides", "rates")}
        for size in ([2, 1, 1, 1], [1, 0, 1, 1]):
            attrs = {**ones, name: size, "padding": "SAME"}
            patches = _of("ExtractImagePatches", "images", IMAGE, **attrs)
            yield f"patches_{name}_{size[0]}", patches


def _longer(attrs: dict[str, Any]) -> dict[str, Any]:
    return {**attrs, "strides": [*attrs["strides"], 1]}


def pool_gradients() -> Iterator[tuple[str, Mistake]]:
    """Gradients that are not those of what was pooled."""
    two: dict[str, Any] = {
        "ksize": [1, 2, 2, 1],
        "strides": [1, 2, 2, 1],
        "padding": "VALID",
    }
    for suffix, image in (("", IMAGE), ("3D", VOLUME)):
        attrs = dict(two)
        if suffix:
            attrs = {"ksize": [1, 2, 2, 2, 1], "strides": [1, 2, 2, 2, 1]}
            attrs["padding"] = "VALID"
        pooled = image[(slice(None), *[slice(2)] * (image.ndim - 2))]
        names = "orig_input orig_output grad"
        for word, given in (
            ("output", (image, pooled[:1], pooled)),
            ("grad", (image, pooled, pooled[:1])),
        ):
            yield (
                f"pool{suffix}_{word}",
                _of(f"MaxPool{suffix}Grad", names, *given, **attrs),
            )
        again = f"MaxPool{suffix}GradGrad"
        for word, given in (
            ("output", (image, pooled[:1], image)),
            ("grad", (image, pooled, image[:1])),
        ):
            yield f"pool{suffix}_again_{word}", _of(again, names, *given, **attrs)
    empty = (VOLUME[:0], VOLUME[:0, :2, :2, :2], VOLUME[:0])
    yield "pool3D_again_empty", _of("MaxPool3DGradGrad", names, *empty, **attrs)
    pooled, places = IMAGE[:, :2, :2], np.zeros((2, 2, 2, 1), np.int64)
    for word, given in (
        ("grad", (IMAGE, pooled[:1], places)),
        ("argmax", (IMAGE, pooled, places[0])),
    ):
        op = _of("MaxPoolGradWithArgmax", "input grad argmax", *given, **two)
        yield f"pool_argmax_{word}", op


def indices() -> Iterator[tuple[str, Mistake]]:
    """Indices outside, and into nothing."""
    yield (
        "gather_nd",
        lambda tf: tf.gather_nd(
            hidden(tf, PREDICTIONS), hidden(tf, [[0, 0], [5, 0]]), name="my/gather"
        ),
    )
    for word, count, shape in (("rows", 3, [0, 3]), ("columns", 0, [2, 0])):
        updates = np.ones((1, count), np.float32)
        place = np.zeros((1, 1), np.int64)
        names = "indices updates shape"
        operands = (place, updates, np.array(shape, np.int64))
        yield f"scatter_nd_{word}", _of("ScatterNd", names, *operands)


def _variable(tf: ModuleType) -> Any:
    return tf.raw_ops.VarHandleOp(dtype=tf.float32, shape=[3, 2], shared_name="v")


def resources() -> Iterator[tuple[str, Mistake]]:
    """Variables without value, and handles of something else."""
    yield (
        "unset_gather",
        lambda tf: tf.raw_ops.ResourceGather(
            resource=_variable(tf), indices=[0], dtype=tf.float32
        ),
    )
    yield (
        "unset_gather_nd",
        lambda tf: tf.raw_ops.ResourceGatherNd(
            resource=_variable(tf), indices=[[0]], dtype=tf.float32
        ),
    )
    yield (
        "unset_scatter",
        lambda tf: tf.raw_ops.ResourceScatterAdd(
            resource=_variable(tf), indices=[0], updates=np.ones((1, 2), np.float32)
        ),
    )
    yield "unset_shape", lambda tf: tf.raw_ops.VariableShape(input=_variable(tf))
    yield (
        "queue_for_accumulator",
        lambda tf: tf.raw_ops.ResourceAccumulatorNumAccumulated(
            handle=tf.raw_ops.FIFOQueueV2(component_types=[tf.float32])
        ),
    )
    yield (
        "queue_name_for_accumulator",
        lambda tf: tf.raw_ops.AccumulatorNumAccumulated(
            handle=tf.raw_ops.FIFOQueue(component_types=[tf.float32])
        ),
    )
    yield (
        "accumulator_for_queue",
        lambda tf: tf.raw_ops.QueueSizeV2(
            handle=tf.raw_ops.ResourceConditionalAccumulator(
                dtype=tf.float32, shape=[2]
            )
        ),
    )
    yield (
        "accumulator_name_for_queue",
        lambda tf: tf.raw_ops.QueueSize(
            handle=tf.raw_ops.ConditionalAccumulator(dtype=tf.float32, shape=[2])
        ),
    )


def _accumulator(tf: ModuleType, kind: str) -> Any:
    made = getattr(tf.raw_ops, f"{kind}ConditionalAccumulator")
    return made(dtype=tf.float32, shape=[2, 2])


def _slices(tf: ModuleType, handle: Any, dtype: type[Any] = np.float32) -> Any:
    return tf.raw_ops.SparseAccumulatorApplyGradient(
        handle=handle,
        local_step=0,
        gradient_indices=[0],
        gradient_values=np.ones((1, 2), dtype),
        gradient_shape=[2, 2],
        has_known_shape=True,
    )


def other_resources() -> Iterator[tuple[str, Mistake]]:
    """Accumulators of another kind or type, and older handles of something else."""
    yield (
        "whole_gradient_for_slices",
        lambda tf: tf.raw_ops.AccumulatorApplyGradient(
            handle=_accumulator(tf, "Sparse"), local_step=0, gradient=[1.0, 2.0]
        ),
    )
    yield "slices_for_whole", lambda tf: _slices(tf, _accumulator(tf, ""))
    for word, kind in (("slices", "Sparse"), ("whole", "")):
        yield (
            f"none_taken_of_{word}",
            lambda tf, k=kind: tf.raw_ops.AccumulatorTakeGradient(
                handle=_accumulator(tf, k), num_required=0, dtype=tf.float32
            ),
        )
    yield (
        "accumulator_name_for_barrier",
        lambda tf: tf.raw_ops.BarrierReadySize(handle=_accumulator(tf, "")),
    )
    queue = {"component_types": ["float"]}
    yield (
        "queue_name_for_reader",
        lambda tf: tf.raw_ops.ReaderReset(reader_handle=tf.raw_ops.FIFOQueue(**queue)),
    )
    yield (
        "queue_name_for_table",
        lambda tf: tf.raw_ops.LookupTableSize(
            table_handle=tf.raw_ops.FIFOQueue(**queue)
        ),
    )


def approximate() -> Iterator[tuple[str, Mistake]]:
    """Largest values of an axis that is not there, too short or not known."""
    for word, shape, change in (
        ("axis", [2, 30], {"reduction_dimension": 2}),
        ("rank", None, {}),
        ("size", [2, None], {}),
        ("short", [2, 30], {"k": 31}),
        ("share", [2, 30], {"recall_target": 1.5}),
        ("no_share", [2, 30], {"recall_target": 0.0}),
    ):
        attrs = {"k": 3, **change}
        yield (
            f"approximate_{word}",
            lambda tf, s=shape, a=attrs: tf.raw_ops.ApproxTopK(
                input=tf.placeholder(tf.float32, s), **a
            ),
        )


def files() -> Iterator[tuple[str, Mistake]]:
    """Images that begin as WebP does."""
    for op in ("DecodeImage", "DecodePng", "DecodeJpeg", "DecodeWebP"):
        yield f"webp_{op}", lambda tf, op=op: getattr(tf.raw_ops, op)(contents=NO_IMAGE)


def blocks() -> Iterator[tuple[str, Mistake]]:
    """Blocks, paddings and axes that do not fit."""
    image = np.ones((4, 2, 2, 1), np.float32)
    rows = (
        ("odd", [3, 3], [[0, 0], [0, 0]]),
        ("negative", [2, 2], [[-1, 0], [0, 0]]),
        ("zero", [0, 2], [[0, 0], [0, 0]]),
        ("short", [2, 2], [[0, 0]]),
        ("wide", [2, 2], [[3, 3], [0, 1]]),
        ("matrix", [[2, 2]], [[0, 0]]),
    )
    for name in ("space_to_batch_nd", "batch_to_space_nd"):
        for word, block, widths in rows:
            yield (
                f"{name}_{word}",
                lambda tf, n=name, b=block, w=widths: getattr(tf, n)(image, b, w),
            )
            if word != "matrix":
                yield (
                    f"{name}_{word}_run",
                    lambda tf, n=name, b=block, w=widths: getattr(tf, n)(
                        hidden(tf, image), hidden(tf, b), hidden(tf, w)
                    ),
                )
    for axis in (3, -4, [0, 1]):
        yield f"expand_{axis}", lambda tf, a=axis: tf.expand_dims(PREDICTIONS, a)
        yield (
            f"expand_{axis}_run",
            lambda tf, a=axis: tf.expand_dims(hidden(tf, PREDICTIONS), hidden(tf, a)),
        )


def summaries() -> Iterator[tuple[str, Mistake]]:
    """Tags and texts that are none."""
    two = np.array([b"a", b"b"])
    for word, op, names, values, attrs in (
        ("scalar", "ScalarSummary", "tags values", (two, np.ones(1)), {}),
        ("histogram", "HistogramSummary", "tag values", (two, np.ones(1)), {}),
        ("nan", "HistogramSummary", "tag values", (b"t", np.array([1, np.nan])), {}),
        ("inf", "HistogramSummary", "tag values", (b"t", np.array([np.inf])), {}),
        ("image", "ImageSummary", "tag tensor", (two, IMAGE), {}),
        (
            "audio",
            "AudioSummaryV2",
            "tag tensor sample_rate",
            (two, PREDICTIONS, np.float32(1)),
            {},
        ),
    ):
        yield f"summary_{word}", _of(op, names, *values, **attrs)
    yield "merge_no_message", lambda tf: tf.summary.merge([tf.constant(b"junk\xff")])
    yield (
        "merge_twice",
        lambda tf: tf.raw_ops.MergeSummary(
            inputs=[tf.raw_ops.ScalarSummary(tags="a", values=1.0) for _ in range(2)]
        ),
    )


LOSSES: Final = (
    "absolute_difference",
    "mean_squared_error",
    "log_loss",
    "huber_loss",
    "hinge_loss",
    "softmax_cross_entropy",
    "sigmoid_cross_entropy",
    "mean_pairwise_squared_error",
)
WEIGHTS: Final = {
    "vector": np.ones(3, np.float32),
    "narrow": np.ones((3, 2), np.float32),
    "deep": np.ones((3, 4, 1), np.float32),
    "none": None,
}


def losses() -> Iterator[tuple[str, Mistake]]:
    """Weights that do not go with what is weighted."""
    for word, weights in WEIGHTS.items():
        for loss in LOSSES:
            yield (
                f"{loss}_{word}",
                lambda tf, n=loss, w=weights: getattr(tf.losses, n)(
                    PREDICTIONS, PREDICTIONS, weights=w
                ),
            )
        yield (
            f"compute_{word}",
            lambda tf, w=weights: tf.losses.compute_weighted_loss(
                PREDICTIONS, weights=w
            ),
        )
        yield (
            f"cosine_{word}",
            lambda tf, w=weights: tf.losses.cosine_distance(
                PREDICTIONS, PREDICTIONS, axis=1, weights=w
            ),
        )
        yield (
            f"sparse_{word}",
            lambda tf, w=weights: tf.losses.sparse_softmax_cross_entropy(
                np.zeros(3, np.int32), PREDICTIONS, weights=w
            ),
        )
    for word in ("narrow", "vector"):
        yield (
            f"weights_{word}_run",
            lambda tf, w=WEIGHTS[word]: tf.losses.absolute_difference(
                hidden(tf, PREDICTIONS), hidden(tf, PREDICTIONS), weights=hidden(tf, w)
            ),
        )
    yield (
        "reduction",
        lambda tf: tf.losses.absolute_difference(
            PREDICTIONS, PREDICTIONS, reduction="other"
        ),
    )


def types() -> Iterator[tuple[str, Mistake]]:
    """Lists of types that are too short, or hold what is not allowed."""
    yield "no_types", lambda tf: tf.raw_ops.FIFOQueueV2(component_types=[])
    yield (
        "no_components",
        lambda tf: tf.raw_ops.QueueEnqueueV2(
            handle=tf.raw_ops.FIFOQueueV2(component_types=[tf.float32]), components=[]
        ),
    )
    for word, given in (("number", 3), ("text", "SAME")):
        yield (
            f"list_{word}",
            lambda tf, g=given: tf.raw_ops.MaxPool(
                input=IMAGE, ksize=g, strides=[1, 1, 1, 1], padding="SAME"
            ),
        )
        yield (
            f"list_{word}_types",
            lambda tf, g=given: tf.raw_ops.PaddingFIFOQueueV2(component_types=g),
        )
        yield f"list_{word}_sum", lambda tf, g=given: tf.raw_ops.AddN(inputs=g)
        yield f"list_{word}_several", lambda tf, g=given: tf.raw_ops.IdentityN(input=g)
    yield (
        "csv_type",
        lambda tf: tf.raw_ops.DecodeCSV(
            records=["1"], record_defaults=[np.array([True])]
        ),
    )
    yield (
        "sparse_type",
        lambda tf: tf.raw_ops.ParseSingleExample(
            serialized="",
            dense_defaults=[],
            num_sparse=1,
            sparse_keys=["a"],
            dense_keys=[],
            sparse_types=[tf.int32],
            dense_shapes=[],
        ),
    )


def shapes() -> Iterator[tuple[str, Mistake]]:
    """Shapes that are no vectors, and numbers that are none."""
    one, two = np.int32(3), np.ones((1, 2), np.int32)
    for word, shape in (("number", one), ("matrix", two)):
        yield f"zeros_{word}", lambda tf, s=shape: tf.raw_ops.Fill(dims=s, value=0.0)
        yield (
            f"random_{word}",
            lambda tf, s=shape: tf.raw_ops.RandomUniform(shape=s, dtype=tf.float32),
        )
        yield f"reshape_{word}", lambda tf, s=shape: tf.reshape(IMAGE, s)
        yield f"broadcast_{word}", lambda tf, s=shape: tf.broadcast_to(1.0, s)
        yield (
            f"pool_{word}",
            lambda tf, s=shape: tf.raw_ops.AvgPoolGrad(
                orig_input_shape=s,
                grad=IMAGE,
                ksize=[1, 2, 2, 1],
                strides=[1, 2, 2, 1],
                padding="SAME",
            ),
        )
    yield (
        "step",
        lambda tf: tf.raw_ops.ResourceAccumulatorApplyGradient(
            handle=tf.raw_ops.ResourceConditionalAccumulator(
                dtype=tf.float32, shape=[2]
            ),
            local_step=[1],
            gradient=[1.0, 2.0],
        ),
    )
    yield (
        "hits",
        lambda tf: tf.raw_ops.ComputeAccidentalHits(
            true_classes=np.ones((2, 1), np.int64),
            sampled_candidates=np.int64(1),
            num_true=1,
        ),
    )


def levels() -> Iterator[tuple[str, Mistake]]:
    """Roundings that a mode does not have."""
    for mode in ("MIN_FIRST", "MIN_COMBINED"):
        yield (
            f"halves_{mode}",
            lambda tf, m=mode: (
                tf.raw_ops.QuantizeV2(
                    **_operands(tf, "input", np.ones(2, np.float32)),
                    min_range=0.0,
                    max_range=2.0,
                    T=tf.quint8,
                    mode=m,
                    round_mode="HALF_TO_EVEN",
                ).output
            ),
        )


MISTAKES: Final[dict[str, Mistake]] = {
    name: mistake
    for family in (
        windows,
        pool_gradients,
        indices,
        resources,
        other_resources,
        approximate,
        files,
        blocks,
        summaries,
        losses,
        types,
        shapes,
        ranks,
        other_ranks,
        nothing_for_types,
        named_types,
        no_types,
        levels,
        padded_convolutions,
        odd_windows,
        arrays,
        fractional,
        networks,
        maps,
        late,
        bindings,
    )
    for name, mistake in family()
}

# How an error goes on: where it was made, with what operands, in which thread.
_REST = re.compile(r" for '.*|\n.*| ?\(name '.*|Tensor<.*| of type '.*", re.DOTALL)


def outcome(tf: ModuleType, mistake: Mistake) -> list[str]:
    """Return when a program is refused, the class of the error, and what it says."""
    with tf.Graph().as_default():
        try:
            built = mistake(tf)
        # Any error is an answer.
        except Exception as error:  # noqa: BLE001
            return ["build", type(error).__name__, _said(str(error))]
        try:
            with tf.Session() as session:
                session.run(built)
        except tf.errors.OpError as error:
            return ["run", type(error).__name__, _said(error.message)]
    return ["ok", "", ""]


def _said(text: str) -> str:
    """Return the first line of what TensorFlow adds nothing to, shortened."""
    said = re.split(r"Node: '[^']*'\n", text)[-1].strip()
    said = re.sub(r"^(Resource|Conversion function) .*", r"\1", said)
    return _REST.sub("", said)[:160]
