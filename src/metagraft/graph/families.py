"""Which module of a package has an op, so that only those that are needed are loaded.

`ops/` and `kernels/` have a file each that says so, a family to a line. `python
tools/op_table.py` writes it. What it does not say, or no longer says rightly, is looked
for in all modules.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any


@cache
def families_in(file: Path) -> Mapping[str, str]:
    """Return the family of each op type that a file names."""
    by_family = json.loads(file.read_text("utf-8"))
    return MappingProxyType(
        {op_type: name for name, ops in by_family.items() for op_type in ops}
    )


def format_families(by_op_type: Mapping[str, str]) -> str:
    """Return the content of such a file.

    Args:
        by_op_type: The family of each op type.
    """
    by_family: dict[str, list[str]] = {}
    for op_type, family in sorted(by_op_type.items()):
        by_family.setdefault(family, []).append(op_type)
    rows = [f'"{name}": {json.dumps(ops)}' for name, ops in sorted(by_family.items())]
    return "{\n" + ",\n".join(rows) + "\n}\n"


def module_attribute(package: str, family: str, name: str) -> Any:
    """Return an attribute of the module of a family; None if there is none."""
    full_name = f"{package}.{family}"
    if importlib.util.find_spec(full_name) is None:
        return None
    return getattr(importlib.import_module(full_name), name, None)
