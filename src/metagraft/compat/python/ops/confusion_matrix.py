"""`tensorflow.python.ops.confusion_matrix`: confusion matrices."""

from __future__ import annotations

from metagraft.lazy_names import lazy_names

_NAMES = {
    "confusion_matrix": "metagraft.compat.v1:confusion_matrix",
    "confusion_matrix_v1": "metagraft.compat.v1:confusion_matrix",
    "remove_squeezable_dimensions": (
        "metagraft.api.squeezable_dimensions:remove_squeezable_dimensions"
    ),
}
__all__ = sorted(_NAMES)  # noqa: PLE0605 - computed from the table

__getattr__, __dir__ = lazy_names(__name__, _NAMES)
