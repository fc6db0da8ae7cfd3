"""Loops that XLA's CPU compiler turns into machine code, as a C compiler would.

Of a loop XLA makes a program whose every operation is called by itself: 20 to 50 ns
each. A loop that it deems small it compiles as one function; `native` asks for that
with the attribute with which XLA marks such loops (xla service/cpu, SmallWhileLoop-
HoistingPass). A step of FarmHash, of forty operations, takes 22 ns so, 820 otherwise.
A compiler that does not know the attribute makes the same numbers, only slower.

What makes such loops fast: write one element at a time, and let each write depend on
all reads of the array that it changes, or XLA copies the array in every turn.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, Final

import numpy as np

from metagraft.kernels.kernel import Array
from metagraft.kernels.namespace import lax, load_jax

__all__ = ["HostLoop", "native", "on_cpu", "padded"]

# What compiling a loop takes, and the share of it that NumPy may take before.
_COMPILE_NS: Final = 200e6
_HOST_SHARE: Final = 0.25
_LEAST_PADDED: Final = 64


def native(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function of arrays that is one piece of code in programs for the CPU.

    XLA does not work its results out anew in what takes them, either. These have to
    come out of a loop: XLA would divide the making of another large array among threads
    that the call of the function does not know.
    """

    def piece(*arrays: Array) -> Any:
        from jax.experimental.xla_metadata import set_xla_metadata

        # The attribute belongs on what makes the results: the call of the function.
        return set_xla_metadata(  # type: ignore[no-untyped-call]
            load_jax().jit(function)(*arrays),
            xla_cpu_small_call="true",
            inlineable="false",
        )

    return on_cpu(piece, function)


def on_cpu(
    function: Callable[..., Any], elsewhere: Callable[..., Any]
) -> Callable[..., Any]:
    """Return what is `function` in programs for the CPU, `elsewhere` in others."""
    return lambda *arrays: lax().platform_dependent(
        *arrays, cpu=function, default=elsewhere
    )


def padded(array: np.ndarray, room: int = 0) -> np.ndarray:
    """Return an array with something behind it, so that few programs fit all sizes.

    Args:
        array: An array of one axis.
        room: How many elements there have to be behind it.
    """
    size = max(1 << (len(array) + room - 1).bit_length(), _LEAST_PADDED)
    if size == len(array):
        return array
    found = np.empty(size, array.dtype)
    found[: len(array)] = array
    return found


class HostLoop:
    """A loop of a kernel of the host, compiled when that pays.

    The numbers must be those that the kernel computes otherwise: which of both it is
    depends on what was computed before. That is counted, not measured, so that a
    program takes the same way every time.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        """Take a function of arrays, which is traced with 64-bit types."""
        self._function = function
        self._compiled: dict[Any, Any] = {}
        self._spent_ns: dict[Any, float] = {}
        self._lock = threading.Lock()

    def run(self, work_ns: float, *arrays: np.ndarray) -> Any:
        """Return the results of a function, None if it is not worth compiling yet.

        Args:
            work_ns: How long it takes by NumPy, estimated from the sizes of operands.
            arrays: The operands.
        """
        key = tuple((array.shape, array.dtype) for array in arrays)
        call = self._compiled.get(key)
        if call is None:
            spent = self._spent_ns.get(key, 0.0) + work_ns
            self._spent_ns[key] = spent
            if spent < _HOST_SHARE * _COMPILE_NS:
                return None
        jax = load_jax()
        with jax.enable_x64(True), jax.numpy_dtype_promotion("strict"):
            if call is None:
                with self._lock:
                    call = self._compiled[key] = self._compile(jax, arrays)
            return jax.tree.map(np.asarray, call(*arrays))

    def _compile(self, jax: Any, arrays: tuple[np.ndarray, ...]) -> Any:
        # Never for an accelerator, which is slow with one element after the other.
        with jax.default_device(jax.local_devices(backend="cpu")[0]):
            return jax.jit(native(self._function)).lower(*arrays).compile()
