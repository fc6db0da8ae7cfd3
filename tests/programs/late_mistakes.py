"""Programs with operands of a wrong rank that only a run refuses.

They are recorded with those of `operand_mistakes`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any, Final

import numpy as np

Mistake = Callable[[ModuleType], Any]

_ONE: Final = np.float32([1.0])
_FOUR: Final = [1, 2, 2, 1]
_IMAGE: Final = np.zeros((1, 2, 2, 1), np.float32)
_PIXEL: Final = np.zeros((1, 1, 1, 1), np.float32)
_PLACES: Final = np.int64([0, 2])
_BANDS: Final = np.ones((3, 2), np.float32)
_NONE: Final = np.zeros((0, 4, 0), np.float32)
_CUBES: Final = np.ones((2, 3, 1), np.float32)
_I: Final = np.int32(1)
_WINDOWS: Final = {"strides": _FOUR, "padding": "SAME"}
_VOLUMES: Final = {"strides": [1, 2, 2, 2, 1], "padding": "SAME"}


def _shaped(value: Any) -> Callable[[ModuleType], Any]:
    """An operand of which the graph knows the shape."""
    given = np.asarray(value)
    return lambda tf: tf.placeholder_with_default(given, given.shape)


def _hidden(value: Any) -> Callable[[ModuleType], Any]:
    """An operand of which the graph knows nothing."""
    return lambda tf: tf.placeholder_with_default(np.asarray(value), None)


def _hidden_all(**operands: Any) -> dict[str, Any]:
    """Operands of which the graph knows nothing."""
    return {name: _hidden(value) for name, value in operands.items()}


def _pooled(rank: int, output: Any, grad: Any) -> dict[str, Any]:
    """Operands of gradients of gradients of pooling."""
    image = np.zeros((1, *(2,) * rank, 1), np.float32)
    return {"orig_input": _hidden(image), "orig_output": output, "grad": grad}


def _there_and_back() -> Iterator[tuple[str, dict[str, Any]]]:
    """Ranges and axes that do not fit what is quantized and back."""
    for op, more in (
        ("QuantizeAndDequantizeV2", {}),
        ("QuantizeAndDequantizeV3", {"num_bits": np.int32(8)}),
        ("QuantizeAndDequantizeV4", {}),
        ("QuantizeAndDequantizeV4Grad", {"gradients": _BANDS}),
    ):
        for low, high, attrs in (
            (-_ONE, _ONE[0], {}),
            (-_ONE, _ONE, {"axis": 4}),
            (-_BANDS, _BANDS, {"axis": 1}),
            (-_ONE, _ONE, {"axis": 1}),
            (-_ONE, _ONE, {"axis": 4, "range_given": False}),
        ):
            if op.endswith("Grad") and "range_given" in attrs:
                continue
            ranges = {"input": _BANDS, "input_min": low, "input_max": high}
            yield op, {**_hidden_all(**ranges, **more), **attrs}


OPERANDS: Final[tuple[tuple[str, dict[str, Any]], ...]] = (
    ("TopKV2", {"input": [[1.0, 2.0, 3.0]], "k": _shaped(np.int32([2]))}),
    (
        "ImageProjectiveTransformV2",
        {
            "images": _IMAGE,
            "transforms": _shaped(_ONE),
            "output_shape": [2, 2],
            "interpolation": "NEAREST",
        },
    ),
    (
        "MaxPoolGradGrad",
        {**_pooled(2, _hidden(_PIXEL), _shaped(_ONE)), "ksize": _FOUR, **_WINDOWS},
    ),
    (
        "MaxPool3DGradGrad",
        {
            **_pooled(3, _hidden(_PIXEL[None]), _shaped(_ONE)),
            "ksize": [1, 2, 2, 2, 1],
            **_VOLUMES,
        },
    ),
    (
        "MaxPoolGradGradV2",
        {
            **_pooled(2, _shaped(_ONE), _shaped(_ONE)),
            "ksize": _hidden(np.int32(_FOUR)),
            **_WINDOWS,
        },
    ),
    (
        "FractionalAvgPoolGrad",
        {
            "orig_input_tensor_shape": _shaped(np.int64([_FOUR])),
            "out_backprop": _PIXEL,
            "row_pooling_sequence": _PLACES,
            "col_pooling_sequence": _PLACES,
        },
    ),
    (
        "SparseBincount",
        {
            "indices": np.int64([[0]]),
            "values": [1],
            "dense_shape": _shaped(np.int64(3)),
            "size": _shaped(np.int32(3)),
            "weights": np.float32([]),
        },
    ),
    (
        "RaggedBincount",
        {
            "splits": _PLACES,
            "values": [1, 2],
            "size": _shaped(np.int32([3])),
            "weights": np.float32([]),
        },
    ),
    ("Conv", {"input": _shaped(_IMAGE[0, 0]), "filter": _hidden(_PIXEL), **_WINDOWS}),
    ("Conv", {"input": _hidden(_IMAGE), "filter": _shaped(_ONE[None]), **_WINDOWS}),
    (
        "CollectiveAssignGroupV2",
        {
            "group_assignment": _shaped(np.int32([0])),
            "device_index": 0,
            "base_key": 1,
        },
    ),
    ("TridiagonalSolve", _hidden_all(diagonals=_IMAGE[0, 0], rhs=_IMAGE[0, 0])),
    ("TridiagonalSolve", _hidden_all(diagonals=_ONE[0], rhs=_IMAGE[0, 0])),
    ("TridiagonalSolve", _hidden_all(diagonals=_BANDS, rhs=_ONE)),
    ("TridiagonalSolve", _hidden_all(diagonals=_BANDS[None], rhs=_IMAGE[0, 0])),
    ("TridiagonalSolve", _hidden_all(diagonals=_BANDS, rhs=_BANDS)),
    ("Betainc", _hidden_all(a=_ONE, b=_IMAGE[0, 0], x=_IMAGE[0, 0])),
    ("Betainc", _hidden_all(a=_ONE[0], b=_IMAGE[0, 0], x=_ONE)),
    ("Betainc", _hidden_all(a=_ONE[0], b=_IMAGE[0, 0], x=_ONE[0])),
    ("Range", _hidden_all(start=_ONE[0], limit=_ONE + 1, delta=_ONE[0])),
    ("Range", _hidden_all(start=_ONE, limit=_ONE[0] + 1, delta=_ONE[0])),
    ("Range", _hidden_all(start=_ONE[0], limit=_ONE[0] + 1, delta=_ONE)),
    (
        "LRNGrad",
        _hidden_all(input_grads=_ONE, input_image=_ONE, output_image=_ONE),
    ),
    ("BatchMatMul", _hidden_all(x=_IMAGE[0, 0], y=_IMAGE)),
    ("BatchMatMul", _hidden_all(x=_BANDS, y=np.zeros((2, 2, 2), np.float32))),
    ("BatchMatMul", _hidden_all(x=np.zeros((2, 1, 1)), y=np.zeros((3, 1, 1)))),
    ("TridiagonalSolve", _hidden_all(diagonals=_CUBES[:1], rhs=_CUBES)),
    ("SparseMatMul", _hidden_all(a=_ONE, b=_IMAGE[0, 0])),
    ("SparseMatMul", _hidden_all(a=_IMAGE[0, 0], b=_ONE)),
    ("LowerBound", _hidden_all(sorted_inputs=_BANDS, values=_ONE)),
    ("LowerBound", _hidden_all(sorted_inputs=_BANDS, values=_BANDS[:2])),
    ("UpperBound", _hidden_all(sorted_inputs=_ONE, values=_BANDS)),
    ("DiagPart", _hidden_all(input=_ONE[0])),
    ("UnsortedSegmentMax", _hidden_all(data=_NONE, segment_ids=-_I, num_segments=_I)),
    ("Gather", _hidden_all(params=np.zeros((1, 0)), indices=_I + 1)),
    ("RsqrtGrad", _hidden_all(y=_ONE, dy=_BANDS)),
    ("Gather", _hidden_all(params=_ONE[0], indices=np.zeros((2, 0), np.int32))),
    ("BatchMatMul", _hidden_all(x=_ONE, y=_ONE)),
    (
        "ParallelDynamicStitch",
        {"indices": [_hidden([1, 3])], "data": [_hidden(np.zeros((2, 3, 0)))]},
    ),
    *_there_and_back(),
    (
        "DynamicStitch",
        {
            "indices": [_hidden(np.int32(0)), _hidden(np.int32(1))],
            "data": [_hidden(_ONE[0]), _hidden(_BANDS)],
        },
    ),
    (
        "DynamicStitch",
        {
            "indices": [_hidden(np.int32([0])), _hidden(np.int32([1, 2]))],
            "data": [_hidden(_ONE), _hidden(_BANDS)],
        },
    ),
    ("BroadcastGradientArgs", _hidden_all(s0=np.int32([[1]]), s1=np.int32([1]))),
    ("BroadcastGradientArgs", _hidden_all(s0=np.int32([1]), s1=np.int32([[1]]))),
    ("NonDeterministicInts", _hidden_all(shape=_ONE)),
    (
        "ScatterNdNonAliasingAdd",
        _hidden_all(input=_ONE, indices=np.int32([0, -2]), updates=_ONE),
    ),
    ("Range", _hidden_all(start=_ONE[0], limit=_ONE[None], delta=_ONE[0])),
    ("Range", _hidden_all(start=_BANDS, limit=_ONE, delta=_ONE)),
    ("Assert", {"condition": _hidden([True]), "data": [_ONE]}),
    ("Cross", _hidden_all(a=_ONE[0], b=_ONE[0])),
    ("BroadcastArgs", _hidden_all(s0=np.int32([3, 4]), s1=np.zeros((0, 2), np.int32))),
    ("BandedTriangularSolve", _hidden_all(matrix=_BANDS.T, rhs=_BANDS[None][:0])),
    ("ScatterAdd", {"indices": [0], "updates": _ONE}),
    ("ScatterUpdate", {"indices": [0], "updates": _ONE}),
)


def late() -> Iterator[tuple[str, Mistake]]:
    """One program for each row."""
    for number, (op, operands) in enumerate(OPERANDS):
        yield f"late_{number}_{op}", _raw(op, operands)


def _raw(op: str, operands: dict[str, Any]) -> Mistake:
    def build(tf: ModuleType) -> Any:
        def made(value: Any) -> Any:
            if isinstance(value, list):
                return [made(v) for v in value]
            return value(tf) if callable(value) else value

        given = {name: made(value) for name, value in operands.items()}
        if op.startswith("Scatter"):
            given["ref"] = tf.assign(tf.Variable(1.0, use_resource=False), 1.0)
        return getattr(tf.raw_ops, op)(**given)

    return build
