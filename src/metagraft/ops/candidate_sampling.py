"""Drawing a few classes out of many; twin of `kernels/candidate_sampling.py`.

Source: tensorflow core/ops/candidate_sampling_ops.cc.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from metagraft.graph.op_spec import NOT_DIFFERENTIABLE, OpSpec, Shapes
from metagraft.graph.shape_checks import with_rank, with_size
from metagraft.graph.shapes import Dims

__all__ = ["OPS"]

_SOURCE = "tensorflow core/ops/candidate_sampling_ops.cc"


def sampler_shape(attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """Drawn classes, and expected counts of the true and of the drawn ones."""
    batch, _ = with_rank(inputs[0], 2)
    drawn = (attrs["num_sampled"],)
    return (drawn, (batch, attrs["num_true"]), drawn)


def accidental_hits_shape(attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """As many hits as there are."""
    _, true_count = with_rank(inputs[0], 2)
    with_size(true_count, attrs["num_true"])
    with_rank(inputs[1], 1)
    return ((None,),) * 3


OPS = (
    *(
        OpSpec(
            name=f"{kind}CandidateSampler",
            shape=sampler_shape,
            gradient=NOT_DIFFERENTIABLE,
            source=_SOURCE,
        )
        for kind in ("Uniform", "LogUniform", "All")
    ),
    OpSpec(
        name="ComputeAccidentalHits",
        shape=accidental_hits_shape,
        gradient=NOT_DIFFERENTIABLE,
        source=_SOURCE,
    ),
)
