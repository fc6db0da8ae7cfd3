"""Lookup tables that are filled once: from keys to values, or to numbers.

Tables that change are in `training/mutable_tables.py`, since savers save them.

Source: tensorflow python/ops/lookup_ops.py.
"""

from __future__ import annotations

import uuid
from abc import abstractmethod
from typing import Any

from metagraft.api.arithmetic import add
from metagraft.api.casts import cast
from metagraft.api.comparison import not_equal, where_v2
from metagraft.api.lookup_initializers import TableInitializerBase
from metagraft.api.ragged_tensor import RaggedTensor
from metagraft.graph import dtypes
from metagraft.graph.apply_op import op
from metagraft.graph.build.control_flow import no_op
from metagraft.graph.composite import SparseTensor
from metagraft.graph.conversion import convert_to_tensor
from metagraft.graph.defaults import get_default_graph
from metagraft.graph.dtypes import DType, as_dtype
from metagraft.graph.init_scope import init_scope
from metagraft.graph.operation import Operation
from metagraft.graph.scopes import name_scope
from metagraft.graph.tensor import Tensor

__all__ = [
    "IdTable",
    "LookupInterface",
    "StaticHashTable",
    "StaticVocabularyTable",
]


class LookupInterface:
    """What all tables share: the types of keys and values, and `table[keys]`."""

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
    @abstractmethod
    def name(self) -> str | None:
        """The last part of the name of the table's operation."""

    @property
    @abstractmethod
    def resource_handle(self) -> Any:
        """The handle; None for a table that only hashes."""

    @abstractmethod
    def size(self, name: str | None = None) -> Tensor:
        """Return the number of keys."""

    @abstractmethod
    def lookup(self, keys: Any, name: str | None = None) -> Any:
        """Return the values of keys."""

    @abstractmethod
    def tracked(self) -> dict[str, Any]:
        """Return what belongs to it in checkpoints of objects: what fills it."""

    def __getitem__(self, keys: Any) -> Any:
        """Return the values of keys."""
        return self.lookup(keys)

    def _check_keys(self, keys: Any) -> None:
        if keys.dtype.base_dtype != self._key_dtype:
            raise TypeError(
                f"Dtype of argument `keys` must be {self._key_dtype}, received: "
                f"{keys.dtype}"
            )


class StaticHashTable(LookupInterface):
    """A table that is filled once, by `tables_initializer`."""

    def __init__(
        self,
        initializer: TableInitializerBase,
        default_value: Any,
        name: str | None = None,
        experimental_is_anonymous: bool = False,
    ) -> None:
        """Add a table and the operation that fills it.

        Args:
            initializer: What fills it.
            default_value: The value of keys that are not in it.
            name: Name of the operation.
            experimental_is_anonymous: Whether only its handle leads to it.
        """
        super().__init__(initializer.key_dtype, initializer.value_dtype)
        self._initializer = initializer
        self._is_anonymous = experimental_is_anonymous
        self._shared_name = ""
        if not experimental_is_anonymous:
            shared_name = initializer._shared_name  # noqa: SLF001 - as TensorFlow does
            self._shared_name = shared_name or f"hash_table_{uuid.uuid4()}"
        self._default_value = convert_to_tensor(default_value, self._value_dtype)
        self._default_value.get_shape().merge_with([])
        with init_scope():
            self._resource_handle = self._made(name or "hash_table")
        if get_default_graph().scopes.context is not None:
            with init_scope():
                self._init_op = initializer.initialize(self)
        else:
            self._init_op = initializer.initialize(self)

    def _made(self, name: str) -> Tensor:
        types = {"key_dtype": self._key_dtype, "value_dtype": self._value_dtype}
        handle: Tensor
        if self._is_anonymous:
            handle = op("AnonymousHashTable", name=name, **types)
        else:
            handle = op(
                "HashTableV2", shared_name=self._shared_name, name=name, **types
            )
        return handle

    def tracked(self) -> dict[str, Any]:
        """Return what belongs to it in checkpoints of objects: what fills it."""
        return {"_initializer": self._initializer}

    @property
    def name(self) -> str:
        """The last part of the name of the table's operation."""
        return self._resource_handle.op.name.split("/")[-1]

    @property
    def resource_handle(self) -> Tensor:
        """The handle."""
        return self._resource_handle

    @property
    def default_value(self) -> Tensor:
        """The value of keys that are not in the table."""
        return self._default_value

    @property
    def initializer(self) -> Operation:
        """The operation that fills the table."""
        return self._init_op

    def size(self, name: str | None = None) -> Tensor:
        """Return the number of keys.

        Args:
            name: Name scope.
        """
        with name_scope(name, f"{self.name}_Size", [self._resource_handle]):
            count: Tensor = op("LookupTableSizeV2", table_handle=self._resource_handle)
            return count

    def lookup(self, keys: Any, name: str | None = None) -> Any:
        """Return the values of keys, a tensor like `keys`.

        Args:
            keys: A tensor, a sparse one, or a ragged one of two dimensions.
            name: Name scope.

        Raises:
            TypeError: The keys have another type.
        """
        listed = _listed(keys)
        self._check_keys(keys)
        operands = [self._resource_handle, listed, self._default_value]
        with name_scope(name, f"{self.name}_Lookup", operands):
            values = op(
                "LookupTableFindV2",
                table_handle=self._resource_handle,
                keys=listed,
                default_value=self._default_value,
            )
        values.set_shape(listed.get_shape())
        return _like(keys, values)

    def export(self, name: str | None = None) -> tuple[Tensor, Tensor]:
        """Return all keys and all values.

        Args:
            name: Name scope.
        """
        with name_scope(name, f"{self.name}_Export", [self._resource_handle]):
            keys, values = op(
                "LookupTableExportV2",
                table_handle=self._resource_handle,
                Tkeys=self._key_dtype,
                Tvalues=self._value_dtype,
            )
        values.set_shape(keys.get_shape().concatenate(self._default_value.get_shape()))
        return keys, values


