"""`metagraft.verify` and `metagraft.salvage` of checkpoints of version 1."""

from __future__ import annotations

import shutil
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import metagraft
from metagraft.errors import DataLossError, PermissionDeniedError
from metagraft.formats import files, pieces
from metagraft.formats.checkpoint import open_checkpoint
from metagraft.formats.element_types import data_type_number
from metagraft.formats.extents import Extent
from metagraft.formats.slices import verification
from metagraft.formats.slices.format import META_KEY
from metagraft.formats.slices.writer import SliceWriter
from metagraft.formats.table.reader import TableReader
from metagraft.formats.table.writer import TableWriter
from metagraft.proto import SavedTensorSlices
from tests.fuzz.damage_tables import compressed

GOLDEN = Path(__file__).parents[1] / "golden" / "slice_checkpoints"
WHOLE = ["model", "shards-?????-of-00001", "shards-00000-of-00001", "shards"]
BLOCK = 100_000  # numbers of four bytes, more than a block of a table


def _written(path: Path, tensors: dict[str, Any]) -> Path:
    writer = SliceWriter(path)
    for name, array in tensors.items():
        part = (Extent(0, None),) * array.ndim
        number = data_type_number(array.dtype)
        assert number is not None
        writer.add(name, array.shape, part, array, number)
    writer.finish()
    return path


def _changed(path: Path, change: Any) -> None:
    """Write a table again with other values; all checksums are right."""
    entries = change(dict(TableReader(path.read_bytes(), "").items()))
    with path.open("wb") as file:
        table = TableWriter(file.write)  # type: ignore[arg-type]
        for key in sorted(entries):
            table.add(key, entries[key])
        table.finish()


def _equal(first: Path | str, second: Path | str) -> None:
    with open_checkpoint(first) as reader, open_checkpoint(second) as copy:
        assert reader.keys() == copy.keys()
        for name in reader.keys():  # noqa: SIM118 - no mapping
            assert reader.dtype(name) == copy.dtype(name)
            np.testing.assert_array_equal(reader.read(name), copy.read(name))


@pytest.mark.golden
@pytest.mark.parametrize("name", WHOLE)
def test_what_tensorflow_wrote_verifies(name: str, tmp_path: Path) -> None:
    """Whole files, and shards by any of their names, have no damage."""
    report = metagraft.verify(GOLDEN / name)
    assert report.ok, str(report)
    assert report.version == 1
    saved = metagraft.salvage(GOLDEN / name, tmp_path / "saved")
    assert saved.kept == report.intact == tuple(sorted(report.tensors))
    _equal(report.prefix, saved.destination)
    assert metagraft.verify(saved.destination).ok


@pytest.mark.golden
def test_every_changed_byte_is_found(tmp_path: Path) -> None:
    """A changed byte of the only block leaves nothing, one elsewhere all."""
    path = tmp_path / "model"
    content = (GOLDEN / "model").read_bytes()
    for offset in range(0, len(content), 37):
        damaged = bytearray(content)
        damaged[offset] ^= 0x10
        path.write_bytes(damaged)
        report = metagraft.verify(path)
        assert offset > 500 or not report.ok
        assert report.ok or str(path) in str(report)
        assert len(report.intact) in (0, 16)


def test_good_blocks_are_kept(tmp_path: Path) -> None:
    """A damaged block takes its own tensors only, also when the end is lost."""
    values = {name: np.full(BLOCK, 2, np.float32) for name in "abc"}
    path = _written(tmp_path / "m", values)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    report = metagraft.verify(path)
    assert (report.intact, report.lost) == (("a", "c"), ("b",))
    assert "checksum mismatch" in str(report)
    assert "tensor 'b': slice at (0,): its entry is lost" in str(report)
    path.write_bytes(content[:-20])
    assert metagraft.verify(path).intact == ("a", "c")
    metagraft.salvage(path, tmp_path / "saved")
    with open_checkpoint(tmp_path / "saved") as copy:
        np.testing.assert_array_equal(copy.read("c"), values["c"])


