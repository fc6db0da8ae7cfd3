"""`tf.image.non_max_suppression_padded`: boxes chosen tile by tile, in a function.

Boxes are sorted by score and taken in tiles. A tile loses what overlaps with boxes of
tiles before it, then what overlaps within it; a box that is dropped becomes all zeros.

Source: tensorflow python/ops/image_ops_impl.py.
"""

from __future__ import annotations

import functools
from typing import Any

from metagraft.api.arithmetic import maximum, minimum
from metagraft.api.array import tile
from metagraft.api.comparison import logical_and, where
from metagraft.api.cond import cond
from metagraft.api.constants import constant
from metagraft.api.gather import gather
from metagraft.api.math import ceil, logical_not
from metagraft.api.nn_classes import top_k
from metagraft.api.reductions import (
    reduce_all,
    reduce_any,
    reduce_max,
    reduce_min,
    reduce_sum,
)
from metagraft.api.sorting import argsort
from metagraft.api.traced_functions import function
from metagraft.api.while_loop import while_loop
from metagraft.graph import dtypes
from metagraft.graph.build import array
from metagraft.graph.build.math import cast, equal, number_range
from metagraft.graph.build.pad import pad
from metagraft.graph.constant_value import constant_value
from metagraft.graph.scopes import name_scope
from metagraft.graph.shapes import TensorShape

__all__ = ["non_max_suppression_padded"]

_NO_LIMIT = float("-inf")
_LEAST_UNION = 1e-8


def non_max_suppression_padded(
    boxes: Any,
    scores: Any,
    max_output_size: Any,
    iou_threshold: Any = 0.5,
    score_threshold: Any = _NO_LIMIT,
    pad_to_max_output_size: bool = False,
    name: str | None = None,
    sorted_input: bool = False,
    canonicalized_coordinates: bool = False,
    tile_size: int = 512,
) -> tuple[Any, Any]:
    """Choose the best boxes of each image that do not overlap too much.

    Args:
        boxes: `[..., boxes, 4]`: two opposite corners.
        scores: `[..., boxes]`.
        max_output_size: How many at most, of each image.
        iou_threshold: How much of two boxes may be in both.
        score_threshold: What scores are above.
        pad_to_max_output_size: Whether results have that size; needed for a batch.
        name: Name of the scope.
        sorted_input: Whether the best boxes come first.
        canonicalized_coordinates: Whether the first corner is the lower one.
        tile_size: How many boxes are compared at once.

    Returns:
        Their indices, and how many are valid.

    Raises:
        ValueError: There is a batch, and no padding.
    """
    with name_scope(name, "non_max_suppression_padded"):
        if not pad_to_max_output_size and (boxes.get_shape().rank or 0) > 2:
            raise ValueError(
                f"'pad_to_max_output_size' (value {pad_to_max_output_size}) must be"
                " True for batched input"
            )
        chosen, count = _chooser()(
            boxes,
            scores,
            max_output_size,
            iou_threshold,
            score_threshold,
            sorted_input,
            canonicalized_coordinates,
            tile_size,
        )
        # TF: infers the shapes within the function.
        chosen.set_shape([None, constant_value(max_output_size)])
        if not pad_to_max_output_size:
            return chosen[0, :count], count
        outer = array.shape(boxes)[:-2]
        whole = array.concat([outer, array.expand_dims(max_output_size, 0)], 0)
        return array.reshape(chosen, whole), count


@functools.cache
def _chooser() -> Any:
    name = "non_max_suppression_padded_v2"
    return function(non_max_suppression_padded_v2, experimental_implements=name)


def non_max_suppression_padded_v2(
    boxes: Any,
    scores: Any,
    max_output_size: Any,
    iou_threshold: Any,
    score_threshold: Any,
    sorted_input: Any,
    canonicalized_coordinates: Any,
    tile_size: Any,
) -> Any:
    """Choose boxes; all arguments are tensors, and become those of the function."""
    outer = array.shape(boxes)[:-2]
    count = array.shape(boxes)[-2]
    boxes = array.reshape(boxes, [-1, count, 4])
    scores = array.reshape(scores, [-1, count])
    batch = array.shape(boxes)[0]
    boxes, scores = _filtered(boxes, scores, score_threshold)
    boxes = cond(
        logical_not(canonicalized_coordinates),
        functools.partial(_canonical, boxes),
        lambda: boxes,
    )
    boxes, scores, order = cond(
        logical_not(sorted_input),
        functools.partial(_sorted, boxes, scores),
        lambda: (boxes, scores, array.zeros_like(scores, dtypes.int32)),
    )
    selected, padded, valid = _selected(
        boxes, scores, count, batch, max_output_size, iou_threshold, tile_size
    )
    indices = _indices(selected, padded, count, max_output_size)
    indices = cond(
        logical_not(sorted_input),
        lambda: _as_given(indices, batch, count, order),
        lambda: indices,
    )
    none = array.zeros([batch, max_output_size], dtype=dtypes.int32)
    places = array.expand_dims(number_range(max_output_size), 0)
    is_valid = places < array.expand_dims(valid, 1)
    return where(is_valid, indices, none), array.reshape(valid, outer)


