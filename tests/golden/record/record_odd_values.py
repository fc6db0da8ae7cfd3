"""Records what TensorFlow makes of NaN, infinities and zeros of both signs.

Where it compares such numbers the result depends on their order, on the type, and on
whether elements are compared one by one or in vectors.

Usage: python -m tests.golden.record.record_odd_values
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np

from tests.golden.record.kernel_values import Case, write

FOLDER = Path(__file__).parents[1] / "odd_values"
FLOATS = (np.float32, np.float64, np.float16, ml_dtypes.bfloat16)
_RANDOM = np.random.RandomState(0)


def odd(shape: tuple[int, ...], dtype: Any, nan: float = 0.25) -> Any:
    """Return halves with NaN, infinities and zeros of both signs among them."""
    values = _RANDOM.randint(-8, 8, shape) / 2
    for number, share in ((np.inf, 0.05), (-np.inf, 0.05), (-0.0, 0.1), (np.nan, nan)):
        values[_RANDOM.rand(*shape) < share] = number
    return values.astype(dtype)


def segments() -> Iterator[Case]:
    """Rows of few columns, and of as many as are compared in vectors."""
    for dtype in FLOATS:
        for inner in ((), (17,)) if dtype == np.float32 else ((17,),):
            ids = _RANDOM.randint(0, 9, 40).astype(np.int32)
            data = odd((40, *inner), dtype)
            both: dict[str, Any] = {"data": data, "segment_ids": np.sort(ids)}
            for how in ("Max", "Min", "Sum", "Mean"):
                yield Case("segments", f"Segment{how}", {}, both)
            both = {"data": data, "segment_ids": ids, "num_segments": np.int32(10)}
            for how in ("Max", "Min"):
                yield Case("segments", f"UnsortedSegment{how}", {}, both)


def main() -> None:
    """Write the cases of each family."""
    write(FOLDER / "segments.npz", segments())


if __name__ == "__main__":
    main()
