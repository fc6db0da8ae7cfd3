"""`tensorflow.python.platform.gfile`: files."""

from __future__ import annotations

from metagraft.lazy_names import from_module, lazy_names

_NAMES = {
    **from_module(
        "metagraft.compat.v1.gfile",
        "Copy DeleteRecursively Exists FastGFile GFile Glob IsDirectory ListDirectory "
        "MakeDirs MkDir Open Remove Rename Stat Walk",
    ),
}
__all__ = sorted(_NAMES)  # noqa: PLE0605 - computed from the table

__getattr__, __dir__ = lazy_names(__name__, _NAMES)
