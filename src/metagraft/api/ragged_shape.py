"""`tf.experimental.DynamicRaggedShape`: shapes of which some axes are ragged.

Source: tensorflow python/ops/ragged/dynamic_ragged_shape.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from metagraft.api.checks import assert_equal
from metagraft.api.ragged_dispatch import RAGGED_TYPES
from metagraft.api.ragged_tensor import RaggedTensor, is_ragged
from metagraft.api.row_partition import RowPartition
from metagraft.graph import dtypes
from metagraft.graph.build import array
from metagraft.graph.build.control_flow import with_dependencies
from metagraft.graph.build.math import cast
from metagraft.graph.build.reductions import reduce_tensor
from metagraft.graph.constant_value import constant_value
from metagraft.graph.conversion import convert_to_tensor
from metagraft.graph.dtypes import DType
from metagraft.graph.folding import constant_value_as_dims
from metagraft.graph.shapes import TensorShape
from metagraft.graph.tensor import Tensor

__all__ = ["DynamicRaggedShape"]


class DynamicRaggedShape:
    """How values are divided into rows, and the shape of what the last rows hold."""

    def __init__(
        self,
        row_partitions: Sequence[RowPartition],
        inner_shape: Any,
        dtype: Any = None,
        validate: bool = False,
        static_inner_shape: Any = None,
    ) -> None:
        """Take how values are divided.

        Args:
            row_partitions: One for each axis but the first that rows make.
            inner_shape: The shape of all values: their count, and the other axes.
            dtype: int32 or int64.
            validate: Whether runs check that all fits.
            static_inner_shape: What is known of `inner_shape`.

        Raises:
            TypeError: The partitions are none.
            ValueError: It is known that they do not fit.
        """
        if not isinstance(row_partitions, Iterable):
            raise TypeError(
                "row_partitions should be a list of row partitions. Instead, got"
                f" {row_partitions}"
            )
        for one in row_partitions:
            if not isinstance(one, RowPartition):
                raise TypeError(
                    f"row_partitions contains {one} which is not a RowPartition"
                )
        wanted = _dtype_of(row_partitions, inner_shape, dtype)
        self._row_partitions = tuple(one.with_dtype(wanted) for one in row_partitions)
        inner = convert_to_tensor(
            inner_shape, preferred_dtype=wanted, name="inner_dim_sizes"
        )
        self._inner_shape: Tensor = cast(inner, wanted)
        self._inner_shape.shape.assert_has_rank(1)
        known = TensorShape(constant_value_as_dims(self._inner_shape))
        if static_inner_shape is not None:
            known = known.merge_with(static_inner_shape)
        self._static_inner_shape = known
        checks = self._checks(validate=validate)
        if checks:
            self._inner_shape = with_dependencies(
                checks, self._inner_shape, name="inner_shape_validated"
            )
            self._row_partitions = tuple(p.after(checks) for p in self._row_partitions)

    def _checks(self, *, validate: bool) -> list[Any]:
        """Return checks that each partition divides the rows of the next one.

        Raises:
            ValueError: It is known that one does not.
        """
        checks = []
        pairs = zip(self._row_partitions, self._row_partitions[1:], strict=False)
        for axis, (before, after) in enumerate(pairs):
            message = (
                "RowPartitions in DynamicRaggedShape do not align between"
                f" {axis} and {axis + 1}"
            )
            values, rows = before.static_nvals, after.static_nrows
            if values is not None and rows is not None:
                if values != rows:
                    raise ValueError(message)
            elif validate:
                same = assert_equal(before.nvals(), after.nrows(), message=message)
                checks.append(same)
        if not self._row_partitions:
            return checks
        message = "Last row partition does not match inner_shape."
        last, count = self._row_partitions[-1], self._static_size(0)
        if last.static_nvals is not None and count is not None:
            if last.static_nvals != count:
                raise ValueError(message)
        elif validate:
            same = assert_equal(last.nvals(), self._inner_shape[0], message=message)
            checks.append(same)
        return checks

    @classmethod
    def from_lengths(
        cls,
        lengths: list[Any],
        num_row_partitions: int | None = None,
        dtype: Any = dtypes.int64,
    ) -> DynamicRaggedShape:
        """Make one of the size of each axis, or of tuples of the lengths of rows.

        Args:
            lengths: Numbers and tuples of numbers.
            num_row_partitions: How many axes rows make; by default down to the last
                tuple.
            dtype: int32 or int64.

        Raises:
            ValueError: The lengths do not fit together.
        """
        _check_lengths(lengths)
        if num_row_partitions is None:
            places = [i for i, one in enumerate(lengths) if not isinstance(one, int)]
            num_row_partitions = places[-1] if places else 0
        if not isinstance(num_row_partitions, int):
            raise ValueError(  # noqa: TRY004 - TensorFlow's class
                "num_row_partitions should be an int or None"
            )
        if not lengths:
            if num_row_partitions > 0:
                raise ValueError("num_row_partitions==0 for a scalar shape")
            return cls([], [], dtype=dtype)
        if num_row_partitions >= len(lengths):
            raise ValueError(
                "num_row_partitions should be less than `len(lengths)` if shape is not"
                " scalar."
            )
        if num_row_partitions == 0:
            return cls([], lengths, dtype=dtype)
        count = num_row_partitions + 1
        partitions, values = _divided(lengths[:count])
        return cls(partitions, [values, *lengths[count:]], dtype=dtype)

    @classmethod
    def from_row_partitions(
        cls, row_partitions: Sequence[RowPartition], dtype: Any = None
    ) -> DynamicRaggedShape:
        """Make one of partitions, whose last rows hold scalars.

        Raises:
            ValueError: There is none.
        """
        if not row_partitions:
            raise ValueError("row_partitions cannot be empty")
        return cls(row_partitions, [row_partitions[-1].nvals()], dtype=dtype)

    @classmethod
    def from_tensor(cls, t: Any, dtype: Any = None) -> DynamicRaggedShape:
        """Return the shape of a tensor, ragged or not."""
        if not is_ragged(t):
            return cls([], array.shape(t), dtype=dtype)
        partitions = [level.row_partition for level in t.levels()]
        return cls(partitions, array.shape(t.flat_values), dtype=dtype)

    # -- what is known -----------------------------------------------------------------

    @property
    def row_partitions(self) -> tuple[RowPartition, ...]:
        """How values are divided, axis by axis."""
        return self._row_partitions

    @property
    def num_row_partitions(self) -> int:
        """How many axes rows make."""
        return len(self._row_partitions)

    @property
    def dtype(self) -> DType:
        """int32 or int64."""
        return self._inner_shape.dtype

    @property
    def inner_shape(self) -> Tensor:
        """The shape of all values."""
        return self._inner_shape

    @property
    def inner_rank(self) -> int | None:
        """How many axes all values have."""
        return self._static_inner_shape.ndims

    @property
    def rank(self) -> int | None:
        """How many axes there are."""
        inner = self.inner_rank
        return None if inner is None else self.num_row_partitions + inner

    def _static_size(self, axis: int) -> int | None:
        dims = self._static_inner_shape
        return None if dims.ndims is None else dims[axis].value

    def static_lengths(self, ragged_lengths: bool = True) -> list[Any]:
        """Return what is known of each axis: a size, lengths of rows, or None.

        Args:
            ragged_lengths: Whether lengths of rows are told.
        """
        inner = self._static_inner_shape
        known: list[Any] = [...] if inner.ndims is None else inner.as_list()
        if not self._row_partitions:
            return known
        lengths: list[Any] = [self._row_partitions[0].static_nrows]
        for partition in self._row_partitions:
            if partition.uniform_length is not None:
                lengths.append(partition.static_uniform_row_length)
                continue
            told = constant_value(partition.row_lengths()) if ragged_lengths else None
            lengths.append(None if told is None else tuple(told.tolist()))
        return lengths + (known if inner.ndims is None else known[1:])

    def __repr__(self) -> str:
        """Show what is known."""
        parts = ["..." if one is ... else str(one) for one in self.static_lengths()]
        return (
            f"<DynamicRaggedShape lengths=[{', '.join(parts)}]"
            f" num_row_partitions={self.num_row_partitions}>"
        )

    def is_uniform(self, axis: int) -> bool:
        """Whether all rows along an axis are equally long.

        Raises:
            IndexError: There is no such axis.
            TypeError: It is no integer.
        """
        if not isinstance(axis, int):
            raise TypeError("axis must be an integer")
        if axis < 0:
            raise IndexError("Negative axis values are not supported")
        if self.rank is not None and axis >= self.rank:
            raise IndexError(f"Expected axis={axis} < rank={self.rank}")
        if axis == 0 or axis > self.num_row_partitions:
            return True
        return self._row_partitions[axis - 1].uniform_length is not None

    # -- sizes and parts ---------------------------------------------------------------

    def __getitem__(self, index: Any) -> Any:
        """Return the size of an axis, or the shape of the first axes.

        Raises:
            IndexError: There is no such axis, or the slice has steps.
            TypeError: It is neither a number nor a slice.
            ValueError: The axis is ragged.
        """
        if isinstance(index, slice):
            if index.step is not None and index.step != 1:
                raise IndexError("Cannot stride through a shape")
            return self._part(*self._bounds(index))
        if not isinstance(index, int):
            raise TypeError("Argument is not an int or a slice")
        if index < 0:
            if self.rank is None:
                raise ValueError(
                    "Rank must be known to use __getitem__ with a negative index."
                )
            index += self.rank
        return self._size(index)

    def _size(self, index: int) -> Tensor:
        levels, rank = self.num_row_partitions, self.rank
        if levels == 0 or index > levels + 1:
            if rank is None:
                raise ValueError(
                    "Rank must be known to use __getitem__ on a large index."
                )
            if index >= rank:
                raise IndexError(f"Index is too big: {index}>={rank}")
        if index < 0:
            raise IndexError(f"Index must be non-negative: {index}")
        if not self.is_uniform(index):
            raise ValueError(f"Index {index} is not uniform")
        if 0 < index <= levels:
            length = self._row_partitions[index - 1].uniform_length
            assert length is not None
            return length
        known: int | None
        if levels and index == 0:
            first = self._row_partitions[0]
            known = first.static_nrows
            if known is None:
                return first.nrows()
        else:
            known = self._static_size(index - levels)
            if known is None:
                size: Tensor = self._inner_shape[index - levels]
                return size
        return array.constant(known, dtype=self.dtype)

    def _bounds(self, key: slice) -> tuple[int, int]:
        rank = self.rank
        start, stop = key.start or 0, key.stop
        if rank is None and (stop is None or stop < 0 or start < 0):
            raise ValueError(
                "Rank must be known to use __getitem__ without a stop or with a"
                " negative index."
            )
        if rank is not None:
            start, stop, _ = slice(start, stop).indices(rank)
        return start, stop

    def _part(self, start: int, stop: int) -> DynamicRaggedShape:
        levels, rank = self.num_row_partitions, self.rank
        if stop <= start:
            return type(self)([], array.constant([], self.dtype))
        if start > 0:
            return self._inner_part(start, stop)
        if stop <= levels:
            if stop == 1:
                return type(self)([], [self._row_partitions[0].nrows()])
            partitions = self._row_partitions[: stop - 1]
            return type(self)(partitions, [partitions[-1].nvals()])
        if rank is not None and rank <= stop:
            return self
        inner = self._inner_shape[: stop - levels]
        static = None if rank is None else TensorShape([None] * (stop - levels))
        return type(self)(self._row_partitions, inner, static_inner_shape=static)

    def _inner_part(self, start: int, stop: int) -> DynamicRaggedShape:
        partial = self
        if self.rank is None or stop < self.rank:
            partial = self._part(0, stop)
        if any(p.uniform_length is None for p in partial.row_partitions):
            raise ValueError("All relevant dimensions must be uniform")
        if partial.rank is None:
            raise NotImplementedError(
                "__getitem__[start:stop] where start > 0 not implemented"
            )
        whole = partial.with_num_row_partitions(0).inner_shape
        return type(self)([], whole[start:])

    # -- changed -----------------------------------------------------------------------

    def with_dtype(self, dtype: Any) -> DynamicRaggedShape:
        """Return the same shape in another type."""
        if dtypes.as_dtype(dtype) == self.dtype:
            return self
        return type(self)(self._row_partitions, self._inner_shape, dtype=dtype)

    def with_rows(self, flat_values: Any) -> Any:
        """Divide values as the shape says."""
        for partition in reversed(self._row_partitions):
            flat_values = RaggedTensor(flat_values, partition, internal=True)
        return flat_values

    def as_row_partitions(self) -> tuple[RowPartition, ...]:
        """Return how values are divided if all axes but the first are rows.

        Raises:
            ValueError: The rank is not known, or zero.
        """
        if self.rank is None or self.rank < 1:
            raise ValueError("The rank must be known, and at least one.")
        return self.with_num_row_partitions(self.rank - 1).row_partitions

    def with_num_row_partitions(self, count: int) -> DynamicRaggedShape:
        """Return the same shape with more or fewer axes made by rows.

        Raises:
            ValueError: The rank is not known, or there are not so many axes.
        """
        rank, levels = self.rank, self.num_row_partitions
        if rank is None:
            raise ValueError("Rank must be known to adjust num_row_partitions")
        if count == levels:
            return self
        if not 0 <= count < rank:
            raise ValueError("num_row_partitions must be less than rank")
        if count < levels:
            inner = self.inner_shape_of_rank(rank - count)
            return type(self)(self._row_partitions[:count], inner)
        partitions = list(self._row_partitions)
        values = self._known_or_tensor(0)
        for axis in range(1, count - levels + 1):
            rows, length = values, self._known_or_tensor(axis)
            values = rows * length
            partitions.append(
                RowPartition.from_uniform_row_length(
                    length, None, rows, validate=True, dtype=self.dtype
                )
            )
        return type(self)(partitions, self.inner_shape_of_rank(rank - count))

    def _known_or_tensor(self, axis: int) -> Any:
        known = self._static_size(axis)
        return self._inner_shape[axis] if known is None else known

    def inner_shape_of_rank(self, rank: int) -> Tensor:
        """Return the shape of all values if they had so many axes.

        Raises:
            ValueError: A ragged axis would be among them.
        """
        own, static = self.inner_rank or 0, self._static_inner_shape
        if rank == own:
            return self._inner_shape
        inner: Tensor
        if rank < own:
            if static.is_fully_defined():
                known = [size or 0 for size in static.as_list()]
                first = int(np.prod(known[: own - rank + 1]))
                whole = [first, *known[own - rank + 1 :]]
                return array.constant(whole, dtype=self.dtype)
            first_size = self._slices(-rank)
            expanded = array.expand_dims(first_size, 0)
            if rank == 1:
                return expanded
            inner = array.concat([expanded, self._inner_shape[1 - rank :]], axis=0)
            return inner
        added = self._row_partitions[own - rank :]
        if any(partition.uniform_length is None for partition in added):
            raise ValueError("Cannot get an inner shape over a ragged dimension")
        lengths = (partition.uniform_length for partition in added)
        sizes = [self._slices(-rank), *lengths]
        inner = array.concat([array.stack(sizes), self._inner_shape[1:]], axis=0)
        return inner

    def _slices(self, axis: int) -> Any:
        """Return how many slices there are along the axes down to one."""
        place = axis + (self.rank or 0)
        if place == 0:
            return self._size(0)
        if place <= self.num_row_partitions:
            return self._row_partitions[place - 1].nvals()
        sizes = self._inner_shape[: place - self.num_row_partitions + 1]
        if sizes.dtype == dtypes.int32:
            return reduce_tensor("Prod", sizes)
        product = reduce_tensor("Prod", cast(sizes, dtypes.int32))
        return cast(product, dtypes.int64)


def _dtype_of(partitions: Iterable[RowPartition], inner_shape: Any, dtype: Any) -> Any:
    if dtype is not None:
        wanted = dtypes.as_dtype(dtype)
    else:
        found = [partition.dtype for partition in partitions]
        if isinstance(inner_shape, Tensor | np.ndarray):
            found.append(dtypes.as_dtype(inner_shape.dtype))
        wanted = found[0] if found else dtypes.int64
    if wanted not in (dtypes.int32, dtypes.int64):
        raise ValueError(f"Illegal dtype: {wanted}")
    return wanted


def _check_lengths(lengths: Any) -> None:
    if not isinstance(lengths, list):
        raise ValueError("lengths should be a list")  # noqa: TRY004 - TensorFlow's
    for one in lengths:
        parts = one if isinstance(one, tuple) else (one,)
        if not all(isinstance(part, int) for part in parts):
            raise ValueError(
                f"element of lengths should be int or tuple of ints: instead {one!r}"
            )


def _divided(lengths: Sequence[Any]) -> tuple[list[RowPartition], int]:
    """Return partitions for lengths, and how many values there are."""
    count: int = lengths[0]
    partitions = []
    for current in lengths[1:]:
        if isinstance(current, int):
            rows, count = count, current * count
            partitions.append(
                RowPartition.from_uniform_row_length(
                    current, count, rows, validate=True
                )
            )
        elif count != len(current):
            raise ValueError("Shape not consistent.")
        else:
            partitions.append(
                RowPartition.from_row_lengths(
                    current, validate=True, dtype_hint=dtypes.int64
                )
            )
            count = sum(current)
    return partitions, count


RAGGED_TYPES.add(DynamicRaggedShape)
