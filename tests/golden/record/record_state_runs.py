"""Records what TensorFlow gives for programs of state, references and scattering.

Usage: python -m tests.golden.record.record_state_runs
"""

from __future__ import annotations

import json
import warnings
from pathlib import Path

from tests.golden.record import tensorflow_v1
from tests.plain_values import plain
from tests.programs import reference_runs, scatter_runs, state_runs

FOLDER = Path(__file__).resolve().parent.parent / "state_runs"


def main() -> None:
    """Write one file with the values."""
    tf = tensorflow_v1.load()
    warnings.simplefilter("ignore")
    FOLDER.mkdir(exist_ok=True)
    values = {}
    for name, run in (
        state_runs.RUNS | reference_runs.RUNS | scatter_runs.RUNS
    ).items():
        with tf.Graph().as_default():
            values[name] = plain(run(tf))
    text = json.dumps(values, indent=1, sort_keys=True)
    (FOLDER / "values.json").write_text(text + "\n", encoding="utf-8")
    (FOLDER / "VERSION").write_text(f"tensorflow {tf.__version__}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
