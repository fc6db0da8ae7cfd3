"""Records what TensorFlow answers to the questions in `tests.programs.name_probes`.

Usage: python -m tests.golden.record.record_name_probes
"""

from __future__ import annotations

import json
import warnings
from pathlib import Path

from tests.golden.record import tensorflow_v1
from tests.programs.name_probes import NAME_PROBES

PATH = Path(__file__).resolve().parent.parent / "names" / "probes.json"


def main() -> None:
    """Write the answers to all questions."""
    tf = tensorflow_v1.load()
    warnings.simplefilter("ignore")
    answers = {}
    for probe in NAME_PROBES:
        with tf.Graph().as_default():
            answers[probe.__name__] = probe(tf)
    PATH.parent.mkdir(exist_ok=True)
    text = json.dumps(answers, indent=1, sort_keys=True)
    PATH.write_text(text + "\n", encoding="utf-8")
    version = PATH.with_name("VERSION")
    version.write_text(f"tensorflow {tf.__version__}\n", encoding="utf-8")
    print(f"{PATH.name}: {len(answers)} probes")


if __name__ == "__main__":
    main()
