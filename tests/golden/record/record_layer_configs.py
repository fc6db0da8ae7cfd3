"""Records what TensorFlow's `get_config` returns for `tests.programs.layer_configs`.

Usage: python -m tests.golden.record.record_layer_configs
"""

from __future__ import annotations

import json
from pathlib import Path

from tests.golden.record import tensorflow_v1
from tests.programs.layer_configs import KINDS

FOLDER = Path(__file__).resolve().parent.parent / "layer_configs"


def main() -> None:
    """Write a list of configs for each kind."""
    tf = tensorflow_v1.load()
    found = {}
    for kind in KINDS:
        with tf.Graph().as_default():
            found[kind.__name__] = [layer.get_config() for layer in kind(tf)]
    FOLDER.mkdir(exist_ok=True)
    text = json.dumps(found, indent=1) + "\n"
    (FOLDER / "configs.json").write_text(text, encoding="utf-8")
    (FOLDER / "VERSION").write_text(f"tensorflow {tf.__version__}\n", encoding="utf-8")
    print(FOLDER.name)


if __name__ == "__main__":
    main()
