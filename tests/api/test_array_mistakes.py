"""What TensorFlow refuses is refused, with its class and, mostly, its words."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import metagraft.compat.v1 as tf
from tests.programs.array_mistakes import BUILDING, OWN_WORDS, RUNNING

FOLDER = Path(__file__).parents[1] / "golden" / "array_functions"
RECORDED = json.loads((FOLDER / "mistakes.json").read_text(encoding="utf-8"))


def _check(name: str, error: Exception) -> None:
    expected, words = RECORDED[name]
    classes = {cls.__name__ for cls in type(error).__mro__}
    assert expected in classes, f"{type(error).__name__}: {error}"
    if name not in OWN_WORDS:
        assert str(getattr(error, "message", error)).startswith(words)


@pytest.mark.golden
@pytest.mark.parametrize("name", BUILDING)
def test_refused_while_building(name: str) -> None:
    """The call raises."""
    with (
        tf.Graph().as_default(),
        pytest.raises(Exception, match=r".") as caught,
    ):
        BUILDING[name](tf)
    _check(name, caught.value)


@pytest.mark.golden
@pytest.mark.parametrize("name", RUNNING)
def test_refused_by_a_run(name: str) -> None:
    """The graph is built, and the run raises."""
    with tf.Graph().as_default(), tf.Session() as session:
        result = RUNNING[name](tf)
        with pytest.raises(tf.errors.OpError) as caught:
            session.run(result)
    _check(name, caught.value)
