"""Reads damaged files of every kind until interrupted: `make fuzz`.

Usage: python -m tests.fuzz [--seconds=N] [--count=N] [--seed=N] [--kind=KIND]
    [--folder=PATH]

With `--kind`, `--seed` and `--count=1` one input is made again, as a failure prints it.
"""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
import time
import traceback
from collections import Counter
from itertools import islice
from pathlib import Path
from random import SystemRandom

from tests.fuzz import campaign, file_campaign, model_runs
from tests.fuzz.examination import Problem

KINDS = (*campaign.KINDS, *file_campaign.KINDS, *model_runs.KINDS)
Input = campaign.Input | file_campaign.FileInput | model_runs.ModelInput
DEFAULT_FOLDER = Path("build") / "fuzz"


def main() -> int:
    """Run as the arguments say; the status is 1 if anything was found."""
    parser = argparse.ArgumentParser(prog="make fuzz", description=__doc__)
    parser.add_argument("--seconds", type=float, default=float("inf"))
    parser.add_argument("--count", type=int, help="of inputs")
    parser.add_argument("--seed", type=int, help="of the first input")
    parser.add_argument("--kind", choices=KINDS, help="only inputs of it")
    parser.add_argument("--folder", type=Path, default=DEFAULT_FOLDER)
    options = parser.parse_args()
    seed = SystemRandom().randrange(1 << 30) if options.seed is None else options.seed
    print(f"seed {seed}", flush=True)
    started = time.monotonic()
    tried: Counter[str] = Counter()
    found: Counter[str] = Counter()
    try:
        for item in islice(campaign.inputs(seed, options.kind), options.count):
            if time.monotonic() - started > options.seconds:
                break
            word = _examined(item, options.folder, found)
            tried[f"{item.kind} {word}"] += 1
    except KeyboardInterrupt:
        print("interrupted")
    for word, count in sorted(tried.items()):
        print(f"{count:7} {word}")
    for where, count in found.most_common():
        print(f"{count:7} {where}")
    print(f"{tried.total()} inputs, {found.total()} failures")
    return 1 if found else 0


def _examined(item: Input, folder: Path, found: Counter[str]) -> str:
    with tempfile.TemporaryDirectory() as work:
        try:
            return item.examine(Path(work)).word
        # Whatever an input brings about is what the run looks for.
        except (Problem, Exception) as problem:  # noqa: BLE001
            where = _place(problem)
            found[where] += 1
            if found[where] == 1:  # more of the same tell nothing new
                folder.mkdir(parents=True, exist_ok=True)
                path = folder / f"{item.kind}-{item.seed}{item.suffix}"
                path.write_bytes(item.content)
                print(f"\n{path}: {item}")
                print(ascii_only("".join(traceback.format_exception(problem))))
            return "FAILED"


def _place(problem: BaseException) -> str:
    """Return what tells one failure from another: kind, and line of the cause."""
    cause = problem.__cause__ or problem
    frame = traceback.extract_tb(cause.__traceback__)[-1]
    reason = ascii_only(re.split(r"[:{]", str(problem))[0])
    return f"{type(cause).__name__} {Path(frame.filename).name}:{frame.lineno} {reason}"


def ascii_only(text: str) -> str:
    """Return a text that any terminal shows."""
    return text.encode("ascii", "backslashreplace").decode()


if __name__ == "__main__":
    sys.exit(main())
