"""Records the contexts that TensorFlow stores for programs with branches and loops.

Usage: python -m tests.golden.record.record_contexts
"""

from __future__ import annotations

import gzip
import importlib
from pathlib import Path

from tests.golden.record import tensorflow_v1
from tests.programs import branches, folds, while_loops

FOLDER = Path(__file__).resolve().parent.parent / "contexts"


def main() -> None:
    """Write one compressed MetaGraph per program, its nodes and contexts."""
    tf = tensorflow_v1.load()
    messages = importlib.import_module("tensorflow.core.protobuf.control_flow_pb2")
    kinds = {
        "cond_context": messages.CondContextDef,
        "while_context": messages.WhileContextDef,
    }
    FOLDER.mkdir(exist_ok=True)
    for program in (*branches.PROGRAMS, *while_loops.PROGRAMS, *folds.PROGRAMS):
        with tf.Graph().as_default():
            program(tf)
            meta_graph = tf.train.export_meta_graph(
                collection_list=["cond_context", "while_context"]
            )
        meta_graph.ClearField("meta_info_def")
        for kind, message in kinds.items():
            stored = meta_graph.collection_def[kind].bytes_list.value
            contexts = [message.FromString(content) for content in stored]
            # TensorFlow writes the entries of maps in any order.
            stored[:] = [c.SerializeToString(deterministic=True) for c in contexts]
        content = meta_graph.SerializeToString(deterministic=True)
        path = FOLDER / f"{program.__name__}.meta.gz"
        path.write_bytes(gzip.compress(content, mtime=0))
        print(f"{path.name}: {len(content)} bytes")
    (FOLDER / "VERSION").write_text(f"tensorflow {tf.__version__}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
