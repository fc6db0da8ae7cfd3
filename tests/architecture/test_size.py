"""Files and functions stay short enough to be read."""

from __future__ import annotations

import ast
import statistics
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MEDIAN_LINES = 200
MOST_FILES_LINES = 600
MOST_FILES = 0.95
LONGEST_LINES = 800
MEDIAN_FUNCTION_LINES = 10
MOST_FUNCTIONS_LINES = 50
MOST_FUNCTIONS = 0.95

# Files that may be longer, each with its reason.
LONGER: dict[str, str] = {}


def line_counts() -> dict[str, int]:
    """Return the number of lines of every source file that a person wrote."""
    return {
        path.relative_to(ROOT).as_posix(): len(path.read_text("utf-8").splitlines())
        for path in (ROOT / "src").rglob("*.py")
        if not path.name.endswith("_pb2.py")
    }


def test_no_file_is_too_long() -> None:
    """None is over 800 lines, except those listed with a reason."""
    too_long = {
        name: count
        for name, count in line_counts().items()
        if count > LONGEST_LINES and name not in LONGER
    }
    assert not too_long, f"over {LONGEST_LINES} lines: {too_long}"


def test_exceptions_are_needed() -> None:
    """A file that became short again is taken off the list."""
    counts = line_counts()
    needless = [n for n in LONGER if counts.get(n, 0) <= LONGEST_LINES]
    assert not needless, f"no longer over {LONGEST_LINES} lines: {needless}"


def test_most_files_are_short() -> None:
    """Half of the files have at most 200 lines, 95% at most 600."""
    counts = line_counts()
    long = sorted(n for n, count in counts.items() if count > MOST_FILES_LINES)
    assert len(long) <= (1 - MOST_FILES) * len(counts), long
    assert statistics.median(counts.values()) <= MEDIAN_LINES


def test_most_functions_are_short() -> None:
    """Half of the functions have at most 10 lines, 95% at most 50."""
    counts = sorted(
        1 + (node.end_lineno or node.lineno) - node.lineno
        for name in line_counts()
        for node in ast.walk(ast.parse((ROOT / name).read_text("utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    )
    assert statistics.median(counts) <= MEDIAN_FUNCTION_LINES
    assert counts[int(len(counts) * MOST_FUNCTIONS)] <= MOST_FUNCTIONS_LINES
