"""Records what TensorFlow computes for branches, loops and arrays of tensors.

The programs are those of `tests.programs.control_flow_runs`, `tensor_array_runs`,
`long_loops` and `optional_sums`.

Usage: python -m tests.golden.record.record_control_flow_runs
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from tests.golden.record import tensorflow_v1
from tests.golden.record.record_session_runs import error_of
from tests.programs import (
    control_flow_runs,
    long_loops,
    optional_sums,
    tensor_array_runs,
    tensor_list_mistakes,
)

FOLDER = Path(__file__).resolve().parent.parent / "control_flow_runs"


def main() -> None:
    """Write one file with the values of every program."""
    tf = tensorflow_v1.load()
    FOLDER.mkdir(exist_ok=True)
    values = {}
    runs = (control_flow_runs, tensor_array_runs, long_loops, optional_sums)
    programs = [pair for each in runs for pair in each.PROGRAMS.items()]
    for name, program in programs:
        with tf.Graph().as_default():
            values[name] = [np.asarray(value).tolist() for value in program(tf)]
        print(f"{name}: {len(values[name])} values")
    lines = ",\n".join(f'"{k}": {json.dumps(v)}' for k, v in values.items())
    (FOLDER / "values.json").write_text(f"{{\n{lines}\n}}\n", encoding="utf-8")
    mistaken = (tensor_array_runs, tensor_list_mistakes, optional_sums)
    mistakes = [pair for each in mistaken for pair in each.MISTAKES.items()]
    errors = {name: error_of(tf, mistake) for name, mistake in mistakes}
    text = json.dumps(errors, indent=1, sort_keys=True)
    (FOLDER / "errors.json").write_text(f"{text}\n", encoding="utf-8")
    (FOLDER / "VERSION").write_text(f"tensorflow {tf.__version__}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
