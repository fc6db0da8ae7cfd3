"""Stored networks of well-known architectures run, and give what TensorFlow gave."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest

import metagraft.compat.v1 as tf
from metagraft.proto import meta_graph_pb2
from tests import known_differences, same_meta_graph
from tests.programs import architecture_parts as parts
from tests.programs import every_architecture

GOLDEN = Path(__file__).resolve().parent.parent / "golden" / "architectures"
NAMES = sorted(path.name.split(".")[0] for path in GOLDEN.glob("*.meta.gz"))
PROGRAMS = {program.__name__: program for program in every_architecture.PROGRAMS}
N_STEPS = 3
# Relative to the largest value.
OUTPUTS_WITHIN = 1e-5
LOSSES_WITHIN = 1e-4


def _stored(name: str) -> meta_graph_pb2.MetaGraphDef:
    content = gzip.decompress((GOLDEN / f"{name}.meta.gz").read_bytes())
    return meta_graph_pb2.MetaGraphDef.FromString(content)


@pytest.mark.golden
@pytest.mark.parametrize("name", known_differences.parameters("architectures", NAMES))
def test_imported_network_infers_and_trains(name: str) -> None:
    """Outputs agree to 1e-5, the losses of three steps to 1e-4."""
    expected = np.load(GOLDEN / f"{name}.npz")
    with tf.Graph().as_default(), tf.Session() as session:
        tf.train.import_meta_graph(_stored(name))
        found = parts.results(tf, session, N_STEPS)
    assert sorted(found) == sorted(expected)
    for key, value in expected.items():
        if not np.issubdtype(value.dtype, np.floating):
            np.testing.assert_array_equal(found[key], value, err_msg=key)
            continue
        within = OUTPUTS_WITHIN if key.startswith("output") else LOSSES_WITHIN
        assert found[key].dtype == value.dtype
        largest = np.max(np.abs(value), initial=0.0)
        np.testing.assert_allclose(
            found[key], value, rtol=within, atol=within * largest, err_msg=key
        )


@pytest.mark.golden
@pytest.mark.parametrize(
    "name", known_differences.parameters("same_architectures", PROGRAMS)
)
def test_network_is_built_alike(name: str) -> None:
    """The program that built the network builds and exports the same here."""
    with tf.Graph().as_default():
        PROGRAMS[name](tf)
        parts.initialize(tf)
        found = tf.train.export_meta_graph(clear_extraneous_savers=True)
    differences = same_meta_graph.differences(_stored(name), found)
    assert not differences, f"{name}:\n{differences}"
