"""Records small networks of well-known architectures and what TensorFlow computes.

The MetaGraph of each is stored with the outputs of inference and the losses of three
steps of training. Those of slim need TensorFlow 1.15, which still has contrib, with
`old` as the argument.

Usage: python -m tests.golden.record.record_architectures [old] [PROGRAM ...]
"""

from __future__ import annotations

import gzip
import sys
import warnings
from pathlib import Path

import numpy as np

from tests.golden.record import tensorflow_v1
from tests.programs import architecture_parts as parts

FOLDER = Path(__file__).resolve().parent.parent / "architectures"
N_STEPS = 3


def programs(old):
    """Return the programs of a release of TensorFlow."""
    if old:
        from tests.programs import architectures_slim

        return architectures_slim.PROGRAMS
    from tests.programs import every_architecture

    return every_architecture.PROGRAMS


def record(tf, program) -> None:
    """Write the graph of one program, and its values."""
    with tf.Graph().as_default(), tf.Session() as session:
        program(tf)
        parts.initialize(tf)
        stored = tf.train.export_meta_graph(clear_extraneous_savers=True)
        values = parts.results(tf, session, N_STEPS)
    path = FOLDER / f"{program.__name__}.meta.gz"
    path.write_bytes(gzip.compress(stored.SerializeToString(), 9))
    np.savez_compressed(FOLDER / f"{program.__name__}.npz", **values)
    losses = [values[key].tolist() for key in sorted(values) if "loss" in key]
    print(f"{program.__name__}: {path.stat().st_size} bytes, {losses}")


def main(arguments) -> None:
    """Write all, or those that are named."""
    old = arguments[:1] == ["old"]
    names = arguments[1:] if old else arguments
    if old:
        import tensorflow as tf

        tf.logging.set_verbosity(tf.logging.FATAL)
    else:
        tf = tensorflow_v1.load()
    FOLDER.mkdir(exist_ok=True)
    warnings.simplefilter("ignore")
    for program in programs(old):
        if not names or program.__name__ in names:
            record(tf, program)
    version = "VERSION_OF_SLIM" if old else "VERSION"
    (FOLDER / version).write_text(f"tensorflow {tf.__version__}\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
