"""Any path that people have at hand means its checkpoint."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from metagraft.errors import NotFoundError
from metagraft.formats import checkpoint_state
from metagraft.formats.bundle.writer import BundleWriter
from metagraft.formats.checkpoint_paths import checkpoint_prefix, prefix_of
from metagraft.formats.extents import Extent
from metagraft.formats.slices.writer import SliceWriter

SHARD = "-00000-of-00002"


def _bundle(prefix: Path) -> str:
    with BundleWriter(prefix) as writer:
        writer.add("x", np.zeros(3, np.float32))
        writer.finish()
    Path(f"{prefix}.meta").write_bytes(b"")
    return str(prefix)


def _slices(path: Path) -> None:
    writer = SliceWriter(path)
    writer.add("x", (3,), (Extent(0, None),), np.zeros(3, np.float32), 1)
    writer.finish()


@pytest.mark.parametrize("suffix", ["", ".meta", ".index", ".data-00000-of-00001"])
def test_files_of_a_bundle(suffix: str, tmp_path: Path) -> None:
    """The prefix and each file of a bundle, also when the index is lost (MG-282)."""
    prefix = _bundle(tmp_path / "model-10")
    assert checkpoint_prefix(prefix + suffix) == prefix
    assert prefix_of(prefix + suffix) == prefix
    (tmp_path / "model-10.index").unlink()
    if suffix != ".meta" and suffix != ".index":
        assert checkpoint_prefix(prefix + suffix) == prefix


@pytest.mark.parametrize("suffix", ["", ".meta"])
def test_files_of_version_1(suffix: str, tmp_path: Path) -> None:
    """A single file, and shards by what they have in common or by one of them."""
    one = tmp_path / "one.ckpt"
    _slices(one)
    (tmp_path / "one.ckpt.meta").write_bytes(b"")
    assert checkpoint_prefix(f"{one}{suffix}") == str(one)
    many = tmp_path / "many"
    _slices(tmp_path / f"many{SHARD}")
    pattern = f"{many}-?????-of-00002"
    (tmp_path / "many.meta").write_bytes(b"")
    for name in (f"{many}{suffix}", f"{many}{SHARD}", pattern):
        assert checkpoint_prefix(name) == pattern


def test_folders(tmp_path: Path) -> None:
    """The latest of the state file; without one, the newest that is complete."""
    folder, moved = tmp_path / "here", tmp_path / "moved"
    folder.mkdir()
    with pytest.raises(NotFoundError, match=f"{folder} holds no checkpoint"):
        checkpoint_prefix(folder)
    first, second = (_bundle(folder / name) for name in ("model-1", "model-2"))
    os.utime(f"{second}.index", (5, 5))
    assert checkpoint_prefix(folder) == first
    checkpoint_state.write_state(folder, second)
    assert checkpoint_prefix(folder) == second
    folder.rename(moved)
    assert checkpoint_prefix(moved) == str(moved / "model-2")


def test_folders_with_what_is_left(tmp_path: Path) -> None:
    """An index without data, and data without an index, are checkpoints, too."""
    prefix = _bundle(tmp_path / "model-1")
    data = tmp_path / "model-1.data-00000-of-00001"
    data.rename(tmp_path / "kept")
    assert checkpoint_prefix(tmp_path) == prefix
    (tmp_path / "kept").rename(data)
    Path(f"{prefix}.index").unlink()
    assert checkpoint_prefix(tmp_path) == prefix


def test_folders_of_saved_models(tmp_path: Path) -> None:
    """A SavedModel stands for its variables."""
    (tmp_path / "saved_model.pb").write_bytes(b"")
    assert checkpoint_prefix(tmp_path) == f"{tmp_path}/variables/variables"


def test_folder_and_prefix_of_one_name(tmp_path: Path) -> None:
    """A prefix goes before a folder of that name."""
    prefix = _bundle(tmp_path / "model")
    (tmp_path / "model").mkdir()
    assert checkpoint_prefix(prefix) == prefix


def test_what_does_not_exist(tmp_path: Path) -> None:
    """A path without files is returned as it is, for the reader to refuse."""
    assert checkpoint_prefix(tmp_path / "none") == str(tmp_path / "none")
