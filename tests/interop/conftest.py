"""Tests with TensorFlow and Metagraft in one process; `make interop` runs them.

Where TensorFlow is not installed they are not collected: what they check is checked
there from recordings (tests/contracts).
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from tests.golden.record import tensorflow_v1

HERE = Path(__file__).resolve().parent

if importlib.util.find_spec("tensorflow") is None:
    collect_ignore_glob = ["test_*.py"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests of this folder; TensorFlow's own warnings are not our errors."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.interop)
            item.add_marker(pytest.mark.filterwarnings("ignore"))


@pytest.fixture(scope="session")
def tf() -> ModuleType:
    """TensorFlow with its behaviour of version 1."""
    return tensorflow_v1.load()


@pytest.fixture(scope="session")
def mg() -> ModuleType:
    """Metagraft under the names of TensorFlow."""
    return importlib.import_module("metagraft.compat.v1")


@pytest.fixture(autouse=True)
def _options_of_the_optimizer(tf: ModuleType) -> Iterator[None]:
    """Take back what a program chose: TensorFlow writes it into functions."""
    assert tf
    context = importlib.import_module("tensorflow.python.eager.context").context()
    options = context._optimizer_experimental_options
    before = dict(options)
    yield
    if options != before:
        options.clear()
        options.update(before)
        context.function_call_options = None
