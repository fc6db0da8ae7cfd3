"""Single ops on operands at the edge of what they take.

`VALUES` are computed; `ERRORS` fail at the run: nothing is known of shapes while
they are built; `SHAPES` are inferred, or refused, from what is known of the operands;
`RUNS` are of ops that act on what a session keeps.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType, ModuleType
from typing import Any, NamedTuple

import numpy as np

from tests.programs import endless_edges, part_edges, training_edges, window_edges

NAN, INF = np.nan, np.inf


class Edge(NamedTuple):
    """An op with its operands.

    Those in `known` are constants where shapes are inferred; where the op runs, their
    shapes are known.
    """

    op: str
    operands: dict[str, Any]
    attrs: Mapping[str, Any] = MappingProxyType({})
    known: tuple[str, ...] = ()


def _f(*numbers: Any) -> Any:
    return np.array(numbers, np.float32)


def _i(*numbers: Any) -> Any:
    return np.array(numbers, np.int32)


def _zeros(*dims: int) -> Any:
    return np.zeros(dims, np.float32)


ONE, TWO = np.float32(1), np.float32(2)
_ROWS = {"tensor": _f(1, NAN, 2, NAN), "indices": _i([0], [1], [2], [2])}
_IMAGES = np.arange(8, dtype=np.float32).reshape(2, 4)
_TEXTS = np.array([[b"a", b"b"], [b"c", b"d"]], object)
VALUES = {
    "texts_one_by_one": Edge(
        "GatherV2",
        {"params": _TEXTS, "indices": _i(1, 0), "axis": np.int32(1)},
        {"batch_dims": 1},
    ),
    "bound_that_is_nan": Edge(
        "ClipByValue",
        {"t": _f(1, NAN, 3), "clip_value_min": _f(NAN)[0], "clip_value_max": TWO},
    ),
    "leak_of_nothing": Edge(
        "LeakyRelu", {"features": _f(INF, -INF, NAN, -0.0, -1, 2)}, {"alpha": 0.0}
    ),
    "largest_with_nan": Edge(
        "TensorScatterMax", {**_ROWS, "updates": _f(NAN, 1, NAN, 5)}
    ),
    "smallest_with_nan": Edge(
        "TensorScatterMin", {**_ROWS, "updates": _f(NAN, 1, NAN, 1)}
    ),
    "truths_at_one_place": Edge(
        "ScatterNd",
        {
            "indices": _i([0], [0], [2]),
            "updates": np.array([True, False, False]),
            "shape": _i(3),
        },
    ),
    "places_without_text": Edge(
        "DynamicStitch",
        {
            "indices": [_i(0), _i(3)],
            "data": [np.array([b"a"], object), np.array([b"b"], object)],
        },
    ),
    "a_number_as_shape": Edge("Fill", {"dims": np.int32(3), "value": ONE}),
    "a_number_as_new_shape": Edge("Reshape", {"tensor": _IMAGES, "shape": np.int32(8)}),
    "no_classes": Edge(
        "SoftmaxCrossEntropyWithLogits",
        {"features": _zeros(3, 0), "labels": _zeros(3, 0)},
    ),
    "slice_of_nothing_replaced": Edge(
        "TensorStridedSliceUpdate",
        {
            "input": _IMAGES,
            "begin": _i(1, 1),
            "end": _i(2, 1),
            "strides": _i(1, 1),
            "value": _f(1, 2, 3),
        },
    ),
    "whole_numbers_in_bins": Edge(
        "HistogramFixedWidth",
        {"values": _i(-3, 0, 1, 2, 5, 9, 10, 40), "value_range": _i(0, 10)},
        {"nbins": np.int32(4)},
    ),
    "nothing_in_front": Edge(
        "StridedSlice",
        {
            "input": _IMAGES,
            "begin": _i(1, -5),
            "end": _i(-3, -9),
            "strides": _i(-1, -1),
        },
    ),
    "nothing_in_front_replaced": Edge(
        "TensorStridedSliceUpdate",
        {
            "input": _IMAGES,
            "begin": _i(1, -5),
            "end": _i(-3, -9),
            "strides": _i(-1, -1),
            "value": _zeros(2, 0),
        },
    ),
    "no_number_among_neighbours": Edge(
        "LRN",
        {
            "input": np.array(
                [[[[1, INF, 1]], [[0, -0.0, 0]], [[NAN, 1, 1]]]], np.float32
            )
        },
        {"depth_radius": 0, "beta": 1.0},
    ),
    "dilated_by_more_than_there_is": Edge(
        "Dilation2D",
        {"input": _zeros(1, 2, 3, 1), "filter": _zeros(3, 3, 1)},
        {"strides": [1] * 4, "rates": [1] * 4, "padding": "VALID"},
    ),
    "words_as_complex": Edge(
        "Bitcast",
        {"input": np.arange(8, dtype=np.int32).reshape(2, 2, 2) + 1_000_000_000},
        {"type": "complex64"},
    ),
    "complex_as_bytes": Edge(
        "Bitcast", {"input": np.array([1 + 2j, -3j], np.complex64)}, {"type": "uint8"}
    ),
}
VALUES.update({name: Edge(*each) for name, each in window_edges.programs()})
_SPECIFICATION = {"begin": _i(0, 0), "end": _i(1, 1), "strides": _i(1)}
_KEY = {"key": np.array([1, 2], np.uint64), "counter": np.array([1, 2], np.uint64)}
_PLACE = {"shape": _i(2), "key": np.array([1], np.uint64), "counter": _KEY["counter"]}


def _numbers(**changed: Any) -> Edge:
    operands = {**_PLACE, "alg": np.int32(1), **changed}
    return Edge("StatelessRandomUniformV2", operands)


_ONE_HOT = {"indices": _i(0), "depth": np.int32(3), "on_value": ONE, "off_value": ONE}
_SPARSE = {"grad": _zeros(3, 2), "indices": _i(0, 5), "segment_ids": _i(0, 1)}
_VECTORS = ("block_shape", "paddings", "crops")
_NUMBERS = np.arange(48, dtype=np.int32).reshape(2, 6, 4, 1)
_STEP = {"strides": [1] * 4, "padding": "SAME"}


def _blocks(op: str, name: str, blocks: Any, widths: Any) -> Edge:
    operands = {"input": _NUMBERS, "block_shape": blocks, name: widths}
    return Edge(op, operands, known=_VECTORS)


def _unfit_gradient(op: str, whole: Any, other: Any, dy: Any) -> Edge:
    """`whole` is a shape where the gradient is that of the operand."""
    names = ("input_sizes", "filter") if "Input" in op else ("input", "filter_sizes")
    attrs = {**_STEP, "strides": [1] * 5} if "3D" in op else _STEP
    operands = {**dict(zip(names, (whole, other), strict=True)), "out_backprop": dy}
    return Edge(op, operands, attrs)


_KERNEL, _VOLUME = _zeros(2, 2, 1, 1), _zeros(1, 2, 2, 3, 1)
_TAPS = _i(2, 2, 1, 1)


def _peepholes(op: str, weights: Any, x: Any) -> Edge:
    state = _zeros(2, 4)
    names = ("wci", "wcf", "wco")
    operands = {
        **({"seq_len_max": np.int64(2)} if op == "BlockLSTM" else {}),
        "x": x,
        "cs_prev": state,
        "h_prev": state,
        "w": _zeros(7, 16),
        **dict.fromkeys(names, weights),
        "b": _zeros(16),
    }
    return Edge(op, operands, {"use_peephole": True})


ERRORS = {
    "blocks_of_nothing": _blocks(
        "SpaceToBatchND", "paddings", _i(0, 2), _i([0, 0], [0, 0])
    ),
    "blocks_that_do_not_divide": _blocks(
        "SpaceToBatchND", "paddings", _i(2, 2), _i([0, 1], [0, 0])
    ),
    "less_than_no_padding": _blocks(
        "SpaceToBatchND", "paddings", _i(2, 2), _i([0, -2], [0, 0])
    ),
    "no_blocks_in_the_batch": _blocks(
        "BatchToSpaceND", "crops", _i(0, 1), _i([0, 0], [0, 0])
    ),
    "too_many_blocks": _blocks("BatchToSpaceND", "crops", _i(2, 2), _i([0, 0], [0, 0])),
    "less_than_no_crops": _blocks(
        "BatchToSpaceND", "crops", _i(2, 1), _i([0, -1], [0, 0])
    ),
    "more_cropped_than_there_is": _blocks(
        "BatchToSpaceND", "crops", _i(2, 1), _i([0, 0], [3, 2])
    ),
    "image_without_whole_blocks": Edge(
        "SpaceToDepth", {"input": _NUMBERS}, {"block_size": 5}
    ),
    "depth_without_whole_blocks": Edge(
        "DepthToSpace", {"input": _NUMBERS}, {"block_size": 2}
    ),
    "axes_to_reverse_in_a_matrix": Edge(
        "ReverseV2", {"tensor": _IMAGES, "axis": _i([0])}
    ),
    "a_number_as_axes_to_reverse": Edge(
        "ReverseV2", {"tensor": _IMAGES, "axis": np.int32(0)}
    ),
    "truths_in_a_matrix": Edge(
        "Reverse", {"tensor": _IMAGES, "dims": np.array([[True, False]])}
    ),
    "padded_with_a_vector": Edge(
        "PadV2",
        {"input": _IMAGES, "paddings": _i([1, 1], [1, 1]), "constant_values": _f(1)},
    ),
    "paddings_of_three_sides": Edge(
        "Pad", {"input": _IMAGES, "paddings": _i([1, 1, 1], [1, 1, 1])}
    ),
    "nothing_between_mirrors": Edge(
        "MirrorPadGrad",
        {"input": _IMAGES, "paddings": _i([1, 1], [1, 1])},
        {"mode": "REFLECT"},
    ),
    "peepholes_in_a_matrix": _peepholes("LSTMBlockCell", _zeros(1, 4), _zeros(2, 3)),
    "peepholes_over_time": _peepholes("BlockLSTM", _zeros(1, 4), _zeros(2, 2, 3)),
    "too_few_peepholes": _peepholes("BlockLSTM", _zeros(3), _zeros(2, 2, 3)),
    "two_axes_to_tell_apart": Edge("UniqueV2", {"x": _IMAGES, "axis": _i(0, 1)}),
    "axis_that_is_not_there": Edge("UniqueV2", {"x": _IMAGES, "axis": _i(5)}),
    "axis_in_a_matrix": Edge("UniqueV2", {"x": _IMAGES, "axis": _i([0])}),
    "packed_along_no_axis": Edge("Pack", {"values": [_IMAGES]}, {"axis": 5}),
    "unpacked_along_no_axis": Edge("Unpack", {"value": _IMAGES}, {"axis": 5, "num": 2}),
    "two_new_axes": Edge("ExpandDims", {"input": _IMAGES, "axis": _i(0, 1)}),
    "shape_of_too_few": Edge("BroadcastTo", {"input": _IMAGES, "shape": _i(4)}),
    "shape_with_less_than_nothing": Edge(
        "BroadcastTo", {"input": _IMAGES, "shape": _i(2, -1)}
    ),
    "hot_along_no_axis": Edge("OneHot", {**_ONE_HOT}, {"axis": 4}),
    "partitions_of_another_shape": Edge(
        "DynamicPartition",
        {"data": _IMAGES, "partitions": _i(0)},
        {"num_partitions": 2},
    ),
    "choices_of_another_shape": Edge(
        "SelectV2", {"condition": np.array([True] * 3), "t": _IMAGES, "e": _IMAGES}
    ),
    "slice_of_a_scalar": Edge(
        "StridedSlice",
        {"input": ONE, "begin": _i(0), "end": _i(1), "strides": _i(1)},
    ),
    "steps_over_images": Edge(
        "Conv2D",
        {"input": _zeros(2, 6, 4, 1), "filter": _KERNEL},
        {"strides": [2, 1, 1, 1], "padding": "SAME"},
    ),
    "gradient_of_more_rows": _unfit_gradient(
        "Conv2DBackpropInput", _i(2, 6, 4, 1), _KERNEL, _zeros(2, 4, 4, 1)
    ),
    "gradient_of_more_images": _unfit_gradient(
        "Conv2DBackpropInput", _i(1, 4, 4, 1), _KERNEL, _zeros(2, 4, 4, 1)
    ),
    "gradient_of_more_filters": _unfit_gradient(
        "Conv2DBackpropFilter", _zeros(2, 4, 4, 1), _TAPS, _zeros(2, 4, 4, 3)
    ),
    "gradient_of_more_columns": _unfit_gradient(
        "Conv2DBackpropFilter", _zeros(2, 4, 5, 1), _TAPS, _zeros(2, 4, 4, 1)
    ),
    "gradient_of_other_volumes": _unfit_gradient(
        "Conv3DBackpropInputV2",
        _i(1, 2, 3, 3, 1),
        _zeros(1, 1, 1, 1, 1),
        _zeros(1, 2, 2, 3, 1),
    ),
    "gradient_of_other_slices": _unfit_gradient(
        "Conv3DBackpropFilterV2", _VOLUME, _i(1, 1, 1, 1, 1), _zeros(1, 1, 2, 3, 1)
    ),
    "depthwise_of_more_rows": _unfit_gradient(
        "DepthwiseConv2dNativeBackpropInput",
        _i(2, 6, 4, 1),
        _KERNEL,
        _zeros(2, 4, 4, 1),
    ),
    "depthwise_of_more_channels": _unfit_gradient(
        "DepthwiseConv2dNativeBackpropFilter",
        _zeros(2, 4, 4, 1),
        _TAPS,
        _zeros(2, 4, 4, 3),
    ),
    "unequal_pair": Edge("ReciprocalGrad", {"y": _zeros(2, 3), "dy": _zeros(4, 1)}),
    "unequal_shapes": Edge("ApproximateEqual", {"x": _zeros(2, 3), "y": _zeros(3)}),
    "vector_as_depth": Edge("OneHot", {**_ONE_HOT, "depth": _i(3)}),
    "vector_as_value": Edge("OneHot", {**_ONE_HOT, "on_value": _f(1)}),
    "vector_as_axis": Edge(
        "GatherV2", {"params": _IMAGES, "indices": _i(0), "axis": _i(0)}
    ),
    "vector_as_start": Edge(
        "LinSpace", {"start": _f(1), "stop": TWO, "num": np.int32(3)}
    ),
    "too_few_flags": Edge("Reverse", {"tensor": _IMAGES, "dims": np.array([True])}),
    "one_axis_twice": Edge(
        "ReverseSequence",
        {"input": _f(1, 2), "seq_lengths": _i(1, 1)},
        {"seq_dim": 0, "batch_dim": 0},
    ),
    "two_keys": Edge(
        "StatelessRandomNormalV2", {"shape": _i(2), **_KEY, "alg": np.int32(1)}
    ),
    "empty_counter": _numbers(counter=np.zeros(0, np.uint64)),
    "counters_in_rows": _numbers(counter=np.ones((1, 2), np.uint64)),
    "counter_too_short": _numbers(alg=np.int32(9)),
    "unknown_generator": _numbers(alg=np.int32(0)),
    "generator_as_vector": _numbers(alg=_i(1)),
    "shape_as_number": _numbers(shape=np.int32(3)),
    "shape_below_zero": _numbers(shape=_i(2, -1)),
    "three_seeds": Edge("StatelessRandomGetKeyCounter", {"seed": _i(1, 2, 3)}),
    "row_that_is_not_there": Edge(
        "SparseSegmentSumGradV2", {**_SPARSE, "dense_output_dim0": np.int32(5)}
    ),
    "weights_of_another_shape": Edge(
        "DenseBincount",
        {"input": _i([1, 2], [2, 0]), "size": np.int32(3), "weights": _f(1, 2, 3, 4)},
    ),
    "range_of_three": Edge(
        "HistogramFixedWidth",
        {"values": _f(1), "value_range": _f(0, 1, 2)},
        {"nbins": np.int32(4)},
    ),
    "numbers_that_are_none": Edge(
        "HistogramFixedWidth",
        {"values": _f(1, NAN), "value_range": _f(0, 1)},
        {"nbins": np.int32(4)},
    ),
    "matrix_as_shape": Edge("Reshape", {"tensor": _IMAGES, "shape": _i([8])}),
    "specification_of_two_lengths": Edge(
        "StridedSlice", {"input": _IMAGES, **_SPECIFICATION}
    ),
}

ERRORS.update({name: Edge(*each) for name, each in endless_edges.PROGRAMS.items()})


def _pair(op: str, names: str, *shapes: Any) -> Edge:
    return Edge(op, dict(zip(names.split(), shapes, strict=True)))


def _groups(count: int) -> Edge:
    images = _pair("Conv", "input filter", [1, 4, 4, 4], [2, 2, 2, 6])
    attrs = {"strides": [1] * 4, "padding": "VALID", "groups": count}
    return images._replace(attrs=attrs)


SHAPES = {
    "classes_of_one": _pair(
        "SoftmaxCrossEntropyWithLogits", "features labels", None, [3, 4]
    ),
    "product_of_one": _pair("BatchMatMul", "x y", None, [5, 3, 4]),
    "cross_of_one": _pair("Cross", "a b", None, [2, 3]),
    "diagonals_of_one": Edge(
        "MatrixSetDiagV2",
        {"input": None, "diagonal": [4, 3, 5], "k": _i(-1, 1)},
        known=("k",),
    ),
    "axis_that_is_a_vector": _pair("GatherV2", "params indices axis", [4, 2], [2], [1]),
    "count_that_is_a_vector": _pair(
        "UnsortedSegmentSum", "data segment_ids num_segments", [5, 2], [5], [1]
    ),
    "rows_of_two": _pair("ParallelConcat", "values", [[2, 3], [2, 3]])._replace(
        attrs={"shape": [2, 3]}
    ),
    "permutation_too_short": _pair("Transpose", "x perm", [2, 3], [1]),
    "too_many_to_reverse": _pair("Reverse", "tensor dims", [1] * 9, [9]),
    "groups_that_are_no_groups": _groups(0),
    "groups_that_do_not_divide": _groups(3),
    "more_groups_than_the_filter_takes": _groups(4),
    "image_without_rows": _groups(2)._replace(
        operands={"input": [1, 4, 4], "filter": [2, 2, 6]}
    ),
    "part_of_a_quantized_shape": Edge(
        "QuantizedReshape",
        {
            "tensor": [2, 3],
            "shape": _i(3, -1),
            "input_min": [],
            "input_max": [],
        },
        known=("shape",),
    ),
    "shape_of_nothing": _pair("Reshape", "tensor shape", [2], [0]),
    "scalar_to_scatter_into": _pair(
        "TensorScatterAdd", "tensor indices updates", [], [0], []
    ),
    "number_as_random_shape": _pair("RandomUniform", "shape", [])._replace(
        attrs={"dtype": "float32"}
    ),
    "rows_chosen_of_unknown_count": _pair(
        "Select", "condition x y", [3], [None, 2], [None, None]
    ),
    "all_chosen_and_numbers": _pair("Select", "condition x y", [2, 3], [], []),
    "place_that_is_no_number": _pair("NthElement", "input n", [3, 4], [1]),
    "windows_of_unknown_size": _pair(
        "MaxPoolV2", "input ksize strides", [2, 8, 8, 3], [4], [4]
    )._replace(attrs={"padding": "SAME"}),
    "windows_of_too_few_axes": _pair(
        "MaxPoolV2", "input ksize strides", [2, 8, 8, 3], [3], [4]
    )._replace(attrs={"padding": "SAME"}),
    "second_order_of_unknown_windows": _pair(
        "MaxPoolGradGradV2",
        "orig_input orig_output grad ksize strides",
        *([2, 8, 8, 3], [2, 4, 4, 3], [2, 8, 8, 3], [4], [4]),
    )._replace(attrs={"padding": "SAME"}),
    "beginnings_and_sizes": _pair("Slice", "input begin size", [3, 4], [2], [1]),
    "axis_out_of_range": _pair("Pack", "values", [[2], [2]])._replace(
        attrs={"axis": 3}
    ),
}
# Of operands whose values are not there.
_TYPES = {"indices": "int32", "axis": "int32", "segment_ids": "int32", "perm": "int32"}
_TYPES.update(num_segments="int32", dims="bool", shape="int32")
_TYPES.update(begin="int32", size="int32", condition="bool", n="int32")
_TYPES.update(ksize="int32", strides="int32")


def slices_as_they_came(tf: ModuleType) -> Any:
    """Gradients whose slices are unsorted, repeated, or none."""
    raw, found = tf.raw_ops, []
    gradients: tuple[list[list[int]], ...] = (
        [[0, 3], [3, 1], [3]],
        [[1, 1], [1]],
        [[]],
        [[2, 0], [0, 2]],
    )
    for rows in gradients:
        handle = raw.SparseConditionalAccumulator(dtype=tf.float32, shape=[None, 2])
        with tf.Session() as session:
            for places in rows:
                added = raw.SparseAccumulatorApplyGradient(
                    handle=handle,
                    local_step=np.int64(0),
                    gradient_indices=np.array(places, np.int64),
                    gradient_values=_zeros(len(places), 2) + len(places),
                    gradient_shape=np.zeros(0, np.int64),
                    has_known_shape=False,
                )
                session.run(added)
            taken = raw.SparseAccumulatorTakeGradient(
                handle=handle, num_required=1, dtype=tf.float32
            )
            found.append(session.run(list(taken)))
    return found


def indices_passed_over(tf: ModuleType) -> Any:
    """Updates of variables of which some are for no place."""
    found = []
    for op in ("ScatterNdUpdate", "ScatterNdAdd", "ScatterNdMax"):
        variable = tf.raw_ops.VariableV2(shape=[3], dtype=tf.float32)
        start = tf.raw_ops.Assign(ref=variable, value=_f(1, 2, 3))
        changed = getattr(tf.raw_ops, op)(
            ref=variable,
            indices=_i([0], [9], [-1], [2]),
            updates=_f(5, 6, 7, NAN),
            bad_indices_policy="IGNORE",
        )
        with tf.Session() as session:
            session.run(start.op)
            found.append(session.run(changed))
    return found


def scaled_to_short_floats(tf: ModuleType) -> Any:
    """Levels that the type of the result cannot tell apart."""
    levels = tf.bitcast(np.arange(3, dtype=np.uint8), tf.quint8)
    made = tf.raw_ops.Dequantize(
        input=levels, min_range=ONE, max_range=TWO, mode="SCALED", dtype=tf.bfloat16
    )
    return _run(tf, made, {})


def variables_without_value(tf: ModuleType) -> Any:
    """What reads a resource variable says of it in different words."""
    handle = tf.raw_ops.VarHandleOp(dtype=tf.float32, shape=[4], shared_name="empty")
    operands = {"resource": handle, "dtype": tf.float32}
    made = (
        tf.raw_ops.ReadVariableOp(**operands),
        tf.raw_ops.ResourceGather(**operands, indices=_i(0)),
        tf.raw_ops.ResourceGatherNd(**operands, indices=_i([0])),
        tf.raw_ops.VariableShape(input=handle),
    )
    return [_run(tf, tensor, {}) for tensor in made]


def _binomials(tf: ModuleType) -> Any:
    """Shapes of numbers whose parameters are matrices."""
    numbers = tf.random.Generator.from_seed(1).binomial(
        shape=[4, 2, 3], counts=tf.ones([2, 1]), probs=0.5 * tf.ones([1, 3])
    )
    return numbers.shape.as_list()


RUNS = {
    "scaled_to_short_floats": scaled_to_short_floats,
    "indices_passed_over": indices_passed_over,
    "slices_as_they_came": slices_as_they_came,
    "binomials_of_matrices": _binomials,
    "steps_with_infinities": training_edges.infinities,
    "steps_with_other_hyperparameters": training_edges.hyperparameters,
    "steps_with_mistakes": training_edges.mistakes,
    "gradients_of_unfit_windows": window_edges.refused,
    **part_edges.RUNS,
    "variables_without_value": variables_without_value,
}


def result(tf: ModuleType, edge: Edge) -> Any:
    """Return the values that an op gives, or class and message of its error."""
    with tf.Graph().as_default():
        feeds: dict[Any, Any] = {}

        def fed(name: str, value: Any) -> Any:
            if isinstance(value, list):
                return [fed(name, item) for item in value]
            array = np.asarray(value)
            kind = tf.string if array.dtype == object else tf.as_dtype(array.dtype)
            tensor = tf.placeholder(kind, array.shape if name in edge.known else None)
            feeds[tensor] = array
            return tensor

        made = getattr(tf.raw_ops, edge.op)(
            **{name: fed(name, value) for name, value in edge.operands.items()},
            **edge.attrs,
        )
        return _run(tf, made, feeds)


def _run(tf: ModuleType, made: Any, feeds: dict[Any, Any]) -> Any:
    with tf.Session() as session:
        try:
            return session.run(tf.nest.flatten(made), feeds)
        except tf.errors.OpError as error:
            message = error.message.rpartition("Node: ")[2]
            message = message.partition("\n\t [[")[0].rpartition("'\n")[2]
            return type(error).__name__, message.rstrip(".")


def shape(tf: ModuleType, edge: Edge) -> Any:
    """Return the shape that is inferred for the result, or why there is none."""
    with tf.Graph().as_default():

        def operand(name: str, given: Any) -> Any:
            if name in edge.known:
                return tf.constant(given)
            if name == "values":
                return [tf.placeholder(tf.float32, item) for item in given]
            return tf.placeholder(_TYPES.get(name, "float32"), given)

        named = {n: operand(n, given) for n, given in edge.operands.items()}
        try:
            made = getattr(tf.raw_ops, edge.op)(**named, **edge.attrs)
        except ValueError as error:
            return str(error).partition(" for '")[0].partition("\n")[0].rstrip(".")
        return [str(tensor.shape) for tensor in tf.nest.flatten(made)]
