"""`metagraft.verify` finds every damage; `metagraft.salvage` saves the rest."""

from __future__ import annotations

import re
import shutil
import struct
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

import metagraft
import metagraft.compat.v1 as tf
from metagraft.errors import (
    AlreadyExistsError,
    DataLossError,
    InvalidArgumentError,
    NotFoundError,
    ResourceExhaustedError,
)
from metagraft.formats import files, pieces
from metagraft.formats.bundle import elements_check
from metagraft.formats.bundle import verification as bundle_verification
from metagraft.formats.bundle.format import Entry, Header
from metagraft.formats.bundle.reader import BundleReader
from metagraft.formats.bundle.writer import BundleWriter
from metagraft.formats.checkpoint import open_checkpoint
from metagraft.formats.crc32c import crc32c, mask
from metagraft.formats.extents import Extent
from metagraft.formats.slice_keys import encode_slice_key
from metagraft.formats.table.writer import TableWriter
from metagraft.formats.varint import encode_varint
from metagraft.proto import BundleHeaderProto, VariantTensorDataProto
from tests.fuzz.damage_tables import write_table

GOLDEN = Path(__file__).parents[1] / "golden"
CHECKPOINTS = GOLDEN / "checkpoints"
WHOLE = sorted(
    path
    for path in GOLDEN.rglob("*.index")
    # The parts that were merged hold halves of a tensor.
    if not path.name.startswith("part_")
)
FOUR = Entry(1, (4,), 0, 0, 16, mask(crc32c(bytes(16))))


def _copied(name: str, folder: Path) -> Path:
    for path in CHECKPOINTS.glob(f"{name}.*"):
        shutil.copy(path, folder)
    return folder / name


def _written(
    prefix: Path, entries: dict[bytes, bytes], data: bytes = bytes(16), shards: int = 1
) -> Path:
    with Path(f"{prefix}.index").open("wb") as file:
        table = TableWriter(file.write)  # type: ignore[arg-type]
        entries = {b"": Header(shards).encode(), **entries}
        for key in sorted(entries):
            table.add(key, entries[key])
        table.finish()
    Path(f"{prefix}.data-00000-of-{shards:05d}").write_bytes(data)
    return prefix


def _flip(path: Path, offset: int) -> None:
    content = bytearray(path.read_bytes())
    content[offset] ^= 0x10
    path.write_bytes(content)


def _values(prefix: Path | str) -> dict[str, object]:
    with open_checkpoint(str(prefix)) as reader:
        names = reader.keys()
        return {name: reader.read(name).tolist() for name in names}


@pytest.mark.golden
@pytest.mark.parametrize(
    "path", WHOLE, ids=[str(path.relative_to(GOLDEN)) for path in WHOLE]
)
def test_what_tensorflow_wrote_verifies(path: Path, tmp_path: Path) -> None:
    """Whole checkpoints have no damage, and a copy has the same values."""
    report = metagraft.verify(path)
    assert report.ok, str(report)
    assert report.intact == tuple(sorted(report.tensors))
    with BundleReader(str(path).removesuffix(".index")) as reader:
        names = sorted(reader.keys())
        assert names == list(report.intact)
        shapes = {name: tensor.shape for name, tensor in report.tensors.items()}
        assert shapes == reader.variable_to_shape_map()
        if not names:
            return
        saved = metagraft.salvage(path, tmp_path / "copy")
        assert saved.kept == report.intact
        with BundleReader(saved.destination) as copy:
            for name in names:
                before, after = reader.read(name), copy.read(name)
                assert before.dtype == after.dtype
                assert before.tolist() == after.tolist() or (
                    before.tobytes() == after.tobytes()
                )


