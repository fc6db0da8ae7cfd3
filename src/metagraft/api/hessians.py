"""`tf.hessians`: second derivatives, row by row in a loop.

Source: tensorflow python/ops/gradients_impl.py hessians.
"""

from __future__ import annotations

from typing import Any

from metagraft.api.while_loop import while_loop
from metagraft.gradients import gradients
from metagraft.graph import dtypes
from metagraft.graph.build import array
from metagraft.graph.tensor import Tensor
from metagraft.graph.tensor_array import TensorArray


def hessians(
    ys: Any,
    xs: Any,
    name: str = "hessians",
    colocate_gradients_with_ops: bool = False,
    gate_gradients: bool = False,
    aggregation_method: int | None = None,
) -> list[Tensor]:
    """Return the matrix of second derivatives of `sum(ys)` for every x.

    Args:
        ys: Tensors to differentiate.
        xs: Tensors to differentiate with respect to.
        name: Taken for old programs; as in TensorFlow, it names nothing.
        colocate_gradients_with_ops: See `gradients`.
        gate_gradients: See `gradients`.
        aggregation_method: See `gradients`.
    """
    del name
    listed = list(xs) if isinstance(xs, list | tuple) else [xs]
    first = gradients(
        ys,
        listed,
        colocate_gradients_with_ops=colocate_gradients_with_ops,
        gate_gradients=gate_gradients,
        aggregation_method=aggregation_method,
    )
    return [_hessian(grad, x) for grad, x in zip(first, listed, strict=True)]


def _hessian(gradient: Any, x: Any) -> Tensor:
    flat = array.reshape(gradient, [-1])
    count = array.size(x)
    start = array.constant(0, dtypes.int32, name="Const")
    rows = TensorArray(x.dtype, count)
    _, rows = while_loop(
        lambda j, _: j < count,
        lambda j, done: (j + 1, done.write(j, gradients(flat[j], x)[0])),
        [start, rows],
    )
    sizes = array.shape(x)
    stacked = rows.stack()
    return array.reshape(stacked, array.concat((sizes, sizes), 0))
