"""Records what TensorFlow says about the graphs of `tests.programs.graph_defs`.

Usage: python -m tests.golden.record.record_import_graph_def
"""

from __future__ import annotations

import json
from pathlib import Path
from types import ModuleType
from typing import Any

from google.protobuf import text_format

from tests.golden.record import tensorflow_v1
from tests.programs.graph_defs import GRAPH_DEFS

FOLDER = Path(__file__).resolve().parent.parent / "import_graph_def"


def outcome(tf: ModuleType, text: str) -> dict[str, Any]:
    """Return what an import gives: nodes and versions, or an error."""
    graph_def = text_format.Parse(text, tf.GraphDef())
    with tf.Graph().as_default() as graph:
        try:
            tf.import_graph_def(graph_def, name="")
        # Any error is an answer.
        except Exception as error:  # noqa: BLE001
            return {"error": type(error).__name__, "message": str(error)}
        return {"graph": text_format.MessageToString(graph.as_graph_def())}


def main() -> None:
    """Write one file with the outcome of every graph."""
    tf = tensorflow_v1.load()
    FOLDER.mkdir(exist_ok=True)
    outcomes = {name: outcome(tf, text) for name, text in GRAPH_DEFS.items()}
    content = json.dumps(outcomes, indent=1, sort_keys=True)
    (FOLDER / "outcomes.json").write_text(content + "\n", encoding="utf-8")
    (FOLDER / "VERSION").write_text(f"tensorflow {tf.__version__}\n", encoding="utf-8")
    print(f"outcomes.json: {len(outcomes)} graphs")


if __name__ == "__main__":
    main()
