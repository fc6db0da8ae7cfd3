"""Every optimizer moves its variables and slots as TensorFlow's does."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import metagraft.compat.v1 as tf
from tests.programs import optimizers
from tests.training_values import values_after_training

GOLDEN = Path(__file__).parents[1] / "golden/optimizer_runs"


@pytest.mark.golden
@pytest.mark.parametrize("program", optimizers.RUNS, ids=lambda p: p.__name__)
def test_variables_after_some_steps(program: Callable[[ModuleType], Any]) -> None:
    """All variables hold what they hold in TensorFlow after the same steps."""
    found = values_after_training(tf, program)
    with np.load(GOLDEN / f"{program.__name__}.npz") as expected:
        assert sorted(found) == sorted(expected)
        for name, value in expected.items():
            assert found[name].dtype == value.dtype, name
            np.testing.assert_allclose(
                found[name], value, rtol=2e-5, atol=2e-6, err_msg=name
            )


@pytest.mark.golden
@pytest.mark.parametrize(
    "program",
    [
        optimizers.train_by_adam,
        optimizers.train_by_adagrad_da,
        optimizers.train_by_centered_rmsprop,
    ],
    ids=lambda p: p.__name__,
)
def test_compiled_steps(
    program: Callable[[ModuleType], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Steps compiled at once give the values that steps on the host give."""
    monkeypatch.setattr("metagraft.runtime.program.compile_ns", lambda nodes: 0.0)
    test_variables_after_some_steps(program)
