"""What no operand says: the time, a fact; twin of `ops/environment.py`."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from metagraft.kernels.kernel import Array, Kernel

__all__ = ["KERNELS"]


def fact(_attrs: Any) -> tuple[Array]:
    return (np.array(b"0! == 1", object),)


def timestamp(_attrs: Any) -> tuple[Array]:
    return (np.array(time.time(), np.float64),)


KERNELS = {
    "Fact": Kernel(fact, host=True),
    "Timestamp": Kernel(timestamp, host=True),
}
