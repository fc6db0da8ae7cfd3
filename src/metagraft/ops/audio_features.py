"""Features of sounds for small devices; twin of `kernels/audio_features.py`.

Source: tensorflow lite/experimental/microfrontend/ops/audio_microfrontend_op.cc.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from metagraft.graph.op_spec import NOT_DIFFERENTIABLE, OpSpec, Shapes
from metagraft.graph.shape_checks import with_rank
from metagraft.graph.shapes import Dims

__all__ = ["OPS"]


def features_shape(attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """A row for each frame, or each frame that is not left out."""
    (samples,) = with_rank(inputs[0], 1)
    around = 1 + attrs["left_context"] + attrs["right_context"]
    width = attrs["num_channels"] * around
    per_ms = attrs["sample_rate"] // 1000
    size, step = attrs["window_size"] * per_ms, attrs["window_step"] * per_ms
    # TF: where the number of samples is not known, it says that there are no frames;
    # and it takes a rate for whole thousands, which the kernel does not.
    if samples is None or attrs["sample_rate"] % 1000:
        return ((None, width),)
    if samples < size:
        return ((0, width),)
    return (((samples - size) // step // attrs["frame_stride"] + 1, width),)


OPS = (
    OpSpec(
        name="AudioMicrofrontend",
        shape=features_shape,
        gradient=NOT_DIFFERENTIABLE,
        source="tensorflow lite/experimental/microfrontend/ops/"
        "audio_microfrontend_op.cc",
    ),
)
