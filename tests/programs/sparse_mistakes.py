"""Mistakes with sparse and ragged tensors that only a run can find.

Each is an op with operands that are fed, so that nothing is known of them before.
"""

from __future__ import annotations

from types import ModuleType
from typing import Any, NamedTuple

import numpy as np


class Mistake(NamedTuple):
    """An op and what it is given."""

    op: str
    operands: dict[str, Any]
    attrs: dict[str, Any]


def error_of(tf: ModuleType, mistake: Mistake) -> list[str]:
    """Return the class and the message of the error that a mistake ends with."""
    feeds: dict[Any, Any] = {}

    def fed(value: Any) -> Any:
        if isinstance(value, list):
            return [fed(item) for item in value]
        array = np.asarray(value)
        kind = tf.string if array.dtype.kind in "OU" else array.dtype
        tensor = tf.placeholder(kind)
        feeds[tensor] = array
        return tensor

    operands = {name: fed(value) for name, value in mistake.operands.items()}
    with tf.Session() as session:
        try:
            attrs = {
                name: tf.as_dtype(value) if name == "dtype" else value
                for name, value in mistake.attrs.items()
            }
            result = getattr(tf.raw_ops, mistake.op)(**operands, **attrs)
            session.run(result, feeds)
        except tf.errors.OpError as error:
            # TensorFlow tells first where the node was made.
            text = error.message.partition("\n\t [[{{node ")[0].strip()
            return [type(error).__name__, text.rpartition("\n")[2].strip()]
    raise AssertionError("the call did not fail")


def _rows(*numbers: int) -> Any:
    return np.array(numbers, np.int64).reshape(-1, 2)


def _sizes(*numbers: int) -> Any:
    return np.array(numbers, np.int64)


def _floats(*numbers: float) -> Any:
    return np.array(numbers, np.float32)


def _variants(
    op: str, base: dict[str, Any], changes: dict[str, dict[str, Any]], **attrs: Any
) -> dict[str, Mistake]:
    """Return mistakes that differ from good operands in one place."""
    return {
        f"{op}: {what}": Mistake(op, {**base, **change}, attrs)
        for what, change in changes.items()
    }


_PART = {
    "input_indices": _rows(0, 1, 1, 0),
    "input_values": _floats(1, 2),
    "input_shape": _sizes(2, 3),
}
_SHAPE = {"input_indices": _rows(0, 1, 1, 0), "input_shape": _sizes(2, 3)}
_FILL = {
    "indices": _rows(0, 1, 2, 0),
    "values": _floats(1, 2),
    "dense_shape": _sizes(4, 3),
    "default_value": np.float32(7),
}
_JOIN = {
    "indices": [_rows(0, 1, 1, 0), _rows(0, 0)],
    "values": [_floats(1, 2), _floats(3)],
    "shapes": [_sizes(2, 3), _sizes(2, 4)],
}
_SPLIT = {
    "split_dim": np.int64(1),
    "indices": _rows(0, 1, 1, 0, 1, 4),
    "values": _floats(1, 2, 3),
    "shape": _sizes(2, 5),
}
_SLICE = {
    "indices": _rows(0, 1, 1, 0, 1, 4),
    "values": _floats(1, 2, 3),
    "shape": _sizes(2, 5),
    "start": _sizes(0, 1),
    "size": _sizes(2, 3),
}
_BOTH = {
    "a_indices": _rows(0, 1, 1, 0),
    "a_values": _floats(1, 2),
    "a_shape": _sizes(2, 3),
    "b_indices": _rows(0, 1, 0, 2),
    "b_values": _floats(-1, 4),
    "b_shape": _sizes(2, 3),
}
_DENSE = {
    "a_indices": _rows(0, 1, 1, 0),
    "a_values": _floats(1, 2),
    "a_shape": _sizes(2, 3),
    "b": np.ones((2, 3), np.float32),
}
_PRODUCT = {**_DENSE, "b": np.ones((3, 2), np.float32)}
_BESIDE = {
    "sp_indices": _rows(0, 1, 1, 0),
    "sp_values": _floats(1, 2),
    "sp_shape": _sizes(2, 3),
    "dense": np.ones((2, 3), np.float32),
}
_REDUCED = {**_PART, "reduction_axes": np.array([1], np.int32)}

