"""Small tensors that are read together are those that are read one by one."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest

from metagraft.errors import DataLossError, NotFoundError, OutOfRangeError
from metagraft.formats.bundle.format import Entry
from metagraft.formats.bundle.many_entries import (
    EntryTable,
    decode_many,
)
from metagraft.formats.bundle.neighbours import runs_of
from metagraft.formats.bundle.reader import BundleReader
from metagraft.formats.bundle.writer import BundleWriter, slice_of
from metagraft.formats.byte_rows import Spans
from metagraft.formats.element_types import data_type_number

_TYPES = ("int8", "float32", "float64", "complex128", "bool", "int64", "float16")
_SHAPES = [(), (0,), (3,), (2, 5), (1, 1, 7), (100, 100)]


def _written(prefix: Path, seed: int) -> list[str]:
    """Write tensors whose neighbours differ, so that many start anywhere."""
    generator = random.Random(seed)
    numbers = np.random.default_rng(seed)
    names, arrays = [], []
    for number in range(400):
        shape = generator.choice(_SHAPES)
        count = generator.choice([1, 1, 7])
        dtype = generator.choice(_TYPES)
        for copy in range(count):
            names.append(f"v{generator.randrange(10**9)}_{number}_{copy}")
            arrays.append(numbers.integers(0, 100, shape).astype(dtype))
    names.append("large")
    arrays.append(numbers.random((300, 300)))
    names.append("text")
    arrays.append(np.array([b"a", b"bc"], object))
    types = [data_type_number(array.dtype) or 0 for array in arrays]
    with BundleWriter(prefix) as writer:
        writer.add_many(names, arrays, types)
        part = slice_of((0,), (2,))
        writer.add_slice("parts", (4,), part, np.array([1, 2], np.float32))
        writer.add_slice(
            "parts", (4,), slice_of((2,), (2,)), np.array([3, 4], np.float32)
        )
        writer.finish()
    return [*names, "parts"]


@pytest.mark.parametrize("seed", range(3))
def test_as_one_by_one(seed: int, tmp_path: Path) -> None:
    """Whatever types and shapes follow one another, and in whatever order asked for."""
    names = _written(tmp_path / "m", seed)
    random.Random(seed).shuffle(names)
    with BundleReader(tmp_path / "m") as reader, BundleReader(tmp_path / "m") as other:
        found = reader.read_many(names)
        assert list(found) == names
        for name, array in found.items():
            expected = other.read(name)
            assert array.dtype == expected.dtype
            assert array.shape == expected.shape
            assert type(array) is np.ndarray
            assert array.flags.aligned
            np.testing.assert_array_equal(array, expected)
        assert reader.in_parts(names) == ["parts"]
        numbers = reader.stored_types([*names, "other"])
        assert numbers == [*(other.dtype(name) for name in names), None]
        with pytest.raises(NotFoundError, match="Key other not found"):
            reader.read_many([*names[:5], "other"])


def test_damage(tmp_path: Path) -> None:
    """The tensor that is damaged, or at which the file ends, is told."""
    arrays = [np.full(10, number, np.float32) for number in range(50)]
    names = [f"v{number:02d}" for number in range(50)]
    with BundleWriter(tmp_path / "m") as writer:
        writer.add_many(names, arrays, [1] * 50)
        writer.finish()
    path = tmp_path / "m.data-00000-of-00001"
    content = bytearray(path.read_bytes())
    content[17 * 40 + 3] ^= 1
    path.write_bytes(content)
    with BundleReader(tmp_path / "m") as reader:
        with pytest.raises(DataLossError, match="tensor 'v17' at byte 680"):
            reader.read_many(names)
        assert (reader.read_many(names[18:])["v49"] == 49).all()
    path.write_bytes(content[: 30 * 40 + 5])
    with (
        BundleReader(tmp_path / "m") as reader,
        pytest.raises(OutOfRangeError, match="tensor 'v30' at byte 1200"),
    ):
        reader.read_many(names[20:])


def _table(entries: list[Entry]) -> EntryTable:
    encoded = [entry.encode() for entry in entries]
    return decode_many(
        Spans.of_strings(encoded), lambda position: Entry.decode(encoded[position])
    )


def test_runs_end_at_gaps_and_shards_and_sizes() -> None:
    """A run has no gaps, one data file, and not much more than 8 MB."""
    mega = 1 << 20
    entries = [Entry(6, (mega,), 0, mega * n, mega, n) for n in range(20)]
    entries += [Entry(6, (5,), 0, mega * 20 + 1, 5, 7), Entry(6, (5,), 1, 0, 5, 7)]
    order = list(range(len(entries)))
    random.Random(1).shuffle(order)
    table = _table([entries[position] for position in order])
    runs = list(runs_of(table, np.arange(len(order))))
    found = [[order[position] for position in run.positions] for run in runs]
    assert found == [
        list(range(8)),
        list(range(8, 16)),
        list(range(16, 20)),
        [20],
        [21],
    ]
    assert [run.offset_bytes for run in runs] == [
        0,
        8 * mega,
        16 * mega,
        20 * mega + 1,
        0,
    ]
    assert [run.size_bytes for run in runs] == [8 * mega, 8 * mega, 4 * mega, 5, 5]
    assert list(runs_of(table, np.arange(0))) == []
