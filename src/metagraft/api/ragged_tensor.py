"""`tf.RaggedTensor`: a tensor whose rows have different lengths.

Source: tensorflow python/ops/ragged/ragged_tensor.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from metagraft.api.ragged_dispatch import RAGGED_TYPES
from metagraft.api.ragged_factories import RaggedFactories, as_values
from metagraft.api.ragged_operators import RaggedOperators
from metagraft.api.ragged_value import RaggedTensorValue
from metagraft.api.row_partition import RowPartition
from metagraft.graph import dtypes
from metagraft.graph.apply_op import op
from metagraft.graph.build import array
from metagraft.graph.build.math import cast
from metagraft.graph.build.reductions import reduce_tensor
from metagraft.graph.composite import CompositeTensor, SparseTensor
from metagraft.graph.dtypes import DType
from metagraft.graph.operation import Operation
from metagraft.graph.scopes import name_scope
from metagraft.graph.shapes import TensorShape
from metagraft.graph.tensor import Tensor

__all__ = ["RaggedTensor", "is_ragged"]


def is_ragged(value: Any) -> bool:
    """Whether a value is a ragged tensor, symbolic or not."""
    return isinstance(value, RaggedTensor | RaggedTensorValue)


class RaggedTensor(RaggedFactories, RaggedOperators, CompositeTensor):
    """Values and how they are divided into rows."""

    __slots__ = ("__dict__", "__weakref__", "_row_partition", "_values")

    def __init__(self, values: Any, row_partition: Any, internal: bool = False) -> None:
        """Do not call: the factory methods do.

        Raises:
            ValueError: It was called from outside.
        """
        if not internal:
            raise ValueError(
                "RaggedTensor constructor is private; please use one of the factory"
                " methods instead (e.g., RaggedTensor.from_row_lengths())"
            )
        values.shape.with_rank_at_least(1)
        self._values = values
        self._row_partition: RowPartition = row_partition

    # -- what is known ---------------------------------------------------------------

    @property
    def dtype(self) -> DType:
        """The type of the elements."""
        found: DType = self._values.dtype
        return found

    @property
    def shape(self) -> TensorShape:
        """The static shape; ragged axes are unknown."""
        partition = self._row_partition
        outer = [partition.static_nrows, partition.static_uniform_row_length]
        return TensorShape(outer).concatenate(self._values.shape[1:])

    def get_shape(self) -> TensorShape:
        """Return the static shape."""
        return self.shape

    @property
    def ragged_rank(self) -> int:
        """How many axes are ragged."""
        inner = self._values
        return inner.ragged_rank + 1 if isinstance(inner, RaggedTensor) else 1

    # -- parts -------------------------------------------------------------------------

    @property
    def values(self) -> Any:
        """The values of all rows."""
        return self._values

    @property
    def row_splits(self) -> Tensor:
        """Where rows begin and end."""
        return self._row_partition.splits

    @property
    def uniform_row_length(self) -> Tensor | None:
        """The length of every row if it is one."""
        return self._row_partition.uniform_length

    @property
    def flat_values(self) -> Tensor:
        """The innermost values."""
        values = self._values
        while isinstance(values, RaggedTensor):
            values = values.values
        found: Tensor = values
        return found

    @property
    def nested_row_splits(self) -> tuple[Tensor, ...]:
        """The splits of every ragged axis, the outermost first."""
        return tuple(level.row_splits for level in self.levels())

    def levels(self) -> list[RaggedTensor]:
        """Return this tensor, its values if they are ragged, and so on."""
        found = [self]
        while isinstance(found[-1].values, RaggedTensor):
            found.append(found[-1].values)
        return found

    def value_rowids(self, name: str | None = None) -> Tensor:
        """Return the row of each value."""
        with name_scope(name, "RaggedValueRowIds", [self]):
            return self._row_partition.value_rowids()

    def nested_value_rowids(self, name: str | None = None) -> tuple[Tensor, ...]:
        """Return the row of each value, for every ragged axis."""
        with name_scope(name, "RaggedNestedValueRowIds", [self]):
            return tuple(level.value_rowids() for level in self.levels())

    def nrows(self, out_type: Any = None, name: str | None = None) -> Tensor:
        """Return how many rows there are."""
        with name_scope(name, "RaggedNRows", [self]):
            count = self._row_partition.nrows()
            return count if out_type is None else cast(count, dtype=out_type)

    def row_starts(self, name: str | None = None) -> Tensor:
        """Return where each row begins."""
        with name_scope(name, "RaggedRowStarts", [self]):
            return self.row_splits[:-1]

    def row_limits(self, name: str | None = None) -> Tensor:
        """Return where each row ends."""
        with name_scope(name, "RaggedRowLimits", [self]):
            return self.row_splits[1:]

    def row_lengths(self, axis: int = 1, name: str | None = None) -> Any:
        """Return the lengths of rows along an axis."""
        if axis == 0:
            return self._row_partition.nrows()
        if axis == 1:
            return self._row_partition.row_lengths()
        with name_scope(name, "RaggedRowLengths", [self]):
            axis = self._positive_axis(axis, "axis")
            if axis == 0:
                return self.nrows()
            if axis == 1:
                return self.row_splits[1:] - self.row_splits[:-1]
            inner = self._values
            if isinstance(inner, RaggedTensor):
                return self.with_values(inner.row_lengths(axis - 1))
            dtype = self._row_partition.dtype
            shape = array.shape(inner, out_type=dtype)
            ones = array.ones(shape[: axis - 1], dtype)
            return self.with_values(ones * shape[axis - 1])

    def nested_row_lengths(self, name: str | None = None) -> tuple[Tensor, ...]:
        """Return the lengths of rows, for every ragged axis."""
        with name_scope(name, "RaggedNestedRowLengths", [self]):
            return tuple(level.row_lengths() for level in self.levels())

    def bounding_shape(
        self, axis: Any = None, name: str | None = None, out_type: Any = None
    ) -> Tensor:
        """Return the shape of the smallest tensor that holds all rows, or some sizes.

        Args:
            axis: The axes whose sizes are asked for; all by default.
            name: Name of the scope.
            out_type: int32 or int64.
        """
        dtype = self._row_partition.dtype
        wanted = dtype if out_type is None else dtypes.as_dtype(out_type)

        def in_type(size: Any) -> Any:
            return size if wanted == dtype else cast(size, wanted)

        def longest(lengths: Any) -> Any:
            return op("Maximum", x=reduce_tensor("Max", lengths), y=0)

        with name_scope(name, "RaggedBoundingBox", [self, axis]):
            nested, flat = self.nested_row_splits, self.flat_values
            if isinstance(axis, int) and axis == 0:
                return array.shape(nested[0], out_type=wanted)[0] - 1
            if isinstance(axis, int) and axis == 1:
                width: Tensor = in_type(longest(self.row_lengths()))
                return width
            splits_shape = array.shape(self.row_splits, out_type=wanted)
            flat_shape = array.shape(flat, out_type=wanted)
            rows = splits_shape[0] - 1
            widths = [longest(splits[1:] - splits[:-1]) for splits in nested]
            inner = flat_shape[1:]
            sizes = [in_type(size) for size in (rows, *widths)]
            box: Tensor = array.concat([array.stack(sizes), inner], axis=0)
            return box if axis is None else array.gather(box, axis)

    def _positive_axis(self, axis: int, what: str) -> int:
        rank = self.shape.ndims
        if not isinstance(axis, int):
            raise TypeError(f"{what} must be an int; got {type(axis).__name__}")
        if rank is None:
            if axis < 0:
                raise ValueError(f"{what}={axis} may only be negative if rank is known")
            return axis
        if not -rank <= axis < rank:
            raise ValueError(
                f"{what}={axis} out of bounds: expected {-rank}<={what}<{rank}"
            )
        return axis % rank

    # -- changed -----------------------------------------------------------------------

    def with_values(self, new_values: Any) -> RaggedTensor:
        """Return other values, divided alike.

        Raises:
            ValueError: There are more or fewer, or their splits have another type.
        """
        new_values = as_values(new_values)
        new_values.shape.with_rank_at_least(1)
        self.values.shape[:1].assert_is_compatible_with(new_values.shape[:1])
        if (
            isinstance(new_values, RaggedTensor)
            and self._row_partition.dtype != new_values.row_splits.dtype
        ):
            raise ValueError(
                "self and new_values have mismatched row_splits dtypes; use"
                " RaggedTensor.with_row_splits_dtype() to convert them to compatible"
                " dtypes."
            )
        return RaggedTensor(new_values, self._row_partition, internal=True)

    def with_flat_values(self, new_values: Any) -> RaggedTensor:
        """Return other innermost values, divided alike."""
        if isinstance(self._values, RaggedTensor):
            return self.with_values(self._values.with_flat_values(new_values))
        return self.with_values(as_values(new_values))

    def with_row_splits_dtype(self, dtype: Any) -> RaggedTensor:
        """Return the same tensor with splits of another type.

        Raises:
            ValueError: The type is not int32 or int64.
        """
        wanted = dtypes.as_dtype(dtype)
        if wanted not in (dtypes.int32, dtypes.int64):
            raise ValueError(
                "Argument `row_splits` dtype must be int32 or int64. Received"
                f" {wanted}."
            )
        partition = self._row_partition
        if partition.dtype == wanted:
            return self
        inner = self._values
        if isinstance(inner, RaggedTensor):
            inner = inner.with_row_splits_dtype(wanted)
        return RaggedTensor(inner, partition.with_dtype(wanted), internal=True)

    def merge_dims(self, outer_axis: int, inner_axis: int) -> Any:
        """Return the tensor with some neighbouring axes made one.

        Raises:
            ValueError: The axes are the other way round or do not exist.
        """
        outer = self._positive_axis(outer_axis, "outer_axis")
        inner = self._positive_axis(inner_axis, "inner_axis")
        if outer > inner:
            raise ValueError(
                f"Expected outer_axis ({outer}) to be less than or equal to inner_axis"
                f" ({inner})."
            )
        from metagraft.api.ragged_conversion import merge_dims

        return merge_dims(self, outer, inner)

    def to_tensor(
        self, default_value: Any = None, name: str | None = None, shape: Any = None
    ) -> Tensor:
        """Return a tensor that holds all rows, filled up with a default.

        Args:
            default_value: What rows are filled up with; zero by default.
            name: Name of the scope.
            shape: The shape of the result; longer rows are cut.
        """
        from metagraft.api.ragged_conversion import to_tensor

        return to_tensor(self, default_value, name, shape)

    def to_sparse(self, name: str | None = None) -> SparseTensor:
        """Return a sparse tensor with all values."""
        with name_scope(name, "RaggedToSparse", [self]):
            return SparseTensor(
                *op(
                    "RaggedTensorToSparse",
                    rt_nested_splits=list(self.nested_row_splits),
                    rt_dense_values=self.flat_values,
                    name=name,
                )
            )

    def numpy(self) -> Any:
        """Refuse: there is no value while a graph is built.

        Raises:
            ValueError: Always.
        """
        raise ValueError("RaggedTensor.numpy() is only supported in eager mode.")

    def to_list(self) -> list[Any]:
        """Refuse: there is no value while a graph is built.

        Raises:
            ValueError: Always.
        """
        raise ValueError("to_list can only be used in eager mode.")

    def consumers(self) -> list[Operation]:
        """Return the operations that use a part of it."""
        parts = self.component_tensors()
        return [operation for part in parts for operation in part.consumers()]

    def __repr__(self) -> str:
        """Show the parts."""
        return f"tf.RaggedTensor(values={self.values}, row_splits={self.row_splits})"

    def merged_rows(self, others: Sequence[RaggedTensor], flat_values: Any) -> Any:
        """Divide values as this tensor and others are, which must be the same.

        Raises:
            ValueError: The others have more or fewer ragged axes.
        """
        partitions = [level.row_partition for level in self.levels()]
        for other in others:
            levels = other.levels()
            if len(levels) != len(partitions):
                raise ValueError("All ragged inputs must have the same ragged_rank.")
            pairs = zip(partitions, levels, strict=True)
            partitions = [a.merged_with(level.row_partition) for a, level in pairs]
        result = flat_values
        for partition in reversed(partitions):
            result = self._divided(result, partition, validate=False)
        return result

    @property
    def row_partition(self) -> RowPartition:
        """How the values are divided."""
        return self._row_partition

    def typed_partitions(self) -> list[tuple[str, Tensor]]:
        """Return how each level is divided, as `RaggedTensorToTensor` takes it."""
        pairs = []
        for level in self.levels():
            partition = level.row_partition
            if partition.rowids is None:
                pairs.append(("ROW_SPLITS", partition.splits))
            else:
                pairs.append(("VALUE_ROWIDS", partition.rowids))
        if pairs[0][0] == "VALUE_ROWIDS":
            pairs.insert(0, ("FIRST_DIM_SIZE", self._row_partition.nrows()))
        return pairs

    # -- in runs and structures --------------------------------------------------------

    def component_tensors(self) -> list[Tensor]:
        """Return the innermost values and all splits."""
        return [self.flat_values, *self.nested_row_splits]

    def with_component_tensors(self, tensors: Sequence[Tensor]) -> RaggedTensor:
        """Return other values with other splits."""
        values, *nested = tensors
        return RaggedTensor.from_nested_row_splits(values, nested, validate=False)

    def component_value(self, arrays: Sequence[Any]) -> RaggedTensorValue:
        """Return the value in a run."""
        values, *nested = arrays
        for splits in reversed(nested):
            values = RaggedTensorValue(values, splits)
        return values

    def component_feeds(self, value: Any) -> list[Any]:
        """Return what the parts are fed, given a `RaggedTensorValue`."""
        return [value.flat_values, *value.nested_row_splits]

    def gradient_parts(self) -> list[Tensor]:
        """Return the innermost values."""
        return [self.flat_values]

    def with_gradients(self, grads: Sequence[Any]) -> RaggedTensor | None:
        """Divide the gradient of the innermost values as these are."""
        (grad,) = grads
        return None if grad is None else self.with_flat_values(grad)


RAGGED_TYPES.update({RaggedTensor, RaggedTensorValue})
