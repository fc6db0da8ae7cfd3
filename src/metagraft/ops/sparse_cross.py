"""Crosses of features, as text or hashed; twin of `kernels/sparse_cross.py`.

Source: tensorflow core/ops/sparse_ops.cc.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from metagraft.graph.op_spec import NOT_DIFFERENTIABLE, OpSpec, Shapes
from metagraft.graph.shapes import Dims

__all__ = ["OPS"]


def cross_shape(_attrs: Any, _inputs: Shapes) -> Sequence[Dims]:
    """A sparse matrix with as many elements as a run finds."""
    return (None, 2), (None,), (2,)


def ragged_cross_shape(attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """As many values as a run finds, and the splits of their rows.

    Raises:
        ValueError: An input has another rank than two, or another number of rows, or
            lists of types have different lengths.
    """
    ragged, sparse = len(attrs["ragged_values_types"]), attrs["Nsparse"]
    if ragged != len(attrs["ragged_splits_types"]):
        raise ValueError("ragged values and splits must have the same length.")
    if sparse != len(attrs["sparse_values_types"]):
        raise ValueError("sparse indices and values must have the same length")
    splits = inputs[ragged : 2 * ragged]
    found: list[int | None] = []
    for one in splits:
        rows = None if one is None else one[0]
        found.append(None if rows is None else rows - 1)
    for one in inputs[2 * ragged + 3 * sparse :]:
        if one is not None and len(one) != 2:
            raise ValueError("tf.ragged.cross only supports inputs with rank=2")
        found.append(None if one is None else one[0])
    known = {rows for rows in found if rows is not None}
    if len(known) > 1:
        raise ValueError("inputs must all have the same batch dimension size.")
    return (None,), (known.pop() + 1 if known else None,)


OPS = (
    *(
        OpSpec(name=name, shape=cross_shape, source="tensorflow core/ops/sparse_ops.cc")
        for name in ("SparseCross", "SparseCrossHashed", "SparseCrossV2")
    ),
    *(
        OpSpec(
            name=name,
            shape=cross_shape,
            gradient=NOT_DIFFERENTIABLE,
            source="tensorflow 1.15 contrib/layers/ops/sparse_feature_cross_op.cc",
        )
        for name in ("SparseFeatureCross", "SparseFeatureCrossV2")
    ),
    OpSpec(
        name="RaggedCross",
        shape=ragged_cross_shape,
        source="tensorflow core/ops/ragged_array_ops.cc",
    ),
)
