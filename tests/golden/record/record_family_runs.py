"""Records what programs of rarer op families compute with TensorFlow, and its errors.

Usage: python -m tests.golden.record.record_family_runs [MODULE ...]
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np

from tests.golden.record.tensorflow_v1 import load
from tests.programs import every_family_run as families

FOLDER = Path(__file__).resolve().parent.parent / "family_runs"


def main(names: list[str]) -> None:
    """Write the values and the errors of each module."""
    tf = load()
    FOLDER.mkdir(exist_ok=True)
    for name in names or families.MODULES:
        arrays = {
            f"{run}.{place}": value
            for run in families.MODULES[name].RUNS
            for place, value in enumerate(families.results(tf, f"{name}.{run}"))
        }
        np.savez_compressed(FOLDER / f"{name}.npz", **arrays)
        errors = {
            mistake: families.error_of(tf, f"{name}.{mistake}")
            for mistake in families.MODULES[name].MISTAKES
        }
        text = json.dumps(errors, indent=1, sort_keys=True)
        (FOLDER / f"{name}.json").write_text(text + "\n", encoding="utf-8")
        print(f"{name}: {len(arrays)} values, {len(errors)} errors")
    (FOLDER / "VERSION").write_text(f"tensorflow {tf.__version__}\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
