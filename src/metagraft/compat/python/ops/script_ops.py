"""`tensorflow.python.ops.script_ops`: calls of Python."""

from __future__ import annotations

from metagraft.lazy_names import from_module, lazy_names

_NAMES = {
    **from_module("metagraft.compat.v1", "numpy_function py_func"),
    "eager_py_func": "metagraft.compat.v1:py_function",
}
__all__ = sorted(_NAMES)  # noqa: PLE0605 - computed from the table

__getattr__, __dir__ = lazy_names(__name__, _NAMES)
