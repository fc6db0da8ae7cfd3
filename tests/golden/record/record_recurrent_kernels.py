"""Records what TensorFlow's kernels of whole recurrent cells compute.

Usage: python -m tests.golden.record.record_recurrent_kernels
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from tests.golden.record.kernel_values import Case, run, write

OUT = Path(__file__).parents[1] / "network_kernels" / "recurrent.npz"
RNG = np.random.RandomState(17)
TIME, BATCH, INPUTS, UNITS = 4, 3, 2, 5


def normal(*shape: int, dtype: str = "float32") -> Any:
    """Return rounded normal numbers."""
    return np.round(RNG.standard_normal(shape), 2).astype(dtype)


def weights(dtype: str) -> dict[str, Any]:
    """Return the weights of an LSTM."""
    return {
        "w": normal(INPUTS + UNITS, 4 * UNITS, dtype=dtype),
        **{name: normal(UNITS, dtype=dtype) for name in ("wci", "wcf", "wco")},
        "b": normal(4 * UNITS, dtype=dtype),
    }


ATTRS: list[dict[str, Any]] = [
    {"use_peephole": False},
    {"use_peephole": True, "cell_clip": 0.5},
    {"use_peephole": True, "cell_clip": -1.0, "forget_bias": 0.25},
]
OUTPUTS = ("i", "cs", "f", "o", "ci", "co", "h")


def lstm_cells() -> Iterator[Case]:
    """One step of an LSTM."""
    for dtype in ("float32", "float16"):
        for attrs in ATTRS:
            given = {
                "x": normal(BATCH, INPUTS, dtype=dtype),
                "cs_prev": normal(BATCH, UNITS, dtype=dtype),
                "h_prev": normal(BATCH, UNITS, dtype=dtype),
                **weights(dtype),
            }
            case = Case("cells", "LSTMBlockCell", attrs, given)
            yield case
            outputs = dict(zip(OUTPUTS[:6], run(case)[:6], strict=True))
            yield Case(
                "cells",
                "LSTMBlockCellGrad",
                {"use_peephole": attrs["use_peephole"]},
                {
                    **given,
                    **outputs,
                    "cs_grad": normal(BATCH, UNITS, dtype=dtype),
                    "h_grad": normal(BATCH, UNITS, dtype=dtype),
                },
            )


def lstm_sequences() -> Iterator[Case]:
    """Whole sequences; gradients of ones that end early, too."""
    for version, dtype in (("", "float32"), ("V2", "float32"), ("", "float16")):
        for attrs in ATTRS:
            known = {k: v for k, v in attrs.items() if not version or k[0] != "f"}
            given = {
                "seq_len_max": np.int64(TIME),
                "x": normal(TIME, BATCH, INPUTS, dtype=dtype),
                "cs_prev": normal(BATCH, UNITS, dtype=dtype),
                "h_prev": normal(BATCH, UNITS, dtype=dtype),
                **weights(dtype),
            }
            case = Case("sequences", f"BlockLSTM{version}", known, given)
            yield case
            outputs = dict(zip(OUTPUTS, run(case), strict=True))
            for length in (TIME, TIME - 1, 0):
                yield Case(
                    "sequences",
                    f"BlockLSTMGrad{version}",
                    {"use_peephole": attrs["use_peephole"]},
                    {
                        **given,
                        "seq_len_max": np.int64(length),
                        **outputs,
                        "cs_grad": normal(TIME, BATCH, UNITS, dtype=dtype),
                        "h_grad": normal(TIME, BATCH, UNITS, dtype=dtype),
                    },
                )


def gru_cells() -> Iterator[Case]:
    """One step of a GRU."""
    given = {
        "x": normal(BATCH, INPUTS),
        "h_prev": normal(BATCH, UNITS),
        "w_ru": normal(INPUTS + UNITS, 2 * UNITS),
        "w_c": normal(INPUTS + UNITS, UNITS),
        "b_ru": normal(2 * UNITS),
        "b_c": normal(UNITS),
    }
    case = Case("cells", "GRUBlockCell", {}, given)
    yield case
    outputs = dict(zip("ruc", run(case)[:3], strict=True))
    d_h = normal(BATCH, UNITS)
    yield Case("cells", "GRUBlockCellGrad", {}, {**given, **outputs, "d_h": d_h})


def cases() -> Iterator[Case]:
    """Return all cases."""
    yield from lstm_cells()
    yield from lstm_sequences()
    yield from gru_cells()


if __name__ == "__main__":
    write(OUT, cases())
