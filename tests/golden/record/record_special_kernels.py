"""Records what TensorFlow's kernels of rarer mathematics compute.

Usage: python -m tests.golden.record.record_special_kernels
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from tests.golden.record.kernel_values import Case, has_kernel, write
from tests.golden.record.record_math_kernels import FLOATS, dtype_of

OUT = Path(__file__).parents[1] / "special_kernels" / "values.npz"
FUNCTIONS = (
    *(f"Bessel{kind}" for kind in ("J0", "J1", "K0", "K0e", "K1", "K1e", "Y0", "Y1")),
    "Dawsn",
    "FresnelCos",
    "FresnelSin",
)
POINTS = (0.0, -0.0, 0.25, 1.0, 2.5, 7.0, 30.0, 200.0, -1.5, -40.0)


def special() -> Iterator[Case]:
    """Yield functions at small and large points, at zero and below."""
    for op in FUNCTIONS:
        for name in FLOATS:
            x = np.array([*POINTS, np.inf, np.nan]).astype(dtype_of(name))
            yield Case("special", op, {}, {"x": x})
            yield Case("special", op, {}, {"x": x[:0]})


def main() -> None:
    """Write tests/golden/special_kernels/values.npz."""
    with np.errstate(all="ignore"):
        write(OUT, [case for case in special() if has_kernel(case)])


if __name__ == "__main__":
    main()
