"""Operands that ask for more elements than 64 bits count, and places as numbers."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

_ENDLESS: Final = 2**62  # rows of four: more elements than 64 bits count
_NONE: Final = np.int32([0])
_HUGE: Final = np.int32([2**31 - 1] * 2)
_IMAGE: Final = np.ones((1, 1, 1, 3), np.float32)
_CROPS: Final = {"image": _IMAGE, "box_ind": np.int32([0])}
_ROWS: Final = np.arange(8, dtype=np.float32).reshape(2, 4)

# Op, operands and, if it has some, attributes.
Program = tuple[str, dict[str, Any]] | tuple[str, dict[str, Any], dict[str, Any]]

PROGRAMS: Final[dict[str, Program]] = {
    "more_segments_than_can_be_counted": (
        "SegmentSum",
        {"data": _ROWS, "segment_ids": np.array([0, _ENDLESS])},
    ),
    "more_unsorted_segments": (
        "UnsortedSegmentMax",
        {
            "data": _ROWS,
            "segment_ids": np.array([0, 1]),
            "num_segments": np.int64(_ENDLESS),
        },
    ),
    "more_sparse_segments": (
        "SparseSegmentMean",
        {
            "data": _ROWS,
            "indices": np.array([0]),
            "segment_ids": np.array([_ENDLESS]),
        },
    ),
    "last_segment_of_all": (
        "SparseSegmentSum",
        {"data": _ROWS, "indices": _NONE, "segment_ids": np.int32([2**31 - 1])},
    ),
    "more_padding_than_can_be_counted": (
        "Pad",
        {"input": _ROWS, "paddings": np.array([[0, _ENDLESS], [0, 0]])},
    ),
    "more_space_than_can_be_counted": (
        "SpaceToBatch",
        {
            "input": np.zeros((1, 2, 4, 2), np.float32),
            "paddings": np.array([[0, _ENDLESS], [0, 0]]),
        },
        {"block_size": 2},
    ),
    "more_places_than_can_be_counted": (
        "ScatterNd",
        {
            "indices": np.array([[0, 0]]),
            "updates": np.float32([1]),
            "shape": np.array([_ENDLESS, 4]),
        },
    ),
    "denser_than_can_be_counted": (
        "SparseToDense",
        {
            "sparse_indices": np.array([[0, 0]]),
            "output_shape": np.array([_ENDLESS, 4]),
            "sparse_values": np.float32([1]),
            "default_value": np.float32(0),
        },
    ),
    "rows_as_number": (
        "LoadAndRemapMatrix",
        {
            "ckpt_path": np.array(b"none", object),
            "old_tensor_name": np.array(b"none", object),
            "row_remapping": np.int64(0),
            "col_remapping": np.zeros(0, np.int64),
            "initializing_values": np.zeros(0, np.float32),
        },
        {"num_rows": 1, "num_cols": 1},
    ),
    "box_that_is_nowhere": (
        "CropAndResize",
        {
            **_CROPS,
            "boxes": np.float32([[0, 0, np.inf, 1]]),
            "crop_size": np.int32([1, 1]),
        },
    ),
    "more_crops_than_can_be_counted": (
        "CropAndResize",
        {**_CROPS, "boxes": np.float32([[0, 0, 1, 1]]), "crop_size": _HUGE},
    ),
    "crops_of_more_than_can_be_counted": (
        "CropAndResizeGradImage",
        {
            "grads": np.ones((1, 1, 1, 3), np.float32),
            "boxes": np.float32([[0, 0, 1, 1]]),
            "box_ind": _NONE,
            "image_size": np.int32([1, *_HUGE, 3]),
        },
        {"T": "float32"},
    ),
    "larger_than_can_be_counted": (
        "ResizeBilinear",
        {"images": _IMAGE, "size": _HUGE},
    ),
    "back_to_more_than_can_be_counted": (
        "ResizeNearestNeighborGrad",
        {"grads": _IMAGE, "size": _HUGE},
    ),
    "projected_to_more": (
        "ImageProjectiveTransformV2",
        {
            "images": _IMAGE,
            "transforms": np.ones((1, 8), np.float32),
            "output_shape": _HUGE,
        },
        {"interpolation": "BILINEAR"},
    ),
    "scaled_to_more": (
        "ScaleAndTranslate",
        {
            "images": _IMAGE,
            "size": _HUGE,
            "scale": np.float32([1, 1]),
            "translation": np.float32([0, 0]),
        },
    ),
    "glimpse_of_more": (
        "ExtractGlimpse",
        {"input": _IMAGE, "size": _HUGE, "offsets": np.zeros((1, 2), np.float32)},
    ),
    "softmax_of_fewer_than_none": (
        "SparseSoftmax",
        {
            "sp_indices": np.array([[0, 0]]),
            "sp_values": np.float32([1]),
            "sp_shape": np.array([5, -1]),
        },
    ),
    "fewer_than_none_in_another_shape": (
        "SparseReshape",
        {
            "input_indices": np.array([[0, 0]]),
            "input_shape": np.array([-1, -1]),
            "new_shape": np.array([1]),
        },
    ),
}
