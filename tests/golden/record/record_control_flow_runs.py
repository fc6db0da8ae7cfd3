"""Records what TensorFlow computes for `tests.programs.control_flow_runs`.

Usage: python -m tests.golden.record.record_control_flow_runs
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from tests.golden.record import tensorflow_v1
from tests.programs.control_flow_runs import PROGRAMS

FOLDER = Path(__file__).resolve().parent.parent / "control_flow_runs"


def main() -> None:
    """Write one file with the values of every program."""
    tf = tensorflow_v1.load()
    FOLDER.mkdir(exist_ok=True)
    values = {}
    for name, program in PROGRAMS.items():
        with tf.Graph().as_default():
            values[name] = [np.asarray(value).tolist() for value in program(tf)]
        print(f"{name}: {len(values[name])} values")
    lines = ",\n".join(f'"{k}": {json.dumps(v)}' for k, v in values.items())
    (FOLDER / "values.json").write_text(f"{{\n{lines}\n}}\n", encoding="utf-8")
    (FOLDER / "VERSION").write_text(f"tensorflow {tf.__version__}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
