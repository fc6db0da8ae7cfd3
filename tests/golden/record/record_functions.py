"""Records the graphs of programs with functions, with shapes, and what they compute.

Usage: python -m tests.golden.record.record_functions [PROGRAM ...]
"""

from __future__ import annotations

import gzip
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from tests.golden.record import tensorflow_v1
from tests.programs.every_function_program import IMPORTED, PROGRAMS, control_flow

FOLDER = Path(__file__).resolve().parent.parent / "functions"


def plain(value: Any) -> Any:
    """Return a value as an array that is stored without Python objects."""
    array = np.asarray(value)
    return array.astype(np.bytes_) if array.dtype == object else array


def main(names: list[str]) -> None:
    """Write one compressed graph definition, and the fetched values, per program."""
    tf = tensorflow_v1.load()
    FOLDER.mkdir(exist_ok=True)
    warnings.simplefilter("ignore")
    programs = PROGRAMS | IMPORTED
    for name in names or programs:
        with control_flow(tf, name), tf.Graph().as_default() as graph:
            fetches = list(programs[name](tf))
            graph_def = graph.as_graph_def(add_shapes=True)
            initializer = tf.global_variables_initializer()
            with tf.Session() as session:
                session.run(initializer)
                values = session.run(fetches)
        content = graph_def.SerializeToString(deterministic=True)
        (FOLDER / f"{name}.pb.gz").write_bytes(gzip.compress(content, mtime=0))
        named: dict[str, Any] = {}
        if name in IMPORTED:
            named["names"] = np.array([tensor.name for tensor in fetches])
        arrays = [plain(value) for value in values]
        np.savez(FOLDER / f"{name}.npz", *arrays, **named)
        print(name, len(graph_def.node), "nodes", len(graph_def.library.function))
    (FOLDER / "VERSION").write_text(f"tensorflow {tf.__version__}\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
