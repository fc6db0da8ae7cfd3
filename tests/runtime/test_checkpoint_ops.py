"""Saving and restoring in a run. Messages are those that TensorFlow 2.21 gave."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from metagraft import errors
from metagraft.graph import dtypes
from metagraft.graph.apply_op import op
from metagraft.graph.graph import Graph
from metagraft.runtime.session import Session
from metagraft.training.checkpoint_reader import CheckpointReader

ROWS = np.array([[1, 2], [3, 4]], np.float32)


@pytest.fixture
def session() -> Iterator[Session]:
    """A session of a graph of its own."""
    with Graph().as_default(), Session() as opened:
        yield opened


def save(prefix: Path, names: list[str], specs: list[str], tensors: list[Any]) -> Any:
    """Make the operation that saves."""
    return op(
        "SaveV2",
        prefix=str(prefix),
        tensor_names=names,
        shape_and_slices=specs,
        tensors=tensors,
    )


def restore(prefix: Path, names: list[str], specs: list[str], types: list[Any]) -> Any:
    """Make the operation that restores, and return its outputs."""
    return list(
        op(
            "RestoreV2",
            prefix=str(prefix),
            tensor_names=names,
            shape_and_slices=specs,
            dtypes=types,
        )
    )


def test_variables_come_back(session: Session, tmp_path: Path) -> None:
    """What was saved is restored, with its type, into another session."""
    w = op("VariableV2", shape=[2, 2], dtype=dtypes.float32)
    words = op("VariableV2", shape=[2], dtype=dtypes.string)
    prefix = tmp_path / "model"
    session.run([op("Assign", ref=w, value=ROWS).op])
    session.run([op("Assign", ref=words, value=["a", b"\xff"]).op])
    session.run(save(prefix, ["w", "words"], ["", ""], [w, words]))
    types = [dtypes.float32, dtypes.string]
    found = restore(prefix, ["w", "words"], ["", ""], types)
    assigns = [
        op("Assign", ref=ref, value=value).op
        for ref, value in zip((w, words), found, strict=True)
    ]
    with Session() as other:
        other.run(assigns)
        np.testing.assert_array_equal(other.run(w), ROWS)
        assert other.run(words).tolist() == [b"a", b"\xff"]


def test_slices(session: Session, tmp_path: Path) -> None:
    """Parts of a tensor are saved and restored."""
    prefix = tmp_path / "model"
    session.run(save(prefix, ["w", "v"], ["4 2 0,2:-", ""], [ROWS, ROWS]))
    part = restore(prefix, ["w", "v"], ["4 2 1,1:-", "2 2 -:1,1"], [dtypes.float32] * 2)
    first, second = session.run(part)
    np.testing.assert_array_equal(first, [[3, 4]])
    np.testing.assert_array_equal(second, [[2], [4]])


def test_merge(session: Session, tmp_path: Path) -> None:
    """Checkpoints of several devices become one, and their folder goes away."""
    parts = [tmp_path / "parts" / f"part-{i}" for i in range(2)]
    parts[0].parent.mkdir()
    session.run(save(parts[0], ["w"], ["4 2 0,2:-"], [ROWS]))
    session.run(save(parts[1], ["w", "u"], ["4 2 2,2:-", ""], [ROWS + 4, np.int64(7)]))
    merged = tmp_path / "merged" / "model"
    session.run(
        op(
            "MergeV2Checkpoints",
            checkpoint_prefixes=[str(part) for part in parts],
            destination_prefix=str(merged),
        )
    )
    assert sorted(path.name for path in merged.parent.iterdir()) == [
        "model.data-00000-of-00002",
        "model.data-00001-of-00002",
        "model.index",
    ]
    assert not parts[0].parent.exists()
    types = [dtypes.float32, dtypes.int64]
    w, u = session.run(restore(merged, ["w", "u"], ["", ""], types))
    np.testing.assert_array_equal(w, np.arange(1, 9).reshape(4, 2))
    assert u == 7


def test_names_of_shards(session: Session) -> None:
    """Names of shards have five digits."""
    name = op("ShardedFilename", basename="/a/b", shard=1, num_shards=12)
    pattern = op("ShardedFilespec", basename="/a/b", num_shards=12)
    found = session.run([name, pattern])
    assert found == [b"/a/b-00001-of-00012", b"/a/b-?????-of-00012"]


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        (
            "4 2 0,2:0,1",
            (
                "Slice in shape_and_slice specification does not match the shape of "
                "the tensor to  save: 4 2 0,2:0,1, tensor: [2,2]"
            ),
        ),
        ("junk", "Need least two elements in shape_and_slice specification: junk"),
        ("4 2 0,9:-", "Malformed shape_and_slice specification"),
        ("4 2 x:-", "Malformed shape_and_slice specification"),
    ],
)
def test_wrong_slices_to_save(
    session: Session, tmp_path: Path, spec: str, message: str
) -> None:
    """A slice that does not fit its tensor is refused, and no file is written."""
    with pytest.raises(errors.InvalidArgumentError) as raised:
        session.run(save(tmp_path / "model", ["w"], [spec], [ROWS]))
    assert raised.value.message.startswith(message)
    assert not list(tmp_path.iterdir())


def test_duplicate_name(session: Session, tmp_path: Path) -> None:
    """A name is saved once."""
    with pytest.raises(errors.InvalidArgumentError, match="Adding duplicate key: w"):
        session.run(save(tmp_path / "m", ["w", "w"], ["", ""], [ROWS, ROWS]))


@pytest.mark.parametrize(
    ("name", "spec", "dtype", "error", "message"),
    [
        ("z", "", "float32", errors.NotFoundError, "Key z not found in checkpoint"),
        (
            "w",
            "",
            "float64",
            errors.InvalidArgumentError,
            (
                "tensor_name = w; expected dtype double does not equal original "
                "dtype float"
            ),
        ),
        (
            "w",
            "3 2 1,1:-",
            "float32",
            errors.InvalidArgumentError,
            (
                "tensor_name = w; shape in shape_and_slice spec [3,2] does not match "
                "the shape stored in checkpoint: [2,2]"
            ),
        ),
        (
            "part",
            "4 2 1,2:-",
            "float32",
            errors.InvalidArgumentError,
            (
                "Does not have sufficient slices for partitioned tensor part to "
                "restore in slice_spec: 1,2:-"
            ),
        ),
        (
            "part",
            "",
            "float32",
            errors.InvalidArgumentError,
            (
                "Does not have sufficient slices for partitioned tensor part to "
                "restore in slice_spec: -:-"
            ),
        ),
    ],
)
def test_what_cannot_be_restored(
    session: Session,
    tmp_path: Path,
    name: str,
    spec: str,
    dtype: str,
    error: type[errors.OpError],
    message: str,
) -> None:
    """What is not in the checkpoint is said with TensorFlow's class and words."""
    prefix = tmp_path / "model"
    session.run(save(prefix, ["w", "part"], ["", "4 2 0,2:-"], [ROWS, ROWS]))
    with pytest.raises(error) as raised:
        session.run(restore(prefix, [name], [spec], [dtypes.as_dtype(dtype)]))
    assert raised.value.message.startswith(message)


