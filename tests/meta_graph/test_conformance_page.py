"""The page about requirements on MetaGraphs says what the tests say."""

from __future__ import annotations

import tomllib

from tools import meta_graph_conformance as conformance


def test_page_is_generated() -> None:
    """The committed page is what its command writes."""
    assert conformance.PAGE.read_text("utf-8") == conformance.page(), (
        f"stale: run `{conformance.COMMAND}`"
    )


def test_every_requirement_has_a_test() -> None:
    """A test cites every number but those in a list, which only shrinks."""
    cited = set(conformance.citations())
    untested = set(tomllib.loads(conformance.REQUIREMENTS.read_text())["untested"])
    assert set(conformance.numbers()) - cited <= untested


def test_citations_are_of_requirements() -> None:
    """No test cites a number that no requirement has."""
    assert set(conformance.citations()) <= set(conformance.numbers())


def test_decided_hazards_are_requirements() -> None:
    """Every row about hazards is of a requirement and says who follows it."""
    rows = conformance.hazard_rows()
    assert set(rows) <= set(conformance.numbers())
    assert set(rows.values()) <= {"both", "native"}
