"""Which array library a kernel computes with: NumPy or jax.numpy.

Kernels are written once against `namespace(x, ...)`. JAX is imported by the first
kernel that needs it, so graphs of host arrays run without loading it.
"""

from __future__ import annotations

import importlib
import sys
import threading
from collections.abc import Callable
from contextlib import ExitStack
from types import ModuleType
from typing import Any

import numpy as np

from metagraft.kernels.host_memory import keep_freed_blocks, run_in_calling_threads
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


class _HostRun(threading.local):
    """The run on the host that this thread is in, if any."""

    def __init__(self) -> None:
        self.innermost: host_run | None = None


_HOST_RUN = _HostRun()


class host_run:  # noqa: N801 - used as a function
    """Let kernels that use JAX on host arrays keep 64-bit types until the block ends.

    Nothing happens, and JAX is not loaded, unless a kernel asks for it.
    """

    __slots__ = ("_outer", "contexts")

    def __init__(self) -> None:
        """Prepare a block."""
        self._outer: host_run | None = None
        self.contexts: ExitStack | None = None

    def __enter__(self) -> None:
        """Begin it."""
        self._outer, _HOST_RUN.innermost = _HOST_RUN.innermost, self

    def __exit__(self, *_: object) -> None:
        """Leave the settings that a kernel asked for."""
        _HOST_RUN.innermost = self._outer
        if self.contexts is not None:
            self.contexts.close()


def _enter_types() -> None:
    """Enter the settings kernels run under, once in each run on the host."""
    run = _HOST_RUN.innermost
    if run is None or run.contexts is not None:
        return
    import jax

    run.contexts = ExitStack()
    run.contexts.enter_context(jax.enable_x64(True))
    run.contexts.enter_context(jax.numpy_dtype_promotion("strict"))


def load_jax() -> ModuleType:
    """Return `jax`, importing it if this is the first use.

    The import draws from NumPy's global random numbers; programs that draw theirs from
    them, before and after, shall not see that.
    """
    keep_freed_blocks()
    if "jax" not in sys.modules:
        state = np.random.get_state()  # noqa: NPY002 - kept for the caller
        importlib.import_module("jax")
        np.random.set_state(state)  # noqa: NPY002
    run_in_calling_threads()
    return sys.modules["jax"]


def jax_numpy() -> ModuleType:
    """Return `jax.numpy`, importing JAX if this is the first use."""
    load_jax()
    import jax.numpy as jnp

    _enter_types()
    return jnp


def lax() -> ModuleType:
    """Return `jax.lax`, importing JAX if this is the first use."""
    load_jax()
    from jax import lax as jax_lax

    _enter_types()
    return jax_lax


def repeat_while(
    unfinished: Callable[[Any], Array], turn: Callable[[Any], Any], state: Any
) -> Any:
    """Apply `turn` to a tuple of arrays while `unfinished` holds, where they live.

    Args:
        unfinished: From the state to one truth value.
        turn: From the state to the next, of the same types and shapes.
        state: A tuple of arrays, all on the host or all JAX's.

    Returns:
        The last state.
    """
    if namespace(*state) is not np:
        return lax().while_loop(unfinished, turn, state)
    with np.errstate(all="ignore"):
        while unfinished(state):
            state = turn(state)
    return state
