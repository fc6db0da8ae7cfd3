"""Records the values of all variables after some steps of every optimizer.

Usage: python -m tests.golden.record.record_optimizer_runs [PROGRAM ...]
"""

from __future__ import annotations

import sys
import warnings
from pathlib import Path

import numpy as np

from tests.golden.record import tensorflow_v1
from tests.programs import optimizers
from tests.training_values import values_after_training

FOLDER = Path(__file__).resolve().parent.parent / "optimizer_runs"


def main(names: list[str]) -> None:
    """Write one file of values for each program."""
    tf = tensorflow_v1.load()
    FOLDER.mkdir(exist_ok=True)
    warnings.simplefilter("ignore")
    for program in optimizers.RUNS:
        if names and program.__name__ not in names:
            continue
        values = values_after_training(tf, program)
        path = FOLDER / f"{program.__name__}.npz"
        np.savez(path, **values)
        print(f"{path.name}: {len(values)} variables")
    (FOLDER / "VERSION").write_text(f"tensorflow {tf.__version__}\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
