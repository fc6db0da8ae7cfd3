"""Functions of a library run and give TensorFlow's values.

The values are recorded by tests/golden/record/record_functions.py.
"""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import metagraft.compat.v1 as tf
from metagraft.api.defun import Defun
from metagraft.api.function_ops import For
from metagraft.errors import (
    InvalidArgumentError,
    NotFoundError,
    UnimplementedError,
)
from metagraft.graph.graph import Graph
from metagraft.proto import DataType, GraphDef
from tests.programs.every_function_program import IMPORTED, PROGRAMS, control_flow

RECORDED = Path(__file__).resolve().parent.parent / "golden" / "functions"


def values_of(fetches: list[Any], graph: Graph) -> list[Any]:
    """Return what fetches are in a new session, variables initialised."""
    initializer = tf.global_variables_initializer()
    with tf.Session(graph=graph) as session:
        session.run(initializer)
        values: list[Any] = session.run(fetches)
    return values


def assert_recorded(name: str, values: list[Any]) -> None:
    """Compare values with TensorFlow's."""
    with np.load(RECORDED / f"{name}.npz") as recorded:
        assert len([n for n in recorded.files if n != "names"]) == len(values)
        for position, value in enumerate(values):
            expected = recorded[f"arr_{position}"]
            if expected.dtype.kind == "S":
                assert np.asarray(value).astype(np.bytes_).tolist() == expected.tolist()
            else:
                np.testing.assert_allclose(value, expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", PROGRAMS)
def test_program_computes_what_tensorflow_computes(name: str) -> None:
    """Calls, branches, loops and gradients of functions have TensorFlow's values."""
    with control_flow(tf, name), tf.Graph().as_default() as graph:
        fetches = list(PROGRAMS[name](tf))
        values = values_of(fetches, graph)
    assert_recorded(name, values)


@pytest.mark.parametrize("name", ["named", "functional_loops", "gradient_function"])
def test_imported_functions_run(name: str) -> None:
    """A graph that was written and read again, functions included, runs as before."""
    with tf.Graph().as_default() as graph:
        fetches = list(PROGRAMS[name](tf))
        exported = tf.train.export_meta_graph()
    names = [tensor.name for tensor in fetches]
    with tf.Graph().as_default() as graph:
        tf.train.import_meta_graph(exported, import_scope="again")
        found = [graph.get_tensor_by_name(f"again/{name}") for name in names]
        values = values_of(found, graph)
    assert_recorded(name, values)


@pytest.mark.parametrize("name", IMPORTED)
def test_loops_over_lists_run(name: str) -> None:
    """Loops that carry lists of tensors, as files of TensorFlow 2 have them, run."""
    graph_def = GraphDef.FromString(
        gzip.decompress((RECORDED / f"{name}.pb.gz").read_bytes())
    )
    with np.load(RECORDED / f"{name}.npz") as recorded:
        names = recorded["names"].tolist()
    with tf.Graph().as_default() as graph:
        fetches = tf.import_graph_def(graph_def, name="", return_elements=names)
        with tf.Session(graph=graph) as session:
            values = session.run(fetches)
            again = session.run(fetches)
    assert_recorded(name, values)
    assert_recorded(name, again)


def test_feeds_reach_functions() -> None:
    """A fed tensor takes the place of an argument, or of a result of a call."""
    with tf.Graph().as_default() as graph:
        x = tf.placeholder(tf.float32, [2])
        y = PROGRAMS["named"](tf)[0]
        z = y * 2.0 + x
        with tf.Session(graph=graph) as session:
            found = session.run([z, y], {x: [1.0, 2.0], y: [3.0]})
    np.testing.assert_array_equal(found[0], [7.0, 8.0])
    np.testing.assert_array_equal(found[1], [3.0])


def circle(first: str, second: str) -> GraphDef:
    """Return a graph that calls `first`, which calls `second`, which calls `first`."""
    graph_def = GraphDef()
    graph_def.versions.producer = 1882
    node = graph_def.node.add(name="x", op="Const")
    node.attr["dtype"].type = DataType.DT_FLOAT
    node.attr["value"].tensor.dtype = DataType.DT_FLOAT
    node.attr["value"].tensor.float_val.append(1.0)
    node.attr["value"].tensor.tensor_shape.SetInParent()
    graph_def.node.add(name="call", op=first, input=["x"])
    for name, other in {first: second, second: first}.items():
        function = graph_def.library.function.add()
        function.signature.name = name
        function.signature.input_arg.add(name="a", type=DataType.DT_FLOAT)
        function.signature.output_arg.add(name="r", type=DataType.DT_FLOAT)
        function.node_def.add(name="inner", op=other, input=["a"])
        function.ret["r"] = "inner:r:0"
    return graph_def


@pytest.mark.parametrize("second", ["One", "Two"])
def test_functions_that_call_themselves_are_refused(second: str) -> None:
    """Import, shapes, export and op list end; running says what is wrong. MG-038."""
    with tf.Graph().as_default() as graph:
        tf.import_graph_def(circle("One", second), name="")
        call = graph.get_tensor_by_name("call:0")
        assert call.shape.ndims is None
        exported = tf.train.export_meta_graph()
        assert [o.name for o in exported.meta_info_def.stripped_op_list.op] == ["Const"]
        with (
            tf.Session(graph=graph) as session,
            pytest.raises(UnimplementedError, match="call themselves cannot run: One"),
        ):
            session.run(call)


def test_function_that_is_missing_is_named() -> None:
    """A call of a function that the library lacks names it."""
    with tf.Graph().as_default() as graph:
        call = tf.raw_ops.PartitionedCall(args=[1.0], Tout=[tf.float32], f="Absent")
        with (
            tf.Session(graph=graph) as session,
            pytest.raises(NotFoundError, match="Function Absent is not in the library"),
        ):
            session.run(call)


def damaged(kind: str) -> GraphDef:
    """Return a graph whose functions do not fit the operation that takes them."""
    with tf.Graph().as_default() as graph:
        fetches = PROGRAMS["functional_loops"](tf)
        assert fetches
    graph_def = graph.as_graph_def()
    functions = {f.signature.name: f for f in graph_def.library.function}
    if kind == "too few arguments":
        del functions["Step"].signature.input_arg[1]
    elif kind == "too many results":
        functions["Few"].signature.output_arg.add(name="more", type=DataType.DT_BOOL)
        functions["Few"].ret["more"] = functions["Few"].ret["less"]
    elif kind == "another argument":
        functions["Step"].signature.input_arg[1].type = DataType.DT_INT32
    elif kind == "another result":
        functions["Step"].signature.output_arg[1].type = DataType.DT_INT32
    elif kind == "too few results":
        del functions["Step"].signature.output_arg[1]
    elif kind == "unknown node":
        functions["Step"].ret["add"] = "nowhere:z:0"
    elif kind == "unknown output":
        functions["Step"].ret["add"] = "add_0:y:0"
    else:
        functions["Step"].node_def[1].op = "NoSuchOp"
    return graph_def


@pytest.mark.parametrize("place", range(3))
@pytest.mark.parametrize("shape", [[1], [2], [0]])
def test_counts_go_between_numbers(place: int, shape: list[int]) -> None:
    """Bounds and steps that are vectors are refused, as in TensorFlow."""
    bounds = [np.int32(0), np.int32(3), np.int32(1)]
    bounds[place] = np.full(shape, bounds[place])

    @Defun(tf.int32, tf.float32, func_name="Counted")
    def counted(i: Any, x: Any) -> Any:
        return x + tf.cast(i, tf.float32)

    start, limit, delta = (tf.placeholder_with_default(b, None) for b in bounds)
    (last,) = tf.raw_ops.For(
        start=start, limit=limit, delta=delta, input=[1.0], body=counted
    )
    with tf.Session() as session, pytest.raises(InvalidArgumentError):
        session.run(last)


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("too few arguments", "Step has 1 arguments|there is no node or argument"),
        ("too many results", "Few has 2 results, and 1 are expected"),
        ("another argument", "argument 1 of Step is int32, and float32 is expected"),
        ("another result", "result 1 of Step is int32, and float32 is expected"),
        ("too few results", "Step has 1 results, and 2 are expected"),
        ("unknown node", "there is no node or argument 'nowhere'"),
        ("unknown output", "has no output 'y'"),
        ("unknown op", "the signature of op type 'NoSuchOp'"),
    ],
)
def test_functions_that_do_not_fit_are_refused(kind: str, message: str) -> None:
    """Running says which function is wrong, and what about it."""
    graph_def = damaged(kind)
    with tf.Graph().as_default() as graph:
        (loop,) = tf.import_graph_def(graph_def, return_elements=["While:1"], name="")
        with (
            tf.Session(graph=graph) as session,
            pytest.raises(InvalidArgumentError, match=message),
        ):
            session.run(loop)


