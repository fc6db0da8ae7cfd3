"""Records what TensorFlow's kernels of images compute.

Usage: python -m tests.golden.record.record_image_kernels
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np

from tests.golden.record.kernel_values import Case, has_kernel, write

OUT = Path(__file__).parents[1] / "image_kernels" / "values.npz"
RNG = np.random.RandomState(13)
FLOATS = ("float32", "float64", "float16", "bfloat16")
INTEGERS = ("uint8", "int8", "uint16", "int16", "int32", "int64")


def pixels(shape: list[int], dtype: str = "float32", high: float = 100.0) -> Any:
    """Return numbers from 0 to `high`, rounded."""
    values = np.round(RNG.uniform(0, high, shape), 1)
    return values.astype(np.dtype(getattr(ml_dtypes, dtype, dtype)))


def signed(shape: list[int], dtype: str = "float32") -> Any:
    """Return rounded normal numbers."""
    values = np.round(RNG.standard_normal(shape), 2)
    return values.astype(np.dtype(getattr(ml_dtypes, dtype, dtype)))


def ints(*values: int) -> Any:
    """Return `int32` numbers."""
    return np.array(values, np.int32)


def floats(*values: float) -> Any:
    """Return `float32` numbers."""
    return np.array(values, np.float32)


CONVENTIONS: list[dict[str, Any]] = [
    {},
    {"align_corners": True},
    {"half_pixel_centers": True},
]
SIZES = [(5, 4), (10, 8), (3, 9), (1, 1), (11, 2), (2, 13)]
RESIZERS = ("ResizeBilinear", "ResizeNearestNeighbor", "ResizeBicubic", "ResizeArea")


def resizers() -> Iterator[Case]:
    """Yield every way to resize, in every type and convention."""
    for op, size in itertools.product(RESIZERS, SIZES):
        for attrs in CONVENTIONS:
            if op == "ResizeArea" and "half_pixel_centers" in attrs:
                continue
            given = {"images": pixels([1, 5, 4, 2]), "size": ints(*size)}
            yield Case("resize", op, attrs, given)
    for op, dtype in itertools.product(RESIZERS, (*FLOATS[1:], *INTEGERS)):
        given = {"images": pixels([2, 3, 4, 3], dtype), "size": ints(5, 3)}
        case = Case("resize", op, {}, given)
        if has_kernel(case):
            yield case
    for op in RESIZERS:
        empty = {"images": pixels([0, 3, 4, 3]), "size": ints(5, 3)}
        yield Case("resize", op, {}, empty)
        image = np.where(RNG.uniform(size=[1, 4, 4, 1]) < 0.8, 1.0, np.inf)
        image[0, 0, 0] = np.nan
        odd = {"images": image.astype(np.float32), "size": ints(7, 5)}
        yield Case("resize", op, {}, odd)


def resizer_gradients() -> Iterator[Case]:
    """Yield the gradients of resizing."""
    for size, attrs in itertools.product(SIZES, CONVENTIONS):
        grads = signed([1, *size, 2])
        for op in ("ResizeBilinearGrad", "ResizeBicubicGrad"):
            given = {"grads": grads, "original_image": pixels([1, 5, 4, 2])}
            yield Case("resize_gradient", op, attrs, given)
        nearest = {"grads": grads, "size": ints(5, 4)}
        yield Case("resize_gradient", "ResizeNearestNeighborGrad", attrs, nearest)
    for op in ("ResizeBilinearGrad", "ResizeBicubicGrad"):
        for dtype in FLOATS[1:]:
            given = {
                "grads": signed([2, 7, 3, 3]),
                "original_image": pixels([2, 4, 4, 3], dtype),
            }
            case = Case("resize_gradient", op, {}, given)
            if has_kernel(case):
                yield case
    for dtype in (*FLOATS[1:], *INTEGERS):
        given = {"grads": pixels([1, 7, 3, 2], dtype, 9.0), "size": ints(4, 4)}
        case = Case("resize_gradient", "ResizeNearestNeighborGrad", {}, given)
        if has_kernel(case):
            yield case


def quantized_resizers() -> Iterator[Case]:
    """Yield resizing in integers."""
    for dtype, size in itertools.product(("quint8", "qint32", "float32"), SIZES):
        for attrs in CONVENTIONS:
            high = 2**18 if dtype == "qint32" else 255
            given = {
                "images": Quantized(pixels([1, 5, 4, 3], "int32", high), dtype).array,
                "size": ints(*size),
                "min": np.float32(0.0),
                "max": np.float32(10.0),
            }
            yield Case("quantized", "QuantizedResizeBilinear", attrs, given)


class Quantized:
    """An array in one of TensorFlow's quantized types."""

    def __init__(self, values: Any, dtype: str) -> None:
        """Convert `values`."""
        from tests.golden.record.tensorflow_v1 import load

        self.array = values.astype(load().as_dtype(dtype).as_numpy_dtype)


