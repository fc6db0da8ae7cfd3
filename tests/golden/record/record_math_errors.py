"""Records how TensorFlow words the mistakes of `tests.programs.mathematics_errors`.

Usage: python -m tests.golden.record.record_math_errors
"""

from __future__ import annotations

import json
import re
from pathlib import Path

from tests.golden.record.tensorflow_v1 import load
from tests.programs.mathematics_errors import ERRORS, Operands

FOLDER = Path(__file__).resolve().parent.parent / "math_errors"
# What follows names the node in a way of its own: '{{node x}} = Op[...](inputs)'.
NODE = re.compile(r" for '\{\{node .*", re.DOTALL)


def main() -> None:
    """Write tests/golden/math_errors/errors.json."""
    tf = load()
    found = {}
    for name, program in ERRORS.items():
        with tf.Graph().as_default():
            operands = Operands(tf)
            try:
                program(operands)
            except Exception as error:  # noqa: BLE001 - which one is the question
                text = NODE.sub("", str(error))
                found[name] = {"class": type(error).__name__, "message": text}
            else:
                raise AssertionError(f"{name} does not fail")
    FOLDER.mkdir(exist_ok=True)
    text = json.dumps(found, indent=1, sort_keys=True)
    (FOLDER / "errors.json").write_text(text + "\n", encoding="utf-8")
    (FOLDER / "VERSION").write_text(f"tensorflow {tf.__version__}\n", encoding="utf-8")
    print(f"errors.json: {len(found)} errors")


if __name__ == "__main__":
    main()