def test_gradient_functions_with_too_many_results_are_refused() -> None:
    """A gradient has one result for each argument; the message is TensorFlow's."""

    @Defun(tf.float32, tf.float32, tf.float32)
    def gradient(x: Any, dy: Any, dz: Any) -> Any:
        return x, dy + dz

    @Defun(tf.float32, grad_func=gradient)
    def twice(x: Any) -> Any:
        return x, x

    with tf.Graph().as_default() as graph:
        x = tf.constant(1.0)
        (found,) = tf.gradients(tf.add_n(twice(x)), [x])
        expected = r"SymGrad expects to return 1 tensor\(s\), but get 2 tensor\(s\)"
        with (
            tf.Session(graph=graph) as session,
            pytest.raises(InvalidArgumentError, match=expected),
        ):
            session.run(found)


def test_checks_in_functions_fail() -> None:
    """An assertion in a branch of a function fails when its condition does not hold."""

    @Defun(tf.float32)
    def checked(x: Any) -> Any:
        with tf.control_dependencies([tf.Assert(tf.less_equal(x, 10.0), [x])]):
            return tf.identity(x)

    with tf.Graph().as_default() as graph:
        x = tf.placeholder(tf.float32, [])
        y = checked(x)
        with tf.Session(graph=graph) as session:
            assert session.run(y, {x: 10.0}) == 10.0
            with pytest.raises(InvalidArgumentError, match="assertion failed"):
                session.run(y, {x: 11.0})


@pytest.mark.parametrize(
    ("count", "turns"),
    [
        ((0, 5, 2), 3),
        ((5, 0, -2), 3),
        ((5, 5, 0), 0),
        ((5, 5, 1), 0),
        ((0, 5, 0), None),
        ((0, 5, -1), None),
        ((5, 0, 1), None),
        (([0, 1], 5, 1), None),
    ],
)
def test_counting_loops(count: tuple[Any, ...], turns: int | None) -> None:
    """A count that does not come to an end is refused, as in TensorFlow."""
    with tf.Graph().as_default(), tf.Session() as session:

        def one_more(i: Any, x: Any) -> Any:
            del i
            return x + 1.0

        body: Any = Defun(tf.int32, tf.float32)(one_more)
        start, limit, delta = (tf.placeholder(tf.int32) for _ in count)
        found = For(start, limit, delta, [tf.constant(0.0)], body)
        feeds = dict(zip((start, limit, delta), count, strict=True))
        if turns is not None:
            assert session.run(found, feeds) == [turns]
            return
        with pytest.raises(InvalidArgumentError):
            session.run(found, feeds)
