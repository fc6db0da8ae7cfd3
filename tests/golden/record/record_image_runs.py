"""Records what the functions of `tf.image` in `tests/programs/image_runs.py` compute.

Usage: python -m tests.golden.record.record_image_runs
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tests.golden.record.tensorflow_v1 import load
from tests.programs import image_runs

OUT = Path(__file__).parents[1] / "image_runs" / "values.npz"


def main() -> None:
    """Record every program."""
    tf = load()
    values = {
        f"{name}.{part}": value
        for name in image_runs.RUNS
        for part, value in image_runs.run(tf, name).items()
    }
    OUT.parent.mkdir(exist_ok=True)
    np.savez_compressed(OUT, **values)
    version = f"tensorflow {tf.__version__}\n"
    (OUT.parent / "VERSION").write_text(version, encoding="utf-8")
    print(f"{OUT.name}: {len(values)} values")


if __name__ == "__main__":
    main()
