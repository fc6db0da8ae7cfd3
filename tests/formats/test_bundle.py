from itertools import pairwise
from pathlib import Path
from typing import Any

import fsspec
import ml_dtypes
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from metagraft.errors import (
    AlreadyExistsError,
    InvalidArgumentError,
    NotFoundError,
)
from metagraft.formats.bundle.reader import BundleReader
from metagraft.formats.bundle.writer import BundleWriter, slice_of
from metagraft.formats.extents import Box, Extent
from metagraft.proto import DataType
from tests.golden.record.record_checkpoints import numbers_of_every_type

GOLDEN = Path(__file__).parents[1] / "golden/checkpoints"
STORED = ("every_type", "variants", "partitioned", "sharded", "many", "merged")
QUANTIZED = ("qint8", "quint8", "qint16", "quint16", "qint32")

same_folder = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=15
)


def _copy(reader: BundleReader, prefix: Path) -> None:
    """Write what a bundle holds, in the order in which it was written."""

    def place(name: str) -> tuple[int, int]:
        entry = reader._entry(name)
        return entry.shard, entry.offset_bytes

    values = reader.read_many(reader.keys())
    with BundleWriter(prefix, shard_count=reader.shard_count) as writer:
        parts = []
        for name in sorted(reader.keys(), key=place):
            boxes = reader.slices(name)
            if not boxes:
                shard = reader._entry(name).shard
                data_type = reader.dtype(name)
                writer.add(name, values[name], data_type=data_type, shard=shard)
            parts += [(name, box) for box in boxes]
        for name, box in parts:
            writer.add_slice(
                name,
                reader.shape(name),
                slice_of(box.starts, box.lengths),
                reader.read_slice(name, box.starts, box.lengths),
            )
        writer.finish()


@pytest.mark.golden
@pytest.mark.parametrize("name", ["every_type", "variants", "sharded", "many"])
def test_bundles_of_tensorflow_are_written_alike(name: str, tmp_path: Path) -> None:
    """What TensorFlow wrote reads, and writes again to the same bytes."""
    with BundleReader(GOLDEN / name) as reader:
        _copy(reader, tmp_path / name)
    expected = {path.name: path.read_bytes() for path in GOLDEN.glob(f"{name}.*")}
    written = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert written == expected


@pytest.mark.golden
def test_partitioned_index_is_written_alike(tmp_path: Path) -> None:
    """Slices have the keys and the entries that TensorFlow gives them."""
    values = np.arange(70, dtype=np.float32).reshape(7, 10)
    with BundleWriter(tmp_path / "partitioned") as writer:
        start = 0
        for length in (3, 2, 2):
            rows = slice_of((start, 0), (length, 10))
            part = values[start : start + length]
            writer.add_slice("v/rows", (7, 10), rows, part)
            start += length
        for start in (0, 5):
            columns = slice_of((0, start), (7, 5))
            part = values[:, start : start + 5] * 2
            writer.add_slice("w/columns", (7, 10), columns, part)
        writer.add("whole", np.array([1, 2, 3], np.int32))
        writer.finish()
    for path in GOLDEN.glob("partitioned.*"):
        assert (tmp_path / path.name).read_bytes() == path.read_bytes()


@pytest.mark.golden
def test_numbers_of_every_type() -> None:
    """Each type comes back with TensorFlow's elements, bit for bit."""
    expected = numbers_of_every_type()
    with BundleReader(GOLDEN / "every_type") as reader:
        for name, array in expected.items():
            found = reader.read(name)
            assert found.dtype == array.dtype
            assert found.shape == reader.shape(name) == (2, 3)
            assert found.tobytes() == array.tobytes()
        together = reader.read_many(list(expected))
        for name, array in expected.items():
            assert together[name].dtype == array.dtype
            assert together[name].tobytes() == array.tobytes()
            assert together[name].flags.aligned


@pytest.mark.golden
def test_special_elements_of_tensorflow() -> None:
    """Strings, booleans, small and quantised numbers, scalars and empty tensors."""
    with BundleReader(GOLDEN / "every_type") as reader:
        strings = reader.read("string")
        assert strings.tolist() == [[b"", b"\0\xff"], [b"a" * 200, "ä".encode()]]
        assert reader.read("scalar_string")[()] == b"one"
        assert reader.read("no_strings").shape == (0,)
        assert reader.read("bool").tolist() == [[True, False, True]]
        assert reader.read("int4").tolist() == [-8, -1, 0, 7]
        assert reader.read("uint4").tolist() == [0, 1, 15]
        assert reader.read("scalar") == np.float32(3.5)
        assert reader.read("empty").shape == (0, 5)
        assert reader.read("after/empty").tolist() == [7]
        for name in QUANTIZED:
            assert reader.read(name).tolist() == [1, 2, 3]
            assert reader.dtype(name) == DataType.Value(f"DT_{name.upper()}")


