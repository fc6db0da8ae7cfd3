"""Records what TensorFlow answers to the questions about imports, as JSON.

Usage: python -m tests.golden.record.record_import_probes
"""

from __future__ import annotations

import json
from pathlib import Path

from tests.golden.record import tensorflow_v1
from tests.programs.import_collection_probes import STATE_PROBES
from tests.programs.import_graph_def_probes import GRAPH_DEF_PROBES
from tests.programs.import_probes import GRAPH_PROBES

FOLDER = Path(__file__).resolve().parent.parent / "import_probes"


def main() -> None:
    """Write the answers."""
    tf = tensorflow_v1.load()
    answers = {}
    for probe in (*GRAPH_PROBES, *STATE_PROBES, *GRAPH_DEF_PROBES):
        with tf.Graph().as_default():
            answers[probe.__name__] = probe(tf)
    FOLDER.mkdir(exist_ok=True)
    content = json.dumps(answers, indent=1)
    (FOLDER / "answers.json").write_text(content + "\n", encoding="utf-8")
    (FOLDER / "VERSION").write_text(f"tensorflow {tf.__version__}\n", encoding="utf-8")
    print(f"answers.json: {len(answers)} probes")


if __name__ == "__main__":
    main()