@pytest.mark.golden
def test_missing_and_cut_shards(tmp_path: Path) -> None:
    """What other data files hold is kept; the report names file, byte and tensor."""
    prefix = _copied("sharded", tmp_path)
    (tmp_path / "sharded.data-00001-of-00003").unlink()
    (tmp_path / "sharded.data-00002-of-00003").write_bytes(b"12345")
    report = metagraft.verify(f"{prefix}.data-00000-of-00003")
    assert (report.intact, report.lost) == (("on_0",), ("on_1", "on_2"))
    assert str(report).splitlines() == [
        f"{prefix} (format V2): damaged: 1 of 3 tensors intact (16 bytes), 2 lost",
        f"{prefix}.data-00001-of-00003, tensor 'on_1': the file is missing",
        f"{prefix}.data-00002-of-00003, byte 0, tensor 'on_2': the file ends at byte 5",
        f"metagraft.salvage('{prefix}', ...) writes what verifies",
    ]
    saved = metagraft.salvage(prefix, tmp_path / "saved")
    assert (saved.kept, saved.lost) == (("on_0",), ("on_1", "on_2"))
    assert "2 tensors lost: 'on_1', 'on_2'" in str(saved)
    assert _values(tmp_path / "saved") == {"on_0": [0, 1, 2, 3]}
    assert metagraft.verify(tmp_path / "saved").ok


@pytest.mark.golden
@pytest.mark.parametrize("name", ["every_type", "variants"])
def test_every_changed_byte_is_found(name: str, tmp_path: Path) -> None:
    """Wherever a data file changes, one tensor is lost and the others are not."""
    prefix = _copied(name, tmp_path)
    data = Path(f"{prefix}.data-00000-of-00001")
    content = data.read_bytes()
    whole = metagraft.verify(prefix)
    for offset in range(0, len(content), 7):
        data.write_bytes(content)
        _flip(data, offset)
        report = metagraft.verify(prefix)
        (damage,) = report.damages
        assert damage.path == str(data)
        assert damage.offset_bytes is not None
        assert damage.offset_bytes <= offset
        assert report.lost == (damage.tensor,)
        assert len(report.intact) == len(whole.intact) - 1


@pytest.mark.golden
def test_slices_are_kept_in_part(tmp_path: Path) -> None:
    """Slices that verify are kept and can be read; the tensor as a whole cannot."""
    prefix = _copied("partitioned", tmp_path)
    _flip(Path(f"{prefix}.data-00000-of-00001"), 3)
    report = metagraft.verify(prefix)
    assert report.partial == ("v/rows",)
    assert report.lost == ()
    (damage,) = report.damages
    assert re.match(r"slice at \(0, 0\): Checksum does not match", damage.reason)
    saved = metagraft.salvage(prefix, tmp_path / "saved")
    assert saved.partial == ("v/rows",)
    assert "1 tensor kept in part: 'v/rows'" in str(saved)
    with BundleReader(saved.destination) as copy, BundleReader(prefix) as reader:
        for box in copy.slices("v/rows"):
            kept = copy.read_slice("v/rows", box.starts, box.lengths)
            assert np.array_equal(
                kept, reader.read_slice("v/rows", box.starts, box.lengths)
            )
        with pytest.raises(DataLossError, match="unset"):
            copy.read("v/rows")


