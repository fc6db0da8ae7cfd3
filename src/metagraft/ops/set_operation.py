"""Sets of values along the last axis; twin of `kernels/set_operation.py`.

Source: tensorflow core/ops/set_ops.cc.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from metagraft.graph.op_spec import NOT_DIFFERENTIABLE, OpSpec, Shapes
from metagraft.graph.shape_checks import (
    merged,
    rank_of_sparse_parts,
    with_rank,
    with_rank_at_least,
    with_size,
)
from metagraft.graph.shapes import Dims

__all__ = ["OPS"]

_SOURCE: Final = "tensorflow core/ops/set_ops.cc"
_LEAST_RANK: Final = 2


def _result(rank: int | None) -> Sequence[Dims]:
    """A sparse tensor: indices, values and shape."""
    return ((None, rank), (None,), (rank,))


def _sparse_rank(inputs: Shapes, first: int) -> int | None:
    """Return the rank of a sparse operand as far as its shape tells it."""
    return rank_of_sparse_parts(*(inputs[first + i] for i in range(3)))


def _rank_of_both(first: int, second: int | None) -> int:
    with_size(second, first)
    return first


def dense_to_dense_shape(_attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """A sparse tensor of the operands' rank."""
    first, second = inputs
    known = with_rank_at_least(first, 2)
    if known is None:
        known = with_rank_at_least(second, 2)
    elif second is not None:
        merged(known[:-1], with_rank(second, len(known))[:-1])
    return _result(None if known is None else len(known))


def dense_to_sparse_shape(_attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """A sparse tensor of the operands' rank."""
    rank = _sparse_rank(inputs, 1)
    first = with_rank_at_least(inputs[0], 2)
    return _result(rank if first is None else _rank_of_both(len(first), rank))


def sparse_to_sparse_shape(_attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """A sparse tensor of the operands' rank."""
    first, second = _sparse_rank(inputs, 0), _sparse_rank(inputs, 3)
    number, known = (1, second) if first is None else (0, first)
    if known is not None and known < _LEAST_RANK:
        raise ValueError(f"Input {number}, expected rank >= 2, got {known}.")
    return _result(second if first is None else _rank_of_both(first, second))


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
