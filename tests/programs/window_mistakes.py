"""Programs with paddings, windows and attributes that no window slides over.

They are recorded with those of `operand_mistakes`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType, ModuleType
from typing import Any, Final

import numpy as np

Mistake = Callable[[ModuleType], Any]
_NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})


def _given(tf: ModuleType, operands: Mapping[str, Any], unknown: str) -> dict[str, Any]:
    """Return operands as constants, but those named in `unknown`, or in "all" cases."""
    return {
        name: tf.placeholder_with_default(value, None)
        if unknown == "all" or name in unknown.split()
        else tf.constant(value)
        for name, value in operands.items()
    }


def _zeros(*dims: int) -> Any:
    return np.zeros(dims, np.float32)


def _ints(*numbers: Any) -> Any:
    return np.array(numbers, np.int32)


_PADDED: Final = {
    "input": _zeros(1, 4, 4, 2),
    "paddings": _ints([0, 0], [1, 1], [1, 1], [0, 0]),
    "filter": _zeros(3, 3, 2, 2),
}
_ODD_OPERANDS: Final[Mapping[str, Mapping[str, Any]]] = {
    "ok": {},
    "image": {"input": _zeros(4, 4, 2)},
    "no_image": {"input": _zeros(0, 4, 4, 2)},
    "vector": {"paddings": _ints(1, 1, 1, 1)},
    "three": {"paddings": _ints([0, 0], [1, 1], [1, 1])},
    "wide": {"paddings": _ints([0, 0, 0], [1, 1, 1], [1, 1, 1], [0, 0, 0])},
    "negative": {"paddings": _ints([0, 0], [-1, 1], [1, 1], [0, 0])},
    "large": {"paddings": _ints([0, 0], [9, 1], [1, 1], [0, 0])},
    "channels": {"paddings": _ints([0, 0], [1, 1], [1, 1], [1, 1])},
    "batch": {"paddings": _ints([1, 0], [1, 1], [1, 1], [0, 0])},
    "two_images": {
        "input": _zeros(2, 4, 4, 2),
        "paddings": _ints([1, 0], [1, 1], [1, 1], [0, 0]),
    },
    "filter": {"filter": _zeros(3, 3, 2)},
    "depth": {"filter": _zeros(3, 3, 3, 2)},
    "groups": {"filter": _zeros(3, 3, 1, 2)},
    "no_outputs": {"filter": _zeros(3, 3, 2, 0)},
    "large_filter": {"filter": _zeros(9, 9, 2, 2)},
}
_ODD_STEPS: Final = {
    "steps_batch": [2, 1, 1, 1],
    "steps_channels": [1, 1, 1, 2],
    "steps_three": [1, 1, 1],
    "steps_none": [1, 0, 1, 1],
}
_SIZES: Final = {
    "size_one": _ints(5),
    "size_zero": _ints(0, 5),
    "size_unknown": _ints(-1, 5),
    "size_negative": _ints(-2, 5),
    "size_matrix": _ints([5, 5]),
}


def padded_convolutions() -> Iterator[tuple[str, Mistake]]:
    """Paddings, filters, steps and sizes of convolutions that pad first."""
    for op, more in (
        ("FusedPadConv2D", {}),
        ("FusedResizeAndPadConv2D", {"size": _ints(5, 5)}),
    ):
        plain = {**more, **_PADDED}
        for word, change in _ODD_OPERANDS.items():
            # TensorFlow's process ends at an image of unknown rank that is none.
            for unknown in ("", "paddings", "filter")[: 1 if word == "image" else 3]:
                yield (
                    f"{op}_{word}_{unknown}",
                    _padded(op, {**plain, **change}, unknown),
                )
            if word != "image":
                yield f"{op}_{word}_input", _padded(op, {**plain, **change}, "input")
        for word, steps in _ODD_STEPS.items():
            yield f"{op}_{word}", _padded(op, plain, "", steps)
        if more:
            for word, size in _SIZES.items():
                for unknown in ("", "size"):
                    made = _padded(op, {**plain, "size": size}, unknown)
                    yield f"{op}_{word}_{unknown}", made


def _padded(
    op: str, operands: Mapping[str, Any], unknown: str, steps: Any = (1, 1, 1, 1)
) -> Mistake:
    def build(tf: ModuleType) -> Any:
        return getattr(tf.raw_ops, op)(
            **_given(tf, operands, unknown),
            mode="REFLECT",
            strides=list(steps),
            padding="VALID",
        )

    return build
