"""Checkpoints converted to the other format and back are what they were."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import metagraft
from metagraft.errors import InvalidArgumentError, NotFoundError
from metagraft.formats.bundle.writer import BundleWriter, slice_of
from metagraft.formats.checkpoint import open_checkpoint
from metagraft.formats.conversion import convert_checkpoint

_PARTS = np.arange(12, dtype=np.int64).reshape(4, 3)
_WHOLE = {
    "bool": np.array([True, False]),
    "complex": np.array([1 + 2j, -3j], np.complex64),
    "empty": np.zeros((0, 7), np.float32),
    "float": np.arange(200_000, dtype=np.float32),
    "half": np.array([0.5, -2], np.float16),
    "int": np.array([-1, 5], np.int32),
    "scalar": np.array(2.5),
    "text": np.array([b"a", b"", b"\xff"], object),
}


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    """A checkpoint of version 2 with elements of many types, and a partitioned one."""
    prefix = tmp_path / "two"
    with BundleWriter(prefix) as writer:
        for start in (0, 2):
            part = slice_of((start, 0), (2, 3))
            writer.add_slice("parts", (4, 3), part, _PARTS[start : start + 2])
        for name, array in _WHOLE.items():
            writer.add(name, array)
        writer.finish()
    return prefix


def _check(prefix: Path) -> None:
    with open_checkpoint(prefix) as reader:
        assert reader.keys() == sorted((*_WHOLE, "parts"))
        for name, array in _WHOLE.items():
            found = reader.read(name)
            assert found.dtype == array.dtype
            np.testing.assert_array_equal(found, array)
            assert reader.slices(name) == ()
        np.testing.assert_array_equal(reader.read("parts"), _PARTS)
        assert len(reader.slices("parts")) == 2


def test_there_and_back(bundle: Path, tmp_path: Path) -> None:
    """Values, types, shapes and parts survive."""
    old, new = tmp_path / "one", tmp_path / "again"
    convert_checkpoint(bundle, old, version=1)
    assert old.is_file()
    _check(old)
    metagraft.convert_checkpoint(old, new)
    assert Path(f"{new}.index").is_file()
    _check(new)


@pytest.mark.parametrize("name", ["two.index", "two.data-00000-of-00001", ""])
def test_any_path_of_a_checkpoint(bundle: Path, tmp_path: Path, name: str) -> None:
    """The files of a checkpoint, and its folder, mean it."""
    target = tmp_path / "other" / "folder" / "new"  # which do not exist
    convert_checkpoint(bundle.parent / name, target)
    _check(target)


def test_mistakes(bundle: Path, tmp_path: Path) -> None:
    """Nothing is left behind when a checkpoint cannot be converted."""
    with pytest.raises(InvalidArgumentError, match="not 3"):
        convert_checkpoint(bundle, tmp_path / "x", version=3)
    with pytest.raises(InvalidArgumentError, match="cannot replace itself"):
        convert_checkpoint(bundle, bundle)
    with pytest.raises(NotFoundError):
        convert_checkpoint(tmp_path / "none", tmp_path / "x")
    with BundleWriter(tmp_path / "wide") as writer:
        writer.add("w", np.zeros(3, np.uint64))
        writer.finish()
    with pytest.raises(InvalidArgumentError, match="use format V2"):
        convert_checkpoint(tmp_path / "wide", tmp_path / "x", version=1)
    assert not list(tmp_path.glob("x*"))


_LIMITED = """
import resource, sys
import numpy
from metagraft.formats.checkpoint import open_checkpoint
from metagraft.formats.conversion import convert_checkpoint
used = int(open("/proc/self/statm").read().split()[5]) * resource.getpagesize()
limit = used + (72 << 20)
resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
two, one, again = sys.argv[1:]
convert_checkpoint(two, one, version=1)
convert_checkpoint(one, again)
with open_checkpoint(again) as reader:
    assert (reader.read("v07") == 7).all()
try:
    numpy.ones(100 << 20, numpy.uint8)
except MemoryError:
    print("limited")
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_with_less_memory_than_the_checkpoint_has_bytes(tmp_path: Path) -> None:
    """84 MB are converted, and one of its tensors is read, with 72 MB."""
    names = [str(tmp_path / name) for name in ("two", "one", "again")]
    with BundleWriter(names[0]) as writer:
        for number in range(40):
            writer.add(f"v{number:02d}", np.full(1 << 19, number, np.float32))
        writer.finish()
    done = subprocess.run(
        [sys.executable, "-c", _LIMITED, *names],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == "limited\n", done.stderr
