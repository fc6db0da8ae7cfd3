"""Nodes of reductions, as TensorFlow's Python functions add them.

Source: tensorflow python/ops/math_ops.py.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from metagraft.graph.apply_op import op
from metagraft.graph.build import array
from metagraft.graph.build.math import add, number_range
from metagraft.graph.constant_value import constant_value
from metagraft.graph.conversion import convert_to_tensor
from metagraft.graph.scopes import name_scope
from metagraft.graph.shapes import TensorShape, is_static
from metagraft.graph.tensor import Tensor

__all__ = ["reduce_logsumexp", "reduce_tensor", "reduced_shape", "reduction_dims"]


def reduction_dims(x: Any, axis: Any) -> Any:
    """Return the axes to reduce: `axis`, or all of `x` when it is None."""
    if axis is not None:
        return axis
    shape = getattr(x, "shape", None)
    rank = shape.ndims if isinstance(shape, TensorShape) else None
    if rank:
        return array.constant(np.arange(rank, dtype=np.int32))
    return number_range(0, array.rank(x))


def as_scalar_if_reduced(keep: bool, axis: Any, output: Tensor) -> Tensor:
    """Note that a reduction over all axes gives a scalar."""
    if axis is None and not keep and not is_static(output.shape.dims_tuple):
        output.set_shape(())
    return output


def reduce_tensor(
    op_type: str,
    input_tensor: Any,
    axis: Any = None,
    keepdims: bool | None = False,
    name: str | None = None,
) -> Tensor:
    """Add a reduction (`Sum`, `Mean`, `Max`, ...) over `axis`, or over all axes."""
    keep = bool(keepdims)
    axes = reduction_dims(input_tensor, axis)
    output = op(
        op_type, input=input_tensor, reduction_indices=axes, keep_dims=keep, name=name
    )
    return as_scalar_if_reduced(keep, axis, output)


def reduce_logsumexp(
    input_tensor: Any,
    axis: Any = None,
    keepdims: bool | None = False,
    name: str | None = None,
) -> Tensor:
    """Compute `log(sum(exp(x)))` without overflow: the maximum is taken out first."""
    keep = bool(keepdims)
    with name_scope(name, "ReduceLogSumExp", [input_tensor]) as scope:
        raw_max = reduce_tensor("Max", input_tensor, axis, keepdims=True)
        finite_max = op("SelectV2", condition=op("IsFinite", x=raw_max), t=raw_max, e=0)
        my_max = op("StopGradient", input=finite_max)
        shifted = op("Sub", x=input_tensor, y=my_max)
        summed = reduce_tensor("Sum", op("Exp", x=shifted), axis, keep)
        result = op("Log", x=summed)
        if not keep:
            my_max = array.reshape(my_max, op("Shape", input=result))
        return as_scalar_if_reduced(keep, axis, add(result, my_max, name=scope))


def reduced_shape(input_shape: Any, axes: Any) -> npt.NDArray[np.int32] | Tensor:
    """Return the shape of a reduction that keeps its dimensions.

    Args:
        input_shape: A shape as a tensor or a sequence of integers.
        axes: The reduced axes, likewise.

    Returns:
        Integers if both are known, else a tensor computed from them.
    """
    known_shape = _known(input_shape)
    known_axes = _known(axes) if known_shape is not None else None
    if known_shape is not None and known_axes is not None:
        kept = np.array(known_shape, dtype=np.int32)
        kept[np.array(known_axes, dtype=np.int32)] = 1
        return kept
    axes = convert_to_tensor(axes)
    rank = array.size(input_shape, out_type=axes.dtype)
    axes = (axes + rank) % rank
    axes_shape = array.shape(axes)
    indices = [number_range(rank), axes]
    ones = array.ones(axes_shape, dtype=input_shape.dtype)
    merged: Tensor = op("DynamicStitch", indices=indices, data=[input_shape, ones])
    return merged


def _known(value: Any) -> Any:
    return constant_value(value) if isinstance(value, Tensor) else value
