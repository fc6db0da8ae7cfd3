"""`tf.repeat`: every element as often as it is told.

Source: tensorflow python/ops/array_ops.py repeat_with_axis.
"""

from __future__ import annotations

from typing import Any

from metagraft.api.array import all_axes, sequence_mask, tile
from metagraft.graph import dtypes
from metagraft.graph.apply_op import op
from metagraft.graph.build import array
from metagraft.graph.build.masks import boolean_mask
from metagraft.graph.conversion import convert_to_tensor
from metagraft.graph.scopes import name_scope
from metagraft.graph.tensor import Tensor

__all__ = ["repeat"]


def repeat(
    input: Any, repeats: Any, axis: int | None = None, name: str | None = None
) -> Tensor:
    """Repeat the elements of an array, or of its flattened form without `axis`.

    Raises:
        TypeError: `axis` is no integer, or the counts are none.
        ValueError: There is no such axis.
    """
    if axis is None:
        input, axis = array.reshape(input, [-1]), 0
    if not isinstance(axis, int):
        raise TypeError(
            f"Argument `axis` must be an int. Received `axis` = {axis} of type"
            f" {type(axis).__name__}"
        )
    with name_scope(name, "Repeat", [input, repeats]):
        data = convert_to_tensor(input, name="data")
        counts = _as_counts(repeats)
        counts.shape.with_rank_at_most(1)
        data = _with_nonzero_rank(data)
        data_shape = array.shape(data, out_type=counts.dtype)
        axis = _positive_axis(axis, data)
        if counts.shape.num_elements() == 1:
            return _repeat_equally(data, data_shape, counts, axis)
        if counts.dims is not None and len(counts.dims) == 1 and data.dims is not None:
            data.shape[axis].assert_is_compatible_with(counts.shape[0])
        return _repeat_each(data, data_shape, counts, axis)


def _as_counts(repeats: Any) -> Tensor:
    counts = convert_to_tensor(repeats, name="repeats", preferred_dtype=dtypes.int32)
    if not counts.dtype.is_integer:
        raise TypeError(
            "Argument `tensor` (name: repeats) must be of type integer. Received"
            f" `tensor` = {counts} of dtype: {counts.dtype}"
        )
    cast: Tensor = op("Cast", x=counts, DstT=dtypes.int32)
    return cast


def _with_nonzero_rank(data: Tensor) -> Tensor:
    if data.dims == ():
        return array.stack([data])
    if data.dims is not None:
        return data
    shape, rank = array.shape(data), array.rank(data)
    return array.reshape(data, array.concat([[1], shape], axis=0)[-rank:])


def _positive_axis(axis: int, data: Tensor) -> int:
    if data.dims is None:
        if axis < 0:
            raise ValueError(
                f"axis={axis} may only be negative if rank(data) is statically known."
            )
        return axis
    rank = len(data.dims)
    if not -rank <= axis < rank:
        raise ValueError(f"axis={axis} out of bounds: expected {-rank}<=axis<{rank}")
    return axis % rank


def _tile_axis(data: Tensor, axis: int, multiple: Tensor) -> Tensor:
    multiples: Any
    if data.dims is not None:
        multiples = [1] * len(data.dims)
        multiples[axis] = multiple
    else:
        units = array.ones(array.rank(data), dtypes.int32)
        multiples = array.concat([units[:axis], [multiple], units[axis + 1 :]], axis=0)
    return tile(data, multiples)


def _repeat_equally(
    data: Tensor, data_shape: Tensor, counts: Tensor, axis: int
) -> Tensor:
    count = array.reshape(counts, [])
    expanded = array.expand_dims(data, axis + 1)
    tiled = _tile_axis(expanded, axis + 1, count)
    before, size, after = _around(data_shape, axis, lambda: count * data_shape[axis])
    return array.reshape(tiled, array.concat([before, [size], after], axis=0))


def _around(data_shape: Tensor, axis: int, middle: Any) -> tuple[Any, Any, Any]:
    """The sizes before, at and after an axis, built in this order."""
    before = data_shape[:axis]
    size = middle()
    return before, size, data_shape[axis + 1 :]


def _repeat_each(data: Tensor, data_shape: Tensor, counts: Tensor, axis: int) -> Tensor:
    counts = op("BroadcastTo", input=counts, shape=[data_shape[axis]])
    original = counts
    if counts.dims is None or len(counts.dims) != axis + 1:
        counts_shape, counts_rank = array.shape(counts), array.rank(counts)
        outer = data_shape[: axis + 1 - counts_rank]
        wide = array.concat([outer, counts_shape], axis=0)
        counts = op("BroadcastTo", input=counts, shape=wide)
        counts.set_shape([None] * (axis + 1))
    most = op("Max", input=counts, reduction_indices=all_axes(counts))
    zero = convert_to_tensor(0, name="zero", dtype=most.dtype)
    most = op("Maximum", x=zero, y=most)
    mask = sequence_mask(counts, most)
    expanded = array.expand_dims(data, axis + 1)
    masked = boolean_mask(_tile_axis(expanded, axis + 1, most), mask)
    result = masked
    if axis != 0:
        axes = op("Range", start=0, limit=array.rank(original), delta=1)
        total = op("Sum", input=original, reduction_indices=axes)
        before, size, after = _around(data_shape, axis, lambda: total)
        result = array.reshape(masked, array.concat([before, [size], after], axis=0))
    if data.dims is not None:
        size = 0 if counts.dims is not None and counts.dims[0] == 0 else None
        result.set_shape((*data.dims[:axis], size, *data.dims[axis + 1 :]))
    return result
