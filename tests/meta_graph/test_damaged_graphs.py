"""Graphs with a mistake in their structure: TensorFlow's class of error, no change."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import metagraft.compat.v1 as tf
from metagraft.proto import GraphDef, MetaGraphDef
from metagraft.proto.text import parse_text
from tests.fuzz.examination import examine
from tests.programs.malformed_graph_defs import MALFORMED

GOLDEN = Path(__file__).resolve().parent.parent / "golden" / "malformed_graphs"
OUTCOMES: dict[str, dict[str, Any]] = json.loads(
    (GOLDEN / "outcomes.json").read_text(encoding="utf-8")
)
BODY = "the body of a function is looked at when it is called or differentiated"
# What TensorFlow refuses and Metagraft takes, or refuses in another way.
OTHERWISE = {
    "string_as_bytes": "ValueError that names the node, not UnicodeDecodeError",
    "op_with_spaces": "unknown ops are kept",
    "function_calls_missing": BODY,
    "function_calls_itself": f"TensorFlow crashes; {BODY}",
    "functions_call_each_other": f"TensorFlow crashes; {BODY}",
}


def import_error(graph_def: GraphDef) -> str | None:
    """Return the class of the error that an import raises, or None."""
    try:
        tf.import_graph_def(graph_def, name="")
    except Exception as error:  # noqa: BLE001 - any class is compared
        return type(error).__name__
    return None


@pytest.mark.golden
@pytest.mark.parametrize("name", [n for n in MALFORMED if n not in OTHERWISE])
def test_same_class(name: str) -> None:
    """MG-138, MG-140, MG-147, MG-149: accepted or refused as by TensorFlow."""
    graph_def = parse_text(MALFORMED[name], GraphDef)
    expected = OUTCOMES[name].get("error")
    with tf.Graph().as_default() as graph:
        tf.no_op(name="before")
        before = graph.as_graph_def()
        found = import_error(graph_def)
        assert found == expected
        assert (graph.as_graph_def() == before) == (expected is not None)


@pytest.mark.parametrize("name", MALFORMED)
def test_nothing_worse_than_an_error(name: str) -> None:
    """MG-149: a clear error and no change, or a graph that can be used."""
    examine(MetaGraphDef(graph_def=parse_text(MALFORMED[name], GraphDef)))


@pytest.mark.parametrize("name", OTHERWISE)
def test_differences_are_needed(name: str) -> None:
    """What agrees with TensorFlow is not listed as a difference."""
    graph_def = parse_text(MALFORMED[name], GraphDef)
    with tf.Graph().as_default():
        assert import_error(graph_def) != OUTCOMES[name].get("error")
