"""Matrices of a checkpoint whose rows or columns belong to words of a vocabulary.

Source: tensorflow python/training/checkpoint_ops.py.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from metagraft.api.initializers import Zeros
from metagraft.graph.apply_op import op as add_op
from metagraft.graph.build import array
from metagraft.graph.build.math import number_range
from metagraft.graph.conversion import convert_to_tensor
from metagraft.graph.dtypes import int64
from metagraft.graph.tensor import Tensor

Initializer = Callable[..., Any]


class _VocabInfo(NamedTuple):
    new_vocab: str
    new_vocab_size: int
    num_oov_buckets: int
    old_vocab: str
    old_vocab_size: int = -1
    backup_initializer: Initializer | None = None
    axis: int = 0


class VocabInfo(_VocabInfo):
    """The vocabularies of a variable, now and in the checkpoint to start from.

    Attributes:
        new_vocab: File of the vocabulary now, a word a line.
        new_vocab_size: How many of its words are used.
        num_oov_buckets: How many rows or columns are for other words.
        old_vocab: File of the vocabulary that the checkpoint was made with.
        old_vocab_size: How many of its words were used; -1 for all.
        backup_initializer: Gives the values of what the checkpoint lacks; zeros by
            default.
        axis: What the words belong to: 0 for rows, 1 for columns.
    """

    __slots__ = ()

    def __new__(
        cls,
        new_vocab: str,
        new_vocab_size: int,
        num_oov_buckets: int,
        old_vocab: str,
        old_vocab_size: int = -1,
        backup_initializer: Initializer | None = None,
        axis: int = 0,
    ) -> VocabInfo:
        """Describe the vocabularies.

        Raises:
            ValueError: The axis is neither 0 nor 1.
        """
        if axis not in (0, 1):
            raise ValueError(
                "The only supported values for the axis argument are 0 and 1.  "
                f"Provided axis: {axis}"
            )
        return super().__new__(
            cls,
            new_vocab,
            new_vocab_size,
            num_oov_buckets,
            old_vocab,
            old_vocab_size,
            backup_initializer,
            axis,
        )


@dataclass(frozen=True, slots=True)
class Axis:
    """The vocabularies of the rows or of the columns of a matrix.

    Attributes:
        size: How many rows or columns there are for words.
        new_file: The vocabulary now; None if it is the checkpoint's.
        old_file: The checkpoint's.
        old_size: How many words of that count; -1 for all.
        bucket_count: How many rows or columns there are for other words.
    """

    size: int
    new_file: str | None = None
    old_file: str | None = None
    old_size: int = -1
    bucket_count: int = 0


def remapped_matrix(
    prefix: str,
    name: str,
    rows: Axis,
    columns: Axis,
    shape: Sequence[int],
    partition_info: Any = None,
    initializer: Initializer | None = None,
) -> Any:
    """Add operations that read a matrix, or some rows of it, word by word.

    Args:
        prefix: The checkpoint.
        name: The matrix in it.
        rows: The vocabularies of the rows.
        columns: The vocabularies of the columns.
        shape: Shape of the result, what is for other words included.
        partition_info: Which part of the whole the result is; None for all.
        initializer: Gives, for a shape, the values of what the checkpoint lacks.

    Raises:
        TypeError: The initializer cannot be called.
        ValueError: The shape does not fit the vocabularies.
    """
    initializer = Zeros() if initializer is None else initializer
    if not callable(initializer):
        raise TypeError(
            f"initializer must be callable, instead of being {initializer} of type "
            f"{type(initializer)}."
        )
    offset = 0 if partition_info is None else partition_info.single_offset(shape)
    _check_shape(shape, offset, rows, columns)
    bucket_rows = min(shape[0], max(0, offset + shape[0] - rows.size))
    if offset > rows.size:
        return initializer(shape)
    rows = replace(rows, bucket_count=bucket_rows)
    count = shape[0] - bucket_rows
    return _load(prefix, name, rows, columns, offset, count, initializer)


def _check_shape(shape: Sequence[int], offset: int, rows: Axis, columns: Axis) -> None:
    if len(shape) != 2:
        raise ValueError(f"Expected 2-dim shape, but received: {shape}")
    if shape[0] <= 0:
        raise ValueError(
            f"Expected 1st dim of shape to be > 0, but received shape: {shape}"
        )
    width = columns.size + columns.bucket_count
    if shape[1] != width:
        raise ValueError(
            f"Expected 2nd dim of shape to be new_col_vocab_size ({columns.size}) + "
            f"num_col_oov_buckets ({columns.bucket_count}) = {width}, but received "
            f"shape: {shape}"
        )
    height = rows.size + rows.bucket_count
    if offset + shape[0] > height:
        raise ValueError(
            f"Trying to initialize {shape[0]} additional rows after {offset} rows have "
            "already been initialized, which would exceed expected total row count of "
            f"new_row_vocab_size ({rows.size}) + num_row_oov_buckets "
            f"({rows.bucket_count}) = {height}."
        )


def _load(
    prefix: str,
    name: str,
    rows: Axis,
    columns: Axis,
    offset: int,
    count: int,
    initializer: Initializer,
) -> Tensor:
    """Add the read of `count` rows from `offset` on, and what is for other words."""
    row_remapping: Any
    present_rows: Any = count
    if rows.new_file is not None:
        row_remapping, present_rows = _remapping(rows, offset, count)
    else:
        row_remapping = number_range(offset, offset + count, dtype=int64)
    column_remapping: Any = []
    present_columns: Any = columns.size
    if columns.new_file is not None:
        column_remapping, present_columns = _remapping(columns, 0, columns.size)
    missing = count * columns.size - present_rows * present_columns
    matrix: Tensor = add_op(
        "LoadAndRemapMatrix",
        ckpt_path=prefix,
        old_tensor_name=name,
        row_remapping=row_remapping,
        col_remapping=column_remapping,
        initializing_values=initializer([missing, 1]),
        num_rows=count,
        num_cols=columns.size,
        max_rows_in_memory=-1,
    )
    if rows.bucket_count > 0:
        added = convert_to_tensor(initializer([rows.bucket_count, columns.size]))
        matrix = array.concat([matrix, added], 0)
    if columns.bucket_count > 0:
        height = count + rows.bucket_count
        added = convert_to_tensor(initializer([height, columns.bucket_count]))
        matrix = array.concat([matrix, added], 1)
    return matrix


def _remapping(axis: Axis, offset: int, count: int) -> tuple[Tensor, Tensor]:
    """Add the place of every word in the old vocabulary, and how many have one."""
    remapping, present = add_op(
        "GenerateVocabRemapping",
        new_vocab_file=axis.new_file,
        old_vocab_file=axis.old_file,
        new_vocab_offset=offset,
        num_new_vocab=count,
        old_vocab_size=axis.old_size,
    )
    return remapping, present