SAMPLERS = (
    "lanczos1",
    "lanczos3",
    "lanczos5",
    "gaussian",
    "box",
    "triangle",
    "keyscubic",
    "mitchellcubic",
)


def samplers() -> Iterator[Case]:
    """Yield scaling with each filter."""
    moves = [
        ((2.0, 1.5), (0.0, 0.0)),
        ((0.4, 0.6), (1.5, -0.5)),
        ((1.0, 0.3), (9.0, 0.2)),
    ]
    for kernel, antialias in itertools.product(SAMPLERS, (True, False)):
        attrs = {"kernel_type": kernel, "antialias": antialias}
        for size, (scale, shift) in zip(((8, 7), (3, 4), (6, 3)), moves, strict=True):
            move = {"scale": floats(*scale), "translation": floats(*shift)}
            given = {"images": pixels([1, 6, 5, 2]), "size": ints(*size), **move}
            yield Case("scale", "ScaleAndTranslate", attrs, given)
            back = {
                "grads": signed([1, *size, 2]),
                "original_image": pixels([1, 6, 5, 2]),
                **move,
            }
            yield Case("scale", "ScaleAndTranslateGrad", attrs, back)
    for dtype in (*FLOATS[1:], *INTEGERS):
        given = {
            "images": pixels([1, 4, 4, 1], dtype),
            "size": ints(3, 5),
            "scale": floats(0.75, 1.25),
            "translation": floats(0, 0),
        }
        case = Case("scale", "ScaleAndTranslate", {}, given)
        if has_kernel(case):
            yield case


def colors() -> Iterator[Case]:
    """Yield ops on colours, with grey pixels, ties and values out of range."""
    grid = np.array(list(itertools.product((-0.2, 0.0, 0.3, 0.7, 1.0, 1.4), repeat=3)))
    for dtype in FLOATS:
        image = grid.reshape(8, 27, 3).astype(getattr(ml_dtypes, dtype, dtype))
        for op in ("RGBToHSV", "HSVToRGB"):
            yield Case("color", op, {}, {"images": image})
            yield Case("color", op, {}, {"images": image[0, 0]})
        for value in (0.0, 0.15, -0.4, 1.0, 2.3):
            for op, name in (
                ("AdjustHue", "delta"),
                ("AdjustSaturation", "scale"),
                ("AdjustContrastv2", "contrast_factor"),
            ):
                given = {"images": image, name: np.float32(value)}
                case = Case("color", op, {}, given)
                if has_kernel(case):
                    yield case
    batch = pixels([2, 2, 3, 4, 3], high=1.0)
    for op, name in (
        ("AdjustHue", "delta"),
        ("AdjustSaturation", "scale"),
        ("AdjustContrastv2", "contrast_factor"),
    ):
        yield Case("color", op, {}, {"images": batch, name: np.float32(0.3)})
        empty = {"images": pixels([0, 3, 3]), name: np.float32(0.3)}
        yield Case("color", op, {}, empty)