COUNT = 20_000  # two blocks of the index


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a checkpoint whose index has several blocks."""
    prefix = tmp_path_factory.mktemp("many") / "model"
    with BundleWriter(prefix) as writer:
        for number in range(COUNT):
            writer.add(f"layer_{number:05d}/weights", np.array([number], np.float32))
        writer.finish()
    return prefix


def _index_copied(prefix: Path, folder: Path) -> Path:
    for path in prefix.parent.iterdir():
        shutil.copy(path, folder)
    return folder / prefix.name


@pytest.mark.parametrize("damaged", [0, 1])
def test_good_blocks_of_the_index_are_kept(
    damaged: int, many: Path, tmp_path: Path
) -> None:
    """A damaged block takes its own tensors, and says which; the header does not."""
    prefix = _index_copied(many, tmp_path)
    _flip(Path(f"{prefix}.index"), 300_000 if damaged else 5)
    report = metagraft.verify(prefix)
    (damage,) = report.damages
    assert "block checksum mismatch" in damage.reason
    assert 5_000 < len(report.intact) < COUNT - 5_000
    first_lost = "after 'layer_" if damaged else "all entries up to 'layer_"
    assert first_lost in damage.reason
    saved = metagraft.salvage(prefix, tmp_path / "saved")
    for name, value in _values(saved.destination).items():
        assert value == [int(name[6:11])]
    assert metagraft.verify(saved.destination).intact == report.intact


@pytest.mark.parametrize("cut", [1, 100, 30_000])
def test_index_without_its_end(cut: int, many: Path, tmp_path: Path) -> None:
    """Where the list of blocks is lost, whole blocks are found by their form."""
    prefix = _index_copied(many, tmp_path)
    index = Path(f"{prefix}.index")
    index.write_bytes(index.read_bytes()[:-cut])
    report = metagraft.verify(prefix)
    assert [d.reason.startswith("footer:") for d in report.damages] == [True]
    if cut < 30_000:
        assert len(report.intact) == COUNT
    else:
        assert 5_000 < len(report.intact) < COUNT
    _flip(index, 5)  # and another block
    assert 5_000 < len(metagraft.verify(prefix).intact) < COUNT


def test_indexes_of_which_nothing_is_left(tmp_path: Path) -> None:
    """An index without a good block, and none at all, keep nothing."""
    prefix = _written(tmp_path / "m", {b"x": FOUR.encode()})
    index = Path(f"{prefix}.index")
    for content in (b"", bytes(4000), index.read_bytes()[:20]):
        index.write_bytes(content)
        report = metagraft.verify(prefix)
        assert not report.ok
        assert str(report).splitlines()[0].endswith("the names of its tensors are lost")
        with pytest.raises(DataLossError, match="Nothing can be salvaged"):
            metagraft.salvage(prefix, tmp_path / "saved")
    index.unlink()
    assert "m.index: the file is missing" in str(metagraft.verify(prefix))
    assert sorted(p.name for p in tmp_path.iterdir()) == ["m.data-00000-of-00001"]


PART = (Extent(0, 2),)
PART_KEY = encode_slice_key(b"v", PART)
HALF = Entry(1, (2,), 0, 0, 8, mask(crc32c(bytes(8))))
ENTRIES: list[tuple[dict[bytes, Entry | bytes], str]] = [
    ({b"x": b"\xff"}, "tensor 'x': no bundle entry"),
    ({b"x": FOUR._replace(shape=(-4,))}, "'x': a negative dimension"),
    ({b"x": FOUR._replace(shape=(3,))}, "'x': 16 bytes are stored"),
    ({b"x": FOUR._replace(data_type=2)}, r"'x': .* of type 2 takes 32"),
    ({b"x": FOUR._replace(shard=7)}, "'x': shard 7, the header counts 1"),
    ({b"x": FOUR._replace(offset_bytes=8)}, "'x': the file ends at byte 16"),
    ({b"x": FOUR._replace(offset_bytes=2**62)}, "'x': the file ends at byte 16"),
    ({b"x": FOUR._replace(data_type=7)}, "'x': .* do not end at byte 16"),
    ({b"x": FOUR._replace(data_type=21)}, "'x': Checksum does not match for the v"),
    ({b"x": Entry(7, (2**50,), 0, 0, 16)}, "'x': .* strings cannot be in 16 bytes"),
    ({b"x": Entry(21, (2**50,), 0, 0, 16)}, "'x': .* variants cannot be in 16"),
    ({b"x": FOUR._replace(stored_checksum=1)}, "stored 0x00000001, computed 0x"),
    ({b"v": Entry(1, (2,), slices=(PART,))}, r"'v': slice at \(0,\): its entry is"),
    (
        {b"v": Entry(1, (4,), slices=(PART,)), PART_KEY: HALF},
        "'v': the stored slices leave 2 of 4 elements unset",
    ),
    (
        {b"v": Entry(3, (2,), slices=(PART,)), PART_KEY: HALF},
        r"'v': slice at \(0,\): type and shape \(1, \(2,\)\), the tensor says \(3, ",
    ),
    (
        {
            b"v": Entry(1, (2,), slices=(PART,)),
            PART_KEY: HALF._replace(slices=(PART,)),
        },
        r"'v': slice at \(0,\): is in slices itself",
    ),
    ({PART_KEY: HALF}, r"'v': slice at \(0,\): belongs to no tensor"),
    ({b"\x00\x07": HALF}, r"index, byte 0: key b'\\x00\\x07': .*slice key"),
]


@pytest.mark.parametrize(("entries", "message"), ENTRIES)
def test_entries_that_make_no_sense(
    entries: dict[bytes, Entry | bytes], message: str, tmp_path: Path
) -> None:
    """Each is told with its file and its block; a good one beside it is kept."""
    encoded = {
        key: entry if isinstance(entry, bytes) else entry.encode()
        for key, entry in entries.items()
    }
    encoded[b"good"] = Entry(1, (0,), stored_checksum=mask(0)).encode()
    prefix = _written(tmp_path / "m", encoded)
    report = metagraft.verify(prefix)
    assert "good" in report.intact
    assert re.search(message, str(report))
    assert str(tmp_path) in str(report)
    metagraft.salvage(prefix, tmp_path / "saved")
    with BundleReader(tmp_path / "saved") as reader:
        assert reader.read("good").tolist() == []


def _variant(content: bytes, length: int | None = None) -> bytes:
    size = len(content) if length is None else length
    checksum = mask(crc32c(content, crc32c(struct.pack("<Q", size))))
    return encode_varint(size) + content + struct.pack("<I", checksum)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (_variant(b"", 40), "a variant of 40 bytes at byte 0 reaches over byte 5"),
        (_variant(b"\xff"), "no variant at byte 0"),
        (_variant(b"") + b"more", "1 variants end at byte 5, not 9"),
    ],
)
def test_variants_that_make_no_sense(data: bytes, message: str, tmp_path: Path) -> None:
    """Lengths and messages of variants are checked as well as their checksums."""
    entry = Entry(21, (1,), 0, 0, len(data))
    prefix = _written(tmp_path / "m", {b"x": entry.encode()}, data)
    assert f"byte 0, tensor 'x': {message}" in str(metagraft.verify(prefix))


def test_large_variants(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a variant that is larger than a piece the checksum is enough."""
    monkeypatch.setattr(elements_check, "PIECE_BYTES", 8)
    variant = VariantTensorDataProto(type_name="n" * 100)
    array = np.empty(2, object)
    array[:] = [variant, VariantTensorDataProto()]
    with BundleWriter(tmp_path / "m") as writer:
        writer.add("x", array, data_type=21)
        writer.finish()
    assert metagraft.verify(tmp_path / "m").ok
    _flip(tmp_path / "m.data-00000-of-00001", 50)
    assert metagraft.verify(tmp_path / "m").lost == ("x",)


