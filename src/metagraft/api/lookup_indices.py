"""Tables from words to numbers and back, made from a list or a file of words.

In TensorFlow these were `tf.contrib.lookup`; graphs that contrib made have their nodes.

Source: tensorflow python/ops/lookup_ops.py index_table_from_file.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from metagraft.api.array import size
from metagraft.api.casts import cast
from metagraft.api.lookup import (
    IdTable,
    LookupInterface,
    StaticHashTable,
    check_id_types,
    check_key_dtype,
)
from metagraft.api.lookup_initializers import (
    KeyValueTensorInitializer,
    TextFileIdTableInitializer,
    TextFileIndex,
    TextFileStringTableInitializer,
)
from metagraft.api.sequences import range as range_
from metagraft.graph import dtypes
from metagraft.graph.constant_value import constant_value
from metagraft.graph.conversion import convert_to_tensor, is_tensor
from metagraft.graph.dtypes import as_dtype
from metagraft.graph.scopes import name_scope

__all__ = [
    "FastHashSpec",
    "HasherSpec",
    "IdTableWithHashBuckets",
    "StrongHashSpec",
    "index_table_from_file",
    "index_table_from_tensor",
    "index_to_string_table_from_file",
    "index_to_string_table_from_tensor",
]


class HasherSpec(NamedTuple):
    """How words that are not in a table are hashed.

    Attributes:
        hasher: `fasthash`, `legacy` or `stronghash`.
        key: Two integers for the strong hash.
    """

    hasher: str
    key: Any


FastHashSpec = HasherSpec("fasthash", None)


def StrongHashSpec(key: Any) -> HasherSpec:  # noqa: N802 - TensorFlow's public name
    """Return a hash that nobody can predict without its key.

    Args:
        key: Two integers.

    Raises:
        ValueError: There are not two.
        TypeError: They are no integers.
    """
    if len(key) != 2:
        raise ValueError(f"`key` must have size 2, received {len(key)}")
    if not all(isinstance(part, int) for part in key):
        raise TypeError(f"Invalid key {key}. Must be unsigned integer values.")
    return HasherSpec("stronghash", key)


_HASH_OPS = {
    "fasthash": "StringToHashBucketFast",
    "legacy": "StringToHashBucket",
    "stronghash": "StringToHashBucketStrong",
}


class IdTableWithHashBuckets(IdTable):
    """Numbers for words; words that are not in the table are hashed."""

    def __init__(
        self,
        table: StaticHashTable | None,
        num_oov_buckets: int,
        hasher_spec: HasherSpec = FastHashSpec,
        name: str | None = None,
        key_dtype: Any = None,
    ) -> None:
        """Put a table and a hash together.

        Args:
            table: The table; None to hash everything.
            num_oov_buckets: How many numbers the hash has.
            hasher_spec: The hash.
            name: What the operations are named after.
            key_dtype: The type of the keys that are looked up.

        Raises:
            ValueError: There is neither a table nor a hash.
            TypeError: A type is not allowed.
        """
        if name:
            name = name.rstrip("/")
        if table is not None:
            key_dtype = as_dtype(key_dtype or table.key_dtype)
            check_id_types(table, key_dtype)
            name = name or table.name
        else:
            if num_oov_buckets <= 0:
                raise ValueError("`oov_buckets` must be > 0 if no `table` is supplied.")
            key_dtype = as_dtype(key_dtype or dtypes.string)
            name = name or "hash_bucket"
        check_key_dtype(key_dtype)
        if not isinstance(hasher_spec, HasherSpec):
            raise TypeError(
                f"`hasher_spec` must be of type HasherSpec, got {type(hasher_spec)}."
            )
        if hasher_spec.hasher not in _HASH_OPS:
            raise ValueError(
                f"Found unknown hasher {hasher_spec.hasher} in `hasher_spec`"
            )
        super().__init__(
            table,
            num_oov_buckets,
            key_dtype,
            name,
            _HASH_OPS[hasher_spec.hasher],
            hasher_spec.key,
        )


def _check_words(
    source: Any,
    what: str,
    num_oov_buckets: int,
    vocab_size: int | None,
    of_file: str = "",
) -> None:
    if source is None or (isinstance(source, str) and not source):
        raise ValueError(f"`{what}` must be specified and must not be empty.")
    if num_oov_buckets < 0:
        raise ValueError(
            f"num_oov_buckets must be greater or equal than 0, got {num_oov_buckets}."
        )
    if vocab_size is not None and vocab_size < 1:
        raise ValueError(
            f"`vocab_size` must be greater than 0, got {vocab_size}{of_file}."
        )


def index_table_from_file(
    vocabulary_file: Any = None,
    num_oov_buckets: int = 0,
    vocab_size: int | None = None,
    default_value: int = -1,
    hasher_spec: HasherSpec = FastHashSpec,
    key_dtype: Any = dtypes.string,
    name: str | None = None,
    key_column_index: int = TextFileIndex.WHOLE_LINE,
    value_column_index: int = TextFileIndex.LINE_NUMBER,
    delimiter: str = "\t",
) -> LookupInterface:
    """Return a table of the line numbers of words in a file.

    Args:
        vocabulary_file: Name of the file.
        num_oov_buckets: How many numbers there are for other words.
        vocab_size: How many lines are read; all by default.
        default_value: The number of other words, if they are not hashed.
        hasher_spec: How other words are hashed.
        key_dtype: The type of the words.
        name: Name scope.
        key_column_index: Which column is the word, or one of `TextFileIndex`.
        value_column_index: Which column is the number, or one of `TextFileIndex`.
        delimiter: What is between columns.

    Raises:
        ValueError: An argument is missing or not allowed.
        TypeError: Words of this type are not allowed.
    """
    file_name: Any = vocabulary_file
    if is_tensor(file_name):
        file_name = constant_value(file_name) or "?"
    _check_words(
        vocabulary_file,
        "vocabulary_file",
        num_oov_buckets,
        vocab_size,
        f" for vocabulary_file: {file_name}",
    )
    check_key_dtype(key_dtype)
    with name_scope(name, "string_to_index"):
        with name_scope(None, "hash_table"):
            source = TextFileIdTableInitializer(
                vocabulary_file,
                vocab_size=vocab_size,
                key_dtype=dtypes.int64 if key_dtype.is_integer else key_dtype,
                name="table_init",
                key_column_index=key_column_index,
                value_column_index=value_column_index,
                delimiter=delimiter,
            )
            table = StaticHashTable(source, default_value)
        return _hashing(table, num_oov_buckets, hasher_spec, key_dtype)


def _hashing(
    table: StaticHashTable, num_oov_buckets: int, spec: HasherSpec, key_dtype: Any
) -> LookupInterface:
    if not num_oov_buckets:
        return table
    return IdTableWithHashBuckets(
        table, num_oov_buckets, hasher_spec=spec, key_dtype=key_dtype
    )


def index_table_from_tensor(
    vocabulary_list: Any,
    num_oov_buckets: int = 0,
    default_value: int = -1,
    hasher_spec: HasherSpec = FastHashSpec,
    dtype: Any = dtypes.string,
    name: str | None = None,
) -> LookupInterface:
    """Return a table of the positions of words in a list.

    Args:
        vocabulary_list: The words, a vector.
        num_oov_buckets: How many numbers there are for other words.
        default_value: The number of other words, if they are not hashed.
        hasher_spec: How other words are hashed.
        dtype: The type of the words.
        name: Name scope.

    Raises:
        ValueError: An argument is missing or not allowed.
        TypeError: Words of this type are not allowed.
    """
    _check_words(vocabulary_list, "vocabulary_list", num_oov_buckets, None)
    check_key_dtype(dtype)
    with name_scope(name, "string_to_index"):
        words = convert_to_tensor(vocabulary_list)
        if words.dtype.is_integer != dtype.is_integer:
            wanted = "integer" if dtype.is_integer else "non-integer"
            raise ValueError(f"Invalid `dtype`: Expected {wanted}, got {words.dtype}.")
        if not dtype.is_integer and words.dtype.base_dtype != dtype:
            raise ValueError(f"Invalid `dtype`: Expected {dtype}, got {words.dtype}.")
        numbers = cast(range_(size(words)), dtypes.int64)
        with name_scope(None, "hash_table"):
            keys = cast(words, dtypes.int64) if words.dtype.is_integer else words
            source = KeyValueTensorInitializer(
                keys, numbers, keys.dtype.base_dtype, dtypes.int64, name="table_init"
            )
            table = StaticHashTable(source, default_value)
        return _hashing(table, num_oov_buckets, hasher_spec, dtype)


def index_to_string_table_from_file(
    vocabulary_file: Any,
    vocab_size: int | None = None,
    default_value: Any = "UNK",
    name: str | None = None,
    key_column_index: int = TextFileIndex.LINE_NUMBER,
    value_column_index: int = TextFileIndex.WHOLE_LINE,
    delimiter: str = "\t",
) -> StaticHashTable:
    """Return a table of the words in the lines of a file.

    Args:
        vocabulary_file: Name of the file.
        vocab_size: How many lines are read; all by default.
        default_value: The word of other numbers.
        name: Name scope.
        key_column_index: Which column is the number, or one of `TextFileIndex`.
        value_column_index: Which column is the word, or one of `TextFileIndex`.
        delimiter: What is between columns.

    Raises:
        ValueError: An argument is missing or not allowed.
    """
    _check_words(vocabulary_file, "vocabulary_file", 0, vocab_size)
    with name_scope(name, "index_to_string"):
        source = TextFileStringTableInitializer(
            vocabulary_file,
            vocab_size=vocab_size,
            name="table_init",
            key_column_index=key_column_index,
            value_column_index=value_column_index,
            delimiter=delimiter,
        )
        return StaticHashTable(source, default_value)


def index_to_string_table_from_tensor(
    vocabulary_list: Any, default_value: Any = "UNK", name: str | None = None
) -> StaticHashTable:
    """Return a table of the words in a list.

    Args:
        vocabulary_list: The words, a vector.
        default_value: The word of other numbers.
        name: Name scope.

    Raises:
        ValueError: There is no list.
    """
    _check_words(vocabulary_list, "vocabulary_list", 0, None)
    with name_scope(name, "index_to_string"):
        words = convert_to_tensor(vocabulary_list, dtypes.string)
        numbers = cast(range_(size(words)), dtypes.int64)
        source = KeyValueTensorInitializer(
            numbers, words, dtypes.int64, dtypes.string, name="table_init"
        )
        return StaticHashTable(source, default_value)
