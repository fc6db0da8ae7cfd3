"""Counts of values as sparse tensors, and of sparse values; twin of `kernels/`.

Source: tensorflow core/ops/count_ops.cc, math_ops.cc.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from metagraft.graph.op_spec import OpSpec, Shapes
from metagraft.graph.shape_checks import merged, with_rank
from metagraft.graph.shapes import Dims

__all__ = ["OPS"]

_COUNT_OPS: Final = "tensorflow core/ops/count_ops.cc"
_MATH_OPS: Final = "tensorflow core/ops/math_ops.cc"


def _result(rank: int | None) -> Sequence[Dims]:
    """A sparse tensor: indices, values and shape."""
    return (None, rank), (None,), (rank,)


def dense_count_shape(_attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """Counts for each row of a matrix, or of a vector."""
    dims, weights = inputs[0], inputs[1]
    if weights is None or 0 not in weights:
        dims = merged(weights, dims)
    return _result(None if dims is None else len(dims))


def sparse_count_shape(_attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """Counts for each row."""
    return _result(with_rank(inputs[0], 2)[1])


def ragged_count_shape(_attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """Counts for each row of values that have one more dimension."""
    return _result(None if inputs[1] is None else len(inputs[1]) + 1)


def sparse_bincount_shape(_attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """`size` counts, for each row of a matrix."""
    size, shape = inputs.value(3), inputs.value(2)
    if size is not None:
        with_rank(inputs[3], 0)
        if int(size) < 0:
            raise ValueError(f"size ({int(size)}) must be non-negative")
    if size is None or shape is None:
        return (None,)
    if shape.size not in (1, 2):
        raise ValueError("Input must be less than rank 2")
    rows = [None if size == -1 else int(size) for size in shape.reshape(-1)[:-1]]
    return ((*rows, int(size)),)


def ragged_bincount_shape(_attrs: Any, _inputs: Shapes) -> Sequence[Dims]:
    """`size` counts for each row, which the kernel checks."""
    return ((None, None),)


OPS = (
    OpSpec(name="DenseCountSparseOutput", shape=dense_count_shape, source=_COUNT_OPS),
    OpSpec(name="SparseCountSparseOutput", shape=sparse_count_shape, source=_COUNT_OPS),
    OpSpec(name="RaggedCountSparseOutput", shape=ragged_count_shape, source=_COUNT_OPS),
    OpSpec(name="SparseBincount", shape=sparse_bincount_shape, source=_MATH_OPS),
    OpSpec(name="RaggedBincount", shape=ragged_bincount_shape, source=_MATH_OPS),
)
