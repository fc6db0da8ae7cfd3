"""Nodes that call Python functions, and what becomes of their errors."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import metagraft.compat.v1 as tf


def run(function: Any, inputs: Any, types: Any, **options: Any) -> Any:
    """Run a node that calls a function."""
    with tf.Graph().as_default(), tf.Session() as session:
        return session.run(tf.py_func(function, inputs, types, **options))


def test_functions_get_numpy_scalars_arrays_and_bytes() -> None:
    """Rank zero is a scalar of NumPy's or `bytes`, as TensorFlow hands it over."""
    seen: list[Any] = []

    def look(*arguments: Any) -> Any:
        seen.extend(arguments)
        return np.float32(2)

    inputs = [1.5, np.array([1, 2]), b"a", [b"b\0", b"c"]]
    assert run(look, inputs, tf.float32) == 2
    number, vector, text, texts = seen
    assert isinstance(number, np.float32)
    assert vector.tolist() == [1, 2]
    assert vector.flags.writeable
    assert text == b"a"
    assert texts.tolist() == [b"b\0", b"c"]


def test_text_becomes_bytes() -> None:
    """Text in every form is encoded, and keeps its zeros where NumPy has objects."""
    assert run(lambda: "é", [], tf.string) == "é".encode()
    assert run(lambda: np.array(["a", "bc"]), [], tf.string).tolist() == [b"a", b"bc"]
    objects = np.array([b"a\0", "bc"], object)
    assert run(lambda: objects, [], tf.string).tolist() == [b"a\0", b"bc"]


@pytest.mark.parametrize(
    ("raised", "expected"),
    [
        (ValueError("v"), tf.errors.InvalidArgumentError),
        (TypeError("t"), tf.errors.InvalidArgumentError),
        (StopIteration("s"), tf.errors.OutOfRangeError),
        (MemoryError("m"), tf.errors.ResourceExhaustedError),
        (NotImplementedError("n"), tf.errors.UnimplementedError),
        (KeyError("k"), tf.errors.UnknownError),
    ],
)
def test_errors_of_python(raised: Exception, expected: Any) -> None:
    """An error of the function becomes the class that TensorFlow's becomes."""

    def fail() -> None:
        raise raised

    with pytest.raises(expected, match=f"{type(raised).__name__}: ") as error:
        run(fail, [], tf.float32)
    assert "in fail" in str(error.value)


@pytest.mark.parametrize(
    ("function", "types", "message"),
    [
        (lambda: 1.0, tf.float32, "0-th value returned by pyfunc_.* is double, but ex"),
        (lambda: [1, 2], [tf.int64], "returns 2 values, but expects to see 1 values."),
        (lambda: None, tf.int64, "returns 0 values, but expects to see 1 values."),
    ],
)
def test_what_is_returned_is_checked(function: Any, types: Any, message: str) -> None:
    """Types are not converted, and values counted."""
    with pytest.raises(tf.errors.InvalidArgumentError, match=message):
        run(function, [], types)


def test_imported_calls_name_the_missing_token() -> None:
    """A graph from elsewhere says which function this process lacks."""
    with tf.Graph().as_default() as graph:
        node = tf.py_func(lambda: 1.0, [], tf.float64, name="call").op.node_def
        graph_def = graph.as_graph_def()
    graph_def.node[0].attr["token"].s = b"pyfunc_of_another"
    assert node.op == "PyFunc"
    with tf.Graph().as_default(), tf.Session() as session:
        tf.import_graph_def(graph_def, name="")
        with pytest.raises(tf.errors.InvalidArgumentError, match="pyfunc_of_another"):
            session.run("call:0")


def test_functions_of_tensors() -> None:
    """Functions of arrays and of this library are taken, and have gradients."""
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.placeholder(tf.float32, [2])
        squares = tf.py_function(tf.square, [x], tf.float32)
        plain = tf.py_function(
            lambda a: [a.numpy() + 1, b"b"], [x], ["float32", "string"]
        )
        both = tf.py_function(lambda a: a * 3 + tf.reduce_sum(a), [x], tf.float32)
        slopes = tf.gradients(squares, x) + tf.gradients(both, x)
        found = session.run([squares, plain, both, slopes], {x: [2.0, 3.0]})
    assert found[0].tolist() == [4, 9]
    assert found[1][0].tolist() == [3, 4]
    assert found[1][1] == b"b"
    assert found[2].tolist() == [11, 14]
    assert [slope.tolist() for slope in found[3]] == [[4, 6], [5, 5]]


def test_decorators() -> None:
    """Without a function both are decorators that need `Tout`."""
    double = tf.numpy_function(Tout=tf.float32)(lambda a: a * 2)
    with tf.Graph().as_default(), tf.Session() as session:
        assert session.run(double(tf.constant(2.0))) == 4
    with pytest.raises(TypeError, match="Tout"):
        tf.py_function()
    with pytest.raises(TypeError, match="inp"):
        tf.numpy_function(lambda: 1, Tout=tf.int64)


def test_stateful_calls_run_each_time_and_never_while_building() -> None:
    """A call is not folded, and runs once a run."""
    calls: list[int] = []

    def count() -> Any:
        calls.append(1)
        return np.float32(len(calls))

    with tf.Graph().as_default(), tf.Session() as session:
        value = tf.py_func(count, [], tf.float32)
        value.set_shape([])
        tf.reshape(value, [1]).get_shape()
        assert not calls
        assert [session.run([value, value + 1]) for _ in range(2)] == [[1, 2], [2, 3]]


def test_calls_without_state_and_inputs_are_constants() -> None:
    """A call of a function that has no inputs and no state happens once."""
    numbers = iter(range(3))
    with tf.Graph().as_default(), tf.Session() as session:
        once = tf.py_func(lambda: next(numbers), [], tf.int64, stateful=False)
        assert [session.run(once) for _ in range(3)] == [0, 0, 0]
        assert tf.py_func(lambda: None, [], [], stateful=False) == []
        assert tf.py_func(lambda: None, [], []).type == "PyFunc"


def test_what_is_no_array_is_refused() -> None:
    """Records and objects become no tensors."""
    records = np.zeros([1], [("x", np.float32)])
    with pytest.raises(tf.errors.InternalError, match="Unsupported numpy data type"):
        run(lambda: records, [], tf.float32)
    with pytest.raises(tf.errors.InternalError, match="Unsupported object type dict"):
        run(lambda: {"x": 1}, [], tf.float32)
