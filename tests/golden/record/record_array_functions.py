"""Records graphs with shapes, and values, of the programs of array functions.

Usage: python -m tests.golden.record.record_array_functions [PROGRAM ...]
"""

from __future__ import annotations

import gzip
import json
import sys
import warnings
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from tests.golden.record import tensorflow_v1
from tests.programs.array_functions import PROGRAMS
from tests.programs.array_mistakes import BUILDING, RUNNING

FOLDER = Path(__file__).resolve().parent.parent / "array_functions"


def described(value: Any) -> dict[str, Any]:
    """Return an array as JSON can hold it: bytes as text, numbers exactly."""
    array = np.asarray(value)
    flat = array.reshape(-1)
    if array.dtype == object:
        data: Any = [item.decode() for item in flat]
    else:
        data = np.ascontiguousarray(flat).tobytes().hex()
    return {"dtype": str(array.dtype), "shape": list(array.shape), "data": data}


def refused(tf: ModuleType, name: str) -> list[str]:
    """Return class and first sentence of the error that a mistake causes."""
    with tf.Graph().as_default(), tf.Session() as session:
        try:
            result = (BUILDING.get(name) or RUNNING[name])(tf)
            if name in RUNNING:
                session.run(result)
        except Exception as error:  # noqa: BLE001 - whatever it is
            return [type(error).__name__, sentence(error)]
    raise SystemExit(f"{name} is not refused")


def sentence(error: Exception) -> str:
    """Return what an error says, without the operation and the place."""
    lines = str(getattr(error, "message", error)).splitlines()
    frame = ("Graph execution error", "Detected at", "Node:", " ")
    first = next(line for line in lines if line and not line.startswith(frame))
    return first.split(" for '")[0].split("\t [[")[0].strip()


def main(names: list[str]) -> None:
    """Write one compressed graph and one list of values for each program."""
    tf = tensorflow_v1.load()
    FOLDER.mkdir(exist_ok=True)
    warnings.simplefilter("ignore")
    for name in names or PROGRAMS:
        with tf.Graph().as_default() as graph:
            fetches, feeds = PROGRAMS[name](tf)
            content = graph.as_graph_def(add_shapes=True).SerializeToString(
                deterministic=True
            )
            with tf.Session() as session:
                values = session.run(fetches, feeds)
        graph_path = FOLDER / f"{name}.pb.gz"
        graph_path.write_bytes(gzip.compress(content, mtime=0))
        text = json.dumps([described(value) for value in values])
        values_path = FOLDER / f"{name}.json.gz"
        values_path.write_bytes(gzip.compress(text.encode(), mtime=0))
        print(f"{name}: {len(graph.get_operations())} nodes, {len(values)} values")
    if not names:
        mistakes = {name: refused(tf, name) for name in (*BUILDING, *RUNNING)}
        text = json.dumps(mistakes, indent=1)
        (FOLDER / "mistakes.json").write_text(text + "\n", encoding="utf-8")
    (FOLDER / "VERSION").write_text(f"tensorflow {tf.__version__}\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
