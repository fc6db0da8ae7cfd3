"""Records what TensorFlow says about the graphs of `malformed_graph_defs`.

Each is imported in a process of its own: some of them end it.

Usage: python -m tests.golden.record.record_malformed_graphs
"""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from types import ModuleType
from typing import Any

from google.protobuf import text_format

from tests.golden.record import tensorflow_v1
from tests.programs.malformed_graph_defs import MALFORMED

FOLDER = Path(__file__).resolve().parent.parent / "malformed_graphs"
SECONDS = 30


def outcome(tf: ModuleType, text: str) -> dict[str, Any]:
    """Return the class and the message of an error, or that there is none."""
    try:
        graph_def = text_format.Parse(text, tf.GraphDef())
        with tf.Graph().as_default():
            tf.import_graph_def(graph_def, name="")
    # Any error is an answer.
    except Exception as error:  # noqa: BLE001
        # An unknown op's message goes on with the name of the machine.
        message = str(error).partition(" in binary running on ")[0]
        return {"error": type(error).__name__, "message": message[:400]}
    return {}


def outcome_of_process(tf: ModuleType, text: str) -> dict[str, Any]:
    """Return the outcome in a copy of this process, or how the copy ended."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        signal.alarm(SECONDS)
        os.write(writing, json.dumps(outcome(tf, text)).encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as answers:
        content = answers.read()
    _, status = os.waitpid(child, 0)
    if content:
        return json.loads(content)
    number = os.waitstatus_to_exitcode(status)
    return {"error": "process", "message": signal.Signals(-number).name}


def main() -> None:
    """Write one file with the outcome of every graph."""
    tf = tensorflow_v1.load()
    FOLDER.mkdir(exist_ok=True)
    outcomes = {name: outcome_of_process(tf, t) for name, t in MALFORMED.items()}
    content = json.dumps(outcomes, indent=1, sort_keys=True)
    (FOLDER / "outcomes.json").write_text(content + "\n", encoding="utf-8")
    (FOLDER / "VERSION").write_text(f"tensorflow {tf.__version__}\n", encoding="utf-8")
    print(f"outcomes.json: {len(outcomes)} graphs")


if __name__ == "__main__":
    main()
