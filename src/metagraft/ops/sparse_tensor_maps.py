"""Sparse tensors kept in a map of the session; twin of `kernels/sparse_tensor_maps.py`.

Queues hold the keys of the map, since they hold dense tensors only.

Source: tensorflow core/ops/sparse_ops.cc.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from metagraft.graph.attrs import Attrs
from metagraft.graph.op_spec import OpSpec, Shapes
from metagraft.graph.shape_checks import with_rank
from metagraft.graph.shapes import Dims

_SOURCE: Final = "tensorflow core/ops/sparse_ops.cc"


def add_sparse_shape(attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """One key."""
    del attrs
    _check_parts(inputs)
    return ((),)


def add_many_sparse_shape(attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """A key for each slice along the first axis."""
    del attrs
    _check_parts(inputs)
    return ((None,),)


def _check_parts(inputs: Shapes) -> None:
    """Indices, values and the shape of one sparse tensor."""
    with_rank(inputs[0], 2)
    with_rank(inputs[1], 1)
    with_rank(inputs[2], 1)


def take_many_sparse_shape(attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """Indices, values and the shape of one sparse tensor with all elements."""
    del attrs
    with_rank(inputs[0], 1)
    return (None, None), (None,), (None,)


OPS = (
    OpSpec(name="AddSparseToTensorsMap", shape=add_sparse_shape, source=_SOURCE),
    OpSpec(
        name="AddManySparseToTensorsMap", shape=add_many_sparse_shape, source=_SOURCE
    ),
    OpSpec(
        name="TakeManySparseFromTensorsMap",
        shape=take_many_sparse_shape,
        source=_SOURCE,
    ),
)