BOXES = np.array(
    [
        [0.0, 0.0, 1.0, 1.0],
        [0.1, 0.22, 0.8, 0.93],
        [-0.3, 0.5, 0.4, 1.3],
        [0.9, 0.8, 0.2, 0.13],
        [0.5, 0.5, 0.5, 0.5],
    ],
    np.float32,
)
IMAGE_OF_BOX = ints(0, 1, 1, 0, 1)


def crops() -> Iterator[Case]:
    """Yield crops and their gradients."""
    methods: list[dict[str, Any]] = [
        {},
        {"method": "nearest"},
        {"extrapolation_value": -7.5},
    ]
    for attrs, size in itertools.product(methods, ((3, 4), (1, 1), (7, 1), (2, 6))):
        given = {
            "image": pixels([2, 5, 6, 2]),
            "boxes": BOXES,
            "box_ind": IMAGE_OF_BOX,
            "crop_size": ints(*size),
        }
        yield Case("crop", "CropAndResize", attrs, given)
        method = {k: v for k, v in attrs.items() if k == "method"}
        grads = signed([5, *size, 2])
        back = {
            "grads": grads,
            "boxes": BOXES,
            "box_ind": IMAGE_OF_BOX,
            "image_size": ints(2, 5, 6, 2),
        }
        yield Case("crop", "CropAndResizeGradImage", {"T": np.float32, **method}, back)
        boxes = {
            "grads": grads,
            "image": pixels([2, 5, 6, 2]),
            "boxes": BOXES,
            "box_ind": IMAGE_OF_BOX,
        }
        yield Case("crop", "CropAndResizeGradBoxes", {}, boxes)
    for dtype in (*FLOATS[1:], *INTEGERS):
        given = {
            "image": pixels([1, 3, 3, 2], dtype),
            "boxes": BOXES[:2],
            "box_ind": ints(0, 0),
            "crop_size": ints(2, 4),
        }
        case = Case("crop", "CropAndResize", {}, given)
        if has_kernel(case):
            yield case
        back = {
            "grads": signed([2, 2, 4, 2]),
            "boxes": BOXES[:2],
            "box_ind": ints(0, 0),
            "image_size": ints(1, 3, 3, 2),
        }
        kind = np.dtype(getattr(ml_dtypes, dtype, dtype)).type
        case = Case("crop", "CropAndResizeGradImage", {"T": kind}, back)
        if dtype in FLOATS and has_kernel(case):
            yield case


def glimpses() -> Iterator[Case]:
    """Yield glimpses without noise."""
    offsets = np.array([[0.0, 0.0], [0.7, -0.6], [-1.2, 0.3], [2.0, 5.0]], np.float32)
    for op, centered, normalized in itertools.product(
        ("ExtractGlimpse", "ExtractGlimpseV2"), (True, False), (True, False)
    ):
        attrs = {
            "centered": centered,
            "normalized": normalized,
            "uniform_noise": False,
            "noise": "zero",
        }
        for size in ((3, 4), (5, 2), (9, 9)):
            given = {
                "input": pixels([4, 6, 7, 2]),
                "size": ints(*size),
                "offsets": offsets * (1 if normalized else 4),
            }
            yield Case("glimpse", op, attrs, given)


def drawings() -> Iterator[Case]:
    """Yield boxes drawn into images."""
    boxes = np.stack([BOXES, BOXES[::-1] * 0.7, BOXES + 0.4])
    boxes = np.concatenate([boxes, boxes * 0.5, boxes - 0.2], axis=1)
    for depth, dtype in ((1, "float32"), (3, "float32"), (4, "float16")):
        images = pixels([3, 6, 8, depth], dtype, 1.0)
        given = {"images": images, "boxes": boxes}
        yield Case("draw", "DrawBoundingBoxes", {}, given)
        for colors in (signed([2, 4]), np.zeros([0, 4], np.float32)):
            yield Case("draw", "DrawBoundingBoxesV2", {}, {**given, "colors": colors})


