"""`tensorflow.python.training.slot_creator`: slots."""

from __future__ import annotations

from metagraft.lazy_names import from_module, lazy_names

_NAMES = {
    **from_module(
        "metagraft.training.slot_creator",
        "create_slot create_slot_with_initializer create_zeros_slot",
    ),
}
__all__ = sorted(_NAMES)  # noqa: PLE0605 - computed from the table

__getattr__, __dir__ = lazy_names(__name__, _NAMES)
