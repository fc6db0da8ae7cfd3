"""Records what TensorFlow gives for the ops of `tests.programs.edge_operands`.

Usage: python -m tests.golden.record.record_edge_operands
"""

from __future__ import annotations

import json
import os
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

# Its other kernels find fewer faults.
os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"

from tests.golden.record import tensorflow_v1
from tests.plain_values import plain
from tests.programs import edge_operands

FOLDER = Path(__file__).resolve().parent.parent / "edge_operands"


def main() -> None:
    """Write one file with values, errors and shapes."""
    tf = tensorflow_v1.load()
    warnings.simplefilter("ignore")
    FOLDER.mkdir(exist_ok=True)
    runs = {**edge_operands.VALUES, **edge_operands.ERRORS}
    found = {name: plain(edge_operands.result(tf, edge)) for name, edge in runs.items()}
    for name, run in edge_operands.RUNS.items():
        with tf.Graph().as_default():
            found[name] = plain(run(tf))
    shapes = {n: edge_operands.shape(tf, e) for n, e in edge_operands.SHAPES.items()}
    parts = {"results": found, "shapes": shapes}
    text = ",\n".join(f'"{name}": {_lines(part)}' for name, part in parts.items())
    (FOLDER / "results.json").write_text(f"{{{text}}}\n", encoding="utf-8")
    (FOLDER / "VERSION").write_text(f"tensorflow {tf.__version__}\n", encoding="utf-8")


def _lines(results: Mapping[str, Any]) -> str:
    """Return an object of JSON with a line for each name."""
    lines = (
        f"{json.dumps(name)}: {json.dumps(found, sort_keys=True)}"
        for name, found in sorted(results.items())
    )
    return "{\n" + ",\n".join(lines) + "}"


if __name__ == "__main__":
    main()