_SETS = {
    "set1_indices": _rows(0, 0, 1, 0),
    "set1_values": _sizes(1, 2),
    "set1_shape": _sizes(2, 3),
    "set2_indices": _rows(0, 0, 1, 1),
    "set2_values": _sizes(1, 3),
    "set2_shape": _sizes(2, 2),
}
_CROSSED = {
    "indices": [_rows(0, 0, 1, 0), _rows(0, 0)],
    "values": [_sizes(1, 2), _sizes(3)],
    "shapes": [_sizes(2, 1), _sizes(2, 1)],
    "dense_inputs": [np.ones((2, 1), np.int64)],
    "sep": np.array("-"),
}
_COUNTED = {
    "indices": _rows(0, 0, 1, 1),
    "values": _sizes(1, 2),
    "dense_shape": _sizes(2, 2),
    "weights": _floats(),
}
_DISTANCE = {
    "hypothesis_indices": _rows(0, 0),
    "hypothesis_values": _sizes(1),
    "hypothesis_shape": _sizes(2, 2),
    "truth_indices": _rows(0, 0),
    "truth_values": _sizes(1),
    "truth_shape": _sizes(2, 2),
}

_TO_DENSE = {
    "sparse_indices": _sizes(1, 3),
    "output_shape": _sizes(5),
    "sparse_values": _floats(1, 2),
    "default_value": np.float32(0),
}

_ROWS = {
    "rt_nested_splits": [_sizes(0, 2, 3)],
    "rt_dense_values": _floats(1, 2, 3),
}
_FILLED_UP = {
    "shape": _sizes(-1, -1),
    "values": _floats(1, 2, 3),
    "default_value": np.float32(0),
    "row_partition_tensors": [_sizes(0, 2, 3)],
}
_STEPS = {
    "starts": _sizes(0, 1),
    "limits": _sizes(3, 4),
    "deltas": np.int64(1),
}
_CHOSEN = {
    "params_nested_splits": [_sizes(0, 2, 3)],
    "params_dense_values": _floats(1, 2, 3),
    "indices": _sizes(0, 1),
}

