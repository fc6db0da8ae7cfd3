"""Programs with paddings, windows and attributes that no window slides over.

They are recorded with those of `operand_mistakes`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import ModuleType
from typing import Any, Final

import numpy as np

Mistake = Callable[[ModuleType], Any]


def _given(tf: ModuleType, operands: Mapping[str, Any], unknown: str) -> dict[str, Any]:
    """Return operands as constants, but those named in `unknown`."""
    return {
        name: tf.placeholder_with_default(value, None)
        if name in unknown.split()
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


def odd_windows() -> Iterator[tuple[str, Mistake]]:
    """Dilations over images, paddings that are not asked for, ratios that are none."""
    image, plain = np.ones((1, 4, 4, 2), np.float32), {"strides": [1] * 4}
    for name, padding, dilations in (
        ("dilated_2", "SAME", [2, 1, 1, 1]),
        ("dilated_1", "SAME", [1, 1, 1, 2]),
        (f"wide_{1 << 40}", "VALID", [1, 1 << 40, 1, 1]),
        ("wide_1", "VALID", [1, 1, 1 << 31, 1]),
    ):
        yield (
            f"depthwise_{name}",
            _of(
                "DepthwiseConv2dNative",
                {"input": image, "filter": _zeros(2, 2, 2, 1)},
                padding=padding,
                dilations=dilations,
                **plain,
            ),
        )
    operands = dict.fromkeys(("orig_input", "orig_output", "grad"), image)
    for padding in ("SAME", "VALID"):
        yield (
            f"pool_gradient_unpadded_{padding}",
            _of(
                "MaxPoolGrad",
                operands,
                ksize=[1] * 4,
                padding=padding,
                explicit_paddings=[0] * 8,
                **plain,
            ),
        )
    for radius in ((1 << 31) - 2, (1 << 31) - 1, 1 << 40, -(1 << 40)):
        made = _of("LRN", {"input": image}, depth_radius=radius)
        yield f"normalized_{radius}", made
    for op in ("FractionalMaxPool", "FractionalAvgPool"):
        ratios = [float("nan"), 1.5, 1.5, 1.0]
        yield f"{op}_nan", _of(op, {"value": image}, pooling_ratio=ratios)
    volume = np.ones((1, 4, 4, 4, 2), np.float32)
    for size in (0, -1):
        yield (
            f"patches_of_{size}",
            _of(
                "ExtractImagePatches",
                {"images": image},
                ksizes=[1, size, 1, 1],
                rates=[1] * 4,
                padding="SAME",
                **plain,
            ),
        )
        yield (
            f"volume_patches_of_{size}",
            _of(
                "ExtractVolumePatches",
                {"input": volume},
                ksizes=[1, size, 1, 1, 1],
                strides=[1] * 5,
                padding="SAME",
            ),
        )


def _of(op: str, operands: Mapping[str, Any], **attrs: Any) -> Mistake:
    def build(tf: ModuleType) -> Any:
        return getattr(tf.raw_ops, op)(**_given(tf, operands, ""), **attrs)

    return build
