"""Damaged files of every kind, always the same ones.

`make fuzz` goes on with others.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fuzz import file_campaign, model_runs, recorded_files
from tests.fuzz.file_examination import examine_file

SEEDS_OF_ONE_TEST = 60


@pytest.mark.golden
@pytest.mark.parametrize("kind", file_campaign.KINDS)
@pytest.mark.parametrize("first", [0, SEEDS_OF_ONE_TEST])
def test_mutations(kind: str, first: int, tmp_path: Path) -> None:
    """MG-286, MG-319: a damaged file reads right or is refused clearly."""
    for seed in range(first, first + SEEDS_OF_ONE_TEST):
        item = file_campaign.make(kind, seed)
        try:
            item.examine(tmp_path)
        except AssertionError as problem:
            raise AssertionError(f'make fuzz ARGS="{item}": {problem}') from problem


@pytest.mark.golden
@pytest.mark.parametrize("kind", ["index", "slices", "saved_model"])
def test_undamaged(kind: str, tmp_path: Path) -> None:
    """What was not damaged passes the same examination."""
    for origin, found in list(recorded_files.recorded(kind).items())[::3]:
        if origin.startswith("checkpoints/part_"):
            continue  # a part of a partitioned tensor is not all of it
        folder = tmp_path / origin.replace("/", "_")
        file_campaign.write(found, folder, found.content)
        outcome = examine_file(kind, folder, found.opened, None)
        assert outcome.word == "accepted", origin


def test_an_input_can_be_made_again() -> None:
    """Kind and seed, as a failure prints them, are all that it takes."""
    for kind in file_campaign.KINDS:
        assert file_campaign.make(kind, 7) == file_campaign.make(kind, 7)


@pytest.mark.golden
@pytest.mark.parametrize("first", [0, SEEDS_OF_ONE_TEST])
def test_damaged_models_run(first: int, tmp_path: Path) -> None:
    """A damaged SavedModel gives its answers, or says what is wrong with it."""
    for seed in range(first, first + SEEDS_OF_ONE_TEST):
        item = model_runs.make("model_run", seed)
        try:
            item.examine(tmp_path)
        except AssertionError as problem:
            raise AssertionError(f'make fuzz ARGS="{item}": {problem}') from problem


@pytest.mark.golden
def test_undamaged_models_run(tmp_path: Path) -> None:
    """What was not damaged passes the same examination."""
    for origin, found in model_runs.models().items():
        if origin == "objects_composite":
            continue  # zeros are no indices of a sparse tensor
        folder = tmp_path / origin
        model_runs.write(origin, folder, found.content)
        outcome = model_runs.examine_model(folder)
        assert outcome.error is None, origin