def test_slices_that_overlap_too_much(tmp_path: Path) -> None:
    """Whether slices make up a tensor is told only if that takes little time."""
    parts = tuple((Extent(n, 2000), Extent(n, 2000)) for n in range(2000))
    entry = Entry(1, (9000, 9000), slices=parts)
    prefix = _written(tmp_path / "m", {b"v": entry.encode()})
    assert "2000 slices overlap too much to be checked" in _text(prefix) or (
        "slices overlap too much" in _text(prefix)
    )


def _text(prefix: Path) -> str:
    return "\n".join(map(str, metagraft.verify(prefix).damages))


def test_overlapping_entries(tmp_path: Path) -> None:
    """Entries that share bytes are told; both verify, so both are kept."""
    second = FOUR._replace(
        shape=(2,), size_bytes=8, stored_checksum=mask(crc32c(bytes(8)))
    )
    prefix = _written(tmp_path / "m", {b"x": FOUR.encode(), b"y": second.encode()})
    report = metagraft.verify(prefix)
    assert report.intact == ("x", "y")
    assert "tensor 'x': shares 8 bytes with 'y'" in str(report) or (
        "tensor 'y': shares 8 bytes with 'x'" in str(report)
    )


def test_many_entries_of_the_same_bytes_end_soon(tmp_path: Path) -> None:
    """Bytes are read twice at most, however many entries claim them."""
    data = bytes(1 << 20)
    entry = Entry(1, (1 << 18,), 0, 0, len(data), mask(crc32c(data))).encode()
    entries = {b"x%d" % number: entry for number in range(1000)}
    report = metagraft.verify(_written(tmp_path / "m", entries, data))
    assert len(report.intact) == 2
    assert "too many tensors share their bytes: 998 tensors: 'x" in str(report)


