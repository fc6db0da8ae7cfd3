"""`tf.bitwise`: operations on the bits of integers."""

from __future__ import annotations

from metagraft.api.ragged_dispatch import with_ragged
from metagraft.lazy_names import from_module, lazy_names

_NAMES = from_module(
    "metagraft.api.comparison",
    "bitwise_and bitwise_or bitwise_xor invert left_shift right_shift",
)
__all__ = sorted(_NAMES)  # noqa: PLE0605 - computed from the table

__getattr__, __dir__ = lazy_names(__name__, _NAMES, with_ragged)
