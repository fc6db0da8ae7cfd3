"""`copy_scoped_meta_graph`, and scoped imports of what a scoped export wrote."""

from __future__ import annotations

from typing import Any

import pytest

import metagraft.compat.v1 as tf
from metagraft.meta_graph import importer
from metagraft.meta_graph.export import export_scoped_meta_graph
from metagraft.proto import MetaGraphDef


@pytest.fixture(autouse=True)
def _own_graph() -> Any:
    with tf.Graph().as_default():
        yield


def layer() -> Any:
    """Add a scope `a` that needs nothing from outside; returns its output."""
    with tf.variable_scope("a"):
        w = tf.get_variable("w", initializer=[1.0, 2.0])
        b = tf.get_variable("b", initializer=[3.0, 4.0], use_resource=True)
        return tf.add(w, b, name="out")


def test_copy_in_one_graph() -> None:
    """MG-185, MG-187: copies compute as the original, with variables of their own."""
    layer()
    first, second = (importer.copy_scoped_meta_graph("a", "t") for _ in range(2))
    assert sorted(first) == sorted(second) == ["b:0", "w:0"]
    assert [v.name for v in second.values()] == ["t_1/w:0", "t_1/b:0"]
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        sess.run(first["w:0"].assign([5.0, 6.0]))
        assert sess.run("a/out:0").tolist() == [4.0, 6.0]
        assert sess.run("t/out:0").tolist() == [8.0, 10.0]
        assert sess.run("t_1/out:0").tolist() == [4.0, 6.0]


def test_copy_between_graphs() -> None:
    """MG-185, MG-186: scopes may be the same if the graphs are not."""
    layer()
    source, target = tf.get_default_graph(), tf.Graph()
    copied = importer.copy_scoped_meta_graph("a", "a", source, target)
    assert [v.name for v in copied.values()] == ["a/w:0", "a/b:0"]
    assert [v.graph for v in copied.values()] == [target, target]
    with target.as_default():
        importer.copy_scoped_meta_graph("a", "b", from_graph=source)
    assert target.get_operation_by_name("b/out")
    with pytest.raises(KeyError):
        source.get_operation_by_name("b/out")


def test_copy_onto_itself() -> None:
    """MG-186: the same graph and the same scope."""
    layer()
    before = len(tf.get_default_graph().get_operations())
    with pytest.raises(ValueError, match="need to be different"):
        importer.copy_scoped_meta_graph("a", "a")
    with pytest.raises(ValueError, match="need to be different"):
        importer.copy_scoped_meta_graph("a", "a", to_graph=tf.get_default_graph())
    assert len(tf.get_default_graph().get_operations()) == before


def test_copy_of_nothing() -> None:
    """MG-187: a scope that does not exist gives an empty dictionary."""
    layer()
    before = len(tf.get_default_graph().get_operations())
    assert importer.copy_scoped_meta_graph("nowhere", "t") == {}
    assert len(tf.get_default_graph().get_operations()) == before


def test_copy_with_inputs_from_outside() -> None:
    """MG-188: these cannot be given, so it fails and changes nothing (MG-149)."""
    x = tf.placeholder(tf.float32, name="x")
    with tf.name_scope("a"):
        tf.add(x, 1.0)
    before = tf.get_default_graph().as_graph_def()
    with pytest.raises(ValueError, match=r"unbound inputs: \$unbound_inputs_x\. Must"):
        importer.copy_scoped_meta_graph("a", "t")
    assert tf.get_default_graph().as_graph_def() == before
    assert tf.get_default_graph().get_all_collection_keys() == []


def unbound() -> MetaGraphDef:
    """Export a scope that uses an input twice, another's second output, and waits."""
    with tf.Graph().as_default():
        x = tf.placeholder(tf.float32, [2], name="x")
        _, half = tf.split(x, 2, name="halves")
        wait = tf.no_op(name="wait")
        with tf.name_scope("s"), tf.control_dependencies([wait]):
            tf.add(tf.multiply(x, x, name="square"), half, name="out")
        meta: MetaGraphDef
        meta, _ = export_scoped_meta_graph(export_scope="s")
        return meta


def test_inputs_that_are_used_twice() -> None:
    """MG-156, MG-157: TensorFlow cannot import this by the documented route."""
    mine = tf.constant([2.0, 3.0], name="mine")
    one = tf.constant([10.0], name="one")
    given = {
        "$unbound_inputs_x": mine,
        "$unbound_inputs_halves:1": one,
        "^$unbound_inputs_wait": mine,
    }
    _, (out,) = importer.import_scoped_meta_graph_with_return_elements(
        unbound(), import_scope="t", input_map=given, return_elements=["out:0"]
    )
    assert [op.name for op in out.op.inputs[0].op.control_inputs] == ["mine"]
    with tf.Session() as sess:
        assert sess.run(out).tolist() == [14.0, 19.0]