@pytest.mark.golden
def test_variants_are_messages() -> None:
    """A variant comes back as the message that TensorFlow stored."""
    with BundleReader(GOLDEN / "variants") as reader:
        (first, *_) = reader.read("iterator")
    assert first.type_name == "tensorflow::Iterator"


@pytest.mark.golden
def test_partitioned_tensors_read_whole_and_in_other_parts() -> None:
    """How a tensor is stored does not matter to who reads it (MG-290)."""
    values = np.arange(70, dtype=np.float32).reshape(7, 10)
    with BundleReader(GOLDEN / "partitioned") as reader:
        assert reader.keys() == ["v/rows", "w/columns", "whole"]
        assert reader.shape("v/rows") == (7, 10)
        assert reader.slices("w/columns")[1] == Box((0, 5), (7, 5))
        assert reader.slices("whole") == ()
        np.testing.assert_array_equal(reader.read("v/rows"), values)
        np.testing.assert_array_equal(reader.read("w/columns"), values * 2)
        part = reader.read_slice("v/rows", (2, 3), (3, 4))
        np.testing.assert_array_equal(part, values[2:5, 3:7])
        assert reader.read_slice("whole", (1,), (2,)).tolist() == [2, 3]
        together = reader.read_many(["whole", "v/rows"])
        assert list(together) == ["whole", "v/rows"]
        np.testing.assert_array_equal(together["v/rows"], values)


@pytest.mark.golden
def test_what_a_bundle_holds() -> None:
    """Names, shapes and types are told without reading data (MG-315)."""
    with BundleReader(GOLDEN / "sharded") as reader:
        assert reader.shard_count == 3
        assert reader.prefix == str(GOLDEN / "sharded")
        assert reader.has("on_1")
        assert not reader.has("on_3")
        assert not reader.has("")
        assert reader.variable_to_shape_map() == {f"on_{n}": (4,) for n in range(3)}
        assert reader.variable_to_dtype_map() == {f"on_{n}": 3 for n in range(3)}
        assert reader.read("on_2").tolist() == [2, 3, 4, 5]


arrays = st.one_of(
    hnp.arrays(
        st.sampled_from(
            [np.float32, np.float64, np.float16, np.int64, np.uint8, np.bool_, np.int16]
        ),
        hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=5),
    ),
    hnp.arrays(np.uint8, st.integers(0, 9)).map(
        lambda array: array.view(ml_dtypes.float8_e5m2)
    ),
    hnp.arrays(
        object,
        hnp.array_shapes(min_dims=0, max_dims=2, min_side=0, max_side=4),
        elements=st.binary(max_size=300),
    ),
)
names = st.text(min_size=1, max_size=8).filter(lambda name: name[0] != "\0")


@same_folder
@given(tensors=st.dictionaries(names, arrays, max_size=6), shards=st.integers(1, 3))
def test_bundles_round_trip(
    tensors: dict[str, Any], shards: int, tmp_path: Path
) -> None:
    """What was added comes back, one by one and together."""
    with BundleWriter(tmp_path / "b", shard_count=shards) as writer:
        for number, (name, array) in enumerate(tensors.items()):
            writer.add(name, array, shard=number % shards)
        writer.finish()
    with BundleReader(tmp_path / "b") as reader:
        assert reader.keys() == sorted(tensors, key=str.encode)
        together = reader.read_many(reader.keys())
        for name, array in tensors.items():
            for found in (reader.read(name), together[name]):
                assert found.dtype == array.dtype
                assert found.shape == array.shape
                if array.dtype == object:
                    assert found.tolist() == array.tolist()
                else:
                    assert found.tobytes() == array.tobytes()


@same_folder
@given(cuts=st.sets(st.integers(1, 8)), box=st.data())
def test_slices_round_trip(cuts: set[int], box: Any, tmp_path: Path) -> None:
    """Any part of a tensor reads back, however the tensor was cut."""
    values = np.arange(27, dtype=np.int32).reshape(9, 3)
    bounds = [0, *sorted(cuts), 9]
    with BundleWriter(tmp_path / "b", shard_count=2) as writer:
        for number, (start, end) in enumerate(pairwise(bounds)):
            rows = (Extent(start, end - start), Extent(0, None))
            shard = number % 2
            writer.add_slice("v", (9, 3), rows, values[start:end], shard=shard)
        writer.finish()
    start = box.draw(st.integers(0, 9))
    length = box.draw(st.integers(0, 9 - start))
    with BundleReader(tmp_path / "b") as reader:
        np.testing.assert_array_equal(reader.read("v"), values)
        part = reader.read_slice("v", (start, 1), (length, 2))
        np.testing.assert_array_equal(part, values[start : start + length, 1:])