def _listed(keys: Any) -> Any:
    """Return the tensor of the keys of a sparse or ragged tensor."""
    return keys.values if isinstance(keys, SparseTensor | RaggedTensor) else keys


def _like(keys: Any, values: Tensor) -> Any:
    if isinstance(keys, SparseTensor):
        return SparseTensor(keys.indices, values, keys.dense_shape)
    return keys.with_values(values) if isinstance(keys, RaggedTensor) else values


class IdTable(LookupInterface):
    """A table of numbers for words; words that are not in it are hashed.

    The two public tables of this kind differ in how they are made.
    """

    def __init__(
        self,
        table: StaticHashTable | None,
        num_oov_buckets: int,
        key_dtype: Any,
        name: str | None,
        hash_op: str = "StringToHashBucketFast",
        hash_key: Any = None,
    ) -> None:
        """Put a table and a hash together.

        Args:
            table: The table; None to hash everything.
            num_oov_buckets: How many numbers the hash has.
            key_dtype: The type of the keys that are looked up.
            name: What the operations are named after.
            hash_op: The op that hashes.
            hash_key: Its key, for the strong hash.
        """
        super().__init__(key_dtype, dtypes.int64)
        self._table = table
        self._num_oov_buckets = num_oov_buckets
        self._table_name = name.split("/")[-1] if name else None
        self._hash_op = hash_op
        self._hash_arguments = {} if hash_key is None else {"key": list(hash_key)}

    def tracked(self) -> dict[str, Any]:
        """Return what belongs to it in checkpoints of objects: what fills it."""
        return {} if self._table is None else self._table.tracked()

    @property
    def name(self) -> str | None:
        """What the operations are named after."""
        return self._table_name

    @property
    def resource_handle(self) -> Any:
        """The handle; None for a table that only hashes."""
        return None if self._table is None else self._table.resource_handle

    @property
    def initializer(self) -> Operation:
        """The operation that fills the table."""
        if self._table is not None:
            return self._table.initializer
        with name_scope(None, "init"):
            return no_op()

    def size(self, name: str | None = None) -> Tensor:
        """Return the number of words and buckets.

        Args:
            name: Name scope.
        """
        with name_scope(name, f"{self.name}_Size"):
            if self._table is None:
                count = convert_to_tensor(0, dtype=dtypes.int64)
            else:
                count = self._table.size()
            total: Tensor = count + self._num_oov_buckets
            return total

    def lookup(self, keys: Any, name: str | None = None) -> Any:
        """Return the numbers of words, a tensor like `keys`.

        Args:
            keys: A tensor, a sparse one, or a ragged one of two dimensions.
            name: Name scope.

        Raises:
            TypeError: The keys have another type.
        """
        self._check_keys(keys)
        words = _listed(keys)
        if self._table is not None and self._table.key_dtype == dtypes.int64:
            words = cast(words, dtypes.int64)
        if self._num_oov_buckets == 0 and self._table is not None:
            return _like(keys, self._table.lookup(words, name=name))
        with name_scope(name, f"{self.name}_Lookup"):
            ids = self._hashed(words)
            if self._table is not None:
                found = self._table.lookup(words)
                behind = add(ids, self._table.size())
                is_known = not_equal(found, self._table.default_value)
                ids = where_v2(is_known, found, behind)
        return _like(keys, ids)

    def _hashed(self, words: Tensor) -> Tensor:
        if words.dtype.base_dtype != dtypes.string:
            words = op("AsString", input=words)
        argument = "string_tensor" if self._hash_op == "StringToHashBucket" else "input"
        hashed: Tensor = op(
            self._hash_op,
            **{argument: words},
            num_buckets=self._num_oov_buckets,
            name="hash_bucket",
            **self._hash_arguments,
        )
        return hashed