def test_headers(tmp_path: Path) -> None:
    """A lost header is replaced by what files are named; a newer format is refused."""
    prefix = _written(tmp_path / "m", {b"": b"\xff", b"x": FOUR.encode()}, shards=2)
    report = metagraft.verify(prefix)
    assert report.intact == ("x",)
    assert "m.index, byte 0: header: no bundle header" in str(report)
    index = tmp_path / "m.index"
    index.write_bytes(write_table({b"x": FOUR.encode()}))
    assert "m.index: the header is missing" in str(metagraft.verify(prefix))
    (tmp_path / "m.data-00000-of-00003").write_bytes(b"")
    assert "the number of data files is lost" in str(metagraft.verify(prefix))
    newer = BundleHeaderProto(num_shards=1, version={"min_consumer": 2})
    _written(prefix, {b"": newer.SerializeToString()})
    with pytest.raises(InvalidArgumentError, match="needs a reader of version 2"):
        metagraft.verify(prefix)


def test_byte_order_is_kept(tmp_path: Path) -> None:
    """A bundle of a big-endian machine stays one."""
    data = np.array([1.5, -2, 0, 3], ">f4").tobytes()
    header = BundleHeaderProto(num_shards=1, endianness=BundleHeaderProto.BIG)
    entries = {
        b"": header.SerializeToString(),
        b"x": FOUR._replace(stored_checksum=mask(crc32c(data))).encode(),
    }
    prefix = _written(tmp_path / "m", entries, data)
    metagraft.salvage(prefix, tmp_path / "saved")
    assert _values(tmp_path / "saved") == {"x": [1.5, -2, 0, 3]}


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    """Neither files of the new name nor the damaged checkpoint change."""
    prefix = _written(tmp_path / "m", {b"x": FOUR.encode()})
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    for destination in (prefix, tmp_path, f"{tmp_path}/"):
        with pytest.raises(AlreadyExistsError, match="choose another destination"):
            metagraft.salvage(prefix, destination)
    other = tmp_path / "other"
    other.mkdir()
    for name in ("m", "m.index", "m.data-00003-of-00007"):
        (other / name).write_bytes(b"mine")
        with pytest.raises(AlreadyExistsError, match=f"{name} exists"):
            metagraft.salvage(prefix, other)
        (other / name).unlink()
    assert metagraft.salvage(prefix, other).destination == str(other / "m")
    assert {path: path.read_bytes() for path in before} == before
    assert len(list(other.iterdir())) == 2


