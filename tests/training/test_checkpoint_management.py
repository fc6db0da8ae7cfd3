"""The state file, the files of a checkpoint, and looking into one."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import metagraft
import metagraft.compat.v1 as tf
from metagraft.proto import CheckpointState, SaverDef
from metagraft.training.checkpoint_management import meta_graph_filename


@pytest.fixture
def prefix(tmp_path: Path) -> Iterator[str]:
    """Give a checkpoint of a few variables."""
    with tf.Graph().as_default(), tf.Session() as sess:
        tf.Variable([1.0, 2.0], name="a")
        tf.Variable(3, name="b")
        tf.Variable([b"x", "yy"], name="s")
        tf.get_variable(
            "p",
            [4, 2],
            initializer=tf.ones_initializer(),
            partitioner=lambda shape, dtype: [2, 1],
        )
        sess.run(tf.global_variables_initializer())
        yield tf.train.Saver().save(sess, str(tmp_path / "m"), global_step=3)


def test_generated_state() -> None:
    """MG-301, MG-302: relative to a relative folder; the caller's list stays."""
    paths = ["d/y"]
    state = tf.train.generate_checkpoint_state_proto(
        "d", "d/x", paths, [1.0, 2.0], last_preserved_timestamp=3.0
    )
    assert state == CheckpointState(
        model_checkpoint_path="x",
        all_model_checkpoint_paths=["y", "x"],
        all_model_checkpoint_timestamps=[1.0, 2.0],
        last_preserved_timestamp=3.0,
    )
    assert paths == ["d/y"]
    with pytest.raises(ValueError, match="timestamps, if provided, must match"):
        tf.train.generate_checkpoint_state_proto("d", "/x", ["/y"], [1.0])


def test_state_file(tmp_path: Path) -> None:
    """MG-300, MG-303, MG-304: written, and read with paths joined."""
    folder = str(tmp_path)
    tf.train.update_checkpoint_state(folder, "x", ["/w", "x"], "state")
    state = tf.train.get_checkpoint_state(tmp_path, "state")
    assert list(state.all_model_checkpoint_paths) == ["/w", f"{folder}/x"]
    assert state.model_checkpoint_path == f"{folder}/x"
    with pytest.raises(RuntimeError, match="conflicts with path used for checkpoint"):
        tf.train.update_checkpoint_state(folder, f"{folder}/checkpoint")
    assert tf.train.get_checkpoint_state(tmp_path / "none") is None