def test_missing_files(session: Session, tmp_path: Path) -> None:
    """A checkpoint that is not there is not found."""
    with pytest.raises(errors.NotFoundError, match="Failed to find any matching files"):
        session.run(restore(tmp_path / "no", ["w"], [""], [dtypes.float32]))


def test_what_cannot_be_merged(session: Session, tmp_path: Path) -> None:
    """Tensors of one name, and bundles that do not exist, are refused."""
    prefix = str(tmp_path / "model")
    session.run(save(Path(prefix), ["w"], [""], [ROWS]))
    for prefixes, message in (
        (
            [prefix, prefix],
            f"Duplicate tensor keyed by w encountered, when merging prefix: {prefix}",
        ),
        ([prefix + "x"], "allow_missing_files was set to false and .*x did not exist"),
    ):
        with pytest.raises(errors.InvalidArgumentError, match=message):
            session.run(
                op(
                    "MergeV2Checkpoints",
                    checkpoint_prefixes=prefixes,
                    destination_prefix=str(tmp_path / "merged"),
                )
            )


@pytest.mark.parametrize(
    ("names", "specs", "message"),
    [
        (
            ["a", "b", "c"],
            ["", "3 4 0,1:-"],
            (
                "Dimension 0 in both shapes must be equal, but are 3 and 2. Shapes "
                "are [3] and [2]."
            ),
        ),
        (
            ["a", "b"],
            ["", "3 4 0,1:x"],
            "Expected a pair of numbers or '-' but got 'x': string = 0,1:x",
        ),
    ],
)
@pytest.mark.usefixtures("session")
def test_lists_to_restore_that_differ(
    names: list[str], specs: list[str], message: str
) -> None:
    """Names and specifications that do not go together are refused when built."""
    types = [dtypes.float32] * 2
    with pytest.raises(ValueError, match="for 'RestoreV2'") as raised:
        restore(Path("m"), names, specs, types)
    assert str(raised.value).startswith(message)


