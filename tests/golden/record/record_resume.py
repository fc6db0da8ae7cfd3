"""Records how TensorFlow trains the models, stops, and goes on.

For each model: `model.meta` and the checkpoint after 20 steps, and the losses of these
steps and of the 20 after restoring, in `losses.json`. `text.meta` is the graph of the
first model as text.

Usage: python -m tests.golden.record.record_resume
"""

from __future__ import annotations

import json
import shutil
import warnings
from pathlib import Path
from types import ModuleType

from tests import training_runs
from tests.golden.record import tensorflow_v1

FOLDER = Path(__file__).resolve().parent.parent / "resume"


def main() -> None:
    """Train every model from its beginning and from its files."""
    tf = tensorflow_v1.load()
    warnings.simplefilter("ignore")
    shutil.rmtree(FOLDER, ignore_errors=True)
    for name in training_runs.MODELS:
        folder = FOLDER / name
        folder.mkdir(parents=True)
        prefix = folder / "model"
        started = training_runs.start(tf, name, prefix)
        resumed = training_runs.go_on(tf, name, prefix)
        (folder / "checkpoint").unlink()  # holds where it was recorded
        (folder / "losses.json").write_text(
            json.dumps({"started": started, "resumed": resumed}, indent=1) + "\n",
            encoding="utf-8",
        )
        print(f"{name}: {started[0]:.4f} -> {started[-1]:.4f} -> {resumed[-1]:.4f}")
    _write_text(tf, FOLDER / "mlp")
    (FOLDER / "VERSION").write_text(f"tensorflow {tf.__version__}\n", encoding="utf-8")


def _write_text(tf: ModuleType, folder: Path) -> None:
    """Write the graph of a model once more, as text."""
    with tf.Graph().as_default():
        saver = tf.train.import_meta_graph(str(folder / "model.meta"))
        saver.export_meta_graph(str(folder / "text.meta"), as_text=True)


if __name__ == "__main__":
    main()
