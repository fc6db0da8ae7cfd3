"""Records what TensorFlow returns, or raises, for `tests.programs.session_runs`.

Usage: python -m tests.golden.record.record_session_runs
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from types import ModuleType
from typing import Any

from tests.golden.record import tensorflow_v1
from tests.plain_values import plain
from tests.programs.session_runs import ERRORS, VALUES

FOLDER = Path(__file__).resolve().parent.parent / "session_runs"


def error_of(tf: ModuleType, program: Any) -> dict[str, str]:
    """Return the class of the error, what it says, and the node it names."""
    with tf.Graph().as_default():
        try:
            program(tf)
        except Exception as error:  # noqa: BLE001 - whatever TensorFlow raises
            text = getattr(error, "message", None) or str(error)
            # Around the message TensorFlow tells where the node was made.
            text = text.removeprefix("Graph execution error:\n\n")
            text = re.sub(r"(?s)\ADetected at node.*?\nNode: '[^']*'\n", "", text)
            message, _, rest = text.partition("\n\t [[{{node ")
            return {
                "class": type(error).__name__,
                "message": message,
                "node": rest.partition("}}]]")[0],
            }
    raise AssertionError("the program did not fail")


def main() -> None:
    """Write one file with the values and one with the errors."""
    tf = tensorflow_v1.load()
    FOLDER.mkdir(exist_ok=True)
    values = {}
    for name, program in VALUES.items():
        with tf.Graph().as_default():
            values[name] = plain(program(tf))
    errors = {name: error_of(tf, program) for name, program in ERRORS.items()}
    for name, content in (("values", values), ("errors", errors)):
        text = json.dumps(content, indent=1, sort_keys=True)
        (FOLDER / f"{name}.json").write_text(text + "\n", encoding="utf-8")
    (FOLDER / "VERSION").write_text(f"tensorflow {tf.__version__}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
