"""What fills lookup tables: tensors, or the lines of a file.

Source: tensorflow python/ops/lookup_ops.py.
"""

from __future__ import annotations

from typing import Any

from metagraft.api.asset import Asset
from metagraft.graph import dtypes
from metagraft.graph.apply_op import op
from metagraft.graph.conversion import convert_to_tensor
from metagraft.graph.defaults import get_default_graph
from metagraft.graph.dtypes import DType, as_dtype
from metagraft.graph.init_scope import init_scope
from metagraft.graph.keys import GraphKeys
from metagraft.graph.operation import Operation
from metagraft.graph.scopes import add_to_collection, name_scope
from metagraft.graph.tensor import Tensor

__all__ = [
    "KeyValueTensorInitializer",
    "TableInitializerBase",
    "TextFileIdTableInitializer",
    "TextFileIndex",
    "TextFileInitializer",
    "TextFileStringTableInitializer",
]


class TableInitializerBase:
    """What all initialisers share: the types of keys and values."""

    def __init__(self, key_dtype: Any, value_dtype: Any) -> None:
        """Remember the types."""
        self._key_dtype = as_dtype(key_dtype)
        self._value_dtype = as_dtype(value_dtype)

    @property
    def key_dtype(self) -> DType:
        """The type of the keys."""
        return self._key_dtype

    @property
    def value_dtype(self) -> DType:
        """The type of the values."""
        return self._value_dtype

    @property
    def _shared_name(self) -> str:
        """The name of a table with this content; empty if each is one of its own."""
        return ""

    def tracked(self) -> dict[str, Any]:
        """Return what belongs to it in checkpoints of objects: nothing."""
        return {}

    def initialize(self, table: Any) -> Operation:
        """Return the operation that fills a table.

        Raises:
            NotImplementedError: A subclass has to define it.
        """
        raise NotImplementedError(
            f"{type(self).__name__} does not define initialize, for {table}."
        )

    def _check_types(self, table: Any) -> None:
        for kind, ours, theirs in (
            ("key", self._key_dtype, table.key_dtype),
            ("value", self._value_dtype, table.value_dtype),
        ):
            if ours.base_dtype != theirs:
                raise TypeError(
                    f"Invalid {kind} dtype for table, expected {theirs} but got {ours}."
                )


class KeyValueTensorInitializer(TableInitializerBase):
    """Fills a table with the elements of two tensors."""

    def __init__(
        self,
        keys: Any,
        values: Any,
        key_dtype: Any = None,
        value_dtype: Any = None,
        name: str | None = None,
    ) -> None:
        """Convert the tensors.

        Args:
            keys: The keys, a vector.
            values: The value of each key.
            key_dtype: The type of the keys.
            value_dtype: The type of the values.
            name: Name scope of the operation.
        """
        if get_default_graph().scopes.context is not None:
            with init_scope():
                self._keys = convert_to_tensor(keys, key_dtype, "keys")
                self._values = convert_to_tensor(values, value_dtype, "values")
        else:
            self._keys = convert_to_tensor(keys, key_dtype, "keys")
            self._values = convert_to_tensor(values, value_dtype, "values")
        self._name = "key_value_init" if name is None else name
        super().__init__(self._keys.dtype, self._values.dtype)

    def initialize(self, table: Any) -> Operation:
        """Return the operation that fills a table.

        Raises:
            TypeError: The table has other types.
        """
        self._check_types(table)
        handle = table.resource_handle
        with name_scope(self._name, values=[handle, self._keys, self._values]):
            filled: Operation = op(
                "LookupTableImportV2",
                table_handle=handle,
                keys=self._keys,
                values=self._values,
            )
        add_to_collection(GraphKeys.TABLE_INITIALIZERS, filled)
        return filled


class TextFileIndex:
    """What of a line is a key or a value, besides the number of a column."""

    WHOLE_LINE = -2
    LINE_NUMBER = -1


