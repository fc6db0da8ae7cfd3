"""`import_graph_def`: what it accepts, what it refuses, and how names come out."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import metagraft.compat.v1 as tf
from metagraft.graph.import_signatures import definition_from_message
from metagraft.proto import GraphDef, OpDef, OpList
from metagraft.proto.text import parse_text
from tests import same_graph
from tests.programs.graph_defs import GRAPH_DEFS

GOLDEN = Path(__file__).resolve().parent.parent / "golden" / "import_graph_def"
OUTCOMES: dict[str, dict[str, Any]] = json.loads(
    (GOLDEN / "outcomes.json").read_text(encoding="utf-8")
)
# What Metagraft does otherwise, on purpose.
KEPT = {
    "unknown_op": "ops that nobody knows are kept, shown and written back (MG-142)",
}

PLACEHOLDER = 'node{name:"%s" op:"Placeholder" attr{key:"dtype" value{type:DT_FLOAT}}}'
IDENTITY = 'node{name:"%s" op:"Identity" input:"%s" attr{key:"T" value{type:DT_FLOAT}}}'
PAIR = PLACEHOLDER % "p" + IDENTITY % ("a", "p")


def graph_def(text: str) -> GraphDef:
    """Return the message that a text spells."""
    return parse_text(text, GraphDef)


def names() -> list[str]:
    """Return the names of the default graph's operations."""
    return [op.name for op in tf.get_default_graph().get_operations()]


@pytest.fixture(autouse=True)
def _own_graph() -> Any:
    with tf.Graph().as_default():
        yield


@pytest.mark.golden
@pytest.mark.parametrize("name", [n for n in GRAPH_DEFS if n not in KEPT])
def test_same_outcome(name: str) -> None:
    """The same nodes or the same error as TensorFlow's.

    MG-003, MG-132, MG-138, MG-139, MG-140, MG-141, MG-142, MG-144, MG-146, MG-147,
    MG-148.
    """
    expected = OUTCOMES[name]
    source = graph_def(GRAPH_DEFS[name])
    if "error" in expected:
        with pytest.raises(Exception, match=r"\w") as caught:
            tf.import_graph_def(source, name="")
        assert type(caught.value).__name__ == expected["error"]
        assert expected["message"].startswith(str(caught.value))
        assert names() == []
        return
    tf.import_graph_def(source, name="")
    found = tf.get_default_graph().as_graph_def()
    wanted = graph_def(expected["graph"])
    assert same_graph.differences(wanted, found) == ""
    assert found.versions == wanted.versions


@pytest.mark.parametrize("name", KEPT)
def test_kept_on_purpose(name: str) -> None:
    """What TensorFlow refuses and Metagraft takes comes back unchanged."""
    source = graph_def(GRAPH_DEFS[name])
    tf.import_graph_def(source, name="")
    found = tf.get_default_graph().as_graph_def()
    for node in source.node:
        node.attr.pop("_output_shapes", None)
    for node in found.node:
        node.attr.pop("shape", None)
    assert list(found.node) == list(source.node)


def test_message_is_not_changed() -> None:
    """Defaults, prefixes and devices are not written into the caller's message."""
    source = graph_def(PAIR)
    before = source.SerializeToString(deterministic=True)
    tf.import_graph_def(source, name="scope")
    assert source.SerializeToString(deterministic=True) == before


def test_prefix_is_made_unique() -> None:
    """MG-130: the second import of a name goes into another scope."""
    tf.import_graph_def(graph_def(PAIR))
    tf.import_graph_def(graph_def(PAIR), name="s")
    tf.import_graph_def(graph_def(PAIR), name="s")
    assert names() == ["import/p", "import/a", "s/p", "s/a", "s_1/p", "s_1/a"]
    assert tf.get_default_graph().get_operation_by_name("s_1/a").inputs[0].name == (
        "s_1/p:0"
    )


def test_slash_enters_a_scope_again() -> None:
    """MG-131: with a slash only the nodes are made unique."""
    tf.import_graph_def(graph_def(PAIR), name="s")
    tf.import_graph_def(graph_def(PAIR), name="s/")
    assert names() == ["s/p", "s/a", "s/p_1", "s/a_1"]


def test_colliding_names_follow() -> None:
    """MG-132: inputs and colocation follow a node that was renamed."""
    text = PLACEHOLDER % "p" + (
        'node{name:"a" op:"Identity" input:"p" attr{key:"T" value{type:DT_FLOAT}}'
        ' attr{key:"_class" value{list{s:"loc:@p"}}}}'
    )
    tf.import_graph_def(graph_def(text), name="")
    tf.import_graph_def(graph_def(text), name="")
    copy = tf.get_default_graph().get_operation_by_name("a_1")
    assert copy.inputs[0].name == "p_1:0"
    assert copy.colocation_groups() == [b"loc:@p_1"]


