"""Boxes in images (`tf.image.draw_bounding_boxes`, `tf.image.non_max_suppression`).

Source: tensorflow python/ops/image_ops_impl.py.
"""

from __future__ import annotations

from typing import Any

from metagraft.graph import dtypes
from metagraft.graph.apply_op import op
from metagraft.graph.conversion import convert_to_tensor
from metagraft.graph.scopes import name_scope
from metagraft.graph.tensor import Tensor

__all__ = [
    "combined_non_max_suppression",
    "draw_bounding_boxes",
    "generate_bounding_box_proposals",
    "non_max_suppression",
    "non_max_suppression_overlaps",
    "non_max_suppression_with_scores",
    "sample_distorted_bounding_box",
    "stateless_sample_distorted_bounding_box",
]

_NO_LIMIT = float("-inf")


def draw_bounding_boxes(
    images: Any, boxes: Any, name: str | None = None, colors: Any = None
) -> Tensor:
    """Draw boxes into images.

    Args:
        images: `[batch, height, width, depth]`, `float32` or `float16`.
        boxes: `[batch, boxes, 4]`: y1, x1, y2, x2 from 0 to 1.
        name: Name of the operation.
        colors: `[colors, depth]`, taken in turn; ten that are built in if None.
    """
    if colors is None:
        result: Tensor = op("DrawBoundingBoxes", images=images, boxes=boxes, name=name)
    else:
        result = op(
            "DrawBoundingBoxesV2", images=images, boxes=boxes, colors=colors, name=name
        )
    return result


def sample_distorted_bounding_box(
    image_size: Any,
    bounding_boxes: Any,
    seed: int | None = None,
    seed2: int | None = None,
    min_object_covered: Any = 0.1,
    aspect_ratio_range: Any = None,
    area_range: Any = None,
    max_attempts: int | None = None,
    use_image_if_no_bounding_boxes: bool | None = None,
    name: str | None = None,
) -> Any:
    """Choose a random part of an image that shows enough of one of the boxes.

    Args:
        image_size: Height, width and channels, of an integer type.
        bounding_boxes: `[batch, boxes, 4]`: y1, x1, y2, x2 from 0 to 1.
        seed: First seed.
        seed2: Second seed.
        min_object_covered: Which part of a box must be seen.
        aspect_ratio_range: Least and most width by height; 0.75 and 1.33 if None.
        area_range: Least and most part of the image; 0.05 and 1 if None.
        max_attempts: After how many it is the whole image; 100 if None.
        use_image_if_no_bounding_boxes: Whether the image is a box if there is none.
        name: Name of the scope and of the operation in it.

    Returns:
        `begin` and `size` for `tf.slice`, and the part as a box for
        `tf.image.draw_bounding_boxes`.
    """
    with name_scope(name, "sample_distorted_bounding_box"):
        return op(
            "SampleDistortedBoundingBoxV2",
            image_size=image_size,
            bounding_boxes=bounding_boxes,
            seed=seed,
            seed2=seed2,
            min_object_covered=min_object_covered,
            aspect_ratio_range=aspect_ratio_range,
            area_range=area_range,
            max_attempts=max_attempts,
            use_image_if_no_bounding_boxes=use_image_if_no_bounding_boxes,
            name=name,
        )


def stateless_sample_distorted_bounding_box(
    image_size: Any,
    bounding_boxes: Any,
    seed: Any,
    min_object_covered: Any = 0.1,
    aspect_ratio_range: Any = None,
    area_range: Any = None,
    max_attempts: int | None = None,
    use_image_if_no_bounding_boxes: bool | None = None,
    name: str | None = None,
) -> Any:
    """As `sample_distorted_bounding_box`; the seed, two numbers, alone decides."""
    with name_scope(name, "stateless_sample_distorted_bounding_box"):
        return op(
            "StatelessSampleDistortedBoundingBox",
            image_size=image_size,
            bounding_boxes=bounding_boxes,
            seed=seed,
            min_object_covered=min_object_covered,
            aspect_ratio_range=aspect_ratio_range,
            area_range=area_range,
            max_attempts=max_attempts,
            use_image_if_no_bounding_boxes=use_image_if_no_bounding_boxes,
            name=name,
        )


def non_max_suppression(
    boxes: Any,
    scores: Any,
    max_output_size: Any,
    iou_threshold: Any = 0.5,
    score_threshold: Any = _NO_LIMIT,
    name: str | None = None,
) -> Tensor:
    """Choose the best boxes that do not overlap too much.

    Args:
        boxes: `[boxes, 4]`: two opposite corners.
        scores: `[boxes]`.
        max_output_size: How many at most.
        iou_threshold: How much of two boxes may be in both.
        score_threshold: What scores are above.
        name: Name of the scope.

    Returns:
        Their indices, best first.
    """
    with name_scope(name, "non_max_suppression"):
        limit = convert_to_tensor(iou_threshold, name="iou_threshold")
        least = convert_to_tensor(score_threshold, name="score_threshold")
        result: Tensor = op(
            "NonMaxSuppressionV3",
            boxes=boxes,
            scores=scores,
            max_output_size=max_output_size,
            iou_threshold=limit,
            score_threshold=least,
        )
        return result


