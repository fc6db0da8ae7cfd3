"""Ways to make a ragged tensor: values and how they are divided into rows.

Source: tensorflow python/ops/ragged/ragged_tensor.py.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from metagraft.api.checks import assert_equal
from metagraft.api.ragged_value import RaggedTensorValue
from metagraft.api.row_partition import RowPartition
from metagraft.api.shape_checks import assert_rank_at_least
from metagraft.graph import dtypes
from metagraft.graph.build import array
from metagraft.graph.build.math import cast
from metagraft.graph.conversion import convert_to_tensor
from metagraft.graph.dtypes import as_dtype
from metagraft.graph.scopes import name_scope
from metagraft.graph.tensor import Tensor

__all__ = ["RaggedFactories", "as_values"]


def as_values(value: Any, dtype: Any = None, name: str | None = "values") -> Any:
    """Return a ragged tensor as it is, anything else as a tensor.

    Raises:
        ValueError: Its values have another type.
    """
    if isinstance(value, RaggedFactories):
        ragged: Any = value
        if dtype is not None and not as_dtype(dtype).is_compatible_with(ragged.dtype):
            raise ValueError(
                f"Tensor conversion requested dtype {as_dtype(dtype).name} for"
                f" RaggedTensor with dtype {ragged.dtype.name}: {value}."
            )
        return value
    if isinstance(value, RaggedTensorValue):
        with name_scope(name, "ConvertToTensorOrRaggedTensor", []):
            flat = convert_to_tensor(value.flat_values, dtype=dtype, name="flat_values")
            from metagraft.api.ragged_tensor import RaggedTensor

            return RaggedTensor.from_nested_row_splits(
                flat, value.nested_row_splits, validate=False
            )
    return convert_to_tensor(value, dtype=dtype, name=name)


def _check_flag(validate: Any) -> None:
    if not isinstance(validate, bool):
        raise TypeError(
            f"Argument `validate` must have type bool. Received {validate}."
        )


def _splits_type(values: Any) -> Any:
    """The type of the row splits that values have; None if they have none."""
    if not isinstance(values, RaggedFactories):
        return None
    ragged: Any = values
    return ragged.row_splits.dtype


def _row_count(values: Any, out_type: Any = dtypes.int32) -> Tensor:
    if isinstance(values, RaggedFactories):
        ragged: Any = values
        count: Tensor = ragged.nrows(out_type=out_type)
        return count
    return array.shape(values, out_type=out_type)[0]


def _check_list(name: str, levels: Any) -> None:
    if isinstance(levels, Tensor):
        raise TypeError(
            f"Argument `{name}` must be a list of Tensors. Received {levels}."
        )


class RaggedFactories:
    """The class methods of `RaggedTensor` that make one."""

    __slots__ = ()

    @classmethod
    def _divided(cls, values: Any, partition: RowPartition, *, validate: bool) -> Any:
        """Divide values into rows."""
        if isinstance(values, RaggedFactories):
            if _splits_type(values) != partition.dtype:
                raise ValueError(
                    "Argument `row_partition` of RaggedTensor with name: partition must"
                    f" have same dtype as Argument `values`. ({partition.dtype} vs."
                    f" {_splits_type(values)})."
                )
        else:
            values = as_values(values)
        if partition.rowids is not None:
            values.shape[:1].assert_is_compatible_with(partition.rowids.shape)
        if validate:
            msg = "Arguments to _from_row_partition do not form a valid RaggedTensor"
            count = _row_count(values, partition.dtype)
            found = cast(partition.nvals(), partition.dtype)
            checks = [assert_equal(found, count, message=msg)]
            if not isinstance(values, RaggedFactories):
                checks.append(assert_rank_at_least(values, 1))
            partition = partition.after(checks)
        make: Any = cls  # the class that has these methods
        return make(values, partition, internal=True)

    @classmethod
    def from_value_rowids(
        cls,
        values: Any,
        value_rowids: Any,
        nrows: Any = None,
        name: str | None = None,
        validate: bool = True,
    ) -> Any:
        """Divide values into rows, given the row of each.

        Args:
            values: A tensor or a ragged tensor.
            value_rowids: The row of each value, in order.
            nrows: How many rows there are.
            name: Name of the scope.
            validate: Whether to check that the arguments go together.
        """
        _check_flag(validate)
        with name_scope(name, "RaggedFromValueRowIds", [values, value_rowids, nrows]):
            partition = RowPartition.from_value_rowids(
                value_rowids, nrows, validate=validate, dtype_hint=_splits_type(values)
            )
            return cls._divided(values, partition, validate=validate)

    @classmethod
    def from_row_splits(
        cls,
        values: Any,
        row_splits: Any,
        name: str | None = None,
        validate: bool = True,
    ) -> Any:
        """Divide values into rows, given where these begin and end."""
        _check_flag(validate)
        with name_scope(name, "RaggedFromRowSplits", [values, row_splits]):
            partition = RowPartition.from_row_splits(
                row_splits, validate=validate, dtype_hint=_splits_type(values)
            )
            return cls._divided(values, partition, validate=validate)

    @classmethod
    def from_row_lengths(
        cls,
        values: Any,
        row_lengths: Any,
        name: str | None = None,
        validate: bool = True,
    ) -> Any:
        """Divide values into rows, given their lengths."""
        _check_flag(validate)
        with name_scope(name, "RaggedFromRowLengths", [values, row_lengths]):
            partition = RowPartition.from_row_lengths(
                row_lengths, validate=validate, dtype_hint=_splits_type(values)
            )
            return cls._divided(values, partition, validate=validate)

    @classmethod
    def from_row_starts(
        cls,
        values: Any,
        row_starts: Any,
        name: str | None = None,
        validate: bool = True,
    ) -> Any:
        """Divide values into rows, given where these begin."""
        _check_flag(validate)
        with name_scope(name, "RaggedFromRowStarts", [values, row_starts]):
            values = as_values(values)
            partition = RowPartition.from_row_starts(
                row_starts,
                _row_count(values),
                validate=validate,
                dtype_hint=_splits_type(values),
            )
            return cls._divided(values, partition, validate=validate)

    @classmethod
    def from_row_limits(
        cls,
        values: Any,
        row_limits: Any,
        name: str | None = None,
        validate: bool = True,
    ) -> Any:
        """Divide values into rows, given where these end."""
        _check_flag(validate)
        with name_scope(name, "RaggedFromRowLimits", [values, row_limits]):
            values = as_values(values)
            partition = RowPartition.from_row_limits(
                row_limits, validate=validate, dtype_hint=_splits_type(values)
            )
            return cls._divided(values, partition, validate=validate)

    @classmethod
    def from_uniform_row_length(
        cls,
        values: Any,
        uniform_row_length: Any,
        nrows: Any = None,
        validate: bool = True,
        name: str | None = None,
    ) -> Any:
        """Divide values into rows of one length.

        Args:
            values: A tensor or a ragged tensor.
            uniform_row_length: The length.
            nrows: How many rows there are; needed if the length may be 0.
            validate: Whether to check that the arguments go together.
            name: Name of the scope.
        """
        _check_flag(validate)
        with name_scope(
            name, "RaggedFromUniformRowLength", [values, uniform_row_length, nrows]
        ):
            values = as_values(values)
            length = convert_to_tensor(
                uniform_row_length,
                preferred_dtype=_splits_type(values) or dtypes.int64,
                name="UniformRowLength",
            )
            count = values.shape[0].value
            nvals: Any = count
            if count is None:
                nvals = _row_count(values, length.dtype)
            else:
                nvals = array.constant(count, length.dtype)
            partition = RowPartition.from_uniform_row_length(
                length, nvals, nrows, validate=validate
            )
            return cls._divided(values, partition, validate=validate)

    @classmethod
    def from_nested_value_rowids(
        cls,
        flat_values: Any,
        nested_value_rowids: Any,
        nested_nrows: Any = None,
        name: str | None = None,
        validate: bool = True,
    ) -> Any:
        """Divide values into rows of rows, given the row of each on each level."""
        _check_flag(validate)
        _check_list("nested_value_rowids", nested_value_rowids)
        if nested_nrows is None:
            nested_nrows = [None] * len(nested_value_rowids)
        _check_list("nested_nrows", nested_nrows)
        if len(nested_nrows) != len(nested_value_rowids):
            raise ValueError(
                "Argument `nested_nrows` must have the same length as argument"
                f" `nested_value_rowids`. len(nested_nrows) = {len(nested_nrows)} vs."
                f" len(nested_values_rowids) = {len(nested_value_rowids)}."
            )
        given = [flat_values, *nested_value_rowids, *nested_nrows]
        with name_scope(name, "RaggedFromNestedValueRowIds", given):
            result = flat_values
            pairs = list(zip(nested_value_rowids, nested_nrows, strict=True))
            for rowids, nrows in reversed(pairs):
                result = cls.from_value_rowids(result, rowids, nrows, validate=validate)
            return result

    @classmethod
    def from_nested_row_splits(
        cls,
        flat_values: Any,
        nested_row_splits: Any,
        name: str | None = None,
        validate: bool = True,
    ) -> Any:
        """Divide values into rows of rows, given the splits of each level."""
        return cls._nested(
            "RaggedFromNestedRowSplits",
            cls.from_row_splits,
            flat_values,
            ("nested_row_splits", nested_row_splits),
            name,
            validate,
        )

    @classmethod
    def from_nested_row_lengths(
        cls,
        flat_values: Any,
        nested_row_lengths: Any,
        name: str | None = None,
        validate: bool = True,
    ) -> Any:
        """Divide values into rows of rows, given the lengths of each level."""
        return cls._nested(
            "RaggedFromNestedRowlengths",
            cls.from_row_lengths,
            flat_values,
            ("nested_row_lengths", nested_row_lengths),
            name,
            validate,
        )

    @classmethod
    def _nested(
        cls,
        scope: str,
        divide: Callable[..., Any],
        flat_values: Any,
        levels: tuple[str, Any],
        name: str | None,
        validate: bool,
    ) -> Any:
        _check_flag(validate)
        _check_list(*levels)
        with name_scope(name, scope, [flat_values, *levels[1]]):
            result = flat_values
            for level in reversed(levels[1]):
                result = divide(result, level, validate=validate)
            return result

    @classmethod
    def from_tensor(
        cls,
        tensor: Any,
        lengths: Any = None,
        padding: Any = None,
        ragged_rank: int = 1,
        name: str | None = None,
        row_splits_dtype: Any = dtypes.int64,
    ) -> Any:
        """Return the rows of a tensor, as long as `lengths` or `padding` tell.

        Args:
            tensor: The tensor.
            lengths: The lengths of rows, or of all levels of rows.
            padding: What ends of rows are filled with.
            ragged_rank: How many axes become ragged.
            name: Name of the scope.
            row_splits_dtype: int32 or int64.
        """
        from metagraft.api.ragged_conversion import from_tensor

        return from_tensor(
            tensor, lengths, padding, ragged_rank, name, row_splits_dtype
        )

    @classmethod
    def from_sparse(
        cls,
        st_input: Any,
        name: str | None = None,
        row_splits_dtype: Any = dtypes.int64,
    ) -> Any:
        """Return the rows of a sparse matrix whose elements stand at their starts."""
        from metagraft.api.ragged_conversion import from_sparse

        return from_sparse(st_input, name, row_splits_dtype)
