"""`import_meta_graph`: what comes back, and that nothing else changes."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest

import metagraft.compat.v1 as tf
from metagraft.meta_graph import codecs, importer
from metagraft.proto import MetaGraphDef, SaverDef, VariableDef
from metagraft.training.meta_graph_import import import_meta_graph_with_return_elements


@pytest.fixture(autouse=True)
def _own_graph() -> Any:
    with tf.Graph().as_default():
        yield


def exported(**options: Any) -> MetaGraphDef:
    """Export a small model: an input, a variable, a product, and a saver."""
    with tf.Graph().as_default():
        x = tf.placeholder(tf.float32, [2], name="x")
        with tf.device("/gpu:0"):
            v = tf.Variable([1.0, 2.0], name="v")
        y = tf.multiply(x, v, name="y")
        tf.add_to_collection("train_op", y.op)
        tf.add_to_collection("outputs", y)
        tf.add_to_collection("texts", "hello")
        tf.add_to_collection("ints", 3)
        tf.add_to_collection("floats", 0.1)
        saver = tf.train.Saver()
        meta: MetaGraphDef = saver.export_meta_graph(**options)
        return meta


def names() -> list[str]:
    """Return the names of the default graph's operations."""
    return [op.name for op in tf.get_default_graph().get_operations()]


def test_everything_comes_back(tmp_path: Path) -> None:
    """MG-121, MG-163, MG-165, MG-166, MG-167, MG-176: all, from file or message."""
    exported(filename=tmp_path / "m.meta")
    for source in (exported(), tmp_path / "m.meta", str(tmp_path / "m.meta")):
        with tf.Graph().as_default() as graph:
            saver = tf.train.import_meta_graph(source)
            (v,) = tf.global_variables()
            assert v is tf.trainable_variables()[0]
            assert v.op.type == "VariableV2"
            y = graph.get_tensor_by_name("y:0")
            assert graph.get_collection("outputs") == [y]
            assert graph.get_collection("train_op") == [y.op]
            assert graph.get_collection("texts") == [b"hello"]
            assert graph.get_collection("ints") == [3]
            assert graph.get_collection("floats") == [pytest.approx(0.1)]
            assert saver.as_saver_def().save_tensor_name == "save/control_dependency:0"


def test_message_is_not_changed() -> None:
    """MG-126: a message can be imported as often as one likes."""
    meta = exported(strip_default_attrs=True)
    before = meta.SerializeToString(deterministic=True)
    for scope in ("a", "b"):
        saver = tf.train.import_meta_graph(meta, clear_devices=True, import_scope=scope)
        definition = saver.as_saver_def()
        assert definition.restore_op_name == f"{scope}/save/restore_all"
    assert meta.SerializeToString(deterministic=True) == before


def test_import_scope() -> None:
    """MG-130, MG-168, MG-176: names, variables and the saver are in the scope."""
    for scope in ("s", "s_1"):
        saver = tf.train.import_meta_graph(exported(), import_scope="s")
        assert saver.as_saver_def().filename_tensor_name == f"{scope}/save/Const:0"
        assert tf.global_variables()[-1].name == f"{scope}/v:0"
        assert tf.get_collection("outputs")[-1].name == f"{scope}/y:0"
        assert tf.get_collection("texts")[-1] == f"{scope}/hello"


def test_clear_devices() -> None:
    """MG-136: devices go when asked."""
    tf.train.import_meta_graph(exported(), import_scope="kept")
    tf.train.import_meta_graph(exported(), import_scope="gone", clear_devices=True)
    graph = tf.get_default_graph()
    assert graph.get_operation_by_name("kept/v").device == "/device:GPU:0"
    assert graph.get_operation_by_name("gone/v").device == ""


def test_input_map_and_return_elements() -> None:
    """MG-120, MG-150: inputs are redirected; elements come with the saver."""
    mine = tf.placeholder(tf.float32, [2], name="mine")
    saver, (y, v) = import_meta_graph_with_return_elements(
        exported(), input_map={"x": mine}, return_elements=["y:0", "v"]
    )
    assert y.op.inputs[0] is mine
    assert v.name == "v"
    assert saver is not None


def test_other_graph() -> None:
    """MG-127: nodes, collections and a default saver go into the graph given."""
    target = tf.Graph()
    meta = exported()
    meta.ClearField("saver_def")
    saver = tf.train.import_meta_graph(meta, graph=target)
    assert names() == []
    assert target.get_operation_by_name("y")
    restore = saver.as_saver_def().restore_op_name
    assert target.get_operation_by_name(restore)
    with pytest.raises(TypeError, match="graph must be of type Graph"):
        importer.import_scoped_meta_graph(meta, graph="g")  # type: ignore[arg-type]


def test_no_variables_no_saver(caplog: pytest.LogCaptureFixture) -> None:
    """MG-179: None, with a line that says why."""
    tf.constant(1.0)
    meta = tf.train.export_meta_graph()
    with tf.Graph().as_default(), caplog.at_level(logging.INFO):
        assert tf.train.import_meta_graph(meta) is None
    assert "no variables in the graph to restore" in caplog.text


