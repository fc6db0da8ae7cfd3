"""What normalization layers have in common: axes, formats, scales and offsets.

Source: tf_keras layers/normalization/batch_normalization.py.
"""

from __future__ import annotations

from typing import Any

from metagraft.graph.apply_op import op
from metagraft.graph.build import array
from metagraft.graph.scopes import name_scope
from metagraft.graph.shapes import TensorShape, is_static
from metagraft.graph.tensor import Tensor

__all__ = [
    "Spread",
    "composed",
    "fused_format",
    "mean_of_batches",
    "ones_like",
    "valid_axes",
]

FUSED_FORMATS = {(1, 4): "NCHW", (1, 5): "NCDHW", (3, 4): "NHWC", (4, 5): "NDHWC"}


class Spread:
    """Lays vectors along the normalized axis, where broadcasting would not."""

    def __init__(self, shape: TensorShape, axis: int, reduced: list[int]) -> None:
        """Prepare for images of a shape that are reduced over some axes."""
        sizes = shape.as_list()
        self._rank = len(sizes)
        self._shape: list[int | None] = [1] * self._rank
        self._shape[axis] = sizes[axis]
        self._is_needed = reduced != list(range(self._rank - 1))

    def __call__(self, vector: Any) -> Any:
        """Return a vector, reshaped if need be."""
        if vector is None or not self._is_needed:
            return vector
        if len(vector.shape) == self._rank:
            return vector
        return array.reshape(vector, self._shape)


def composed(
    scale: Any, offset: Any, then_scale: Any, then_offset: Any
) -> tuple[Any, Any]:
    """Apply one scale and offset, then others; return those of both."""
    if then_scale is not None:
        scale = scale * then_scale
        offset = offset * then_scale
    if then_offset is not None:
        offset = offset + then_offset
    return scale, offset


def mean_of_batches(values: Tensor) -> Tensor:
    """Average the moments of virtual batches."""
    mean: Tensor = op("Mean", input=values, reduction_indices=1, keep_dims=True)
    return mean


def fused_format(axis: int, rank: int) -> str | None:
    """Return the format of the fused operation, None if it has none for the axis.

    Raises:
        ValueError: An image has its channels elsewhere.
    """
    data_format = FUSED_FORMATS.get((axis, rank))
    if data_format is None and rank == 4:
        raise ValueError(
            "Unsupported axis. The use of `fused=True` is only possible with `axis=1`"
            f" or `axis=3` for 4D input tensors. Received: axis={(axis,)}"
        )
    return data_format


def valid_axes(axis: Any, shape: TensorShape) -> list[int]:
    """Return axes counted from 0.

    Raises:
        ValueError: An axis does not exist or is named twice.
    """
    rank = shape.ndims
    if not rank:
        raise ValueError(f"Input has undefined rank. Received: input_shape={shape}")
    axes = [axis] if isinstance(axis, int) else list(axis)
    axes = [rank + a if a < 0 else a for a in axes]
    if any(not 0 <= a < rank for a in axes):
        raise ValueError(
            "Invalid value for `axis` argument. Expected 0 <= axis < inputs.rank (with"
            f" inputs.rank={rank}). Received: axis={tuple(axes)}"
        )
    if len(axes) != len(set(axes)):
        raise ValueError(f"Duplicate axis: {tuple(axes)}")
    return axes


def ones_like(tensor: Tensor) -> Tensor:
    """Return ones, as version 2 of `tf.ones_like` adds them."""
    with name_scope(None, "ones_like", [tensor]) as scope:
        if is_static(tensor.dims):
            return array.ones(tensor.shape, dtype=tensor.dtype, name=scope)
        ones: Tensor = op("OnesLike", x=tensor, name=scope)
        return ones
