"""What `SavedModelBuilder` writes and refuses, beyond what is recorded."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import metagraft.compat.v1 as tf
from metagraft.formats.saved_model_dir import read_saved_model
from metagraft.proto import AssetFileDef
from metagraft.proto.coercion import pack
from metagraft.saved_model import keys


def _variable() -> Any:
    return tf.get_variable("v", initializer=[1.0, 2.0])


def test_folder(tmp_path: Path) -> None:
    """MG-330: the folder is made, with those above it, or is there and empty."""
    (tmp_path / "empty").mkdir()
    for folder in (
        tmp_path / "empty",
        str(tmp_path / "a" / "b"),
        str(tmp_path / "c").encode(),
    ):
        builder = tf.saved_model.Builder(folder)
        assert builder.save().endswith(b"/saved_model.pb")
        assert tf.saved_model.contains_saved_model(folder)
        with pytest.raises(AssertionError, match="already exists, and isn't empty"):
            tf.saved_model.Builder(folder)


def test_files(tmp_path: Path) -> None:
    """MG-331: one checkpoint, no state file and no `.meta`; none without variables."""
    for name, count in (("some", 2), ("none", 0)):
        with tf.Graph().as_default(), tf.Session() as sess:
            if name == "some":
                sess.run(_variable().initializer)
            builder = tf.saved_model.Builder(tmp_path / name)
            builder.add_meta_graph_and_variables(sess, ["serve"])
            builder.save()
        found = list((tmp_path / name / "variables").iterdir())
        assert len(found) == count
        saver = read_saved_model(tmp_path / name).meta_graphs[0].saver_def
        assert saver.sharded == (name == "some")


def test_nothing_happens_on_a_mistake(tmp_path: Path) -> None:
    """MG-332: signatures are checked before anything is saved."""
    with tf.Graph().as_default() as graph, tf.Session() as sess:
        sess.run(_variable().initializer)
        count = len(graph.get_operations())
        builder = tf.saved_model.Builder(tmp_path)
        signature = tf.saved_model.build_signature_def()
        with pytest.raises(KeyError, match="reserved for initialization"):
            builder.add_meta_graph_and_variables(
                sess, ["serve"], {keys.INIT_OP_SIGNATURE_KEY: signature}
            )
        assert len(graph.get_operations()) == count
        assert not list(tmp_path.iterdir())
        builder.add_meta_graph_and_variables(sess, ["serve"], {"s": signature})
        with pytest.raises(KeyError, match="reserved for the train op"):
            builder.add_meta_graph(["train"], {keys.TRAIN_OP_SIGNATURE_KEY: signature})


@pytest.mark.parametrize("name", ["", "..", "folder/", "."])
def test_assets_are_files(name: str, tmp_path: Path) -> None:
    """MG-333: a path that ends with no file name is refused before it is copied."""
    with tf.Graph().as_default(), tf.Session() as sess:
        builder = tf.saved_model.Builder(tmp_path)
        with pytest.raises(ValueError, match="Asset filepath tensor"):
            builder.add_meta_graph_and_variables(
                sess, ["serve"], assets_collection=[tf.constant(name)]
            )


def test_assets_of_two_graphs(tmp_path: Path) -> None:
    """MG-333: an asset that two graphs name is copied once; the first one stays."""
    source = tmp_path / "words.txt"
    builder = tf.saved_model.Builder(tmp_path / "model")
    for number in (1, 2):
        source.write_text(f"{number}\n", encoding="utf-8")
        with tf.Graph().as_default(), tf.Session() as sess:
            given = [tf.constant(str(source), name="asset")]
            if number == 1:
                builder.add_meta_graph_and_variables(sess, ["a"], None, given)
            else:
                builder.add_meta_graph(["b"], None, given)
    builder.save()
    copied = tmp_path / "model" / "assets" / "words.txt"
    assert copied.read_text("utf-8") == "1\n"
    expected = AssetFileDef(filename="words.txt")
    expected.tensor_info.name = "asset:0"
    for meta_graph in read_saved_model(tmp_path / "model").meta_graphs:
        assets = meta_graph.collection_def[keys.ASSETS_KEY].any_list.value
        assert list(assets) == [pack(expected)]


def test_second_graph_has_its_operation(tmp_path: Path) -> None:
    """MG-334: each MetaGraph has its own operation to run after loading."""
    builder = tf.saved_model.Builder(tmp_path)
    for tag, argument in (("a", "main_op"), ("b", "legacy_init_op")):
        with tf.Graph().as_default(), tf.Session() as sess:
            v = _variable()
            prepare = {argument: tf.assign_add(v, [1.0, 1.0], name=tag).op}
            sess.run(v.initializer)
            if tag == "a":
                builder.add_meta_graph_and_variables(sess, [tag], **prepare)
            else:
                builder.add_meta_graph([tag], **prepare)
    builder.save()
    meta_graphs = read_saved_model(tmp_path).meta_graphs
    names = [
        list(m.collection_def[keys.MAIN_OP_KEY].node_list.value) for m in meta_graphs
    ]
    assert names == [["a"], ["b"]]
    assert [list(m.meta_info_def.tags) for m in meta_graphs] == [["a"], ["b"]]


def test_saver_of_the_caller(tmp_path: Path) -> None:
    """MG-331: a saver that is given is the one that saves, and is exported."""
    with tf.Graph().as_default(), tf.Session() as sess:
        v, _ = _variable(), tf.get_variable("w", initializer=1.0)
        sess.run(tf.global_variables_initializer())
        saver = tf.train.Saver([v], name="own", max_to_keep=3)
        builder = tf.saved_model.Builder(tmp_path)
        builder.add_meta_graph_and_variables(sess, ["serve"], saver=saver)
        builder.save()
    prefix = str(tmp_path / "variables" / "variables")
    assert tf.train.list_variables(prefix) == [("v", [2])]
    saver_def = read_saved_model(tmp_path).meta_graphs[0].saver_def
    assert (saver_def.max_to_keep, saver_def.restore_op_name) == (3, "own/restore_all")


def test_method_names(tmp_path: Path) -> None:
    """Method names of signatures are changed, in one MetaGraph or in all."""
    signature = tf.saved_model.build_signature_def(method_name="old")
    with tf.Graph().as_default(), tf.Session() as sess:
        builder = tf.saved_model.Builder(tmp_path / "model")
        builder.add_meta_graph_and_variables(sess, ["a"], {"s": signature})
        builder.add_meta_graph(["b", "c"], {"s": signature})
        builder.save(as_text=True)
    (tmp_path / "model" / "fingerprint.pb").touch()
    updater = tf.saved_model.signature_def_utils.MethodNameUpdater(tmp_path / "model")
    for target, tags, expected in (
        ("one", ["c", "b"], ["old", "one"]),
        ("two", "a", ["two", "one"]),
        ("all", None, ["all", "all"]),
    ):
        updater.replace_method_name("s", target, tags)
        updater.save(tmp_path / target)
        written = read_saved_model(tmp_path / target)
        found = [m.signature_def["s"].method_name for m in written.meta_graphs]
        assert found == expected
        assert (tmp_path / target / "saved_model.pbtxt").exists()
    updater.save()
    assert read_saved_model(tmp_path / "model") == written
    assert not (tmp_path / "model" / "fingerprint.pb").exists()


def test_model_elsewhere(tmp_path: Path) -> None:
    """A SavedModel is written to a URL, with its assets, and loaded from there."""
    (tmp_path / "words.txt").write_text("a\n", encoding="utf-8")
    folder = "memory://models/elsewhere"
    with tf.Graph().as_default(), tf.Session() as sess:
        sess.run(_variable().initializer)
        asset = tf.constant(str(tmp_path / "words.txt"), name="asset")
        found = tf.get_variable("found", initializer="", collections=["local"])
        builder = tf.saved_model.Builder(folder)
        builder.add_meta_graph_and_variables(
            sess, ["serve"], None, [asset], main_op=tf.assign(found, asset).op
        )
        assert builder.save() == f"{folder}/saved_model.pb".encode()
    assert tf.saved_model.contains_saved_model(folder)
    with tf.Graph().as_default(), tf.Session() as sess:
        tf.saved_model.load(sess, ["serve"], folder)
        assert sess.run("v:0").tolist() == [1.0, 2.0]
        path = sess.run("found:0").decode()
    assert tf.gfile.GFile(path).read() == "a\n"