@pytest.mark.parametrize("content", [b"oops: 3", b"model_checkpoint_path: 3", b"\xff"])
def test_state_file_that_does_not_parse(
    tmp_path: Path, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    """MG-304: counts as none, with a warning."""
    (tmp_path / "checkpoint").write_bytes(content)
    assert tf.train.get_checkpoint_state(tmp_path) is None
    assert "Checkpoint ignored" in caplog.text


def test_state_file_without_checkpoint(tmp_path: Path) -> None:
    """MG-304: an error; fields that nobody knows are none."""
    (tmp_path / "checkpoint").write_text("")
    with pytest.raises(ValueError, match="Invalid checkpoint state loaded from"):
        tf.train.get_checkpoint_state(tmp_path)
    (tmp_path / "checkpoint").write_text('model_checkpoint_path: "/m"\nnewer: 3\n')
    assert tf.train.get_checkpoint_state(tmp_path) == CheckpointState(
        model_checkpoint_path="/m"
    )


def test_latest_checkpoint(
    prefix: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """MG-305: the recorded one if it is there, also in a folder that was moved."""
    assert tf.train.latest_checkpoint(tmp_path) == prefix
    moved = tmp_path.parent / "moved"
    tmp_path.rename(moved)
    assert tf.train.latest_checkpoint(moved) == str(moved / "m-3")
    (moved / "m-3.index").unlink()
    assert tf.train.latest_checkpoint(moved) is None
    assert "Couldn't match files for checkpoint" in caplog.text
    assert tf.train.latest_checkpoint(moved / "none") is None
    moved.rename(tmp_path)


def test_files_of_a_checkpoint(prefix: str, tmp_path: Path) -> None:
    """MG-306, MG-307, MG-308: whether they exist, how old they are, deleting them."""
    (tmp_path / "old").write_bytes(b"")
    (tmp_path / "cut-00000-of-00002").write_bytes(b"")
    (tmp_path / "m-3.data-00000-of-00001.copy").write_bytes(b"")
    assert tf.train.checkpoint_exists(prefix)
    assert tf.train.checkpoint_exists(tmp_path / "old")
    assert tf.train.checkpoint_exists(tmp_path / "cut-?????-of-00002")
    assert not tf.train.checkpoint_exists(tmp_path / "m-?")
    assert not tf.train.checkpoint_exists(tmp_path / "none" / "cut-?????-of-00002")
    times = tf.train.get_checkpoint_mtimes([prefix, str(tmp_path / "none")])
    assert times == [(tmp_path / "m-3.index").stat().st_mtime]
    tf.train.remove_checkpoint(prefix)
    tf.train.remove_checkpoint(prefix)
    tf.train.remove_checkpoint(str(tmp_path / "cut-?????-of-00002"), SaverDef.V1)
    left = sorted(path.name for path in tmp_path.iterdir())
    assert left == ["checkpoint", "m-3.data-00000-of-00001.copy", "old"]


@pytest.mark.parametrize(
    ("checkpoint", "name"),
    [
        ("d/m-3", "d/m-3.meta"),
        ("m-3-00001-of-00002", "m-3.meta"),
        ("m-3-?????-of-00005", "m-3.meta"),
        ("m-3-x-of-00005", "m-3-x-of-00005.meta"),
    ],
)
def test_meta_graph_filename(checkpoint: str, name: str) -> None:
    """MG-309: without the numbers of shards."""
    assert meta_graph_filename(checkpoint, "meta") == name


def test_reader(prefix: str) -> None:
    """MG-315, MG-316: names, shapes, types and values; pieces are one."""
    reader = tf.train.NewCheckpointReader(prefix)
    shapes = {"a": [2], "b": [], "p": [4, 2], "s": [2]}
    assert reader.get_variable_to_shape_map() == shapes
    assert reader.get_variable_to_dtype_map() == {
        "a": tf.float32,
        "b": tf.int32,
        "p": tf.float32,
        "s": tf.string,
    }
    assert reader.has_tensor("a")
    assert reader.has_tensor(b"a")
    assert not reader.has_tensor("a:0")
    assert isinstance(reader.get_tensor("b"), np.int32)
    assert reader.get_tensor("s").tolist() == [b"x", b"yy"]
    assert reader.get_tensor("p").tolist() == [[1.0, 1.0]] * 4
    assert reader.debug_string() == (
        b"\0p\0\1\1\2\x80\x82\x80\x82 (DT_FLOAT) [2,2]\n"
        b"\0p\0\1\1\2\x82\x82\x80\x82 (DT_FLOAT) [2,2]\n"
        b"a (DT_FLOAT) [2]\nb (DT_INT32) []\ns (DT_STRING) [2]\n"
    )
    with pytest.raises(tf.errors.NotFoundError, match="Key zz not found in checkpoint"):
        reader.get_tensor("zz")
    with pytest.raises(TypeError, match="Expected binary or unicode string, got 3"):
        reader.get_tensor(3)  # type: ignore[arg-type]  # as the test is about


def test_loading(prefix: str, tmp_path: Path) -> None:
    """MG-317, MG-318: by prefix, folder or file."""
    listed = [("a", [2]), ("b", []), ("p", [4, 2]), ("s", [2])]
    for path in (prefix, tmp_path, f"{prefix}.index", f"{prefix}.meta"):
        assert tf.train.list_variables(path) == listed
    assert tf.train.load_variable(tmp_path, "a:0").tolist() == [1.0, 2.0]
    with pytest.raises(ValueError, match="Couldn't find 'checkpoint' file"):
        tf.train.load_checkpoint(tmp_path.parent)
    with pytest.raises(tf.errors.NotFoundError, match="Failed to find any matching"):
        tf.train.load_checkpoint(tmp_path / "none")


def test_objects_as_operands() -> None:
    """Neither text nor a path."""
    path: Any = 3
    with pytest.raises(TypeError):
        tf.train.load_checkpoint(path)


def test_newest_complete_checkpoint(prefix: str, tmp_path: Path) -> None:
    """MG-305: found without a state file; what lacks data is passed over."""
    find = metagraft.newest_complete_checkpoint
    (tmp_path / "checkpoint").unlink()
    assert find(tmp_path) == prefix
    later = (tmp_path / "m-3.index").stat().st_mtime + 5
    for name, suffixes in (
        ("cut", ("index", "data-00000-of-00001")),
        ("b", ("index",)),
    ):
        for suffix in suffixes:
            content = (tmp_path / f"m-3.{suffix}").read_bytes()
            if suffix != "index":
                content = content[:-1]
            (tmp_path / f"{name}.{suffix}").write_bytes(content)
            os.utime(tmp_path / f"{name}.{suffix}", (later, later))
    (tmp_path / "x.index").write_bytes(b"no table")
    assert find(str(tmp_path)) == prefix
    (tmp_path / "m-3.data-00000-of-00001").unlink()
    assert find(tmp_path) is None
    with pytest.raises(tf.errors.NotFoundError):
        find(tmp_path / "none")


def test_same_graph_is_not_written_again(tmp_path: Path) -> None:
    """MG-262: a file that has the content already stays untouched."""
    with tf.Graph().as_default(), tf.Session() as sess:
        v = tf.Variable(1.0)
        sess.run(v.initializer)
        saver = tf.train.Saver()
        saver.save(sess, tmp_path / "m")
        os.utime(tmp_path / "m.meta", (5, 5))
        saver.save(sess, tmp_path / "m")
        assert (tmp_path / "m.meta").stat().st_mtime == 5
        tf.constant(1.0)
        saver.save(sess, tmp_path / "m")
        assert (tmp_path / "m.meta").stat().st_mtime != 5
