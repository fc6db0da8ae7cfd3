"""Sets of values along the last axis; twin of `kernels/set_operation.py`.

Source: tensorflow core/ops/set_ops.cc.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from metagraft.graph.op_spec import NOT_DIFFERENTIABLE, OpSpec, Shapes
from metagraft.graph.shape_checks import merge_dim, merged, with_rank
from metagraft.graph.shapes import Dims

__all__ = ["OPS"]

_SOURCE: Final = "tensorflow core/ops/set_ops.cc"


def _result(rank: int | None) -> Sequence[Dims]:
    """A sparse tensor: indices, values and shape."""
    return ((None, rank), (None,), (rank,))


def _check_rank(rank: int) -> None:
    if rank < 2:
        raise ValueError(f"Shape must be at least rank 2 but is rank {rank}")


def _sparse_rank(inputs: Shapes, first: int) -> int | None:
    """Return the rank of a sparse operand as far as its parts tell it."""
    indices = with_rank(inputs[first], 2)
    values = with_rank(inputs[first + 1], 1)
    (rank,) = with_rank(inputs[first + 2], 1)
    merge_dim(indices[0], values[0])
    return merge_dim(indices[1], rank)


def dense_to_dense_shape(_attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """A sparse tensor of the operands' rank."""
    first, second = inputs
    rank = None
    if first is not None and second is not None:
        _check_rank(min(len(first), len(second)))
        merged(first[:-1], second[:-1])
        rank = len(first)
    elif first is not None or second is not None:
        rank = len(second if first is None else first)  # type: ignore[arg-type] # known
        _check_rank(rank)
    return _result(rank)


def dense_to_sparse_shape(_attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """A sparse tensor of the operands' rank."""
    first, rank = inputs[0], _sparse_rank(inputs, 1)
    if first is None:
        return _result(rank)
    _check_rank(len(first))
    if rank not in (None, len(first)):
        raise ValueError(f"Dimension must be {len(first)} but is {rank}")
    return _result(len(first))


def sparse_to_sparse_shape(_attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """A sparse tensor of the operands' rank."""
    ranks = _sparse_rank(inputs, 0), _sparse_rank(inputs, 3)
    for number, rank in enumerate(ranks):
        if rank is not None and rank < 2:
            raise ValueError(f"Input {number}, expected rank >= 2, got {rank}.")
    if None not in ranks and ranks[0] != ranks[1]:
        raise ValueError(f"Dimension must be {ranks[0]} but is {ranks[1]}")
    return _result(ranks[1] if ranks[0] is None else ranks[0])


def set_size_shape(_attrs: Any, _inputs: Shapes) -> Sequence[Dims]:
    """TensorFlow does not say."""
    return (None,)


_SHAPES = {
    "DenseToDenseSetOperation": dense_to_dense_shape,
    "DenseToSparseSetOperation": dense_to_sparse_shape,
    "SetSize": set_size_shape,
    "SparseToSparseSetOperation": sparse_to_sparse_shape,
}
OPS = tuple(
    OpSpec(name=name, shape=shape, gradient=NOT_DIFFERENTIABLE, source=_SOURCE)
    for name, shape in _SHAPES.items()
)
