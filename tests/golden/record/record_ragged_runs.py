"""Records what TensorFlow returns for the programs of `tests.programs.ragged_runs`.

Usage: python -m tests.golden.record.record_ragged_runs
"""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any

from tests.golden.record import tensorflow_v1
from tests.programs.ragged_runs import PROGRAMS

FOLDER = Path(__file__).resolve().parent.parent / "ragged_runs"


def main() -> None:
    """Write nested lists for each program."""
    tf = tensorflow_v1.load()
    warnings.simplefilter("ignore")
    found: dict[str, Any] = {}
    for program in PROGRAMS:
        with tf.Graph().as_default(), tf.Session() as session:
            values = session.run(program(tf))
            found[program.__name__] = [
                v.to_list() if hasattr(v, "to_list") else v.tolist() for v in values
            ]
    FOLDER.mkdir(exist_ok=True)
    text = json.dumps(found, indent=1) + "\n"
    (FOLDER / "values.json").write_text(text, encoding="utf-8")
    (FOLDER / "VERSION").write_text(f"tensorflow {tf.__version__}\n", encoding="utf-8")
    print(FOLDER.name)


if __name__ == "__main__":
    main()
