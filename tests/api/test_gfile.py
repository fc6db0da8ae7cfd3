from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import fsspec
import pytest

import metagraft.compat.v1 as tf
from tests.programs import gfile

GOLDEN = Path(__file__).parents[1] / "golden" / "gfile" / "outcomes.json"
OUTCOMES: dict[str, Any] = json.loads(GOLDEN.read_text("utf-8"))


@pytest.mark.golden
@pytest.mark.parametrize("name", gfile.CASES)
def test_files_behave_as_in_tensorflow(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same results and files; for a mistake the same error."""
    monkeypatch.chdir(tmp_path)
    gfile.fill(tmp_path)
    assert gfile.outcome(tf, name) == OUTCOMES[name]


def test_a_folder_is_not_copied(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is refused, and nothing is left where the copy would be."""
    monkeypatch.chdir(tmp_path)
    gfile.fill(tmp_path)
    with pytest.raises(tf.errors.InvalidArgumentError, match="a; Is a directory"):
        tf.gfile.Copy("a", "new")
    assert not tf.gfile.Exists("new")


def test_a_missing_folder_is_told_to_the_walker(tmp_path: Path) -> None:
    """`onerror` gets the error; the walk ends."""
    told: list[Exception] = []
    missing = str(tmp_path / "nope")
    assert list(tf.io.gfile.walk(missing, onerror=told.append)) == []
    assert [type(error) for error in told] == [tf.errors.NotFoundError]


def test_urls_work_as_paths_do() -> None:
    """Every function also takes what fsspec reaches."""
    root = "memory://gfile"
    files = tf.io.gfile
    files.makedirs(f"{root}/a/b")
    with files.GFile(f"{root}/a/x", "w") as file:
        file.write("text\nmore")
    assert files.GFile(f"{root}/a/x").readlines() == ["text\n", "more"]
    files.copy(f"{root}/a/x", f"{root}/a/y")
    files.rename(f"{root}/a/y", f"{root}/a/z")
    assert files.listdir(f"{root}/a") == ["b", "x", "z"]
    assert files.glob(f"{root}/a/[xz]") == [f"{root}/a/x", f"{root}/a/z"]
    assert files.stat(f"{root}/a/x").length == 9
    assert files.stat(f"{root}/a").is_directory
    assert next(files.walk(f"{root}/a")) == (f"{root}/a", ["b"], ["x", "z"])
    files.remove(f"{root}/a/x")
    assert not files.exists(f"{root}/a/x")
    files.rmtree(root)
    assert not files.isdir(f"{root}/a")
    assert "memory" in files.get_registered_schemes()
    fsspec.filesystem("memory").store.clear()


def test_local_urls_are_paths(tmp_path: Path) -> None:
    """`file://` names the same files."""
    (tmp_path / "x").write_text("text", encoding="utf-8")
    assert tf.gfile.GFile(f"file://{tmp_path}/x").read() == "text"
    assert tf.gfile.Glob(f"file://{tmp_path}/*") == [f"file://{tmp_path}/x"]


def test_unknown_schemes_are_told() -> None:
    """There is no access to them, which is not that the file is missing."""
    with pytest.raises(tf.errors.UnimplementedError, match="foo://x"):
        tf.gfile.Exists("foo://x")
    assert not tf.gfile.IsDirectory("foo://x")
