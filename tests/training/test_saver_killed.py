"""Saving that is interrupted: killed, out of space, not allowed, by two at once."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import metagraft.compat.v1 as tf

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs processes that fork")
def test_killed_anywhere(tmp_path: Path) -> None:
    """MG-261: the latest checkpoint is complete, and the one before is still there."""
    found = subprocess.run(
        [sys.executable, "-m", "tests.training.killed_saves", str(tmp_path)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
        check=True,
        capture_output=True,
        text=True,
    )
    for kind, outcome in json.loads(found.stdout).items():
        assert outcome["problems"] == [], kind
        assert outcome["points"] > 12


@pytest.fixture
def sess() -> Iterator[Any]:
    """Give a session with a large and a small variable."""
    with tf.Graph().as_default():
        tf.Variable(np.zeros(300_000, np.float32), name="large")
        tf.Variable(1, name="small")
        with tf.Session() as session:
            session.run(tf.global_variables_initializer())
            yield session


def names(folder: Path) -> list[str]:
    """Return the names of the files in a folder."""
    return sorted(path.name for path in folder.iterdir())


FILES_OF_ONE = ["checkpoint", "m-1.data-00000-of-00001", "m-1.index", "m-1.meta"]


@pytest.mark.skipif(sys.platform != "linux", reason="asks /proc for names of files")
@pytest.mark.parametrize("suffix", ["data-00000-of-00001", "index", "checkpoint"])
def test_full_disk(
    sess: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str
) -> None:
    """MG-261: the error tells the file and why; what was there is as it was."""
    saver = tf.train.Saver(max_to_keep=1)
    first = saver.save(sess, tmp_path / "m", 1)
    state = (tmp_path / "checkpoint").read_text()
    real = os.fsync

    def full(descriptor: int) -> None:
        if suffix in str(Path(f"/proc/self/fd/{descriptor}").readlink()):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        real(descriptor)

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(tf.errors.ResourceExhaustedError, match="No space left") as told:
        saver.save(sess, tmp_path / "m", 2)
    assert suffix in told.value.message
    monkeypatch.setattr(os, "fsync", real)
    assert (tmp_path / "checkpoint").read_text() == state
    assert tf.train.latest_checkpoint(tmp_path) == first
    assert [name for name in names(tmp_path) if "tempstate" in name] == []
    assert set(FILES_OF_ONE) <= set(names(tmp_path))
    saver.restore(sess, first)
    assert saver.save(sess, tmp_path / "m", 2) == tf.train.latest_checkpoint(tmp_path)


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may write anywhere")
def test_folder_that_cannot_be_written(sess: Any, tmp_path: Path) -> None:
    """MG-261: the error tells why; what was there is as it was."""
    saver = tf.train.Saver()
    first = saver.save(sess, tmp_path / "m", 1)
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(tf.errors.PermissionDeniedError, match="Permission denied"):
            saver.save(sess, tmp_path / "m", 2)
    finally:
        tmp_path.chmod(0o700)
    assert names(tmp_path) == FILES_OF_ONE
    saver.restore(sess, first)


def test_refused_by_the_system(
    sess: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """MG-261: a file that may not be made is told; what was there is as it was."""
    saver = tf.train.Saver()
    first = saver.save(sess, tmp_path / "m", 1)
    real = open

    def refused(name: Any, *args: Any, **kwargs: Any) -> Any:
        if "m-2" in str(name):
            raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(name))
        return real(name, *args, **kwargs)

    monkeypatch.setattr("builtins.open", refused)
    with pytest.raises(tf.errors.PermissionDeniedError, match="Read-only file system"):
        saver.save(sess, tmp_path / "m", 2)
    monkeypatch.setattr("builtins.open", real)
    assert names(tmp_path) == FILES_OF_ONE
    saver.restore(sess, first)


def test_two_savers_in_one_folder(tmp_path: Path) -> None:
    """Each names its own checkpoints; at every moment the latest can be read."""
    stop = threading.Event()
    problems: list[str] = []

    def train(name: str) -> None:
        with tf.Graph().as_default(), tf.Session() as session:
            v = tf.get_variable("v", [1000])
            session.run(tf.global_variables_initializer())
            saver = tf.train.Saver([v], max_to_keep=2)
            for step in range(15):
                saver.save(session, tmp_path / name, step, write_meta_graph=False)

    def look() -> None:
        while not stop.is_set():
            is_there = (tmp_path / "checkpoint").exists()
            if is_there and tf.train.get_checkpoint_state(tmp_path) is None:
                problems.append("the state cannot be read")

    threads = [threading.Thread(target=train, args=(name,)) for name in ("a", "b")]
    watching = threading.Thread(target=look)
    watching.start()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    stop.set()
    watching.join()
    assert problems == []
    latest = tf.train.latest_checkpoint(tmp_path)
    assert latest in (str(tmp_path / "a-14"), str(tmp_path / "b-14"))
    for name in ("a-13", "a-14", "b-13", "b-14"):
        assert tf.train.load_variable(tmp_path / name, "v").shape == (1000,)
    assert len(names(tmp_path)) == 1 + 4 * 2
