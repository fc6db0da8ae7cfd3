"""The cases of `known_differences.toml`, as parameters that must fail.

A case that starts to pass fails its test (strict xfail), so an entry cannot outlive
its reason.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

TABLE = Path(__file__).with_suffix(".toml")


def parameters(contract: str, cases: Iterable[str]) -> list[Any]:
    """Return the cases for `parametrize`, those listed under `contract` marked.

    Args:
        contract: A section of `known_differences.toml`.
        cases: The names of all cases.

    Raises:
        ValueError: An entry names no case.
    """
    entries: dict[str, str] = tomllib.loads(TABLE.read_text("utf-8"))[contract]
    names = list(cases)
    if unknown := sorted(set(entries) - set(names)):
        raise ValueError(f"{TABLE.name}, {contract}: no such cases: {unknown}")
    return [
        pytest.param(name, marks=_expected_failure(entries[name]))
        if name in entries
        else name
        for name in names
    ]


def _expected_failure(reason: str) -> pytest.MarkDecorator:
    """Missing functions and kernels are expected; graphs that differ are not."""
    missing = (AttributeError, NotImplementedError)
    return pytest.mark.xfail(reason=reason, raises=missing, strict=True)
