"""Records what TensorFlow draws by frequencies, in consecutive runs.

Usage: python -m tests.golden.record.record_unigram_sampling
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.golden.record.tensorflow_v1 import load

OUT = Path(__file__).parents[1] / "network_kernels" / "unigram_sampling.json"
CLASSES = [[0, 3], [4, 3], [2, 2]]
UNIGRAMS = [1.0, 5.0, 0.5, 8.0, 2.0, 3.0, 0.25]
COMMON = {"num_true": 2, "seed": 5, "seed2": 9}
CASES: list[tuple[str, dict[str, Any]]] = [
    (
        "FixedUnigramCandidateSampler",
        {"num_sampled": 4, "unique": True, "range_max": 7, "unigrams": UNIGRAMS},
    ),
    (
        "FixedUnigramCandidateSampler",
        {
            "num_sampled": 9,
            "unique": False,
            "range_max": 5,
            "unigrams": UNIGRAMS,
            "distortion": 0.75,
            "num_reserved_ids": 2,
            "num_shards": 2,
            "shard": 1,
        },
    ),
    (
        "LearnedUnigramCandidateSampler",
        {"num_sampled": 6, "unique": False, "range_max": 7},
    ),
    (
        "ThreadUnsafeUnigramCandidateSampler",
        {"num_sampled": 3, "unique": True, "range_max": 5},
    ),
]


def main() -> None:
    """Write tests/golden/network_kernels/unigram_sampling.json."""
    tf = load()
    found = []
    for op, attrs in CASES:
        with tf.Graph().as_default(), tf.Session() as session:
            made = getattr(tf.raw_ops, op)(true_classes=CLASSES, **COMMON, **attrs)
            runs = [[v.tolist() for v in session.run(list(made))] for _ in range(4)]
        found.append({"op": op, "attrs": {**COMMON, **attrs}, "runs": runs})
    content = {"true_classes": CLASSES, "cases": found}
    OUT.write_text(json.dumps(content) + "\n", encoding="utf-8")
    print(f"{OUT.name}: {len(found)} cases")


if __name__ == "__main__":
    main()
