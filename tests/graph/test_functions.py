"""Graphs with functions are the graphs that TensorFlow builds.

The programs are recorded by tests/golden/record/record_functions.py.
"""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

import metagraft.compat.v1 as tf
from metagraft.proto import graph_pb2
from tests.programs.every_function_program import PROGRAMS, control_flow
from tests.same_functions import function_differences
from tests.same_graph import parsed

RECORDED = Path(__file__).resolve().parent.parent / "golden" / "functions"


@pytest.mark.parametrize("name", PROGRAMS)
def test_program_builds_the_functions_of_tensorflow(name: str) -> None:
    """Nodes, functions, their shapes and min_consumer are TensorFlow's.

    MG-004, MG-032.
    """
    expected = graph_pb2.GraphDef.FromString(
        gzip.decompress((RECORDED / f"{name}.pb.gz").read_bytes())
    )
    with control_flow(tf, name), tf.Graph().as_default() as graph:
        PROGRAMS[name](tf)
        found = parsed(graph.as_graph_def(add_shapes=True))
    assert not function_differences(expected, found)
