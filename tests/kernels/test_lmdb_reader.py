"""Records of LMDB databases, as TensorFlow 1.15 reads them; later ones cannot."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import lmdb
import pytest

import metagraft.compat.v1 as tf


def _read(path: str, count: int) -> Any:
    """Read some records and return them, and what the reader says of itself."""
    with tf.Graph().as_default(), tf.Session() as session:
        queue = tf.FIFOQueue(2, tf.string)
        session.run(queue.enqueue(path))
        session.run(queue.close())
        reader = tf.LMDBReader()
        record = reader.read(queue)
        found = [tuple(session.run(record)) for _ in range(count)]
        with pytest.raises(tf.errors.OutOfRangeError):
            session.run(record)
        counts = reader.num_records_produced(), reader.num_work_units_completed()
        return found, session.run(list(counts))


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """Return the folder of a database."""
    with (
        lmdb.open(str(tmp_path / "db"), map_size=1 << 20) as made,
        made.begin(write=True) as transaction,
    ):
        for number in (3, 1, 0, 2):
            transaction.put(b"k%d" % number, b"v" * number)
    return tmp_path / "db"


def test_reads_records(database: Path) -> None:
    """The records come in the order of their keys, from a folder or a file."""
    expected = [(b"k%d" % number, b"v" * number) for number in range(4)]
    for path in (database, database / "data.mdb"):
        assert _read(str(path), 4) == (expected, [4, 1])


def test_no_database(tmp_path: Path) -> None:
    """What is no database ends with an error."""
    (tmp_path / "text").write_bytes(b"text" * 5000)
    for name in ("nowhere", "text"):
        with pytest.raises(tf.errors.InvalidArgumentError, match=name):
            _read(str(tmp_path / name), 1)


def test_no_library(database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the library, the error says how to get it."""
    monkeypatch.setitem(sys.modules, "lmdb", None)
    with pytest.raises(tf.errors.UnimplementedError, match=r"metagraft\[lmdb\]"):
        _read(str(database), 1)
