"""Pairs of rows and columns (`tf.contrib.image.bipartite_match`).

Kernels in `kernels/bipartite_match.py`.
"""

from __future__ import annotations

from collections.abc import Sequence

from metagraft.graph.attrs import Attrs
from metagraft.graph.op_spec import NOT_DIFFERENTIABLE, OpSpec, Shapes
from metagraft.graph.shape_checks import with_rank
from metagraft.graph.shapes import Dims


def bipartite_match_shape(_attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """`[rows, columns]` -> `[rows]` and `[columns]`."""
    rows, columns = with_rank(inputs[0], 2)
    return ((rows,), (columns,))


OPS = (
    OpSpec(
        name="BipartiteMatch",
        shape=bipartite_match_shape,
        gradient=NOT_DIFFERENTIABLE,
        source="tensorflow 1.15 contrib/image/ops/image_ops.cc",
    ),
)
