"""Array functions build TensorFlow's graphs and compute its values."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import ml_dtypes  # noqa: F401 - names its types to NumPy
import numpy as np
import pytest

import metagraft.compat.v1 as tf
from metagraft.proto import graph_pb2
from tests import same_graph
from tests.programs.array_functions import PROGRAMS

FOLDER = Path(__file__).parents[1] / "golden" / "array_functions"


def recorded_values(name: str) -> list[Any]:
    """Return the arrays that TensorFlow computed for a program."""
    content = json.loads(gzip.decompress((FOLDER / f"{name}.json.gz").read_bytes()))
    return [_decoded(item) for item in content]


def _decoded(item: dict[str, Any]) -> Any:
    if item["dtype"] == "object":
        array = np.empty(len(item["data"]), object)
        array[:] = [text.encode() for text in item["data"]]
        return array.reshape(item["shape"])
    flat = np.frombuffer(bytes.fromhex(item["data"]), np.dtype(item["dtype"]))
    return flat.reshape(item["shape"])


@pytest.mark.golden
@pytest.mark.parametrize("name", PROGRAMS)
def test_graph(name: str) -> None:
    """Node for node and attribute for attribute, static shapes included."""
    content = gzip.decompress((FOLDER / f"{name}.pb.gz").read_bytes())
    with tf.Graph().as_default() as graph:
        PROGRAMS[name](tf)
        found = same_graph.parsed(graph.as_graph_def(add_shapes=True))
    differences = same_graph.differences(graph_pb2.GraphDef.FromString(content), found)
    assert not differences, f"{name}:\n{differences}"


@pytest.mark.golden
@pytest.mark.parametrize("name", PROGRAMS)
def test_values(name: str) -> None:
    """Every fetch has TensorFlow's value, type and shape."""
    expected = recorded_values(name)
    with tf.Graph().as_default(), tf.Session() as session:
        fetches, feeds = PROGRAMS[name](tf)
        found = session.run(fetches, feeds)
    for fetch, want, got in zip(fetches, expected, found, strict=True):
        value = np.asarray(got)
        assert value.dtype == want.dtype, fetch
        assert value.shape == want.shape, fetch
        if value.dtype.kind == "f":  # sums of gradients may be added in another order
            np.testing.assert_allclose(value, want, rtol=1e-6, err_msg=str(fetch))
        else:
            np.testing.assert_array_equal(value, want, err_msg=str(fetch))
