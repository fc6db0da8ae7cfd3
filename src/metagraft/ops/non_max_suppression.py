"""Choosing among overlapping boxes; kernels in `kernels/non_max_suppression.py`."""

from __future__ import annotations

from collections.abc import Sequence

from metagraft.graph.attrs import Attrs
from metagraft.graph.op_spec import NOT_DIFFERENTIABLE, NoGradient, OpSpec, Shapes
from metagraft.graph.shape_checks import merge_dim, with_rank, with_size
from metagraft.graph.shapes import Dims


def _boxes_and_scores(inputs: Shapes) -> None:
    count, four = with_rank(inputs[0], 2)
    (scores,) = with_rank(inputs[1], 1)
    for dims in inputs[2:]:
        with_rank(dims, 0)
    merge_dim(count, scores)
    with_size(four, 4)


def _padded_size(attrs: Attrs, inputs: Shapes) -> int | None:
    if "pad_to_max_output_size" not in attrs or not attrs["pad_to_max_output_size"]:
        return None
    return _scalar_size(inputs, 2)


def _scalar_size(inputs: Shapes, index: int) -> int | None:
    value = inputs.value(index)
    if value is None:
        return None
    size = int(value)
    if size < 0:
        raise ValueError(f"Dimension size, given by scalar input {size} must be >= 0")
    return size


def indices_shape(_attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """As many indices as are chosen."""
    _boxes_and_scores(inputs)
    return ((None,),)


def indices_and_count_shape(attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """Indices, padded or not, and how many are valid."""
    _boxes_and_scores(inputs)
    return ((_padded_size(attrs, inputs),), ())


def scored_shape(attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """Indices and scores, padded or not, and how many are valid."""
    _boxes_and_scores(inputs)
    size = _padded_size(attrs, inputs)
    return ((size,), (size,), ())


def overlaps_shape(_attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """As many indices as are chosen."""
    rows, columns = with_rank(inputs[0], 2)
    (scores,) = with_rank(inputs[1], 1)
    for dims in inputs[2:]:
        with_rank(dims, 0)
    merge_dim(rows, scores)
    merge_dim(rows, columns)
    return ((None,),)


def combined_shape(attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """`[n, size, 4]`, `[n, size]` twice, `[n]`."""
    n, boxes, q, four = with_rank(inputs[0], 4)
    scores_n, scores, classes = with_rank(inputs[1], 3)
    for dims in inputs[2:]:
        with_rank(dims, 0)
    n, _ = merge_dim(n, scores_n), merge_dim(boxes, scores)
    with_size(four, 4)
    if q is not None and classes is not None and q not in (1, classes):
        raise ValueError(
            "third dimension of boxes must be either 1 or equal to the third"
            " dimension of scores"
        )
    size = _combined_size(attrs, inputs, classes)
    return ((n, size, 4), (n, size), (n, size), (n,))


def _combined_size(attrs: Attrs, inputs: Shapes, classes: int | None) -> int | None:
    total = _scalar_size(inputs, 3)
    if total is not None and total <= 0:
        raise ValueError("max_total_size should be > 0 ")
    per_class = _scalar_size(inputs, 2)
    if not attrs["pad_per_class"]:
        return total
    if per_class is not None and per_class <= 0:
        raise ValueError(
            "max_output_size_per_class must be > 0 if pad_per_class is set to true "
        )
    if total is None or per_class is None or classes is None:
        return None
    return min(total, per_class * classes)


def proposals_shape(attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """`[n, post_nms_topn, 4]` and `[n, post_nms_topn]`."""
    n, _, _, _ = with_rank(inputs[0], 4)
    for dims, rank in zip(inputs[1:], (4, 2, 3, 0, 0, 0), strict=True):
        with_rank(dims, rank)
    size = int(attrs["post_nms_topn"])
    return ((n, size, 4), (n, size))


_SOURCE = "tensorflow core/ops/image_ops.cc"
_NOT_REGISTERED = NoGradient("TensorFlow registers none")

OPS = (
    OpSpec(
        name="CombinedNonMaxSuppression",
        shape=combined_shape,
        gradient=_NOT_REGISTERED,
        source=_SOURCE,
    ),
    OpSpec(
        name="GenerateBoundingBoxProposals",
        shape=proposals_shape,
        gradient=NOT_DIFFERENTIABLE,
        source=_SOURCE,
    ),
    OpSpec(
        name="NonMaxSuppression",
        shape=indices_shape,
        gradient=NOT_DIFFERENTIABLE,
        source=_SOURCE,
    ),
    OpSpec(
        name="NonMaxSuppressionV2",
        shape=indices_shape,
        gradient=NOT_DIFFERENTIABLE,
        source=_SOURCE,
    ),
    OpSpec(
        name="NonMaxSuppressionV3",
        shape=indices_shape,
        gradient=_NOT_REGISTERED,
        source=_SOURCE,
    ),
    OpSpec(
        name="NonMaxSuppressionV4",
        shape=indices_and_count_shape,
        gradient=_NOT_REGISTERED,
        source=_SOURCE,
    ),
    OpSpec(
        name="NonMaxSuppressionV5",
        shape=scored_shape,
        gradient=_NOT_REGISTERED,
        source=_SOURCE,
    ),
    OpSpec(
        name="NonMaxSuppressionWithOverlaps",
        shape=overlaps_shape,
        gradient=NOT_DIFFERENTIABLE,
        source=_SOURCE,
    ),
)
