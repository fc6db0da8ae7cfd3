"""Ragged tensors that broadcast along their rows.

A shape of rows has a size for each axis: a number where all rows are equally long, or a
vector of their lengths.

Source: tensorflow python/ops/ragged/ragged_tensor_shape.py, ragged_util.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from metagraft.api.assertion import assert_
from metagraft.api.comparison import equal, where
from metagraft.api.ragged_factories import as_values
from metagraft.api.ragged_tensor import RaggedTensor
from metagraft.api.ragged_tile import (
    as_integers,
    lengths_to_splits,
    repeat_ranges,
    tile,
)
from metagraft.graph import dtypes
from metagraft.graph.build import array
from metagraft.graph.build.math import cast, number_range
from metagraft.graph.build.reductions import reduce_tensor
from metagraft.graph.constant_value import constant_value
from metagraft.graph.conversion import convert_to_tensor
from metagraft.graph.scopes import control_dependencies, name_scope
from metagraft.graph.tensor import Tensor

__all__ = ["RowShape", "broadcast", "broadcast_shape", "rows_of"]


class RowShape:
    """The sizes of the axes of a tensor, found in a run.

    Attributes:
        outer: The sizes of all axes down to the last ragged one: scalars and vectors.
        inner: The sizes of the axes after that one, a vector.
        checks: What fails in a run if the shape is not what others broadcast to.
    """

    def __init__(self, outer: Sequence[Any], inner: Any, dtype: Any = None) -> None:
        """Take sizes.

        Args:
            outer: The sizes of all axes down to the last ragged one.
            inner: The sizes of the others.
            dtype: int32 or int64; by default that of the vectors.
        """
        with name_scope(None, "RaggedTensorDynamicShape", [outer, inner]):
            sizes = [
                convert_to_tensor(size, name=f"partitioned_dimension_size_{i}")
                for i, size in enumerate(outer)
            ]
            inner = convert_to_tensor(inner, name="inner_dim_sizes")
            inner.shape.assert_has_rank(1)
            if dtype is None:
                found = [size.dtype for size in sizes if size.shape.ndims == 1]
                dtype = found[0] if found else dtypes.int64
            self.outer = tuple(cast(size, dtype) for size in sizes)
            self.inner: Tensor = cast(inner, dtype)
        self.dtype = self.inner.dtype
        self.checks: list[Any] = []

    @property
    def inner_rank(self) -> int:
        """How many axes there are after the last ragged one."""
        return int(self.inner.shape[0])

    @property
    def rank(self) -> int:
        """How many axes there are.

        Raises:
            ValueError: That is not known.
        """
        if self.inner.shape[0].value is None:
            raise ValueError("Unable to broadcast: unknown rank")
        return len(self.outer) + self.inner_rank

    def size(self, axis: int) -> Any:
        """Return the size of an axis, or the lengths of rows."""
        count = len(self.outer)
        return self.outer[axis] if axis < count else self.inner[axis - count]

    def is_ragged(self, axis: int) -> bool:
        """Whether rows differ along an axis."""
        return 0 < axis < len(self.outer) and self.outer[axis].shape.ndims == 1

    def of_rank(self, rank: int) -> RowShape:
        """Add axes of size one before the first."""
        added = rank - self.rank
        if added == 0:
            return self
        if self.outer:
            return RowShape([1] * added + list(self.outer), self.inner, self.dtype)
        ones = array.ones([added], self.dtype)
        return RowShape([], array.concat([ones, self.inner], axis=0), self.dtype)

    def widened(self, axis: int, lengths: Any) -> RowShape:
        """Let an axis of size one have other lengths; if it has another size, fail."""
        lengths = as_integers(lengths, "lengths", self.dtype)
        is_scalar = lengths.shape.ndims == 0
        condition = self._fits(axis, lengths, is_scalar=is_scalar)
        told = [
            "Unable to broadcast: dimension size mismatch in dimension",
            axis,
            "lengths=",
            lengths,
            "dim_size=",
            self.size(axis),
        ]
        check = assert_(condition, data=told, summarize=10)
        with control_dependencies([check]):
            wider = self._widened(axis, lengths, is_scalar=is_scalar)
        wider.checks = [*self.checks, check]
        return wider

    def _widened(self, axis: int, lengths: Tensor, *, is_scalar: bool) -> RowShape:
        if axis < len(self.outer):
            if self.is_ragged(axis):
                return RowShape(self.outer, array.identity(self.inner), self.dtype)
            return self._widened_outer(axis, lengths)
        if is_scalar:
            return self._widened_inner(axis, lengths)
        if axis == 0:
            raise ValueError(
                "Unable to broadcast: outermost dimension must be uniform."
            )
        at = axis - len(self.outer)
        uniform = [self.inner[i] for i in range(at)]
        outer = [*self.outer, *uniform, lengths]
        return RowShape(outer, self.inner[at + 1 :])

    def _fits(self, axis: int, lengths: Tensor, *, is_scalar: bool) -> Any:
        if self.is_ragged(axis):
            if is_scalar:
                return equal(lengths, 1)
            return reduce_tensor("All", equal(lengths, self.size(axis)))
        size = self.size(axis)
        if not is_scalar:
            return equal(size, 1)
        return equal(lengths, 1) | equal(size, 1) | equal(size, lengths)

    def _slices(self, axis: int) -> Any:
        """Return how many rows there are of all axes down to one."""
        if axis < 0:
            return array.constant(1, dtype=self.dtype)
        if self.is_ragged(axis):
            return reduce_tensor("Sum", self.outer[axis])
        return self.size(axis) * self._slices(axis - 1)

    def _widened_outer(self, axis: int, lengths: Tensor) -> RowShape:
        size = self.size(axis)
        sizes = list(self.outer[:axis])
        repeats: Any = lengths
        if lengths.shape.ndims == 0:
            lengths = where(equal(size, 1), lengths, size)
            repeats = where(equal(size, 1), lengths, 1)
            splits = array.stack([0, self._slices(axis)])
        else:
            splits = number_range(array.size(lengths, out_type=self.dtype) + 1)
        sizes.append(lengths)
        for following in self.outer[axis + 1 :]:
            if following.shape.ndims == 0:
                sizes.append(following)
                splits *= following
            else:
                sizes.append(repeat_ranges(following, splits, repeats))
                splits = array.gather(lengths_to_splits(following), splits)
        return RowShape(sizes, self.inner, self.dtype)

    def _widened_inner(self, axis: int, length: Tensor) -> RowShape:
        size = self.size(axis)
        at = axis - len(self.outer)
        before = self.inner[:at]
        middle = where(equal(size, 1), length, size)
        inner = array.concat([before, [middle], self.inner[at + 1 :]], axis=0)
        return RowShape(self.outer, inner, self.dtype)


def rows_of(value: Any, dtype: Any = None) -> RowShape:
    """Return the shape of a tensor, ragged or not."""
    with name_scope(None, "RaggedTensorDynamicShapeFromTensor", [value]):
        value = as_values(value)
        if not isinstance(value, RaggedTensor):
            return RowShape([], array.shape(value), dtype)
        outer = (value.nrows(), *value.nested_row_lengths())
        return RowShape(outer, array.shape(value.flat_values)[1:], dtype)


def broadcast_shape(x: RowShape, y: RowShape) -> RowShape:
    """Return the shape that two shapes broadcast to.

    Raises:
        ValueError: The rank of one is not known.
    """
    rank = max(x.rank, y.rank)
    x, y = x.of_rank(rank), y.of_rank(rank)
    for axis in range(rank):
        x = x.widened(axis, y.size(axis))
        y = y.widened(axis, x.size(axis))
    x.checks = [*x.checks, *y.checks]
    return x


def broadcast(value: Any, shape: RowShape, *, inner: bool = True) -> Any:
    """Repeat rows until a tensor has a shape.

    Args:
        value: A tensor, ragged or not.
        shape: A shape that it broadcasts to.
        inner: Whether the axes after the last ragged one are broadcast, too.

    Raises:
        ValueError: The ranks do not fit.
    """
    value = as_values(value)
    if not shape.outer:
        if isinstance(value, RaggedTensor):
            raise ValueError("Incompatible with shape: ragged rank mismatch")
        return _broadcast_to(value, shape.inner) if inner else value
    rank = value.shape.ndims
    if rank is None:
        raise ValueError("Unable to broadcast: unknown rank")
    if rank > shape.rank:
        raise ValueError("Incompatible with shape: rank mismatch")
    if isinstance(value, RaggedTensor) and value.ragged_rank >= len(shape.outer):
        raise ValueError("Incompatible with shape: ragged rank mismatch")
    source = rows_of(value).of_rank(shape.rank)
    value = _in_rows(value, shape)
    value = _tiled(value, source, shape)
    if inner:
        value = _broadcast_inner(value, shape)
    for axis in range(len(shape.outer)):
        if not source.is_ragged(axis) and shape.is_ragged(axis):
            value = _rows_repeated(value, axis, shape.size(axis), shape.dtype)
    return value


def _broadcast_to(value: Tensor, shape: Any) -> Tensor:
    from metagraft.api.array import broadcast_to

    return broadcast_to(value, shape)


def _broadcast_inner(value: RaggedTensor, shape: RowShape) -> RaggedTensor:
    from metagraft.api.array import broadcast_dynamic_shape

    own = array.shape(value.flat_values, out_type=shape.dtype)
    wanted = array.concat([[1], shape.inner], axis=0)
    whole = broadcast_dynamic_shape(own, wanted)
    return value.with_flat_values(_broadcast_to(value.flat_values, whole))


def _in_rows(value: Any, shape: RowShape) -> RaggedTensor:
    """Divide a tensor into as many axes of rows as a shape has."""
    if shape.rank > value.shape.ndims:
        if value.shape.ndims < shape.inner_rank + 1:
            whole = array.concat([[-1], shape.inner], axis=0)
            value = array.reshape(value, whole)
        for _ in range(shape.rank - value.shape.ndims):
            if isinstance(value, RaggedTensor):
                count = value.nrows()
            else:
                count = array.shape(value, out_type=shape.dtype)[0]
            value = RaggedTensor.from_row_lengths(value, [count], validate=False)
    if not isinstance(value, RaggedTensor):
        made: RaggedTensor = RaggedTensor.from_tensor(
            value,
            ragged_rank=len(shape.outer) - 1,
            row_splits_dtype=shape.dtype,
        )
        return made
    more = len(value.flat_values.shape) - 1 - shape.inner_rank
    if more > 0:
        rows = RaggedTensor.from_tensor(
            value.flat_values, ragged_rank=more, row_splits_dtype=shape.dtype
        )
        return value.with_flat_values(rows)
    return value


def _tiled(value: RaggedTensor, source: RowShape, shape: RowShape) -> Any:
    multiples: list[Any] = [1] * shape.rank
    for axis in range(len(shape.outer)):
        if source.is_ragged(axis) or shape.is_ragged(axis):
            continue
        own, wanted = source.size(axis), shape.size(axis)
        if constant_value(own) in (1, None) and constant_value(wanted) != 1:
            multiples[axis] = where(equal(own, 1), wanted, 1)
    if all(isinstance(multiple, int) for multiple in multiples):
        return value
    return tile(value, array.stack(multiples, axis=0))


def _rows_repeated(value: Any, axis: int, repeats: Tensor, dtype: Any) -> Any:
    if not isinstance(value, RaggedTensor):
        value = RaggedTensor.from_tensor(value, ragged_rank=1, row_splits_dtype=dtype)
    if axis > 1:
        return value.with_values(_rows_repeated(value.values, axis - 1, repeats, dtype))
    own_splits, own_lengths = value.nested_row_splits, value.nested_row_lengths()
    splits = own_splits[0]
    lengths = [repeats]
    for level_splits, level_lengths in zip(
        own_splits[1:], own_lengths[1:], strict=True
    ):
        lengths.append(repeat_ranges(level_lengths, splits, repeats))
        splits = array.gather(level_splits, splits)
    flat = repeat_ranges(value.flat_values, splits, repeats)
    return RaggedTensor.from_nested_row_lengths(flat, lengths, validate=False)
