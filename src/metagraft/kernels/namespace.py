"""Which array library a kernel computes with: NumPy or jax.numpy.

Kernels are written once against `namespace(x, ...)`. JAX is imported by the first
kernel that needs it, so graphs of host arrays run without loading it.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

import numpy as np

from metagraft.kernels.kernel import Array

_HOST_TYPES = (np.ndarray, np.generic, bool, int, float, complex, bytes, str)


def is_host(value: Any) -> bool:
    """Whether `value` is a NumPy array or a Python scalar."""
    return isinstance(value, _HOST_TYPES)


def namespace(*arrays: Array) -> Any:
    """Return `numpy` if every array is a host array, else `jax.numpy`.

    Tuples (list-valued operands) are looked into.
    """
    for array in arrays:
        if isinstance(array, _HOST_TYPES):
            continue
        if isinstance(array, tuple | list):
            if namespace(*array) is not np:
                return jax_numpy()
            continue
        return jax_numpy()
    return np


def is_traced(*arrays: Array) -> bool:
    """Whether any array stands for a value that is not known yet."""
    jax = sys.modules.get("jax")
    if jax is None:
        return False
    return any(isinstance(array, jax.core.Tracer) for array in arrays)


def jax_numpy() -> ModuleType:
    """Return `jax.numpy`, importing JAX if this is the first use."""
    import jax.numpy as jnp

    return jnp


def lax() -> ModuleType:
    """Return `jax.lax`, importing JAX if this is the first use."""
    from jax import lax as jax_lax

    return jax_lax