def non_max_suppression_with_scores(
    boxes: Any,
    scores: Any,
    max_output_size: Any,
    iou_threshold: Any = 0.5,
    score_threshold: Any = _NO_LIMIT,
    soft_nms_sigma: Any = 0.0,
    name: str | None = None,
) -> tuple[Tensor, Tensor]:
    """As `non_max_suppression`, or by lowering the scores of what overlaps.

    Args:
        boxes: As there, like the arguments that are not described here.
        scores: See there.
        max_output_size: See there.
        iou_threshold: See there; without effect if scores are lowered.
        score_threshold: See there.
        soft_nms_sigma: How far scores are lowered, 0 for not at all.
        name: Name of the scope.

    Returns:
        Indices and scores.
    """
    with name_scope(name, "non_max_suppression_with_scores"):
        limit = convert_to_tensor(iou_threshold, name="iou_threshold")
        least = convert_to_tensor(score_threshold, name="score_threshold")
        sigma = convert_to_tensor(soft_nms_sigma, name="soft_nms_sigma")
        indices, chosen, _ = op(
            "NonMaxSuppressionV5",
            boxes=boxes,
            scores=scores,
            max_output_size=max_output_size,
            iou_threshold=limit,
            score_threshold=least,
            soft_nms_sigma=sigma,
            pad_to_max_output_size=False,
        )
        return indices, chosen


def non_max_suppression_overlaps(
    overlaps: Any,
    scores: Any,
    max_output_size: Any,
    overlap_threshold: Any = 0.5,
    score_threshold: Any = _NO_LIMIT,
    name: str | None = None,
) -> Tensor:
    """As `non_max_suppression`, given how much each two boxes overlap."""
    with name_scope(name, "non_max_suppression_overlaps"):
        limit = convert_to_tensor(overlap_threshold, name="overlap_threshold")
        result: Tensor = op(
            "NonMaxSuppressionWithOverlaps",
            overlaps=overlaps,
            scores=scores,
            max_output_size=max_output_size,
            overlap_threshold=limit,
            score_threshold=score_threshold,
        )
        return result


def combined_non_max_suppression(
    boxes: Any,
    scores: Any,
    max_output_size_per_class: Any,
    max_total_size: Any,
    iou_threshold: Any = 0.5,
    score_threshold: Any = _NO_LIMIT,
    pad_per_class: bool = False,
    clip_boxes: bool = True,
    name: str | None = None,
) -> Any:
    """Choose boxes in every class of every image.

    Args:
        boxes: `[batch, boxes, classes or 1, 4]`.
        scores: `[batch, boxes, classes]`.
        max_output_size_per_class: How many of one class at most.
        max_total_size: How many of one image at most.
        iou_threshold: How much of two boxes may be in both.
        score_threshold: What scores are above.
        pad_per_class: Whether results are no longer than all classes together.
        clip_boxes: Whether boxes are cut off at 0 and 1.
        name: Name of the scope.

    Returns:
        Boxes, scores, classes, and how many of them each image has.
    """
    with name_scope(name, "combined_non_max_suppression"):
        limit = convert_to_tensor(
            iou_threshold, dtype=dtypes.float32, name="iou_threshold"
        )
        least = convert_to_tensor(
            score_threshold, dtype=dtypes.float32, name="score_threshold"
        )
        total = convert_to_tensor(max_total_size)
        return op(
            "CombinedNonMaxSuppression",
            boxes=boxes,
            scores=scores,
            max_output_size_per_class=max_output_size_per_class,
            max_total_size=total,
            iou_threshold=limit,
            score_threshold=least,
            pad_per_class=pad_per_class,
            clip_boxes=clip_boxes,
        )


def generate_bounding_box_proposals(
    scores: Any,
    bbox_deltas: Any,
    image_info: Any,
    anchors: Any,
    nms_threshold: Any = 0.7,
    pre_nms_topn: Any = 6000,
    min_size: Any = 16,
    post_nms_topn: int = 300,
    name: str | None = None,
) -> Any:
    """Add an operation that turns anchors into regions of interest.

    TensorFlow has it for GPUs only, and here it does not run.
    """
    return op(
        "GenerateBoundingBoxProposals",
        scores=scores,
        bbox_deltas=bbox_deltas,
        image_info=image_info,
        anchors=anchors,
        nms_threshold=nms_threshold,
        pre_nms_topn=pre_nms_topn,
        min_size=min_size,
        post_nms_topn=post_nms_topn,
        name=name,
    )