def test_large_tensors_are_read_in_pieces(tmp_path: Path) -> None:
    """Tensors larger than every buffer come back, also several at once."""
    numbers = np.random.default_rng(0)
    tensors = {
        f"t{number}": numbers.standard_normal(300_001, np.float32)
        for number in range(3)
    }
    tensors["small"] = np.zeros(5, np.float32)
    with BundleWriter(tmp_path / "b") as writer:
        for name, array in tensors.items():
            writer.add(name, array)
        writer.finish()
    with BundleReader(tmp_path / "b") as reader:
        for name, array in reader.read_many([*tensors]).items():
            np.testing.assert_array_equal(array, tensors[name])


def test_layouts_of_arrays_do_not_matter(tmp_path: Path) -> None:
    """Transposed, foreign-endian, fixed-width and text arrays are stored by value."""
    values = np.arange(6, dtype=np.int32).reshape(2, 3)
    with BundleWriter(tmp_path / "b") as writer:
        writer.add("transposed", values.T)
        writer.add("big_endian", values.astype(">i4"))
        writer.add("fixed", np.array([b"a", b"bc"]))
        writer.add("text", np.array(["ä", "b"]))
        writer.add("objects", np.array("c", object))
        writer.add("bfloat16", values.astype(ml_dtypes.bfloat16).T)
        writer.finish()
    with BundleReader(tmp_path / "b") as reader:
        assert reader.read("transposed").tolist() == values.T.tolist()
        assert reader.read("big_endian").tolist() == values.tolist()
        assert reader.read("fixed").tolist() == [b"a", b"bc"]
        assert reader.read("text").tolist() == ["ä".encode(), b"b"]
        assert reader.read("objects")[()] == b"c"
        assert reader.read("bfloat16").tolist() == values.T.tolist()


def test_arrays_are_aligned(tmp_path: Path) -> None:
    """Numbers behind a single byte come back aligned."""
    with BundleWriter(tmp_path / "b") as writer:
        writer.add("a", np.array([1], np.uint8))
        writer.add("b", np.array([1.5, 2.5]))
        writer.finish()
    with BundleReader(tmp_path / "b") as reader:
        found = reader.read_many(["a", "b"])
    assert found["b"].tolist() == [1.5, 2.5]
    assert found["b"].flags.aligned


def test_read_arrays_are_the_readers(tmp_path: Path) -> None:
    """Arrays can be changed, and outlive the reader and the files."""
    with BundleWriter(tmp_path / "b") as writer:
        writer.add("x", np.zeros(3, np.float32))
        writer.add("y", np.ones(3, np.float32))
        writer.finish()
    with BundleReader(tmp_path / "b") as reader:
        found = [reader.read("x"), *reader.read_many(["x", "y"]).values()]
    for path in tmp_path.iterdir():
        path.unlink()
    for array in found:
        array[1] += 1
    expected = [[0, 1, 0], [0, 1, 0], [1, 2, 1]]
    assert [array.tolist() for array in found] == expected


def test_remote_bundles() -> None:
    """Bundles are written to and read from other places than the disk."""
    fsspec.filesystem("memory").store.clear()
    with BundleWriter("memory://folder/b", shard_count=2) as writer:
        writer.add("x", np.arange(100_000, dtype=np.float32))
        writer.add("y", np.array([b"one", b"two"], object), shard=1)
        writer.add("z", np.arange(3))
        writer.finish()
    with BundleReader("memory://folder/b") as reader:
        together = reader.read_many(reader.keys())
        assert together["x"].sum() == np.arange(100_000, dtype=np.float32).sum()
        assert together["y"].tolist() == [b"one", b"two"]
        assert together["z"].tolist() == reader.read("z").tolist() == [0, 1, 2]


def test_unfinished_bundles_leave_nothing(tmp_path: Path) -> None:
    """Without `finish` a former bundle stays as it was, and no file is left over."""
    with BundleWriter(tmp_path / "b") as writer:
        writer.add("x", np.zeros(1))
        writer.finish()
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    with BundleWriter(tmp_path / "b") as writer:
        writer.add("x", np.ones(1))
    with pytest.raises(NotFoundError):
        BundleWriter(tmp_path / "nowhere" / "b")
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_unknown_tensors_are_not_found() -> None:
    """A missing tensor is told by name and checkpoint (MG-316)."""
    with (
        BundleReader(GOLDEN / "sharded") as reader,
        pytest.raises(
            NotFoundError, match=r"Key nope not found in checkpoint .*sharded"
        ),
    ):
        reader.read("nope")