def test_names_without_a_type(session: Session) -> None:
    """A list of names that is known late, and too long, is refused by the run."""
    late = op("PlaceholderWithDefault", input=["a", "b"], shape=[None])
    restored = op(
        "RestoreV2",
        prefix="m",
        tensor_names=late,
        shape_and_slices=[""],
        dtypes=[dtypes.float32],
    )
    with pytest.raises(errors.InvalidArgumentError) as raised:
        session.run(list(restored))
    assert raised.value.message.startswith("Got 2 tensor names, but 1 expected dtypes.")


@pytest.mark.parametrize(
    ("name", "dtype", "error", "message"),
    [
        (
            "z",
            dtypes.float32,
            errors.NotFoundError,
            'Tensor name "z" not found in checkpoint files ',
        ),
        (
            "w",
            dtypes.int32,
            errors.InvalidArgumentError,
            (
                "Expected to restore a tensor of type int32, got a tensor of type "
                "float instead: tensor_name = w"
            ),
        ),
    ],
)
def test_what_the_first_ops_cannot_restore(
    session: Session,
    tmp_path: Path,
    name: str,
    dtype: dtypes.DType,
    error: type[errors.OpError],
    message: str,
) -> None:
    """`Restore` says it in other words than `RestoreV2`."""
    path = str(tmp_path / "v1")
    session.run(op("Save", filename=path, tensor_names=["w"], data=[ROWS]))
    with pytest.raises(error) as raised:
        session.run(op("Restore", file_pattern=path, tensor_name=name, dt=dtype))
    assert raised.value.message.startswith(message)


def test_slices_saved_twice(session: Session, tmp_path: Path) -> None:
    """A part is saved once."""
    specs = ["4 2 0,2:-"] * 2
    with pytest.raises(errors.InvalidArgumentError, match="Adding duplicate key: w"):
        session.run(save(tmp_path / "m", ["w", "w"], specs, [ROWS, ROWS]))


@pytest.mark.parametrize(
    ("rows", "columns", "values", "error", "message"),
    [
        (
            [1, 0, 0],
            [],
            [],
            errors.UnimplementedError,
            "Old ID 0 is mapped to both new ID 1 and 2, which is not supported.",
        ),
        (
            [0, 1, -1],
            [0, 0],
            [],
            errors.UnimplementedError,
            "Old ID 0 is mapped to both new ID 0 and 1, which is not supported.",
        ),
        (
            [0],
            [],
            [],
            errors.InvalidArgumentError,
            "Size of row_remapping is 1 instead of being equal to num_rows=3",
        ),
        (
            [0, 1, -1],
            [],
            [1.0, 2.0, 3.0],
            errors.InvalidArgumentError,
            (
                "initializing_values contained 3 elements, but only 2 elements were "
                "used to fill in missing values."
            ),
        ),
    ],
)
def test_rows_that_cannot_be_moved(
    session: Session,
    tmp_path: Path,
    rows: list[int],
    columns: list[int],
    values: list[float],
    error: type[errors.OpError],
    message: str,
) -> None:
    """Remappings that contradict themselves are refused as in TensorFlow."""
    path = tmp_path / "model"
    session.run(save(path, ["w"], [""], [ROWS]))
    moved = op(
        "LoadAndRemapMatrix",
        ckpt_path=str(path),
        old_tensor_name="w",
        row_remapping=np.array(rows, np.int64),
        col_remapping=np.array(columns, np.int64),
        initializing_values=np.array(values, np.float32),
        num_rows=3,
        num_cols=2,
    )
    with pytest.raises(error) as raised:
        session.run(moved)
    assert raised.value.message.startswith(message)


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("a*", [1, 2]),
        ("a-?", [1, 2]),
        ("a-[1]", [1, 2]),
        ("a-[!2]", [1, 2]),
        ("a-[^2]", [1, 2]),
        ("*a-1", [1, 2]),
        ("a-\\1", [1, 2]),
        ("../d*p/a-1", [1, 2]),
        ("s-*", [1, 2, 3, 4]),
        ("s-0000[01]-of-*", [1, 2, 3, 4]),
    ],
)
def test_patterns(
    session: Session, tmp_path: Path, pattern: str, found: list[float]
) -> None:
    """Files of the first format are found by patterns, by all ops."""
    _save_in_parts(session, tmp_path / "deep")
    path = f"{tmp_path}/deep/{pattern}"
    whole = op("Restore", file_pattern=path, tensor_name="x", dt=dtypes.float32)
    part = op(
        "RestoreSlice",
        file_pattern=path,
        tensor_name="x",
        shape_and_slice=f"{len(found)} 1,1",
        dt=dtypes.float32,
    )
    (second,) = restore(Path(path), ["x"], [""], [dtypes.float32])
    read = session.run([whole, part, second])
    assert [each.tolist() for each in read] == [found, found[1:2], found]


