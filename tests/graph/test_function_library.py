"""The library of a graph: adding, importing, conflicts, circles, bodies as graphs.

Texts of errors are those that TensorFlow 2.21 gives for the same programs.
"""

from __future__ import annotations

from typing import Any

import pytest

import metagraft.compat.v1 as tf
from metagraft.compat.python.framework import function
from metagraft.compat.python.ops import functional_ops
from metagraft.errors import InvalidArgumentError
from metagraft.graph.function_body import function_graph_from_def, reachable_functions
from metagraft.graph.function_definition import function_def_from_graph
from metagraft.graph.function_graph import FunctionGraph
from metagraft.graph.graph import Graph
from metagraft.proto import DataType, FunctionDef, GraphDef
from tests.programs.functions import defun


def doubled(name: str = "Foo", factor: float = 2.0) -> Any:
    """Return a function with a name of its own."""

    @defun(tf, tf.float32, func_name=name)
    def double(x: Any) -> Any:
        return x * factor

    return double


def with_function() -> tuple[Graph, GraphDef]:
    """Return a graph that calls a function, and its message."""
    with tf.Graph().as_default() as graph:
        doubled()(tf.constant([2.0]))
    return graph, graph.as_graph_def()


def test_the_same_function_is_kept_once() -> None:
    """A definition that is there already is used again. MG-135."""
    graph, graph_def = with_function()
    with graph.as_default():
        tf.import_graph_def(graph_def)
        tf.import_graph_def(graph_def, name="again")
    names = [f.signature.name for f in graph.as_graph_def().library.function]
    assert names == ["Foo"]


def test_shapes_of_captured_tensors_do_not_make_a_function_different() -> None:
    """A body may be looped over tensors of several shapes."""

    def looped(values: list[float]) -> Any:
        step = tf.constant(values)

        @defun(tf, tf.int32, tf.float32)
        def few(i: Any, x: Any) -> Any:
            del x
            return i < 3

        @defun(tf, tf.int32, tf.float32)
        def body(i: Any, x: Any) -> Any:
            return i + 1, x + tf.reduce_sum(step)

        start = [tf.constant(0), tf.constant(1.0)]
        return functional_ops.While(start, few, body)[1]

    with tf.Graph().as_default(), tf.Session() as session:
        found = session.run([looped([1.0]), looped([1.0, 2.0])])
    assert found == [4.0, 10.0]


def test_marks_on_nodes_do_not_make_a_function_different() -> None:
    """Attributes that start with an underscore are no part of what a node does."""
    graph, graph_def = with_function()
    graph_def.library.function[0].node_def[0].attr["_mark"].i = 3
    with graph.as_default():
        tf.import_graph_def(graph_def)
    assert len(graph.functions) == 1


@pytest.mark.parametrize("part", ["node", "attribute"])
def test_a_different_function_of_the_same_name_is_refused(part: str) -> None:
    """The import fails as in TensorFlow and leaves the graph as it was."""
    graph, graph_def = with_function()
    if part == "node":
        graph_def.library.function[0].node_def[0].op = "Neg"
    else:
        graph_def.library.function[0].attr["_mark"].i = 3
    before = graph.as_graph_def()
    with (
        graph.as_default(),
        pytest.raises(
            ValueError,
            match="Cannot add function 'Foo' because a different function with the "
            "same name already exists",
        ) as caught,
    ):
        tf.import_graph_def(graph_def)
    assert type(caught.value) is ValueError
    assert graph.as_graph_def() == before


def test_calls_that_do_not_fit_are_refused() -> None:
    """Number and types of arguments, names and options are checked."""
    with tf.Graph().as_default():
        double = doubled()
        with pytest.raises(ValueError, match=r"Expected 1 arguments, got 2\."):
            double(1.0, 2.0)
        with pytest.raises(
            ValueError,
            match="Input 'x' passed int32 expected float while building NodeDef 'Foo' "
            "using Op<name=Foo; signature=x:float -> mul:float>",
        ):
            double(tf.constant(1))
        with pytest.raises(ValueError, match="Unknown keyword arguments"):
            double(1.0, inline=True)
        double(1.0)
        with pytest.raises(InvalidArgumentError, match="a different function with"):
            doubled(factor=3.0)(1.0)
        with pytest.raises(InvalidArgumentError, match="an op with the same name"):
            doubled(name="MatMul")(1.0)


