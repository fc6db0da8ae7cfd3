"""`metagraft.diff`: what differs is found, what means the same is not reported."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import metagraft
import metagraft.compat.v1 as tf
from metagraft.meta_graph.differences import Differences, FieldChange
from metagraft.proto import GraphDef, MetaGraphDef, NodeDef, VariableDef
from metagraft.proto.text import format_text


def program() -> MetaGraphDef:
    """Export a small program with a saver and collections of several kinds."""
    with tf.Graph().as_default():
        x = tf.placeholder(tf.float32, [None, 3], name="x")
        w = tf.get_variable("w", initializer=np.ones([3, 2], np.float32))
        c = tf.constant([1.0, 2.0, float("nan")], name="c")
        with tf.control_dependencies([c, w.initializer]):
            y = tf.matmul(x, w, name="y")
        tf.add_to_collection("ints", 3)
        tf.add_to_collection("ints", 4)
        tf.add_to_collection("nodes", y)
        saver = tf.train.Saver()
        return metagraft.export_meta_graph(saver_def=saver).meta_graph_def


def node(meta: MetaGraphDef, name: str) -> NodeDef:
    """Return the live node of a MetaGraph."""
    (found,) = [n for n in meta.graph_def.node if n.name == name]
    return found


def changed(change: Callable[[MetaGraphDef], Any]) -> Differences:
    """Return what `diff` finds between a program and a changed copy."""
    before, after = program(), program()
    change(after)
    found = metagraft.diff(before, after)
    assert bool(found) is (str(found) != "no differences")
    return found


def test_nothing() -> None:
    """Equal messages have no differences."""
    found = metagraft.diff(program(), program())
    assert not found
    assert str(found) == "no differences"


def test_what_means_the_same() -> None:
    """Spelling of inputs, order of control inputs, defaults, encodings."""

    def change(meta: MetaGraphDef) -> None:
        y = node(meta, "y")
        y.input[:] = ["x:0", "w/read:0", *reversed(y.input[2:])]
        del y.attr["transpose_a"]
        for each in meta.graph_def.node:
            each.attr.pop("_output_shapes", None)
        value = node(meta, "c").attr["value"].tensor
        value.tensor_content = b""
        value.float_val.extend([1.0, 2.0, float("nan")])

    assert not changed(change)


def test_nodes() -> None:
    """Added, removed and changed nodes: op, device, inputs."""

    def change(meta: MetaGraphDef) -> None:
        meta.graph_def.node.add(name="new", op="NoOp")
        position = [n.name for n in meta.graph_def.node].index("w/Assign")
        del meta.graph_def.node[position]
        y = node(meta, "y")
        y.op, y.device = "BatchMatMul", "/cpu:0"
        y.input[0] = "c"
        y.input.append("^new")

    found = changed(change).nodes
    assert found.added == ("new",)
    assert found.removed == ("w/Assign",)
    assert not found.renamed
    (y,) = [c for c in found.changed if c.name == "y"]
    assert y.op == FieldChange("op", "MatMul", "BatchMatMul")
    assert y.device == FieldChange("device", "", "/cpu:0")
    assert y.inputs == (
        FieldChange("input 0", "x", "c"),
        FieldChange("control inputs", "", "^new"),
    )


def test_renamed_nodes() -> None:
    """A node under another name is recognised; what takes it has not changed."""

    def change(meta: MetaGraphDef) -> None:
        node(meta, "y").input[0] = "image"
        node(meta, "x").name = "image"

    found = changed(change)
    assert dict(found.nodes.renamed) == {"x": "image"}
    assert not found.nodes.changed
    assert "1 node renamed: 'x' -> 'image'" in str(found)


def test_renamed_scope() -> None:
    """Nodes that moved into a scope together are all recognised."""
    meta = program()
    graph = tf.Graph()
    metagraft.import_meta_graph(meta, graph=graph, scope="s")
    found = metagraft.diff(meta.graph_def, graph.as_graph_def(add_shapes=True))
    renamed = dict(found.nodes.renamed)
    assert renamed == {n.name: f"s/{n.name}" for n in meta.graph_def.node}
    assert not found.nodes.added
    assert not found.nodes.changed


def test_attributes() -> None:
    """Values of attributes, as text."""

    def change(meta: MetaGraphDef) -> None:
        node(meta, "y").attr["transpose_a"].b = True
        node(meta, "x").attr["own"].s = b"\xff"

    found = changed(change)
    by_name = {c.name: c.attrs for c in found.nodes.changed}
    assert by_name["x"][0].name == "own"
    (transposed,) = by_name["y"]
    assert (transposed.name, transposed.after) == ("transpose_a", "b: true")
    assert "'y': attribute transpose_a" in str(found)


def test_tensors() -> None:
    """Tensors by value: how many elements differ, and by how much; NaN is NaN."""

    def change(meta: MetaGraphDef) -> None:
        value = np.array([1.0, 2.5, np.nan], np.float32)
        node(meta, "c").attr["value"].tensor.tensor_content = value.tobytes()

    found = changed(change)
    ((tensor,),) = [c.tensors for c in found.nodes.changed]
    assert (tensor.name, tensor.different_count, tensor.element_count) == (
        "value",
        1,
        3,
    )
    assert tensor.max_difference == 0.5
    assert "1 of 3 elements differ, by at most 0.5" in str(found)


def test_tensors_of_other_kinds() -> None:
    """Texts have no distance; other types and shapes are named."""

    def const(value: Any) -> GraphDef:
        with tf.Graph().as_default() as graph:
            tf.constant(value, name="c")
            return graph.as_graph_def()

    text = metagraft.diff(const(["a", "b"]), const(["a", "c"])).nodes.changed[0]
    assert text.tensors[0].max_difference is None
    infinite = metagraft.diff(const([1.0]), const([np.inf])).nodes.changed[0]
    assert infinite.tensors[0].max_difference == float("inf")
    shape = metagraft.diff(const([1.0]), const([1.0, 2.0])).nodes.changed[0]
    assert shape.attrs == (FieldChange("value", "float [1]", "float [2]"),)


def test_one_value_many_times() -> None:
    """Values that are stored once are not spread out, however large the tensor is."""

    def fill(value: float) -> GraphDef:
        graph_def = GraphDef()
        node = graph_def.node.add(name="c", op="Const")
        tensor = node.attr["value"].tensor
        tensor.dtype = 1
        tensor.tensor_shape.dim.add(size=1 << 40)
        if value:
            tensor.float_val.append(value)
        return graph_def

    assert not metagraft.diff(fill(2.0), fill(2.0))
    (change,) = metagraft.diff(fill(0.0), fill(2.0)).nodes.changed
    assert change.tensors[0].different_count == 1 << 40
    assert change.tensors[0].max_difference == 2.0


def test_damaged_messages() -> None:
    """What no graph would take is compared too, as text."""
    before, after = program(), program()
    y = node(after, "y")
    y.input[:] = ["x:a:b", "", "^", ":1"]
    y.attr["T"].type = 9999
    value = node(after, "c").attr["value"].tensor
    value.tensor_content = b"xyz"
    value.float_val.append(1.0)
    node(after, "w").attr["shape"].shape.dim.add(size=-7)
    found = metagraft.diff(before, after)
    assert {c.name for c in found.nodes.changed} == {"c", "w", "y"}
    assert "float -> 9999" in str(found)


def test_collections() -> None:
    """Entries added and removed; definitions field by field; order and kind."""

    def change(meta: MetaGraphDef) -> None:
        collections = meta.collection_def
        collections["ints"].int64_list.value[:] = [4, 3]
        collections["texts"].bytes_list.value.append(b"hello")
        collections["nodes"].bytes_list.value.append(b"y")
        (encoded,) = collections["trainable_variables"].bytes_list.value
        definition = VariableDef.FromString(encoded)
        definition.trainable = False
        collections["variables"].bytes_list.value[0] = definition.SerializeToString()

    found = {c.name: c for c in changed(change).collections}
    assert found["ints"].reordered
    assert found["texts"].added == ("hello",)
    assert found["nodes"].kind == FieldChange("kind", "node_list", "bytes_list")
    assert found["variables"].changed == (
        FieldChange("w:0.trainable", "True", "False"),
    )
    assert not found["variables"].added
    assert "trainable_variables" not in found


def test_other_parts() -> None:
    """Versions, saver, signatures, facts, op list, functions, assets."""

    def change(meta: MetaGraphDef) -> None:
        meta.graph_def.versions.producer = 21
        meta.saver_def.max_to_keep = 9
        meta.signature_def["serve"].method_name = "predict"
        meta.meta_info_def.tags.append("gpu")
        del meta.meta_info_def.stripped_op_list.op[0]
        meta.graph_def.library.function.add().signature.name = "f"
        meta.asset_file_def.add(filename="vocabulary")

    found = changed(change)
    assert [c.name for c in found.versions] == ["producer"]
    assert found.saver == (FieldChange("max_to_keep", "5", "9"),)
    assert [c.name for c in found.signatures] == ["serve"]
    assert [c.name for c in found.meta_info] == ["tags", "op list: Assign"]
    assert found.functions.added == ("f",)
    assert [c.name for c in found.other] == ["asset_file_def"]
    for text in ("saver: max_to_keep 5 -> 9", "1 function added: 'f'"):
        assert text in str(found)


def test_function_bodies() -> None:
    """Functions are compared node by node."""

    def graph_with(op_type: str) -> GraphDef:
        graph_def = GraphDef()
        function = graph_def.library.function.add()
        function.signature.name = "f"
        function.node_def.add(name="n", op=op_type, input=["a:out:0"])
        return graph_def

    found = metagraft.diff(graph_with("Neg"), graph_with("Abs"))
    assert found.functions.bodies["f"].changed[0].op == FieldChange("op", "Neg", "Abs")
    assert "in function 'f'" in str(found)


def test_unknown_fields() -> None:
    """Fields of a later release count."""
    before, after = GraphDef(), GraphDef()
    before.node.add(name="n", op="NoOp")
    after.node.add(name="n", op="NoOp").MergeFromString(b"\xd2\x3e\x01x")
    (found,) = metagraft.diff(before, after).nodes.changed
    assert found.attrs[0].name == "unknown fields"


def test_order_of_nodes() -> None:
    """Another order of the same nodes is one difference."""
    before, after = GraphDef(), GraphDef()
    for graph_def, names in ((before, "abc"), (after, "acb")):
        for name in names:
            graph_def.node.add(name=name, op="NoOp")
    found = metagraft.diff(before, after)
    assert found.nodes.reordered
    assert not found.nodes.changed


def test_sources(tmp_path: Path) -> None:
    """Messages, graphs, exports and files of every kind."""
    meta = program()
    (tmp_path / "m.meta").write_bytes(meta.SerializeToString())
    (tmp_path / "g.pb").write_bytes(meta.graph_def.SerializeToString())
    graph = tf.Graph()
    metagraft.import_meta_graph(meta, graph=graph)
    (tmp_path / "m.txt").write_text(format_text(meta))
    (tmp_path / "g.pbtxt").write_text(format_text(meta.graph_def))
    for source in (
        str(tmp_path / "m.meta"),
        tmp_path / "m.txt",
        tmp_path / "g.pb",
        tmp_path / "g.pbtxt",
        meta.graph_def,
    ):
        found = metagraft.diff(meta, source)
        assert not found, f"{source}: {found}"
    exported = metagraft.export_meta_graph(graph=graph)
    assert not metagraft.diff(graph, exported)
    assert not metagraft.diff(meta.graph_def, graph)
    with pytest.raises(OSError, match="does not exist"):
        metagraft.diff(meta, tmp_path / "none")
    with pytest.raises(TypeError, match=r"compares MetaGraphDefs.*got int"):
        metagraft.diff(meta, 3)


def test_report_is_bounded() -> None:
    """However much differs, the report stays readable."""
    before, after = GraphDef(), GraphDef()
    for number in range(1000):
        before.node.add(name=f"n{number}", op="NoOp", device="a" * 1000)
        after.node.add(name=f"n{number}", op="NoOp", device="b")
        after.node.add(name=f"m{number}", op="Other")
    text = str(metagraft.diff(before, after))
    assert len(text.splitlines()) < 30
    assert max(map(len, text.splitlines())) <= 240
    assert "and 990 more" in text


def test_time_is_linear() -> None:
    """Ten times the nodes take about ten times as long, not a hundred times."""

    def seconds(count: int) -> float:
        before, after = GraphDef(), GraphDef()
        for number in range(count):
            previous = [f"n{number - 1}"] if number else []
            before.node.add(name=f"n{number}", op="Neg", input=previous)
            scoped = [f"s/{text}" for text in previous]
            after.node.add(name=f"s/n{number}", op="Neg", input=scoped)
        start = time.process_time()
        found = metagraft.diff(before, after)
        assert len(found.nodes.renamed) == count
        return time.process_time() - start

    def fastest(count: int) -> float:
        return min(seconds(count) for _ in range(3))

    assert fastest(10000) < 40 * fastest(1000) + 0.1


def test_without_jax(tmp_path: Path) -> None:
    """Files are compared without loading JAX."""
    path = tmp_path / "m.meta"
    path.write_bytes(program().SerializeToString())
    code = (
        "import sys, metagraft\n"
        f"assert not metagraft.diff({str(path)!r}, {str(path)!r})\n"
        "assert 'jax' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
