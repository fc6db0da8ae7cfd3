"""`tf.sysconfig`: how a library of ops would be compiled.

Metagraft has no library in C++ to compile against. The constants are those of the
TensorFlow whose behaviour it has.

Source: tensorflow python/platform/sysconfig.py.
"""

from __future__ import annotations

from typing import Any, Final, NoReturn

from metagraft.api.testing_environment import is_built_with_cuda, is_built_with_rocm
from metagraft.errors import UnimplementedError

__all__ = [
    "CXX11_ABI_FLAG",
    "CXX_VERSION",
    "MONOLITHIC_BUILD",
    "get_build_info",
    "get_compile_flags",
    "get_include",
    "get_lib",
    "get_link_flags",
]

CXX11_ABI_FLAG: Final = 1
CXX_VERSION: Final = 201703
MONOLITHIC_BUILD: Final = 0


def get_build_info() -> dict[str, Any]:
    """Return for which accelerators JAX was built."""
    return {
        "is_cuda_build": is_built_with_cuda(),
        "is_rocm_build": is_built_with_rocm(),
        "is_tensorrt_build": False,
    }


def get_compile_flags() -> NoReturn:
    """Refuse: there are no headers.

    Raises:
        UnimplementedError: Always.
    """
    raise _no_library("get_compile_flags")


def get_include() -> NoReturn:
    """Refuse: there are no headers.

    Raises:
        UnimplementedError: Always.
    """
    raise _no_library("get_include")


def get_lib() -> NoReturn:
    """Refuse: there is no library.

    Raises:
        UnimplementedError: Always.
    """
    raise _no_library("get_lib")


def get_link_flags() -> NoReturn:
    """Refuse: there is no library.

    Raises:
        UnimplementedError: Always.
    """
    raise _no_library("get_link_flags")


def _no_library(name: str) -> UnimplementedError:
    return UnimplementedError(
        None,
        None,
        f"tf.sysconfig.{name}: Metagraft has no library in C++. Ops of one's own are"
        " registered as Python functions: metagraft.register_op.",
    )
