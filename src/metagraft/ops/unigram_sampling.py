"""Drawing classes by how frequent they are; twin of `kernels/unigram_sampling.py`.

Source: tensorflow core/ops/candidate_sampling_ops.cc.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from metagraft.graph.op_spec import NOT_DIFFERENTIABLE, OpSpec, Shapes
from metagraft.graph.shape_checks import with_rank
from metagraft.graph.shapes import Dims

__all__ = ["OPS"]


def sampler_shape(attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """Drawn classes, and expected counts of the true and of the drawn ones."""
    batch, _ = with_rank(inputs[0], 2)
    drawn = (attrs["num_sampled"],)
    return (drawn, (batch, attrs["num_true"]), drawn)


OPS = tuple(
    OpSpec(
        name=f"{kind}CandidateSampler",
        shape=sampler_shape,
        gradient=NOT_DIFFERENTIABLE,
        source="tensorflow core/ops/candidate_sampling_ops.cc",
    )
    for kind in ("FixedUnigram", "LearnedUnigram", "ThreadUnsafeUnigram")
)