def test_empty_saver_definition() -> None:
    """MG-177: a definition without names is an error."""
    meta = exported()
    meta.saver_def.Clear()
    meta.saver_def.SetInParent()
    with pytest.raises(ValueError, match="must specify the save_tensor_name"):
        tf.train.import_meta_graph(meta)


def test_nothing_is_left_of_a_failed_import() -> None:
    """MG-149: neither nodes, collections nor names."""
    tf.constant(1.0, name="c")
    tf.add_to_collection("outputs", "before")
    meta = exported()
    meta.collection_def["zz"].node_list.value.append("no_such:0")
    with pytest.raises(KeyError, match="does not exist"):
        tf.train.import_meta_graph(meta)
    assert names() == ["c"]
    assert tf.get_collection("outputs") == ["before"]
    assert tf.get_default_graph().get_all_collection_keys() == ["outputs"]
    with pytest.raises(KeyError, match="does not exist"):
        tf.train.import_meta_graph(meta, import_scope="s")
    del meta.collection_def["zz"]
    tf.train.import_meta_graph(meta)
    assert "y" in names()
    tf.train.import_meta_graph(meta, import_scope="s")
    assert "s/y" in names()


def test_ops_of_a_failed_import_are_forgotten(tmp_path: Path) -> None:
    """MG-037: the op list has the ops of the graph, whatever was tried before."""
    meta = exported()
    meta.collection_def["zz"].node_list.value.append("no_such:0")
    path = tmp_path / "m.meta"
    path.write_bytes(meta.SerializeToString())
    tf.constant(1.0)
    assert tf.train.export_meta_graph().graph_def.node
    with pytest.raises(KeyError):
        tf.train.import_meta_graph(path)
    tf.no_op()
    again = tf.train.export_meta_graph().meta_info_def.stripped_op_list
    assert [op.name for op in again.op] == ["Const", "NoOp"]


def test_unbound_inputs() -> None:
    """MG-156, MG-157, MG-158: each must be given, as stored or with its output."""
    x = tf.placeholder(tf.float32, name="x")
    with tf.name_scope("s"), tf.control_dependencies([x]):
        tf.add(x, x, name="sum")
        tf.no_op(name="after")
    meta = tf.train.export_meta_graph(export_scope="s")
    for input_map in (None, {}, {"x": x}):
        with pytest.raises(ValueError, match=r"unbound inputs: \$unbound_inputs_x\. M"):
            tf.train.import_meta_graph(meta, input_map=input_map)
    for key in ("$unbound_inputs_x", "$unbound_inputs_x:0"):
        _, (found, after) = import_meta_graph_with_return_elements(
            meta,
            import_scope="t",
            input_map={key: x, "^$unbound_inputs_x": x},
            return_elements=["sum", "after"],
        )
        assert list(found.inputs) == [x, x]
        assert after.control_inputs == [x.op]
    meta.collection_def["unbound_inputs"].Clear()
    with pytest.raises(ValueError, match="Unknown input node"):
        tf.train.import_meta_graph(meta)


def test_shapes_of_an_earlier_release() -> None:
    """MG-141: TensorFlow 1.15 stored shapes that later releases refuse."""
    with tf.Graph().as_default():
        x = tf.placeholder(tf.float32, [None, 4, 4, 3])
        one = tf.ones([3])
        y, _, _ = tf.nn.fused_batch_norm(x, one, one, one, one, is_training=False)
        tf.gradients(y, x)
        meta = tf.train.export_meta_graph()
    (node,) = [n for n in meta.graph_def.node if n.op == "FusedBatchNormGradV3"]
    stored = node.attr["_output_shapes"].list.shape
    stored[3].dim[0].size = stored[4].dim[0].size = 3
    with tf.Graph().as_default() as graph:
        tf.train.import_meta_graph(meta)
        outputs = graph.get_operation_by_name(node.name).outputs
        assert [t.shape.as_list() for t in outputs[1:]] == [[3], [3], [0], [0]]


def test_unbound_inputs_that_no_node_uses() -> None:
    """MG-055: lists left over from the export of a part do not matter."""
    with tf.Graph().as_default():
        tf.add(tf.constant(1.0), 2.0, name="s/sum")
        meta = tf.train.export_meta_graph()
    meta.collection_def["unbound_inputs"].bytes_list.value.append(b"$unbound_inputs_x")
    with tf.Graph().as_default() as graph:
        tf.train.import_meta_graph(meta)
        assert graph.get_all_collection_keys() == []
        assert graph.get_operation_by_name("s/sum").type == "AddV2"


