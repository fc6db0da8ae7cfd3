"""Runs the four programs as separate processes, then checks and shows what they did."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

import curve
import files

PROGRAMS = ("train.py", "resume.py", "infer.py", "graft.py")


def run(program: str) -> float:
    """Run one program to its end and return the seconds it took."""
    start = time.monotonic()
    path = Path(__file__).resolve().parent / program
    finished = subprocess.run([sys.executable, str(path)], check=False)
    if finished.returncode:
        sys.exit(f"{program} failed with exit status {finished.returncode}")
    return time.monotonic() - start


def main() -> None:
    """Run everything in a clean folder; fail when any promise does not hold."""
    shutil.rmtree(files.FOLDER, ignore_errors=True)
    Path(files.FOLDER).mkdir(parents=True)
    times = Table("program", "seconds")
    for program in PROGRAMS:
        times.add_row(program, f"{run(program):.1f}")

    first, second = curve.read(files.FIRST_HALF), curve.read(files.SECOND_HALF)
    curve.check(first, second)
    curve.draw(files.PICTURE, first, second)
    console = Console()
    console.print(times)
    console.print(
        f"The loss goes on where it stopped: {first.at_stop:.6f} saved, "
        f"{second.at_stop:.6f} restored."
    )
    console.print(f"Learning curve: {files.PICTURE}", soft_wrap=True)
    console.print(f"All files:      {files.FOLDER}", soft_wrap=True)


if __name__ == "__main__":
    main()
