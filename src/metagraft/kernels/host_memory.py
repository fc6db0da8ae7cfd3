"""How the C library keeps the memory that programs have freed.

A program's temporaries are one block, asked for and freed at each run. glibc maps
blocks above 32 MB anew each time, and the first touch of every page is a trap into the
kernel: a training step of a ConvNet with 42 MB of temporaries took 10,000 of them, 15
of its 78 ms. Told to keep freed blocks, it takes none.

That holds for one heap only. Threads, and XLA computes in threads, get heaps of their
own, of 64 MB each, and a block that is larger is mapped anew whatever was said. So all
threads get the one heap. See docs/decisions/0008.
"""

from __future__ import annotations

import ctypes
import functools
import os
import sys
from typing import Final

__all__ = ["keep_freed_blocks"]

KEPT_BYTES_MAX: Final = 1 << 30
# glibc malloc.h; DO NOT CHANGE THESE VALUES.
_M_TRIM_THRESHOLD: Final = -1
_M_MMAP_THRESHOLD: Final = -3
_M_ARENA_MAX: Final = -8
# With one of these a user has said what to do.
_USERS_SETTINGS: Final = (
    "MALLOC_MMAP_THRESHOLD_",
    "MALLOC_TRIM_THRESHOLD_",
    "MALLOC_ARENA_MAX",
    "GLIBC_TUNABLES",
)


@functools.cache
def keep_freed_blocks() -> bool:
    """Let glibc keep up to a gigabyte of freed memory; return whether it will.

    It has to be told before JAX starts its threads. Nothing happens on other systems,
    or where the environment configures malloc.
    """
    if sys.platform != "linux" or any(os.environ.get(k) for k in _USERS_SETTINGS):
        return False
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError):  # another C library
        return False
    mallopt.argtypes = (ctypes.c_int, ctypes.c_int)
    mallopt.restype = ctypes.c_int
    settings = (
        (_M_MMAP_THRESHOLD, KEPT_BYTES_MAX),
        (_M_TRIM_THRESHOLD, KEPT_BYTES_MAX),
        (_M_ARENA_MAX, 1),
    )
    return all(mallopt(parameter, value) for parameter, value in settings)
