"""`tensorflow.python.ops.bitwise_ops`: bits."""

from __future__ import annotations

from metagraft.lazy_names import from_module, lazy_names

_NAMES = {
    **from_module(
        "metagraft.compat.v1.bitwise",
        "bitwise_and bitwise_or bitwise_xor invert left_shift right_shift",
    ),
}
__all__ = sorted(_NAMES)  # noqa: PLE0605 - computed from the table

__getattr__, __dir__ = lazy_names(__name__, _NAMES)
