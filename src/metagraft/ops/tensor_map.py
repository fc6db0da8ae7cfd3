"""Maps of tensors as values; twin of `kernels/tensor_map.py`.

Source: tensorflow core/ops/map_ops.cc, python/ops/map_ops.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from metagraft.graph.attrs import Attrs
from metagraft.graph.op_spec import (
    NO_RULE_YET,
    NOT_DIFFERENTIABLE,
    GradientBuilder,
    OpSpec,
    Shapes,
)
from metagraft.graph.operation import Operation
from metagraft.graph.shapes import Dims

_SOURCE: Final = "tensorflow core/ops/map_ops.cc"


def scalar_shape(attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """A scalar: the map, its size, or whether it has a key."""
    del attrs, inputs
    return ((),)


def unknown_shape(attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """A map does not tell the shapes of its values."""
    del attrs, inputs
    return (None,)


def lookup_gradient(g: GradientBuilder, op: Operation, dy: Any) -> Sequence[Any]:
    """A map that has the gradient under the key."""
    _, key = op.inputs
    made = g.op("EmptyTensorMap")
    return [g.op("TensorMapInsert", input_handle=made, key=key, value=dy), None]


def _spec(name: str, shape: Any, gradient: Any = NOT_DIFFERENTIABLE) -> OpSpec:
    return OpSpec(name=name, shape=shape, gradient=gradient, source=_SOURCE)


OPS = (
    _spec("EmptyTensorMap", scalar_shape),
    _spec("TensorMapErase", scalar_shape),
    _spec("TensorMapHasKey", scalar_shape),
    _spec("TensorMapInsert", scalar_shape, NO_RULE_YET),
    _spec("TensorMapLookup", unknown_shape, lookup_gradient),
    _spec("TensorMapSize", scalar_shape),
    _spec("TensorMapStackKeys", unknown_shape),
)
