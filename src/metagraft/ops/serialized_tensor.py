"""Tensors as strings; twin of `kernels/serialized_tensor.py`.

Source: tensorflow core/ops/parsing_ops.cc; python/ops/parsing_grad.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from metagraft.graph.op_spec import NOT_DIFFERENTIABLE, OpSpec, Shapes
from metagraft.graph.shapes import Dims

__all__ = ["OPS"]

_SOURCE = "tensorflow core/ops/parsing_ops.cc"


def parse_tensor_shape(_attrs: Any, _inputs: Shapes) -> Sequence[Dims]:
    """Only the string knows the shape."""
    return (None,)


def serialize_tensor_shape(_attrs: Any, _inputs: Shapes) -> Sequence[Dims]:
    """A tensor becomes one string."""
    return ((),)


OPS = (
    OpSpec(
        name="ParseTensor",
        shape=parse_tensor_shape,
        gradient=NOT_DIFFERENTIABLE,
        source=_SOURCE,
    ),
    OpSpec(
        name="SerializeTensor",
        shape=serialize_tensor_shape,
        gradient=NOT_DIFFERENTIABLE,
        source=_SOURCE,
    ),
)