def test_scope_of_other_nodes_is_taken() -> None:
    """A node is not called as a scope that other nodes are in."""
    tf.import_graph_def(graph_def(PLACEHOLDER % "a/b"), name="")
    tf.import_graph_def(graph_def(PLACEHOLDER % "a"), name="")
    assert names() == ["a/b", "a_1"]


def test_case_is_compared() -> None:
    """MG-132: `X` next to `x` is fine."""
    tf.import_graph_def(graph_def(PLACEHOLDER % "x"), name="")
    tf.import_graph_def(graph_def(PLACEHOLDER % "X"), name="")
    assert names() == ["x", "X"]


def test_input_map_redirects_uses() -> None:
    """MG-150, MG-154: uses are redirected, the node itself is imported."""
    mine = tf.placeholder(tf.float32, [3], name="mine")
    for key in ("p", "p:0", b"p"):
        (found,) = tf.import_graph_def(graph_def(PAIR), {key: mine}, ["a:0"])
        assert found.op.inputs[0] is mine
        assert found.shape.as_list() == [3]
    assert "import/p" in names()


def test_input_map_of_control_inputs() -> None:
    """MG-150: `^x` is a control dependency."""
    mine = tf.constant(1.0, name="mine")
    text = 'node{name:"n" op:"NoOp"} node{name:"a" op:"NoOp" input:"^n"}'
    (found,) = tf.import_graph_def(graph_def(text), {"^n": mine}, ["a"])
    assert found.control_inputs == [mine.op]


def test_input_map_of_values() -> None:
    """MG-151: numbers become constants of the import's scope."""
    (found,) = tf.import_graph_def(graph_def(PAIR), {"p": 2.0}, ["a"], name="s")
    assert found.inputs[0].name == "s/_inputs/Const:0"
    with pytest.raises(ValueError, match="requires a non-empty `name`"):
        tf.import_graph_def(graph_def(PAIR), {"p": np.zeros(2, np.float32)}, name="")


def test_input_map_of_nodes_that_are_missing_in_the_file() -> None:
    """A source that the file lacks may be given."""
    mine = tf.constant(1.0, name="mine")
    (found,) = tf.import_graph_def(
        graph_def(IDENTITY % ("a", "elsewhere")), {"elsewhere:0": mine}, ["a"]
    )
    assert found.inputs[0] is mine


def test_shapes_follow_a_redirected_input() -> None:
    """MG-155: stored shapes after an input of another shape are inferred anew."""
    text = (
        PLACEHOLDER
        % "p"
        + 'node{name:"a" op:"Identity" input:"p" attr{key:"T" value{type:DT_FLOAT}}'
        ' attr{key:"_output_shapes" value{list{shape{dim{size:9}}}}}}'
        + 'node{name:"b" op:"Identity" input:"a" attr{key:"T" value{type:DT_FLOAT}}'
        ' attr{key:"_output_shapes" value{list{shape{dim{size:9}}}}}}'
    )
    mine = tf.placeholder(tf.float32, [3])
    (kept,) = tf.import_graph_def(graph_def(text), None, ["b:0"])
    (found,) = tf.import_graph_def(graph_def(text), {"p": mine}, ["b:0"])
    assert kept.shape.as_list() == [9]
    assert found.shape.as_list() == [3]


@pytest.mark.parametrize(
    ("input_map", "error", "match"),
    [
        ({"q": 0}, ValueError, r"not found in graph_def: \[q:0\]"),
        ({"p:3": 0}, ValueError, r"not found in graph_def: \[p:3\]"),
        ({"p:a": 0}, ValueError, "should be an int. Got a."),
        ({"p:0:1": 0}, ValueError, "should not contain more than 1 `:`"),
        ({3: 0}, TypeError, "All keys for argument `input_map` must be strings"),
        ([], TypeError, "must be a dictionary. Obtained list"),
    ],
)
def test_wrong_input_map(input_map: Any, error: type[Exception], match: str) -> None:
    """MG-152, MG-153: and the graph stays as it was (MG-149)."""
    mine = tf.placeholder(tf.float32, name="mine")
    if isinstance(input_map, dict):
        input_map = dict.fromkeys(input_map, mine)
    with pytest.raises(error, match=match):
        tf.import_graph_def(graph_def(PAIR), input_map)
    assert names() == ["mine"]


