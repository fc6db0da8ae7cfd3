"""`tf.autograph`: Python is not rewritten, and programs may say that it must not be."""

from __future__ import annotations

import pytest

import metagraft.compat.v1 as tf


def test_functions_stay() -> None:
    """A decorated function does what it did, in traces too."""

    @tf.autograph.experimental.do_not_convert
    def doubled(x: float) -> float:
        """Twice the number."""
        return 2 * x

    assert doubled(3) == 6
    assert doubled.__doc__ == "Twice the number."
    assert tf.autograph.experimental.do_not_convert()(doubled)(2) == 4
    with tf.Graph().as_default(), tf.Session() as session:
        assert session.run(tf.function(doubled)(tf.constant(4.0))) == 8.0


def test_features() -> None:
    """All features, and all but some."""
    feature = tf.autograph.experimental.Feature
    assert feature.LISTS in feature.all()
    assert len(feature.all()) == 7
    assert set(feature.all_but(feature.LISTS)) == set(feature.all()) - {
        feature.ALL,
        feature.LISTS,
    }
    assert feature.LISTS not in feature.all_but([feature.LISTS, feature.NAME_SCOPES])


def test_trace(capsys: pytest.CaptureFixture[str]) -> None:
    """Values are printed."""
    tf.autograph.set_verbosity(3)
    tf.autograph.trace("value", 2)
    assert capsys.readouterr().out == "value 2\n"


def test_options_of_loops_that_stay() -> None:
    """Options of a loop of Python change nothing, as in TensorFlow."""
    with tf.Graph().as_default() as graph:
        for _ in range(2):
            tf.autograph.experimental.set_loop_options(
                parallel_iterations=1, maximum_iterations=3, shape_invariants=[]
            )
        assert not graph.get_operations()
