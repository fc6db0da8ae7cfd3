"""File names say what is inside, and files say nothing about one machine."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
EMPTY_NAMES = {
    "utils",
    "util",
    "helpers",
    "common",
    "misc",
    "manager",
    "handler",
    "data",
    "info",
    "base",
}
# Names that TensorFlow gave to namespaces of its public API.
TENSORFLOW_NAMES = {
    "src/metagraft/api/data",
    "src/metagraft/compat/core/util",
    "src/metagraft/compat/python/layers/base",
    "src/metagraft/compat/python/layers/utils",
    "src/metagraft/compat/python/saved_model/utils",
    "src/metagraft/compat/python/util",
    "src/metagraft/compat/v1/saved_model/utils",
}
# Homes, temporary folders and addresses of package registries.
MACHINE = re.compile(
    rb"(?<![\w.$}/])/(?:home|Users|root|work|workspace|mnt|tmp)/[\w.-]+|"
    rb"https?://[\w.-]*(?:pypi|pythonhosted|artifactory|npmjs)[\w.-]*/"
)


def tracked_files() -> list[Path]:
    """Return the files under version control; skip where there is no git."""
    try:
        listed = subprocess.run(
            ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("not a git checkout")
    names = listed.stdout.decode().split("\0")
    return [path for name in names if name and (path := ROOT / name).is_file()]


def test_no_file_names_a_machine() -> None:
    """No path and no registry that exists on one machine only."""
    found = {
        path.relative_to(ROOT).as_posix(): match.group().decode()
        for path in tracked_files()
        if (match := MACHINE.search(path.read_bytes()))
    }
    assert not found, found


def test_modules_are_named_after_what_they_do() -> None:
    """No module is called utils, helpers, common and the like."""
    found = [
        name
        for path in tracked_files()
        if path.suffix == ".py" and not path.name.startswith("test_")
        for part in path.relative_to(ROOT).parents
        if (name := part.as_posix()) not in TENSORFLOW_NAMES
        and part.name in EMPTY_NAMES
    ] + [
        path.relative_to(ROOT).as_posix()
        for path in tracked_files()
        if path.suffix == ".py"
        and path.stem in EMPTY_NAMES
        and path.relative_to(ROOT).with_suffix("").as_posix() not in TENSORFLOW_NAMES
    ]
    assert not found, found
