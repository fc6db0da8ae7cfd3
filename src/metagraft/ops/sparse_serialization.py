"""Sparse tensors as text or variants, one value for each part; twin of `kernels/`.

Source: tensorflow core/ops/sparse_ops.cc.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from metagraft.graph.op_spec import OpSpec, Shapes
from metagraft.graph.shape_checks import merge_dim, with_rank, with_rank_at_least
from metagraft.graph.shapes import Dims

__all__ = ["OPS"]

_SOURCE: Final = "tensorflow core/ops/sparse_ops.cc"


def _check_parts(inputs: Shapes) -> None:
    with_rank(inputs[0], 2)
    with_rank(inputs[1], 1)
    with_rank(inputs[2], 1)


def serialize_shape(_attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """One value for indices, values and shape each."""
    _check_parts(inputs)
    return ((3,),)


def serialize_many_shape(_attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """Three values for each row."""
    _check_parts(inputs)
    return ((None, 3),)


def _check_three(size: int | None) -> None:
    if merge_dim(size, 3) != 3:
        raise ValueError(f"Dimension must be 3 but is {size}")


def deserialize_many_shape(_attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """A sparse tensor with as many elements as a run finds."""
    _check_three(with_rank(inputs[0], 2)[1])
    return (None, None), (None,), (None,)


def deserialize_shape(_attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """A sparse tensor with as many elements as a run finds."""
    dims = with_rank_at_least(inputs[0], 1)
    if dims is not None:
        _check_three(dims[-1])
    return (None, None), (None,), (None,)


_SHAPES = {
    "DeserializeManySparse": deserialize_many_shape,
    "DeserializeSparse": deserialize_shape,
    "SerializeManySparse": serialize_many_shape,
    "SerializeSparse": serialize_shape,
}
OPS = tuple(
    OpSpec(name=name, shape=shape, source=_SOURCE) for name, shape in _SHAPES.items()
)
