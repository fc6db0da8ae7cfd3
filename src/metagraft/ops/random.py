"""Random numbers; twin of `kernels/random.py`.

Source: tensorflow core/ops/random_ops.cc.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from metagraft.graph.op_spec import (
    NO_RULE_YET,
    NOT_DIFFERENTIABLE,
    NoGradient,
    OpSpec,
    ShapeFunction,
    Shapes,
)
from metagraft.graph.shape_checks import with_rank
from metagraft.graph.shapes import Dims, show

__all__ = ["OPS"]


def given_shape(_attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """The shape is the value of the first operand."""
    with_rank(inputs[0], 1)
    return (inputs.as_dims(0),)


def random_uniform_int_shape(_attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """The bounds are scalars."""
    with_rank(inputs[0], 1)
    for index, name in ((1, "minval"), (2, "maxval")):
        if inputs[index]:
            raise ValueError(
                f"{name} must be a scalar; got a tensor of shape {show(inputs[index])}"
            )
    return (inputs.as_dims(0),)


def unchanged_shape(_attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """The output has the shape of the operand."""
    return (inputs[0],)


def multinomial_shape(_attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """Logits `[batch, classes]` give samples `[batch, num_samples]`."""
    batch, _ = with_rank(inputs[0], 2)
    with_rank(inputs[1], 0)
    samples = inputs.value(1)
    if samples is not None and int(samples) < 0:
        raise ValueError(
            "Dimension size, given by scalar input 1, must be non-negative but is"
            f" {int(samples)}"
        )
    return ((batch, None if samples is None else int(samples)),)


_ROWS: dict[str, tuple[ShapeFunction, NoGradient]] = {
    "RandomUniform": (given_shape, NOT_DIFFERENTIABLE),
    "RandomUniformInt": (random_uniform_int_shape, NO_RULE_YET),
    "RandomStandardNormal": (given_shape, NOT_DIFFERENTIABLE),
    "TruncatedNormal": (given_shape, NOT_DIFFERENTIABLE),
    "RandomShuffle": (unchanged_shape, NOT_DIFFERENTIABLE),
    "Multinomial": (multinomial_shape, NOT_DIFFERENTIABLE),
}

OPS = tuple(
    OpSpec(
        name=name,
        shape=shape,
        gradient=gradient,
        source="tensorflow core/ops/random_ops.cc",
    )
    for name, (shape, gradient) in _ROWS.items()
)
