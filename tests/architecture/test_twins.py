"""What an op means and how it runs stand in two files of one name."""

from __future__ import annotations

from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[2] / "src" / "metagraft"

# Modules of kernels/ that are not about a family of ops, each with its reason.
NO_TWIN: dict[str, str] = {
    "__init__.py": "the table that merges the families",
    "kernel.py": "what a kernel declares",
    "namespace.py": "the array library a kernel computes with",
}


def test_every_kernel_has_its_op() -> None:
    """For each `kernels/<family>.py` there is an `ops/<family>.py`."""
    kernels = {path.name for path in (PACKAGE / "kernels").glob("*.py")}
    ops = {path.name for path in (PACKAGE / "ops").glob("*.py")}
    missing = sorted(kernels - ops - NO_TWIN.keys())
    assert not missing, f"kernels without a twin in ops/: {missing}"
