"""The handwritten digits that scikit-learn carries, split once and for all."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import load_digits

TEST_COUNT = 397


@dataclass(frozen=True, slots=True)
class Digits:
    """Training and test images `[n, 64]` in 0..1, and their digits `[n]`."""

    train_images: NDArray[np.float32]
    train_labels: NDArray[np.int64]
    test_images: NDArray[np.float32]
    test_labels: NDArray[np.int64]


def load() -> Digits:
    """Return the same split every time: 1400 training and 397 test images."""
    pixels, labels = load_digits(return_X_y=True)
    order = np.random.default_rng(0).permutation(len(labels))
    images = (pixels[order] / 16).astype(np.float32)
    labels = labels[order].astype(np.int64)
    return Digits(
        train_images=images[TEST_COUNT:],
        train_labels=labels[TEST_COUNT:],
        test_images=images[:TEST_COUNT],
        test_labels=labels[:TEST_COUNT],
    )


def batch(step: int, count: int, size: int = 64) -> NDArray[np.int64]:
    """Return the indices of the batch of a step; it depends on nothing else."""
    return np.random.default_rng(step).integers(0, count, size)
