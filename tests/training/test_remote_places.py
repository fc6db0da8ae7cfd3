"""What savers, SavedModels and events write, in places that are not local."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import fsspec
import numpy as np
import pytest

import metagraft
import metagraft.compat.v1 as tf
from metagraft.formats import files
from tests.formats import object_store


@pytest.fixture(params=["memory://", "objects://"])
def place(request: pytest.FixtureRequest) -> str:
    """Give an empty folder of a file system in memory, and of a store of objects."""
    object_store.register()
    memory = fsspec.filesystem("memory")
    memory.store.clear()
    memory.pseudo_dirs[:] = [""]
    return f"{request.param}places/run"


@pytest.fixture
def sess() -> Iterator[Any]:
    """Give a session with variables on two devices."""
    with tf.Graph().as_default(), tf.Session() as session:
        v = tf.get_variable("v", [3])
        with tf.device("/job:b"):
            tf.get_variable("r", [2], use_resource=True)
        x = tf.placeholder(tf.float32, [3], name="x")
        tf.add(x, v, name="y")
        session.run(tf.global_variables_initializer())
        yield session


KINDS = {
    "plain": {},
    "relative": {"save_relative_paths": True},
    "version_1": {"write_version": tf.train.SaverDef.V1},
    "sharded": {"sharded": True},
    "sharded_version_1": {"sharded": True, "write_version": tf.train.SaverDef.V1},
}


@pytest.mark.parametrize("kind", KINDS)
def test_savers(sess: Any, place: str, kind: str) -> None:
    """MG-261: saved, kept, listed, restored, deleted; nothing else is left."""
    saver = tf.train.Saver(max_to_keep=2, **KINDS[kind])
    prefixes = [saver.save(sess, f"{place}/m", step) for step in range(4)]
    before = sess.run(tf.global_variables())
    assert tf.train.latest_checkpoint(place) == prefixes[-1]
    state = tf.train.get_checkpoint_state(place)
    assert list(state.all_model_checkpoint_paths) == prefixes[-2:]
    assert [tf.train.checkpoint_exists(p) for p in prefixes] == [False] * 2 + [True] * 2
    assert len(tf.train.get_checkpoint_mtimes(prefixes)) == 2
    assert tf.train.list_variables(place) == [("r", [2]), ("v", [3])]
    sess.run(tf.global_variables_initializer())
    saver.restore(sess, prefixes[-1])
    for found, expected in zip(sess.run(tf.global_variables()), before, strict=True):
        assert np.array_equal(found, expected)
    assert metagraft.restore(sess, place).fits
    assert metagraft.verify(place).ok
    resumed = tf.train.Saver(max_to_keep=2, **KINDS[kind])
    resumed.recover_last_checkpoints(state.all_model_checkpoint_paths)
    resumed.save(sess, f"{place}/m", 4)
    for prefix in resumed.last_checkpoints:
        tf.train.remove_checkpoint(prefix, resumed.as_saver_def().version)
    assert tf.io.gfile.listdir(place) == ["checkpoint"]
    assert tf.train.latest_checkpoint(place) is None


def test_checkpoints_of_objects(sess: Any, place: str) -> None:
    """Saved, restored, and the newest kept."""
    v = tf.global_variables()[0]
    checkpoint = tf.train.Checkpoint(v=v)
    with sess.as_default():
        rotation = tf.train.CheckpointManager(checkpoint, place, max_to_keep=2)
        for _ in range(4):
            rotation.save()
        before = sess.run(v)
        sess.run(v.initializer)
        checkpoint.restore(rotation.latest_checkpoint).run_restore_ops()
    assert np.array_equal(sess.run(v), before)
    again = tf.train.CheckpointManager(checkpoint, place, max_to_keep=2)
    assert again.checkpoints == [f"{place}/ckpt-3", f"{place}/ckpt-4"]
    assert len(tf.io.gfile.listdir(place)) == 1 + 2 * 2


def test_graphs(sess: Any, place: str) -> None:
    """MetaGraphs and graphs, as bytes and as text; also beside large constants."""
    tf.constant(np.ones(5000, np.float32), name="large")
    tf.train.export_meta_graph(f"{place}/a.meta")
    tf.train.export_meta_graph(f"{place}/b.meta", as_text=True)
    metagraft.export_meta_graph(f"{place}/c.meta", graph=sess.graph, large_constants=99)
    tf.train.write_graph(sess.graph, place, "graph.pbtxt")
    tf.train.write_graph(sess.graph, place, "graph.pb", as_text=False)
    for name in ("a.meta", "b.meta", "c.meta"):
        with tf.Graph().as_default() as graph:
            found = metagraft.import_meta_graph(f"{place}/{name}", add_saver=True)
            with tf.Session() as other:
                assert other.run(found["large:0"]).sum() == 5000
        assert len(graph.get_operations()) >= len(sess.graph.get_operations())
    with tf.io.gfile.GFile(f"{place}/graph.pb", "rb") as file:
        assert tf.GraphDef.FromString(file.read()) == sess.graph.as_graph_def()


@pytest.mark.parametrize("as_text", [False, True])
def test_saved_models(sess: Any, place: str, as_text: bool) -> None:
    """Written with an asset, found, and loaded."""
    with tf.io.gfile.GFile(f"{place}/words.txt", "w") as file:
        file.write("a\nb\n")
    words = tf.constant(f"{place}/words.txt")
    tf.add_to_collection(tf.GraphKeys.ASSET_FILEPATHS, words)
    builder = tf.saved_model.Builder(f"{place}/model")
    builder.add_meta_graph_and_variables(sess, ["serve"], assets_collection=[words])
    builder.save(as_text)
    assert tf.saved_model.contains_saved_model(f"{place}/model")
    with tf.io.gfile.GFile(f"{place}/model/assets/words.txt") as file:
        assert file.read() == "a\nb\n"
    with tf.Session(graph=tf.Graph()) as other:
        tf.saved_model.load(other, ["serve"], f"{place}/model")
        result = other.run("y:0", {"x:0": np.ones(3)})
    assert np.array_equal(result, sess.run("v:0") + 1)


def test_events_and_records(sess: Any, place: str) -> None:
    """Written, found by a pattern, and read; records compressed, too."""
    summary = tf.Summary(value=[tf.Summary.Value(tag="a", simple_value=1.0)])
    with tf.summary.FileWriter(f"{place}/events", sess.graph) as writer:
        writer.add_summary(summary, 3)
        writer.flush()
        writer.add_summary(summary, 4)
    (path,) = tf.io.gfile.glob(f"{place}/events/events.*")
    steps = [event.step for event in tf.train.summary_iterator(path)]
    assert steps[-2:] == [3, 4]
    for kind in ("", "GZIP", "ZLIB"):
        with tf.python_io.TFRecordWriter(f"{place}/records{kind}", kind) as records:
            records.write(b"one")
            records.write(b"two")
        dataset = tf.python_io.tf_record_iterator(
            f"{place}/records{kind}",
            tf.python_io.TFRecordOptions(
                {
                    "": tf.python_io.TFRecordCompressionType.NONE,
                    "GZIP": tf.python_io.TFRecordCompressionType.GZIP,
                    "ZLIB": tf.python_io.TFRecordCompressionType.ZLIB,
                }[kind]
            ),
        )
        assert list(dataset) == [b"one", b"two"]


def test_ops_that_read_files(sess: Any, place: str) -> None:
    """Files as tensors, patterns, lines of a table, records of a queue."""
    sess.run(tf.write_file(f"{place}/words.txt", "a\nb"))
    assert sess.run(tf.read_file(f"{place}/words.txt")) == b"a\nb"
    found = sess.run(tf.matching_files(f"{place}/*.txt"))
    assert found.tolist() == [f"{place}/words.txt".encode()]
    table = tf.lookup.StaticHashTable(
        tf.lookup.TextFileInitializer(
            f"{place}/words.txt",
            tf.string,
            tf.lookup.TextFileIndex.WHOLE_LINE,
            tf.int64,
            tf.lookup.TextFileIndex.LINE_NUMBER,
        ),
        -1,
    )
    sess.run(tf.tables_initializer())
    assert sess.run(table.lookup(tf.constant(["b", "z"]))).tolist() == [1, -1]


def test_files_and_folders(place: str) -> None:
    """`tf.io.gfile` does there what it does on a disk."""
    gfile = tf.io.gfile
    gfile.makedirs(f"{place}/a/b")
    for name in ("a/x", "a/b/y"):
        with gfile.GFile(f"{place}/{name}", "w") as file:
            file.write("hello\nworld")
    with gfile.GFile(f"{place}/a/x") as file:
        assert file.readline() == "hello\n"
        assert (file.tell(), file.size()) == (6, 11)
        assert file.read() == "world"
        file.seek(0)
        assert list(file) == ["hello\n", "world"]
    gfile.copy(f"{place}/a/x", f"{place}/a/z")
    gfile.rename(f"{place}/a/z", f"{place}/a/x", overwrite=True)
    with pytest.raises(tf.errors.AlreadyExistsError):
        gfile.copy(f"{place}/a/x", f"{place}/a/b/y")
    assert list(gfile.walk(place)) == [
        (place, ["a"], []),
        (f"{place}/a", ["b"], ["x"]),
        (f"{place}/a/b", [], ["y"]),
    ]
    assert gfile.stat(f"{place}/a/x").length == 11
    assert gfile.stat(f"{place}/a").is_directory
    assert gfile.glob(f"{place}/*/[w-y]") == [f"{place}/a/x"]
    assert gfile.exists(f"{place}/a/b/y")
    for wrong in (gfile.remove, gfile.rmtree, gfile.stat, gfile.listdir):
        with pytest.raises(tf.errors.NotFoundError):
            wrong(f"{place}/none")
    with pytest.raises(tf.errors.NotFoundError), gfile.GFile(f"{place}/none") as file:
        file.read()
    for refused in (gfile.remove, lambda path: gfile.makedirs(f"{path}/x")):
        with pytest.raises(tf.errors.FailedPreconditionError):
            refused(f"{place}/a")
    gfile.rename(f"{place}/a", f"{place}/c")
    assert gfile.exists(f"{place}/c/b/y")
    assert not gfile.exists(f"{place}/a")
    gfile.makedirs(f"{place}/d")
    with gfile.GFile(f"{place}/d/z", "w") as file:
        file.write("z")
    with pytest.raises(tf.errors.FailedPreconditionError):
        gfile.rename(f"{place}/c", f"{place}/d", overwrite=True)
    gfile.rename(f"{place}/c", f"{place}/a")
    gfile.remove(f"{place}/a/x")
    gfile.rmtree(f"{place}/a")
    assert not gfile.exists(f"{place}/a/b/y")


def test_what_another_process_writes_is_seen(sess: Any) -> None:
    """Listings that a file system remembers do not hide a new checkpoint."""
    object_store.register()
    place = "objects://places/run"
    saver = tf.train.Saver()
    first = saver.save(sess, f"{place}/m", 1)
    store = fsspec.filesystem("objects")
    store.ls("places/run")
    assert tf.train.latest_checkpoint(place) == first
    for name, (content, _) in list(store.objects.items()):
        store.ls("places/run")
        text = content.replace(b"m-1", b"m-2") if "checkpoint" in name else content
        store.write_elsewhere(name.replace("m-1", "m-2"), text)
    store.ls("places/run")
    assert tf.train.latest_checkpoint(place) == f"{place}/m-2"
    assert tf.train.checkpoint_exists(f"{place}/m-2")
    saver.restore(sess, f"{place}/m-2")
    assert "m-2.index" in tf.io.gfile.listdir(place)


def test_what_a_place_cannot_do_is_told() -> None:
    """A mode that a file system lacks is an error of ours."""
    object_store.register()
    with (
        pytest.raises(tf.errors.UnimplementedError, match="objects://a; not possible"),
        tf.io.gfile.GFile("objects://a", "a") as file,
    ):
        file.write("x")


def test_what_killed_saves_left(sess: Any) -> None:
    """Temporary files a day older than the new checkpoint go, and nothing else."""
    object_store.register()
    place = "objects://leftovers/run"
    objects = object_store.ObjectStore.objects
    now = datetime.now(UTC)
    mark = files.OWN_TEMPORARY_MARK
    stale = [
        f"leftovers/run/{name}{mark}77"
        for name in ("model.index", "model.data-00000-of-00001", "checkpoint")
    ]
    kept = [
        f"leftovers/run/other.index{mark}77",  # of another checkpoint
        f"leftovers/run/model.index{files.TEMPORARY_MARK}77",  # of another writer
        f"leftovers/run/model.indexes{mark}77",
    ]
    for name in (*stale, *kept):
        objects[name] = b"part", now - timedelta(hours=25)
    young = f"leftovers/run/model.index{mark}78"
    objects[young] = b"part", now - timedelta(hours=23)
    tf.train.Saver().save(sess, f"{place}/model", write_meta_graph=False)
    left = {name for name in objects if mark in name or "77" in name}
    assert left == {*kept, young}
    assert metagraft.verify(place).ok