def _filtered(boxes: Any, scores: Any, threshold: Any) -> tuple[Any, Any]:
    with name_scope("filter_by_score"):
        mask = cast(scores > threshold, scores.dtype)
        scores = scores * mask
        return boxes * array.expand_dims(cast(mask, boxes.dtype), 2), scores


def _canonical(boxes: Any) -> Any:
    """Put the lower corner first, if it is the second one of the first box."""
    with name_scope("canonicalize_coordinates"):
        y1, x1, y2, x2 = array.split(value=boxes, num_or_size_splits=4, axis=2)
        is_first = reduce_all(y1[0, 0, 0] <= y2[0, 0, 0])
        low_y, high_y = cond(is_first, lambda: (y1, y2), lambda: (y2, y1))
        is_first = reduce_all(x1[0, 0, 0] <= x2[0, 0, 0])
        low_x, high_x = cond(is_first, lambda: (x1, x2), lambda: (x2, x1))
        return array.concat([low_y, low_x, high_y, high_x], axis=2)


def _sorted(boxes: Any, scores: Any) -> tuple[Any, Any, Any]:
    with name_scope("sort_scores_and_boxes"):
        order = argsort(scores, axis=1, direction="DESCENDING")
        scores = gather(scores, order, batch_dims=1)
        return gather(boxes, order, batch_dims=1), scores, order


def _selected(
    boxes: Any,
    scores: Any,
    count: Any,
    batch: Any,
    size: Any,
    iou_threshold: Any,
    tile_size: Any,
) -> tuple[Any, Any, Any]:
    """Return boxes with zeros for what is dropped, their number, how many are valid."""
    wanted = cast(maximum(count, size), dtypes.float32)
    tiles = cast(ceil(wanted / cast(tile_size, dtypes.float32)), dtypes.int32)
    missing = tiles * tile_size - count
    boxes = pad(cast(boxes, dtypes.float32), [[0, 0], [0, missing], [0, 0]])
    # TF: pads the scores, too, and has no use for them.
    pad(cast(scores, dtypes.float32), [[0, 0], [0, missing]])
    padded = count + missing
    steps = padded // tile_size

    def goes_on(_boxes: Any, _iou_threshold: Any, found: Any, step: Any) -> Any:
        return logical_and(reduce_min(found) < size, step < steps)

    def body(boxes: Any, iou_threshold: Any, found: Any, step: Any) -> Any:
        boxes, found = _next_tile(boxes, iou_threshold, found, step, tile_size)
        return boxes, iou_threshold, found, step + 1

    selected, _, found, _ = while_loop(
        goes_on,
        body,
        [boxes, iou_threshold, array.zeros([batch], dtypes.int32), constant(0)],
        shape_invariants=[
            TensorShape([None, None, 4]),
            TensorShape([]),
            TensorShape([None]),
            TensorShape([]),
        ],
    )
    return selected, padded, minimum(found, size)


def _overlaps(a: Any, b: Any) -> Any:
    """Return intersection over union of all boxes `a` with all boxes `b`."""
    with name_scope("bbox_overlap"):
        a_top, a_left, a_bottom, a_right = array.split(
            value=a, num_or_size_splits=4, axis=2
        )
        b_top, b_left, b_bottom, b_right = array.split(
            value=b, num_or_size_splits=4, axis=2
        )
        left = maximum(a_left, _as_columns(b_left))
        right = minimum(a_right, _as_columns(b_right))
        top = maximum(a_top, _as_columns(b_top))
        bottom = minimum(a_bottom, _as_columns(b_bottom))
        shared = maximum(right - left, 0) * maximum(bottom - top, 0)
        a_area = (a_bottom - a_top) * (a_right - a_left)
        b_area = (b_bottom - b_top) * (b_right - b_left)
        union = a_area + _as_columns(b_area) - shared + _LEAST_UNION
        return shared / union


