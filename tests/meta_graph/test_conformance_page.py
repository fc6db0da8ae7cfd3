"""The page about requirements on MetaGraphs says what the tests say."""

from __future__ import annotations

import re

from tools import meta_graph_conformance as conformance

_RANGE = re.compile(r"MG-\d+ ?(?:to|-|\.\.) ?(?:MG-)?\d")


def test_page_is_generated() -> None:
    """The committed page is what its command writes."""
    assert conformance.PAGE.read_text("utf-8") == conformance.page(), (
        f"stale: run `{conformance.COMMAND}`"
    )


def test_every_requirement_has_a_test() -> None:
    """A test cites every number."""
    assert set(conformance.numbers()) - set(conformance.citations()) == set()


def test_citations_are_of_requirements() -> None:
    """No test cites a number that no requirement has."""
    assert set(conformance.citations()) <= set(conformance.numbers())


def test_decided_hazards_are_requirements() -> None:
    """Every row about hazards is of a requirement and says who follows it."""
    rows = conformance.hazard_rows()
    assert set(rows) <= set(conformance.numbers())
    assert set(rows.values()) <= {"both", "native"}


def test_every_hazard_is_decided() -> None:
    """Where TensorFlow does what users call a defect, a row says what is done here."""
    hazards = {
        number
        for rows in conformance.requirements().values()
        for number, row in rows.items()
        if row["kind"] == "hazard"
    }
    assert hazards - set(conformance.hazard_rows()) == set()


def test_numbers_are_written_in_full() -> None:
    """No range hides which requirement a test is about; headings may have one."""
    found = [
        f"{path.relative_to(conformance.ROOT)}:{line}"
        for path in conformance.TESTS.rglob("*.py")
        for line, text in enumerate(path.read_text("utf-8").splitlines(), 1)
        if _RANGE.search(text) and not text.startswith("# --")
    ]
    assert not found
