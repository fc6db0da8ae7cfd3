"""Lookup tables."""

from __future__ import annotations

import importlib
import itertools
import uuid
from types import ModuleType
from unittest import mock


def _numbered_names() -> object:
    """Give tables that share nothing names that are the same in every process."""
    numbers = itertools.count(1)
    return mock.patch("uuid.uuid4", side_effect=lambda: uuid.UUID(int=next(numbers)))


def static_tables(tf: ModuleType) -> None:
    """Tables filled once, from tensors."""
    with _numbered_names():
        pairs = tf.lookup.KeyValueTensorInitializer(["a", "b"], [1, 2])
        table = tf.lookup.StaticHashTable(pairs, -1)
        table.lookup(tf.constant(["a", "c"]))
        table.lookup(
            tf.SparseTensor(
                tf.constant([[0, 1]], tf.int64),
                tf.constant(["b"]),
                tf.constant([2, 2], tf.int64),
            ),
            name="sparse",
        )
        table[tf.placeholder(tf.string)]
        table.size()
        table.export()
        numbers = tf.lookup.KeyValueTensorInitializer(
            [1, 2], [0.5, 0.25], tf.int64, tf.float32, name="numbers"
        )
        with tf.name_scope("outer"), tf.device("/cpu:0"):
            named = tf.lookup.StaticHashTable(numbers, 0.0, name="named")
            named.size(name="count")
        tf.lookup.StaticHashTable(pairs, 7, experimental_is_anonymous=True).size()
        tf.tables_initializer()
        tf.tables_initializer(name="again")


def file_tables(tf: ModuleType) -> None:
    """Tables filled once, from files."""
    lines = tf.lookup.TextFileInitializer(
        "words.txt",
        tf.string,
        tf.lookup.TextFileIndex.WHOLE_LINE,
        tf.int64,
        tf.lookup.TextFileIndex.LINE_NUMBER,
    )
    tf.lookup.StaticHashTable(lines, -1).lookup(tf.constant("x"))
    columns = tf.lookup.TextFileInitializer(
        "table.csv", tf.int64, 0, tf.string, 1, vocab_size=9, delimiter=",", name="csv"
    )
    with tf.name_scope("outer"):
        tf.lookup.StaticHashTable(columns, "?").size()
    moved = tf.lookup.TextFileInitializer(
        tf.placeholder(tf.string, [], name="file"),
        tf.string,
        -2,
        tf.int64,
        -1,
        value_index_offset=3,
    )
    with mock.patch("uuid.uuid4", side_effect=lambda: uuid.UUID(int=1)):
        tf.lookup.StaticHashTable(moved, -1)
    tf.initialize_all_tables()


def vocabulary_tables(tf: ModuleType) -> None:
    """Numbers for words."""
    with _numbered_names():
        words = tf.lookup.KeyValueTensorInitializer(
            ["a", "b"], tf.constant([0, 1], tf.int64)
        )
        table = tf.lookup.StaticVocabularyTable(words, 3)
        table.lookup(tf.constant(["a", "z"]))
        table.size()
        numbers = tf.lookup.KeyValueTensorInitializer(
            tf.constant([10, 20], tf.int64), tf.constant([0, 1], tf.int64)
        )
        tf.lookup.StaticVocabularyTable(
            numbers, 2, lookup_key_dtype=tf.int32, name="numbers"
        ).lookup(tf.constant([10, 11]))
        hashed = tf.lookup.StaticVocabularyTable(None, 5)
        hashed.lookup(tf.constant(["q"]))
        hashed.size()
        tf.tables_initializer()


def lookup_ops(tf: ModuleType) -> ModuleType:
    """Return the functions that were `tf.contrib.lookup`."""
    if tf.__name__.startswith("tensorflow"):
        return importlib.import_module("tensorflow.python.ops.lookup_ops")
    return importlib.import_module("metagraft.api.lookup_indices")


def word_tables(tf: ModuleType) -> None:
    """Tables from words to numbers and back."""
    lookup = lookup_ops(tf)
    with _numbered_names():
        table = lookup.index_table_from_file("words.txt", vocab_size=5)
        table.lookup(tf.constant(["a"]))
        hashed = lookup.index_table_from_file(
            "words.txt",
            num_oov_buckets=3,
            hasher_spec=lookup.StrongHashSpec([1, 2]),
            name="hashed",
        )
        hashed.lookup(tf.constant(["a", "b"]))
        hashed.size()
        listed = lookup.index_table_from_tensor(["a", "b"], num_oov_buckets=2)
        listed.lookup(
            tf.SparseTensor(
                tf.constant([[0]], tf.int64),
                tf.constant(["a"]),
                tf.constant([1], tf.int64),
            )
        )
        numbers = lookup.index_table_from_tensor(
            tf.constant([7, 8], tf.int32), dtype=tf.int32, default_value=4
        )
        numbers.size()
        words = lookup.index_to_string_table_from_file("words.txt", default_value="?")
        words.lookup(tf.constant([1], tf.int64))
        lookup.index_to_string_table_from_tensor(["x", "y"], name="back").size()
        bare = lookup.IdTableWithHashBuckets(None, 4, name="bare/")
        bare.lookup(tf.constant(["q"]))
        bare.initializer  # noqa: B018 - adds an operation
        tf.tables_initializer()


def mutable_tables(tf: ModuleType) -> None:
    """Tables that change."""
    table = tf.lookup.experimental.MutableHashTable(tf.string, tf.int64, -1)
    table.insert(["a", "b"], [1, 2])
    table.lookup(["a"])
    table.lookup(tf.constant(["a"]), dynamic_default_values=tf.constant([5], tf.int64))
    table.remove(tf.constant(["a"]))
    table.size()
    table.export()
    tf.lookup.experimental.MutableHashTable(
        tf.int64, tf.float32, [0.0, 0.0], name="rows", checkpoint=False
    ).lookup(tf.constant([[1, 2, 3]], tf.int64))
    dense = tf.lookup.experimental.DenseHashTable(
        tf.int64, tf.int64, -1, empty_key=0, deleted_key=-1
    )
    dense.insert(tf.constant([1], tf.int64), tf.constant([2], tf.int64))
    dense.lookup([[4, 5]])
    dense.erase(tf.constant([1], tf.int64))
    dense.insert_or_assign([1], [3])
    dense.size()
    tf.lookup.experimental.DenseHashTable(
        tf.string,
        tf.float32,
        [0.0],
        empty_key="",
        deleted_key="-",
        initial_num_buckets=8,
        name="words",
        checkpoint=False,
    ).export()
    _forget_saveables(tf)


def saved_tables(tf: ModuleType) -> None:
    """A saver saves tables with the variables."""
    tf.get_variable("v", [2])
    with tf.name_scope("outer"):
        tf.lookup.experimental.MutableHashTable(tf.string, tf.int64, -1, name="table")
    tf.lookup.experimental.DenseHashTable(tf.int64, tf.float32, 0.0, 0, -1)
    tf.train.Saver()
    tf.train.Saver(sharded=True)
    _forget_saveables(tf)


def _forget_saveables(tf: ModuleType) -> None:
    """Empty a collection that TensorFlow writes to MetaGraphs but cannot import."""
    tf.get_default_graph().clear_collection(tf.GraphKeys.SAVEABLE_OBJECTS)


PROGRAMS = (
    static_tables,
    file_tables,
    vocabulary_tables,
    word_tables,
    mutable_tables,
    saved_tables,
)
