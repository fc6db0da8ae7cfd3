"""Records what the programs of `tests.programs.sparse_runs` compute with TensorFlow.

And what TensorFlow says to the mistakes in `tests.programs.sparse_mistakes`.

Usage: python -m tests.golden.record.record_sparse_runs
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from tests.golden.record.tensorflow_v1 import load
from tests.programs import sparse_mistakes, sparse_runs

FOLDER = Path(__file__).resolve().parent.parent / "sparse_runs"


def storable(value: Any) -> Any:
    """Return an array that needs no pickling; strings of any length."""
    array = np.asarray(value)
    return array.astype(np.bytes_) if array.dtype == np.dtype(object) else array


def main() -> None:
    """Write one file with the values and one with the errors."""
    tf = load()
    FOLDER.mkdir(exist_ok=True)
    arrays = {}
    for name, run in sparse_runs.RUNS.items():
        with tf.Graph().as_default():
            for place, value in enumerate(run(tf)):
                arrays[f"{name}.{place}"] = storable(value)
    np.savez_compressed(FOLDER / "values.npz", **arrays)
    errors = {}
    for name, mistake in sparse_mistakes.MISTAKES.items():
        with tf.Graph().as_default():
            errors[name] = sparse_mistakes.error_of(tf, mistake)
    text = json.dumps(errors, indent=1, sort_keys=True)
    (FOLDER / "errors.json").write_text(text + "\n", encoding="utf-8")
    (FOLDER / "VERSION").write_text(f"tensorflow {tf.__version__}\n", encoding="utf-8")
    print(f"{len(arrays)} values, {len(errors)} errors")


if __name__ == "__main__":
    main()
