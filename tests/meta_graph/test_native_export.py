"""`metagraft.export_meta_graph`: what comes along, what does not, and who says so."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import metagraft
import metagraft.compat.v1 as tf
from metagraft.graph.apply_op import op
from metagraft.meta_graph import export
from metagraft.proto import AttrValue, MetaGraphDef, VariableDef


@pytest.fixture(autouse=True)
def graph() -> Any:
    """Give each test a graph of its own."""
    with tf.Graph().as_default() as own:
        yield own


def names(result: Any) -> list[str]:
    """Return the names of exported nodes."""
    return [node.name for node in result.meta_graph_def.graph_def.node]


def inputs(result: Any, name: str) -> list[str]:
    """Return the inputs of an exported node."""
    nodes = {node.name: node for node in result.meta_graph_def.graph_def.node}
    return list(nodes[name].input)


def test_scope_is_whole_path_components() -> None:
    """MG-040, MG-041, MG-042: `hid` is not `hid2`; a prefix match on request."""
    for name in ("hid/a", "hid/deep/b", "hid2/c", "other"):
        tf.no_op(name=name)
    assert names(metagraft.export_meta_graph(scope="hid")) == ["a", "deep/b"]
    by_prefix = metagraft.export_meta_graph(scope="hid", by_prefix=True)
    assert names(by_prefix) == ["a", "deep/b", "hid2/c"]
    assert names(metagraft.export_meta_graph(scope="none")) == []


def test_node_that_has_the_scopes_name() -> None:
    """MG-040: it belongs to the scope; a slash at the end leaves it out."""
    tf.no_op(name="hid/a")
    tf.no_op(name="hid/")
    assert names(metagraft.export_meta_graph(scope="hid")) == ["a", "hid"]
    assert names(metagraft.export_meta_graph(scope="hid/")) == ["a"]
    tf.no_op(name="hid/hid")
    with pytest.raises(ValueError, match="'hid' and 'hid/hid' would both be called"):
        metagraft.export_meta_graph(scope="hid")


def test_scope_is_literal() -> None:
    """MG-043: a dot is a dot."""
    tf.no_op(name="a.b/x")
    tf.no_op(name="axb/y")
    assert names(metagraft.export_meta_graph(scope="a.b")) == ["x"]


def test_unbound_inputs_are_listed_once(graph: Any) -> None:
    """MG-050, MG-051, MG-052, MG-053, MG-054, MG-055: in the message only."""
    x = tf.placeholder(tf.float32, name="x")
    parts = tf.split(x, 3, axis=1, name="parts")
    first = tf.no_op(name="first")
    with tf.name_scope("s"), tf.control_dependencies([first]):
        tf.add_n([x, x, parts[1]], name="sum")
    graph.finalize()
    before = graph.as_graph_def().SerializeToString(deterministic=True)
    result = metagraft.export_meta_graph(scope="s")
    listed = result.meta_graph_def.collection_def["unbound_inputs"].bytes_list.value
    assert list(listed) == [
        b"$unbound_inputs_x",
        b"$unbound_inputs_parts:1",
        b"^$unbound_inputs_first",
    ]
    assert inputs(result, "sum")[:2] == ["$unbound_inputs_x"] * 2
    assert [entry.name for entry in result.unbound_inputs] == [
        "x",
        "parts:1",
        "^first",
    ]
    assert [entry.is_control for entry in result.unbound_inputs] == [False, False, True]
    assert graph.get_all_collection_keys() == []
    assert graph.as_graph_def().SerializeToString(deterministic=True) == before
    whole = metagraft.export_meta_graph()
    assert "unbound_inputs" not in whole.meta_graph_def.collection_def


def test_colocation() -> None:
    """MG-046, MG-047: other entries of `_class` stay; those outside are reported."""
    tf.constant(1.0, name="outside")
    tf.constant(1.0, name="s/inside")
    x = tf.constant(2.0, name="s/x")
    entries = [b"loc:@outside", b"loc:@s/inside", b"own", b"\xff"]
    attr = AttrValue(list=AttrValue.ListValue(s=entries))
    x.op._set_attr("_class", attr)
    result = metagraft.export_meta_graph(scope="s")
    (node,) = [n for n in result.meta_graph_def.graph_def.node if n.name == "x"]
    assert list(node.attr["_class"].list.s) == [b"loc:@inside", b"own", b"\xff"]
    (omission,) = result.report.of("colocation")
    assert omission.name == "s/x"
    assert "'outside'" in omission.reason


def test_dropped_collections_are_reported() -> None:
    """MG-081, MG-089, MG-090, MG-091: which, and why; the others come along."""
    c = tf.constant(1.0, name="c")
    tf.add_to_collection("mixed", 1)
    tf.add_to_collection("mixed", 1.5)
    tf.add_to_collection("tuples", (c, c))
    tf.add_to_collection("nodes", c)
    tf.add_to_collection("nodes", tf.float32)
    tf.add_to_collection("variables", c)
    tf.add_to_collection(("a", "key"), 1)
    result = metagraft.export_meta_graph()
    assert list(result.meta_graph_def.collection_def["nodes"].node_list.value) == [
        "c:0"
    ]
    found = {(entry.kind, entry.name) for entry in result.report}
    assert found == {
        ("collection", "mixed"),
        ("collection", "tuples"),
        ("collection", "('a', 'key')"),
        ("collection entry", "nodes"),
        ("collection entry", "variables"),
    }
    assert "'float32' names nothing in the graph" in str(result.report)
    assert set(result.meta_graph_def.collection_def) == {"nodes"}


def test_chosen_collections() -> None:
    """MG-080, MG-082: those asked for; ones that do not exist are reported."""
    tf.add_to_collection("one", 1)
    tf.add_to_collection("two", 2)
    result = metagraft.export_meta_graph(collections=["two", "three"])
    assert set(result.meta_graph_def.collection_def) == {"two"}
    assert [entry.name for entry in result.report] == ["three"]
    assert not metagraft.export_meta_graph(collections=[]).meta_graph_def.collection_def


def test_collections_of_a_scope() -> None:
    """MG-044, MG-092, MG-096: elements outside are counted; texts are no names."""
    with tf.variable_scope("s"):
        w = tf.get_variable("w", initializer=1.0)
    tf.get_variable("v", initializer=1.0)
    tf.add_to_collection("nodes", w.op)
    tf.add_to_collection("texts", "hello")
    result = metagraft.export_meta_graph(scope="s")
    assert result.variables == {"w": w}
    collections = result.meta_graph_def.collection_def
    assert list(collections["nodes"].node_list.value) == ["w"]
    assert list(collections["texts"].bytes_list.value) == [b"hello"]
    assert len(collections["variables"].bytes_list.value) == 1
    assert {entry.reason for entry in result.report} == {
        "1 of 2 entries are not in the exported part"
    }


def test_savers(graph: Any) -> None:
    """MG-062, MG-064, MG-070: no saver is built for an export."""
    with tf.name_scope("s"):
        tf.Variable(1.0, name="v")
    saver = tf.train.Saver()
    tf.add_to_collection("savers", saver)
    before = len(graph.get_operations())
    bare = metagraft.export_meta_graph(keep_other_savers=False)
    assert not any(name.startswith("save/") for name in names(bare))
    assert "savers" not in bare.meta_graph_def.collection_def
    assert len(graph.get_operations()) == before
    full = metagraft.export_meta_graph(saver_def=saver)
    assert full.meta_graph_def.saver_def == saver.as_saver_def()
    part = metagraft.export_meta_graph(scope="s", saver_def=saver)
    assert not part.meta_graph_def.HasField("saver_def")
    assert [entry.kind for entry in part.report.of("saver")] == ["saver"]


def test_variable_without_its_initial_value() -> None:
    """MG-094, MG-174: a part is exported with what a variable needs, or without it."""
    start = tf.constant(1.0, name="start")
    with tf.variable_scope("s"):
        tf.get_variable("w", initializer=start)
    part = metagraft.export_meta_graph(scope="s").meta_graph_def
    (encoded,) = part.collection_def["variables"].bytes_list.value
    definition = VariableDef.FromString(encoded)
    assert definition.variable_name == "w:0"
    assert definition.initial_value_name == ""


def test_nested_contexts() -> None:
    """MG-099: the scope is taken off at every depth."""
    with tf.name_scope("s"):
        tf.while_loop(
            lambda i: i < 3,
            lambda i: tf.cond(i < 1, lambda: i + 2, lambda: i + 1),
            [0],
        )
    meta = metagraft.export_meta_graph(scope="s").meta_graph_def
    (encoded,) = meta.collection_def["while_context"].bytes_list.value
    assert b"s/while" not in encoded
    assert b"while/cond/cond_text" in encoded


def test_past_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """MG-036: the ten largest nodes are named."""
    for number in range(12):
        tf.constant(np.zeros(1000 + number), name=f"large_{number}")
    monkeypatch.setattr(export, "LARGEST_GRAPH_BYTES", 4000)
    for scope in (None, "large_11"):
        with pytest.raises(ValueError, match="larger than 2GB") as caught:
            metagraft.export_meta_graph(scope=scope)
        assert "'large_11'" in str(caught.value)
        assert "large_constants" in str(caught.value)
        assert "'large_0'" not in str(caught.value)


def test_files(tmp_path: Path) -> None:
    """MG-105, MG-108, MG-109: binary or text, with or without debug information."""
    op("NoOp", name="n")
    path = tmp_path / "folder" / "m.meta"
    result = metagraft.export_meta_graph(path, as_text=True, save_debug_info=True)
    assert "NoOp" in path.read_text()
    assert (tmp_path / "folder" / "m.debug").exists()
    metagraft.export_meta_graph(path)
    assert MetaGraphDef.FromString(path.read_bytes()) == result.meta_graph_def


def test_equal_bytes(tmp_path: Path) -> None:
    """MG-107: the same part gives the same bytes, constants beside it included."""
    x = tf.placeholder(tf.float32, [], name="x")
    with tf.name_scope("s"):
        tf.while_loop(lambda y: y < x, lambda y: y + x, [tf.zeros([])])
        tf.get_variable("v", initializer=np.ones(300), use_resource=True)
    for name in ("a", "b"):
        path = str(tmp_path / name / "m.meta").encode()
        metagraft.export_meta_graph(path, scope="s", large_constants=1 << 30)
        metagraft.export_meta_graph(tmp_path / name / "l.meta", large_constants=1000)
    shard = "l.meta.constants.data-00000-of-00001"
    for file in ("m.meta", "l.meta.constants.index", shard):
        contents = {(tmp_path / name / file).read_bytes() for name in ("a", "b")}
        assert len(contents) == 1


def test_mistakes() -> None:
    """MG-016: wrong types are `TypeError`; options that need a file say so."""
    with pytest.raises(TypeError, match="graph must be of type Graph"):
        metagraft.export_meta_graph(graph="g")
    with pytest.raises(TypeError, match="scope must be text or None, got int"):
        metagraft.export_meta_graph(scope=1)
    with pytest.raises(TypeError, match="saver_def must be of type SaverDef"):
        metagraft.export_meta_graph(saver_def="s")
    with pytest.raises(ValueError, match="save_debug_info writes a second file"):
        metagraft.export_meta_graph(save_debug_info=True)
    with pytest.raises(ValueError, match="large_constants writes a second file"):
        metagraft.export_meta_graph(large_constants=1)