def test_missing_shards(tmp_path: Path) -> None:
    """A shard that is missing is named; the parts of the others are kept."""
    for shard in (0, 2):
        writer = SliceWriter(tmp_path / f"m-{shard:05d}-of-00003")
        part = (Extent(shard * 2, 2),)
        writer.add("v", (6,), part, np.full(2, shard, np.int64), 9)
        writer.finish()
    report = metagraft.verify(tmp_path / "m")
    assert report.partial == ("v",)
    assert f"{tmp_path}/m-00001-of-00003: the file is missing" in str(report)
    assert "'v': the stored slices leave 2 of 6 elements unset" in str(report)
    saved = metagraft.salvage(tmp_path / "m-00000-of-00003", tmp_path / "saved")
    with open_checkpoint(saved.destination) as copy:
        assert copy.read_slice("v", (4,), (2,)).tolist() == [2, 2]


def test_shards_that_cannot_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Why a shard cannot be read is told; the others are checked."""
    for shard in range(2):
        path = tmp_path / f"m-{shard:05d}-of-00002"
        _written(path, {f"v{shard}": np.zeros(2, np.int64)})
    opened = files.RandomAccessFile

    def refuses(path: str) -> files.RandomAccessFile:
        if "m-00001" in path:
            raise PermissionDeniedError(None, None, f"{path}; Permission denied")
        return opened(path)

    monkeypatch.setattr(files, "RandomAccessFile", refuses)
    report = metagraft.verify(tmp_path / "m")
    assert report.intact == ("v0",)
    assert f"{tmp_path}/m-00001-of-00002: Permission denied" in str(report)


def test_shards_that_contradict_each_other(tmp_path: Path) -> None:
    """The first file counts; the other one's claim is told."""
    for shard, array in enumerate((np.zeros(2, np.int64), np.zeros(3, np.int64))):
        _written(tmp_path / f"m-{shard:05d}-of-00002", {"v": array})
    report = metagraft.verify(tmp_path / "m")
    assert report.intact == ("v",)
    assert "'v': has type and shape (9, (3,)), another file says (9, (2,))" in str(
        report
    )


def _without_list(entries: dict[bytes, bytes]) -> dict[bytes, bytes]:
    return {key: value for key, value in entries.items() if key != META_KEY}


def _with_list(change: Any) -> Any:
    def changed(entries: dict[bytes, bytes]) -> dict[bytes, bytes]:
        message = SavedTensorSlices.FromString(entries[META_KEY])
        change(message.meta.tensor[0])
        return {**entries, META_KEY: message.SerializeToString()}

    return changed


def _with_shape(*sizes: int) -> Any:
    def change(tensor: Any) -> None:
        del tensor.shape.dim[:]
        for size in sizes:
            tensor.shape.dim.add(size=size)
        del tensor.slice[0].extent[:]
        for _ in sizes:
            tensor.slice[0].extent.add()

    return _with_list(change)


CHANGES: list[tuple[Any, str]] = [
    (_without_list, "the list of tensors is missing"),
    (lambda entries: {**entries, META_KEY: b"\xff"}, "list of tensors: "),
    (_with_shape(-1), r"list of tensors: tensor 'a': a negative dimension"),
    (_with_shape(2**40, 2**40), "more than 2**62 elements"),
    (_with_shape(0, 2**62, 2**62), "no array has shape"),
    (_with_shape(*[1] * 65), "65 dimensions; arrays have at most 64"),
    (_with_shape(2**40), f"3 values in 'float_val', shape ({2**40},) takes {2**40}"),
    (_with_list(lambda t: setattr(t, "type", 99)), "elements of unknown type 99"),
    (_with_list(lambda t: setattr(t, "type", 14)), "elements of type 14 have no field"),
    (_with_list(lambda t: setattr(t, "type", 3)), "0 values in 'int_val'"),
    (lambda entries: {**entries, b"z": b""}, "key b'z' is not listed"),
    (
        lambda entries: {key: b"\xff" if key else entries[key] for key in entries},
        "tensor 'a': slice at (0,): ",
    ),
]