@pytest.mark.parametrize("pattern", ["no*", "a-[", "a-[1", "a-{1,2}", "a-[1-"])
def test_patterns_of_nothing(session: Session, tmp_path: Path, pattern: str) -> None:
    """Patterns that match no file, and those that have no end."""
    _save_in_parts(session, tmp_path)
    path = str(tmp_path / pattern)
    whole = op("Restore", file_pattern=path, tensor_name="x", dt=dtypes.float32)
    with pytest.raises(errors.NotFoundError) as raised:
        session.run(whole)
    assert raised.value.message.startswith(
        "Unsuccessful TensorSliceReader constructor: Failed to find any matching files "
        f"for {path}"
    )


def test_files_that_hold_the_same(session: Session, tmp_path: Path) -> None:
    """A pattern that matches two files with the same slice."""
    _save_in_parts(session, tmp_path)
    (tmp_path / "b-1").write_bytes((tmp_path / "a-1").read_bytes())
    path = str(tmp_path / "?-1")
    whole = op("Restore", file_pattern=path, tensor_name="x", dt=dtypes.float32)
    message = "Overlapping slices: existing slice = -, new slice = -"
    with pytest.raises(errors.DataLossError, match=message):
        session.run(whole)


def test_lines_for_people(session: Session, tmp_path: Path) -> None:
    """What readers print of tensors in slices, of both formats."""
    _save_in_parts(session, tmp_path)
    reader = CheckpointReader(str(tmp_path / "s-*"))
    assert reader.debug_string() == b"x (DT_FLOAT) [4], 2 slices\n"
    specs = ["4 3 0,2:-", "4 3 2,2:0,3", ""]
    half = np.ones((2, 3), np.float32)
    tensors = [half, half, np.array([b"a", b"b"], object)]
    session.run(save(tmp_path / "m", ["m", "m", "a"], specs, tensors))
    assert CheckpointReader(str(tmp_path / "m")).debug_string() == (
        b"\0m\0\1\1\2\x80\x82\x80\x7f (DT_FLOAT) [2,3]\n"
        b"\0m\0\1\1\2\x82\x82\x80\x83 (DT_FLOAT) [2,3]\n"
        b"a (DT_STRING) [2]\n"
    )


@pytest.mark.parametrize(
    ("name", "error", "message"),
    [
        (
            "bfloat16",
            errors.UnimplementedError,
            "Saving data type {} not yet supported",
        ),
        ("int4", errors.UnimplementedError, "Saving data type {} not yet supported"),
        ("float8_e5m2", errors.UnimplementedError, "Saving data type {} not yet supp"),
        (
            "uint32",
            errors.InvalidArgumentError,
            "Tensor slice serialization not implemented for dtype 22",
        ),
    ],
)
def test_types_that_the_first_format_lacks(
    session: Session, tmp_path: Path, name: str, error: type[Exception], message: str
) -> None:
    """Saving them is refused with TensorFlow's class and words."""
    value = np.ones(2, dtypes.as_dtype(name).as_numpy_dtype)
    with pytest.raises(error, match=message.format(name)):
        session.run(
            op(
                "SaveSlices",
                filename=str(tmp_path / "x"),
                tensor_names=["x"],
                shapes_and_slices=[""],
                data=[value],
            )
        )
    assert not list(tmp_path.iterdir())


def _save_in_parts(session: Session, folder: Path) -> None:
    """Write `a-1` with x whole, and x in two files of shards."""
    for name, spec, values in (
        ("a-1", "", [1, 2]),
        ("s-00000-of-00002", "4 0,2", [1, 2]),
        ("s-00001-of-00002", "4 2,2", [3, 4]),
    ):
        session.run(
            op(
                "SaveSlices",
                filename=str(folder / name),
                tensor_names=["x"],
                shapes_and_slices=[spec],
                data=[np.array(values, np.float32)],
            )
        )
