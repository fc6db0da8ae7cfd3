"""Random numbers that depend on their seeds alone; twin of the kernels of it.

Source: tensorflow core/ops/stateless_random_ops.cc, stateless_random_ops_v2.cc.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from metagraft.graph.op_spec import (
    NO_RULE_YET,
    NOT_DIFFERENTIABLE,
    OpSpec,
    ShapeFunction,
    Shapes,
)
from metagraft.graph.shape_checks import merge_dim, with_rank, with_size
from metagraft.graph.shapes import Dims, show

__all__ = ["OPS"]

_SOURCE = "tensorflow core/ops/stateless_random_ops.cc"


def _check_seed(dims: Dims) -> None:
    (size,) = with_rank(dims, 1)
    merge_dim(size, 2)


def seeded_shape(_attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """The shape is the value of the first operand; there are two seeds."""
    with_rank(inputs[0], 1)
    _check_seed(inputs[1])
    return (inputs.as_dims(0),)


def _check_bounds(inputs: Shapes, first: int) -> None:
    for index, name in ((first, "minval"), (first + 1, "maxval")):
        if inputs[index]:
            raise ValueError(
                f"{name} must be a scalar; got a tensor of shape {show(inputs[index])}"
            )


def seeded_int_shape(attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """As `seeded_shape`; the bounds are scalars."""
    _check_bounds(inputs, 2)
    return seeded_shape(attrs, inputs)


def _check_position(inputs: Shapes, first: int) -> None:
    (key,) = with_rank(inputs[first], 1)
    with_size(key, 1)
    with_rank(inputs[first + 1], 1)
    with_rank(inputs[first + 2], 0)


def positioned_shape(_attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """The shape is the value of the first operand; a key, a counter, an algorithm."""
    with_rank(inputs[0], 1)
    _check_position(inputs, 1)
    return (inputs.as_dims(0),)


def positioned_int_shape(attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """As `positioned_shape`; the limits are scalars."""
    shapes = positioned_shape(attrs, inputs)
    for place, name in ((4, "minval"), (5, "maxval")):
        if inputs[place]:
            raise ValueError(
                f"{name} must be a scalar; got a tensor of shape {show(inputs[place])}"
            )
    return shapes


def multinomial_shape(_attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """Logits `[batch, classes]` give samples `[batch, num_samples]`."""
    batch, _ = with_rank(inputs[0], 2)
    with_rank(inputs[1], 0)
    _check_seed(inputs[2])
    samples = inputs.value(1)
    if samples is not None and int(samples) < 0:
        raise ValueError(
            "Dimension size, given by scalar input 1, must be non-negative but is"
            f" {int(samples)}"
        )
    return ((batch, None if samples is None else int(samples)),)


def shuffle_shape(_attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """The rows change places."""
    return (inputs[0],)


def key_counter_shape(_attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """A key of one number, a counter of two."""
    _check_seed(inputs[0])
    return ((1,), (2,))


def key_counter_alg_shape(attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """As `key_counter_shape`, and the number of the algorithm."""
    return (*key_counter_shape(attrs, inputs), ())


def scalar_shape(_attrs: Any, _inputs: Shapes) -> Sequence[Dims]:
    """One number."""
    return ((),)


_ROWS: dict[str, ShapeFunction] = {
    "StatelessRandomUniform": seeded_shape,
    "StatelessRandomNormal": seeded_shape,
    "StatelessTruncatedNormal": seeded_shape,
    "StatelessRandomUniformInt": seeded_int_shape,
    "StatelessRandomUniformFullInt": seeded_shape,
    "StatelessRandomUniformV2": positioned_shape,
    "StatelessRandomNormalV2": positioned_shape,
    "StatelessTruncatedNormalV2": positioned_shape,
    "StatelessRandomUniformIntV2": positioned_int_shape,
    "StatelessRandomUniformFullIntV2": positioned_shape,
    "StatelessMultinomial": multinomial_shape,
    "StatelessShuffle": shuffle_shape,
    "StatelessRandomGetKeyCounter": key_counter_shape,
    "StatelessRandomGetAlg": scalar_shape,
    "StatelessRandomGetKeyCounterAlg": key_counter_alg_shape,
}

# TF: says of this one nothing, so that asking for its gradient fails.
_WITHOUT_RULE = "StatelessShuffle"

OPS = tuple(
    OpSpec(
        name=name,
        shape=shape,
        gradient=NO_RULE_YET if name == _WITHOUT_RULE else NOT_DIFFERENTIABLE,
        source=_SOURCE,
    )
    for name, shape in _ROWS.items()
)
