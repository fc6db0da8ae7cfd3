"""The same program builds the same nodes in Metagraft as in TensorFlow."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

import metagraft.compat.v1 as tf
from metagraft.proto import graph_pb2
from tests import known_differences, same_graph
from tests.programs.every_program import PROGRAMS

GOLDEN = Path(__file__).resolve().parent.parent / "golden" / "same_graph"


@pytest.mark.golden
@pytest.mark.parametrize("name", known_differences.parameters("same_graph", PROGRAMS))
def test_same_graph(name: str) -> None:
    """Names, ops, inputs, devices, attributes and order are those TensorFlow wrote."""
    expected = graph_pb2.GraphDef.FromString(
        gzip.decompress((GOLDEN / f"{name}.pb.gz").read_bytes())
    )
    with tf.Graph().as_default() as graph:
        PROGRAMS[name](tf)
        found = same_graph.parsed(graph.as_graph_def())
    differences = same_graph.differences(expected, found)
    assert not differences, f"{name}:\n{differences}"


def test_every_recording_has_its_program() -> None:
    """No recorded graph is left over."""
    recorded = {path.name.removesuffix(".pb.gz") for path in GOLDEN.glob("*.pb.gz")}
    assert recorded == set(PROGRAMS)
