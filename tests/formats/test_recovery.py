"""A save that was killed between renaming its data and its index is finished."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import metagraft.compat.v1 as tf
from metagraft.errors import DataLossError
from metagraft.formats.bundle.reader import BundleReader
from metagraft.formats.bundle.recovery import finish_interrupted_save
from metagraft.formats.bundle.writer import BundleWriter

DATA = "m.data-00000-of-00001"


def _write(folder: Path, value: float) -> str:
    folder.mkdir(exist_ok=True)
    with BundleWriter(folder / "m") as writer:
        writer.add("x", np.full(3, value, np.float32))
        writer.finish()
    return str(folder / "m")


@pytest.fixture
def interrupted(tmp_path: Path) -> str:
    """Give a checkpoint with the data of a new save and the index of an old one."""
    prefix = _write(tmp_path / "here", 1)
    _write(tmp_path / "new", 2)
    (tmp_path / "new" / DATA).rename(tmp_path / "here" / DATA)
    (tmp_path / "new" / "m.index").rename(f"{prefix}.index.tempstate7")
    return prefix


def test_finished(interrupted: str) -> None:
    """MG-261: the new index has the checksums of the data, so it takes its place."""
    with BundleReader(interrupted) as reader, pytest.raises(DataLossError):
        reader.read("x")
    assert tf.train.load_variable(interrupted, "x").tolist() == [2, 2, 2]
    names = sorted(path.name for path in Path(interrupted).parent.iterdir())
    assert names == [DATA, "m.index"]
    assert not finish_interrupted_save(interrupted)


def test_index_of_other_data(interrupted: str, tmp_path: Path) -> None:
    """An index that does not fit the data is left alone, and the damage told."""
    _write(tmp_path / "other", 3)
    left = Path(f"{interrupted}.index.tempstate7")
    left.write_bytes((tmp_path / "other" / "m.index").read_bytes())
    Path(f"{interrupted}.index.tempstate8").write_bytes(b"half")
    with pytest.raises(DataLossError, match="Checksum does not match"):
        tf.train.load_variable(interrupted, "x")
    assert left.exists()


def test_no_such_folder(tmp_path: Path) -> None:
    """Nothing to finish is no error."""
    assert not finish_interrupted_save(str(tmp_path / "none" / "m"))
    assert not finish_interrupted_save("memory://none/m")