@pytest.mark.parametrize(("change", "message"), CHANGES)
def test_what_makes_no_sense(change: Any, message: str, tmp_path: Path) -> None:
    """Contents that contradict each other are told; memory is not taken for them."""
    path = _written(tmp_path / "m", {"a": np.zeros(3, np.float32)})
    _changed(path, change)
    text = str(metagraft.verify(path))
    assert message in text
    assert str(path) in text


LARGE = [
    np.full(5 << 20, 1.5, np.float32),
    np.arange(5 << 20, dtype=np.int32),
    np.ones(3 << 20, np.complex128),
    np.array([b"x" * (9 << 20), b"y" * (9 << 20)], object),
]


@pytest.mark.parametrize("array", LARGE, ids=lambda array: str(array.dtype))
def test_large_slices_are_read_in_pieces(array: Any, tmp_path: Path) -> None:
    """A slice beyond 16 MB is checked without being in memory."""
    path = _written(tmp_path / "m", {"a": array, "small": np.zeros(3, np.float32)})
    tracemalloc.start()
    try:
        report = metagraft.verify(path)
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert report.ok, str(report)
    assert peak_bytes < 3 * pieces.PIECE_BYTES
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    assert metagraft.verify(path).intact == ("small",)


@pytest.mark.parametrize("kind", ["compressed", "several keys", "no field", "cut"])
def test_large_blocks_of_other_writers(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Blocks that are not as our writer makes them are read whole, or refused."""
    monkeypatch.setattr(verification, "_LARGE_BYTES", 64)
    values = {name: np.full(BLOCK, 1, np.float32) for name in "ab"}
    path = _written(tmp_path / "m", values)
    if kind == "compressed":
        path.write_bytes(compressed(path.read_bytes()))
    elif kind == "several keys":
        path = _written(tmp_path / "m", {name: np.ones(30, np.int64) for name in "ab"})
    else:
        tail = b"\x0f" if kind == "no field" else b"\x12\x7f"
        _changed(path, lambda e: {k: v + tail if k else v for k, v in e.items()})
        report = metagraft.verify(path)
        assert report.lost == ("a", "b")
        message = "has no valid tag" if kind == "no field" else "reaches over byte"
        assert "tensor 'b': slice at (0,): the field at byte" in str(report)
        assert message in str(report)
        return
    assert metagraft.verify(path).intact == ("a", "b")


def test_files_that_change_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A slice that is damaged after it was checked is not saved."""
    path = _written(tmp_path / "m", {"a": np.zeros(3, np.float32)})
    survey = verification.survey

    def changes(pattern: str) -> verification.Survey:
        found = survey(pattern)
        content = bytearray(path.read_bytes())
        content[8] ^= 1
        path.write_bytes(content)
        return found

    monkeypatch.setattr(verification, "survey", changes)
    with pytest.raises(DataLossError, match="m changes while it is copied: block che"):
        metagraft.salvage(path, tmp_path / "saved")
    assert not list(tmp_path.glob("saved*"))


def test_slices_that_several_files_have(tmp_path: Path) -> None:
    """The same slice is a damage, is written once, and goes after the whole tensor."""
    for shard, part in enumerate(((Extent(0, None),), (Extent(0, 2),))):
        writer = SliceWriter(tmp_path / f"m-{shard:05d}-of-00003")
        length = 4 if shard == 0 else 2
        writer.add("v", (4,), part, np.arange(length, dtype=np.int64), 9)
        writer.finish()
    shutil.copy(tmp_path / "m-00001-of-00003", tmp_path / "m-00002-of-00003")
    (damage,) = metagraft.verify(tmp_path / "m").damages
    assert damage.path == f"{tmp_path}/m-00002-of-00003"
    assert damage.reason.startswith("Overlapping slices: existing slice = 0,2")
    assert damage.tensor == "v"
    metagraft.salvage(tmp_path / "m", tmp_path / "saved")
    with open_checkpoint(tmp_path / "saved") as copy:
        assert copy.read("v").tolist() == [0, 1, 2, 3]
