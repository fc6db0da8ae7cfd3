"""Boxes around things in images; kernels in `kernels/image_boxes.py`."""

from __future__ import annotations

from collections.abc import Sequence

from metagraft.graph.attrs import Attrs
from metagraft.graph.op_spec import NOT_DIFFERENTIABLE, NoGradient, OpSpec, Shapes
from metagraft.graph.shape_checks import with_rank, with_rank_at_least, with_size
from metagraft.graph.shapes import Dims


def draw_bounding_boxes_shape(_attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """Unchanged."""
    _, _, _, depth = with_rank(inputs[0], 4)
    if depth not in (None, 1, 3, 4):
        raise ValueError("Channel depth should be either 1 (GRY), 3 (RGB), or 4 (RGBA)")
    _, _, four = with_rank(inputs[1], 3)
    with_size(four, 4)
    return (inputs[0],)


def draw_bounding_boxes_v2_shape(_attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """Unchanged."""
    return (with_rank_at_least(inputs[0], 3),)


def sample_shape(_attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """Begin and size of a slice, and the box: `[3]`, `[3]`, `[1, 1, 4]`."""
    (three,) = with_rank(inputs[0], 1)
    _, _, four = with_rank(inputs[1], 3)
    if len(inputs) > 2:
        with_rank(inputs[2], 0)
    (two,) = with_rank(inputs[3], 1) if len(inputs) > 3 else (None,)
    for size, wanted in ((three, 3), (four, 4), (two, 2)):
        with_size(size, wanted)
    return ((3,), (3,), (1, 1, 4))


_SOURCE = "tensorflow core/ops/image_ops.cc"
_NOT_REGISTERED = NoGradient("TensorFlow registers none")

OPS = (
    OpSpec(
        name="DrawBoundingBoxes",
        shape=draw_bounding_boxes_shape,
        gradient=NOT_DIFFERENTIABLE,
        source=_SOURCE,
    ),
    OpSpec(
        name="DrawBoundingBoxesV2",
        shape=draw_bounding_boxes_v2_shape,
        gradient=_NOT_REGISTERED,
        source=_SOURCE,
    ),
    OpSpec(
        name="SampleDistortedBoundingBox",
        shape=sample_shape,
        gradient=NOT_DIFFERENTIABLE,
        source=_SOURCE,
    ),
    OpSpec(
        name="SampleDistortedBoundingBoxV2",
        shape=sample_shape,
        gradient=NOT_DIFFERENTIABLE,
        source=_SOURCE,
    ),
    OpSpec(
        name="StatelessSampleDistortedBoundingBox",
        shape=sample_shape,
        gradient=_NOT_REGISTERED,
        source=_SOURCE,
    ),
)
