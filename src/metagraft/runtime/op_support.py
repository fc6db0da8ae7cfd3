"""Which op types can run, without loading what runs them.

The answer is in `data/op_support.json`: loading all kernels takes longer than reading a
model. `python tools/op_table.py` writes it, and a test holds it against the tables that
it is made of.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Final

SUPPORT_FILE: Final = Path(__file__).parent / "data" / "op_support.json"

RUN: Final = "run"
"""In the place of a family: what acts on the run, `state_ops.py` and its like."""

FUNCTIONS: Final = "functions"
"""In the place of a family: calls, branches and loops, which become other nodes."""


def supported_ops() -> Mapping[str, str]:
    """Return the families of kernels, `RUN` or `FUNCTIONS`, by op type."""
    return _read()


def op_support() -> dict[str, list[str]]:
    """Return the op types that can run by family, from the tables that run them."""
    from metagraft.graph.function_body import CALLED
    from metagraft.kernels import families_of_kernels
    from metagraft.runtime.state_ops import STATE_OPS

    found = dict(families_of_kernels())
    found.update(dict.fromkeys(STATE_OPS, RUN))
    found.update(dict.fromkeys(CALLED, FUNCTIONS))
    by_family: dict[str, list[str]] = {}
    for op_type, family in sorted(found.items()):
        by_family.setdefault(family, []).append(op_type)
    return dict(sorted(by_family.items()))


def format_op_support(by_family: Mapping[str, list[str]]) -> str:
    """Return the content of the file, a family to a line."""
    rows = [f'"{name}": {json.dumps(ops)}' for name, ops in by_family.items()]
    return "{\n" + ",\n".join(rows) + "\n}\n"


@cache
def _read() -> Mapping[str, str]:
    by_family = json.loads(SUPPORT_FILE.read_text("utf-8"))
    return MappingProxyType(
        {op_type: name for name, ops in by_family.items() for op_type in ops}
    )
