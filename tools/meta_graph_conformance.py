"""Write the page that says which tests check which requirement on MetaGraphs.

Usage: `python tools/meta_graph_conformance.py`

The page is made of the titles in `tests/meta_graph_requirements.toml`, of the tests
that cite a number (`MG-151`) and of the table in the decision about hazards. A test
fails while the committed page is another.
"""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
TESTS = ROOT / "tests"
REQUIREMENTS = TESTS / "meta_graph_requirements.toml"
HAZARDS = ROOT / "docs/decisions/0011-hazards-of-meta-graphs.md"
PAGE = ROOT / "docs/reference/meta_graph_conformance.md"

COMMAND = "python tools/meta_graph_conformance.py"

_CITATION = re.compile(r"MG-\d+")
_HAZARD_ROW = re.compile(r"^\| (MG-\d{3}) \| (\w+) \|", re.MULTILINE)
_STATES = {
    "both": "recommendation followed",
    "native": "as TensorFlow; native functions follow the recommendation",
}
_EXPECTED_FAILURE = "strict expected failure"
# Programs that are not tests themselves but are compared by one.
_PROGRAMS = "programs"

_HEAD = f"""# Conformance of MetaGraphs

Every requirement on MetaGraphs and savers, and the tests that check it against
TensorFlow 2.21: recorded from it, beside it, or worked out by hand. This page is
generated: `{COMMAND}`.

*As TensorFlow*: the behaviour is reproduced. *Recommendation followed*: a hazard or a
recommendation, where Metagraft does better;
[decision 11](../decisions/0011-hazards-of-meta-graphs.md) says how and why. Programs
(`programs/`) are built with both libraries, and what they export is compared whole.
"""


@dataclass(slots=True)
class Citations:
    """The tests that cite one requirement.

    Attributes:
        tests: `path::function`, in the order of paths and lines.
        fails: Whether one of them is a strict expected failure.
    """

    tests: list[str] = field(default_factory=list)
    fails: bool = False


def requirements() -> Mapping[str, Mapping[str, Mapping[str, str]]]:
    """Return the sections, and in each the number, kind and title of requirements."""
    sections = tomllib.loads(REQUIREMENTS.read_text("utf-8"))["section"]
    return {section["title"]: section["requirements"] for section in sections}


def numbers() -> list[str]:
    """Return the numbers of all requirements, in order."""
    return [number for rows in requirements().values() for number in rows]


def hazard_rows() -> Mapping[str, str]:
    """Return who follows the recommendation, `both` or `native`, by number."""
    return dict(_HAZARD_ROW.findall(HAZARDS.read_text("utf-8")))


def citations() -> dict[str, Citations]:
    """Return the tests by the numbers that they cite."""
    found: dict[str, Citations] = {}
    for path in sorted(TESTS.rglob("*.py")):
        inside = path.relative_to(TESTS).parts
        if not (path.name.startswith("test_") or inside[0] == _PROGRAMS):
            continue
        for number, test, fails in _citations_in(path):
            known = found.setdefault(number, Citations())
            if test not in known.tests:
                known.tests.append(test)
            known.fails |= fails
    return found


def _citations_in(path: Path) -> Iterator[tuple[str, str, bool]]:
    """Yield number, test and whether the test is an expected failure."""
    source = path.read_text("utf-8")
    if not _CITATION.search(source):
        return
    name = path.relative_to(ROOT).as_posix()
    lines = source.splitlines()
    for node in ast.parse(source).body:
        label, fails = _label(node)
        if label:
            first = min([node.lineno, *(d.lineno for d in _decorators(node))]) - 1
            while first and lines[first - 1].startswith("#"):
                first -= 1  # a comment that stands right above
            for number in _CITATION.findall("\n".join(lines[first : node.end_lineno])):
                yield number, f"{name}::{label}", fails


def _decorators(node: ast.stmt) -> list[ast.expr]:
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return node.decorator_list
    return []


def _label(node: ast.stmt) -> tuple[str, bool]:
    """Return the name that a statement defines, and whether it is to fail."""
    match node:
        case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
            marks = " ".join(ast.unparse(mark) for mark in node.decorator_list)
            return name, "mark.xfail" in marks
        case ast.Assign(targets=[ast.Name(id=name)]):
            return name, False
        case ast.AnnAssign(target=ast.Name(id=name)):
            return name, False
    return "", False


def page() -> str:
    """Return the page, of what is in the working tree."""
    cited, hazards = citations(), hazard_rows()
    parts = [_HEAD]
    for title, rows in requirements().items():
        parts.append(f"\n## {title}\n\n| Number | About | State | Tests |\n")
        parts.append("|---|---|---|---|\n")
        for number, row in rows.items():
            tests = cited.get(number, Citations())
            state = (
                _EXPECTED_FAILURE
                if tests.fails
                else _STATES.get(hazards.get(number, ""), "as TensorFlow")
            )
            parts.append(_row(number, row, state, tests.tests))
    return "".join(parts)


def _row(number: str, row: Mapping[str, Any], state: str, tests: list[str]) -> str:
    about = f"{row['title']} (hazard)" if row["kind"] == "hazard" else row["title"]
    listed = "<br>".join(f"`{test.removeprefix('tests/')}`" for test in tests)
    return f"| {number} | {about} | {state} | {listed or 'none yet'} |\n"


def main() -> None:
    """Write the page and name the requirements without a test."""
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(page(), "utf-8")
    missing = [number for number in numbers() if number not in citations()]
    sys.stdout.write(f"{PAGE.name} written; without a test: {len(missing)}\n")
    sys.stdout.write(" ".join(missing) + "\n")


if __name__ == "__main__":
    main()
