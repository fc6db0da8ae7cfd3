"""Pooling over windows of random sizes; twin of `kernels/fractional_pooling.py`.

Source: tensorflow core/ops/nn_ops.cc FractionalPoolShapeFn, python/ops/nn_grad.py.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from metagraft.graph.op_spec import GradientBuilder, OpSpec, Shapes
from metagraft.graph.shape_checks import with_rank
from metagraft.graph.shapes import Dims

if TYPE_CHECKING:
    from metagraft.graph.operation import Operation
    from metagraft.graph.tensor import Tensor

__all__ = ["OPS", "FractionalAttrs"]

_SOURCE = "tensorflow core/ops/nn_ops.cc"


@dataclass(frozen=True, slots=True)
class FractionalAttrs:
    """Attributes of fractional pooling.

    Attributes:
        ratios: How many values of the image come to one of the result, for each axis.
        is_pseudo_random: Whether sizes are as even as can be, from a random start.
        overlaps: Whether windows share their borders.
        is_deterministic: Whether the sizes are the same in every run.
        seeds: Where the random numbers start.
    """

    ratios: tuple[float, ...]
    is_pseudo_random: bool
    overlaps: bool
    is_deterministic: bool
    seeds: tuple[int, int]

    @classmethod
    def read(cls, attrs: Mapping[str, Any]) -> FractionalAttrs:
        """Read the attributes.

        Raises:
            ValueError: There is no ratio for each of 4 axes, or one is less than 1.
        """
        ratios = tuple(attrs["pooling_ratio"])
        if len(ratios) != 4:
            raise ValueError("pooling_ratio field must specify 4 dimensions")
        for ratio in ratios:
            if ratio < 1:
                raise ValueError(
                    f"pooling_ratio cannot be smaller than 1, got: {ratio:g}"
                )
        return cls(
            ratios=ratios,
            is_pseudo_random=attrs["pseudo_random"],
            overlaps=attrs["overlapping"],
            is_deterministic=attrs["deterministic"],
            seeds=(attrs["seed"], attrs["seed2"]),
        )

    def output_size(self, axis: int, size: int) -> int:
        """Return how many windows there are along an axis."""
        pooled = np.float32(size) / np.float32(self.ratios[axis])
        if np.isnan(pooled):
            raise ValueError(
                f"Size computed for dim {axis} is negative: {np.iinfo(np.int64).min}"
            )
        return math.floor(pooled)


def pool_shape(attrs: FractionalAttrs, inputs: Shapes) -> Sequence[Dims]:
    """The pooled image, and where windows begin.

    TF: says that there are as many beginnings as windows; there is one more.
    """
    image = with_rank(inputs[0], 4)
    dims = tuple(
        None if size is None else attrs.output_size(axis, size)
        for axis, size in enumerate(image)
    )
    return (dims, (_one_more(dims[1]),), (_one_more(dims[2]),))


def _one_more(size: int | None) -> int | None:
    return None if size is None else size + 1


def max_grad_shape(_attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """The gradient has the shape of the image."""
    return (with_rank(inputs[0], 4),)


def average_grad_shape(_attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """The shape is the value of the first operand."""
    is_known = inputs.value(0) is not None  # the kernel checks it
    return (inputs.as_dims(0) if is_known else (None,) * 4,)


def max_gradient(
    g: GradientBuilder, op: Operation, dy: Tensor, *_: Any
) -> Sequence[Tensor]:
    """The gradient goes where the largest value came from."""
    return (
        g.op(
            "FractionalMaxPoolGrad",
            orig_input=op.inputs[0],
            orig_output=op.outputs[0],
            out_backprop=dy,
            row_pooling_sequence=op.outputs[1],
            col_pooling_sequence=op.outputs[2],
            overlapping=op.get_attr("overlapping"),
        ),
    )


def average_gradient(
    g: GradientBuilder, op: Operation, dy: Tensor, *_: Any
) -> Sequence[Tensor]:
    """Every value of a window gets an equal part."""
    return (
        g.op(
            "FractionalAvgPoolGrad",
            orig_input_tensor_shape=op.inputs[0].shape,
            out_backprop=dy,
            row_pooling_sequence=op.outputs[1],
            col_pooling_sequence=op.outputs[2],
            overlapping=op.get_attr("overlapping"),
        ),
    )


OPS = (
    OpSpec(
        name="FractionalMaxPool",
        attrs=FractionalAttrs.read,
        shape=pool_shape,
        gradient=max_gradient,
        source=_SOURCE,
    ),
    OpSpec(
        name="FractionalAvgPool",
        attrs=FractionalAttrs.read,
        shape=pool_shape,
        gradient=average_gradient,
        source=_SOURCE,
    ),
    OpSpec(name="FractionalMaxPoolGrad", shape=max_grad_shape, source=_SOURCE),
    OpSpec(name="FractionalAvgPoolGrad", shape=average_grad_shape, source=_SOURCE),
)