def test_input_map_of_another_type() -> None:
    """MG-155: the error has the names of both sides."""
    with pytest.raises(ValueError, match=r"passed int32 from s/_inputs/Const:0 inc"):
        tf.import_graph_def(graph_def(PAIR), {"p": 1}, name="s")
    assert names() == []


@pytest.mark.parametrize(
    ("element", "match"),
    [
        ("p:1", r"Invalid return output 1 of node 'p', which has 1 output"),
        ("zz", "Requested return node 'zz' not found"),
        ("zz:0", "Requested return tensor 'zz:0' not found"),
    ],
)
def test_wrong_return_elements(element: str, match: str) -> None:
    """Elements that are not in the file are an error, and nothing is added."""
    with pytest.raises(ValueError, match=match):
        tf.import_graph_def(graph_def(PAIR), return_elements=[element])
    assert names() == []
    with pytest.raises(TypeError, match="must be a list of strings"):
        tf.import_graph_def(graph_def(PAIR), return_elements=[3])


def test_returned_tensor_that_is_mapped() -> None:
    """A mapped tensor is returned as what replaced it."""
    mine = tf.placeholder(tf.float32)
    found = tf.import_graph_def(graph_def(PAIR), {"p": mine}, ["p:0", "p"], name="s")
    assert found[0] is mine
    assert found[1].name == "s/p"


def test_open_scopes_apply() -> None:
    """MG-130, MG-137: name, device and control dependency scopes."""
    first = tf.no_op(name="first")
    text = PLACEHOLDER % "p" + (
        'node{name:"c" op:"NoOp" device:"/gpu:1"}'
        ' node{name:"d" op:"NoOp" device:"/job:w"}'
        ' node{name:"b" op:"NoOp" device:"/gpu:1" attr{key:"_class"'
        ' value{list{s:"loc:@p"}}}}'
    )
    with tf.device("/cpu:0"), tf.name_scope("o"), tf.control_dependencies([first]):
        tf.import_graph_def(graph_def(text), name="i")
    nodes = {node.name: node for node in tf.get_default_graph().as_graph_def().node}
    assert nodes["o/i/p"].device == "/device:CPU:0"
    assert nodes["o/i/c"].device == "/device:GPU:1"
    assert nodes["o/i/d"].device == "/job:w/device:CPU:0"
    assert nodes["o/i/b"].device == "/device:CPU:0"
    assert list(nodes["o/i/p"].input) == ["^first"]


def test_producer_defaults_are_removed() -> None:
    """MG-145: attributes unknown here that equal the producer's default go."""
    text = (
        'node{name:"n" op:"NoOp" attr{key:"new" value{i:3}}'
        'attr{key:"other" value{i:4}}}'
    )
    ops = OpList()
    op = ops.op.add(name="NoOp")
    for name in ("new", "other"):
        attr = op.attr.add(name=name, type="int")
        attr.default_value.i = 3
    tf.import_graph_def(graph_def(text), producer_op_list=ops)
    (node,) = tf.get_default_graph().as_graph_def().node
    assert list(node.attr) == ["other"]


def test_custom_op_of_the_producer() -> None:
    """A signature that comes with the file types an op that nobody else knows."""
    ops = OpList()
    op = ops.op.add(name="MyOp")
    op.input_arg.add(name="x", type_attr="T")
    op.output_arg.add(name="y", type_attr="T")
    op.attr.add(name="T", type="type")
    text = PLACEHOLDER % "p" + (
        'node{name:"m" op:"MyOp" input:"p" attr{key:"T" value{type:DT_FLOAT}}}'
    )
    (found,) = tf.import_graph_def(
        graph_def(text), return_elements=["m:0"], producer_op_list=ops, name=""
    )
    assert found.dtype == tf.float32
    with pytest.raises(ValueError, match="expected inputs 'float' do not match 0"):
        tf.import_graph_def(
            graph_def('node{name:"m" op:"MyOp" attr{key:"T" value{type:DT_FLOAT}}}'),
            producer_op_list=ops,
        )


def test_functions_are_kept() -> None:
    """MG-135: functions keep their names; a different one of the name is an error."""
    source = graph_def(GRAPH_DEFS["function"])
    tf.import_graph_def(source, name="a")
    tf.import_graph_def(source, name="b")
    library = tf.get_default_graph().as_graph_def().library
    assert [f.signature.name for f in library.function] == ["twice"]
    source.library.function[0].node_def[0].op = "Mul"
    before = names()
    with pytest.raises(ValueError, match="a different function with the same name"):
        tf.import_graph_def(source, name="c")
    assert names() == before


