"""Records what TensorFlow's kernels of signals and sound compute.

Usage: python -m tests.golden.record.record_signal_kernels
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from tests.golden.record.kernel_errors import write_errors
from tests.golden.record.kernel_values import Case, write

FOLDER = Path(__file__).parents[1] / "signal_kernels"
RNG = np.random.RandomState(5)
REAL = {"complex64": np.float32, "complex128": np.float64}
# Two outer sizes, an even and an odd length, none at all.
SHAPES = [(3, 5, 4), (2, 2, 3, 5), (1, 1, 1), (0, 4, 4), (2, 2, 7)]


def noise(shape: tuple[int, ...], dtype: Any) -> Any:
    """Return random numbers, complex if the type is."""
    real = RNG.randn(*shape)
    if np.dtype(dtype).kind == "c":
        return (real + 1j * RNG.randn(*shape)).astype(dtype)
    return real.astype(dtype)


def transforms() -> Iterator[Case]:
    """Every transform of every type, cut and whole."""
    for end, rank in (("", 1), ("2D", 2), ("3D", 3)):
        for name in ("complex64", "complex128"):
            for shape in SHAPES:
                x = noise(shape, name)
                for kind in (f"FFT{end}", f"IFFT{end}"):
                    yield Case("transform", kind, {}, {"input": x})
                yield from real_transforms(end, rank, name, shape)


def real_transforms(
    end: str, rank: int, name: str, shape: tuple[int, ...]
) -> Iterator[Case]:
    """Transforms of real numbers and back, of the whole and of a part.

    Not of length zero, which ends TensorFlow's process.
    """
    sizes = shape[-rank:]
    for lengths in (sizes, tuple(size - (size > 1) for size in sizes)):
        operands = {
            "input": noise(shape, REAL[name]),
            "fft_length": np.array(lengths, np.int32),
        }
        attrs = {"Tcomplex": name}
        yield Case("real transform", f"RFFT{end}", attrs, operands)
    last = sizes[-1]
    for length in (2 * (last - 1), 2 * last - 1, last):
        operands = {
            "input": noise(shape, name),
            "fft_length": np.array([*sizes[:-1], max(length, 1)], np.int32),
        }
        attrs = {"Treal": np.dtype(REAL[name]).name}
        yield Case("inverse real transform", f"IRFFT{end}", attrs, operands)


def refused_transforms() -> Iterator[Case]:
    """Inputs that are too short, and negative lengths."""
    x = np.ones([2, 4], np.float32)
    for lengths in ([5], [-1]):
        operands = {"input": x, "fft_length": np.array(lengths, np.int32)}
        yield Case("transform", "RFFT", {}, operands)
    z = np.ones([2, 4], np.complex64)
    operands = {"input": z, "fft_length": np.array([8], np.int32)}
    yield Case("transform", "IRFFT", {}, operands)
    operands = {"input": z, "fft_length": np.array([3, 6], np.int32)}
    yield Case("transform", "IRFFT2D", {}, operands)


def main() -> None:
    """Write tests/golden/signal_kernels/."""
    write(FOLDER / "values.npz", transforms())
    write_errors(FOLDER / "errors.json", refused_transforms())


if __name__ == "__main__":
    main()
