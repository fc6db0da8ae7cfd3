import logging
from pathlib import Path

import fsspec
import pytest

from metagraft.errors import NotFoundError
from metagraft.formats.checkpoint_state import (
    format_state,
    generate_state,
    parse_state,
    read_state,
    state_path,
    write_state,
)
from metagraft.proto import CheckpointState

GOLDEN = Path(__file__).parents[1] / "golden/checkpoints"
LATEST = 'a "quoted"\\ \tname-ä-2'


@pytest.mark.golden
def test_state_files_of_tensorflow_are_written_alike() -> None:
    """A state file reads, and writes again to the same text (MG-300)."""
    text = (GOLDEN / "checkpoint").read_text(encoding="utf-8")
    state = parse_state(text)
    assert state.model_checkpoint_path == LATEST
    assert list(state.all_model_checkpoint_paths) == ["model-1", LATEST]
    assert list(state.all_model_checkpoint_timestamps) == [1.5e9 + 1 / 3, 1e-7]
    assert state.last_preserved_timestamp == 1234567890.125
    assert format_state(state) == text


def test_other_spellings_are_read() -> None:
    """Comments, single quotes, octal escapes and unknown fields are accepted."""
    text = b"# c\nmodel_checkpoint_path: 'm\\303\\244' # d\nnew_field { x: 1 }\n"
    assert parse_state(text).model_checkpoint_path == "mä"


def test_states_round_trip(tmp_path: Path) -> None:
    """What was written is read, paths joined with the folder (MG-304)."""
    write_state(
        tmp_path,
        "m-2",
        ["/elsewhere/m-1", "m-2"],
        timestamps=[1.5, 2.5],
        last_preserved_timestamp=3.5,
    )
    state = read_state(tmp_path)
    assert state == CheckpointState(
        model_checkpoint_path=str(tmp_path / "m-2"),
        all_model_checkpoint_paths=["/elsewhere/m-1", str(tmp_path / "m-2")],
        all_model_checkpoint_timestamps=[1.5, 2.5],
        last_preserved_timestamp=3.5,
    )
    assert [path.name for path in tmp_path.iterdir()] == ["checkpoint"]
    assert read_state(str(tmp_path), "other") is None


def test_states_elsewhere() -> None:
    """A state file in another place than the disk has absolute URLs."""
    fsspec.filesystem("memory").store.clear()
    write_state("memory://f", "memory://f/m-1", latest_filename="latest")
    state = read_state("memory://f", "latest")
    assert state is not None
    assert state.model_checkpoint_path == "memory://f/m-1"
    write_state("memory://f", "memory://f/m-1", [], saves_relative_paths=True)
    text = fsspec.filesystem("memory").cat_file("/f/checkpoint").decode()
    assert text.startswith('model_checkpoint_path: "m-1"\n')


def test_relative_paths_are_rewritten() -> None:
    """In a relative folder, relative paths become relative to it (MG-301)."""
    state = generate_state("runs/a", "runs/a/m-2", ["/abs/m-1", "runs/a/m-2"])
    assert state.model_checkpoint_path == "m-2"
    assert list(state.all_model_checkpoint_paths) == ["/abs/m-1", "m-2"]
    state = generate_state("/runs/a", "m-2")
    assert state.model_checkpoint_path == "m-2"


def test_absolute_paths_are_kept_or_made_relative(tmp_path: Path) -> None:
    """Absolute paths are made relative on request only (MG-301)."""
    path = str(tmp_path / "m-1")
    write_state(tmp_path, path)
    assert f'"{path}"' in (tmp_path / "checkpoint").read_text()
    expected = 'model_checkpoint_path: "m-1"\nall_model_checkpoint_paths: "m-1"\n'
    for given in (path, "m-1"):
        write_state(tmp_path, given, [given], saves_relative_paths=True)
        assert (tmp_path / "checkpoint").read_text() == expected


def test_the_latest_is_always_listed(caplog: pytest.LogCaptureFixture) -> None:
    """The latest path is added, with a note; the caller's list stays (MG-302)."""
    paths = ["/m-1"]
    with caplog.at_level(logging.INFO):
        state = generate_state("/f", "/m-2", paths)
    assert list(state.all_model_checkpoint_paths) == ["/m-1", "/m-2"]
    assert paths == ["/m-1"]
    assert "/m-2 is not in all_model_checkpoint_paths" in caplog.text


def test_timestamps_must_match() -> None:
    """There are as many timestamps as paths (MG-302)."""
    with pytest.raises(ValueError, match=r"must match checkpoint paths \(got paths"):
        generate_state("/f", "/m-2", ["/m-2"], timestamps=[1.0, 2.0])


def test_checkpoints_must_not_take_the_name_of_the_state(tmp_path: Path) -> None:
    """A checkpoint named like the state file is refused (MG-303)."""
    path = state_path(tmp_path)
    with pytest.raises(RuntimeError, match="conflicts with path used for checkpoint"):
        write_state(tmp_path, path)
    with pytest.raises(NotFoundError):
        write_state(tmp_path / "nowhere", "m-1")


@pytest.mark.parametrize("content", [b"nonsense {", b"model_checkpoint_path: \xff"])
def test_unreadable_states_are_ignored(
    content: bytes, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A file that is no state counts as none, with a warning (MG-304)."""
    (tmp_path / "checkpoint").write_bytes(content)
    assert read_state(tmp_path) is None
    assert "Checkpoint ignored" in caplog.text


def test_states_name_the_latest(tmp_path: Path) -> None:
    """A state without latest checkpoint, such as an empty file, is told (MG-304)."""
    (tmp_path / "checkpoint").write_bytes(b"")
    with pytest.raises(ValueError, match=f"loaded from {tmp_path}"):
        read_state(tmp_path)
