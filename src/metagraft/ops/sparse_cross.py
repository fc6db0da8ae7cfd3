"""Crosses of features, as text or hashed; twin of `kernels/sparse_cross.py`.

Source: tensorflow core/ops/sparse_ops.cc.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from metagraft.graph.op_spec import OpSpec, Shapes
from metagraft.graph.shapes import Dims

__all__ = ["OPS"]


def cross_shape(_attrs: Any, _inputs: Shapes) -> Sequence[Dims]:
    """A sparse matrix with as many elements as a run finds."""
    return (None, 2), (None,), (2,)


OPS = tuple(
    OpSpec(name=name, shape=cross_shape, source="tensorflow core/ops/sparse_ops.cc")
    for name in ("SparseCross", "SparseCrossHashed", "SparseCrossV2")
)
