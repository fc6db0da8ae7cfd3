"""Records what TensorFlow's kernels of CTC compute.

Usage: python -m tests.golden.record.record_ctc_kernels
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tests.golden.record.kernel_values import Case, run, write
from tests.golden.record.tensorflow_v1 import load

OUT = Path(__file__).parents[1] / "network_kernels" / "ctc.npz"
RNG = np.random.RandomState(19)


def normal(*shape: int, dtype: str = "float32", scale: float = 2.0) -> Any:
    """Return rounded normal numbers."""
    return np.round(RNG.standard_normal(shape) * scale, 2).astype(dtype)


def labels(rows: Sequence[Sequence[int]]) -> dict[str, Any]:
    """Return rows as a sparse tensor."""
    places = [(row, place) for row, s in enumerate(rows) for place in range(len(s))]
    return {
        "labels_indices": np.array(places, np.int64).reshape(-1, 2),
        "labels_values": np.array([v for row in rows for v in row], np.int32),
    }


def losses() -> Iterator[Case]:
    """Losses with their gradients, for every attribute."""
    rows = [[0, 1, 1, 2], [3], [2, 2, 2], [1, 0, 4]]
    lengths = np.array([7, 5, 6, 4], np.int32)
    for dtype in ("float32", "float64"):
        for merges in (True, False):
            for collapses in (False, True):
                yield Case(
                    "loss",
                    "CTCLoss",
                    {
                        "ctc_merge_repeated": merges,
                        "preprocess_collapse_repeated": collapses,
                    },
                    {
                        "inputs": normal(8, 4, 6, dtype=dtype),
                        **labels(rows),
                        "sequence_length": lengths,
                    },
                )
    ignoring = {"ignore_longer_outputs_than_inputs": True}
    given = {"inputs": normal(5, 4, 6), **labels(rows)}
    short = np.array([3, 5, 0, 5], np.int32)
    yield Case("loss", "CTCLoss", ignoring, {**given, "sequence_length": short})
    # No path: a repeated label needs a blank between.
    same = labels([[1, 1], [4], [0, 5], [2]])
    given = {"inputs": normal(3, 4, 6), **same}
    lengths = np.array([2, 3, 3, 1], np.int32)
    yield Case("loss", "CTCLoss", {}, {**given, "sequence_length": lengths})
    far = normal(4, 2, 3, scale=200.0)
    yield Case(
        "loss",
        "CTCLoss",
        {},
        {
            "inputs": far,
            **labels([[0], [1, 0]]),
            "sequence_length": np.array([4, 4], np.int32),
        },
    )


def decoders() -> Iterator[Case]:
    """Greedy decoding and beam search; inputs that tie, too."""
    lengths = np.array([9, 0, 6], np.int32)
    for dtype in ("float32", "float64"):
        for merges in (True, False):
            for blank in (-1, 0, 2):
                yield Case(
                    "decoders",
                    "CTCGreedyDecoder",
                    {"merge_repeated": merges, "blank_index": blank},
                    {
                        "inputs": np.round(normal(9, 3, 4, dtype=dtype)),
                        "sequence_length": lengths,
                    },
                )
            for width, paths in ((1, 1), (4, 3), (20, 1)):
                yield Case(
                    "decoders",
                    "CTCBeamSearchDecoder",
                    {
                        "merge_repeated": merges,
                        "beam_width": width,
                        "top_paths": paths,
                    },
                    {
                        "inputs": normal(9, 3, 5, dtype=dtype),
                        "sequence_length": np.array([9, 4, 6], np.int32),
                    },
                )
    for width, paths in ((3, 3), (12, 2)):
        yield Case(
            "decoders",
            "CTCBeamSearchDecoder",
            {"beam_width": width, "top_paths": paths, "merge_repeated": False},
            {
                "inputs": np.zeros((5, 2, 4), np.float32),
                "sequence_length": np.array([5, 4], np.int32),
            },
        )
    impossible = normal(4, 1, 4)
    impossible[1:, 0, 1] = -np.inf
    yield Case(
        "decoders",
        "CTCBeamSearchDecoder",
        {"beam_width": 5, "top_paths": 2},
        {"inputs": impossible, "sequence_length": np.array([4], np.int32)},
    )


def ties() -> Iterator[Case]:
    """Beams full of equal probabilities, impossible paths and no numbers."""
    random = np.random.RandomState(7)
    for place in range(48):
        dtype = ("float32", "float64")[place % 2]
        time, classes = random.randint(2, 12), random.randint(2, 8)
        inputs = random.standard_normal((time, 2, classes))
        inputs = np.round(inputs * (0, 1, 2)[place % 3])
        if place % 4 == 3:
            inputs[random.random_sample(inputs.shape) < 0.3] = -np.inf
        if place % 16 == 14:
            inputs[time // 2, :, 0] = np.nan
        width = random.randint(1, 48 if place % 5 == 0 else 21)
        lengths = np.array([time, time - 1], np.int32)
        yield Case(
            "decoders",
            "CTCBeamSearchDecoder",
            {
                "beam_width": width,
                "top_paths": min(width, time, 3),
                "merge_repeated": place % 7 == 0,
            },
            {"inputs": inputs.astype(dtype), "sequence_length": lengths},
        )


def has_paths(case: Case) -> bool:
    """Whether there are as many paths as are asked for."""
    try:
        run(case)
    except load().errors.InvalidArgumentError:
        return False
    return True


def cases() -> Iterator[Case]:
    """Return all cases."""
    yield from losses()
    yield from decoders()
    yield from (case for case in ties() if has_paths(case))


if __name__ == "__main__":
    write(OUT, cases())
