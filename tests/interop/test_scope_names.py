"""Names are moved between scopes as TensorFlow moves them."""

from __future__ import annotations

import importlib
from types import ModuleType
from typing import Any

import pytest

from tests.graph.test_scope_names import PREPENDED, STRIPPED


@pytest.fixture(scope="module")
def ops(tf: ModuleType) -> Any:
    """The module of TensorFlow that has both functions."""
    del tf
    return importlib.import_module("tensorflow.python.framework.ops")


@pytest.mark.parametrize(("name", "scope", "expected"), PREPENDED)
def test_prepend(ops: Any, name: str | bytes, scope: str | None, expected: str) -> None:
    """MG-193: the scope goes behind the marker."""
    assert ops.prepend_name_scope(name, scope) == expected


@pytest.mark.parametrize(("name", "scope", "expected"), STRIPPED)
def test_strip(ops: Any, name: str | bytes, scope: str | None, expected: str) -> None:
    """MG-193: and out from behind it, with the slashes that follow."""
    assert ops.strip_name_scope(name, scope) == expected
