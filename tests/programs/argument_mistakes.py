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
}


def ranks() -> Iterator[tuple[str, Mistake]]:
    """Operands that are matrices, or a handle that is."""
    for op, operands in RANKED.items():
        types = dict(pair.split(":") for pair in operands.split())
        told: dict[str, Any] = {}
        if op in {"BatchDatasetV2", "RangeDataset", "ShardDataset", "TakeDataset"}:
            told = {"output_types": ["int64"], "output_shapes": [[]]}
        for name in sorted(types.keys() - {"input_dataset"}):
            yield (
                f"rank_{op}_{name}",
                lambda tf, o=op, t=types, n=name, a=told: getattr(tf.raw_ops, o)(
                    **{
                        key: tf.placeholder(kind, [2, 2] if key == n else None)
                        for key, kind in t.items()
                    },
                    **a,
                ),
            )
    for op, name in (
        ("QueueSize", "handle"),
        ("ReaderReset", "reader_handle"),
        ("LookupTableSize", "table_handle"),
        ("BarrierReadySize", "handle"),
    ):
        yield (
            f"rank_{op}",
            lambda tf, o=op, n=name: getattr(tf.raw_ops, o)(
                **{n: tf.Variable([["a"]], use_resource=False)}
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