@pytest.mark.parametrize("name", ["m.index", "m.data-00000-of-00001"])
def test_all_or_nothing(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that is full leaves no file of the new checkpoint."""
    prefix = _written(tmp_path / "m", {b"x": FOUR.encode()})
    target = tmp_path / "new"
    target.mkdir()
    write = files.AtomicFile.write

    def fails(file: files.AtomicFile, data: bytes) -> None:
        if vars(file)["_path"].endswith(name):
            raise ResourceExhaustedError(None, None, "No space left on device")
        write(file, data)

    monkeypatch.setattr(files.AtomicFile, "write", fails)
    with pytest.raises(ResourceExhaustedError):
        metagraft.salvage(prefix, target)
    assert list(target.iterdir()) == []


def test_files_that_change_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Bytes that are not those that were checked are not saved as good ones."""
    prefix = _written(tmp_path / "m", {b"x": FOUR.encode()})
    survey = bundle_verification.survey

    def changes(path: str) -> bundle_verification.Survey:
        found = survey(path)
        _flip(tmp_path / "m.data-00000-of-00001", 3)
        return found

    monkeypatch.setattr(bundle_verification, "survey", changes)
    with pytest.raises(DataLossError, match="changes while it is copied"):
        metagraft.salvage(prefix, tmp_path / "new")
    assert not list(tmp_path.glob("new*"))


def test_remote_files(tmp_path: Path) -> None:
    """Checkpoints on other file systems are checked and salvaged alike."""
    with BundleWriter("memory://verified/m") as writer:
        writer.add("x", np.arange(5.0))
        writer.add("y", np.arange(3.0))
        writer.finish()
    assert metagraft.verify("memory://verified/m.index").ok
    data = "memory://verified/m.data-00000-of-00001"
    files.write_bytes(data, b"\x01" + files.read_bytes(data)[1:])
    assert metagraft.verify("memory://verified").lost == ("x",)
    for folder in ("memory://verified", str(tmp_path)):
        saved = metagraft.salvage("memory://verified/m", f"{folder}/saved")
        assert saved.kept == ("y",)
        assert _values(saved.destination) == {"y": [0, 1, 2]}
    with pytest.raises(AlreadyExistsError):
        metagraft.salvage("memory://verified/m", "memory://verified/saved")


def test_interrupted_saves_are_told(tmp_path: Path) -> None:
    """Where a save can still be finished, nothing need be given up."""
    prefix = _written(tmp_path / "m", {b"x": FOUR.encode()})
    (tmp_path / "m.index").rename(tmp_path / "m.index.tempstate7")
    _written(prefix, {b"x": FOUR._replace(stored_checksum=5).encode()})
    report = metagraft.verify(prefix)
    assert report.unfinished == (f"{prefix}.index.tempstate7",)
    assert "m.index.tempstate7 is left of a save that was interrupted" in str(report)
    assert _values_restored(prefix) == {"x": [0, 0, 0, 0]}
    report = metagraft.verify(prefix)
    assert report.ok
    assert report.unfinished == ()


def _values_restored(prefix: Path) -> dict[str, object]:
    reader = tf.train.load_checkpoint(prefix)
    names = reader.get_variable_to_shape_map()
    return {name: reader.get_tensor(name).tolist() for name in names}


def test_what_does_not_exist(tmp_path: Path) -> None:
    """No file at all is an error, not a report."""
    with pytest.raises(NotFoundError, match=r"no file of a checkpoint .*none"):
        metagraft.verify(tmp_path / "none")
    with pytest.raises(NotFoundError, match="holds no checkpoint"):
        metagraft.verify(tmp_path)


def test_memory_does_not_depend_on_tensors(tmp_path: Path) -> None:
    """Tensors of numbers and of strings are read in pieces."""
    prefix = tmp_path / "m"
    strings = np.array([b"a" * (24 << 20), b"", b"c"], object)
    with BundleWriter(prefix) as writer:
        writer.add("numbers", np.ones(6 << 20, np.float32))
        writer.add("strings", strings)
        writer.finish()
    del strings
    tracemalloc.start()
    try:
        report = metagraft.verify(prefix)
        metagraft.salvage(prefix, tmp_path / "saved")
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert report.ok
    assert peak_bytes < 4 * pieces.PIECE_BYTES
    with BundleReader(prefix) as reader, BundleReader(tmp_path / "saved") as copy:
        for name in report.intact:
            assert np.array_equal(reader.read(name), copy.read(name))
