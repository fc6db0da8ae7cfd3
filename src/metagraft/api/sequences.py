"""Evenly spaced numbers and running totals (`tf.range`, `tf.linspace`, `tf.cumsum`).

Source: tensorflow python/ops/math_ops.py.
"""

from __future__ import annotations

from typing import Any

from metagraft.graph import dtypes
from metagraft.graph.apply_op import op
from metagraft.graph.build import array
from metagraft.graph.build.math import (
    cast,
    cumprod,
    cumsum,
    cumulative_logsumexp,
    select_v2,
)
from metagraft.graph.build.math import number_range as range
from metagraft.graph.conversion import convert_to_tensor
from metagraft.graph.scopes import name_scope
from metagraft.graph.tensor import Tensor

__all__ = [
    "cumprod",
    "cumsum",
    "cumulative_logsumexp",
    "linspace",
    "range",
    "sobol_sample",
]


def linspace(
    start: Any, stop: Any, num: Any, name: str | None = None, axis: Any = 0
) -> Tensor:
    """`num` evenly spaced numbers from `start` to `stop`, both included.

    Args:
        start: The first number, or a tensor of first numbers.
        stop: The last number, likewise.
        num: How many numbers.
        name: Name of the scope.
        axis: The new axis along which the numbers of each pair lie.
    """
    with name_scope(name, "linspace", [start, stop]):
        start = convert_to_tensor(start, name="start")
        stop = convert_to_tensor(stop, name="stop", dtype=start.dtype)
        count = _as_int32(num)
        cast(count, dtype=start.dtype)  # TF: made, and used by nothing
        common = op("BroadcastArgs", s0=array.shape(start), s1=array.shape(stop))
        start = op("BroadcastTo", input=start, shape=common)
        stop = op("BroadcastTo", input=stop, shape=common)
        first = array.expand_dims(start, axis=axis)
        last = array.expand_dims(stop, axis=axis)
        shape = array.shape(first)
        rank = array.shape(shape)[0]
        axis = select_v2(axis >= 0, axis, rank + axis)
        inner_count = op("Maximum", x=count - 2, y=0)
        step_count = op("Maximum", x=count - 1, y=1)
        delta = (last - first) / cast(step_count, last.dtype)
        first = cast(first, delta.dtype)
        last = cast(last, delta.dtype)
        end = select_v2(count >= 0, step_count, -1)
        steps = cast(range(1, end, dtype=dtypes.int64), delta.dtype)
        is_axis = op("Equal", x=axis, y=range(rank))
        steps = array.reshape(steps, select_v2(is_axis, inner_count, 1))
        inner = first + delta * steps
        joined = array.concat((first, inner, last), axis=axis)
        begin = array.zeros_like(shape)
        size = array.concat(
            (shape[0:axis], array.reshape(count, [1]), shape[axis + 1 :]), axis=0
        )
        return array.slice_(joined, begin, size)


def _as_int32(num: Any) -> Tensor:
    tensor = convert_to_tensor(num, name="num", preferred_dtype=dtypes.int32)
    if not tensor.dtype.is_integer:
        raise TypeError(
            "Argument `tensor` (name: num) must be of type integer. Received `tensor`"
            f" = {tensor} of dtype: {tensor.dtype}"
        )
    return op("Cast", x=tensor, DstT=dtypes.int32)


def sobol_sample(
    dim: Any,
    num_results: Any,
    skip: Any = 0,
    dtype: Any = dtypes.float32,
    name: str | None = None,
) -> Tensor:
    """Points of a Sobol sequence, `[num_results, dim]`, after the first `skip`."""
    with name_scope(name, "sobol", [dim, num_results, skip]):
        samples: Tensor = op(
            "SobolSample", dim=dim, num_results=num_results, skip=skip, dtype=dtype
        )
        return samples