def test_versions_merge() -> None:
    """MG-005: a graph is as old as the oldest of its parts."""
    graph = tf.get_default_graph()
    tf.import_graph_def(graph_def(PAIR + "versions{producer:300 min_consumer:7}"))
    tf.import_graph_def(graph_def(PAIR + "versions{producer:200 bad_consumers:1}"))
    tf.import_graph_def(graph_def(PAIR + "versions{producer:400} version:100"))
    versions = graph.as_graph_def().versions
    assert versions.producer == 200
    assert versions.min_consumer == 7
    assert list(versions.bad_consumers) == [1]


def test_wrong_arguments() -> None:
    """Wrong types are named; arguments without meaning are refused."""
    with pytest.raises(TypeError, match="`graph_def` must be a GraphDef proto"):
        tf.import_graph_def("graph.pb")
    with pytest.raises(ValueError, match="op_dict is not supported"):
        tf.import_graph_def(graph_def(PAIR), op_dict={})
    tf.get_default_graph().finalize()
    with pytest.raises(RuntimeError, match="finalized"):
        tf.import_graph_def(graph_def(PAIR))


def test_more_nodes_can_be_added() -> None:
    """Imported and new nodes live together, also after a failed import."""
    tf.import_graph_def(graph_def(PAIR), name="")
    with pytest.raises(ValueError, match="Unknown input node"):
        tf.import_graph_def(graph_def(IDENTITY % ("x", "gone")), name="")
    b = tf.identity(tf.get_default_graph().get_tensor_by_name("a:0"), name="b")
    tf.import_graph_def(graph_def(PAIR), name="")
    assert names() == ["p", "a", "b", "p_1", "a_1"]
    assert b.op.inputs[0].consumers() == [b.op]


def test_definition_from_message() -> None:
    """A signature that comes as a message says what the message says."""
    message = OpDef(name="F", is_stateful=True)
    message.input_arg.add(name="x", type_list_attr="T")
    attr = message.attr.add(name="T", type="list(type)", has_minimum=True, minimum=1)
    attr.allowed_values.list.type.append(1)
    found = definition_from_message(message)
    assert found.inputs[0].type_list_attr == "T"
    assert found.attrs[0].minimum == 1
    assert found.attrs[0].allowed == (1,)
    assert found.to_proto() == message


@pytest.mark.parametrize("copies", [1, 700])
def test_more_exact_inputs(copies: int) -> None:
    """MG-155: shapes become more exact with the input, in graphs of any size."""
    with tf.Graph().as_default() as source:
        x = tf.placeholder(tf.float32, [None, 2], name="x")
        for _ in range(3 * copies):
            x = tf.negative(x)
        tf.identity(x, name="y")
        nodes = source.as_graph_def(add_shapes=True)
    for shape, expected in (([5, 2], [5, 2]), (None, None), ([3, 4], [3, 4])):
        mine = tf.placeholder(tf.float32, shape)
        (y,) = tf.import_graph_def(nodes, {"x": mine}, ["y:0"])
        found = y.shape.as_list() if y.shape.ndims is not None else None
        assert found == expected


def test_shapes_of_large_graphs_are_trusted() -> None:
    """MG-141: a contradiction is found in small graphs only; nothing else fails."""
    text = GRAPH_DEFS["shapes_inconsistent"]
    more = "".join(PLACEHOLDER % f"p{number}" for number in range(2000))
    with pytest.raises(ValueError, match="inconsistent"):
        tf.import_graph_def(graph_def(text))
    (a,) = tf.import_graph_def(graph_def(text + more), return_elements=["a:0"])
    assert a.shape.as_list() == [3]


def test_no_file_is_read_to_learn_a_shape(tmp_path: Path) -> None:
    """Importing and showing a graph runs nothing that touches files."""
    path = tmp_path / "pipe"
    os.mkfifo(path)  # whoever opens it waits
    with tf.Graph().as_default() as graph:
        content = tf.raw_ops.ReadFile(filename=str(path))
        is_long = tf.raw_ops.StaticRegexFullMatch(input=content, pattern="..+")
        tf.fill([tf.cast(is_long, tf.int32)], 1.0, name="filled")
        graph_def = graph.as_graph_def()
    with tf.Graph().as_default() as graph:
        tf.import_graph_def(graph_def, name="")
        assert graph.get_tensor_by_name("filled:0").shape.as_list() == [None]
