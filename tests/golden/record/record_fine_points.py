"""Records what TensorFlow gives for the programs of `tests.programs.fine_points`.

And for those of `tests.programs.corner_points` and `list_refusals`.

Usage: python -m tests.golden.record.record_fine_points
"""

from __future__ import annotations

import json
import warnings
from pathlib import Path

from tests.golden.record import tensorflow_v1
from tests.plain_values import plain
from tests.programs import corner_points, fine_points, list_refusals

FOLDER = Path(__file__).resolve().parent.parent / "fine_points"


def main() -> None:
    """Write one file with the values."""
    tf = tensorflow_v1.load()
    warnings.simplefilter("ignore")
    FOLDER.mkdir(exist_ok=True)
    values = {}
    runs = {**fine_points.RUNS, **corner_points.RUNS, **list_refusals.RUNS}
    for name, run in runs.items():
        with tf.Graph().as_default():
            values[name] = plain(run(tf))
    text = json.dumps(values, indent=1, sort_keys=True)
    (FOLDER / "values.json").write_text(text + "\n", encoding="utf-8")
    (FOLDER / "VERSION").write_text(f"tensorflow {tf.__version__}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
