"""Programs that run tables with places, and mistakes with them.

A run takes the module it calls `tf` and a folder for files, and returns values; a
mistake raises.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np


def _dense(tf: ModuleType, **options: Any) -> Any:
    arguments = {
        "key_dtype": tf.int64,
        "value_dtype": tf.int64,
        "default_value": -1,
        "empty_key": 0,
        "deleted_key": -1,
        "initial_num_buckets": 4,
        **options,
    }
    return tf.lookup.experimental.DenseHashTable(**arguments)


def _changed(
    tf: ModuleType, table: Any, *steps: tuple[str, Any, Any], dtype: Any = None
) -> list[Any]:
    """Run steps one after the other and return what is in the table then."""
    with tf.Session() as session:
        for change, keys, values in steps:
            tensor = tf.constant(keys, dtype or tf.int64)
            if change == "remove":
                session.run(table.remove(tensor))
            else:
                session.run(table.insert(tensor, values))
        return list(session.run([*table.export(), table.size()]))


def dense_places(tf: ModuleType, _: Path) -> Any:
    """Keys lie where their hashes say, or behind others; what is removed is marked."""
    numbers = _dense(tf, initial_num_buckets=8)
    words = _dense(
        tf,
        key_dtype=tf.string,
        value_dtype=tf.bool,
        default_value=tf.constant([True, False]),
        empty_key="",
        deleted_key="$",
    )
    pairs = _dense(
        tf,
        empty_key=tf.constant([0, 3], tf.int64),
        deleted_key=tf.constant([-1, -1], tf.int64),
        default_value=tf.constant([-1, -2], tf.int64),
    )
    rows = [[0, 1], [2, 3], [4, 5]]
    return [
        _changed(
            tf,
            numbers,
            ("insert", [3, 11, 19], [1, 2, 3]),
            ("remove", [3, 4], None),
            ("insert", [27, 11], [4, 5]),
        ),
        _changed(
            tf,
            words,
            ("insert", ["a", "b", "a longer word"], [[True, False]] * 3),
            dtype=tf.string,
        ),
        _changed(
            tf,
            pairs,
            ("insert", [[0, 1], [1, 2], [1, 3]], rows),
            ("remove", [[1, 2], [1, 9]], None),
        ),
    ]


def dense_growth(tf: ModuleType, _: Path) -> Any:
    """Tables that get full have twice the places, and places of removed keys go."""
    table = _dense(tf)
    return _changed(
        tf,
        table,
        ("insert", [1, 2], [1, 2]),
        ("remove", [1], None),
        ("insert", [3, 4], [3, 4]),
        ("insert", [5, -6], [5, 6]),
    )


def tables_saved(tf: ModuleType, folder: Path) -> Any:
    """Savers take tables in lists and under names, and restore their places."""
    dense = _dense(tf, name="dense")
    table = tf.lookup.experimental.MutableHashTable(tf.string, tf.int64, -1, name="t")
    count = tf.get_variable("count", initializer=1.0)
    named = tf.train.Saver({"a": dense, "b": table, "c": count})
    listed = tf.train.Saver([table, count])
    nodes = [n.name for n in tf.get_default_graph().as_graph_def().node]
    found: list[Any] = [nodes]
    keys = tf.constant([5, 9, 3], tf.int64)
    words = tf.constant(["x", "y"])
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        session.run([dense.insert(keys, keys), table.insert(words, [1, 2])])
        for name, saver in (("named", named), ("listed", listed)):
            path = saver.save(session, str(folder / name))
            session.run([dense.remove(keys[:1]), table.remove(words)])
            saver.restore(session, path)
            found.append(tf.train.list_variables(path))
            found.append(session.run([*dense.export(), table.lookup(words)]))
    return found


def filled_twice(tf: ModuleType, _: Path) -> Any:
    """A filled table stays as it is when as many keys come, and takes one default."""
    table = tf.raw_ops.HashTableV2(key_dtype=tf.string, value_dtype=tf.int64)
    keys = tf.constant(["a", "x", "y"])
    defaults = tf.placeholder_with_default(tf.constant([7, 8, 9], tf.int64), None)
    with tf.Session() as session:
        for values in ([1, 2], [3, 4]):
            given = ["a", "b"], tf.constant(values, tf.int64)
            session.run(
                tf.raw_ops.InitializeTableV2(
                    table_handle=table, keys=given[0], values=given[1]
                )
            )
        return [
            session.run(
                tf.raw_ops.LookupTableFindV2(
                    table_handle=table, keys=keys, default_value=defaults
                )
            )
        ]


def many_keys_in_places(tf: ModuleType, _: Path) -> Any:
    """Hundreds of keys at once, some of them twice, and more after some are gone."""
    numbers = np.random.default_rng(7)
    found: list[Any] = []
    for kind in (tf.int64, tf.string):
        text = kind == tf.string
        marks = {"empty_key": "", "deleted_key": "$"} if text else {}
        table = _dense(tf, key_dtype=kind, **marks)
        steps = []
        for change, count in (("insert", 150), ("remove", 90), ("insert", 70)):
            # A key that is put in again could come to lie in two places.
            range_of_keys = (500, 900) if len(steps) == 2 else (1, 500)
            keys = numbers.integers(*range_of_keys, count) * 64
            words: Any = [b"%d" % key for key in keys.tolist()] if text else keys
            steps.append((change, words, np.arange(count)))
        places, values, size = _changed(tf, table, *steps, dtype=kind)
        # A line for each, so that the record is short; values of no key are left out.
        found.append(len(places))
        found += [
            f"{place}: {key!r} {value}"
            for place, (key, value) in enumerate(
                zip(places[:, 0].tolist(), values[:, 0].tolist(), strict=True)
            )
            if key not in (0, -1, b"", b"$")
        ]
        found.append(size)
    return found


def many_keys(tf: ModuleType, _: Path) -> Any:
    """The same in tables without an order."""
    numbers = np.random.default_rng(8)
    found: list[Any] = []
    for kind, default in ((tf.int64, -1.0), (tf.int64, [0.5, 1.5]), (tf.string, -1.0)):
        table = tf.lookup.experimental.MutableHashTable(kind, tf.float32, default)
        given, values = tf.placeholder(kind), tf.placeholder(tf.float32)
        ops = table.insert(given, values), table.remove(given), table.lookup(given)
        with tf.Session() as session:
            for change, count in ((0, 100), (1, 70), (0, 40), (1, 50), (2, 60)):
                keys: Any = numbers.integers(-90, 90, count)
                if kind == tf.string:
                    keys = np.array([b"%d" % key for key in keys.tolist()], object)
                rows = numbers.integers(0, 9, [count, *np.shape(default)])
                result = session.run(ops[change], {given: keys, values: rows})
            pairs = zip(*session.run(table.export()), strict=True)
            listed = [f"{key!s}: {np.array(value).tolist()}" for key, value in pairs]
            found.append([str(np.array(result).tolist()), sorted(listed)])
            found.append(session.run(table.size()))
    return found


RUNS: dict[str, Callable[[ModuleType, Path], Any]] = {
    run.__name__: run
    for run in (
        dense_places,
        dense_growth,
        tables_saved,
        filled_twice,
        many_keys,
        many_keys_in_places,
    )
}


def _with(tf: ModuleType, change: str, keys: Any, **options: Any) -> Any:
    table = _dense(tf, **options)
    tensor = tf.constant(keys, tf.int64)
    made = table.insert(tensor, keys) if change == "insert" else table.remove(tensor)
    with tf.Session() as session:
        session.run(table.lookup(tensor) if change == "lookup" else made)


def _fed(tf: ModuleType, keys: Any) -> Any:
    marks = {"empty_key": [0, 3], "deleted_key": [-1, -1]}
    table = _dense(tf, **{k: tf.constant(v, tf.int64) for k, v in marks.items()})
    fed = tf.placeholder(tf.int64)
    with tf.Session() as session:
        session.run(table.insert(fed, tf.constant([1], tf.int64)), {fed: keys})


def _values_of_rank(tf: ModuleType, default: Any) -> Any:
    table = tf.lookup.experimental.MutableHashTable(tf.string, tf.int64, default)
    with tf.Session() as session:
        session.run(table.size())


def _static(
    tf: ModuleType, use: Callable[[ModuleType, Any], Any], **options: Any
) -> Any:
    """Use a filled table through the ops behind the functions."""
    types = {"key_dtype": tf.string, "value_dtype": tf.int64, **options}
    table = tf.raw_ops.HashTableV2(**types)
    pairs = {"keys": tf.constant(["a", "b"]), "values": tf.constant([1, 2], tf.int64)}
    with tf.Session() as session:
        if not options:
            session.run(tf.raw_ops.InitializeTableV2(table_handle=table, **pairs))
        session.run(use(tf, table))


def _initialized(tf: ModuleType, table: Any, keys: Any, values: Any) -> Any:
    operands = {
        "keys": tf.constant(keys, None if keys else tf.string),
        "values": tf.constant(values, tf.int64),
    }
    fed = {
        name: tf.placeholder_with_default(value, None)
        for name, value in operands.items()
    }
    return tf.raw_ops.InitializeTableV2(table_handle=table, **fed)


def _found(tf: ModuleType, table: Any, keys: Any, default: Any) -> Any:
    return tf.raw_ops.LookupTableFindV2(
        table_handle=table, keys=keys, default_value=default
    )


def _from_file(tf: ModuleType, content: str, **options: Any) -> Any:
    """Fill a table with the lines of a file."""
    types = {name: options.pop(name) for name in ("key_dtype", "value_dtype")}
    with tempfile.NamedTemporaryFile("w", delete=False) as file:
        file.write(content)
    options = {"key_index": -2, "value_index": -1, **options}
    try:
        with tf.Session() as session:
            session.run(
                tf.raw_ops.InitializeTableFromTextFileV2(
                    table_handle=tf.raw_ops.HashTableV2(**types),
                    filename=tf.constant(file.name),
                    **options,
                )
            )
    except tf.errors.OpError as error:
        message = error.message.replace(file.name, "FILE")
        raise type(error)(None, None, message) from None
    finally:
        Path(file.name).unlink()


def _lines(tf: ModuleType, content: str, **options: Any) -> Any:
    types = {"key_dtype": tf.string, "value_dtype": tf.int64}
    return _from_file(tf, content, **{**types, **options})


def _other_types(tf: ModuleType, kind: str) -> Any:
    shared = {"key_dtype": tf.string, "shared_name": "shared"}
    with tf.Session() as session:
        for dtype in (tf.int64, tf.float32):
            made = getattr(tf.raw_ops, kind)(value_dtype=dtype, **shared)
            session.run(tf.raw_ops.LookupTableSizeV2(table_handle=made))


def _sized(tf: ModuleType, kind: str, **options: Any) -> Any:
    types = {} if "empty_key" in options else {"key_dtype": tf.string}
    table = getattr(tf.raw_ops, kind)(value_dtype=tf.int64, **types, **options)
    with tf.Session() as session:
        session.run(tf.raw_ops.LookupTableSizeV2(table_handle=table))


# Of tables below the functions of `tf.lookup`.
_RAW: dict[str, Callable[[ModuleType], Any]] = {
    "insert_into_static": lambda tf: _static(
        tf,
        lambda tf, table: tf.raw_ops.LookupTableInsertV2(
            table_handle=table, keys=["c"], values=tf.constant([3], tf.int64)
        ),
    ),
    "remove_from_static": lambda tf: _static(
        tf,
        lambda tf, table: tf.raw_ops.LookupTableRemoveV2(
            table_handle=table, keys=["a"]
        ),
    ),
    "remove_scalar": lambda tf: _static(
        tf,
        lambda tf, table: tf.raw_ops.LookupTableRemoveV2(table_handle=table, keys="a"),
    ),
    "fill_with_other_number": lambda tf: _static(
        tf, lambda tf, table: _initialized(tf, table, ["a"], [1])
    ),
    "fill_with_too_few_values": lambda tf: _static(
        tf, lambda tf, table: _initialized(tf, table, ["a", "b"], [1])
    ),
    "fill_with_matrix": lambda tf: _static(
        tf, lambda tf, table: _initialized(tf, table, [["a", "b"]], [1, 2])
    ),
    "fill_with_nothing": lambda tf: _static(
        tf,
        lambda tf, table: _initialized(tf, table, [], []),
        value_dtype=tf.int64,
    ),
    "fill_with_other_types": lambda tf: _static(
        tf, lambda tf, table: _initialized(tf, table, [1.0, 2.0], [1, 2])
    ),
    "find_other_keys": lambda tf: _static(
        tf, lambda tf, table: _found(tf, table, [1, 2], tf.constant(0, tf.int64))
    ),
    "find_other_values": lambda tf: _static(
        tf, lambda tf, table: _found(tf, table, ["a"], 0.5)
    ),
    "find_other_keys_of_mutable": lambda tf: _found(
        tf,
        tf.raw_ops.MutableHashTableV2(key_dtype=tf.string, value_dtype=tf.int64),
        [1, 2],
        tf.constant(0, tf.int64),
    ),
    "static_tables_of_other_types": lambda tf: _other_types(tf, "HashTableV2"),
    "mutable_tables_of_other_types": lambda tf: _other_types(tf, "MutableHashTableV2"),
    "value_shape_of_scalars": lambda tf: _sized(
        tf, "MutableHashTableOfTensorsV2", value_shape=[]
    ),
    "values_with_places_of_rank_2": lambda tf: _sized(
        tf,
        "MutableDenseHashTableV2",
        empty_key="a",
        deleted_key="b",
        value_shape=[2, 3],
    ),
    "full_load": lambda tf: _sized(
        tf,
        "MutableDenseHashTableV2",
        empty_key="a",
        deleted_key="b",
        max_load_factor=1.0,
    ),
    "empty_file": lambda tf: _lines(tf, ""),
    "empty_line": lambda tf: _lines(tf, "a\n\nb\n"),
    "empty_line_after_others": lambda tf: _lines(tf, "a\r\nbc\r\n\r\nd\n"),
    "too_few_lines": lambda tf: _lines(tf, "a\nb\n", vocab_size=3),
    "two_values_for_a_line": lambda tf: _lines(tf, "a\nb\na\n"),
    "too_few_columns": lambda tf: _lines(
        tf, "a 1\nb\n\n", key_index=0, value_index=1, delimiter=" "
    ),
    "no_number": lambda tf: _lines(
        tf, "a 1\nb x\n", key_index=0, value_index=1, delimiter=" "
    ),
    "number_too_large": lambda tf: _lines(
        tf,
        "a 1\nb 3000000000\n",
        key_index=0,
        value_index=1,
        delimiter=" ",
        value_dtype=tf.int32,
    ),
    "no_lines_wanted": lambda tf: _lines(tf, "a\n", vocab_size=0),
    "long_delimiter": lambda tf: _lines(tf, "a\n", delimiter="ab"),
    "line_numbers_as_text": lambda tf: _lines(tf, "a\n", value_dtype=tf.string),
    "line_numbers_as_keys": lambda tf: _lines(tf, "a\n", key_index=-1),
    "lines_as_numbers": lambda tf: _lines(
        tf, "1\n", key_index=-2, value_index=-2, value_dtype=tf.float32
    ),
}

MISTAKES: dict[str, Callable[[ModuleType], Any]] = {
    "insert_empty_key": lambda tf: _with(tf, "insert", [0, 12]),
    "insert_deleted_key": lambda tf: _with(tf, "insert", [-1, 12]),
    "look_up_empty_key": lambda tf: _with(tf, "lookup", [0, 12]),
    "look_up_deleted_key": lambda tf: _with(tf, "lookup", [-1, 12]),
    "remove_empty_key": lambda tf: _with(tf, "remove", [0]),
    "equal_marks": lambda tf: _with(tf, "insert", [1], deleted_key=0),
    "marks_of_other_shapes": lambda tf: _with(tf, "insert", [1], empty_key=[0]),
    "places": lambda tf: _with(tf, "insert", [1], initial_num_buckets=12),
    "keys_of_other_shape": lambda tf: _fed(tf, [[1, 2, 3]]),
    "values_of_rank_2": lambda tf: _values_of_rank(tf, [[1, 2], [3, 4]]),
    **_RAW,
}