def _as_columns(numbers: Any) -> Any:
    return array.transpose(numbers, [0, 2, 1])


def _next_tile(
    boxes: Any, iou_threshold: Any, found: Any, step: Any, tile_size: Any
) -> tuple[Any, Any]:
    with name_scope("suppression_loop_body"):
        tiles = array.shape(boxes)[1] // tile_size
        batch = array.shape(boxes)[0]
        own = _tile_at(boxes, step, batch, tile_size)
        own = _without_earlier(boxes, own, step, iou_threshold, tile_size)
        own = _without_inner(own, iou_threshold, tile_size)
        mask = cast(equal(number_range(tiles), step), boxes.dtype)
        mask = array.reshape(mask, [1, -1, 1, 1])
        boxes = tile(array.expand_dims(own, [1]), [1, tiles, 1, 1]) * mask + (
            array.reshape(boxes, [batch, tiles, tile_size, 4]) * (1 - mask)
        )
        boxes = array.reshape(boxes, [batch, -1, 4])
        is_left = cast(reduce_any(own > 0, [2]), dtypes.int32)
        return boxes, found + reduce_sum(is_left, [1])


def _tile_at(boxes: Any, number: Any, batch: Any, tile_size: Any) -> Any:
    begin = [0, number * tile_size, 0]
    return array.slice_(boxes, begin, [batch, tile_size, 4])


def _without_earlier(
    boxes: Any, own: Any, step: Any, iou_threshold: Any, tile_size: Any
) -> Any:
    """Drop what overlaps with a box of a tile before this one."""

    def body(boxes: Any, own: Any, iou_threshold: Any, number: Any) -> Any:
        batch = array.shape(boxes)[0]
        ratios = _overlaps(_tile_at(boxes, number, batch, tile_size), own)
        is_free = reduce_all(ratios < iou_threshold, [1])
        own = array.expand_dims(cast(is_free, own.dtype), 2) * own
        return boxes, own, iou_threshold, number + 1

    _, own, _, _ = while_loop(
        lambda _boxes, _own, _iou_threshold, number: number < step,
        body,
        [boxes, own, iou_threshold, constant(0)],
    )
    return own


def _without_inner(own: Any, iou_threshold: Any, tile_size: Any) -> Any:
    """Drop what overlaps with a better box of the same tile that stays."""
    ratios = _overlaps(own, own)
    columns = array.reshape(number_range(tile_size), [1, -1])
    is_later = columns > array.reshape(number_range(tile_size), [-1, 1])
    is_close = logical_and(array.expand_dims(is_later, 0), ratios >= iou_threshold)
    ratios = ratios * cast(is_close, ratios.dtype)

    def body(now: Any, _goes_on: Any, total: Any, iou_threshold: Any) -> Any:
        batch = array.shape(now)[0]
        stays = reduce_max(now, 1) < iou_threshold
        drops = cast(array.reshape(stays, [batch, -1, 1]), now.dtype)
        keeps = cast(reduce_max(drops * now, 1) < iou_threshold, now.dtype)
        after = array.reshape(keeps, [batch, -1, 1]) * now
        new_total = reduce_sum(after, [1, 2])
        goes_on = reduce_any(total - new_total > iou_threshold)
        return after, goes_on, new_total, iou_threshold

    # Overlaps with boxes that are themselves dropped fall away, round by round.
    final, _, _, _ = while_loop(
        lambda _now, goes_on, _total, _iou_threshold: goes_on,
        body,
        [ratios, constant(True), reduce_sum(ratios, [1, 2]), iou_threshold],
    )
    is_dropped = cast(reduce_sum(final, 1) > 0, own.dtype)
    return own * array.expand_dims(1.0 - is_dropped, 2)


def _indices(selected: Any, padded: Any, count: Any, size: Any) -> Any:
    is_left = cast(reduce_any(selected > 0, [2]), dtypes.int32)
    ranks = array.expand_dims(number_range(padded, 0, -1), 0)
    indices = padded - cast(top_k(is_left * ranks, size)[0], dtypes.int32)
    return minimum(indices, count - 1)


def _as_given(indices: Any, batch: Any, count: Any, order: Any) -> Any:
    """Return which of the boxes, in the order in which they came, the best ones are."""
    offsets = array.expand_dims(number_range(batch) * count, 1)
    flat = array.reshape(indices + offsets, [-1])
    picked = gather(array.reshape(order, [-1]), flat)
    return array.reshape(picked, [batch, -1])
