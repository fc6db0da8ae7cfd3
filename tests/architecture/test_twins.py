"""What an op means and how it runs stand in two files of one name."""

from __future__ import annotations

import re
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[2] / "src" / "metagraft"

# Families of kernels without a twin, each with its reason.
NO_TWIN: dict[str, str] = {
    "incomplete_gamma.py": "their ops are among the special and the random functions",
}


def families(folder: str, table: str) -> set[str]:
    """Return the modules of a folder that declare a table of that name."""
    declares = re.compile(rf"^{table}\b.*=", re.MULTILINE)
    return {
        path.name
        for path in (PACKAGE / folder).glob("*.py")
        if declares.search(path.read_text("utf-8"))
    }


def test_every_kernel_has_its_op() -> None:
    """For each family in `kernels/` there is one in `ops/`."""
    missing = families("kernels", "KERNELS") - families("ops", "OPS") - NO_TWIN.keys()
    assert not missing, f"families of kernels without a twin in ops/: {sorted(missing)}"


def test_exceptions_are_needed() -> None:
    """A family that got its twin is taken off the list."""
    assert NO_TWIN.keys().isdisjoint(families("ops", "OPS"))
