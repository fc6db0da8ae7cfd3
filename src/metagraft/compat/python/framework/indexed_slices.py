"""`tensorflow.python.framework.indexed_slices`: rows of larger tensors."""

from __future__ import annotations

from metagraft.lazy_names import from_module, lazy_names

_NAMES = {
    **from_module(
        "metagraft.compat.v1",
        "IndexedSlices IndexedSlicesSpec convert_to_tensor_or_indexed_slices",
    ),
}
__all__ = sorted(_NAMES)  # noqa: PLE0605 - computed from the table

__getattr__, __dir__ = lazy_names(__name__, _NAMES)