def _overlapping(count: int, dtype: str = "float32") -> tuple[Any, Any]:
    """Return boxes, corners in any order, and scores with ties."""
    corners = RNG.uniform(0, 1, [count, 2]).repeat(2, axis=0).reshape(count, 4)
    boxes = corners[:, [0, 2, 1, 3]] + RNG.uniform(-0.2, 0.2, [count, 4])
    scores = np.round(RNG.uniform(-0.2, 1, count), 1)
    kind = getattr(ml_dtypes, dtype, dtype)
    return boxes.astype(kind), scores.astype(kind)


def suppressions() -> Iterator[Case]:
    """Yield every version of non-max suppression."""
    for dtype in ("float32", "float16"):
        kind = np.dtype(dtype).type
        for count, size, limit in (
            (40, 10, 0.3),
            (40, 100, 0.5),
            (5, 3, 0.0),
            (0, 2, 1),
        ):
            boxes, scores = _overlapping(count, dtype)
            given = {
                "boxes": boxes,
                "scores": scores,
                "max_output_size": np.int32(size),
            }
            share = {"iou_threshold": kind(limit)}
            least = {"score_threshold": kind(0.2)}
            if dtype == "float32":
                attrs = {"iou_threshold": limit}
                yield Case("suppression", "NonMaxSuppression", attrs, given)
            yield Case("suppression", "NonMaxSuppressionV2", {}, {**given, **share})
            full = {**given, **share, **least}
            yield Case("suppression", "NonMaxSuppressionV3", {}, full)
            for pad in (True, False):
                attrs = {"pad_to_max_output_size": pad}
                yield Case("suppression", "NonMaxSuppressionV4", attrs, full)
                for sigma in (0.0, 0.5):
                    soft = {**full, "soft_nms_sigma": kind(sigma)}
                    yield Case("suppression", "NonMaxSuppressionV5", attrs, soft)
    # Half of each box lies in the next, and equals the threshold.
    boxes = np.array([[0, i, 1, i + 3] for i in range(5)], np.float32)
    for limit in (0.5, 0.2):
        given = {
            "boxes": boxes,
            "scores": np.array([0.5, np.nan, 0.5, -np.inf, 0.7], np.float32),
            "max_output_size": np.int32(5),
            "iou_threshold": np.float32(limit),
        }
        yield Case("suppression", "NonMaxSuppressionV2", {}, given)
    for size in (3, 9):
        given = {
            "overlaps": np.round(RNG.uniform(0, 1, [8, 8]), 1).astype(np.float32),
            "scores": np.round(RNG.uniform(0, 1, 8), 1).astype(np.float32),
            "max_output_size": np.int32(size),
            "overlap_threshold": np.float32(0.6),
            "score_threshold": np.float32(0.1),
        }
        yield Case("suppression", "NonMaxSuppressionWithOverlaps", {}, given)
    yield from _combined_suppressions()


def _combined_suppressions() -> Iterator[Case]:
    for shared, pad, clip in itertools.product((True, False), repeat=3):
        boxes = RNG.uniform(-0.1, 1.2, [2, 12, 1 if shared else 3, 4])
        for per_class, total in ((3, 6), (2, 20)):
            given = {
                "boxes": boxes.astype(np.float32),
                "scores": RNG.uniform(0, 1, [2, 12, 3]).astype(np.float32),
                "max_output_size_per_class": np.int32(per_class),
                "max_total_size": np.int32(total),
                "iou_threshold": np.float32(0.4),
                "score_threshold": np.float32(0.3),
            }
            attrs = {"pad_per_class": pad, "clip_boxes": clip}
            yield Case("suppression", "CombinedNonMaxSuppression", attrs, given)


