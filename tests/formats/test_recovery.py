"""A save that was killed between renaming its data and its index is finished."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import metagraft.compat.v1 as tf
from metagraft.errors import DataLossError
from metagraft.formats import in_use
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


@pytest.mark.skipif(not in_use.is_possible(), reason="files cannot be locked")
def test_a_save_that_goes_on(interrupted: str) -> None:
    """What a process still holds is left to it, though the data is the same."""
    index = Path(f"{interrupted}.index.tempstate7")
    with index.open("rb") as file:
        assert in_use.hold(file.fileno(), str(index))
        assert not finish_interrupted_save(interrupted)
        assert index.exists()
    assert finish_interrupted_save(interrupted)


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


def _write_shards(folder: Path, value: float) -> str:
    folder.mkdir()
    with BundleWriter(folder / "m", shard_count=3) as writer:
        for shard in range(3):
            tensor = np.full(3, value, np.float32)
            writer.add(f"x{shard}", tensor, shard=shard)
        writer.finish()
    return str(folder / "m")


@pytest.mark.parametrize("renamed", [1, 2, 3])
def test_shards_without_names(tmp_path: Path, renamed: int) -> None:
    """MG-261: killed between two data files, the rest get their names as well."""
    prefix = _write_shards(tmp_path / "here", 1)
    _write_shards(tmp_path / "new", 2)
    for shard in range(3):
        name = f"m.data-{shard:05d}-of-00003"
        mark = "" if shard < renamed else f".tempstate{shard}"
        (tmp_path / "new" / name).rename(tmp_path / "here" / f"{name}{mark}")
    (tmp_path / "new" / "m.index").rename(f"{prefix}.index.tempstate7")
    assert finish_interrupted_save(prefix)
    for shard in range(3):
        assert tf.train.load_variable(prefix, f"x{shard}").tolist() == [2, 2, 2]
    assert not list((tmp_path / "here").glob("*tempstate*"))


def test_a_save_that_had_changed_nothing_is_not_finished(tmp_path: Path) -> None:
    """What never replaced anything does not hide that the checkpoint is damaged."""
    prefix = _write_shards(tmp_path / "here", 1)
    _write_shards(tmp_path / "new", 2)
    for path in (tmp_path / "new").iterdir():
        path.rename(tmp_path / "here" / f"{path.name}.tempstate7")
    data = Path(f"{prefix}.data-00001-of-00003")
    data.write_bytes(b"damaged" + data.read_bytes()[7:])
    assert not finish_interrupted_save(prefix)
    with pytest.raises(DataLossError, match="Checksum does not match"):
        tf.train.load_variable(prefix, "x1")
