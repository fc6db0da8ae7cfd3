"""The largest values and whether a class is among them; twin of `kernels/top_k.py`.

Source: tensorflow core/ops/nn_ops.cc TopKShapeFn; python/ops/nn_grad.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from metagraft.graph import dtypes
from metagraft.graph.build import array
from metagraft.graph.build.math import cast, number_range
from metagraft.graph.build.reductions import reduce_tensor
from metagraft.graph.op_spec import (
    NOT_DIFFERENTIABLE,
    GradientBuilder,
    OpSpec,
    Shapes,
)
from metagraft.graph.shape_checks import merge_dim, with_rank, with_rank_at_least
from metagraft.graph.shapes import Dims

if TYPE_CHECKING:
    from metagraft.graph.operation import Operation
    from metagraft.graph.tensor import Tensor

__all__ = ["OPS"]


def top_k_shape(attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """The last axis keeps k values; `k` is an attribute or the second operand."""
    dims = with_rank_at_least(inputs[0], 1)
    if len(inputs) == 1:
        k = attrs["k"]
    else:
        value = inputs.value(1)
        if value is not None:
            with_rank(inputs[1], 0)
        k = None if value is None else int(value)
    if k is not None and k < 0:
        raise ValueError(
            f"Dimension size, given by scalar input 1, must be non-negative but is {k}"
        )
    if dims is None:
        return (None, None)
    if k is not None and dims[-1] is not None and dims[-1] < k:
        raise ValueError(f"input must have last dimension >= k = {k} but is {dims[-1]}")
    return ((*dims[:-1], k),) * 2


def top_k_gradient(
    g: GradientBuilder, op: Operation, dy: Tensor, _d_indices: Tensor | None
) -> Sequence[Tensor]:
    """Scatters to the places the values came from."""
    in_shape = array.shape(op.inputs[0])
    ind_shape = array.shape(op.outputs[1])
    ind_last = array.gather(cast(ind_shape, dtypes.int64), array.size(ind_shape) - 1)
    ind_2d = array.reshape(op.outputs[1], array.stack([-1, ind_last]))
    in_last = array.gather(cast(in_shape, dtypes.int64), array.size(in_shape) - 1)
    outer = array.shape(ind_2d)[0]
    limit = cast(outer, dtypes.int64) * in_last
    starts = array.expand_dims(number_range(0, limit, in_last), -1)
    flat = array.reshape(ind_2d + cast(starts, dtypes.int32), [-1])
    places = array.expand_dims(flat, -1)
    updates = array.reshape(dy, [-1])
    scattered = g.op(
        "ScatterNd",
        indices=places,
        updates=updates,
        shape=[reduce_tensor("Prod", in_shape)],
    )
    gradient = array.reshape(scattered, in_shape)
    return gradient, array.zeros([], dtype=dtypes.int32)


def in_top_k_shape(_attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """Predictions `[batch, classes]` and targets `[batch]`."""
    predictions = with_rank(inputs[0], 2)
    targets = with_rank(inputs[1], 1)
    return ((merge_dim(predictions[0], targets[0]),),)


_SOURCE = "tensorflow core/ops/nn_ops.cc"

OPS = (
    *(
        OpSpec(name=name, shape=top_k_shape, gradient=top_k_gradient, source=_SOURCE)
        for name in ("TopK", "TopKV2")
    ),
    *(
        OpSpec(
            name=name,
            shape=in_top_k_shape,
            gradient=NOT_DIFFERENTIABLE,
            source=_SOURCE,
        )
        for name in ("InTopK", "InTopKV2")
    ),
)