def test_more_inputs_than_are_unbound() -> None:
    """MG-157: other inputs of the part may be replaced too."""
    mine = tf.constant([2.0, 3.0], name="mine")
    given = {
        "$unbound_inputs_x:0": mine,
        "$unbound_inputs_halves:1": tf.constant([1.0]),
        "^$unbound_inputs_wait": mine,
        "square": tf.constant([100.0, 200.0]),
    }
    _, (out,) = importer.import_scoped_meta_graph_with_return_elements(
        unbound(), import_scope="t", input_map=given, return_elements=["out:0"]
    )
    with tf.Session() as sess:
        assert sess.run(out).tolist() == [101.0, 201.0]


@pytest.mark.parametrize("missing", ["$unbound_inputs_x", "$unbound_inputs_halves:1"])
def test_inputs_that_are_missing(missing: str) -> None:
    """MG-156: each is named, once."""
    given: dict[str, Any] = {
        "$unbound_inputs_x": tf.constant([2.0, 3.0]),
        "$unbound_inputs_halves:1": tf.constant([1.0]),
    }
    del given[missing]
    with pytest.raises(ValueError, match="Graph contains unbound") as caught:
        importer.import_scoped_meta_graph(unbound(), input_map=given)
    assert f"unbound inputs: {missing}. Must provide" in str(caught.value)


def test_import_returns_variables_by_their_names_in_the_scope() -> None:
    """MG-181: with output, without scope; elements come as second of a pair."""
    layer()
    meta = tf.train.export_meta_graph()
    with tf.Graph().as_default():
        found = importer.import_scoped_meta_graph(meta, import_scope="s")
        assert {key: v.name for key, v in found.items()} == {
            "a/w:0": "s/a/w:0",
            "a/b:0": "s/a/b:0",
        }
        pair = importer.import_scoped_meta_graph_with_return_elements(meta)
        assert sorted(pair[0]) == ["a/b:0", "a/w:0", "s/a/b:0", "s/a/w:0"]
        assert pair[1] is None


def test_default_saver_covers_the_whole_graph() -> None:
    """MG-178: not only what was imported; it adds nodes."""
    layer()
    meta = tf.train.export_meta_graph()
    assert not meta.HasField("saver_def")
    with tf.Graph().as_default() as graph:
        tf.get_variable("mine", initializer=1.0)
        before = len(graph.get_operations())
        saver = tf.train.import_meta_graph(meta, import_scope="s")
        assert len(graph.get_operations()) > before + len(meta.graph_def.node)
        names = graph.get_tensor_by_name("save/SaveV2/tensor_names:0")
        with tf.Session() as sess:
            assert sess.run(names).tolist() == [b"mine", b"s/a/b", b"s/a/w"]
        assert saver.as_saver_def().restore_op_name == "save/restore_all"


def test_python_functions() -> None:
    """MG-223: their nodes are imported; running one names what cannot run."""
    nodes = tf.GraphDef()
    node = nodes.node.add(name="f", op="PyFunc")
    # No function of this process has it, whichever tests came before.
    node.attr["token"].s = b"pyfunc_of_another_process"
    node.attr["Tin"].list.SetInParent()
    node.attr["Tout"].list.type.append(1)
    (f,) = tf.import_graph_def(nodes, return_elements=["f:0"], name="s")
    assert f.dtype == tf.float32
    assert f.op.get_attr("token") == b"pyfunc_of_another_process"
    with tf.Session() as sess, pytest.raises(tf.errors.OpError, match="PyFunc"):
        sess.run(f)


def test_unknown_ops_are_no_key_errors() -> None:
    """MG-142, MG-143: also when the file lists signatures and defaults."""
    meta = MetaGraphDef()
    meta.graph_def.node.add(name="n", op="NoSuchOp").attr["a"].i = 3
    op = meta.meta_info_def.stripped_op_list.op.add(name="NoSuchOp")
    op.attr.add(name="a", type="int").default_value.i = 3
    tf.train.import_meta_graph(meta)
    found = tf.get_default_graph().get_operation_by_name("n")
    assert found.type == "NoSuchOp"
    assert found.get_attr("a") == 3
