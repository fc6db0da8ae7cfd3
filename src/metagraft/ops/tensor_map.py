"""Maps of tensors as values; twin of `kernels/tensor_map.py`.

Source: tensorflow core/ops/map_ops.cc, python/ops/map_ops.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import Any, Final

from metagraft.graph.attrs import Attrs
from metagraft.graph.build import array
from metagraft.graph.op_spec import (
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


def erase_gradient(_g: GradientBuilder, _op: Operation, d_map: Any) -> Sequence[Any]:
    """The gradient of the map, which has the key no more."""
    return d_map, None


def insert_gradient(g: GradientBuilder, op: Operation, d_map: Any) -> Sequence[Any]:
    """What the gradient has under the key, or zeros, and the rest of it."""
    _, key, value = op.inputs
    entry = {"input_handle": d_map, "key": key, "value_dtype": value.dtype}

    def taken() -> tuple[Any, Any]:
        return g.op("TensorMapLookup", **entry), g.op("TensorMapErase", **entry)

    def absent() -> tuple[Any, Any]:
        return array.zeros_like(value), d_map

    # `api` lies above `ops`, so it is looked up when needed, not imported.
    cond = import_module("metagraft.api.cond").cond
    has_key = g.op("TensorMapHasKey", input_handle=d_map, key=key)
    d_value, rest = cond(has_key, taken, absent)
    return rest, None, d_value


def _spec(name: str, shape: Any, gradient: Any = NOT_DIFFERENTIABLE) -> OpSpec:
    return OpSpec(name=name, shape=shape, gradient=gradient, source=_SOURCE)


OPS = (
    _spec("EmptyTensorMap", scalar_shape),
    _spec("TensorMapErase", scalar_shape, erase_gradient),
    _spec("TensorMapHasKey", scalar_shape),
    _spec("TensorMapInsert", scalar_shape, insert_gradient),
    _spec("TensorMapLookup", unknown_shape, lookup_gradient),
    _spec("TensorMapSize", scalar_shape),
    _spec("TensorMapStackKeys", unknown_shape),
)
