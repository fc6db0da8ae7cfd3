"""Damaged MetaGraphs, always the same ones: an error that helps, or a graph that works.

`make fuzz` goes on with others.
"""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metagraft.proto import MetaGraphDef
from tests.fuzz import campaign, strategies
from tests.fuzz.examination import examine
from tests.fuzz.recorded import meta_graphs

# About a second for each.
SEEDS_OF_ONE_TEST = 50
MEMORY_BYTES = 64 << 20


# Python says so of damaged escapes in the text of bytes.
@pytest.mark.filterwarnings("ignore:invalid .*escape:DeprecationWarning")
@pytest.mark.parametrize("kind", campaign.KINDS)
@pytest.mark.parametrize("first", range(0, 4 * SEEDS_OF_ONE_TEST, SEEDS_OF_ONE_TEST))
def test_mutations(kind: str, first: int, tmp_path: Path) -> None:
    """MG-122, MG-123, MG-140, MG-149: mutations of recorded files do no harm."""
    for seed in range(first, first + SEEDS_OF_ONE_TEST):
        item = campaign.make(kind, seed)
        try:
            item.examine(tmp_path)
        except AssertionError as problem:
            raise AssertionError(f'make fuzz ARGS="{item}": {problem}') from problem


@given(strategies.meta_graphs())
def test_made_from_nothing(meta: MetaGraphDef) -> None:
    """MG-140, MG-149: any message is refused clearly or can be used."""
    examine(meta)


@given(content=st.binary(max_size=300))
def test_random_bytes(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    """MG-122, MG-123: a file of any bytes is refused, or is a MetaGraph."""
    path = tmp_path_factory.getbasetemp() / "random.meta"
    path.write_bytes(content)
    examine(path)


@pytest.mark.parametrize("name", sorted(meta_graphs())[::40])
def test_undamaged(name: str) -> None:
    """What was not damaged passes the same examination."""
    outcome = examine(MetaGraphDef.FromString(meta_graphs()[name]))
    assert outcome.word in ("accepted", "ValueError")


def test_memory_stays_in_proportion() -> None:
    """A small file that speaks of huge tensors takes little memory."""
    items = [campaign.make("nodes", seed) for seed in range(1000, 1040)]
    tracemalloc.start()
    try:
        for item in items:
            examine(MetaGraphDef.FromString(item.content))
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak_bytes < MEMORY_BYTES


def test_an_input_can_be_made_again() -> None:
    """Kind and seed, as a failure prints them, are all that it takes."""
    for kind in campaign.KINDS:
        assert campaign.make(kind, 7) == campaign.make(kind, 7)
