"""Records the MetaGraphs that TensorFlow exports for `tests.programs.meta_graphs`.

Also what it answers to the questions in `tests.programs.export_probes` and
`tests.programs.export_collection_probes`.

Usage: python -m tests.golden.record.record_meta_graphs [PROGRAM ...]

`PROGRAM` may be `probes`.
"""

from __future__ import annotations

import gzip
import json
import sys
import warnings
from pathlib import Path
from types import ModuleType

from tests.golden.record import tensorflow_v1
from tests.programs.export_collection_probes import COLLECTION_PROBES
from tests.programs.export_probes import EXPORT_PROBES
from tests.programs.graph_util_probes import UTILITY_PROBES
from tests.programs.meta_graphs import EXPORTS

FOLDER = Path(__file__).resolve().parent.parent / "meta_graphs"


def main(names: list[str]) -> None:
    """Write one compressed MetaGraph for each program."""
    tf = tensorflow_v1.load()
    FOLDER.mkdir(exist_ok=True)
    warnings.simplefilter("ignore")
    chosen = names or [*EXPORTS, "probes"]
    if "probes" in chosen:
        record_probes(tf)
    for name in chosen:
        if name == "probes":
            continue
        with tf.Graph().as_default():
            exported = EXPORTS[name](tf)
        path = FOLDER / f"{name}.pb.gz"
        content = exported.SerializeToString(deterministic=True)
        path.write_bytes(gzip.compress(content, mtime=0))
        print(f"{path.name}: {len(exported.graph_def.node)} nodes")
    (FOLDER / "VERSION").write_text(f"tensorflow {tf.__version__}\n", encoding="utf-8")


def record_probes(tf: ModuleType) -> None:
    """Write the answers to all probes."""
    answers = {}
    for probe in (*EXPORT_PROBES, *COLLECTION_PROBES, *UTILITY_PROBES):
        with tf.Graph().as_default():
            answers[probe.__name__] = probe(tf)
    content = json.dumps(answers, indent=1, sort_keys=True)
    (FOLDER / "probes.json").write_text(content + "\n", encoding="utf-8")
    print(f"probes.json: {len(answers)} probes")


if __name__ == "__main__":
    main(sys.argv[1:])
