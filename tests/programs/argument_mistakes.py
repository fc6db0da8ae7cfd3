"""Programs with arguments of a wrong rank or type, refused when they are built.

They are recorded with those of `operand_mistakes`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any, Final

import numpy as np

Mistake = Callable[[ModuleType], Any]

# Operands of ops and their types; those of datasets also say what they give.
RANKED: Final = {
    "BatchDatasetV2": "input_dataset:variant batch_size:int64 drop_remainder:bool",
    "RangeDataset": "start:int64 stop:int64 step:int64",
    "ShardDataset": "input_dataset:variant num_shards:int64 index:int64",
    "TakeDataset": "input_dataset:variant count:int64",
    "TextLineDataset": "filenames:string compression_type:string buffer_size:int64",
    "DeleteSessionTensor": "handle:string",
    "TensorArrayConcatV2": "handle:string flow_in:float32",
    "TensorArrayConcatV3": "handle:resource flow_in:float32",
    "TensorArrayGatherV3": "handle:resource indices:int32 flow_in:float32",
    "TensorArrayGradV3": "handle:resource",
    "TensorArrayReadV3": "handle:resource index:int32 flow_in:float32",
    "TensorArrayScatterV3": (
        "handle:resource indices:int32 value:float32 flow_in:float32"
    ),
    "TensorArraySizeV3": "handle:resource",
    "TensorArraySplitV3": (
        "handle:resource value:float32 lengths:int64 flow_in:float32"
    ),
    "TensorArrayV3": "size:int32",
    "InitializeTableV2": "table_handle:resource",
    "LookupTableExportV2": "table_handle:resource",
    "LookupTableImportV2": "table_handle:resource keys:string",
    "LookupTableInsertV2": "table_handle:resource",
    "LookupTableSizeV2": "table_handle:resource",
    "ReaderReadUpToV2": (
        "reader_handle:resource queue_handle:resource num_records:int64"
    ),
    "ReaderReadV2": "reader_handle:resource queue_handle:resource",
    "ReaderResetV2": "reader_handle:resource",
    "ReaderRestoreStateV2": "reader_handle:resource",
    "StackCloseV2": "handle:resource",
    "OptionalGetValue": "optional:variant",
    "QuantizedInstanceNorm": "x:quint8",
    "MatrixDiagPartV2": "k:int32",
    "MatrixDiagV2": "k:int32",
    "StatelessRandomGammaV3": "key:uint64",
    "StatelessSampleDistortedBoundingBox": "seed:int32",
    "TridiagonalMatMul": "superdiag:float32",
    "TensorArrayWriteV3": "handle:resource index:int32 value:float32 flow_in:float32",
}
_DATASETS: Final = {"output_types": ["int64"], "output_shapes": [[]]}
_FLOATS: Final = {"dtype": "float32"}
# What else ops need.
TOLD: Final[dict[str, dict[str, Any]]] = {
    "BatchDatasetV2": _DATASETS,
    "RangeDataset": _DATASETS,
    "ShardDataset": _DATASETS,
    "TakeDataset": _DATASETS,
    "TensorArrayConcatV2": _FLOATS,
    "TensorArrayConcatV3": _FLOATS,
    "TensorArrayGatherV3": _FLOATS,
    "TensorArrayGradV3": {"source": "gradients", "flow_in": 0.0},
    "TensorArrayReadV3": _FLOATS,
    "TensorArraySizeV3": {"flow_in": 0.0},
    "TensorArrayV3": _FLOATS,
    "InitializeTableV2": {"keys": ["a"], "values": [1]},
    "LookupTableExportV2": {"Tkeys": "string", "Tvalues": "int64"},
    "LookupTableImportV2": {"values": [1, 2]},
    "LookupTableInsertV2": {"keys": ["a"], "values": [1]},
    "ReaderRestoreStateV2": {"state": "a"},
    "OptionalGetValue": {"output_types": ["float32"], "output_shapes": [None]},
    "QuantizedInstanceNorm": {"x_min": 0.0, "x_max": 1.0},
    "MatrixDiagPartV2": {"input": [[1.0]], "padding_value": 0.0},
    "MatrixDiagV2": {
        "diagonal": [1.0],
        "num_rows": 1,
        "num_cols": 1,
        "padding_value": 0.0,
    },
    "StatelessRandomGammaV3": {
        "shape": [1],
        "counter": np.zeros(2, np.uint64),
        "alg": 1,
        "alpha": [1.0],
    },
    "StatelessSampleDistortedBoundingBox": {
        "image_size": [2, 2, 3],
        "bounding_boxes": [[[0.0, 0.0, 1.0, 1.0]]],
        "min_object_covered": 0.5,
    },
    "TridiagonalMatMul": {"maindiag": [[1.0]], "subdiag": [[1.0]], "rhs": [[1.0]]},
}


def ranks() -> Iterator[tuple[str, Mistake]]:
    """Operands that are matrices, or a handle that is."""
    for op, operands in RANKED.items():
        types = dict(pair.split(":") for pair in operands.split())
        for name in sorted(types.keys() - {"input_dataset", "value"}):
            yield (
                f"rank_{op}_{name}",
                lambda tf, o=op, t=types, n=name: getattr(tf.raw_ops, o)(
                    **{
                        key: tf.placeholder(kind, [2, 2] if key == n else None)
                        for key, kind in t.items()
                    },
                    **TOLD.get(o, {}),
                ),
            )
    for op, name in (
        ("QueueSize", "handle"),
        ("ReaderReset", "reader_handle"),
        ("LookupTableSize", "table_handle"),
        ("BarrierReadySize", "handle"),
        ("StackClose", "handle"),
    ):
        for word, value in (("", [["a"]]), ("_long", ["a", "b", "c"])):
            yield (
                f"rank_{op}{word}",
                lambda tf, o=op, n=name, v=value: getattr(tf.raw_ops, o)(
                    **{n: tf.Variable(v, use_resource=False)}
                ),
            )


def named_types() -> Iterator[tuple[str, Mistake]]:
    """Types by other names, numbers that are equal to one, and numbers too large."""
    named: tuple[Any, ...] = ("f4", "str", b"float32", True, 3.0, 0, None, int, str)
    for given in (*named, np.array(3), 101, "float_ref"):
        word = repr(given).replace(" ", "")
        yield (
            f"type_{word}",
            lambda tf, g=given: tf.as_dtype(g).name and tf.zeros([], g),
        )
        yield f"type_attr_{word}", lambda tf, g=given: tf.raw_ops.Cast(x=[1.0], DstT=g)
        yield (
            f"type_list_{word}",
            lambda tf, g=given: tf.raw_ops.FIFOQueueV2(component_types=[g]).op,
        )
    yield "reference_type", lambda tf: tf.convert_to_tensor(1, "float_ref")
    yield "preferred_type", lambda tf: tf.convert_to_tensor(1, preferred_dtype="f4")
    yield "large_int", lambda tf: tf.raw_ops.BitwiseAnd(x=np.int32(1), y=2**70)
    yield "large_float", lambda tf: tf.raw_ops.Neg(x=[1.0]) + 2**70
    yield "list_of_none", lambda tf: tf.raw_ops.Neg(x=[None])
    yield (
        "mixed_objects",
        lambda tf: tf.raw_ops.Add(x=[1.0], y=np.array(["a", 1], object)),
    )
    for value in (np.array(3), 2.5, "a", True):
        yield (
            f"float_attr_{value!r}",
            lambda tf, v=value: tf.raw_ops.LeakyRelu(features=[1.0], alpha=v),
        )
    for value in ([True], [-7], "a", 2.5):
        yield (
            f"shape_attr_{value!r}",
            lambda tf, v=value: tf.raw_ops.PlaceholderWithDefault(input=1.0, shape=v),
        )
    yield "tensor_attr", lambda tf: tf.raw_ops.Const(value=3, dtype=tf.int32)
    yield "removed", lambda tf: tf.raw_ops.BatchMatrixSolve(matrix=None, rhs=None)
    yield "root_name", lambda tf: tf.no_op() and tf.raw_ops.Neg(x=[1.0], name="a b")
    yield (
        "segments_of_unknown_ids",
        lambda tf: (
            tf.raw_ops.UnsortedSegmentMin(
                data=tf.placeholder("float32"),
                segment_ids=tf.placeholder("int32"),
                num_segments=-1,
            ).shape.rank
            or tf.no_op()
        ),
    )
    yield (
        "segments_of_vector",
        lambda tf: tf.raw_ops.UnsortedSegmentMin(
            data=tf.placeholder("float32"),
            segment_ids=tf.placeholder("int32", [3]),
            num_segments=-1,
        ),
    )
    yield (
        "removed_attr",
        lambda tf: tf.raw_ops.QuantizeAndDequantize(input=None, range_given="a"),
    )
    yield "short_range", lambda tf: tf.range(3, dtype=tf.float16)


# Ops, and the type and shape of each operand, one of which does not fit.
_MATRIX: Final = [None, None]
OF_OTHER_RANKS: Final[
    tuple[tuple[str, dict[str, tuple[str, Any]], dict[str, Any]], ...]
]
OF_OTHER_RANKS = (
    (
        "ResourceScatterNdAdd",
        {
            "ref": ("resource", None),
            "indices": ("int32", []),
            "updates": ("float32", None),
        },
        {},
    ),
    (
        "TensorListScatterIntoExistingList",
        {
            "input_handle": ("variant", None),
            "tensor": ("float32", []),
            "indices": ("int32", None),
        },
        {},
    ),
    (
        "TensorListScatterIntoExistingList",
        {
            "input_handle": ("variant", None),
            "tensor": ("float32", None),
            "indices": ("int32", _MATRIX),
        },
        {},
    ),
    (
        "CudnnRNN",
        {
            "input": ("float32", None),
            "input_h": ("float32", None),
            "input_c": ("float32", _MATRIX),
            "params": ("float32", _MATRIX),
        },
        {},
    ),
    (
        "CudnnRNNV3",
        {
            "input": ("float32", None),
            "input_h": ("float32", None),
            "input_c": ("float32", _MATRIX),
            "params": ("float32", None),
            "sequence_lengths": ("int32", None),
        },
        {},
    ),
    (
        "QuantizedConv2DWithBias",
        {
            "input": ("quint8", None),
            "filter": ("qint8", None),
            "bias": ("float32", _MATRIX),
            **dict.fromkeys(("min_input", "max_input"), ("float32", None)),
            **dict.fromkeys(("min_filter", "max_filter"), ("float32", None)),
        },
        {"strides": [1, 1, 1, 1], "padding": "SAME"},
    ),
    (
        "QuantizedConv2DPerChannel",
        {
            "input": ("quint8", None),
            "filter": ("qint8", None),
            **dict.fromkeys(("min_input", "max_input"), ("float32", None)),
            **dict.fromkeys(("min_filter", "max_filter"), ("float32", _MATRIX)),
        },
        {"strides": [1, 1, 1, 1], "padding": "SAME"},
    ),
    (
        "FFTND",
        {
            "input": ("complex64", []),
            "fft_length": ("int32", None),
            "axes": ("int32", None),
        },
        {},
    ),
    (
        "MatrixSolveLs",
        {
            "matrix": ("float32", None),
            "rhs": ("float32", None),
            "l2_regularizer": ("float64", [1]),
        },
        {},
    ),
    (
        "QuantizeAndDequantizeV3",
        {
            "input": ("float32", None),
            "input_min": ("float32", None),
            "input_max": ("float32", None),
            "num_bits": ("int32", [1]),
        },
        {},
    ),
    (
        "StatelessRandomUniformIntV2",
        {
            "shape": ("int32", None),
            "key": ("uint64", None),
            "counter": ("uint64", None),
            "alg": ("int32", None),
            "minval": ("int32", [3]),
            "maxval": ("int32", None),
        },
        {},
    ),
    (
        "SoftmaxCrossEntropyWithLogits",
        {"features": ("float32", [3]), "labels": ("float32", None)},
        {},
    ),
    (
        "SelectV2",
        {"condition": ("bool", [3]), "t": ("float32", [2]), "e": ("float32", [2])},
        {},
    ),
    (
        "RandomIndexShuffle",
        {
            "index": ("int32", None),
            "seed": ("uint32", [None]),
            "max_index": ("int32", None),
        },
        {},
    ),
    (
        "EmptyTensorList",
        {"element_shape": ("int32", []), "max_num_elements": ("int32", None)},
        {"element_dtype": "float32"},
    ),
    (
        "FakeQuantWithMinMaxVarsGradient",
        {
            "gradients": ("float32", None),
            "inputs": ("float32", None),
            "min": ("float32", None),
            "max": ("float32", [2]),
        },
        {},
    ),
)
# Those that TensorFlow builds, and the shape that it infers.
OF_ANY_RANK: Final = (
    (
        "OneHot",
        {
            "indices": ("int32", [3]),
            "depth": ("int32", [1]),
            "on_value": ("float32", [2]),
            "off_value": ("float32", [2]),
        },
        {},
    ),
    ("Transpose", {"x": ("float32", None), "perm": ("int32", _MATRIX)}, {}),
    (
        "DecodePaddedRaw",
        {"input_bytes": ("string", None), "fixed_length": ("int32", [2])},
        {"out_type": "int8"},
    ),
)


def other_ranks() -> Iterator[tuple[str, Mistake]]:
    """Operands that shape functions refuse."""
    for number, (op, operands, attrs) in enumerate((*OF_OTHER_RANKS, *OF_ANY_RANK)):
        yield (
            f"of_rank_{number}_{op}",
            lambda tf, o=op, ins=operands, a=attrs: (
                getattr(tf.raw_ops, o)(
                    **{n: tf.placeholder(*each) for n, each in ins.items()}, **a
                )
                is None
                or tf.no_op()
            ),
        )


def _by_class(mistake: Mistake) -> Mistake:
    """Return a program whose errors have no text, where it is said in other words."""

    def build(tf: ModuleType) -> Any:
        try:
            return mistake(tf)
        except Exception as error:
            raise type(error)("") from error

    return build


def no_types() -> Iterator[tuple[str, Mistake]]:
    """Queues without types, and loops whose results have none."""
    for kind, given in (
        ("FIFOQueue", (2, None)),
        ("PaddingFIFOQueue", (2, None, [()])),
        ("RandomShuffleQueue", (2, 0, None)),
        ("PriorityQueue", (2, None, [()])),
    ):
        yield (
            f"no_types_{kind}",
            _by_class(lambda tf, k=kind, g=given: getattr(tf, k)(*g).size()),
        )
    for word, types in (("list", []), ("tuple", ()), ("dict", {})):
        for elems in ([1, 2], [[1, 2]]):
            for result in ("nothing", "same"):
                yield (
                    f"map_to_{word}_{len(elems)}_{result}",
                    _by_class(
                        lambda tf, t=types, e=elems, r=result: tf.map_fn(
                            lambda x: x if r == "same" else [],
                            tf.constant(e) if len(e) == 2 else [tf.constant(e[0])],
                            dtype=t,
                        )
                    ),
                )


def nothing_for_types() -> Iterator[tuple[str, Mistake]]:
    """Types that are nothing, names of the signature, and no shape to ensure."""
    for kind in (False, 0, ""):
        word = repr(kind)
        yield f"constant_of_{word}", lambda tf, k=kind: tf.constant(2, k)
        yield f"zeros_of_{word}", lambda tf, k=kind: tf.zeros_like([2], k)
        yield f"ones_of_{word}", lambda tf, k=kind: tf.ones_like([2], k)
        yield f"shape_of_{word}", lambda tf, k=kind: tf.shape([2], out_type=k)
        yield f"size_of_{word}", lambda tf, k=kind: tf.size([2], out_type=k)
        yield (
            f"layer_of_{word}",
            lambda tf, k=kind: (
                tf.layers.Dense(2, dtype=k)(tf.zeros([2, 2])) is None or tf.no_op()
            ),
        )
    one = [True]
    yield "own_name_of_where", lambda tf: tf.raw_ops.Where(input=one)
    yield "name_of_where", lambda tf: tf.raw_ops.Where(condition=one)
    yield "own_name_of_axis", lambda tf: tf.raw_ops.ExpandDims(input=one, dim=0)
    yield (
        "own_name_of_axes",
        lambda tf: tf.raw_ops.Squeeze(input=one, squeeze_dims=[0]),
    )
    yield (
        "own_name_of_split",
        lambda tf: tf.raw_ops.SplitV(
            value=one, size_splits=[1], split_dim=0, num_split=1
        ),
    )
    yield (
        "unknown_name_first",
        lambda tf: tf.raw_ops.Cumsum(x=one, axis=0, exclusive="x", foo=3),
    )
    yield (
        "missing_before_bad",
        lambda tf: tf.raw_ops.FIFOQueueV2(capacity="x", shapes=3),
    )
    yield (
        "unknown_before_refused_string",
        lambda tf: tf.raw_ops.Conv2D(
            input=one, filter=one, strides=[1], padding="foo", bar=3
        ),
    )
    yield "ensure_nothing", lambda tf: tf.ensure_shape(one, None)
    yield (
        "ensure_nothing_of_nothing",
        lambda tf: tf.ensure_shape(tf.placeholder_with_default(one, None), None),
    )
    yield (
        "default_of_reference",
        lambda tf: (
            tf.parse_single_example(
                tf.constant(b"")[None][0],
                {"a": tf.FixedLenFeature([1], tf.as_dtype(101))},
            )["a"]
            is None
            or tf.no_op()
        ),
    )