def test_missing_bundles_are_not_found(tmp_path: Path) -> None:
    """A prefix without index is told by the name of the index (MG-317)."""
    with pytest.raises(NotFoundError, match=r"none\.index"):
        BundleReader(tmp_path / "none")


def test_tensors_are_added_once(tmp_path: Path) -> None:
    """A second tensor or slice of the same name is refused."""
    row = np.zeros((1, 2))
    with BundleWriter(tmp_path / "b") as writer:
        writer.add("x", np.zeros(1))
        with pytest.raises(AlreadyExistsError, match="x was added"):
            writer.add("x", np.zeros(1))
        writer.add_slice("v", (2, 2), slice_of((0, 0), (1, 2)), row)
        with pytest.raises(AlreadyExistsError, match=r"slice .* of v was added"):
            writer.add_slice("v", (2, 2), slice_of((0, 0), (1, 2)), row)
        with pytest.raises(AlreadyExistsError, match="v was added"):
            writer.add("v", np.zeros(1))


def test_whole_slices_are_plain_tensors(tmp_path: Path) -> None:
    """A slice that covers its tensor is stored like a tensor."""
    with BundleWriter(tmp_path / "b") as writer:
        writer.add_slice("v", (2,), slice_of((0,), (2,)), np.zeros(2))
        writer.finish()
    with BundleReader(tmp_path / "b") as reader:
        assert reader.slices("v") == ()


@pytest.mark.parametrize(
    ("action", "message"),
    [
        (lambda w: w.add("", np.zeros(1)), "cannot have the name ''"),
        (lambda w: w.add("\0x", np.zeros(1)), "cannot have the name"),
        (lambda w: w.add("x", np.zeros(1), shard=1), "shard 1 of 1 for 'x'"),
        (lambda w: w.add("x", np.zeros(1, "M8[s]")), r"elements of dtype datetime64"),
        (lambda w: w.add("x", np.array([1], object)), "holds int objects"),
        (
            lambda w: w.add("x", np.zeros(1, np.float32), data_type=2),
            "dtype float32 cannot be stored as type 2, which takes float64",
        ),
        (lambda w: w.add("x", np.zeros(1), data_type=20), "as type 20"),
        (
            lambda w: w.add_slice("v", (4,), slice_of((3,), (2,)), np.zeros(2)),
            "takes 2 from 3 of axis 0, which has 4",
        ),
        (
            lambda w: w.add_slice("v", (4,), slice_of((0,), (2,)), np.zeros(3)),
            r"the slice has shape \(2,\), its value \(3,\)",
        ),
    ],
)
def test_what_cannot_be_stored_is_refused(
    action: Any, message: str, tmp_path: Path
) -> None:
    """Names, shards, types and shapes that make no sense are refused."""
    with (
        BundleWriter(tmp_path / "b") as writer,
        pytest.raises(InvalidArgumentError, match=message),
    ):
        action(writer)


def test_slices_must_agree(tmp_path: Path) -> None:
    """Slices of one tensor have one type and one full shape."""
    first = slice_of((0,), (1,))
    with BundleWriter(tmp_path / "b") as writer:
        writer.add("x", np.zeros(2))
        writer.add_slice("v", (3,), first, np.zeros(1))
        second = slice_of((1,), (1,))
        for name, shape, dtype in (("v", 4, "f8"), ("v", 3, "f4"), ("x", 2, "f8")):
            with pytest.raises(InvalidArgumentError, match="added before with type 2"):
                writer.add_slice(name, (shape,), second, np.zeros(1, dtype))


def test_a_bundle_has_shards(tmp_path: Path) -> None:
    """A bundle without data files is refused."""
    with pytest.raises(InvalidArgumentError, match="0 shards"):
        BundleWriter(tmp_path / "b", shard_count=0)


def test_slices_must_lie_within() -> None:
    """Reading outside of a tensor is refused."""
    with BundleReader(GOLDEN / "partitioned") as reader:
        with pytest.raises(ValueError, match=r"reaches outside of 'v/rows'"):
            reader.read_slice("v/rows", (5, 0), (3, 10))
        with pytest.raises(ValueError, match=r"which has shape \(7, 10\)"):
            reader.read_slice("v/rows", (5,), (1,))