def test_functions_are_found_by_name() -> None:
    """Programs and libraries look functions up as in TensorFlow. MG-004."""
    graph, graph_def = with_function()
    assert list(graph._functions) == ["Foo"]
    assert graph._is_function("Foo")
    assert graph._get_function("Bar") is None
    assert graph.graph_def_versions.min_consumer == 12
    imported = tf.Graph()
    with imported.as_default():
        tf.import_graph_def(graph_def)
    found = imported._get_function(b"Foo")
    assert found is not None
    assert found.definition == graph_def.library.function[0]
    imported._remove_function("Foo")
    assert not imported._is_function("Foo")
    with pytest.raises(ValueError, match="Function 'Foo' is not found"):
        imported._remove_function("Foo")


def test_body_of_a_function_is_a_graph_and_back() -> None:
    """A definition becomes a graph that can be looked at, and the same definition."""
    with tf.Graph().as_default() as graph:
        double = doubled()
        y = double([1.0, 2.0])
    definition = y.graph._get_function("Foo").definition
    body = function_graph_from_def(definition, graph, input_shapes=[(2,)])
    assert [op.type for op in body.get_operations()] == ["Placeholder", "Const", "Mul"]
    assert body.outputs[0].shape.as_list() == [2]
    again = function_def_from_graph(body, "Foo", body.inputs, body.outputs)
    assert again.node_def[0] == definition.node_def[0]
    assert dict(again.ret) == {"mul_0": "mul_0_0:z:0"}  # named after the node


def test_tensors_of_inner_functions_are_out_of_scope() -> None:
    """What a function makes inside cannot be used outside without returning it."""
    leaked: list[Any] = []
    with tf.Graph().as_default():

        def inner(x: Any) -> Any:
            leaked.append(x * 2.0)
            return x

        def outer(x: Any) -> Any:
            tf.function(inner)(x)
            return leaked[0] + 1.0

        with pytest.raises(ValueError, match="out of scope"):
            tf.function(outer)(tf.constant(1.0))


def calling(*edges: tuple[str, str]) -> Graph:
    """Return a graph whose functions call each other as given."""
    graph = Graph()
    for name in dict.fromkeys(name for name, _ in edges):
        definition = FunctionDef()
        definition.signature.name = name
        definition.signature.input_arg.add(name="a", type=DataType.DT_FLOAT)
        definition.signature.output_arg.add(name="r", type=DataType.DT_FLOAT)
        for i, (_, called) in enumerate(e for e in edges if e[0] == name):
            node = definition.node_def.add(
                name=f"call_{i}", op="PartitionedCall", input=["a"]
            )
            node.attr["f"].func.name = called
            node.attr["Tin"].list.type.append(DataType.DT_FLOAT)
            node.attr["Tout"].list.type.append(DataType.DT_FLOAT)
        definition.ret["r"] = "call_0:output:0"
        graph.functions.add(definition)
    return graph


def test_functions_that_call_in_circles_end() -> None:
    """Reaching functions and inferring shapes ends for every kind of circle."""
    graph = calling(
        ("One", "Two"), ("Two", "Three"), ("Three", "One"), ("Self", "Self")
    )
    assert reachable_functions(["One"], graph.functions) == ["One", "Two", "Three"]
    with graph.as_default():
        for name in ("One", "Self"):
            y = tf.raw_ops.PartitionedCall(args=[1.0], Tout=[tf.float32], f=name)[0]
            assert y.shape.ndims is None


def test_shapes_of_deep_calls_take_little_time() -> None:
    """A chain in which every function calls the next one twice is walked once."""
    edges = [(f"F{i}", f"F{i + 1}") for i in range(200) for _ in range(2)]
    graph = calling(*edges)
    with graph.as_default():
        y = tf.raw_ops.PartitionedCall(args=[1.0], Tout=[tf.float32], f="F0")[0]
    assert y.shape.ndims is None


def test_get_extra_functions_outside_of_functions() -> None:
    """Outside of a definition there is nothing captured."""
    with tf.Graph().as_default():
        assert function.get_extra_inputs() == []
        assert function.get_extra_args() == []
        assert function.get_extra_vars() == []


def test_recursive_definition_is_refused() -> None:
    """A function that calls itself while it is defined is named, without overflow."""
    with tf.Graph().as_default():

        @defun(tf, tf.float32, func_name="Self")
        def itself(x: Any) -> Any:
            return itself(x)

        with pytest.raises(ValueError, match="recursive functions cannot be defined"):
            itself(1.0)


def test_body_without_name_for_captures() -> None:
    """A plain graph refuses tensors of other graphs; a body takes them in."""
    with tf.Graph().as_default():
        x = tf.constant([1.0, 2.0], name="x")
        body = FunctionGraph("body")
        with body.as_default():
            y = x + 1.0
    assert [t.name for t in body.external_captures] == ["x:0"]
    assert y.graph is body
    assert body.inputs[0].shape.as_list() == [2]
