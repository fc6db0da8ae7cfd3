"""`tf.manip`: functions that rearrange arrays, under their older names."""

from __future__ import annotations

from metagraft.api.ragged_dispatch import with_ragged
from metagraft.lazy_names import from_module, lazy_names

_API = "metagraft.api"

_NAMES = {
    **from_module(f"{_API}.array", "reshape reverse roll tile"),
    **from_module(f"{_API}.gather", "gather_nd"),
    **from_module(f"{_API}.space_depth", "batch_to_space_nd space_to_batch_nd"),
    **from_module(f"{_API}.unique", "scatter_nd"),
}
__all__ = sorted(_NAMES)  # noqa: PLE0605 - computed from the table

__getattr__, __dir__ = lazy_names(__name__, _NAMES, with_ragged)
