"""Every package says what is in it."""

from __future__ import annotations

from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[2] / "src" / "metagraft"
# Folders whose only content is a namespace with a page of its own below.
WITHOUT = {PACKAGE, PACKAGE / "compat"}
FEWEST_LINES, MOST_LINES = 8, 40

FOLDERS = sorted(
    {
        path.parent
        for path in PACKAGE.rglob("*.py")
        if "__pycache__" not in path.parts and path.parent not in WITHOUT
    }
)


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_every_package_has_a_page(folder: Path) -> None:
    """A README says what is in a package, what is not, where to start."""
    page = folder / "README.md"
    assert page.is_file(), f"no {page.relative_to(PACKAGE)}"
    count = len(page.read_text("utf-8").splitlines())
    assert FEWEST_LINES <= count <= MOST_LINES, count


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_pages_name_modules_that_exist(folder: Path) -> None:
    """A module that a page names by its file is there, or in a neighbour.

    What a page says under "To add" is about files to come.
    """
    text, _, _ = (folder / "README.md").read_text("utf-8").partition("\nTo add")
    words = {
        word
        for line in text.splitlines()
        for word in line.split("`")[1::2]
        if word.endswith(".py") and not set(word) & set("<>* ")
    }
    places = (folder, folder.parent, PACKAGE, PACKAGE.parents[1])
    missing = {w for w in words if not any((p / w).exists() for p in places)}
    assert not missing, missing


def test_every_golden_folder_has_its_row() -> None:
    """What was recorded from TensorFlow is listed with the program that made it."""
    golden = PACKAGE.parents[1] / "tests" / "golden"
    table = (golden / "README.md").read_text("utf-8")
    folders = {path.parent.relative_to(golden).parts[0] for path in golden.glob("*/*")}
    missing = [n for n in folders - {"record"} if f"\n| `{n}/` |" not in table]
    assert not missing, missing
