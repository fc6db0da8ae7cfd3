"""What nodes were told of their inputs is kept beside what is stored.

How TensorFlow's nodes spell them is recorded: `tests/programs/input_name_probes.py`.
"""

from __future__ import annotations

import pytest

import metagraft.compat.v1 as tf


def _loop() -> tf.GraphDef:
    with tf.Graph().as_default() as graph:
        x = tf.placeholder(tf.float32, [], name="x")
        tf.while_loop(lambda a: a < 10.0, lambda a: a + x, [x], name="loop")
        return graph.as_graph_def()


def test_loop_imported_again_closes_itself() -> None:
    """MG-033: an export names the second loop's own back edge, not the first's."""
    with tf.Graph().as_default() as graph:
        for _ in range(2):
            tf.import_graph_def(_loop(), name="")
        merge = graph.get_operation_by_name("loop/Merge_1")
        exported = tf.train.export_meta_graph(clear_devices=True)
    inputs = ["loop/Enter_1:0", "loop/NextIteration_1:0"]
    assert merge.node_def.input == inputs
    nodes = {node.name: node for node in exported.graph_def.node}
    assert nodes["loop/Merge_1"].input == inputs


def test_export_of_loop_can_be_imported() -> None:
    """MG-050: `x:0` and `x` outside of a scope are one input of what is imported."""
    with tf.Graph().as_default() as graph:
        x, y = (tf.placeholder(tf.float32, [], name=name) for name in "xy")
        with tf.name_scope("s"):
            tf.add_n([x, x, y], name="sum").op._update_input(1, y)
        exported = tf.train.export_meta_graph(export_scope="s")
        graph.get_operation_by_name("s/sum")
    listed = exported.collection_def["unbound_inputs"].bytes_list.value
    assert sorted(listed) == [
        b"$unbound_inputs_x",
        b"$unbound_inputs_y",
        b"$unbound_inputs_y:0",
    ]
    with tf.Graph().as_default() as graph:
        mine = tf.constant(1.0, name="mine")
        mapped = {"$unbound_inputs_x": mine, "$unbound_inputs_y": mine}
        tf.train.import_meta_graph(exported, import_scope="t", input_map=mapped)
        op = graph.get_operation_by_name("t/sum")
        assert op.node_def.input == ["mine:0"] * 3
        assert list(op.inputs) == [mine] * 3
        assert mine.consumers() == [op] * list(op.inputs).count(mine)


def test_failure_leaves_nothing() -> None:
    """The node after one that failed is told of its own inputs only."""
    with tf.Graph().as_default() as graph:
        b, a = (tf.no_op(name=name) for name in "ba")
        x = tf.ones([2, 3])
        with tf.control_dependencies([b, a]):
            with pytest.raises(ValueError, match="Dimensions must be equal"):
                tf.matmul(x, x)
            assert not graph.input_spellings.told
            assert tf.no_op(name="c").node_def.input == ["^b", "^a"]
        assert tf.no_op(name="d").node_def.input == []


def test_inputs_without_a_spelling_of_their_own() -> None:
    """A graph whose nodes were told what is stored keeps nothing beside them."""
    with tf.Graph().as_default() as graph:
        x = tf.placeholder(tf.float32, [2], name="x")
        with tf.control_dependencies([x]):
            y = tf.add(x, tf.constant(1.0))
        with tf.control_dependencies([y, x.op]):
            z = tf.no_op()
        assert not graph.input_spellings.told
        z._add_control_inputs([tf.no_op(name="a"), y.op])
        assert z.node_def.input == ["^Add", "^x", "^a"]
        z._remove_all_control_inputs()
        y.op._update_input(0, x)
        assert list(graph.input_spellings.told) == [y.op._id]
        rebuilt = graph.as_graph_def()
    with tf.Graph().as_default() as graph:
        tf.import_graph_def(rebuilt, name="s")
        assert not graph.input_spellings.told
