"""How the values of a ragged tensor are divided into rows.

Source: tensorflow python/ops/ragged/row_partition.py, segment_id_ops.py.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from metagraft.api.checks import (
    assert_equal,
    assert_greater_equal,
    assert_less,
    assert_less_equal,
    assert_non_negative,
)
from metagraft.api.counting import bincount
from metagraft.api.repeat import repeat
from metagraft.api.shape_checks import assert_rank
from metagraft.graph import dtypes
from metagraft.graph.apply_op import op
from metagraft.graph.build import array
from metagraft.graph.build.control_flow import with_dependencies
from metagraft.graph.build.math import cast, cumsum, number_range
from metagraft.graph.constant_value import constant_value
from metagraft.graph.conversion import convert_to_tensor
from metagraft.graph.dtypes import DType
from metagraft.graph.scopes import name_scope
from metagraft.graph.tensor import Tensor

__all__ = ["RowPartition", "row_splits_to_segment_ids", "segment_ids_to_row_splits"]


def row_splits_to_segment_ids(
    splits: Any, name: str | None = None, out_type: Any = None
) -> Tensor:
    """Return the number of the row that each value is in.

    Args:
        splits: Where rows begin and end.
        name: Name of the scope.
        out_type: int32 or int64; the type of the splits by default.

    Raises:
        ValueError: The splits have another type, or there are none.
    """
    with name_scope(name, "RaggedSplitsToSegmentIds", [splits]):
        splits = convert_to_tensor(splits, name="splits", preferred_dtype=dtypes.int64)
        if splits.dtype not in (dtypes.int32, dtypes.int64):
            raise ValueError("splits must have dtype int32 or int64")
        splits.shape.assert_has_rank(1)
        if splits.dims == (0,):
            raise ValueError("Invalid row_splits: []")
        out_type = splits.dtype if out_type is None else dtypes.as_dtype(out_type)
        lengths = splits[1:] - splits[:-1]
        nrows = array.shape(splits, out_type=out_type)[-1] - 1
        return repeat(number_range(nrows), lengths, axis=0)


def segment_ids_to_row_splits(
    segment_ids: Any,
    num_segments: Any = None,
    out_type: Any = None,
    name: str | None = None,
) -> Tensor:
    """Return where rows begin and end, given the row of each value.

    Args:
        segment_ids: The numbers of rows, in order.
        num_segments: How many rows there are.
        out_type: int32 or int64.
        name: Name of the scope.
    """
    if out_type is None:
        given = [v for v in (segment_ids, num_segments) if isinstance(v, Tensor)]
        out_type = given[0].dtype if given else dtypes.int64
    with name_scope(name, "SegmentIdsToRaggedSplits", [segment_ids]):
        segment_ids = _as_int32(segment_ids, "segment_ids")
        segment_ids.shape.assert_has_rank(1)
        if num_segments is not None:
            num_segments = _as_int32(num_segments, "num_segments")
            num_segments.shape.assert_has_rank(0)
        lengths = bincount(
            segment_ids,
            minlength=num_segments,
            maxlength=num_segments,
            dtype=dtypes.as_dtype(out_type),
        )
        splits: Tensor = array.concat([[0], cumsum(lengths)], axis=0)
        count = None if num_segments is None else constant_value(num_segments)
        if count is not None:
            splits.set_shape([int(count) + 1])
        return splits


def _as_int32(value: Any, name: str) -> Tensor:
    tensor = convert_to_tensor(value, name=name, preferred_dtype=dtypes.int32)
    if not tensor.dtype.is_integer:
        raise TypeError(f"{name} must be an integer tensor; dtype={tensor.dtype}")
    result: Tensor = op("Cast", x=tensor, DstT=dtypes.int32)
    return result


@dataclass(frozen=True, slots=True, eq=False)
class RowPartition:
    """Where rows begin and end, and what else is known of them.

    Attributes:
        splits: `[nrows + 1]`.
        lengths: `[nrows]`.
        rowids: The row of each value, `[nvals]`.
        row_count: How many rows there are.
        uniform_length: The length of every row.
        value_count: How many values there are.
    """

    splits: Tensor
    lengths: Tensor | None = None
    rowids: Tensor | None = None
    row_count: Tensor | None = None
    uniform_length: Tensor | None = None
    value_count: Tensor | None = None

    def __post_init__(self) -> None:
        """Say that the splits are a vector."""
        self.splits.set_shape([None])

    # -- ways to make one ----------------------------------------------------------

    @classmethod
    def from_value_rowids(
        cls,
        value_rowids: Any,
        nrows: Any = None,
        validate: bool = True,
        dtype: Any = None,
        dtype_hint: Any = None,
    ) -> RowPartition:
        """Make one of the row of each value."""
        with name_scope(None, "RowPartitionFromValueRowIds", [value_rowids, nrows]):
            rowids = _partition(value_rowids, "value_rowids", dtype, dtype_hint)
            count, known = _row_count(rowids, nrows)
            rowids.shape.assert_has_rank(1)
            count.shape.assert_has_rank(0)
            if validate:
                msg = "Arguments to from_value_rowids do not form a valid RowPartition"
                checks = [
                    assert_rank(rowids, 1, message=msg),
                    assert_rank(count, 0, message=msg),
                    assert_non_negative(rowids[:1], message=msg),
                    _assert_ascending(rowids, msg),
                    assert_less(rowids[-1:], count, message=msg),
                ]
                rowids = with_dependencies(checks, rowids)
            small = cast(rowids, dtypes.int32)
            limit = cast(count, dtypes.int32)
            lengths = bincount(
                small, minlength=limit, maxlength=limit, dtype=rowids.dtype
            )
            splits = array.concat([[0], cumsum(lengths)], axis=0)
            if known is not None:
                lengths.set_shape([known])
                splits.set_shape([known + 1])
            return cls(splits, lengths, rowids, count)

    @classmethod
    def from_row_splits(
        cls,
        row_splits: Any,
        validate: bool = True,
        dtype: Any = None,
        dtype_hint: Any = None,
    ) -> RowPartition:
        """Make one of where rows begin and end."""
        if isinstance(row_splits, list | tuple) and not row_splits:
            raise ValueError("row_splits tensor may not be empty.")
        with name_scope(None, "RowPartitionFromRowSplits", [row_splits]):
            splits = _partition(row_splits, "row_splits", dtype, dtype_hint)
            splits.shape.assert_has_rank(1)
            if validate:
                msg = "Arguments to from_row_splits do not form a valid RaggedTensor:"
                checks = [
                    assert_rank(splits, 1, message=msg + "rank"),
                    _assert_zero(splits[0], msg + "zero"),
                    _assert_ascending(splits, msg + "monotonic"),
                ]
                splits = with_dependencies(checks, splits)
            return cls(splits)

    @classmethod
    def from_row_lengths(
        cls,
        row_lengths: Any,
        validate: bool = True,
        dtype: Any = None,
        dtype_hint: Any = None,
    ) -> RowPartition:
        """Make one of the lengths of rows."""
        with name_scope(None, "RowPartitionFromRowLengths", [row_lengths]):
            lengths = _partition(row_lengths, "row_lengths", dtype, dtype_hint)
            lengths.shape.assert_has_rank(1)
            if validate:
                msg = "Arguments to from_row_lengths do not form a valid RowPartition"
                checks = [
                    assert_rank(lengths, 1, message=msg),
                    assert_non_negative(lengths, message=msg),
                ]
                lengths = with_dependencies(checks, lengths)
            splits = array.concat([[0], cumsum(lengths)], axis=0)
            return cls(splits, lengths)

    @classmethod
    def from_row_starts(
        cls,
        row_starts: Any,
        nvals: Any,
        validate: bool = True,
        dtype: Any = None,
        dtype_hint: Any = None,
    ) -> RowPartition:
        """Make one of where rows begin."""
        with name_scope(None, "RowPartitionFromRowStarts", [row_starts]):
            starts = _partition(row_starts, "row_starts", dtype, dtype_hint)
            starts.shape.assert_has_rank(1)
            nvals = cast(nvals, starts.dtype)
            if validate:
                msg = "Arguments to from_row_starts do not form a valid RaggedTensor"
                checks = [
                    assert_rank(starts, 1, message=msg),
                    _assert_zero(starts[:1], msg),
                    _assert_ascending(starts, msg),
                    assert_less_equal(starts[-1:], nvals, message=msg),
                ]
                starts = with_dependencies(checks, starts)
            splits = array.concat([starts, [nvals]], axis=0)
            return cls(splits, value_count=nvals)

    @classmethod
    def from_row_limits(
        cls,
        row_limits: Any,
        validate: bool = True,
        dtype: Any = None,
        dtype_hint: Any = None,
    ) -> RowPartition:
        """Make one of where rows end."""
        with name_scope(None, "RowPartitionFromRowLimits", [row_limits]):
            limits = _partition(row_limits, "row_limits", dtype, dtype_hint)
            limits.shape.assert_has_rank(1)
            if validate:
                msg = "Arguments to from_row_limits do not form a valid RaggedTensor"
                checks = [
                    assert_rank(limits, 1, message=msg),
                    assert_non_negative(limits[:1], message=msg),
                    _assert_ascending(limits, msg),
                ]
                limits = with_dependencies(checks, limits)
            zero = array.zeros([1], limits.dtype)
            return cls(array.concat([zero, limits], axis=0))

    @classmethod
    def from_uniform_row_length(
        cls,
        uniform_row_length: Any,
        nvals: Any = None,
        nrows: Any = None,
        validate: bool = True,
        dtype: Any = None,
        dtype_hint: Any = None,
    ) -> RowPartition:
        """Make one of rows of one length.

        Args:
            uniform_row_length: The length.
            nvals: How many values there are; None if the rows say it.
            nrows: How many rows there are; None if the values say it.
            validate: Whether runs check that both fit.
            dtype: The type that all are cast to.
            dtype_hint: The type if none of them has one.

        Raises:
            ValueError: What is known does not go together, or is too little.
        """
        if nvals is None and nrows is None:
            raise ValueError("Either (or both) of nvals and nrows must be specified")
        length: Any = uniform_row_length
        with name_scope(None, "RowPartitionFromUniformRowLength", [length, nrows]):
            length, nvals, nrows = (
                None
                if part is None
                else _as_type(part, name, dtype, length, dtype_hint)
                for part, name in (
                    (length, "uniform_row_length"),
                    (nvals, "nvals"),
                    (nrows, "nrows"),
                )
            )
            length.shape.assert_has_rank(0)
            known_length = constant_value(length)
            if nrows is None:
                nrows = _rows_of_length(length, nvals, known_length)
            rows = constant_value(nrows)
            values = None if nvals is None else constant_value(nvals)
            checks = []
            if values is None and rows is not None and known_length is not None:
                values = rows * known_length
                if nvals is not None and validate:
                    checks.append(assert_equal(nvals, values))
                nvals = array.constant(values, length.dtype)
            if nvals is None:
                nvals = nrows * length
            if rows is not None and known_length is not None:
                steps = [row * int(known_length) for row in range(int(rows) + 1)]
                splits = array.constant(steps, length.dtype)
            else:
                splits = number_range(nrows + 1, dtype=length.dtype) * length
            if validate:
                known = (known_length, rows, values)
                checks += _uniform_checks(length, nrows, nvals, known)
                splits = with_dependencies(checks, splits)
            return cls(
                splits, uniform_length=length, row_count=nrows, value_count=nvals
            )

    # -- what is known ---------------------------------------------------------------

    @property
    def dtype(self) -> DType:
        """int32 or int64."""
        return self.splits.dtype

    @property
    def static_nrows(self) -> int | None:
        """How many rows there are, if it is known."""
        for part, more in ((self.splits, 1), (self.lengths, 0)):
            size = None if part is None or part.dims is None else part.dims[0]
            if size is not None:
                return size - more
        return _number(self.row_count)

    @property
    def static_nvals(self) -> int | None:
        """How many values there are, if it is known."""
        count = _number(self.value_count)
        if count is None and self.rowids is not None and self.rowids.dims:
            return self.rowids.dims[0]
        return count

    @property
    def static_uniform_row_length(self) -> int | None:
        """The length of every row, if it is known."""
        return _number(self.uniform_length)

    # -- tensors -----------------------------------------------------------------------

    def row_splits(self) -> Tensor:
        """Return where rows begin and end."""
        return self.splits

    def row_starts(self) -> Tensor:
        """Return where rows begin."""
        return self.splits[:-1]

    def row_limits(self) -> Tensor:
        """Return where rows end."""
        return self.splits[1:]

    def uniform_row_length(self) -> Tensor | None:
        """Return the length of every row; None if they may differ."""
        return self.uniform_length

    def is_uniform(self) -> bool:
        """Whether it is known that all rows have one length."""
        return self.uniform_length is not None

    def value_rowids(self) -> Tensor:
        """Return the row of each value."""
        if self.rowids is not None:
            return self.rowids
        return row_splits_to_segment_ids(self.splits)

    def nvals(self) -> Tensor:
        """Return how many values there are."""
        return self.splits[-1]

    def nrows(self) -> Tensor:
        """Return how many rows there are."""
        if self.row_count is not None:
            return self.row_count
        size = None if self.splits.dims is None else self.splits.dims[0]
        if size is None:
            return array.shape(self.splits, out_type=self.dtype)[0] - 1
        return array.constant(size - 1, dtype=self.dtype)

    def row_lengths(self) -> Tensor:
        """Return the length of each row."""
        if self.lengths is not None:
            return self.lengths
        return self.splits[1:] - self.splits[:-1]

    def offsets_in_rows(self) -> Tensor:
        """Return the place of each value in its row."""
        _, offsets = op(
            "RaggedRange",
            starts=array.constant(0, self.dtype),
            limits=self.row_lengths(),
            deltas=array.constant(1, self.dtype),
        )
        found: Tensor = offsets
        return found

    def after(self, checks: Any) -> RowPartition:
        """Return the same partition, there after checks."""
        return replace(
            self, splits=with_dependencies(checks, self.splits), value_count=None
        )

    def merged_with(self, other: RowPartition) -> RowPartition:
        """Return what both partitions know, after checks that they are the same."""
        rows, rows_checked = _merged(self.row_count, other.row_count, "nrows", True)
        values, _ = _merged(self.value_count, other.value_count, "nvals", True)
        length, length_checked = _merged(
            self.uniform_length, other.uniform_length, "uniform_row_length", True
        )
        is_open = not (rows_checked and length_checked)
        splits, checked = _merged(self.splits, other.splits, "row_splits", is_open)
        is_open = is_open and not checked
        lengths, checked = _merged(self.lengths, other.lengths, "row_lengths", is_open)
        is_open = is_open and not checked
        rowids, _ = _merged(self.rowids, other.rowids, "value_rowids", is_open)
        assert splits is not None
        return RowPartition(splits, lengths, rowids, rows, length, values)

    def with_dtype(self, dtype: Any) -> RowPartition:
        """Return the same partition in another type."""

        def changed(tensor: Tensor | None) -> Any:
            return None if tensor is None else cast(tensor, dtype)

        if self.dtype == dtype:
            return self
        return RowPartition(
            changed(self.splits),
            changed(self.lengths),
            changed(self.rowids),
            changed(self.row_count),
            changed(self.uniform_length),
        )


def _merged(
    a: Tensor | None, b: Tensor | None, name: str, is_open: bool
) -> tuple[Tensor | None, bool]:
    """Return the tensor that is there, and whether both are known to be equal."""
    if a is None or b is None:
        return (b if a is None else a), False
    if a is b:
        return a, True
    message = (
        "RowPartition._merge_precomputed_encodings: partitions have incompatible"
        f" {name}"
    )
    if not a.shape.is_compatible_with(b.shape):
        raise ValueError(message)
    if not is_open:
        return a, False
    return with_dependencies([assert_equal(a, b, message=message)], a), True


def _number(tensor: Tensor | None) -> int | None:
    value = None if tensor is None else constant_value(tensor)
    return None if value is None else int(value)


def _partition(value: Any, name: str, dtype: Any, dtype_hint: Any) -> Tensor:
    is_int32 = isinstance(value, np.ndarray) and value.dtype == np.int32
    if is_int32 and dtype is None:
        tensor = convert_to_tensor(value, name=name)
    else:
        hint = dtype_hint or dtypes.int64
        tensor = convert_to_tensor(value, dtype, name, preferred_dtype=hint)
    if tensor.dtype not in (dtypes.int32, dtypes.int64):
        raise ValueError(f"{name} must have dtype int32 or int64")
    return tensor


def _row_count(rowids: Tensor, nrows: Any) -> tuple[Tensor, int | None]:
    """Return the number of rows, and its value if it is known."""
    values = constant_value(rowids)
    if nrows is None:
        if values is None:
            last = array.concat([rowids[-1:], [-1]], axis=0)[0]
            return last + 1, None
        known = int(values[-1]) + 1 if values.size else 0
        return convert_to_tensor(known, rowids.dtype, name="nrows"), known
    count = convert_to_tensor(nrows, rowids.dtype, name="nrows")
    count.shape.assert_has_rank(0)
    value = constant_value(count)
    if value is None:
        return count, None
    if value < 0:
        raise ValueError(f"Expected nrows >= 0; got {value}")
    if values is not None and values.size and value < values[-1] + 1:
        raise ValueError(
            f"Expected nrows >= value_rowids[-1] + 1; got nrows={value},"
            f" value_rowids[-1]={values[-1]}"
        )
    return count, int(value)


def _as_type(value: Any, name: str, dtype: Any, length: Any, dtype_hint: Any) -> Tensor:
    """Return a number as a tensor: cast, or made in the type of the length."""
    if dtype is not None:
        return cast(value, dtype, name)
    is_tensor = isinstance(length, Tensor)
    wanted = length.dtype if is_tensor else dtype_hint or dtypes.int64
    return convert_to_tensor(value, wanted, name=name)


def _rows_of_length(length: Tensor, nvals: Tensor, known_length: Any) -> Tensor:
    if known_length is None:
        one = array.constant(1, length.dtype)
        at_least_one = op("Maximum", x=length, y=one)
        rows: Tensor = nvals // at_least_one
        return rows
    if known_length == 0:
        return array.constant(0, dtype=length.dtype)
    return nvals // known_length


def _uniform_checks(
    length: Tensor, nrows: Tensor, nvals: Tensor, known: tuple[Any, Any, Any]
) -> list[Any]:
    known_length, rows, values = known
    checks: list[Any] = []
    if None in (known_length, rows, values):
        data = ("uniform_row_length", length, "times nrows", nrows)
        data += ("must equal nvals", nvals)  # type: ignore[assignment]
        checks.append(assert_equal(nrows * length, nvals, data))
    elif rows * known_length != values:
        raise ValueError(
            f"uniform_row_length={known_length} times nrows={rows} must equal"
            f" nvals={values}"
        )
    if length.shape.ndims is None:
        checks.append(
            assert_rank(length, 0, message="uniform_row_length must be a scalar.")
        )
    if known_length is None:
        zero = array.constant(0, length.dtype)
        checks.append(
            assert_greater_equal(
                length, zero, message="uniform_row_length must be >= 0."
            )
        )
    elif known_length < 0:
        raise ValueError("uniform_row_length must be >= 0.")
    return checks


def _assert_ascending(tensor: Tensor, message: str) -> Any:
    return assert_non_negative(tensor[1:] - tensor[:-1], message=message)


def _assert_zero(tensor: Tensor, message: str) -> Any:
    return assert_equal(tensor, array.constant(0, dtype=tensor.dtype), message=message)
