"""Mistakes with SavedModels are the errors that TensorFlow raises."""

from __future__ import annotations

from pathlib import Path

import pytest

import metagraft.compat.v1 as tf
from tests.programs.saved_model_mistakes import MISTAKES
from tests.saved_model.test_recorded_models import recorded

# TensorFlow first asks for the truth of the tensor, which has none.
CLEARER = {"main_op_is_a_tensor": "TypeError"}


@pytest.mark.golden
@pytest.mark.parametrize("name", MISTAKES)
def test_same_error(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The class is the recorded one, or one derived from it, and the words begin alike.

    MG-330: the order of calls of the builder. MG-332: reserved keys, incomplete
    tensors. MG-333: assets. MG-334: operations to run after loading. MG-335: tags.
    MG-336: files.
    """
    monkeypatch.chdir(tmp_path)
    expected = recorded("mistakes")[name]
    with (
        pytest.raises(Exception) as caught,  # noqa: PT011
        tf.Graph().as_default(),
    ):
        MISTAKES[name](tf)
    wanted = CLEARER.get(name, expected["class"])
    assert wanted in [cls.__name__ for cls in type(caught.value).__mro__]
    if name not in CLEARER:
        assert str(caught.value)[:12] == expected["message"][:12]
