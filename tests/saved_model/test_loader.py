"""How SavedModels come into sessions, beyond what is recorded."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import metagraft.compat.v1 as tf
from metagraft.errors import InvalidArgumentError, NotFoundError
from metagraft.formats.saved_model_dir import read_saved_model, write_saved_model
from metagraft.proto import AssetFileDef, MetaGraphDef, SavedModel
from metagraft.proto.coercion import pack
from metagraft.saved_model import keys, loader
from metagraft.saved_model.loader import SavedModelLoader
from tests.saved_model.test_recorded_models import GOLDEN

pytestmark = pytest.mark.golden


def _changed(tmp_path: Path, name: str, change: Any) -> Path:
    """Return a copy of a recorded model whose MetaGraph was changed."""
    folder = tmp_path / name
    shutil.copytree(GOLDEN / name, folder)
    message = read_saved_model(folder)
    change(message.meta_graphs[0])
    write_saved_model(message, folder, as_text=False)
    return folder


def _loaded(folder: Path, fetches: Any, tags: Any = ("serve",), **kwargs: Any) -> Any:
    with tf.Graph().as_default(), tf.Session() as sess:
        tf.saved_model.load(sess, tags, folder, **kwargs)
        return sess.run(fetches)


def test_tags_are_a_set() -> None:
    """MG-335: order and repetition do not matter, more and fewer tags do."""
    model = SavedModelLoader(GOLDEN / "two_graphs")
    for tags in (["cpu", "train"], {"train", "cpu"}, ("cpu", "train", "cpu")):
        found = model.get_meta_graph_def_from_tags(tags)
        assert set(found.meta_info_def.tags) == {"cpu", "train"}
    for tags in (["train"], ["cpu", "train", "serve"], []):
        with pytest.raises(RuntimeError, match=r"available tags .*'serve'"):
            model.get_meta_graph_def_from_tags(tags)


def test_tags_in_a_string(tmp_path: Path) -> None:
    """MG-335: a string is its characters, which the message tells."""
    folder = _changed(
        tmp_path,
        "plain",
        lambda m: (
            m.meta_info_def.ClearField("tags"),
            m.meta_info_def.tags.extend("abc"),
        ),
    )
    assert _loaded(folder, "b/Read/ReadVariableOp:0", "cabc").tolist() == [1.0, 2.0]
    with pytest.raises(RuntimeError, match="give a list of strings"):
        SavedModelLoader(GOLDEN / "plain").get_meta_graph_def_from_tags("serve")


def test_scope_is_not_in_the_message() -> None:
    """MG-337: the returned MetaGraph is the one in the file."""
    with tf.Graph().as_default() as graph, tf.Session() as sess:
        found = tf.saved_model.load(
            sess, ["serve"], GOLDEN / "plain", import_scope="in"
        )
        assert found == read_saved_model(GOLDEN / "plain").meta_graphs[0]
        assert all(op.name.startswith("in/") for op in graph.get_operations())
        info = found.signature_def["serving_default"].outputs["result"]
        tensor = tf.saved_model.get_tensor_from_tensor_info(info, import_scope="in")
        assert tensor.name == "in/y:0"
        with pytest.raises(KeyError):
            tf.saved_model.get_tensor_from_tensor_info(info)


def test_arguments_of_the_import() -> None:
    """MG-337: further arguments are those of `import_meta_graph`."""
    with tf.Graph().as_default() as graph, tf.Session() as sess:
        x = tf.constant([[1.0, 0.0, 0.0]])
        tf.saved_model.load(
            sess,
            ["serve"],
            GOLDEN / "plain",
            input_map={"x:0": x},
            clear_devices=True,
            return_elements=["y"],
            restore_collections_predicate=lambda name: name == "ends",
        )
        assert sess.run(graph.get_collection("ends")[0]).tolist() == [[1.0, 3.0]]
        assert graph.get_all_collection_keys() == ["ends"]
        with pytest.raises(TypeError, match="unexpected"):
            tf.saved_model.load(sess, ["serve"], GOLDEN / "plain", unknown=1)


def test_preparation_without_its_collection() -> None:
    """MG-334: the operation is found though its collection was not restored."""
    found = _loaded(
        GOLDEN / "legacy_init",
        ["count:0", "read:0"],
        restore_collections_predicate=lambda name: name != keys.MAIN_OP_KEY,
    )
    assert found == [6, 7]


@pytest.mark.parametrize(
    ("scopes", "names"),
    [
        (("a", "b"), ("a/count", "b/count")),
        (("in", "in"), ("in/count", "in_1/count")),
        (("in/", "in/"), ("in/count", "in/count_1")),
        ((None, None), ("count", "count_1")),
    ],
)
def test_two_models_in_one_graph(
    scopes: tuple[str | None, ...], names: tuple[str, ...]
) -> None:
    """MG-334: each model is prepared by its own operation, once, where names clash too.

    TensorFlow runs that of the first model again.
    """
    with tf.Graph().as_default(), tf.Session() as sess:
        for scope in scopes:
            tf.saved_model.load(
                sess, ["serve"], GOLDEN / "legacy_init", import_scope=scope
            )
        assert sess.run([f"{name}:0" for name in names]) == [6, 6]


def test_assets_of_two_models(tmp_path: Path) -> None:
    """MG-337: each model is told the paths of its own assets."""
    shutil.copytree(GOLDEN / "old", tmp_path / "b")
    with tf.Graph().as_default(), tf.Session() as sess:
        for folder in (GOLDEN / "old", tmp_path / "b"):
            tf.saved_model.load(sess, ["serve"], folder, import_scope="in")
            paths = sess.run(["in/found:0"])
        assert paths == [f"{GOLDEN}/old/assets/words.txt".encode()]
        assert sess.run("in_1/found:0") == f"{tmp_path}/b/assets/words.txt".encode()


@pytest.mark.parametrize("what", ["tensor", "operation", "collection"])
def test_missing_nodes(what: str, tmp_path: Path) -> None:
    """MG-334: a model that names nodes which it does not have is not imported."""

    def change(meta_graph: MetaGraphDef) -> None:
        key = keys.INIT_OP_SIGNATURE_KEY
        if what == "tensor":
            meta_graph.asset_file_def[0].tensor_info.name = "gone:0"
        else:
            meta_graph.signature_def[key].outputs[key].name = "gone"
        if what == "collection":
            del meta_graph.signature_def[key]
            meta_graph.collection_def[keys.MAIN_OP_KEY].node_list.value.append("gone")

    folder = _changed(tmp_path, "reserved", change)
    with tf.Graph().as_default() as graph, tf.Session() as sess:
        with pytest.raises(NotFoundError, match="could not be found in the graph"):
            tf.saved_model.load(sess, ["serve"], folder)
        assert not graph.get_operations()


def test_steps_of_loading() -> None:
    """MG-337: import, restore and preparation, each on its own."""
    model = SavedModelLoader(str(GOLDEN / "legacy_init").encode())
    assert model.export_dir == str(GOLDEN / "legacy_init")
    assert model.variables_path.endswith("/legacy_init/variables/variables")
    assert model.saved_model == read_saved_model(model.export_dir)
    with tf.Graph().as_default() as graph, tf.Session() as sess:
        saver, elements = model.load_graph(
            graph, ["serve"], return_elements=["count:0"]
        )
        assert elements is not None
        with pytest.raises(ValueError, match="a saver is required"):
            model.restore_variables(sess, None)
        model.restore_variables(sess, saver)
        assert sess.run(elements) == [5]
        model.run_init_ops(sess, ["serve"])
        model.run_init_ops(sess, ["serve"])
        assert sess.run(elements) == [7]


def test_nothing_to_restore() -> None:
    """MG-337: a model without variables has no checkpoint and needs none."""
    model = SavedModelLoader(GOLDEN / "no_variables")
    with tf.Graph().as_default() as graph, tf.Session() as sess:
        saver, _ = model.load_graph(graph, ["serve"])
        assert saver is None
        model.restore_variables(sess, saver)
        model.run_init_ops(sess, ["serve"])


def test_reserved_signatures() -> None:
    """MG-334: signatures name what prepares a model, and what trains it."""
    with tf.Graph().as_default(), tf.Session() as sess:
        found = tf.saved_model.load(
            sess, ["serve"], GOLDEN / "reserved", import_scope="in"
        )
        assert sess.run("in/found:0").endswith(b"/reserved/assets/words.txt")
        train = loader.get_train_op(found, "in")
        assert train is not None
        sess.run(train)
        assert sess.run("in/v:0").tolist() == [2.0, 3.0]
        prepare = loader.get_init_op(found, "in")
        assert isinstance(prepare, tf.Operation)
        with pytest.raises(NotFoundError, match="could not be found in the graph"):
            loader.get_init_op(found)


def test_collections_after_signatures() -> None:
    """MG-334: `saved_model_main_op` goes before `legacy_init_op`."""
    message = MetaGraphDef()
    assert loader.get_init_op(message) is loader.get_train_op(message) is None
    with tf.Graph().as_default():
        old, new, train = (tf.no_op(name=name) for name in ("old", "new", "train"))
        for key, expected in (
            (keys.LEGACY_INIT_OP_KEY, old),
            (keys.MAIN_OP_KEY, new),
        ):
            message.collection_def[key].node_list.value.append(expected.name)
            assert loader.get_init_op(message) is expected
        message.collection_def[keys.TRAIN_OP_KEY].node_list.value.append("train")
        assert loader.get_train_op(message) is train
        message.collection_def[keys.MAIN_OP_KEY].node_list.value.append("old")
        with pytest.raises(RuntimeError, match="exactly one SavedModel init op"):
            loader.get_init_op(message)


@pytest.mark.parametrize("name", ["../../secret", "/etc/hostname", ""])
@pytest.mark.parametrize("model", ["reserved", "assets"])
def test_assets_outside(name: str, model: str, tmp_path: Path) -> None:
    """MG-333: a model that names files elsewhere is not prepared."""

    def change(meta_graph: MetaGraphDef) -> None:
        if model == "reserved":
            meta_graph.asset_file_def[0].filename = name
            return
        assets = meta_graph.collection_def[keys.ASSETS_KEY].any_list.value
        asset = AssetFileDef.FromString(assets[0].value)
        asset.filename = name
        assets[0].CopyFrom(pack(asset))

    folder = _changed(tmp_path, model, change)
    with pytest.raises(InvalidArgumentError, match="not the name of a file within"):
        _loaded(folder, "v:0")


def test_damaged_assets(tmp_path: Path) -> None:
    """MG-333: an entry that is no asset is an `OSError` that names it."""

    def other_type(meta_graph: MetaGraphDef) -> None:
        assets = meta_graph.collection_def[keys.ASSETS_KEY].any_list.value
        assets[1].CopyFrom(pack(SavedModel()))

    def no_message(meta_graph: MetaGraphDef) -> None:
        assets = meta_graph.collection_def[keys.ASSETS_KEY].any_list.value
        assets[2].value = b"\x0a\x05"

    folder = _changed(tmp_path / "a", "assets", other_type)
    with pytest.raises(OSError, match=r"asset 1 .* is of type .*SavedModel"):
        _loaded(folder, "v:0")
    folder = _changed(tmp_path / "b", "assets", no_message)
    with pytest.raises(OSError, match=r"asset 2 .* is damaged"):
        _loaded(folder, "v:0")


def test_damaged_collections(tmp_path: Path) -> None:
    """MG-336: damage that shows while collections are read is an `OSError`, too."""

    def change(meta_graph: MetaGraphDef) -> None:
        variables = meta_graph.collection_def["variables"].bytes_list.value
        variables[0] = variables[0][:-3]

    folder = _changed(tmp_path, "plain", change)
    with pytest.raises(OSError, match=r"plain is damaged: Collection 'variables'"):
        _loaded(folder, "y:0")


def test_moved_model(tmp_path: Path) -> None:
    """MG-337: assets are where the model is now, by whatever kind of path."""
    folder = tmp_path / "elsewhere"
    shutil.copytree(GOLDEN / "old", folder)
    for path in (folder, str(folder), f"{folder}/", str(folder).encode()):
        with tf.Graph().as_default(), tf.Session() as sess:
            tf.saved_model.loader.load(sess, ["serve"], path)
            assert sess.run("found:0") == f"{folder}/assets/words.txt".encode()
            y = sess.run("y:0", {"x:0": np.zeros((1, 3))})
            assert y.tolist() == [[1.0, 2.0]]
