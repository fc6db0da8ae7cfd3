import shutil
from pathlib import Path

import fsspec
import numpy as np
import pytest

from metagraft.errors import DataLossError, InvalidArgumentError
from metagraft.formats.bundle.format import Header, index_path
from metagraft.formats.bundle.merge import merge_bundles
from metagraft.formats.bundle.reader import BundleReader
from metagraft.formats.bundle.writer import BundleWriter, slice_of
from metagraft.formats.table.writer import TableWriter

GOLDEN = Path(__file__).parents[1] / "golden/checkpoints"


@pytest.mark.golden
def test_parts_of_tensorflow_merge_alike(tmp_path: Path) -> None:
    """Merging parts that TensorFlow wrote gives the bytes of its own merge."""
    folder = tmp_path / "parts"
    folder.mkdir()
    for path in GOLDEN.glob("part_*"):
        shutil.copy(path, folder)
    parts = [folder / f"part_{number}" for number in range(3)]
    merge_bundles(parts, tmp_path / "merged")
    expected = {path.name: path.read_bytes() for path in GOLDEN.glob("merged.*")}
    written = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert written == expected  # and the folder of the parts is gone


def _write(prefix: str, **tensors: np.ndarray) -> str:
    with BundleWriter(prefix) as writer:
        for name, array in tensors.items():
            writer.add(name, array)
        writer.finish()
    return prefix


def _write_slice(prefix: str, start: int, shape: tuple[int, ...]) -> str:
    with BundleWriter(prefix) as writer:
        part = np.full(1, start, np.float32)
        writer.add_slice("v", shape, slice_of((start,), (1,)), part)
        writer.finish()
    return prefix


def test_parts_elsewhere_merge() -> None:
    """Parts in other places than the disk are merged there."""
    fsspec.filesystem("memory").store.clear()
    parts = [
        _write(f"memory://m/parts/{name}", **{name: np.arange(3)}) for name in "ab"
    ]
    merge_bundles(parts, "memory://m/whole")
    with BundleReader("memory://m/whole") as reader:
        assert reader.shard_count == 2
        assert reader.read("b").tolist() == [0, 1, 2]


def test_empty_data_files_are_no_shards(tmp_path: Path) -> None:
    """Only data files that hold a tensor become shards; folders stay on request."""
    empty = _write(str(tmp_path / "empty"))
    full = _write(str(tmp_path / "full"), x=np.arange(2))
    merge_bundles([empty, full], tmp_path / "b", keeps_folders=True)
    with BundleReader(tmp_path / "b") as reader:
        assert reader.shard_count == 1
        assert reader.read("x").tolist() == [0, 1]


def test_missing_parts(tmp_path: Path) -> None:
    """Missing parts are refused, or left out on request unless all are missing."""
    part = _write(str(tmp_path / "part"), x=np.arange(2))
    none = str(tmp_path / "none")
    with pytest.raises(InvalidArgumentError, match=r"there is no part .*none"):
        merge_bundles([part, none], tmp_path / "b")
    with pytest.raises(InvalidArgumentError, match="there is no part"):
        merge_bundles([none], tmp_path / "b", allows_missing=True)
    merge_bundles([part, none], tmp_path / "b", allows_missing=True)
    with BundleReader(tmp_path / "b") as reader:
        assert reader.keys() == ["x"]


def test_parts_must_fit_together(tmp_path: Path) -> None:
    """The same tensor twice, or two shapes of one tensor, are refused."""
    first = _write(str(tmp_path / "first"), x=np.arange(2))
    second = _write(str(tmp_path / "second"), x=np.arange(2))
    with pytest.raises(InvalidArgumentError, match="keyed by x encountered"):
        merge_bundles([first, second], tmp_path / "b")
    with pytest.raises(InvalidArgumentError, match="keyed by x encountered"):
        merge_bundles([first, first], tmp_path / "b")
    third = _write_slice(str(tmp_path / "third"), 0, (2,))
    fourth = _write_slice(str(tmp_path / "fourth"), 1, (3,))
    message = r"type and shape \(1, \(3,\)\), another part says \(1, \(2,\)\)"
    with pytest.raises(InvalidArgumentError, match=message):
        merge_bundles([third, fourth], tmp_path / "b")
    # Nothing was used up by the refusals.
    merge_bundles([second, third], tmp_path / "b")


def test_byte_orders_must_agree(tmp_path: Path) -> None:
    """Parts of machines of different byte order are refused."""
    part = _write(str(tmp_path / "part"), x=np.arange(2))
    content: list[bytes] = []
    table = TableWriter(content.append)
    table.add(b"", Header(1, is_big_endian=True).encode())
    table.finish()
    other = str(tmp_path / "other")
    Path(index_path(other)).write_bytes(b"".join(content))
    with pytest.raises(InvalidArgumentError, match="byte order differs"):
        merge_bundles([part, other], tmp_path / "b")


def test_damaged_parts_are_told(tmp_path: Path) -> None:
    """A part whose index makes no sense is named."""
    path = tmp_path / "part.index"
    for entries, message in (
        ({b"": b"\xff"}, "no bundle header"),
        ({b"": Header(1).encode(), b"x": b"\xff"}, "no bundle entry"),
        ({b"": b"\x08\x01\x1a\x02\x10\x02"}, "needs a reader of version 2"),
    ):
        content: list[bytes] = []
        table = TableWriter(content.append)
        for key, value in entries.items():
            table.add(key, value)
        table.finish()
        path.write_bytes(b"".join(content))
        with pytest.raises((DataLossError, InvalidArgumentError), match=message):
            merge_bundles([tmp_path / "part"], tmp_path / "b")
