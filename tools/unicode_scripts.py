"""Write which script each character belongs to, as TensorFlow tells it.

Usage: `python tools/unicode_scripts.py`, in an environment with TensorFlow. Writes
`src/metagraft/kernels/data/unicode_scripts.bin`: where runs of characters of one script
start and the numbers of their scripts, two rows of `int32`, compressed by zlib.
"""

from __future__ import annotations

import zlib
from pathlib import Path

import numpy as np
import tensorflow.compat.v1 as tf

TARGET = (
    Path(__file__).resolve().parents[1]
    / "src/metagraft/kernels/data/unicode_scripts.bin"
)
CHARACTERS = 0x110000


def main() -> None:
    """Ask for every character."""
    with tf.Graph().as_default(), tf.Session() as session:
        asked = tf.placeholder(tf.int32, [CHARACTERS])
        scripts = session.run(
            tf.strings.unicode_script(asked), {asked: np.arange(CHARACTERS)}
        )
    changes = np.flatnonzero(np.diff(scripts)) + 1
    starts = np.concatenate(([0], changes))
    rows = np.stack([starts, scripts[starts]]).astype("<i4")
    TARGET.parent.mkdir(exist_ok=True)
    TARGET.write_bytes(zlib.compress(rows.tobytes(), 9))


if __name__ == "__main__":
    main()