class StaticVocabularyTable(IdTable):
    """Numbers for words, filled once; words that are not in it are hashed."""

    def __init__(
        self,
        initializer: TableInitializerBase | None,
        num_oov_buckets: int,
        lookup_key_dtype: Any = None,
        name: str | None = None,
        experimental_is_anonymous: bool = False,
    ) -> None:
        """Add a table and the operation that fills it.

        Args:
            initializer: What fills it; None to hash everything.
            num_oov_buckets: How many numbers there are for unknown words.
            lookup_key_dtype: The type of the keys that are looked up.
            name: What the operations are named after.
            experimental_is_anonymous: Whether only the handle leads to the table.

        Raises:
            ValueError: There are no numbers for unknown words.
            TypeError: A type is not allowed.
        """
        if num_oov_buckets <= 0:
            raise ValueError("`num_oov_buckets` must be > 0; use StaticHashTable.")
        if name:
            name = name.rstrip("/")
        table = None
        if initializer is None:
            key_dtype = dtypes.string
            name = name or "hash_bucket"
        else:
            key_dtype = as_dtype(lookup_key_dtype or initializer.key_dtype)
            check_id_types(initializer, key_dtype)
            table = StaticHashTable(
                initializer, -1, experimental_is_anonymous=experimental_is_anonymous
            )
            name = name or table.name
        check_key_dtype(key_dtype)
        super().__init__(table, num_oov_buckets, key_dtype, name)


def check_id_types(
    source: TableInitializerBase | LookupInterface, key_dtype: DType
) -> None:
    """Check that words of a type can be looked up, and have numbers.

    Args:
        source: The table, or what fills it.
        key_dtype: The type of the words.

    Raises:
        TypeError: They cannot.
    """
    supported = (dtypes.int64, dtypes.string)
    if source.key_dtype not in supported:
        raise TypeError(
            f"Invalid `key_dtype`, expected one of {supported}, but got "
            f"{source.key_dtype}."
        )
    if source.key_dtype.is_integer != key_dtype.is_integer:
        wanted = "integer" if key_dtype.is_integer else "non-integer"
        raise TypeError(
            f"Invalid `key_dtype`, expected {wanted} but got {source.key_dtype}."
        )
    if source.value_dtype != dtypes.int64:
        raise TypeError(
            f"Invalid `value_dtype`, expected {dtypes.int64} but got "
            f"{source.value_dtype}."
        )


def check_key_dtype(key_dtype: DType) -> None:
    """Check that words of a type can be hashed.

    Raises:
        TypeError: They cannot.
    """
    if not key_dtype.is_integer and key_dtype != dtypes.string:
        raise TypeError(
            f"Invalid `key_dtype`, expected integer or string, got {key_dtype}."
        )
