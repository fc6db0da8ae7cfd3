"""What sessions return and raise, compared with what TensorFlow returned and raised."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import metagraft.compat.v1 as tf
from metagraft import errors
from tests.plain_values import plain
from tests.programs.session_runs import ERRORS, VALUES

FOLDER = Path(__file__).resolve().parent.parent / "golden" / "session_runs"
_VALUES = json.loads((FOLDER / "values.json").read_text(encoding="utf-8"))
_ERRORS = json.loads((FOLDER / "errors.json").read_text(encoding="utf-8"))

pytestmark = pytest.mark.golden


@pytest.mark.parametrize("name", sorted(VALUES))
def test_values(name: str) -> None:
    """A program returns the values, types and structures that TensorFlow returned."""
    with tf.Graph().as_default():
        assert plain(VALUES[name](tf)) == _VALUES[name]


@pytest.mark.parametrize("name", sorted(ERRORS))
def test_errors(name: str) -> None:
    """A program fails with TensorFlow's class of error, message and node."""
    expected = _ERRORS[name]
    with tf.Graph().as_default(), pytest.raises(Exception) as raised:  # noqa: PT011
        ERRORS[name](tf)
    error = raised.value
    if expected["class"] == "InaccessibleTensorError":  # it derives from ValueError
        assert isinstance(error, ValueError)
    else:
        assert type(error).__name__ == expected["class"]
    text = error.message if isinstance(error, errors.OpError) else _text(error)
    message = expected["message"].replace("np.str_('abc')", "'abc'")  # NumPy's words
    assert text.startswith(message.rstrip("."))
    if expected["node"]:
        assert f"[[{{{{node {expected['node']}}}}}]]" in text


def _text(error: BaseException) -> str:
    return str(error.args[0]) if error.args else str(error)
