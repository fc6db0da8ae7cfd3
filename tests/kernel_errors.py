"""Kernels run on recorded operands that they refuse, in TensorFlow's words."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from metagraft import errors
from tests.kernel_cases import Recorded, dtype_of, run_on_host


def load(path: Path) -> list[tuple[Recorded, str, str]]:
    """Return the cases of a file that `kernel_errors.write_errors` made.

    Returns:
        Each with the name of the error's class and its text.
    """
    stored = json.loads(path.read_text(encoding="utf-8"))
    return [
        (
            Recorded(
                number,
                "error",
                case["op"],
                case["attrs"],
                {name: _operand(value) for name, value in case["operands"].items()},
                [],
            ),
            case["class"],
            case["message"],
        )
        for number, case in enumerate(stored)
    ]


def _operand(value: Any) -> Any:
    if isinstance(value, list):
        return [_operand(item) for item in value]
    dtype = dtype_of(value["dtype"])
    items = value["items"]
    array = np.empty(len(items), dtype)
    if dtype.kind == "c":
        items = [complex(*item) for item in items]
    is_text = value["dtype"] == "object"
    array[:] = [item.encode("latin-1") for item in items] if is_text else items
    return array.reshape(value["shape"])


def difference(case: Recorded, kind: str, message: str) -> str:
    """Return how the error differs from TensorFlow's; empty if it does not."""
    try:
        run_on_host(case)
    except errors.OpError as error:
        found = f"{type(error).__name__}: {error.message}"
    else:
        found = "no error"
    expected = f"{kind}: {message}"
    return "" if found == expected else f"{case}:\n  {found}\n  expected {expected}"
