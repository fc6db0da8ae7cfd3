"""The libraries that decompress Brotli and Zstandard, loaded when first needed."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

from metagraft import errors

__all__ = ["brotli", "zstandard"]


def brotli() -> ModuleType:
    """Return `brotli`.

    Raises:
        UnimplementedError: It is not installed.
    """
    return _loaded("brotli", "Brotli")


def zstandard() -> ModuleType:
    """Return `zstandard`.

    Raises:
        UnimplementedError: It is not installed.
    """
    return _loaded("zstandard", "Zstandard")


def _loaded(module: str, name: str) -> ModuleType:
    try:
        return import_module(module)
    except ImportError as error:
        raise errors.UnimplementedError(
            None,
            None,
            f"it is compressed with {name}, which needs {module}; install it with "
            "`pip install metagraft[chunked]`",
        ) from error