MISTAKES = {
    **_variants(
        "RaggedTensorToSparse",
        _ROWS,
        {
            "start": {"rt_nested_splits": [_sizes(1, 2, 3)]},
            "end": {"rt_nested_splits": [_sizes(0, 2, 4)]},
            "order": {"rt_nested_splits": [_sizes(0, 3, 2, 3)]},
            "none": {"rt_nested_splits": [_sizes()]},
            "inner": {"rt_nested_splits": [_sizes(0, 5), _sizes(0, 2, 3)]},
        },
    ),
    **_variants(
        "RaggedTensorToTensor",
        _FILLED_UP,
        {
            "none": {"row_partition_tensors": [_sizes()]},
            "default": {"default_value": _floats(1, 2)},
        },
        row_partition_types=["ROW_SPLITS"],
    ),
    **_variants(
        "RaggedRange",
        _STEPS,
        {
            "rank": {"starts": _rows(0, 1)},
            "sizes": {"limits": _sizes(1, 2, 3)},
            "zero": {"deltas": np.int64(0)},
        },
    ),
    **_variants(
        "RaggedGather",
        _CHOSEN,
        {
            "bounds": {"indices": _sizes(0, 2)},
            "negative": {"indices": _sizes(-1)},
            "order": {"params_nested_splits": [_sizes(0, 3, 2, 3)]},
        },
        OUTPUT_RAGGED_RANK=1,
    ),
    **_variants(
        "SparseToDense",
        _TO_DENSE,
        {
            "indices": {"sparse_indices": np.ones((1, 1, 1), np.int64)},
            "shape": {"output_shape": _rows(5, 6)},
            "rank": {"output_shape": _sizes(5, 6)},
            "matrix": {"sparse_values": np.ones((1, 2), np.float32)},
            "count": {"sparse_values": _floats(1, 2, 3)},
            "default": {"default_value": _floats(0, 0)},
            "order": {"sparse_indices": _sizes(3, 1)},
            "repeated": {"sparse_indices": _sizes(3, 3)},
            "bounds": {"sparse_indices": _sizes(3, 9)},
            "negative": {"output_shape": _sizes(-5)},
        },
    ),
    **_variants(
        "SparseToDense",
        _TO_DENSE,
        {"outside": {"sparse_indices": _sizes(3, 9)}},
        validate_indices=False,
    ),
    **_variants(
        "SparseToSparseSetOperation",
        _SETS,
        {
            "order": {"set1_indices": _rows(1, 0, 0, 0)},
            "repeated": {"set1_indices": _rows(1, 0, 1, 0)},
            "bounds": {"set2_indices": _rows(0, 0, 1, 5)},
            "groups": {"set2_shape": _sizes(3, 2)},
            "rank": {
                "set1_indices": _sizes(0, 1).reshape(2, 1),
                "set1_shape": _sizes(2),
            },
        },
        set_operation="union",
    ),
    **_variants(
        "SparseToSparseSetOperation", _SETS, {"operation": {}}, set_operation="xor"
    ),
    **_variants(
        "DenseToDenseSetOperation",
        {"set1": np.ones((2, 2), np.int32), "set2": np.ones((3, 2), np.int32)},
        {
            "groups": {},
            "rank": {"set1": np.ones(3, np.int32), "set2": np.ones(2, np.int32)},
        },
        set_operation="a-b",
    ),
    **_variants(
        "SparseCrossV2",
        _CROSSED,
        {
            "indices": {"indices": [_sizes(0, 1), _rows(0, 0)]},
            "columns": {
                "indices": [np.zeros((2, 3), np.int64), _rows(0, 0)],
            },
            "count": {"values": [_sizes(1), _sizes(3)]},
            "shape": {"shapes": [_sizes(2, 1, 1), _sizes(2, 1)]},
            "batch": {"shapes": [_sizes(2, 1), _sizes(3, 1)]},
            "dense": {"dense_inputs": [np.ones(2, np.int64)]},
            "dense batch": {"dense_inputs": [np.ones((3, 1), np.int64)]},
        },
    ),
    **_variants(
        "SparseCountSparseOutput",
        _COUNTED,
        {
            "bounds": {"indices": _rows(0, 0, 5, 1)},
            "count": {"values": _sizes(1)},
            "weights": {"weights": _floats(1)},
            "rank": {"dense_shape": _sizes(2)},
        },
        binary_output=False,
    ),
    **_variants(
        "DenseCountSparseOutput",
        {"values": np.ones((2, 2), np.int32), "weights": _floats()},
        {
            "rank": {"values": np.ones((1, 2, 2), np.int32)},
            "weights": {"weights": _floats(1, 2)},
            "none": {"values": np.ones((0, 2), np.int32)},
        },
        binary_output=False,
    ),
    **_variants(
        "SparseBincount",
        {
            "indices": _rows(0, 0, 1, 1),
            "values": _sizes(1, 2),
            "dense_shape": _sizes(2, 2),
            "size": np.int64(3),
            "weights": _floats(),
        },
        {
            "negative": {
                "values": _sizes(1, -2),
                "indices": _sizes(0, 1).reshape(2, 1),
                "dense_shape": _sizes(2),
            },
            "row": {"indices": _rows(0, 0, 2, 1)},
            "column": {"indices": _rows(0, 5, 1, 1)},
            "below": {"indices": _rows(0, -1, 1, 1)},
            "line": {"indices": np.array([[0], [4]]), "dense_shape": _sizes(4)},
            "size": {"size": np.int64(-1)},
        },
    ),
    **_variants(
        "EditDistance",
        _DISTANCE,
        {
            "rank": {"truth_shape": _sizes(2, 2, 2)},
            "count": {"truth_values": _sizes(1, 2)},
            "bounds": {"hypothesis_indices": _rows(7, 0)},
            "matrix": {"hypothesis_indices": _sizes(7, 0)},
            "ranks": {
                "truth_shape": _sizes(2, 2, 2),
                "truth_indices": np.zeros((1, 3), np.int64),
            },
        },
    ),
    **_variants(
        "SerializeManySparse",
        {
            "sparse_indices": _rows(0, 0),
            "sparse_values": _floats(1),
            "sparse_shape": _sizes(2, 2),
        },
        {
            "rank": {"sparse_shape": _sizes(2), "sparse_indices": _rows(0, 0)[:, :1]},
            "bounds": {"sparse_indices": _rows(3, 0)},
        },
    ),
    **_variants(
        "DeserializeManySparse",
        {"serialized_sparse": np.array([["a", "b", "c"]], object)},
        {
            "text": {},
            "none": {"serialized_sparse": np.zeros((0, 3), object)},
            "columns": {"serialized_sparse": np.array([["a", "b"]], object)},
            "vector": {"serialized_sparse": np.array(["a", "b", "c"], object)},
        },
        dtype="float32",
    ),
    **_variants(
        "DeserializeSparse",
        {"serialized_sparse": np.array([["a", "b", "c"]], object)},
        {
            "text": {},
            "none": {"serialized_sparse": np.zeros((0, 3), object)},
            "columns": {"serialized_sparse": np.array([["a", "b"]], object)},
        },
        dtype="float32",
    ),
    **_variants(
        "SparseReorder",
        _PART,
        {
            "rank": {"input_indices": _sizes(0, 1)},
            "count": {"input_values": _floats(1)},
            "sizes": {"input_shape": _sizes(1, 2, 3)},
            "shape": {"input_shape": _rows(1, 2)},
        },
    ),
    **_variants(
        "SparseReshape",
        _SHAPE,
        {
            "size": {"new_shape": _sizes(4, 2)},
            "two open": {"new_shape": _sizes(-1, -1)},
            "multiple": {"new_shape": _sizes(-1, 4)},
            "negative": {"new_shape": _sizes(-2, 3)},
            "empty": {"new_shape": _sizes(0, -1)},
            "target": {"new_shape": _rows(1, 2)},
            "rank": {"new_shape": _sizes(6), "input_shape": _sizes(2, 3, 4)},
            "matrix": {"new_shape": _sizes(6), "input_indices": _sizes(0, 1)},
            "none": {"new_shape": _sizes(3, 0), "input_shape": _sizes(0, 3)},
        },
    ),
    **_variants(
        "SparseFillEmptyRows",
        _FILL,
        {
            "row": {"indices": _rows(2, 1, 4, 0)},
            "negative": {"indices": _rows(-2, 1, 3, 0)},
            "no rows": {"dense_shape": _sizes(0, 3)},
            "shape": {"dense_shape": _sizes()},
            "default": {"default_value": _floats(1, 2)},
            "count": {"values": _floats(1)},
        },
    ),
    **_variants(
        "SparseFillEmptyRowsGrad",
        {"reverse_index_map": _sizes(0, 7), "grad_values": _floats(1, 2, 3, 4)},
        {"large": {}, "negative": {"reverse_index_map": _sizes(-1)}},
    ),
    **_variants("SparseConcat", _JOIN, {"sizes": {}}, concat_dim=0),
    **_variants("SparseConcat", _JOIN, {"axis": {}}, concat_dim=2),
    **_variants(
        "SparseConcat",
        _JOIN,
        {
            "ranks": {"shapes": [_sizes(2, 3), _sizes(2, 4, 5)]},
            "shape": {"shapes": [_sizes(2, 3), _rows(2, 4)]},
            "count": {"values": [_floats(1, 2), _floats(3, 4)]},
        },
        concat_dim=1,
    ),
    **_variants(
        "SparseSplit",
        _SPLIT,
        {
            "axis": {"split_dim": np.int64(2)},
            "vector": {"split_dim": _sizes(0, 1)},
            "bounds": {"indices": _rows(0, 1, 1, 0, 1, 9)},
            "shape": {"shape": _sizes()},
        },
        num_split=2,
    ),
    **_variants("SparseSplit", _SPLIT, {"parts": {}}, num_split=6),
    **_variants(
        "SparseSlice",
        _SLICE,
        {
            "negative": {"size": _sizes(-1, 2)},
            "start": {"start": _sizes(0)},
            "shape": {"shape": _sizes(2, 5, 5)},
        },
    ),
    **_variants(
        "SparseSliceGrad",
        {
            "backprop_val_grad": _floats(5),
            "input_indices": _rows(0, 1, 1, 0, 1, 4),
            "input_start": _sizes(0, 1),
            "output_indices": _rows(0, 0),
        },
        {
            "unused": {"output_indices": _rows(0, 3)},
            "count": {"backprop_val_grad": _floats(1, 2)},
        },
    ),
    **_variants(
        "SparseAdd",
        {**_BOTH, "thresh": np.float32(0)},
        {
            "threshold": {"thresh": _floats(2)},
            "sizes": {"b_shape": _sizes(2, 4)},
            "ranks": {"b_shape": _sizes(2, 4, 1)},
            "indices": {"b_indices": _sizes(2, 4, 1)},
            "count": {"b_values": _floats(1)},
        },
    ),
    **_variants(
        "SparseSparseMaximum",
        _BOTH,
        {
            "sizes": {"b_shape": _sizes(2, 4)},
            "ranks": {"b_shape": _sizes(2, 4, 1)},
            "bounds": {"b_indices": _rows(0, 1, 0, 9)},
            "count": {"b_values": _floats(2)},
        },
    ),
    **_variants(
        "SparseTensorDenseAdd",
        _DENSE,
        {
            "bounds": {"a_indices": _rows(0, 1, 5, 0)},
            "sizes": {"a_shape": _sizes(3, 2)},
            "rank": {"a_shape": _sizes(3)},
            "count": {"a_values": _floats(3)},
            "indices": {"a_indices": _sizes(0, 1)},
        },
    ),
    **_variants(
        "SparseTensorDenseMatMul",
        _PRODUCT,
        {
            "row": {"a_indices": _rows(0, 1, 5, 0)},
            "column": {"a_indices": _rows(0, 1, 0, 5)},
            "negative": {"a_indices": _rows(0, 1, 0, -5)},
            "shape": {"a_shape": _sizes(2, 3, 4)},
        },
    ),
    **_variants("SparseTensorDenseMatMul", _PRODUCT, {"left": {}}, adjoint_a=True),
    **_variants("SparseTensorDenseMatMul", _PRODUCT, {"right": {}}, adjoint_b=True),
    **_variants(
        "SparseDenseCwiseDiv",
        _BESIDE,
        {
            "sizes": {"dense": np.ones((3, 1), np.float32)},
            "rank": {"dense": np.ones((2, 2, 3), np.float32)},
            "bounds": {"sp_indices": _rows(0, 1, 5, 0)},
            "indices": {"sp_indices": _sizes(0, 1)},
            "count": {"sp_values": _floats(0)},
        },
    ),
    **_variants(
        "SparseReduceSum",
        _REDUCED,
        {
            "axis": {"reduction_axes": np.array([2], np.int32)},
            "axes": {"reduction_axes": np.array([[1]], np.int32)},
            "count": {"input_values": _floats(1)},
            "bounds": {"input_indices": _rows(0, 1, 5, 0)},
            "size": {"input_shape": _sizes(2**32, 2**31)},
            "sizes": {"input_shape": _sizes(2**40, 2**41)},
        },
    ),
    **_variants(
        "SparseReduceMaxSparse",
        _REDUCED,
        {"size": {"input_shape": _sizes(2**32, 2**31)}},
    ),
    **_variants(
        "SparseSoftmax",
        {
            "sp_indices": _rows(0, 1, 1, 0),
            "sp_values": _floats(1, 2),
            "sp_shape": _sizes(3),
        },
        {"rank": {}},
    ),
}
