"""Frozen graphs that TensorFlow refuses are ones that it takes once repaired."""

from __future__ import annotations

from types import ModuleType

import numpy as np
import pytest

import metagraft
from tests.programs.frozen_graphs import PROGRAMS


@pytest.mark.parametrize("name", ["freeze_update", "freeze_resource_update"])
def test_repaired(name: str, tf: ModuleType) -> None:
    """Both branches give in TensorFlow what the graph was made for."""
    with tf.Graph().as_default():
        broken = PROGRAMS[name](tf)
    with tf.Graph().as_default(), pytest.raises(ValueError, match="incompatible"):
        tf.import_graph_def(broken)
    repaired = metagraft.repair_frozen_graph(broken).SerializeToString()
    with tf.Graph().as_default(), tf.Session() as session:
        tf.import_graph_def(tf.GraphDef.FromString(repaired), name="")
        x = np.float32([[1.0, 1.0], [3.0, 3.0]])
        found = session.run("out:0", {"x:0": x})
        assert found.tolist() == [[0.0, -1.0], [2.0, 1.0]]
        found = session.run("out:0", {"x:0": x, "training:0": True})
        assert found.tolist() == [[-1.0, -1.0], [1.0, 1.0]]
