"""Words and the words around them; twin of `kernels/skip_grams.py`.

Source: tensorflow core/ops/word2vec_ops.cc (TensorFlow 0.5), contrib/text/ops/
skip_gram_ops.cc.
"""

from __future__ import annotations

from collections.abc import Sequence

from metagraft.graph.attrs import Attrs
from metagraft.graph.op_spec import OpSpec, Shapes
from metagraft.graph.shape_checks import with_rank
from metagraft.graph.shapes import Dims

__all__ = ["OPS"]


def skipgram_shape(_attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """TensorFlow tells no shapes."""
    return (None,) * len(inputs.op.outputs)


def candidates_shape(_attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """As many pairs as a run finds."""
    with_rank(inputs[0], 1)
    for dims in inputs[1:]:
        with_rank(dims, 0)
    return (None,), (None,)


def train_shape(_attrs: Attrs, _inputs: Shapes) -> Sequence[Dims]:
    """Nothing."""
    return ()


OPS = (
    OpSpec(
        name="NegTrain",
        shape=train_shape,
        source="tensorflow core/ops/word2vec_ops.cc",
    ),
    OpSpec(
        name="SkipGramGenerateCandidates",
        shape=candidates_shape,
        source="tensorflow contrib/text/ops/skip_gram_ops.cc",
    ),
    OpSpec(
        name="Skipgram",
        shape=skipgram_shape,
        source="tensorflow core/ops/word2vec_ops.cc",
    ),
)
