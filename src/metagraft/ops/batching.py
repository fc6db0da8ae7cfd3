"""Rows that are computed on in batches; twin of `kernels/batching.py`.

Source: tensorflow core/ops/batch_ops.cc; for gradients, tensorflow 1.15
contrib/batching/python/ops/batch_ops.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from metagraft.graph.attrs import Attrs
from metagraft.graph.op_spec import GradientBuilder, OpSpec, Shapes
from metagraft.graph.operation import Operation
from metagraft.graph.shapes import Dims

__all__ = ["OPS"]

_SOURCE = "tensorflow core/ops/batch_ops.cc"


def _any_rows(dims: Dims) -> Dims:
    if dims is None:
        return None
    if not dims:
        raise ValueError("Out of range dim_index 0 for shape with 0 dimensions")
    return (None, *dims[1:])


def batch_shape(_attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """Some rows of each, who they belong to, and a number."""
    return (*map(_any_rows, inputs), (None, 3), ())


def unbatch_shape(_attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """Some rows."""
    return (_any_rows(inputs[0]),)


def unbatch_grad_shape(_attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """As many dimensions as the gradient has."""
    return (None if inputs[2] is None else (None,) * len(inputs[2]),)


def batch_gradient(g: GradientBuilder, op: Operation, *dy: Any) -> Sequence[Any]:
    """The rows of each gradient."""
    return [
        g.op(
            "Unbatch",
            batched_tensor=dy[i],
            batch_index=op.outputs[-2],
            id=op.outputs[-1],
            timeout_micros=op.get_attr("grad_timeout_micros"),
            shared_name=f"batch_gradient_{op.name}_{i}",
        )
        for i in range(len(op.inputs))
    ]


def unbatch_gradient(g: GradientBuilder, op: Operation, dy: Any) -> Sequence[Any]:
    """The gradients of all rows of the batch."""
    made = g.op(
        "UnbatchGrad",
        original_input=op.inputs[0],
        batch_index=op.inputs[1],
        grad=dy,
        id=op.inputs[2],
        shared_name=f"unbatch_gradient_{op.name}",
    )
    return (made, None, None)


OPS = (
    OpSpec(name="Batch", shape=batch_shape, gradient=batch_gradient, source=_SOURCE),
    OpSpec(
        name="Unbatch", shape=unbatch_shape, gradient=unbatch_gradient, source=_SOURCE
    ),
    OpSpec(name="UnbatchGrad", shape=unbatch_grad_shape, source=_SOURCE),
)
