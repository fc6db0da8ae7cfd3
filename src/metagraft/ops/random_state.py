"""Random numbers of generators, whose state is a variable; twin of the kernels of it.

Source: tensorflow core/ops/stateful_random_ops.cc.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from metagraft.graph.op_spec import OpSpec, ShapeFunction, Shapes
from metagraft.graph.shape_checks import with_rank
from metagraft.graph.shapes import Dims

__all__ = ["OPS"]

_STATE_SIZE = 3


def filled_shape(_attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """The shape is the value of the third operand; the algorithm is a scalar."""
    with_rank(inputs[1], 0)
    return (inputs.as_dims(2),)


def uniform_int_shape(attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """As `filled_shape`; the bounds are scalars."""
    shape = filled_shape(attrs, inputs)
    with_rank(inputs[3], 0)
    with_rank(inputs[4], 0)
    return shape


def binomial_shape(_attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """The third operand gives the shape, with which parameters broadcast."""
    return (inputs.as_dims(2),)


def old_normal_shape(_attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """The shape is the value of the second operand."""
    return (inputs.as_dims(1),)


def skip_shape(_attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """Nothing comes out; the operands are scalars."""
    with_rank(inputs[1], 0)
    with_rank(inputs[2], 0)
    return ()


def read_and_skip_shape(attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """Counter and key as they were."""
    skip_shape(attrs, inputs)
    return ((_STATE_SIZE,),)


def given_shape(_attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """The shape is the value of the operand."""
    return (inputs.as_dims(0),)


_ROWS: dict[str, ShapeFunction] = {
    "NonDeterministicInts": given_shape,
    "RngReadAndSkip": read_and_skip_shape,
    "RngSkip": skip_shape,
    "StatefulRandomBinomial": binomial_shape,
    "StatefulStandardNormal": old_normal_shape,
    "StatefulStandardNormalV2": filled_shape,
    "StatefulTruncatedNormal": filled_shape,
    "StatefulUniform": filled_shape,
    "StatefulUniformFullInt": filled_shape,
    "StatefulUniformInt": uniform_int_shape,
}

OPS = tuple(
    OpSpec(name=name, shape=shape, source="tensorflow core/ops/stateful_random_ops.cc")
    for name, shape in _ROWS.items()
)
