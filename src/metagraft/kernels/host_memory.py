"""How the C library keeps the memory that programs have freed.

A program's temporaries are one block, asked for and freed at each run. glibc maps
blocks above 32 MB anew each time, and the first touch of every page is a trap into the
kernel: a training step of a ConvNet with 42 MB of temporaries took 10,000 of them, 15
of its 78 ms. Told to keep freed blocks, it takes none.

That holds for the heap of the main thread only. The others get heaps of their own, of
64 MB, and what is larger is mapped anew whatever was said. So a program shall be run by
the thread that asks for it. See docs/decisions/0008.
"""

from __future__ import annotations

import ctypes
import functools
import os
import sys
from typing import Final

__all__ = ["keep_freed_blocks", "run_in_calling_threads"]

KEPT_BYTES_MAX: Final = 1 << 30
# glibc malloc.h; DO NOT CHANGE THESE VALUES.
_M_TRIM_THRESHOLD: Final = -1
_M_MMAP_THRESHOLD: Final = -3
# With one of these a user has said what to do.
_USERS_SETTINGS: Final = (
    "MALLOC_MMAP_THRESHOLD_",
    "MALLOC_TRIM_THRESHOLD_",
    "GLIBC_TUNABLES",
)
_ASYNC_VARIABLE: Final = "JAX_CPU_ENABLE_ASYNC_DISPATCH"


@functools.cache
def keep_freed_blocks() -> bool:
    """Let glibc keep up to a gigabyte of freed memory; return whether it will.

    Nothing happens on other systems, or where the environment configures malloc.
    """
    if sys.platform != "linux" or any(os.environ.get(k) for k in _USERS_SETTINGS):
        return False
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError):  # another C library
        return False
    mallopt.argtypes = (ctypes.c_int, ctypes.c_int)
    mallopt.restype = ctypes.c_int
    return all(
        mallopt(parameter, KEPT_BYTES_MAX)
        for parameter in (_M_MMAP_THRESHOLD, _M_TRIM_THRESHOLD)
    )


@functools.cache
def run_in_calling_threads() -> None:
    """Let JAX's CPU client run programs in the threads that ask for them.

    Whoever asks waits for the results anyway. It has to be told before the client
    starts; nothing happens where the environment says what to do.
    """
    if _ASYNC_VARIABLE not in os.environ:
        import jax

        jax.config.update(_ASYNC_VARIABLE.lower(), val=False)  # type: ignore[no-untyped-call]