def test_which_collections() -> None:
    """MG-160: only those that the predicate wants; unbound inputs never."""
    meta = exported()
    meta.collection_def["unbound_inputs"].bytes_list.value.append(b"x")
    x = tf.constant([1.0, 2.0])
    tf.train.import_meta_graph(
        meta,
        input_map={"x": x},
        restore_collections_predicate=lambda key: key != "texts",
    )
    keys = tf.get_default_graph().get_all_collection_keys()
    assert "texts" not in keys
    assert "unbound_inputs" not in keys
    assert "ints" in keys


def test_odd_collections(caplog: pytest.LogCaptureFixture) -> None:
    """MG-162, MG-169, MG-170: no kind, and kinds of older releases."""
    meta = exported()
    meta.collection_def["kindless"].SetInParent()
    meta.collection_def["local_variables"].node_list.value.append("v:0")
    variable = meta.collection_def["variables"].bytes_list.value[0]
    meta.collection_def["metric_variables"].bytes_list.value.append(variable)
    meta.collection_def["texts"].bytes_list.value.append(b"\xff")
    with caplog.at_level(logging.WARNING):
        tf.train.import_meta_graph(meta, import_scope="s")
    assert "Cannot identify data type for collection kindless" in caplog.text
    assert "possibly from an older release" in caplog.text
    graph = tf.get_default_graph()
    assert graph.get_collection("local_variables")[0].name == "s/v:0"
    assert graph.get_collection("metric_variables") == tf.global_variables()
    assert graph.get_collection("texts") == ["s/hello", b"\xff"]


@pytest.mark.parametrize(("version", "trainable"), [("1.8.0", False), ("1.9.0", True)])
def test_trainable_of_old_files(version: str, trainable: bool) -> None:
    """MG-171: old files tell what is trainable by a collection only."""
    meta = exported()
    meta.meta_info_def.tensorflow_version = version
    del meta.collection_def["trainable_variables"]
    tf.train.import_meta_graph(meta)
    assert tf.global_variables()[0].trainable is trainable


def test_wrong_source() -> None:
    """MG-121: neither message nor path."""
    for source in (None, 3):
        with pytest.raises(TypeError, match="expected a MetaGraphDef message"):
            tf.train.import_meta_graph(source)


def test_copy_scoped_meta_graph() -> None:
    """MG-185, MG-186, MG-187: a scope is copied, with its variables."""
    with tf.variable_scope("a"):
        tf.get_variable("w", initializer=1.0)
    for scope in ("t", "t_1"):
        copied = importer.copy_scoped_meta_graph("a", "t")
        assert [(k, v.name) for k, v in copied.items()] == [("w:0", f"{scope}/w:0")]
    assert importer.copy_scoped_meta_graph("nowhere", "u") == {}
    with pytest.raises(ValueError, match="need to be different"):
        importer.copy_scoped_meta_graph("a", "a")
    other = tf.Graph()
    assert list(importer.copy_scoped_meta_graph("a", "a", to_graph=other)) == ["w:0"]
    assert other.get_operation_by_name("a/w")


class _Note:
    """Something a user keeps in a collection."""

    def __init__(self, text: str) -> None:
        self.text = text

    def to_proto(self, export_scope: str | None = None) -> SaverDef:
        """Return a message; any type will do."""
        return SaverDef(filename_tensor_name=f"{export_scope}:{self.text}")

    @staticmethod
    def from_proto(proto: SaverDef, import_scope: str | None = None) -> _Note:
        """Return what a message tells."""
        return _Note(f"{proto.filename_tensor_name}@{import_scope}")


def test_user_codec(monkeypatch: pytest.MonkeyPatch) -> None:
    """MG-083: users say how their objects are stored."""
    monkeypatch.setattr(codecs, "_registered", {})
    codecs.register_proto_function(
        "notes", SaverDef, to_proto=_Note.to_proto, from_proto=_Note.from_proto
    )
    tf.add_to_collection("notes", _Note("hello"))
    meta = tf.train.export_meta_graph()
    with tf.Graph().as_default():
        tf.train.import_meta_graph(meta, import_scope="s")
        assert [note.text for note in tf.get_collection("notes")] == ["None:hello@s"]
    assert codecs.get_collection_proto_type("notes") is SaverDef
    assert codecs.get_to_proto_function("notes") is _Note.to_proto
    assert codecs.get_from_proto_function("other") is None


def test_user_codec_of_another_type(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A message of a type that was not registered is not stored."""
    monkeypatch.setattr(codecs, "_registered", {})
    codecs.register_proto_function("notes", VariableDef, to_proto=_Note.to_proto)
    tf.add_to_collection("notes", _Note("hello"))
    assert "notes" not in tf.train.export_meta_graph().collection_def
    assert "registered for VariableDef" in caplog.text


def test_wrong_registration(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name is registered once, with functions."""
    monkeypatch.setattr(codecs, "_registered", {})
    for argument in ("to_proto", "from_proto"):
        with pytest.raises(TypeError, match=f"{argument} must be callable"):
            codecs.register_proto_function("notes", **{argument: 3})
    with pytest.raises(KeyError, match="name 'variables'"):
        codecs.register_proto_function("variables")
