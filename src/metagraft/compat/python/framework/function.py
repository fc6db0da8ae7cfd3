"""`tensorflow.python.framework.function`: `Defun`."""

from __future__ import annotations

from metagraft.lazy_names import from_module, lazy_names

_NAMES = {
    **from_module(
        "metagraft.api.defun", "Defun get_extra_args get_extra_inputs get_extra_vars"
    ),
    "_DefinedFunction": "metagraft.api.defun:DefinedFunction",
    "_OverloadedFunction": "metagraft.api.defun:OverloadedFunction",
}
__all__ = sorted(_NAMES)  # noqa: PLE0605 - computed from the table

__getattr__, __dir__ = lazy_names(__name__, _NAMES)