def samples() -> Iterator[Case]:
    """Yield what is drawn at random, of given seeds."""
    ranges = {"aspect_ratio_range": [0.6, 1.5], "area_range": [0.1, 0.8]}
    boxes = np.array([[[0.2, 0.3, 0.6, 0.7], [0.0, 0.0, 0.4, 0.2]]], np.float32)
    for seed, dtype in itertools.product(range(1, 7), ("int32", "int64", "uint8")):
        size = np.array([120, 97, 3], dtype)
        given = {"image_size": size, "bounding_boxes": boxes}
        seeds = {"seed": seed, "seed2": 11 * seed, **ranges}
        share = {"min_object_covered": np.float32(0.3 * (seed % 3))}
        op = "SampleDistortedBoundingBox"
        attrs = {**seeds, "min_object_covered": 0.25}
        yield Case("random", op, attrs, given)
        yield Case("random", f"{op}V2", seeds, {**given, **share})
        stateless = {"seed": np.array([seed, 5], np.int64)}
        yield Case("sample", f"Stateless{op}", ranges, {**given, **share, **stateless})
    none = {
        "image_size": ints(7, 5, 3),
        "bounding_boxes": np.zeros([1, 0, 4], np.float32),
    }
    attrs = {"seed": 1, "seed2": 2, "use_image_if_no_bounding_boxes": True}
    yield Case("random", "SampleDistortedBoundingBox", attrs, none)


def transforms() -> Iterator[Case]:
    """Yield projections, with every way to go on beyond the edges."""
    moves = np.array(
        [
            [1, 0, 0, 0, 1, 0, 0, 0],
            [0.8, -0.3, 1.3, 0.2, 1.1, -7.2, 0, 0],
            [1.4, 0.2, -3.1, -0.4, 0.7, 2.4, 0.03, -0.02],
        ],
        np.float32,
    )
    modes = (b"CONSTANT", b"REFLECT", b"WRAP", b"NEAREST")
    for mode, kind in itertools.product(modes, ("NEAREST", "BILINEAR")):
        attrs = {"interpolation": kind, "fill_mode": mode.decode()}
        given = {
            "images": pixels([3, 5, 6, 2]),
            "transforms": moves,
            "output_shape": ints(7, 8),
        }
        yield Case("transform", "ImageProjectiveTransformV2", attrs, given)
        one = {**given, "transforms": moves[2:], "fill_value": np.float32(-3.5)}
        yield Case("transform", "ImageProjectiveTransformV3", attrs, one)
    for dtype in (*FLOATS[1:], *INTEGERS):
        given = {
            "images": pixels([1, 4, 4, 1], dtype),
            "transforms": moves[1:2],
            "output_shape": ints(3, 5),
        }
        attrs = {"interpolation": "BILINEAR"}
        case = Case("transform", "ImageProjectiveTransformV2", attrs, given)
        if has_kernel(case):
            yield case


def fused_convolutions() -> Iterator[Case]:
    """Yield convolutions of images that are resized and padded."""
    for mode, padding, dtype in itertools.product(
        ("REFLECT", "SYMMETRIC"), ("SAME", "VALID"), ("float32", "float64", "float16")
    ):
        given = {
            "input": pixels([1, 5, 6, 2], dtype, 1.0),
            "size": ints(8, 5),
            "paddings": np.array([[0, 0], [1, 2], [0, 1], [0, 0]], np.int32),
            "filter": signed([3, 2, 2, 3], dtype),
        }
        for align in (True, False):
            attrs = {
                "mode": mode,
                "padding": padding,
                "strides": [1, 2, 2, 1],
                "resize_align_corners": align,
            }
            case = Case("fused", "FusedResizeAndPadConv2D", attrs, given)
            if has_kernel(case):
                yield case


def main() -> None:
    """Record every family."""
    families = (
        resizers,
        resizer_gradients,
        quantized_resizers,
        samplers,
        colors,
        crops,
        glimpses,
        drawings,
        suppressions,
        samples,
        transforms,
        fused_convolutions,
    )
    write(OUT, (case for family in families for case in family()))


if __name__ == "__main__":
    main()
