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


def entries(contract: str) -> dict[str, str]:
    """Return the cases of a section and why each is there."""
    found: dict[str, str] = tomllib.loads(TABLE.read_text("utf-8"))[contract]
    return found


# What is missing fails with these; a graph that differs is no known difference, unless
# its section says so.
MISSING = (AttributeError, NotImplementedError)


def parameters(
    contract: str,
    cases: Iterable[str],
    raises: type[Exception] | tuple[type[Exception], ...] = MISSING,
) -> list[Any]:
    """Return the cases for `parametrize`, those listed under `contract` marked.

    Args:
        contract: A section of `known_differences.toml`.
        cases: The names of all cases.
        raises: The errors that the listed cases fail with.

    Raises:
        ValueError: An entry names no case.
    """
    listed = entries(contract)
    names = list(cases)
    if unknown := sorted(set(listed) - set(names)):
        raise ValueError(f"{TABLE.name}, {contract}: no such cases: {unknown}")
    return [
        pytest.param(
            name,
            marks=pytest.mark.xfail(reason=listed[name], raises=raises, strict=True),
        )
        if name in listed
        else name
        for name in names
    ]