class TextFileInitializer(TableInitializerBase):
    """Fills a table with the lines of a file."""

    def __init__(
        self,
        filename: Any,
        key_dtype: Any,
        key_index: int,
        value_dtype: Any,
        value_index: int,
        vocab_size: int | None = None,
        delimiter: str = "\t",
        name: str | None = None,
        value_index_offset: int = 0,
    ) -> None:
        """Describe the file.

        Args:
            filename: Its name.
            key_dtype: The type of the keys.
            key_index: Which column is the key, or one of `TextFileIndex`.
            value_dtype: The type of the values.
            value_index: Which column is the value, or one of `TextFileIndex`.
            vocab_size: How many lines are read; all by default.
            delimiter: What is between columns.
            name: Name scope of the operation.
            value_index_offset: What is added to line numbers.

        Raises:
            ValueError: An argument is not allowed, or a type does not fit.
        """
        if not isinstance(filename, Tensor) and not filename:
            raise ValueError(
                "`filename` argument required for tf.lookup.TextFileInitializer"
            )
        super().__init__(key_dtype, value_dtype)
        _check_column("key", key_index, self.key_dtype)
        _check_column("value", value_index, self.value_dtype)
        if vocab_size is not None and vocab_size <= 0:
            raise ValueError(f"`vocab_size` should be > 0, received: {vocab_size}")
        self._filename_argument = filename
        self._key_index = key_index
        self._value_index = value_index
        self._vocab_size = vocab_size
        self._delimiter = delimiter
        self._name = name
        self._offset = value_index_offset
        self._filename = Asset(filename)

    def initialize(self, table: Any) -> Operation:
        """Return the operation that fills a table.

        Raises:
            TypeError: The table has other types.
        """
        self._check_types(table)
        with name_scope(self._name, "text_file_init", [table.resource_handle]):
            filled: Operation = op(
                "InitializeTableFromTextFileV2",
                table_handle=table.resource_handle,
                filename=self._filename.asset_path,
                key_index=self._key_index,
                value_index=self._value_index,
                vocab_size=-1 if self._vocab_size is None else self._vocab_size,
                delimiter=self._delimiter,
                offset=self._offset,
            )
        add_to_collection(GraphKeys.TABLE_INITIALIZERS, filled)
        path = self._filename.asset_path
        if path.op.type == "Const":
            add_to_collection(GraphKeys.ASSET_FILEPATHS, path)
        return filled

    def tracked(self) -> dict[str, Any]:
        """Return what belongs to it in checkpoints of objects: the file."""
        return {"_filename": self._filename}

    @property
    def _shared_name(self) -> str:
        """Tables of one file and the same columns are one table."""
        parts = [self._filename_argument]
        if self._vocab_size:
            parts.append(self._vocab_size)
        parts += [self._key_index, self._value_index]
        if self._offset:
            parts.append(self._offset)
        return "hash_table_" + "_".join(str(part) for part in parts)


def _check_column(kind: str, index: int, dtype: DType) -> None:
    if index < TextFileIndex.WHOLE_LINE:
        raise ValueError(f"`{kind}_index` should be >= -2, received: {index}.")
    if index == TextFileIndex.LINE_NUMBER and dtype != dtypes.int64:
        raise ValueError(
            f"`{kind}_dtype` must be int64 if `{kind}_index` is "
            f"{TextFileIndex.LINE_NUMBER}, received: {dtype}"
        )
    whole = index == TextFileIndex.WHOLE_LINE
    if whole and not dtype.is_integer and dtype != dtypes.string:
        raise ValueError(
            f"`{kind}_dtype` should be either integer or string for `{kind}_index` "
            f"{TextFileIndex.WHOLE_LINE}, received: {dtype}"
        )


class TextFileStringTableInitializer(TextFileInitializer):
    """Fills a table from line numbers to lines."""

    def __init__(
        self,
        filename: Any,
        key_column_index: int = TextFileIndex.LINE_NUMBER,
        value_column_index: int = TextFileIndex.WHOLE_LINE,
        vocab_size: int | None = None,
        delimiter: str = "\t",
        name: str = "text_file_string_table_init",
    ) -> None:
        """Describe the file; see `TextFileInitializer`."""
        super().__init__(
            filename,
            dtypes.int64,
            key_column_index,
            dtypes.string,
            value_column_index,
            vocab_size=vocab_size,
            delimiter=delimiter,
            name=name,
        )


class TextFileIdTableInitializer(TextFileInitializer):
    """Fills a table from lines to line numbers."""

    def __init__(
        self,
        filename: Any,
        key_column_index: int = TextFileIndex.WHOLE_LINE,
        value_column_index: int = TextFileIndex.LINE_NUMBER,
        vocab_size: int | None = None,
        delimiter: str = "\t",
        name: str = "text_file_id_table_init",
        key_dtype: Any = dtypes.string,
    ) -> None:
        """Describe the file; see `TextFileInitializer`."""
        super().__init__(
            filename,
            key_dtype,
            key_column_index,
            dtypes.int64,
            value_column_index,
            vocab_size=vocab_size,
            delimiter=delimiter,
            name=name,
        )
