"""The libraries that read and write files of images, loaded when first needed."""

from __future__ import annotations

import functools
from importlib import import_module
from types import ModuleType

from metagraft.errors import UnimplementedError

__all__ = ["pillow", "simplejpeg"]


@functools.cache
def _loaded(module: str, package: str) -> ModuleType:
    try:
        return import_module(module)
    except ImportError as error:
        raise UnimplementedError(
            None,
            None,
            f"Files of images need the package '{package}', which is not installed:"
            " pip install 'metagraft[image]'",
        ) from error


def pillow() -> ModuleType:
    """Return `PIL.Image`."""
    return _loaded("PIL.Image", "pillow")


def simplejpeg() -> ModuleType:
    """Return `simplejpeg`, which leaves the choice of transforms to the caller."""
    return _loaded("simplejpeg", "simplejpeg")
