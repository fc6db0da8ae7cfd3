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
_WINDOWS: Final = {"strides": _FOUR, "padding": "SAME"}
_VOLUMES: Final = {"strides": [1, 2, 2, 2, 1], "padding": "SAME"}


def _shaped(value: Any) -> Callable[[ModuleType], Any]:
    """An operand of which the graph knows the shape."""
    given = np.asarray(value)
    return lambda tf: tf.placeholder_with_default(given, given.shape)


def _hidden(value: Any) -> Callable[[ModuleType], Any]:
    """An operand of which the graph knows nothing."""
    return lambda tf: tf.placeholder_with_default(np.asarray(value), None)


def _pooled(rank: int, output: Any, grad: Any) -> dict[str, Any]:
    """Operands of gradients of gradients of pooling."""
    image = np.zeros((1, *(2,) * rank, 1), np.float32)
    return {"orig_input": _hidden(image), "orig_output": output, "grad": grad}


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
